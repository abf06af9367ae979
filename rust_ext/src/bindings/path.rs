//! `OrderPath`: portfolio → risk → broker → gate, and back; see `crate::path`.

use std::collections::HashMap;

use pyo3::exceptions::PyBaseException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::books::PyBooks;
use super::directory::PyDirectory;
use super::dispatcher::Cell;
use super::failures::to_python;
use super::journal::PyJournal;
use super::kernel::PyKernel;
use super::market::PyMarket;
use super::order_messages::{build_event, build_submit, read_event};
use super::orders::PyOrderTable;
use super::risk::PyRisk;
use super::run_columns::PyRunColumns;
use crate::directory::Symbol;
use crate::ledger::BookIx;
use crate::orders::Event;
use crate::path::{Failed, Hears, OrderPath, Parts};
use crate::types::Nanos;

/// Who sends commands, and who keeps the clock.
pub(super) enum Port {
    /// The replay kernel is both.
    Kernel(Py<PyKernel>),
    Python {
        venue: Py<PyAny>,
        clock: Py<PyAny>,
    },
}

/// Strategy, fill and profit.
type Booking<'py> = (Bound<'py, PyString>, Bound<'py, PyAny>, i128);

/// Which actor of the path could not go on.
pub struct FailedActor {
    pub actor: &'static str,
    /// Class of the message that it handled.
    pub input: &'static str,
    pub error: PyErr,
}

#[pyclass(name = "OrderPath", module = "openoutcry._native")]
pub struct PyOrderPath {
    pub inner: OrderPath,
    pub directory: Py<PyDirectory>,
    pub market: Py<PyMarket>,
    pub books: Py<PyBooks>,
    pub orders: Py<PyOrderTable>,
    pub(super) risk: Py<PyRisk>,
    journal: Py<PyJournal>,
    /// The actor that failed last, with its error.
    pub(super) blamed: Option<(&'static str, Py<PyBaseException>)>,
    pub(super) port: Port,
    /// Strategies by book.
    cells: Vec<Option<Py<Cell>>>,
    /// Distance of equity samples in nanoseconds.
    pub(super) grid: i64,
    /// The clock's handles of strategies' timers.
    pub(super) handles: HashMap<(BookIx, Symbol), u64>,
}

/// Owner and name of the timer that samples equity.
pub const GRID: (&str, &str) = ("portfolio", "equity");

#[pymethods]
impl PyOrderPath {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Port::Python { venue, clock } = &self.port {
            visit.call(venue)?;
            visit.call(clock)?;
        }
        if let Some((_, error)) = &self.blamed {
            visit.call(error)?;
        }
        self.cells.iter().try_for_each(|cell| visit.call(cell))
    }

