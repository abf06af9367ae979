//! `Router` and `Player`: who gets which market data, and the loop that brings it to them in replay.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use super::dispatcher::{Cell, Dispatcher, deliver, drain, fail, path_cell};
use super::failures::to_python;
use super::kernel::PyKernel;
use super::names::names;
use super::order_messages::{is_order_event, read_event};
use super::path::{FailedActor, GRID, PyOrderPath};
use crate::bars::Timeframe;
use crate::feed::FeedKind;
use crate::kernel::{Datum, Input, Step};
use crate::orders::Event;
use crate::types::{InstrumentIx, PriceType};
use crate::watch::{Fired, What};

/// Bars of one kind, and who asked for them.
struct BarRoute {
    timeframe: Timeframe,
    price_type: PriceType,
    cells: Vec<Py<Cell>>,
}

/// Who asked for which market data, by kind and instrument.
#[pyclass(module = "openoutcry._native")]
pub struct Router {
    /// By instrument, then kind.
    cells: Vec<[Vec<Py<Cell>>; 8]>,
    bars: Vec<Vec<BarRoute>>,
}

#[pymethods]
impl Router {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let bars = self.bars.iter().flatten().map(|route| &route.cells);
        let mut cells = self.cells.iter().flatten().chain(bars).flatten();
        cells.try_for_each(|cell| visit.call(cell))
    }

    #[new]
    #[pyo3(signature = (instruments, /))]
    fn new(instruments: usize) -> Self {
        Self {
            cells: (0..instruments).map(|_| Default::default()).collect(),
            bars: (0..instruments).map(|_| Vec::new()).collect(),
        }
    }

    /// Deliver a kind of an instrument's data to an actor; False when it was delivered already.
    #[pyo3(signature = (kind, instrument, cell, /))]
    fn add(&mut self, kind: &str, instrument: InstrumentIx, cell: Py<Cell>) -> PyResult<bool> {
        let kind = super::kernel::read_kind(kind)?;
        Ok(insert(
            &mut self.cells[instrument as usize][kind as usize],
            cell,
        ))
    }

    /// Deliver bars to an actor; True when nobody had asked for them before.
    #[pyo3(signature = (instrument, timeframe, price_type, cell, /))]
    fn add_bars(
        &mut self,
        py: Python<'_>,
        instrument: InstrumentIx,
        timeframe: &str,
        price_type: &str,
        cell: Py<Cell>,
    ) -> PyResult<bool> {
        let (timeframe, price_type) = super::kernel::read_bar_type(py, timeframe, price_type)?;
        let routes = &mut self.bars[instrument as usize];
        let known = routes
            .iter_mut()
            .find(|r| r.timeframe == timeframe && r.price_type == price_type);
        if let Some(route) = known {
            insert(&mut route.cells, cell);
            return Ok(false);
        }
        routes.push(BarRoute {
            timeframe,
            price_type,
            cells: vec![cell],
        });
        Ok(true)
    }

    /// Who asked for a market data message about an instrument.
    #[pyo3(signature = (instrument, message, /))]
    fn cells(
        &self,
        py: Python<'_>,
        instrument: InstrumentIx,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<Py<Cell>>> {
        let n = names(py)?;
        let class = message.get_type();
        let kinds = [
            (&n.quote, FeedKind::Quote),
            (&n.trade, FeedKind::Trade),
            (&n.book_update, FeedKind::Book),
            (&n.book_invalidated, FeedKind::Book),
            (&n.mark_price, FeedKind::Mark),
            (&n.funding_rate, FeedKind::Funding),
            (&n.split, FeedKind::Split),
            (&n.dividend, FeedKind::Dividend),
        ];
        let found = if class.is(&n.bar) {
            let timeframe: PyBackedStr = message.getattr(intern!(py, "timeframe"))?.extract()?;
            let timeframe = Timeframe::parse(&timeframe).map_err(|e| to_python(py, e))?;
            let price_type = n
                .price_type
                .value(&message.getattr(intern!(py, "price_type"))?)?;
            self.of_bar(instrument, timeframe, price_type)
        } else {
            match kinds.iter().find(|(known, _)| class.is(*known)) {
                Some((_, kind)) => self.of(instrument, *kind),
                None => &[],
            }
        };
        Ok(found.iter().map(|cell| cell.clone_ref(py)).collect())
    }
}

impl Router {
    fn of(&self, ix: InstrumentIx, kind: FeedKind) -> &[Py<Cell>] {
        &self.cells[ix as usize][kind as usize]
    }

    fn of_bar(&self, ix: InstrumentIx, timeframe: Timeframe, kind: PriceType) -> &[Py<Cell>] {
        let routes = &self.bars[ix as usize];
        let found = routes
            .iter()
            .find(|r| r.timeframe == timeframe && r.price_type == kind);
        found.map_or(&[], |route| &route.cells)
    }

