//! Timers of strategies: set when the handler that asked has returned, forgotten when they fired.

use pyo3::intern;
use pyo3::prelude::*;

use super::path::{Port, PyOrderPath};
use crate::directory::Symbol;
use crate::ledger::BookIx;
use crate::types::Nanos;

impl PyOrderPath {
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