    #[new]
    #[pyo3(signature = (*, directory, market, books, orders, risk, journal, venue, clock, epoch,
        max_age_ns, grid_ns, keep_record))]
    #[expect(
        clippy::too_many_arguments,
        reason = "keyword-only: what the path works on"
    )]
    fn new(
        directory: &Bound<'_, PyDirectory>,
        market: Py<PyMarket>,
        books: Py<PyBooks>,
        orders: Py<PyOrderTable>,
        risk: Py<PyRisk>,
        journal: Py<PyJournal>,
        venue: &Bound<'_, PyAny>,
        clock: Py<PyAny>,
        epoch: u64,
        max_age_ns: i64,
        grid_ns: i64,
        keep_record: bool,
    ) -> Self {
        let count = directory.borrow().inner.books.len();
        let mut inner = OrderPath::new(count, epoch, max_age_ns);
        inner.run_record.on = keep_record;
        let port = match venue.cast::<PyKernel>() {
            Ok(kernel) => Port::Kernel(kernel.clone().unbind()),
            Err(_) => Port::Python {
                venue: venue.clone().unbind(),
                clock,
            },
        };
        Self {
            inner,
            directory: directory.clone().unbind(),
            market,
            books,
            orders,
            risk,
            journal,
            blamed: None,
            port,
            cells: (0..count).map(|_| None).collect(),
            grid: grid_ns,
            handles: HashMap::new(),
        }
    }

    /// Name the cell of a strategy and what it wants to hear of its orders.
    #[pyo3(signature = (book, cell, *, fills, orders))]
    fn connect(&mut self, book: usize, cell: Py<Cell>, fills: bool, orders: bool) {
        self.cells[book] = Some(cell);
        self.inner.hears[book] = Hears { fills, orders };
    }

    /// The input that is being handled from now on.
    #[pyo3(signature = (seq, now, /))]
    fn stamp(&mut self, seq: u64, now: Nanos) {
        self.inner.seq = seq;
        self.inner.now = now;
    }

    /// Pass a command down that comes as a message: `SubmitOrder`, `CancelOrder`, `ReplaceOrder`,
    /// `CancelAll` or `Flatten`. It goes its way when the handler returns.
    #[pyo3(signature = (command, /))]
    fn command(slf: &Bound<'_, Self>, command: &Bound<'_, PyAny>) -> PyResult<()> {
        let wish = slf.borrow().read_wish(command)?;
        if let Some(wish) = wish {
            slf.borrow_mut().inner.wish(wish);
        }
        Ok(())
    }

    /// Take an order event that comes as a message.
    #[pyo3(signature = (event, /))]
    fn evidence(slf: &Bound<'_, Self>, event: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let event = read_event(&mut slf.borrow().directory.borrow_mut(py), event)?;
        Self::on_event(slf, event).map_err(|failed| slf.borrow_mut().blame(py, failed))
    }

    /// What risk would say of a `SubmitOrder` at this moment: empty when it would pass.
    #[pyo3(signature = (order, /))]
    fn reasons(slf: &Bound<'_, Self>, order: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
        Self::said_of(slf, order)
    }

    /// A strategy's timer has fired: the clock has forgotten it.
    #[pyo3(name = "timer_fired", signature = (strategy, name, /))]
    fn timer_has_fired(
        &mut self,
        strategy: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = strategy.py();
        let (book, name) = {
            let mut directory = self.directory.borrow_mut(py);
            (directory.book(strategy)?, directory.symbol(name)?)
        };
        self.timer_fired(book, name);
        Ok(())
    }

    /// Take an equity sample; nothing when something held has no price yet.
    #[pyo3(name = "sample")]
    fn sample_now(slf: &Bound<'_, Self>) -> PyResult<()> {
        let blame = |failed| slf.borrow_mut().blame(slf.py(), failed);
        Self::with(slf, OrderPath::sample).map_err(blame)
    }

    /// Take an equity sample and set the timer of the next one.
    #[pyo3(name = "on_grid")]
    fn on_grid_fired(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::on_grid(slf, None).map_err(|failed| slf.borrow_mut().blame(slf.py(), failed))
    }

    /// The journal has become durable further: let out what may go at this moment.
    #[pyo3(name = "on_durable", signature = (now, /))]
    fn on_more_durable<'py>(
        slf: &Bound<'py, Self>,
        now: Nanos,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let blame = |failed| slf.borrow_mut().blame(slf.py(), failed);
        Self::with(slf, |path, parts| path.on_durable(now, parts)).map_err(blame)?;
        Self::take_dropped(slf)
    }

    /// What the gate has to tell the core, as messages to be injected in this order.
    fn take_dropped<'py>(slf: &Bound<'py, Self>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let notices = slf.borrow_mut().inner.take_notices();
        let this = slf.borrow();
        let notices = notices
            .iter()
            .map(|notice| this.build_notice(slf.py(), notice));
        notices.collect()
    }

    /// While state is rebuilt nothing leaves: what would have left may have left before.
    #[pyo3(signature = (on, /))]
    fn suppress(&mut self, on: bool) {
        self.inner.gate.suppress(on);
    }

    /// Suppressed commands that have no answer yet, in order.
    fn take_suppressed<'py>(&mut self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let commands = self.inner.take_suppressed(&self.orders.borrow(py).inner);
        commands
            .iter()
            .map(|command| self.build(py, command))
            .collect()
    }

    /// Commands held back until the journal is durable.
    #[getter]
    fn waiting(&self) -> usize {
        self.inner.gate.waiting()
    }

    /// Every order that was denied or came into the table, as messages; kept with `keep_record`.
    fn signals<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let (directory, orders) = (self.directory.borrow(py), self.orders.borrow(py));
        let record = &self.inner.run_record;
        let mut denied = record.denied.iter().map(|(intent, _)| intent).peekable();
        let signals = record.signals.iter().filter_map(|&id| {
            if let Some(intent) = denied.next_if(|intent| intent.id() == id) {
                return Some(build_submit(py, &directory, intent));
            }
            let order = orders.inner.get(id)?;
            Some(build_submit(py, &directory, &order.intent))
        });
        signals.collect()
    }

    /// Fills as they were booked: (strategy, fill, profit in settlement units, fees apart).
    fn fills<'py>(&self, py: Python<'py>) -> PyResult<Vec<Booking<'py>>> {
        let directory = self.directory.borrow(py);
        let rows = self.inner.run_record.fills.iter().map(|row| {
            let message = build_event(py, &directory, &row.event)?;
            let strategy = directory.book_name(py, row.book).clone();
            Ok((strategy, message, row.realized))
        });
        rows.collect()
    }

    /// All that was kept, as columns.
    fn columns(&self, py: Python<'_>) -> PyResult<PyRunColumns> {
        let (directory, orders) = (self.directory.borrow(py), self.orders.borrow(py));
        let columns = self.inner.run_record.columns(&orders.inner);
        PyRunColumns::new(py, &columns, &directory)
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let handles = self.handles.iter().map(|(timer, handle)| (*timer, *handle));
        let taken = (self.inner).snapshot(&self.directory.borrow(py).inner, handles.collect());
        Ok(PyBytes::new(py, &taken.map_err(|e| to_python(py, e))?))
    }

    #[pyo3(signature = (data, /))]
    fn restore(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let names = &mut self.directory.borrow_mut(py).inner;
        let handles = self.inner.restore(data, names);
        self.handles = handles.map_err(|e| to_python(py, e))?.into_iter().collect();
        Ok(())
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.inner.epoch()
    }

    #[pyo3(signature = (epoch, /))]
    fn begin_epoch(&mut self, epoch: u64) {
        self.inner.begin_epoch(epoch);
    }

    /// Let what a failed handler asked for go.
    #[pyo3(name = "discard")]
    fn discard_wishes(&mut self) {
        self.discard();
    }
}