    fn of_input(&self, input: &Input) -> &[Py<Cell>] {
        match input {
            Input::Quote(ix, _) => self.of(*ix, FeedKind::Quote),
            Input::Trade(ix, _) => self.of(*ix, FeedKind::Trade),
            Input::Bar(ix, timeframe, bar) => self.of_bar(*ix, *timeframe, bar.price_type),
            Input::Datum(ix, _, datum) => self.of(*ix, kind_of(datum)),
            Input::Report { .. } | Input::Timer { .. } | Input::External { .. } => &[],
        }
    }
}

fn kind_of(datum: &Datum) -> FeedKind {
    match datum {
        Datum::Book { .. } | Datum::BookInvalidated => FeedKind::Book,
        Datum::Mark { .. } => FeedKind::Mark,
        Datum::Funding { .. } => FeedKind::Funding,
        Datum::Split { .. } => FeedKind::Split,
        Datum::Dividend { .. } => FeedKind::Dividend,
    }
}

fn insert(cells: &mut Vec<Py<Cell>>, cell: Py<Cell>) -> bool {
    let fresh = !cells.iter().any(|known| known.is(&cell));
    if fresh {
        cells.push(cell);
    }
    fresh
}

/// Brings the kernel's inputs to the actors, in order.
#[pyclass(module = "openoutcry._native")]
pub struct Player {
    /// None where the inputs come as messages: see `publish`.
    kernel: Option<Py<PyKernel>>,
    router: Py<Router>,
    dispatcher: Py<Dispatcher>,
    path: Py<PyOrderPath>,
    /// Takes the inputs that are neither market data nor about an order.
    others: Option<Py<PyAny>>,
}

