//! `Risk`: halts and pre-trade checks for Python; see `crate::risk`.

use std::cell::RefCell;
use std::ops::ControlFlow;

use pyo3::exceptions::{PyKeyError, PyOverflowError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use super::directory::PyDirectory;
use super::names::{Names, names, raise};
use super::order_messages::read_intent;
use super::risk_controls::{NamedLatch, named, read_controls, scope_of};
use crate::ledger::BookIx;
use crate::risk::{
    Ages, Controls, Latched, Limit, Limits, NUMERIC_OVERFLOW, NamedHalt, Risk, SetLimitError,
    Setting, SnapshotError, World,
};
use crate::types::{Instrument, InstrumentIx, Nanos, Quote, Side};

/// What one instrument's mapping of limits holds, no more and no less.
const KEYS: [&str; 11] = [
    "collar",
    "quote_age_ms",
    "trade_age_ms",
    "bar_age_ms",
    "max_order_value",
    "max_order_quantity",
    "max_position",
    "max_orders",
    "per_ms",
    "max_data_age_ms",
    "duplicate_ms",
];

/// A limit that was set: name, value, strategy, instrument, venue.
type NamedSetting = (
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Limits, halts and checks of one run, and what the checks remember.
#[pyclass(name = "Risk", module = "openoutcry._native")]
pub struct PyRisk {
    pub inner: Risk,
    directory: Py<PyDirectory>,
}

#[pymethods]
impl PyRisk {
    #[new]
    #[pyo3(signature = (directory, limits, controls=None, /))]
    fn new(
        directory: Bound<'_, PyDirectory>,
        limits: Vec<Bound<'_, PyDict>>,
        controls: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let inner = {
            let known = &directory.borrow().inner;
            if known.instruments.len() != limits.len() {
                let message = format!(
                    "{} mappings of limits for {} instruments",
                    limits.len(),
                    known.instruments.len()
                );
                return Err(PyValueError::new_err(message));
            }
            let pairs = known.instruments.iter().zip(&limits);
            let limits = pairs.map(|(item, limits)| read_limits(item, limits));
            let limits = limits.collect::<PyResult<_>>()?;
            let risk = Risk::new(known, limits, Controls::default());
            match controls {
                None => risk,
                Some(given) => risk.with_controls(|names| read_controls(names, given))?,
            }
        };
        Ok(Self {
            inner,
            directory: directory.unbind(),
        })
    }

    /// Names of the checks, in the order in which their reasons are given.
    #[getter]
    fn checks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.inner.check_names())
    }

    /// Everything that speaks against an order, halts first; empty when it may pass.
    #[pyo3(signature = (order, added, view, /))]
    fn reasons<'py>(
        &self,
        order: &Bound<'py, PyAny>,
        added: i128,
        view: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let py = order.py();
        let directory = self.directory.bind(py);
        let intent = read_intent(&mut *directory.try_borrow_mut()?, order)?;
        let world = PyWorld {
            names: names(py)?,
            directory,
            view,
            error: RefCell::new(None),
        };
        let reasons = self.inner.reasons(&intent, added, &world);
        match world.error.into_inner() {
            Some(error) => Err(error),
            None => PyTuple::new(py, reasons),
        }
    }

    /// The order passed and leaves: what counts orders counts it.
    #[pyo3(signature = (order, now, /))]
    fn approved(&mut self, order: &Bound<'_, PyAny>, now: Nanos) -> PyResult<()> {
        let directory = self.directory.bind(order.py());
        let intent = read_intent(&mut *directory.try_borrow_mut()?, order)?;
        self.inner.approved(&intent, now);
        Ok(())
    }

    /// Halts a scope; the latest reason stands.
    #[pyo3(signature = (reason, strategy=None, instrument=None, venue=None, since=0, /))]
    fn halt(
        &mut self,
        reason: String,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
        since: Nanos,
    ) {
        let scope = scope_of(strategy, instrument, venue);
        let halt = NamedHalt {
            scope,
            reason,
            since,
        };
        self.inner.latch_named(Latched::Halt, halt);
    }

    /// Lifts every latch of a scope, and forgets what led to it.
    #[pyo3(signature = (strategy=None, instrument=None, venue=None, /))]
    fn resume(
        &mut self,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
    ) {
        self.inner
            .rearm_named(&scope_of(strategy, instrument, venue));
    }

    /// Why a strategy may not trade an instrument: the reason of every halt that applies.
    #[pyo3(signature = (strategy, instrument, /))]
    fn halts<'py>(
        &self,
        strategy: &Bound<'py, PyAny>,
        instrument: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let py = strategy.py();
        let directory = self.directory.bind(py).try_borrow()?;
        let (book, ix) = (directory.book(strategy)?, directory.instrument(instrument)?);
        PyTuple::new(py, self.inner.halts.reasons(book, ix))
    }

    /// Every halt as (strategy, instrument, reason, venue, since), in the order in which they were
    /// called.
    fn halted(&self) -> Vec<NamedLatch> {
        named(self.inner.latched(Latched::Halt))
    }

    /// Every reduce-only state, in the same form.
    fn restricted(&self) -> Vec<NamedLatch> {
        named(self.inner.latched(Latched::ReduceOnly))
    }

    /// Sets a limit from now on.
    #[pyo3(signature = (name, value, strategy=None, instrument=None, venue=None, /))]
    fn set_limit(
        &mut self,
        py: Python<'_>,
        name: String,
        value: String,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
    ) -> PyResult<()> {
        let scope = scope_of(strategy, instrument, venue);
        let set = self.inner.set_limit(Setting { name, scope, value });
        set.map_err(|error| refused(py, &error))
    }

    /// Whether a limit that is set would let more pass than the one in force.
    #[pyo3(signature = (name, value, strategy=None, instrument=None, venue=None, /))]
    fn is_looser(
        &self,
        py: Python<'_>,
        name: String,
        value: String,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
    ) -> PyResult<bool> {
        let scope = scope_of(strategy, instrument, venue);
        let looser = self.inner.is_looser(&Setting { name, scope, value });
        looser.map_err(|error| refused(py, &error))
    }

    /// Limits that were set at run time, oldest first: name, value, strategy, instrument, venue.
    fn settings(&self) -> Vec<NamedSetting> {
        let all = self.inner.settings().iter().cloned();
        let named = |Setting { name, scope, value }: Setting| {
            (name, value, scope.strategy, scope.instrument, scope.venue)
        };
        all.map(named).collect()
    }

    /// Halts and the memory of the checks; the same state gives the same bytes.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.snapshot())
    }

    /// Continues from a snapshot: what was halted stays halted.
    #[pyo3(signature = (data, /))]
    fn restore(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        self.inner.restore(data).map_err(|error| match error {
            SnapshotError::Damaged => raise(py, |n| &n.codec_error, "the risk snapshot is damaged"),
            SnapshotError::TooNew(version) => {
                let message = format!("risk snapshot of version {version}");
                raise(py, |n| &n.schema_too_new, message)
            }
        })
    }
}

