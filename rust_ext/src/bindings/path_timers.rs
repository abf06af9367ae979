//! Timers: that of the equity samples, and those of strategies, which are set when the handler that asked
//! has returned, and forgotten when they fired.

use pyo3::intern;
use pyo3::prelude::*;

use super::path::{FailedActor, GRID, Port, PyOrderPath};
use crate::directory::Symbol;
use crate::ledger::BookIx;
use crate::path::{Failed, OrderPath, Parts, Stage};
use crate::record::Record;
use crate::types::Nanos;

impl PyOrderPath {
    /// Put the timer of the grid on record (when it was due, how late it is), sample equity and set
    /// the next timer.
    pub fn on_grid(slf: &Bound<'_, Self>, fired: Option<(Nanos, i64)>) -> Result<(), FailedActor> {
        let py = slf.py();
        Self::with(slf, |path, parts| {
            if let Some((ts, late)) = fired {
                note_timer(path, parts, GRID, ts, late)?;
            }
            path.sample(parts)
        })
        .map_err(on_timer)?;
        let this = slf.borrow();
        let due = (this.inner.now.div_euclid(this.grid) + 1).saturating_mul(this.grid);
        let set = match &this.port {
            Port::Kernel(kernel) => {
                let mut kernel = kernel.bind(py).borrow_mut();
                kernel.set_own_timer(due, GRID.0.to_owned(), GRID.1.to_owned());
                Ok(())
            }
            Port::Python { clock, .. } => clock
                .bind(py)
                .call_method1(intern!(py, "set_timer"), (due, GRID.0, GRID.1))
                .map(|_| ()),
        };
        set.map_err(|error| FailedActor {
            actor: "portfolio",
            input: "TimerFired",
            error,
        })
    }

    /// Put a timer that fired on record.
    pub fn record_timer(
        slf: &Bound<'_, Self>,
        owner: &str,
        name: &str,
        ts: Nanos,
        late: i64,
    ) -> Result<(), FailedActor> {
        Self::with(slf, |path, parts| {
            note_timer(path, parts, (owner, name), ts, late)
        })
        .map_err(on_timer)
    }

    /// Forget the handle of a timer that fired.
    pub fn timer_fired(&mut self, book: BookIx, name: Symbol) {
        self.handles.remove(&(book, name));
    }

    /// Hand over to the clock what strategies asked of their timers.
    pub(super) fn set_timers(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        loop {
            let mut this = slf.borrow_mut();
            let Some(ask) = this.inner.timers.pop_front() else {
                return Ok(());
            };
            let before = this.handles.remove(&(ask.book, ask.name));
            let (owner, name) = {
                let directory = this.directory.borrow(py);
                let owner = format!("strategy/{}", directory.inner.books[ask.book as usize]);
                (owner, directory.inner.text(ask.name).to_owned())
            };
            let handle = match &this.port {
                Port::Kernel(kernel) => {
                    let mut kernel = kernel.bind(py).borrow_mut();
                    before.into_iter().for_each(|old| kernel.forget_timer(old));
                    ask.at.map(|at| kernel.set_own_timer(at, owner, name))
                }
                Port::Python { clock, .. } => {
                    let clock = clock.bind(py).clone();
                    drop(this);
                    let handle = ask_clock(&clock, before, ask.at, (owner, name))?;
                    this = slf.borrow_mut();
                    handle
                }
            };
            if let Some(handle) = handle {
                this.handles.insert((ask.book, ask.name), handle);
            }
        }
    }
}

/// Have a clock in Python forget a timer and set another.
fn ask_clock(
    clock: &Bound<'_, PyAny>,
    before: Option<u64>,
    at: Option<Nanos>,
    (owner, name): (String, String),
) -> PyResult<Option<u64>> {
    let py = clock.py();
    if let Some(old) = before {
        clock.call_method1(intern!(py, "cancel_timer"), (old,))?;
    }
    let Some(at) = at else {
        return Ok(None);
    };
    let set = clock.call_method1(intern!(py, "set_timer"), (at, owner, name))?;
    Ok(Some(set.extract()?))
}

/// A failure when a timer fired.
fn on_timer(failed: FailedActor) -> FailedActor {
    FailedActor {
        input: "TimerFired",
        ..failed
    }
}

fn note_timer(
    path: &OrderPath,
    parts: &mut Parts<'_>,
    (owner, name): (&str, &str),
    ts: Nanos,
    late: i64,
) -> Result<(), Failed> {
    let record = Record::Timer {
        owner,
        name,
        ts,
        late,
    };
    let recorded = parts.journal.record(path.seq, &record, parts.names);
    recorded.map_err(|failure| Stage::Portfolio.failed(failure))
}
