//! Commands of the order path as messages: those that come, and those that leave.

use pyo3::exceptions::PyBaseException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::names::names;
use super::order_messages::{build_ask, build_event, build_submit, read_ask, read_intent};
use super::path::{FailedActor, PyOrderPath};
use crate::ledger::BookIx;
use crate::path::{Notice, Outgoing, Wish};

impl PyOrderPath {
    /// The message of a command that leaves.
    pub(super) fn build<'py>(
        &self,
        py: Python<'py>,
        outgoing: &Outgoing,
    ) -> PyResult<Bound<'py, PyAny>> {
        let directory = self.directory.borrow(py);
        match outgoing {
            Outgoing::Submit(intent) => build_submit(py, &directory, intent),
            Outgoing::Ask { id, ts, ask, .. } => {
                let orders = self.orders.borrow(py);
                match orders.inner.get(*id) {
                    Some(order) => build_ask(py, &directory, &order.intent, *ts, ask),
                    None => unreachable!("a command about an order that the table does not have"),
                }
            }
        }
    }

    /// The message of what the gate has to tell.
    pub(super) fn build_notice<'py>(
        &self,
        py: Python<'py>,
        notice: &Notice,
    ) -> PyResult<Bound<'py, PyAny>> {
        match notice {
            Notice::Event(event) => build_event(py, &self.directory.borrow(py), event),
            Notice::Halt { ts, reason } => {
                let fields = PyDict::new(py);
                fields.set_item("ts", ts)?;
                fields.set_item("reason", reason)?;
                names(py)?.halt.bind(py).call((), Some(&fields))
            }
        }
    }

    /// What a command that comes as a message asks for; None when it concerns nobody of this run.
    pub(super) fn read_wish(&self, command: &Bound<'_, PyAny>) -> PyResult<Option<Wish>> {
        let py = command.py();
        let n = names(py)?;
        let class = command.get_type();
        let ts = command.getattr(intern!(py, "ts"))?.extract()?;
        if class.is(&n.submit_order) {
            let intent = read_intent(&mut self.directory.borrow_mut(py), command)?;
            return Ok(Some(Wish::Submit(Box::new(intent))));
        }
        if class.is(&n.cancel_all) || class.is(&n.flatten) {
            let strategy = command.getattr(intern!(py, "strategy"))?;
            let instrument = command.getattr(intern!(py, "instrument"))?;
            let some = |value: &Bound<'_, PyAny>| !value.is_none();
            let scope = (
                Some(&strategy).filter(|value| some(value)),
                Some(&instrument).filter(|value| some(value)),
            );
            let Some((book, instrument)) = self.scope(py, scope.0, scope.1) else {
                return Ok(None);
            };
            return Ok(Some(if class.is(&n.flatten) {
                Wish::Flatten {
                    ts,
                    book,
                    instrument,
                }
            } else {
                Wish::CancelAll {
                    ts,
                    book,
                    instrument,
                }
            }));
        }
        let (id, instrument, ask) = read_ask(&self.directory.borrow(py), command)?;
        Ok(Some(Wish::Ask {
            id,
            instrument,
            ts,
            ask,
        }))
    }

    /// What risk would say of a new order at this moment.
    pub(super) fn said_of(
        slf: &Bound<'_, Self>,
        order: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<String>> {
        let intent = {
            let this = slf.borrow();
            let mut directory = this.directory.borrow_mut(order.py());
            read_intent(&mut directory, order)?
        };
        let mut reasons = Vec::new();
        let read = Self::with(slf, |path, parts| {
            reasons = path.reasons(&intent, parts);
            Ok(())
        });
        read.map_err(|failed| failed.error)?;
        Ok(reasons)
    }

    /// The numbers of a strategy and an instrument; None when this run does not have one of them.
    pub(super) fn scope(
        &self,
        py: Python<'_>,
        strategy: Option<&Bound<'_, PyAny>>,
        instrument: Option<&Bound<'_, PyAny>>,
    ) -> Option<(Option<BookIx>, Option<u32>)> {
        let directory = self.directory.borrow(py);
        let book = strategy.map(|name| directory.book(name)).transpose().ok()?;
        let ix = instrument.map(|id| directory.instrument(id)).transpose();
        Some((book, ix.ok()?))
    }

    /// Keep an actor's failure in mind while its error is on the way through a handler.
    pub(super) fn blame(&mut self, py: Python<'_>, failed: FailedActor) -> PyErr {
        self.blamed = Some((failed.actor, failed.error.value(py).clone().unbind()));
        failed.error
    }

    /// The actor of the path that raised an error, if one did.
    pub(super) fn take_blamed(
        &mut self,
        error: &Bound<'_, PyBaseException>,
    ) -> Option<&'static str> {
        let (actor, raised) = self.blamed.take()?;
        raised.is(error).then_some(actor)
    }
}
