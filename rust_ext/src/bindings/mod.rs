//! The thin layer between the pure modules and Python: the only place that knows pyo3.

pub mod errors;
pub mod fixed;
pub mod instrument;
pub mod ledger;
pub mod members;
pub mod names;
