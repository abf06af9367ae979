//! Crosses, sharing, and what no indicator may do.
