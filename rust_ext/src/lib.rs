//! The engine room: one crate, pure modules with thin Python bindings. This file only registers.

use pyo3::prelude::*;

pub mod bars;
pub mod bindings;
pub mod book;
pub mod columns;
pub mod directory;
pub mod encode;
pub mod exchange;
pub mod failure;
pub mod feed;
pub mod fixed;
pub mod indicators;
pub mod kernel;
pub mod ledger;
pub mod market;
pub mod merge;
pub mod orders;
pub mod record;
pub mod sessions;
pub mod types;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    bindings::names::register(module)?;
    bindings::instrument::register(module)?;
    bindings::bars::register(module)?;
    bindings::digest::register(module)?;
    bindings::directory::register(module)?;
    bindings::fixed::register(module)?;
    bindings::kernel::register(module)?;
    bindings::ledger::register(module)?;
    bindings::market::register(module)?;
    bindings::orders::register(module)?;
    bindings::indicators::register(module)?;
    Ok(())
}
