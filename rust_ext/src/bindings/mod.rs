//! The thin layer between the pure modules and Python: the only place that knows pyo3.

pub mod instrument;
pub mod members;
pub mod names;
