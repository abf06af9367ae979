//! Venue reports as the classes of `openoutcry.state.events`.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use super::messages::Messages;
use super::names::Names;
use crate::types::{Fill, InstrumentIx, Nanos, Report};

/// What every order event begins with.
struct Head<'py> {
    id: String,
    instrument: Bound<'py, PyString>,
    ts: Nanos,
    arrived: Nanos,
}

/// The message of a report that reached the core at `arrived`.
pub fn build<'py>(
    messages: &Messages,
    py: Python<'py>,
    n: &Names,
    venue: usize,
    report: &Report,
    arrived: Nanos,
) -> PyResult<Bound<'py, PyAny>> {
    let head = |id: &u128, ix: &InstrumentIx, ts: &Nanos| Head {
        id: format!("{id:032x}"),
        instrument: messages.labels(*ix).id.bind(py).clone(),
        ts: *ts,
        arrived,
    };
    let reasoned = |class: &Py<PyType>, h: Head<'py>, reason: &str| {
        class
            .bind(py)
            .call1((h.id, h.instrument, h.ts, h.arrived, reason))
    };
    let ended = |class: &Py<PyType>, h: Head<'py>, cumulative: i64, reason: &str| {
        class
            .bind(py)
            .call1((h.id, h.instrument, h.ts, h.arrived, cumulative, reason))
    };
    match report {
        Report::Accepted {
            id,
            instrument,
            ts,
            venue_order_id,
        } => {
            let text = venue_order_id.to_string();
            reasoned(&n.order_accepted, head(id, instrument, ts), &text)
        }
        Report::Rejected {
            id,
            instrument,
            ts,
            reason,
        } => {
            let h = head(id, instrument, ts);
            let class = n.order_rejected.bind(py);
            class.call1((h.id, h.instrument, h.ts, h.arrived, reason, ""))
        }
        Report::Triggered { id, instrument, ts } => {
            let h = head(id, instrument, ts);
            n.order_triggered
                .bind(py)
                .call1((h.id, h.instrument, h.ts, h.arrived))
        }
        Report::Filled(fill) => filled(messages, py, n, fill, arrived),
        Report::Canceled {
            id,
            instrument,
            ts,
            cumulative,
            reason,
        } => ended(
            &n.order_canceled,
            head(id, instrument, ts),
            *cumulative,
            reason,
        ),
        Report::Expired {
            id,
            instrument,
            ts,
            cumulative,
            reason,
        } => ended(
            &n.order_expired,
            head(id, instrument, ts),
            *cumulative,
            reason,
        ),
        Report::Replaced {
            id,
            instrument,
            ts,
            quantity,
            limit,
            trigger,
        } => {
            let h = head(id, instrument, ts);
            let class = n.order_replaced.bind(py);
            class.call1((
                h.id,
                h.instrument,
                h.ts,
                h.arrived,
                quantity,
                limit,
                trigger,
            ))
        }
        Report::CancelRejected {
            id,
            instrument,
            ts,
            reason,
        } => reasoned(&n.cancel_rejected, head(id, instrument, ts), reason),
        Report::ReplaceRejected {
            id,
            instrument,
            ts,
            reason,
        } => reasoned(&n.replace_rejected, head(id, instrument, ts), reason),
        Report::Cash {
            instrument,
            ts,
            currency,
            amount,
            reason,
        } => {
            let instrument = instrument.map(|ix| messages.labels(ix).id.bind(py));
            let (code, scale) = &messages.currencies[usize::from(*currency)];
            let (venue, code) = (messages.venues[venue].bind(py), code.bind(py));
            let strategy = py.None();
            n.cash_adjusted.bind(py).call1((
                venue, instrument, ts, arrived, code, amount, scale, reason, strategy,
            ))
        }
        Report::Split {
            instrument,
            ts,
            numerator,
            denominator,
        } => {
            let (venue, id) = (
                messages.venues[venue].bind(py),
                messages.labels(*instrument).id.bind(py),
            );
            n.position_adjusted
                .bind(py)
                .call1((venue, id, ts, arrived, numerator, denominator))
        }
        Report::Liquidated { ts, reason } => {
            let venue = messages.venues[venue].bind(py);
            n.account_liquidated
                .bind(py)
                .call1((venue, ts, arrived, reason))
        }
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
