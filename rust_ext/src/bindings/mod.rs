//! The thin layer between the pure modules and Python: the only place that knows pyo3.

pub mod bars;
pub mod commands;
pub mod desk;
pub mod digest;
pub mod directory;
pub mod dispatcher;
pub mod errors;
pub mod exchange;
pub mod failures;
pub mod feeds;
pub mod fixed;
pub mod indicator_batch;
pub mod indicators;
pub mod instrument;
pub mod interests;
pub mod journal;
pub mod kernel;
pub mod ledger;
pub mod market;
pub mod members;
pub mod messages;
pub mod names;
pub mod order_messages;
pub mod path;
pub mod player;
pub mod reports;