impl PyOrderPath {
    pub fn has_wishes(&self) -> bool {
        !self.inner.wishes().is_empty()
    }

    /// Whether strategies are to hear something.
    pub fn has_news(&self) -> bool {
        !self.inner.news.is_empty()
    }

    pub fn discard(&mut self) {
        self.inner.discard();
    }

    /// The cell of a strategy.
    pub fn cell<'py>(&self, py: Python<'py>, book: BookIx) -> Option<Bound<'py, Cell>> {
        let cell = self.cells[book as usize].as_ref();
        cell.map(|cell| cell.bind(py).clone())
    }

    /// Release what was asked for in the handler that returned.
    pub fn commit(slf: &Bound<'_, Self>) -> Result<(), FailedActor> {
        Self::with(slf, OrderPath::commit)
    }

    /// Take what a venue proved.
    pub fn on_event(slf: &Bound<'_, Self>, event: Event) -> Result<(), FailedActor> {
        let name = event.what.name();
        let taken = Self::with(slf, |path, parts| path.on_event(event, parts));
        taken.map_err(|failed| FailedActor {
            input: name,
            ..failed
        })
    }

    /// The input that is being handled is the kernel's last one.
    pub fn stamp_from(&mut self, kernel: &PyKernel) {
        (self.inner.seq, self.inner.now) = kernel.stamp();
    }

    /// What a strategy is to hear next, as a message.
    pub fn next_news<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<Option<(Bound<'py, Cell>, Bound<'py, PyAny>)>> {
        let py = slf.py();
        loop {
            let Some((book, event)) = slf.borrow_mut().inner.news.pop_front() else {
                return Ok(None);
            };
            let this = slf.borrow();
            let Some(cell) = &this.cells[book as usize] else {
                continue;
            };
            let message = build_event(py, &this.directory.borrow(py), &event)?;
            return Ok(Some((cell.bind(py).clone(), message)));
        }
    }

    /// Borrow every part, let the path act, and send out what may leave.
    pub(super) fn with(
        slf: &Bound<'_, Self>,
        act: impl FnOnce(&mut OrderPath, &mut Parts<'_>) -> Result<(), Failed>,
    ) -> Result<(), FailedActor> {
        let py = slf.py();
        let done = {
            let mut this = slf.borrow_mut();
            let this = &mut *this;
            let mut directory = this.directory.bind(py).borrow_mut();
            let market = this.market.bind(py).borrow();
            let mut books = this.books.bind(py).borrow_mut();
            let mut orders = this.orders.bind(py).borrow_mut();
            let mut risk = this.risk.bind(py).borrow_mut();
            let mut journal = this.journal.bind(py).borrow_mut();
            let mut parts = Parts {
                names: &mut directory.inner,
                market: &market.inner,
                books: &mut books.inner,
                orders: &mut orders.inner,
                risk: &mut risk.inner,
                journal: &mut journal.inner,
            };
            act(&mut this.inner, &mut parts)
        };
        let sent = Self::send(slf);
        if let Err(failed) = done {
            return Err(FailedActor {
                actor: failed.stage.name(),
                input: "SubmitOrder",
                error: to_python(py, failed.failure),
            });
        }
        sent.map_err(|error| FailedActor {
            actor: "broker",
            input: "SubmitOrder",
            error,
        })
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyOrderPath>()
}
