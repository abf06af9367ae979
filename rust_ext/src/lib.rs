//! The engine room: one crate, pure modules with thin Python bindings. This file only registers.

use pyo3::prelude::*;

pub mod bars;
pub mod bindings;
pub mod book;
pub mod books;
pub mod chain;
pub mod columns;
pub mod directory;
pub mod encode;
pub mod exchange;
pub mod failure;
pub mod feed;
pub mod fixed;
pub mod float_money;
pub mod indicators;
pub mod journal;
pub mod kernel;
pub mod ledger;
pub mod market;
pub mod merge;
pub mod moments;
pub mod orders;
pub mod path;
pub mod record;
pub mod rerun;
pub mod risk;
pub mod sessions;
pub mod snapshot;
pub mod tape;
pub mod types;
pub mod watch;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    bindings::names::register(module)?;
    bindings::instrument::register(module)?;
    bindings::bars::register(module)?;
    bindings::digest::register(module)?;
    bindings::directory::register(module)?;
    bindings::desk::register(module)?;
    bindings::dispatcher::register(module)?;
    bindings::fixed::register(module)?;
    bindings::interests::register(module)?;
    bindings::journal::register(module)?;
    bindings::rerun::register(module)?;
    bindings::orders::register(module)?;
    bindings::risk::register(module)?;
    bindings::path::register(module)?;
    bindings::moments::register(module)?;
    bindings::tape::register(module)?;
    bindings::player::register(module)?;
    bindings::run_columns::register(module)?;
    bindings::kernel::register(module)?;
    bindings::simulated_venue::register(module)?;
    bindings::ledger::register(module)?;
    bindings::books::register(module)?;
    bindings::market::register(module)?;
    bindings::orders::register(module)?;
    bindings::indicators::register(module)?;
    Ok(())
}