fn refused(py: Python<'_>, error: &SetLimitError) -> PyErr {
    raise(py, |n| &n.config_error, error.text())
}

/// The limits of an instrument from a mapping that Python resolved.
fn read_limits(instrument: &Instrument, from: &Bound<'_, PyDict>) -> PyResult<Limits> {
    if let Some(key) = from.keys().iter().find(|key| {
        let known = |name: &str| KEYS.contains(&name);
        !key.cast::<PyString>()
            .is_ok_and(|key| key.to_str().is_ok_and(known))
    }) {
        return Err(PyValueError::new_err(format!("there is no limit {key}")));
    }
    let get = |key: &str| {
        from.get_item(key)?
            .ok_or_else(|| PyKeyError::new_err(key.to_owned()))
    };
    let ms = |key| -> PyResult<i64> { get(key)?.extract() };
    Ok(Limits {
        price_scale: instrument.price_scale,
        size_scale: instrument.size_scale,
        ages: Ages::of_ms(ms("quote_age_ms")?, ms("trade_age_ms")?, ms("bar_age_ms")?),
        collar: read_limit(&get("collar")?, read_units)?,
        max_order_value: read_limit(&get("max_order_value")?, |value| {
            let Some((top, bottom, text)) = fitting(value.extract::<(i128, u128, String)>())?
            else {
                return Ok(None);
            };
            Ok(crate::risk::Bound::new(instrument, top, bottom, text))
        })?,
        max_order_quantity: read_limit(&get("max_order_quantity")?, read_units)?,
        max_position: read_limit(&get("max_position")?, read_units)?,
        max_orders: read_limit(&get("max_orders")?, read_units)?,
        per_ms: ms("per_ms")?,
        max_data_age: read_limit(&get("max_data_age_ms")?, read_units)?,
        duplicate: read_limit(&get("duplicate_ms")?, read_units)?,
    })
}

/// None is unlimited, a text is why nothing may pass; what does not fit lets nothing pass either.
pub(super) fn read_limit<T>(
    value: &Bound<'_, PyAny>,
    read: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<Option<T>>,
) -> PyResult<Limit<T>> {
    if value.is_none() {
        return Ok(Limit::Unlimited);
    }
    if let Ok(why) = value.cast::<PyString>() {
        return Ok(Limit::Refused(why.to_str()?.to_owned()));
    }
    Ok(match read(value)? {
        Some(units) => Limit::Units(units),
        None => Limit::Refused(NUMERIC_OVERFLOW.to_owned()),
    })
}

