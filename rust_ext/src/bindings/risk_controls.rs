//! `RiskControl`: latches and the view of risk for Python; see `crate::path::latches`.

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::path::PyOrderPath;
use super::risk::{read_limit, read_units};
use crate::path::view::View;
use crate::risk::{
    Control, Controls, Day, HolderLimits, Latched, NamedHalt, NamedScope, Names, Row, Scope,
};
use crate::types::Nanos;

/// (strategy, instrument, reason, venue, since) of a latch.
pub type NamedLatch = (
    Option<String>,
    Option<String>,
    String,
    Option<String>,
    Nanos,
);

/// A row of the view: control, (strategy, instrument, venue), limit, used, state, since.
type NamedRow = (
    &'static str,
    (Option<String>, Option<String>, Option<String>),
    String,
    String,
    &'static str,
    Option<Nanos>,
);

/// A scope by names.
pub fn scope_of(
    strategy: Option<String>,
    instrument: Option<String>,
    venue: Option<String>,
) -> NamedScope {
    NamedScope {
        strategy,
        venue,
        instrument,
    }
}

/// Latches as Python has them.
pub fn named(latches: Vec<NamedHalt>) -> Vec<NamedLatch> {
    let row = |one: NamedHalt| {
        let NamedScope {
            strategy,
            venue,
            instrument,
        } = one.scope;
        (strategy, instrument, one.reason, venue, one.since)
    };
    latches.into_iter().map(row).collect()
}

/// What people and controls do to the risk of an order path: halt, restrict, resume, look.
#[pyclass(name = "RiskControl", module = "openoutcry._native", frozen)]
pub struct RiskControl {
    path: Py<PyOrderPath>,
}

#[pymethods]
impl RiskControl {
    #[new]
    #[pyo3(signature = (path, /))]
    fn new(path: Py<PyOrderPath>) -> Self {
        Self { path }
    }

    /// Stop new orders of a scope; `reason` says why.
    #[pyo3(signature = (reason, strategy, instrument, venue, /))]
    fn halt(
        &self,
        py: Python<'_>,
        reason: String,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
    ) -> PyResult<()> {
        let scope = scope_of(strategy, instrument, venue);
        self.latch(py, Latched::Halt, scope, reason)
    }

    /// Let only orders pass that reduce.
    #[pyo3(signature = (reason, strategy, instrument, venue, /))]
    fn restrict(
        &self,
        py: Python<'_>,
        reason: String,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
    ) -> PyResult<()> {
        let scope = scope_of(strategy, instrument, venue);
        self.latch(py, Latched::ReduceOnly, scope, reason)
    }

    /// Lift every latch of a scope, and forget what led to it.
    #[pyo3(signature = (reason, strategy, instrument, venue, /))]
    fn resume(
        &self,
        py: Python<'_>,
        reason: &str,
        strategy: Option<String>,
        instrument: Option<String>,
        venue: Option<String>,
    ) -> PyResult<()> {
        let scope = scope_of(strategy, instrument, venue);
        let Some(numbers) = self.numbers(py, &scope) else {
            let path = self.path.borrow(py);
            path.risk.borrow_mut(py).inner.rearm_named(&scope);
            return Ok(());
        };
        let path = self.path.bind(py);
        PyOrderPath::with(path, |inner, parts| inner.resume(reason, numbers, parts))
            .map_err(|failed| path.borrow_mut().blame(py, failed))
    }

    /// The feed of an instrument is silent, or is back.
    #[pyo3(signature = (instrument, silent, /))]
    fn feed_stale(&self, py: Python<'_>, instrument: String, silent: bool) -> PyResult<()> {
        let scope = scope_of(None, Some(instrument), None);
        let Some(ix) = self.numbers(py, &scope).and_then(|scope| scope.instrument) else {
            return Ok(());
        };
        let path = self.path.bind(py);
        PyOrderPath::with(path, |inner, parts| inner.feed_stale(ix, silent, parts))
            .map_err(|failed| path.borrow_mut().blame(py, failed))
    }

    /// Every limit with its use, then the latches.
    fn view(&self, py: Python<'_>) -> Vec<NamedRow> {
        let path = self.path.borrow(py);
        let (market, books) = (path.market.borrow(py), path.books.borrow(py));
        let (orders, risk) = (path.orders.borrow(py), path.risk.borrow(py));
        let now = path.inner.now;
        let view = View::new(now, &market.inner, &books.inner, &orders.inner);
        let row = |row: Row| {
            let scope = row.scope;
            let names = (scope.strategy, scope.instrument, scope.venue);
            (
                row.control,
                names,
                row.limit,
                row.used,
                row.state,
                row.since,
            )
        };
        risk.inner.view(&view).into_iter().map(row).collect()
    }
}

impl RiskControl {
    fn numbers(&self, py: Python<'_>, scope: &NamedScope) -> Option<Scope> {
        let path = self.path.borrow(py);
        let risk = path.risk.borrow(py);
        scope.numbers(risk.inner.names())
    }

    fn latch(
        &self,
        py: Python<'_>,
        latched: Latched,
        scope: NamedScope,
        reason: String,
    ) -> PyResult<()> {
        let path = self.path.bind(py);
        let Some(numbers) = self.numbers(py, &scope) else {
            // It stops nobody here, and is kept for whoever restores this risk's snapshot.
            let this = path.borrow();
            let since = this.inner.now;
            let halt = NamedHalt {
                scope,
                reason,
                since,
            };
            this.risk.borrow_mut(py).inner.latch_named(latched, halt);
            return Ok(());
        };
        PyOrderPath::with(path, |inner, parts| {
            inner.latch(latched, numbers, &reason, parts)
        })
        .map_err(|failed| path.borrow_mut().blame(py, failed))
    }
}

/// Limits of holders from a mapping that Python resolved.
pub fn read_controls(names: &Names, from: &Bound<'_, PyDict>) -> PyResult<Controls> {
    let get = |key: &str| {
        let found = from.get_item(key)?;
        found.ok_or_else(|| PyKeyError::new_err(key.to_owned()))
    };
    let mut controls = Controls {
        account: read_holder(&get("account")?)?,
        money: get("money")?.extract()?,
        day: Day {
            starts: get("day_starts")?.extract()?,
            offsets: get("day_offsets")?.extract()?,
        },
        live: get("live")?.extract()?,
        ..Controls::default()
    };
    controls.complete(names);
    for (key, name) in get("strategies")?.cast::<PyDict>()?.iter() {
        if let Some(book) = names.book(&key.extract::<String>()?) {
            controls.strategies[book as usize] = read_holder(&name)?;
        }
    }
    for (key, name) in get("venues")?.cast::<PyDict>()?.iter() {
        if let Some(venue) = names.venue(&key.extract::<String>()?) {
            controls.venues[venue as usize] = read_holder(&name)?;
        }
    }
    Ok(controls)
}

fn read_holder(from: &Bound<'_, PyAny>) -> PyResult<HolderLimits> {
    let mut limits = HolderLimits::default();
    for control in Control::ALL {
        let given = from.get_item(control.name())?;
        limits.set(control, read_limit(&given, read_units)?);
    }
    limits.messages_ms = from.get_item("messages_ms")?.extract()?;
    limits.executions_ms = from.get_item("executions_ms")?.extract()?;
    Ok(limits)
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RiskControl>()
}
