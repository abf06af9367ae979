//! The one thread of the decision core: runs actors in a fixed, repeatable order.
//!
//! Every input is handled to completion before the next: the actors it is addressed to handle it, then
//! whatever follows from it, first in first out, until nothing waits. There is no other source of
//! order, so the same inputs give the same decisions.
//!
//! A handler is atomic. What it sends is held back until it returns; if it raises, nothing of it
//! leaves and the supervisor's policy for that actor applies. Messages between Python actors wait in
//! `ready`; orders, and what becomes of them, stay in the order path (`crate::path`).

use std::collections::VecDeque;
use std::time::Instant;

use pyo3::exceptions::{PyAssertionError, PyException};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::handler_times::HandlerTimes;
use super::path::PyOrderPath;

/// An actor's place in the dispatcher: what a reference points to, also over restarts.
#[pyclass(module = "openoutcry._native")]
pub struct Cell {
    #[pyo3(get)]
    name: Py<PyString>,
    #[pyo3(get)]
    actor: Option<Py<PyAny>>,
    /// Message type → handler.
    #[pyo3(get)]
    handlers: Option<Py<PyAny>>,
    /// Messages that came while the actor was paused.
    #[pyo3(get)]
    parked: u64,
    #[pyo3(get)]
    failures: u64,
    #[pyo3(get)]
    paused: bool,
}

#[pymethods]
impl Cell {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.actor)?;
        visit.call(&self.handlers)
    }

    #[new]
    fn new(name: Py<PyString>, actor: Py<PyAny>, handlers: Py<PyAny>) -> Self {
        Self {
            name,
            actor: Some(actor),
            handlers: Some(handlers),
            parked: 0,
            failures: 0,
            paused: false,
        }
    }

    /// From now on messages are counted instead of handled.
    fn pause(&mut self) {
        self.paused = true;
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("Cell({})", self.name.bind(py))
    }
}

type Envelope = (Py<Cell>, Py<PyAny>);

/// Runs inputs through the actors, one at a time, to completion.
#[pyclass(module = "openoutcry._native")]
pub struct Dispatcher {
    ready: VecDeque<Envelope>,
    outbox: Vec<Envelope>,
    /// Whose handler runs.
    #[pyo3(get, set)]
    running: Option<Py<Cell>>,
    /// Who is answering: the last one answers the one before it.
    asked: Vec<Py<Cell>>,
    failure_handler: Option<Py<PyAny>>,
    #[pyo3(get)]
    cells: Py<PyDict>,
    path: Option<Py<PyOrderPath>>,
    /// An actor of the core has failed: no more inputs.
    #[pyo3(get)]
    pub stopped: bool,
    /// How long handlers take, once somebody wants to know.
    times: Option<HandlerTimes>,
}

