//! `BarBuilder`: the kernel's bar builder for live feeds.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::exchange::Hours;
use super::failures::to_python;
use super::instrument::InstrumentSpec;
use super::kernel::read_bar_type;
use super::market::{read_quote, read_trade};
use super::messages::{Labels, build_bar};
use super::names::names;
use crate::bars::BarBuilder;
use crate::sessions::Sessions;
use crate::types::Bar;

/// Builds the bars of one instrument, time frame and price type from its messages.
#[pyclass(name = "BarBuilder", module = "openoutcry._native")]
pub struct PyBarBuilder {
    inner: BarBuilder,
    labels: Labels,
    timeframe: Py<PyString>,
}

#[pymethods]
impl PyBarBuilder {
    #[new]
    #[pyo3(signature = (instrument, timeframe, price_type, sessions=None, /))]
    fn new(
        py: Python<'_>,
        instrument: PyRef<'_, InstrumentSpec>,
        timeframe: Bound<'_, PyString>,
        price_type: &str,
        sessions: Option<Hours>,
    ) -> PyResult<Self> {
        let spec = instrument.instrument();
        let (frame, price) = read_bar_type(py, &timeframe.extract::<String>()?, price_type)?;
        let hours = sessions.map(|list| Sessions::new(&list)).transpose();
        let hours = hours.map_err(|e| to_python(py, e))?;
        let inner = BarBuilder::new(frame, price, spec.size_scale).map_err(|e| to_python(py, e))?;
        let id = PyString::new(py, &spec.id).unbind();
        let labels = Labels {
            id,
            price_scale: spec.price_scale,
            size_scale: spec.size_scale,
        };
        Ok(Self {
            inner: inner.with_sessions(hours),
            labels,
            timeframe: timeframe.unbind(),
        })
    }

    #[pyo3(signature = (event, /))]
    fn update<'py>(&mut self, event: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = event.py();
        let n = names(py)?;
        let class = event.get_type();
        let bar = if class.is(&n.quote) {
            let quote = read_quote(event)?;
            self.inner.quote(quote.ts_received, &quote)
        } else if class.is(&n.trade) {
            let trade = read_trade(n, event)?;
            if trade.size == 0 {
                Ok(None)
            } else {
                self.inner.trade(trade.ts_received, &trade)
            }
        } else {
            return Err(PyTypeError::new_err(format!(
                "no bars are built from {class}"
            )));
        };
        self.message(py, bar.map_err(|e| to_python(py, e))?)
    }

    #[pyo3(signature = (ts, /))]
    fn close_until<'py>(
        &mut self,
        py: Python<'py>,
        ts: i64,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let bar = self.inner.close_until(ts);
        self.message(py, bar)
    }

    #[getter]
    fn due(&self) -> Option<i64> {
        self.inner.due()
    }

    #[getter]
    fn late(&self) -> u64 {
        self.inner.late()
    }

    #[getter]
    fn outside(&self) -> u64 {
        self.inner.outside()
    }
}

impl PyBarBuilder {
    fn message<'py>(
        &self,
        py: Python<'py>,
        bar: Option<Bar>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        bar.map(|bar| build_bar(py, &self.labels, self.timeframe.bind(py), &bar))
            .transpose()
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyBarBuilder>()
}