#[pymethods]
impl Player {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.router)?;
        visit.call(&self.dispatcher)?;
        visit.call(&self.path)?;
        visit.call(&self.others)
    }

    #[new]
    #[pyo3(signature = (*, kernel, router, dispatcher, path, others))]
    fn new(
        kernel: Option<Py<PyKernel>>,
        router: Py<Router>,
        dispatcher: Py<Dispatcher>,
        path: Py<PyOrderPath>,
        others: Py<PyAny>,
    ) -> Self {
        Self {
            kernel,
            router,
            dispatcher,
            path,
            others: Some(others),
        }
    }

    /// Let go of the graph, so that nothing of a run outlives it. A second time changes nothing.
    fn close(&mut self) {
        self.others = None;
    }

    /// Handle inputs until none is left, everything up to `until` was handled, `limit` were delivered,
    /// about `skip` were passed over that nobody asked for, or an actor of the core has failed.
    ///
    /// Returns whether there may be more.
    #[pyo3(signature = (limit=None, skip=None, until=None))]
    fn play(
        &self,
        py: Python<'_>,
        limit: Option<u64>,
        skip: Option<u64>,
        until: Option<i64>,
    ) -> PyResult<bool> {
        let Some(kernel) = &self.kernel else {
            return Ok(false);
        };
        let until = until.unwrap_or(i64::MAX);
        let mut left = limit.unwrap_or(u64::MAX);
        let skip = usize::try_from(skip.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let kernel = kernel.bind(py);
        let (dispatcher, path) = (self.dispatcher.bind(py), self.path.bind(py));
        if dispatcher.borrow().stopped {
            return Ok(false);
        }
        let begin = kernel.borrow().stamp().0;
        let mut handled = 0;
        while left > 0 {
            let passed = kernel.borrow().stamp().0.saturating_sub(begin + handled);
            let more = skip.saturating_sub(passed as usize);
            let input = match kernel.borrow_mut().advance_within(py, more, until)? {
                Step::Input(input) => input,
                Step::Pause | Step::Reached => return Ok(true),
                Step::End => return Ok(false),
            };
            left -= 1;
            handled += 1;
            path.borrow_mut().stamp_from(&kernel.borrow());
            match input {
                Input::Report { .. } | Input::Timer { .. } | Input::External { .. } => {
                    self.handle(kernel, input)?;
                }
                datum => self.bring(kernel, &datum)?,
            }
            if !dispatcher.borrow().is_quiet() || path.borrow().has_news() {
                drain(dispatcher)?;
            }
            if dispatcher.borrow().stopped {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hand a market data message to whoever asked for it, with everything that follows.
    ///
    /// The market must have been told before.
    #[pyo3(signature = (instrument, message, /))]
    fn publish(
        &self,
        py: Python<'_>,
        instrument: InstrumentIx,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let dispatcher = self.dispatcher.bind(py);
        let cells = self.router.borrow(py).cells(py, instrument, message)?;
        for cell in cells {
            deliver(dispatcher, cell.bind(py), message)?;
        }
        for fired in self.take_fired(py) {
            self.tell(py, fired, || Ok(message.clone()))?;
        }
        drain(dispatcher)
    }
}

impl Player {
    /// Bring the kernel's datum to whoever asked for it, or for something that it did.
    fn bring(&self, kernel: &Bound<'_, PyKernel>, datum: &Input) -> PyResult<()> {
        let py = kernel.py();
        let message = || kernel.borrow_mut().message(py, datum);
        let router = self.router.bind(py).borrow();
        let cells = router.of_input(datum);
        if !cells.is_empty() {
            let message = message()?;
            for cell in cells {
                deliver(self.dispatcher.bind(py), cell.bind(py), &message)?;
            }
        }
        for fired in self.take_fired(py) {
            self.tell(py, fired, message)?;
        }
        Ok(())
    }

    /// What the last update of the market fired, in order.
    fn take_fired(&self, py: Python<'_>) -> Vec<Fired> {
        let path = self.path.borrow(py);
        let market = path.market.bind(py);
        if !market.borrow().inner.watch.has_fired() {
            return Vec::new();
        }
        market.borrow_mut().inner.watch.take_fired()
    }

    /// Tell a strategy what it asked to be woken for; `datum` is the message of what did it.
    fn tell<'py>(
        &self,
        py: Python<'py>,
        fired: Fired,
        datum: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let path = self.path.bind(py).borrow();
        let Some(cell) = path.cell(py, fired.book) else {
            return Ok(());
        };
        let message = match fired.what {
            What::Quote => datum()?,
            What::Crossed { name, above } => {
                let directory = path.directory.borrow(py);
                let id = directory.instrument_id(py, fired.instrument);
                let name = directory.name(py, name);
                let fields = (name, id, path.inner.now, above);
                names(py)?.crossed.bind(py).call1(fields)?
            }
        };
        drop(path);
        deliver(self.dispatcher.bind(py), &cell, &message)
    }

    fn handle(&self, kernel: &Bound<'_, PyKernel>, input: Input) -> PyResult<()> {
        let py = kernel.py();
        let path = self.path.bind(py);
        match input {
            Input::Timer {
                ref owner,
                ref name,
                ts,
                late,
            } if (&**owner, &**name) == GRID => {
                self.supervise(py, PyOrderPath::on_grid(path, Some((ts, late))))
            }
            Input::Timer {
                ref owner,
                ref name,
                ts,
                late,
            } => {
                let recorded = PyOrderPath::record_timer(path, owner, name, ts, late);
                self.supervise(py, recorded)?;
                let Some(cell) = Self::owner(path, owner, name) else {
                    return Ok(());
                };
                let message = kernel.borrow_mut().message(py, &input)?;
                deliver(self.dispatcher.bind(py), &cell, &message)
            }
            Input::Report {
                report, arrived, ..
            } if report.order().is_some() => {
                let event = {
                    let this = path.borrow();
                    let directory = this.directory.borrow(py);
                    Event::of_report(report, arrived, &directory.inner)
                };
                match event {
                    Some(event) => self.supervise(py, PyOrderPath::on_event(path, event)),
                    None => Ok(()),
                }
            }
            other => {
                let message = kernel.borrow_mut().message(py, &other)?;
                if is_order_event(names(py)?, &message) {
                    return self.supervise(py, Self::evidence(path, &message));
                }
                match &self.others {
                    Some(others) => others.bind(py).call1((message,)).map(|_| ()),
                    None => Ok(()),
                }
            }
        }
    }

    /// Take an order event that came as a message.
    fn evidence(
        path: &Bound<'_, PyOrderPath>,
        message: &Bound<'_, PyAny>,
    ) -> Result<(), FailedActor> {
        let event = read_event(&mut path.borrow().directory.borrow_mut(path.py()), message);
        let event = event.map_err(|error| FailedActor {
            actor: "broker",
            input: "OrderEvent",
            error,
        })?;
        PyOrderPath::on_event(path, event)
    }

    /// The strategy whose timer fired.
    fn owner<'py>(
        path: &Bound<'py, PyOrderPath>,
        owner: &str,
        name: &str,
    ) -> Option<Bound<'py, Cell>> {
        let py = path.py();
        let mut this = path.borrow_mut();
        let (book, name) = {
            let mut directory = this.directory.borrow_mut(py);
            let strategy = owner.strip_prefix("strategy/")?;
            (
                directory.inner.book(strategy)?,
                directory.inner.symbol(name),
            )
        };
        this.timer_fired(book, name);
        this.cell(py, book)
    }

    fn supervise(&self, py: Python<'_>, done: Result<(), FailedActor>) -> PyResult<()> {
        let Err(failed) = done else {
            return Ok(());
        };
        let dispatcher = self.dispatcher.bind(py);
        let cell = path_cell(dispatcher, failed.actor)?;
        fail(dispatcher, &cell, failed.input, failed.error)
    }
}

/// Adds the classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Router>()?;
    module.add_class::<Player>()
}