#[pymethods]
impl Dispatcher {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for (cell, message) in self.ready.iter().chain(&self.outbox) {
            visit.call(cell)?;
            visit.call(message)?;
        }
        for cell in self.running.iter().chain(&self.asked) {
            visit.call(cell)?;
        }
        visit.call(&self.failure_handler)?;
        visit.call(&self.cells)?;
        visit.call(&self.path)
    }

    #[new]
    fn new(py: Python<'_>) -> Self {
        Self {
            ready: VecDeque::new(),
            outbox: Vec::new(),
            running: None,
            asked: Vec::new(),
            failure_handler: None,
            cells: PyDict::new(py).unbind(),
            path: None,
            stopped: false,
            times: None,
        }
    }

    /// Measure how long handlers take from now on; `bounds` are those of the counts, in ns, ascending.
    #[pyo3(signature = (bounds, /))]
    fn time_handlers(&mut self, bounds: Vec<u64>) {
        self.times = Some(HandlerTimes::new(&bounds));
    }

    /// Handlers by how long they took (one more than bounds), and all of it in ns; None before.
    fn handler_times(&self) -> Option<(Vec<u64>, u64)> {
        self.times.as_ref().map(HandlerTimes::seen)
    }

    /// Name who decides about failing actors. Without one, a failure propagates.
    #[pyo3(signature = (handler, /))]
    fn supervise(&mut self, handler: Py<PyAny>) {
        self.failure_handler = Some(handler);
    }

    /// Release, with each handler, the orders that it asked for.
    #[pyo3(signature = (path, /))]
    fn carry(&mut self, path: Py<PyOrderPath>) {
        self.path = Some(path);
    }

    /// Let go of every actor, so that nothing of a run outlives it. A second time changes nothing.
    fn close(&mut self, py: Python<'_>) -> PyResult<()> {
        for cell in self.cells.bind(py).values() {
            let mut cell = cell.cast::<Cell>()?.borrow_mut();
            (cell.actor, cell.handlers) = (None, None);
        }
        self.cells.bind(py).clear();
        self.ready.clear();
        self.outbox.clear();
        (self.failure_handler, self.path, self.running) = (None, None, None);
        Ok(())
    }

    /// Give an actor its place. Names are unique.
    #[pyo3(signature = (cell, /))]
    fn add(&self, cell: &Bound<'_, Cell>) -> PyResult<()> {
        let py = cell.py();
        let (cells, name) = (self.cells.bind(py), cell.borrow().name.clone_ref(py));
        if cells.contains(&name)? {
            let text = format!("two actors are named {}", name.bind(py));
            return Err(PyAssertionError::new_err(text));
        }
        cells.set_item(name, cell)
    }

    /// Send a message from inside a handler: it leaves when the handler returns.
    #[pyo3(signature = (cell, message, /))]
    fn emit(&mut self, cell: Py<Cell>, message: Py<PyAny>) {
        self.outbox.push((cell, message));
    }

    /// Send from wherever we are: through the outbox inside a handler, directly outside.
    #[pyo3(signature = (cell, message, /))]
    fn post(&mut self, cell: Py<Cell>, message: Py<PyAny>) {
        if self.running.is_some() || !self.asked.is_empty() {
            self.outbox.push((cell, message));
        } else {
            self.ready.push_back((cell, message));
        }
    }

    /// Whether an actor's handler runs, or waits for an answer: asking it now would never end.
    #[pyo3(signature = (cell, /))]
    fn is_busy(&self, cell: &Bound<'_, Cell>) -> bool {
        let mut busy = self.running.iter().chain(&self.asked);
        busy.any(|other| other.is(cell))
    }

    /// Handle one input and everything that follows from it.
    #[pyo3(signature = (cell, message, /))]
    fn dispatch(slf: &Bound<'_, Self>, cell: Py<Cell>, message: &Bound<'_, PyAny>) -> PyResult<()> {
        run(slf, &[cell], message)
    }

    /// Hand one input to several actors, in order, then handle everything that follows from it.
    #[pyo3(signature = (cells, message, /))]
    fn publish(
        slf: &Bound<'_, Self>,
        cells: Vec<Py<Cell>>,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        run(slf, &cells, message)
    }

    /// Handle what waits, and what follows from it, until nothing does.
    #[pyo3(name = "drain")]
    fn drain_all(slf: &Bound<'_, Self>) -> PyResult<()> {
        drain(slf)
    }

    /// An ask on the core thread: a plain call whose emissions join the caller's.
    ///
    /// A failure goes to the caller, who is atomic itself; what the callee emitted is dropped.
    #[pyo3(signature = (cell, message, /))]
    fn call<'py>(
        slf: &Bound<'py, Self>,
        cell: &Bound<'py, Cell>,
        message: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let path = slf.borrow().path(py);
        let wishes = |path: &Bound<'py, PyOrderPath>| path.borrow().inner.wishes().len();
        let marks = (slf.borrow().outbox.len(), path.as_ref().map(wishes));
        slf.borrow_mut().asked.push(cell.clone().unbind());
        let actor = cell
            .borrow()
            .actor
            .as_ref()
            .map(|actor| actor.clone_ref(py));
        let answer = match actor {
            Some(actor) => actor
                .bind(py)
                .call_method1(intern!(py, "receive"), (message,)),
            None => Err(PyAssertionError::new_err("the dispatcher is closed")),
        };
        let mut this = slf.borrow_mut();
        this.asked.pop();
        if answer.is_err() {
            this.outbox.truncate(marks.0);
            if let (Some(path), Some(mark)) = (&path, marks.1) {
                path.borrow_mut().inner.discard_after(mark);
            }
        }
        if this.running.is_none() && this.asked.is_empty() {
            this.release();
            drop(this);
            path.map_or(Ok(()), |path| settle(slf, &path))?;
        }
        answer
    }
}

impl Dispatcher {
    /// Whether no message waits.
    pub fn is_quiet(&self) -> bool {
        self.ready.is_empty()
    }

    /// What a handler sent may leave.
    fn release(&mut self) {
        self.ready.extend(self.outbox.drain(..));
    }

    fn path<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyOrderPath>> {
        self.path.as_ref().map(|path| path.bind(py).clone())
    }
}

/// Hand one input to actors, then handle everything that follows from it.
pub fn run(
    dispatcher: &Bound<'_, Dispatcher>,
    cells: &[Py<Cell>],
    message: &Bound<'_, PyAny>,
) -> PyResult<()> {
    for cell in cells {
        deliver(dispatcher, cell.bind(dispatcher.py()), message)?;
    }
    drain(dispatcher)
}

