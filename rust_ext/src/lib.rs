//! The engine room: one crate, pure modules with thin Python bindings. This file only registers.

use pyo3::prelude::*;

pub mod bindings;
pub mod fixed;
pub mod ledger;
pub mod types;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    bindings::names::register(module)?;
    bindings::instrument::register(module)?;
    bindings::fixed::register(module)?;
    bindings::ledger::register(module)?;
    Ok(())
}
