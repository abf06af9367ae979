//! `InstrumentSpec`: an instrument as the engine needs it, made by `openoutcry.state.binding.spec`.

use pyo3::prelude::*;

use super::names::raise;
use crate::types::{CurrencyIx, Instrument};

/// What the engine needs of an instrument, checked.
#[pyclass(frozen, module = "openoutcry._native")]
pub struct InstrumentSpec {
    inner: Instrument,
}

impl InstrumentSpec {
    /// The value that the pure modules use.
    pub fn instrument(&self) -> &Instrument {
        &self.inner
    }
}

/// Clones the instruments out of a sequence of specs, in order.
pub fn instruments(specs: &[PyRef<'_, InstrumentSpec>]) -> Vec<Instrument> {
    specs.iter().map(|spec| spec.inner.clone()).collect()
}

#[pymethods]
impl InstrumentSpec {
    #[new]
    #[pyo3(signature = (*, id, price_scale, size_scale, tick, lot, min_quantity, max_quantity,
        min_notional, multiplier, multiplier_scale, inverse, margined, base, quote, settlement,
        margin_initial, margin_maintenance, shortable, tradable))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only fields of a record")]
    fn new(
        py: Python<'_>,
        id: String,
        price_scale: u8,
        size_scale: u8,
        tick: i64,
        lot: i64,
        min_quantity: i64,
        max_quantity: Option<i64>,
        min_notional: i128,
        multiplier: i64,
        multiplier_scale: u8,
        inverse: bool,
        margined: bool,
        base: Option<CurrencyIx>,
        quote: CurrencyIx,
        settlement: CurrencyIx,
        margin_initial: i64,
        margin_maintenance: i64,
        shortable: bool,
        tradable: bool,
    ) -> PyResult<Self> {
        let inner = Instrument {
            id,
            price_scale,
            size_scale,
            tick,
            lot,
            min_quantity,
            max_quantity: max_quantity.unwrap_or(i64::MAX),
            min_notional,
            multiplier,
            multiplier_scale,
            inverse,
            margined,
            base,
            quote,
            settlement,
            margin_initial,
            margin_maintenance,
            shortable,
            tradable,
        };
        match inner.defect() {
            None => Ok(Self { inner }),
            Some(defect) => {
                let message = format!("{}: {defect}", inner.id);
                Err(raise(py, |n| &n.config_error, message))
            }
        }
    }

    #[getter]
    fn id(&self) -> &str {
        &self.inner.id
    }

    fn __repr__(&self) -> String {
        format!("InstrumentSpec({})", self.inner.id)
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<InstrumentSpec>()
}