/// Handle what waits, and what follows from it, until nothing does.
pub fn drain(dispatcher: &Bound<'_, Dispatcher>) -> PyResult<()> {
    let py = dispatcher.py();
    loop {
        let next = dispatcher.borrow_mut().ready.pop_front();
        if let Some((cell, message)) = next {
            deliver(dispatcher, cell.bind(py), message.bind(py))?;
            continue;
        }
        let Some(path) = dispatcher.borrow().path(py) else {
            return Ok(());
        };
        let Some((cell, message)) = PyOrderPath::next_news(&path)? else {
            return Ok(());
        };
        deliver(dispatcher, &cell, &message)?;
    }
}

/// Run one handler; what it asked for leaves when it returns.
pub fn deliver(
    dispatcher: &Bound<'_, Dispatcher>,
    cell: &Bound<'_, Cell>,
    message: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = dispatcher.py();
    let handlers = {
        let mut place = cell.borrow_mut();
        match &place.handlers {
            Some(handlers) if !place.paused => handlers.clone_ref(py),
            _ => {
                place.parked += 1;
                return Ok(());
            }
        }
    };
    let started = {
        let mut this = dispatcher.borrow_mut();
        this.running = Some(cell.clone().unbind());
        this.times.as_ref().map(|_| Instant::now())
    };
    let handled = handlers
        .bind(py)
        .get_item(message.get_type())
        .and_then(|handler| handler.call1((message,)));
    let path = {
        let mut this = dispatcher.borrow_mut();
        this.running = None;
        if let (Some(times), Some(started)) = (&mut this.times, started) {
            times.ran_since(started);
        }
        if handled.is_ok() && !this.outbox.is_empty() {
            this.release();
        }
        this.path(py)
    };
    match handled {
        Ok(_) => match path {
            Some(path) => settle(dispatcher, &path),
            None => Ok(()),
        },
        Err(error) => {
            let mut blamed = None;
            if let Some(path) = path {
                path.borrow_mut().discard();
                blamed = path.borrow_mut().take_blamed(error.value(py));
            }
            let cell = match blamed {
                Some(actor) => path_cell(dispatcher, actor)?,
                None => cell.clone(),
            };
            let input = message.get_type().name()?;
            fail(dispatcher, &cell, &input.to_string(), error)
        }
    }
}

/// Release the orders that wait in the path; an actor of the path that fails is supervised.
pub fn settle(dispatcher: &Bound<'_, Dispatcher>, path: &Bound<'_, PyOrderPath>) -> PyResult<()> {
    if !path.borrow().has_wishes() {
        return Ok(());
    }
    match PyOrderPath::commit(path) {
        Ok(()) => Ok(()),
        Err(failed) => {
            let cell = path_cell(dispatcher, failed.actor)?;
            fail(dispatcher, &cell, failed.input, failed.error)
        }
    }
}

/// The cell of an actor by its name.
pub fn path_cell<'py>(
    dispatcher: &Bound<'py, Dispatcher>,
    name: &str,
) -> PyResult<Bound<'py, Cell>> {
    let cells = dispatcher.borrow().cells.clone_ref(dispatcher.py());
    let found = cells.bind(dispatcher.py()).as_any().get_item(name)?;
    Ok(found.cast_into::<Cell>()?)
}

/// Drop what the failed handler emitted, then do as the supervisor decides: it answers whether the
/// core may go on. `input` is the class of the message that was handled.
pub fn fail(
    dispatcher: &Bound<'_, Dispatcher>,
    cell: &Bound<'_, Cell>,
    input: &str,
    error: PyErr,
) -> PyResult<()> {
    let py = dispatcher.py();
    let handler = {
        let mut this = dispatcher.borrow_mut();
        this.outbox.clear();
        this.running = None;
        this.failure_handler
            .as_ref()
            .map(|known| known.clone_ref(py))
    };
    if !error.is_instance_of::<PyException>(py) {
        return Err(error); // an interrupt, or the end of the process: nobody's failure
    }
    cell.borrow_mut().failures += 1;
    let Some(handler) = handler else {
        dispatcher.borrow_mut().ready.clear();
        return Err(error);
    };
    let name = intern!(py, "on_failure");
    let answer = handler
        .bind(py)
        .call_method1(name, (cell, input, error.value(py)))?;
    if !answer.is_truthy()? {
        dispatcher.borrow_mut().stopped = true;
    }
    Ok(())
}

/// Adds the classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Cell>()?;
    module.add_class::<Dispatcher>()
}
