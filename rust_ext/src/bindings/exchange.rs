//! What a simulated venue is told by Python.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::exchange::ExchangeConfig;

/// Reads the mapping of one venue.
pub fn exchange_config(_: &Bound<'_, PyDict>) -> PyResult<ExchangeConfig> {
    Ok(ExchangeConfig)
}
