//! What has left the gate goes to the venue's port, which may be broken.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;

use super::failures::to_python;
use super::path::{Port, PyOrderPath};
use crate::path::Outgoing;

/// Letters of an error that go on record.
const LONGEST: usize = 300;

impl PyOrderPath {
    /// Hand over to the venue what has left the gate.
    pub(super) fn send(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let asked = !slf.borrow().inner.timers.is_empty();
        let timers = match asked {
            true => Self::set_timers(slf),
            false => Ok(()),
        };
        loop {
            let Some(outgoing) = slf.borrow_mut().inner.outgoing.pop_front() else {
                return timers; // a broken clock keeps no order
            };
            let order = (outgoing.id(), outgoing.instrument());
            let Err(error) = Self::send_one(slf, outgoing) else {
                continue;
            };
            let why = format!("the venue's port failed: {}", words(&error, py));
            slf.borrow_mut().inner.on_broken_port(order, &why);
            let ours = matches!(slf.borrow().port, Port::Kernel(_));
            if ours || !error.is_instance_of::<PyException>(py) {
                return Err(error);
            }
        }
    }

    fn send_one(slf: &Bound<'_, Self>, outgoing: Outgoing) -> PyResult<()> {
        let py = slf.py();
        let this = slf.borrow();
        match &this.port {
            Port::Kernel(kernel) => {
                let sent = kernel.bind(py).borrow_mut().send(outgoing.command());
                sent.map_err(|failure| to_python(py, failure))
            }
            Port::Python { venue, .. } => {
                let message = this.build(py, &outgoing)?;
                let venue = venue.clone_ref(py);
                drop(this);
                let submit = intern!(py, "submit");
                venue.bind(py).call_method1(submit, (message,)).map(|_| ())
            }
        }
    }
}

/// An error as it goes on record.
fn words(error: &PyErr, py: Python<'_>) -> String {
    let text = error.value(py).repr().map(|text| text.to_string());
    let text = text.unwrap_or_else(|_| "an error that can't be shown".to_owned());
    text.chars().take(LONGEST).collect()
}
