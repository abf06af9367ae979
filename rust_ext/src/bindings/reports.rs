//! Venue reports as the classes of `openoutcry.state.events`.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use super::messages::{Fields, Messages, concatenated};
use super::names::Names;
use crate::types::{Fill, InstrumentIx, Nanos, Report};

/// The message of a report that reached the core at `arrived`.
pub fn build<'py>(
    messages: &Messages,
    py: Python<'py>,
    n: &Names,
    venue: usize,
    report: &Report,
    arrived: Nanos,
) -> PyResult<Bound<'py, PyAny>> {
    match (report, report.order()) {
        (Report::Filled(fill), _) => filled(messages, py, n, fill, arrived),
        (_, Some((id, ix))) => {
            let event = OrderEvent {
                py,
                messages,
                id,
                ix,
                stamps: (report.ts(), arrived),
            };
            event.build(n, report)
        }
        (_, None) => account(messages, py, n, venue, report, arrived),
    }
}

/// What every order event begins with.
struct OrderEvent<'py, 'a> {
    py: Python<'py>,
    messages: &'a Messages,
    id: u128,
    ix: InstrumentIx,
    stamps: (Nanos, Nanos),
}

impl<'py> OrderEvent<'py, '_> {
    fn common(&self) -> (String, &Bound<'py, PyString>, Nanos, Nanos) {
        let instrument = self.messages.labels(self.ix).id.bind(self.py);
        let (event, arrived) = self.stamps;
        (format!("{:032x}", self.id), instrument, event, arrived)
    }

    fn of(&self, class: &Py<PyType>, rest: impl Fields<'py>) -> PyResult<Bound<'py, PyAny>> {
        concatenated(class.bind(self.py), self.common(), rest)
    }

    fn build(&self, n: &Names, report: &Report) -> PyResult<Bound<'py, PyAny>> {
        match report {
            Report::Accepted { venue_order_id, .. } => {
                self.of(&n.order_accepted, (venue_order_id.to_string(),))
            }
            Report::Rejected { reason, .. } => self.of(&n.order_rejected, (*reason, "")),
            Report::Canceled {
                cumulative, reason, ..
            } => self.of(&n.order_canceled, (*cumulative, *reason)),
            Report::Expired {
                cumulative, reason, ..
            } => self.of(&n.order_expired, (*cumulative, *reason)),
            Report::Replaced {
                quantity,
                limit,
                trigger,
                ..
            } => self.of(&n.order_replaced, (*quantity, *limit, *trigger)),
            Report::CancelRejected { reason, .. } => self.of(&n.cancel_rejected, (*reason,)),
            Report::ReplaceRejected { reason, .. } => self.of(&n.replace_rejected, (*reason,)),
            _ => n.order_triggered.bind(self.py).call1(self.common()),
        }
    }
}

/// Reports about the account as a whole.
fn account<'py>(
    messages: &Messages,
    py: Python<'py>,
    n: &Names,
    venue: usize,
    report: &Report,
    arrived: Nanos,
) -> PyResult<Bound<'py, PyAny>> {
    let venue = messages.venues[venue].bind(py);
    let stamps = (report.ts(), arrived);
    match report {
        Report::Cash {
            instrument,
            currency,
            amount,
            reason,
            ..
        } => {
            let instrument = instrument.map(|ix| messages.labels(ix).id.bind(py));
            let (code, scale) = &messages.currencies[usize::from(*currency)];
            let common = (venue, instrument, stamps.0, stamps.1);
            let rest = (code.bind(py), *amount, *scale, *reason, py.None());
            concatenated(n.cash_adjusted.bind(py), common, rest)
        }
        Report::Split {
            instrument,
            numerator,
            denominator,
            ..
        } => {
            let id = messages.labels(*instrument).id.bind(py);
            let class = n.position_adjusted.bind(py);
            class.call1((venue, id, stamps.0, stamps.1, numerator, denominator))
        }
        Report::Liquidated { reason, .. } => {
            let class = n.account_liquidated.bind(py);
            class.call1((venue, stamps.0, stamps.1, *reason))
        }
        _ => unreachable!("a report about an order"),
    }
}

fn filled<'py>(
    messages: &Messages,
    py: Python<'py>,
    n: &Names,
    fill: &Fill,
    arrived: Nanos,
) -> PyResult<Bound<'py, PyAny>> {
    let labels = messages.labels(fill.instrument);
    let (fee_currency, fee_scale) = &messages.currencies[usize::from(fill.fee_currency)];
    let position = match messages.positions.get(&fill.position) {
        Some(name) => name.bind(py).clone(),
        None => py.None().into_bound(py),
    };
    let fields = [
        format!("{:032x}", fill.id).into_bound_py_any(py)?,
        labels.id.bind(py).clone().into_any(),
        fill.ts.into_bound_py_any(py)?,
        arrived.into_bound_py_any(py)?,
        fill.venue_order_id.to_string().into_bound_py_any(py)?,
        fill.fill_id.to_string().into_bound_py_any(py)?,
        n.side.member(py, fill.side).clone(),
        fill.price.into_bound_py_any(py)?,
        fill.quantity.into_bound_py_any(py)?,
        fill.cumulative.into_bound_py_any(py)?,
        labels.price_scale.into_bound_py_any(py)?,
        labels.size_scale.into_bound_py_any(py)?,
        fill.fee.into_bound_py_any(py)?,
        fee_scale.into_bound_py_any(py)?,
        fee_currency.bind(py).clone().into_any(),
        n.liquidity.member(py, fill.liquidity).clone(),
        position,
    ];
    n.order_filled.bind(py).call1(PyTuple::new(py, fields)?)
}