pub(super) fn read_units(value: &Bound<'_, PyAny>) -> PyResult<Option<i128>> {
    fitting(value.extract())
}

/// None where an integer was too large.
fn fitting<T>(read: PyResult<T>) -> PyResult<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) => Python::attach(|py| match error.is_instance_of::<PyOverflowError>(py) {
            true => Ok(None),
            false => Err(error),
        }),
    }
}

/// The world as a Python object tells it: `openoutcry.actors.risk_view.RiskView`.
struct PyWorld<'a, 'py> {
    names: &'static Names,
    directory: &'a Bound<'py, PyDirectory>,
    view: &'a Bound<'py, PyAny>,
    /// What the view raised first; the answers after it count for nothing.
    error: RefCell<Option<PyErr>>,
}

impl<'py> PyWorld<'_, 'py> {
    /// An answer of the view, or a default that nobody will see.
    fn told<T: Default>(&self, ask: impl FnOnce() -> PyResult<T>) -> T {
        if self.error.borrow().is_some() {
            return T::default();
        }
        ask().unwrap_or_else(|error| {
            *self.error.borrow_mut() = Some(error);
            T::default()
        })
    }

    fn last(&self, method: &str, ix: InstrumentIx) -> PyResult<Bound<'py, PyAny>> {
        let directory = self.directory.try_borrow()?;
        let id = directory.instrument_id(self.view.py(), ix);
        self.view.call_method1(method, (id,))
    }

    fn of(
        &self,
        method: &str,
        book: Option<BookIx>,
        ix: InstrumentIx,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = self.view.py();
        let directory = self.directory.try_borrow()?;
        let strategy = book.map(|book| directory.book_name(py, book));
        let id = directory.instrument_id(py, ix);
        self.view.call_method1(method, (strategy, id))
    }
}

impl World for PyWorld<'_, '_> {
    fn now(&self) -> Nanos {
        let py = self.view.py();
        self.told(|| self.view.getattr(intern!(py, "now"))?.extract())
    }

    fn quote(&self, ix: InstrumentIx) -> Option<Quote> {
        let last = self.told(|| {
            let last = self.last("quote", ix)?;
            last.extract::<Option<(Nanos, i64, i64, i64, i64)>>()
        });
        last.map(|(ts, bid, ask, bid_size, ask_size)| Quote {
            ts_event: ts,
            ts_received: ts,
            bid,
            ask,
            bid_size,
            ask_size,
        })
    }

    fn trade(&self, ix: InstrumentIx) -> Option<(Nanos, i64, i64)> {
        self.told(|| self.last("trade", ix)?.extract())
    }

    fn bar(&self, ix: InstrumentIx) -> Option<(Nanos, i64)> {
        self.told(|| self.last("bar", ix)?.extract())
    }

    fn position(&self, book: Option<BookIx>, ix: InstrumentIx) -> i128 {
        self.told(|| self.of("position_units", book, ix)?.extract())
    }

    fn working(&self, book: Option<BookIx>, ix: InstrumentIx) -> (i128, i128) {
        self.told(|| self.of("working_units", book, ix)?.extract())
    }

    fn worth(&self, ix: InstrumentIx, units: i128) -> Option<i128> {
        self.told(|| {
            let directory = self.directory.try_borrow()?;
            let id = directory.instrument_id(self.view.py(), ix);
            self.view.call_method1("worth", (id, units))?.extract()
        })
    }

    fn data_ts(&self, ix: InstrumentIx) -> Option<Nanos> {
        self.told(|| self.last("data_ts", ix)?.extract())
    }

    fn book_lost(&self, ix: InstrumentIx) -> bool {
        self.told(|| self.last("book_lost", ix)?.extract())
    }

    fn resting(
        &self,
        ix: InstrumentIx,
        side: Side,
        visit: &mut dyn FnMut(BookIx, i64) -> ControlFlow<()>,
    ) {
        let py = self.view.py();
        let found = self.told(|| {
            let directory = self.directory.try_borrow()?;
            let id = directory.instrument_id(py, ix);
            let side = self.names.side.member(py, side);
            let all = self.view.call_method1(intern!(py, "resting"), (id, side))?;
            all.try_iter()?
                .map(|one| {
                    let (strategy, limit) = one?.extract::<(Bound<'_, PyAny>, i64)>()?;
                    Ok((directory.book(&strategy)?, limit))
                })
                .collect::<PyResult<Vec<(BookIx, i64)>>>()
        });
        for (book, limit) in found {
            if visit(book, limit).is_break() {
                return;
            }
        }
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyRisk>()?;
    super::risk_controls::register(module)
}
