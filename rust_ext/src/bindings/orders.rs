//! Orders and the table of them for Python; see `crate::orders`.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use super::directory::PyDirectory;
use super::failures::to_python;
use super::names::names;
use super::order_messages::{build_submit, id_text, parse_id, read_ask, read_event, read_intent};
use crate::directory::Directory;
use crate::ledger::BookIx;
use crate::orders::{KnownFill, NewTerms, Order, OrderTable};
use crate::types::InstrumentIx;

/// A member of a bound enum, or None.
macro_rules! member {
    ($py:ident, $field:ident, $value:expr) => {{
        let members = &names($py)?.$field;
        Ok($value.map(|value| members.member($py, value).clone()))
    }};
}

/// One order as it was when somebody looked.
#[pyclass(frozen, name = "Order", module = "openoutcry._native")]
pub struct PyOrder {
    pub inner: Arc<Order>,
    directory: Py<PyDirectory>,
    submit: PyOnceLock<Py<PyAny>>,
}

impl PyOrder {
    /// A look at an order of a table with this directory.
    pub fn new(inner: Arc<Order>, directory: Py<PyDirectory>) -> Self {
        Self {
            inner,
            directory,
            submit: PyOnceLock::new(),
        }
    }

    fn canonical(&self, py: Python<'_>) -> Vec<u8> {
        self.inner.canonical(&self.directory.borrow(py).inner)
    }
}

type Member<'py> = PyResult<Option<Bound<'py, PyAny>>>;

#[pymethods]
impl PyOrder {
    #[getter]
    fn submit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let built = self.submit.get_or_try_init(py, || {
            let directory = self.directory.borrow(py);
            build_submit(py, &directory, &self.inner.intent).map(Bound::unbind)
        })?;
        Ok(built.bind(py).clone())
    }

    #[getter]
    fn client_order_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        id_text(py, self.inner.id())
    }

    #[getter]
    fn strategy<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let directory = self.directory.borrow(py);
        directory.book_name(py, self.inner.intent.book).clone()
    }

    #[getter]
    fn instrument<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        let directory = self.directory.borrow(py);
        let ix = self.inner.intent.instrument();
        directory.instrument_id(py, ix).clone()
    }

    #[getter]
    fn side<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, side, Some(self.inner.intent.submit.side))
    }

    #[getter]
    fn quantity_units(&self) -> i64 {
        self.inner.quantity
    }

    #[getter]
    fn limit_units(&self) -> Option<i64> {
        self.inner.limit
    }

    #[getter]
    fn trigger_units(&self) -> Option<i64> {
        self.inner.trigger
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, order_status, Some(self.inner.status))
    }

    #[getter]
    fn filled_units(&self) -> i128 {
        self.inner.filled
    }

    #[getter]
    fn claimed_units(&self) -> i128 {
        self.inner.claimed
    }

    #[getter]
    fn fills<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let fills = PyDict::new(py);
        for (id, &fill) in self.inner.fills.iter() {
            fills.set_item(id.to_string(), Bound::new(py, PyKnownFill(fill))?)?;
        }
        Ok(fills)
    }

    #[getter]
    fn venue_order_id(&self) -> Option<String> {
        let id = self.inner.venue_order_id.as_ref();
        id.map(ToString::to_string)
    }

    #[getter]
    fn submit_request<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, request_state, self.inner.submit_request)
    }

    #[getter]
    fn cancel_request<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, request_state, self.inner.cancel_request)
    }

    #[getter]
    fn replace_request<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, request_state, self.inner.replace_request)
    }

    #[getter]
    fn asked(&self) -> Option<PyNewTerms> {
        self.inner.asked.map(PyNewTerms)
    }

    #[getter]
    fn replaced(&self) -> bool {
        self.inner.replaced
    }

    #[getter]
    fn pending<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, order_status, self.inner.pending)
    }

    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.reasons.iter().map(|reason| &**reason))
    }

    #[getter]
    fn alarm(&self) -> Option<&str> {
        self.inner.alarm.as_deref()
    }

    #[getter]
    fn ts_submitted(&self) -> Option<i64> {
        self.inner.ts_submitted
    }

    #[getter]
    fn ts_accepted(&self) -> Option<i64> {
        self.inner.ts_accepted
    }

    #[getter]
    fn ts_last(&self) -> i64 {
        self.inner.ts_last
    }

    #[getter]
    fn is_final(&self) -> bool {
        self.inner.is_final()
    }

    #[getter]
    fn is_open(&self) -> bool {
        !self.inner.is_final()
    }

    #[getter]
    fn is_unknown(&self) -> bool {
        self.inner.is_unknown()
    }

    #[getter]
    fn outstanding<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let n = names(py)?;
        let members = self.inner.outstanding().map(|(kind, state)| {
            [
                n.request_kind.member(py, kind),
                n.request_state.member(py, state),
            ]
        });
        members.map(|pair| PyTuple::new(py, pair)).transpose()
    }

    #[getter]
    fn leaves_units(&self) -> i128 {
        self.inner.leaves()
    }

    #[getter]
    fn exposure_units(&self) -> i128 {
        self.inner.exposure()
    }

    #[getter]
    fn worst_units(&self) -> i64 {
        self.inner.worst()
    }

    #[getter]
    fn missing_units(&self) -> i128 {
        self.inner.missing()
    }

    fn terms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if !self.inner.replaced {
            return self.submit(py);
        }
        let directory = self.directory.borrow(py);
        build_submit(py, &directory, &self.inner.terms())
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> bool {
        let other = other.cast::<Self>();
        other.is_ok_and(|other| self.canonical(py) == other.get().canonical(py))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let order = &self.inner;
        let directory = &self.directory.borrow(py).inner;
        let intent = &order.intent;
        format!(
            "<Order {:032x} of {}: {:?} {} units of {}, {}, {} filled>",
            order.id(),
            directory.books[intent.book as usize],
            intent.submit.side,
            order.quantity,
            directory.instruments[intent.instrument() as usize].id,
            order.status.word(),
            order.filled,
        )
    }
}

