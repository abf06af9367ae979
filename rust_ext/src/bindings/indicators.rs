//! `Indicator`: a streaming indicator by name.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::indicator_batch::{Table, fill};
use super::names::raise;
use crate::indicators::{Archive, Candle, Kind, Live, Shared, number};
use crate::types::UNDEFINED;

/// A streaming indicator, fed by bars; every output is NaN until `ready`.
///
/// The kernel may run the same one (`shared`), so nothing here enters Python while it is locked.
#[pyclass(name = "Indicator", module = "openoutcry._native", frozen)]
pub struct PyIndicator {
    name: String,
    periods: Vec<f64>,
    reads: Reads,
    state: Shared,
}

#[pymethods]
impl PyIndicator {
    #[new]
    #[pyo3(signature = (name, periods))]
    fn new(py: Python<'_>, name: String, periods: Vec<f64>) -> PyResult<Self> {
        let live = fresh(py, &name, &periods)?;
        Ok(Self {
            name,
            periods,
            reads: Reads::of(live.kind()),
            state: Shared::new(live),
        })
    }

    /// Takes a closed bar; an unknown volume becomes NaN.
    #[pyo3(signature = (bar, /))]
    fn update(&self, bar: &Bound<'_, PyAny>) -> PyResult<()> {
        let candle = self.reads.candle(bar)?;
        self.state.lock().update(&candle);
        Ok(())
    }

    #[getter]
    fn value(&self) -> f64 {
        self.state.lock().value()
    }

    #[pyo3(signature = (name, /))]
    fn output(&self, name: &str) -> PyResult<f64> {
        let live = self.state.lock();
        let place = live.kind().place(name);
        let found = place.map(|place| live.output(place));
        found
            .ok_or_else(|| PyAttributeError::new_err(format!("{} has no output {name}", self.name)))
    }

    #[getter]
    fn ready(&self) -> bool {
        self.state.lock().ready()
    }

    #[getter]
    fn count(&self) -> u64 {
        self.state.lock().count()
    }

    #[getter]
    fn warmup(&self) -> u64 {
        self.state.lock().warmup()
    }

    #[getter]
    fn inputs(&self) -> Vec<&'static str> {
        self.state.lock().kind().inputs.to_vec()
    }

    #[getter]
    fn outputs(&self) -> Vec<&'static str> {
        self.state.lock().kind().outputs.to_vec()
    }

    /// Runs a fresh indicator over whole columns; this one stays as it is.
    #[pyo3(signature = (columns, price_scale, size_scale, out, /))]
    fn batch(
        &self,
        columns: &Bound<'_, PyAny>,
        price_scale: u8,
        size_scale: u8,
        out: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let mut live = fresh(columns.py(), &self.name, &self.periods)?;
        let table = Table::read(columns, live.kind().inputs, price_scale, size_scale)?;
        fill(&mut live, &table, out)
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let mut archive = Archive::save();
        archive.count(&mut self.identity());
        self.state.lock().archive(&mut archive);
        PyBytes::new(py, &archive.into_bytes())
    }

    /// Nothing changes when the bytes are not a snapshot of this indicator with these parameters.
    #[pyo3(signature = (data, /))]
    fn restore(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let mut restored = fresh(py, &self.name, &self.periods)?;
        let mut archive = Archive::load(data);
        let mut identity = 0;
        archive.count(&mut identity);
        restored.archive(&mut archive);
        if identity != self.identity() || !archive.is_complete() {
            let message = format!("no snapshot of {}{:?}", self.name, self.periods);
            return Err(raise(py, |n| &n.codec_error, message));
        }
        *self.state.lock() = restored;
        Ok(())
    }
}

impl PyIndicator {
    /// The indicator itself, for the kernel to run and read.
    pub fn shared(&self) -> Shared {
        self.state.clone()
    }

    /// Place of an output by its name.
    pub fn place(&self, output: &str) -> PyResult<usize> {
        let place = self.state.lock().kind().place(output);
        place.ok_or_else(|| {
            PyAttributeError::new_err(format!("{} has no output {output}", self.name))
        })
    }

    /// A word that tells this indicator, with these parameters and this layout, from others.
    fn identity(&self) -> u64 {
        let digest = blake3::hash(format!("2 {} {:?}", self.name, self.periods).as_bytes());
        let first = digest.as_bytes().iter().take(8);
        first.fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

fn fresh(py: Python<'_>, name: &str, parameters: &[f64]) -> PyResult<Live> {
    Live::new(name, parameters).map_err(|text| raise(py, |n| &n.config_error, text))
}

/// Which fields of a `Bar` an indicator reads: fetching one costs more than most indicators do.
struct Reads {
    ts_open: bool,
    open: bool,
    high: bool,
    low: bool,
    close: bool,
    volume: bool,
}

impl Reads {
    fn of(kind: &Kind) -> Self {
        let reads = |name| kind.inputs.contains(&name);
        Self {
            ts_open: reads("ts_open"),
            open: reads("open"),
            high: reads("high"),
            low: reads("low"),
            close: reads("close"),
            volume: reads("volume"),
        }
    }

    /// The bar, NaN where it is not read.
    fn candle(&self, bar: &Bound<'_, PyAny>) -> PyResult<Candle> {
        let py = bar.py();
        let scale = bar.getattr(intern!(py, "price_scale"))?.extract()?;
        let price = |read: bool, name| -> PyResult<f64> {
            if read {
                Ok(number(bar.getattr(name)?.extract()?, scale))
            } else {
                Ok(f64::NAN)
            }
        };
        Ok(Candle {
            ts_open: if self.ts_open {
                bar.getattr(intern!(py, "ts_open"))?.extract()?
            } else {
                0
            },
            open: price(self.open, intern!(py, "open_units"))?,
            high: price(self.high, intern!(py, "high_units"))?,
            low: price(self.low, intern!(py, "low_units"))?,
            close: price(self.close, intern!(py, "close_units"))?,
            volume: if self.volume { volume(bar)? } else { f64::NAN },
        })
    }
}

/// The volume of a `Bar`; NaN where it is not known.
fn volume(bar: &Bound<'_, PyAny>) -> PyResult<f64> {
    let py = bar.py();
    let scale = bar.getattr(intern!(py, "size_scale"))?.extract()?;
    match bar.getattr(intern!(py, "volume_units"))?.extract()? {
        UNDEFINED => Ok(f64::NAN),
        units => Ok(number(units, scale)),
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyIndicator>()
}
