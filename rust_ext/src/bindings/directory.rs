//! `Directory`: names of a run as Python and the engine know them.

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyString};

use super::failures::to_python;
use super::instrument::{InstrumentSpec, instruments};
use super::names::names;
use super::order_messages::{build_event, build_submit, read_event, read_intent};
use crate::directory::{Directory, Symbol};
use crate::ledger::BookIx;
use crate::record::Record;
use crate::types::{CurrencyIx, InstrumentIx};

/// Instruments compared by identity before their text is looked up: more would cost more.
const QUICK: usize = 16;

/// Names and numbers of one run: instruments, strategies, currencies, free texts.
#[pyclass(name = "Directory", module = "openoutcry._native")]
pub struct PyDirectory {
    pub inner: Directory,
    instruments: Vec<Py<PyString>>,
    books: Vec<Py<PyString>>,
    currencies: Vec<Py<PyString>>,
}

#[pymethods]
impl PyDirectory {
    #[new]
    #[pyo3(signature = (instruments, currencies, strategies, /))]
    fn new(
        py: Python<'_>,
        instruments: Vec<PyRef<'_, InstrumentSpec>>,
        currencies: Vec<(String, u8)>,
        strategies: Vec<String>,
    ) -> Self {
        let inner = Directory::new(self::instruments(&instruments), currencies, strategies);
        let text = |name: &String| PyString::intern(py, name).unbind();
        Self {
            instruments: inner
                .instruments
                .iter()
                .map(|item| text(&item.id))
                .collect(),
            books: inner.books.iter().map(text).collect(),
            currencies: inner
                .currencies
                .iter()
                .map(|(code, _)| text(code))
                .collect(),
            inner,
        }
    }

    /// Number of an instrument; `ValueError` when it is not in this run.
    #[pyo3(name = "instrument", signature = (id, /))]
    fn instrument_number(&self, id: &Bound<'_, PyAny>) -> PyResult<InstrumentIx> {
        self.instrument(id)
    }

    /// Texts that are numbered so far, which are kept for ever.
    #[getter]
    fn texts(&self) -> usize {
        self.inner.texts()
    }

    /// Number of a strategy's book; 0 is the account and what belongs to no strategy.
    #[pyo3(name = "book", signature = (strategy, /))]
    fn book_number(&self, strategy: &Bound<'_, PyAny>) -> PyResult<BookIx> {
        self.book(strategy)
    }

    /// The bytes of an approved order or an order event as the engine records it.
    #[pyo3(signature = (message, /))]
    fn encode<'py>(&mut self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let py = message.py();
        let n = names(py)?;
        let mut bytes = Vec::new();
        let encoded = if message.get_type().is(&n.submit_order) {
            let intent = read_intent(self, message)?;
            Record::Submit(&intent).encode(&self.inner, &mut bytes)
        } else {
            let event = read_event(self, message)?;
            Record::Event(&event).encode(&self.inner, &mut bytes)
        };
        encoded.map_err(|failure| to_python(py, failure))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// An order or order event after its way through the engine: equal to what went in.
    #[pyo3(signature = (message, /))]
    fn echo<'py>(&mut self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = message.py();
        if message.get_type().is(&names(py)?.submit_order) {
            let intent = read_intent(self, message)?;
            return build_submit(py, self, &intent);
        }
        let event = read_event(self, message)?;
        build_event(py, self, &event)
    }
}

impl PyDirectory {
    /// Index of an instrument by its id.
    pub fn instrument(&self, id: &Bound<'_, PyAny>) -> PyResult<InstrumentIx> {
        let known = &self.instruments;
        if known.len() <= QUICK
            && let Some(ix) = known.iter().position(|name| name.is(id))
        {
            return Ok(ix as InstrumentIx);
        }
        let text: PyBackedStr = id.extract()?;
        let found = self.inner.instrument(&text);
        found.ok_or_else(|| PyValueError::new_err(format!("{text} is not in this run")))
    }

    /// Number of a strategy's book.
    pub fn book(&self, strategy: &Bound<'_, PyAny>) -> PyResult<BookIx> {
        let text: PyBackedStr = strategy.extract()?;
        let found = self.inner.book(&text);
        found.ok_or_else(|| PyValueError::new_err(format!("{text} is no strategy of this run")))
    }

    /// Index of a currency by its code.
    pub fn currency(&self, code: &Bound<'_, PyAny>) -> PyResult<CurrencyIx> {
        let text: PyBackedStr = code.extract()?;
        let found = self.inner.currency(&text);
        found.ok_or_else(|| PyValueError::new_err(format!("{text} is no currency of this run")))
    }

    /// Symbol of an optional text; None is 0.
    pub fn symbol(&mut self, text: &Bound<'_, PyAny>) -> PyResult<Symbol> {
        if text.is_none() {
            return Ok(0);
        }
        let text: PyBackedStr = text.extract()?;
        Ok(self.inner.symbol(&text))
    }

    pub fn instrument_id<'py>(&self, py: Python<'py>, ix: InstrumentIx) -> &Bound<'py, PyString> {
        self.instruments[ix as usize].bind(py)
    }

    pub fn book_name<'py>(&self, py: Python<'py>, book: BookIx) -> &Bound<'py, PyString> {
        self.books[book as usize].bind(py)
    }

    pub fn currency_code<'py>(&self, py: Python<'py>, ix: CurrencyIx) -> &Bound<'py, PyString> {
        self.currencies[usize::from(ix)].bind(py)
    }

    /// A symbol as an optional text: None for 0.
    pub fn optional<'py>(&self, py: Python<'py>, symbol: Symbol) -> Option<Bound<'py, PyString>> {
        (symbol != 0).then(|| PyString::new(py, self.inner.text(symbol)))
    }

    /// The text of a symbol.
    pub fn name<'py>(&self, py: Python<'py>, symbol: Symbol) -> Bound<'py, PyString> {
        PyString::new(py, self.inner.text(symbol))
    }

    /// The instrument, or `IndexError`.
    pub fn checked(&self, ix: InstrumentIx) -> PyResult<InstrumentIx> {
        if (ix as usize) < self.instruments.len() {
            return Ok(ix);
        }
        Err(PyIndexError::new_err(format!("no instrument {ix}")))
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDirectory>()
}