/// A fill as it stands now.
#[pyclass(frozen, eq, name = "KnownFill", module = "openoutcry._native")]
#[derive(PartialEq)]
pub struct PyKnownFill(KnownFill);

#[pymethods]
impl PyKnownFill {
    #[getter]
    fn price_units(&self) -> i64 {
        self.0.price
    }

    #[getter]
    fn quantity_units(&self) -> i64 {
        self.0.quantity
    }

    #[getter]
    fn state<'py>(&self, py: Python<'py>) -> Member<'py> {
        member!(py, fill_state, Some(self.0.state))
    }
}

/// Terms that an outstanding replace asks for.
#[pyclass(frozen, eq, name = "NewTerms", module = "openoutcry._native")]
#[derive(PartialEq)]
pub struct PyNewTerms(NewTerms);

#[pymethods]
impl PyNewTerms {
    #[getter]
    fn quantity_units(&self) -> Option<i64> {
        self.0.quantity
    }

    #[getter]
    fn limit_units(&self) -> Option<i64> {
        self.0.limit
    }

    #[getter]
    fn trigger_units(&self) -> Option<i64> {
        self.0.trigger
    }
}

/// The orders of a run as they were at one moment.
#[pyclass(frozen, module = "openoutcry._native")]
pub struct FrozenOrders {
    orders: OrderTable,
    names: Directory,
}

#[pymethods]
impl FrozenOrders {
    /// As `OrderTable.snapshot`; the interpreter is free meanwhile.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| self.orders.snapshot(&self.names));
        PyBytes::new(py, &bytes)
    }
}

/// All orders of a run.
#[pyclass(name = "OrderTable", module = "openoutcry._native")]
pub struct PyOrderTable {
    pub inner: OrderTable,
    pub directory: Py<PyDirectory>,
}

impl PyOrderTable {
    fn look(&self, py: Python<'_>, order: Arc<Order>) -> PyOrder {
        PyOrder::new(order, self.directory.clone_ref(py))
    }

    /// Numbers of a strategy and instrument that may be named; None when one is not in this run.
    fn scope(
        &self,
        py: Python<'_>,
        strategy: Option<&str>,
        instrument: Option<&str>,
    ) -> Option<(Option<BookIx>, Option<InstrumentIx>)> {
        let directory = &self.directory.borrow(py).inner;
        let book = strategy.map(|name| directory.book(name));
        let ix = instrument.map(|id| directory.instrument(id));
        let known = book != Some(None) && ix != Some(None);
        known.then(|| (book.flatten(), ix.flatten()))
    }
}

