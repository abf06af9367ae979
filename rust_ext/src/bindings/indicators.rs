//! `Indicator`: a streaming indicator by name.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::names::raise;
use crate::indicators::{Archive, Candle, Indicator, make};
use crate::types::UNDEFINED;

/// A streaming indicator, fed by bars; every output is NaN until `ready`.
#[pyclass(name = "Indicator", module = "openoutcry._native")]
pub struct PyIndicator {
    name: String,
    periods: Vec<f64>,
    inner: Box<dyn Indicator>,
    count: u64,
}

#[pymethods]
impl PyIndicator {
    #[new]
    #[pyo3(signature = (name, periods))]
    fn new(py: Python<'_>, name: String, periods: Vec<f64>) -> PyResult<Self> {
        let inner = make(&name, &periods).map_err(|text| raise(py, |n| &n.config_error, text))?;
        Ok(Self {
            name,
            periods,
            inner,
            count: 0,
        })
    }

    /// Takes a closed bar; an unknown volume becomes NaN.
    #[pyo3(signature = (bar, /))]
    fn update(&mut self, bar: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = bar.py();
        let price_scale = bar.getattr(intern!(py, "price_scale"))?.extract()?;
        let size_scale = bar.getattr(intern!(py, "size_scale"))?.extract()?;
        let volume: i64 = bar.getattr(intern!(py, "volume_units"))?.extract()?;
        let price = |name| scaled(py, bar.getattr(name)?.extract()?, price_scale);
        self.inner.update(&Candle {
            open: price(intern!(py, "open_units"))?,
            high: price(intern!(py, "high_units"))?,
            low: price(intern!(py, "low_units"))?,
            close: price(intern!(py, "close_units"))?,
            volume: if volume == UNDEFINED {
                f64::NAN
            } else {
                scaled(py, volume, size_scale)?
            },
        });
        self.count += 1;
        Ok(())
    }

    #[getter]
    fn value(&self) -> f64 {
        if self.inner.ready() {
            self.inner.value()
        } else {
            f64::NAN
        }
    }

    #[pyo3(signature = (name, /))]
    fn output(&self, name: &str) -> PyResult<f64> {
        let found = self.inner.output(name).ok_or_else(|| {
            PyAttributeError::new_err(format!("{} has no output {name}", self.name))
        })?;
        Ok(if self.inner.ready() { found } else { f64::NAN })
    }

    #[getter]
    fn ready(&self) -> bool {
        self.inner.ready()
    }

    #[getter]
    fn count(&self) -> u64 {
        self.count
    }

    fn snapshot<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut archive = Archive::save();
        archive.count(&mut self.identity());
        archive.count(&mut self.count);
        self.inner.archive(&mut archive);
        PyBytes::new(py, &archive.into_bytes())
    }

    /// Nothing changes when the bytes are not a snapshot of this indicator with these parameters.
    #[pyo3(signature = (data, /))]
    fn restore(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let mut fresh = Self::new(py, self.name.clone(), self.periods.clone())?;
        let mut archive = Archive::load(data);
        let mut identity = 0;
        archive.count(&mut identity);
        archive.count(&mut fresh.count);
        fresh.inner.archive(&mut archive);
        if identity != self.identity() || !archive.is_complete() {
            let message = format!("no snapshot of {}{:?}", self.name, self.periods);
            return Err(raise(py, |n| &n.codec_error, message));
        }
        *self = fresh;
        Ok(())
    }
}

impl PyIndicator {
    /// A word that tells this indicator, with these parameters and this layout, from others.
    fn identity(&self) -> u64 {
        let digest = blake3::hash(format!("1 {} {:?}", self.name, self.periods).as_bytes());
        let first = digest.as_bytes().iter().take(8);
        first.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// Units of 10^-`scale` (at most 18) as the nearest float, as Python divides integers.
fn scaled(py: Python<'_>, units: i64, scale: u8) -> PyResult<f64> {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS; // integers up to here are floats
    let unit = 10_i64.pow(u32::from(scale));
    if units.unsigned_abs() <= EXACT {
        return Ok(units as f64 / unit as f64); // powers of ten are exact up to 10^22
    }
    units.into_pyobject(py)?.div(unit)?.extract()
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyIndicator>()
}
