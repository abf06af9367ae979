//! The thin layer between the pure modules and Python: the only place that knows pyo3.

pub mod bars;
pub mod commands;
pub mod digest;
pub mod directory;
pub mod errors;
pub mod exchange;
pub mod failures;
pub mod feeds;
pub mod fixed;
pub mod indicators;
pub mod instrument;
pub mod kernel;
pub mod ledger;
pub mod market;
pub mod members;
pub mod messages;
pub mod names;
pub mod order_messages;
pub mod orders;
pub mod reports;