#[pymethods]
impl PyOrderTable {
    #[new]
    #[pyo3(signature = (directory, recent, archived, /))]
    fn new(directory: Py<PyDirectory>, recent: usize, archived: usize) -> Self {
        Self {
            inner: OrderTable::new(recent, archived),
            directory,
        }
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    #[getter]
    fn forgotten(&self) -> u64 {
        self.inner.forgotten
    }

    #[pyo3(signature = (submit, /))]
    fn add(&mut self, submit: &Bound<'_, PyAny>) -> PyResult<PyOrder> {
        let py = submit.py();
        let intent = read_intent(&mut self.directory.borrow_mut(py), submit)?;
        let id = intent.id();
        let added = self.inner.add(intent);
        added.map_err(|failure| to_python(py, failure))?;
        let order = self.inner.get(id).ok_or_else(|| lost(id))?;
        Ok(self.look(py, order))
    }

    #[pyo3(signature = (client_order_id, /))]
    fn get(&self, client_order_id: &Bound<'_, PyAny>) -> PyResult<Option<PyOrder>> {
        let py = client_order_id.py();
        let text: PyBackedStr = client_order_id.extract()?;
        let order = parse_id(&text).and_then(|id| self.inner.get(id));
        Ok(order.map(|order| self.look(py, order)))
    }

    #[pyo3(signature = (command, /))]
    fn request(&mut self, command: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        let py = command.py();
        let (id, _, ask) = read_ask(&self.directory.borrow(py), command)?;
        let refusal = self.inner.request(id, &ask).err();
        Ok(refusal.map(Into::into))
    }

    #[pyo3(signature = (event, /))]
    fn apply<'py>(&mut self, event: &Bound<'py, PyAny>) -> PyResult<Option<Verdict<'py>>> {
        let py = event.py();
        let mut directory = self.directory.borrow_mut(py);
        let event = read_event(&mut directory, event)?;
        let Some(applied) = self.inner.apply(&event, &directory.inner) else {
            return Ok(None);
        };
        let outcome = names(py)?.outcome.member(py, applied.outcome).clone();
        Ok(Some((outcome, applied.alarm)))
    }

    #[pyo3(signature = (strategy = None, instrument = None, /))]
    fn open_orders(
        &self,
        py: Python<'_>,
        strategy: Option<&str>,
        instrument: Option<&str>,
    ) -> Vec<PyOrder> {
        let Some((book, ix)) = self.scope(py, strategy, instrument) else {
            return Vec::new();
        };
        let open = self.inner.open(book, ix);
        open.map(|order| self.look(py, order.clone())).collect()
    }

    #[pyo3(signature = (limit, strategy = None, instrument = None, /))]
    fn closed_orders(
        &self,
        py: Python<'_>,
        limit: usize,
        strategy: Option<&str>,
        instrument: Option<&str>,
    ) -> Vec<PyOrder> {
        let Some((book, ix)) = self.scope(py, strategy, instrument) else {
            return Vec::new();
        };
        let ended = self.inner.ended(book, ix).take(limit);
        ended.map(|order| self.look(py, order)).collect()
    }

    #[pyo3(signature = (strategy, instrument, /, *, reduce_only = true))]
    fn working_units(
        &self,
        py: Python<'_>,
        strategy: Option<&str>,
        instrument: &str,
        reduce_only: bool,
    ) -> (i128, i128) {
        match self.scope(py, strategy, Some(instrument)) {
            Some((book, Some(ix))) => self.inner.working(book, ix, reduce_only),
            _ => (0, 0),
        }
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let directory = self.directory.borrow(py);
        PyBytes::new(py, &self.inner.snapshot(&directory.inner))
    }

    fn freeze(&self, py: Python<'_>) -> FrozenOrders {
        FrozenOrders {
            orders: self.inner.clone(),
            names: self.directory.borrow(py).inner.clone(),
        }
    }

    #[pyo3(signature = (data, /))]
    fn restore(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let mut directory = self.directory.borrow_mut(py);
        let restored = self.inner.restore(data, &mut directory.inner);
        restored.map_err(|failure| to_python(py, failure))
    }

    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let directory = self.directory.borrow(py);
        PyBytes::new(py, &self.inner.digest(&directory.inner))
    }
}

/// Outcome and alarm of a piece of evidence.
type Verdict<'py> = (Bound<'py, PyAny>, Option<String>);

fn lost(id: u128) -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err(format!("{id:032x} was added and is not there"))
}

/// Adds the classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyOrder>()?;
    module.add_class::<PyKnownFill>()?;
    module.add_class::<PyNewTerms>()?;
    module.add_class::<FrozenOrders>()?;
    module.add_class::<PyOrderTable>()
}
