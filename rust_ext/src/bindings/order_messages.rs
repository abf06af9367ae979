//! Commands and order events: the msgspec messages as the engine's values, and back.

use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::commands::read_submit;
use super::directory::PyDirectory;
use super::messages::{Fields, concatenated};
use super::names::{Names, names, raise};
use crate::directory::Directory;
use crate::orders::{Ask, Event, FillEvent, Intent, NewTerms, Text, VenueKey, What};
use crate::types::{InstrumentIx, Submit};

/// The 128 bits of a client order id.
pub fn order_id(text: &Bound<'_, PyAny>) -> PyResult<u128> {
    let text: PyBackedStr = text.extract()?;
    parse_id(&text)
        .ok_or_else(|| PyValueError::new_err(format!("{:?} is no client order id", &*text)))
}

/// The id that 32 lower-case hex digits stand for.
pub fn parse_id(text: &str) -> Option<u128> {
    let digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let plain = text.len() == 32 && text.as_bytes().iter().all(digit);
    plain.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

/// A client order id as text: 32 lower-case hex digits.
pub fn id_text<'py>(py: Python<'py>, id: u128) -> Bound<'py, PyString> {
    let digits = crate::record::hex(id);
    // Hex digits are ASCII, so this never fails.
    PyString::new(py, std::str::from_utf8(&digits).unwrap_or_default())
}

/// The name of a group; the empty one is none.
pub fn group(name: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Arc<str>>> {
    let name: Option<PyBackedStr> = name.map(|name| name.extract()).transpose()?;
    Ok(name
        .filter(|name| !name.is_empty())
        .map(|name| Arc::from(&*name)))
}

/// The engine's form of a `SubmitOrder`.
pub fn read_intent(directory: &mut PyDirectory, order: &Bound<'_, PyAny>) -> PyResult<Intent> {
    let py = order.py();
    let get = |name| order.getattr(name);
    let oco_group = get(intern!(py, "oco_group"))?;
    let oco_group = group(Some(&oco_group).filter(|name| !name.is_none()))?;
    let position = directory.symbol(&get(intern!(py, "position"))?)?;
    let tag = directory.symbol(&get(intern!(py, "tag"))?)?;
    let book = directory.book(&get(intern!(py, "strategy"))?)?;
    let id = order_id(&get(intern!(py, "client_order_id"))?)?;
    let instrument = directory.instrument(&get(intern!(py, "instrument"))?)?;
    let submit = Submit {
        oco_group: Directory::group_hash(book, oco_group.as_deref()),
        position: directory.inner.hash(position),
        ..read_submit(order, id, instrument)?
    };
    Ok(Intent {
        ts: get(intern!(py, "ts"))?.extract()?,
        book,
        submit,
        arrival: get(intern!(py, "arrival_units"))?.extract()?,
        oco_group,
        position,
        tag,
    })
}

/// Order id, instrument and wish of a `CancelOrder` or `ReplaceOrder`; `TypeError` for others.
pub fn read_ask(
    directory: &PyDirectory,
    command: &Bound<'_, PyAny>,
) -> PyResult<(u128, InstrumentIx, Ask)> {
    let py = command.py();
    let n = names(py)?;
    let class = command.get_type();
    let get = |name| command.getattr(name);
    let ask = if class.is(&n.cancel_order) {
        Ask::Cancel
    } else if class.is(&n.replace_order) {
        Ask::Replace(NewTerms {
            quantity: get(intern!(py, "quantity_units"))?.extract()?,
            limit: get(intern!(py, "limit_units"))?.extract()?,
            trigger: get(intern!(py, "trigger_units"))?.extract()?,
        })
    } else {
        return Err(PyTypeError::new_err(format!("{class} is no venue command")));
    };
    let id = order_id(&get(intern!(py, "client_order_id"))?)?;
    let ix = directory.instrument(&get(intern!(py, "instrument"))?)?;
    Ok((id, ix, ask))
}

/// Whether a message is an order event.
pub fn is_order_event(n: &Names, message: &Bound<'_, PyAny>) -> bool {
    let class = message.get_type();
    let kinds = [
        &n.order_filled,
        &n.order_accepted,
        &n.order_canceled,
        &n.order_rejected,
        &n.order_expired,
        &n.order_replaced,
        &n.order_triggered,
        &n.order_not_sent,
        &n.order_submitted,
        &n.order_denied,
        &n.cancel_rejected,
        &n.replace_rejected,
        &n.request_unknown,
        &n.fill_busted,
        &n.fill_corrected,
    ];
    kinds.into_iter().any(|kind| class.is(kind))
}

/// The engine's form of an order event of any class; `TypeError` for others.
pub fn read_event(directory: &mut PyDirectory, event: &Bound<'_, PyAny>) -> PyResult<Event> {
    let py = event.py();
    Ok(Event {
        id: order_id(&event.getattr(intern!(py, "client_order_id"))?)?,
        instrument: directory.instrument(&event.getattr(intern!(py, "instrument"))?)?,
        ts_event: event.getattr(intern!(py, "ts_event"))?.extract()?,
        ts_received: event.getattr(intern!(py, "ts_received"))?.extract()?,
        what: read_what(directory, names(py)?, event)?,
    })
}

fn read_what(directory: &mut PyDirectory, n: &Names, event: &Bound<'_, PyAny>) -> PyResult<What> {
    let py = event.py();
    let class = event.get_type();
    let get = |name| event.getattr(name);
    let reason =
        || -> PyResult<Text> { Ok(get(intern!(py, "reason"))?.extract::<String>()?.into()) };
    let number = |name| -> PyResult<i64> { get(name)?.extract() };
    let is = |kind: &Py<PyType>| class.is(kind);
    Ok(if is(&n.order_filled) {
        What::Filled(Box::new(read_fill(directory, n, event)?))
    } else if is(&n.order_accepted) {
        What::Accepted {
            venue_order_id: read_key(&get(intern!(py, "venue_order_id"))?)?,
        }
    } else if is(&n.order_canceled) || is(&n.order_expired) {
        let (cumulative, reason) = (number(intern!(py, "cumulative_units"))?, reason()?);
        match is(&n.order_canceled) {
            true => What::Canceled { cumulative, reason },
            false => What::Expired { cumulative, reason },
        }
    } else if is(&n.order_rejected) {
        let text: String = get(intern!(py, "text"))?.extract()?;
        What::Rejected {
            reason: reason()?,
            text: text.into(),
        }
    } else if is(&n.order_replaced) {
        What::Replaced {
            quantity: number(intern!(py, "quantity_units"))?,
            limit: get(intern!(py, "limit_units"))?.extract()?,
            trigger: get(intern!(py, "trigger_units"))?.extract()?,
        }
    } else if is(&n.order_denied) {
        What::Denied {
            reasons: get(intern!(py, "reasons"))?.extract()?,
        }
    } else if is(&n.fill_busted) || is(&n.fill_corrected) {
        let fill_id = read_key(&get(intern!(py, "fill_id"))?)?;
        let reason = reason()?;
        match is(&n.fill_busted) {
            true => What::Busted { fill_id, reason },
            false => What::Corrected {
                fill_id,
                price: number(intern!(py, "price_units"))?,
                quantity: number(intern!(py, "quantity_units"))?,
                reason,
            },
        }
    } else if is(&n.order_triggered) {
        What::Triggered
    } else if is(&n.order_submitted) {
        What::Submitted
    } else if is(&n.order_not_sent) {
        What::NotSent { reason: reason()? }
    } else if is(&n.cancel_rejected) {
        What::CancelRejected { reason: reason()? }
    } else if is(&n.replace_rejected) {
        What::ReplaceRejected { reason: reason()? }
    } else if is(&n.request_unknown) {
        What::Unknown { reason: reason()? }
    } else {
        return Err(PyTypeError::new_err(format!("{class} is no order event")));
    })
}

fn read_fill(
    directory: &mut PyDirectory,
    n: &Names,
    event: &Bound<'_, PyAny>,
) -> PyResult<FillEvent> {
    let py = event.py();
    let get = |name| event.getattr(name);
    let fee_currency = directory.currency(&get(intern!(py, "fee_currency"))?)?;
    let (code, known) = &directory.inner.currencies[usize::from(fee_currency)];
    let scale: u8 = get(intern!(py, "fee_scale"))?.extract()?;
    if scale != *known {
        let text = format!("a fee in 10^-{scale} {code}, which has {known} decimals in this run");
        return Err(raise(py, |n| &n.not_representable, text));
    }
    Ok(FillEvent {
        venue_order_id: read_key(&get(intern!(py, "venue_order_id"))?)?,
        fill_id: read_key(&get(intern!(py, "fill_id"))?)?,
        side: n.side.value(&get(intern!(py, "side"))?)?,
        price: get(intern!(py, "price_units"))?.extract()?,
        quantity: get(intern!(py, "quantity_units"))?.extract()?,
        cumulative: get(intern!(py, "cumulative_units"))?.extract()?,
        price_scale: get(intern!(py, "price_scale"))?.extract()?,
        size_scale: get(intern!(py, "size_scale"))?.extract()?,
        fee: get(intern!(py, "fee_units"))?.extract()?,
        fee_currency,
        liquidity: n.liquidity.value(&get(intern!(py, "liquidity"))?)?,
        position: directory.symbol(&get(intern!(py, "position"))?)?,
    })
}

fn read_key(text: &Bound<'_, PyAny>) -> PyResult<VenueKey> {
    let text: PyBackedStr = text.extract()?;
    Ok(VenueKey::parse(&text))
}

/// The `SubmitOrder` of an intent.
pub fn build_submit<'py>(
    py: Python<'py>,
    directory: &PyDirectory,
    intent: &Intent,
) -> PyResult<Bound<'py, PyAny>> {
    let n = names(py)?;
    let s = &intent.submit;
    let scales = directory.inner.scales(s.instrument);
    let fields = PyDict::new(py);
    macro_rules! set {
        ($($name:literal: $value:expr),+ $(,)?) => {
            $(fields.set_item(intern!(py, $name), $value)?;)+
        };
    }
    set! {
        "ts": intent.ts,
        "client_order_id": id_text(py, s.id),
        "strategy": directory.book_name(py, intent.book),
        "instrument": directory.instrument_id(py, s.instrument),
        "side": n.side.member(py, s.side),
        "order_type": n.order_type.member(py, s.order_type),
        "quantity_units": s.quantity,
        "price_scale": scales.0,
        "size_scale": scales.1,
        "limit_units": s.limit,
        "trigger_units": s.trigger,
        "trigger_source": n.trigger_source.member(py, s.trigger_source),
        "trailing_offset_units": s.trailing_offset,
        "trailing_kind": n.trailing_bps.member(py, s.trailing_bps),
        "time_in_force": n.time_in_force.member(py, s.time_in_force),
        "expire_ts": s.expire,
        "post_only": s.post_only,
        "reduce_only": s.reduce_only,
        "parent": s.parent.map(|id| id_text(py, id)),
        "oco_group": intent.oco_group.as_deref(),
        "position": directory.optional(py, intent.position),
        "arrival_units": intent.arrival,
        "tag": directory.inner.text(intent.tag),
    }
    n.submit_order.bind(py).call((), Some(&fields))
}

/// The `CancelOrder` or `ReplaceOrder` of a wish.
pub fn build_ask<'py>(
    py: Python<'py>,
    directory: &PyDirectory,
    intent: &Intent,
    ts: i64,
    ask: &Ask,
) -> PyResult<Bound<'py, PyAny>> {
    let n = names(py)?;
    let fields = PyDict::new(py);
    fields.set_item("ts", ts)?;
    fields.set_item("client_order_id", id_text(py, intent.id()))?;
    fields.set_item("strategy", directory.book_name(py, intent.book))?;
    fields.set_item(
        "instrument",
        directory.instrument_id(py, intent.instrument()),
    )?;
    let class = match ask {
        Ask::Cancel => &n.cancel_order,
        Ask::Replace(terms) => {
            fields.set_item("quantity_units", terms.quantity)?;
            fields.set_item("limit_units", terms.limit)?;
            fields.set_item("trigger_units", terms.trigger)?;
            &n.replace_order
        }
    };
    class.bind(py).call((), Some(&fields))
}

/// The message of an event.
pub fn build_event<'py>(
    py: Python<'py>,
    directory: &PyDirectory,
    event: &Event,
) -> PyResult<Bound<'py, PyAny>> {
    let n = names(py)?;
    let builder = EventBuilder {
        py,
        directory,
        event,
    };
    match &event.what {
        What::Denied { reasons } => builder.of(&n.order_denied, (PyTuple::new(py, reasons)?,)),
        What::NotSent { reason } => builder.of(&n.order_not_sent, (&**reason,)),
        What::Submitted => builder.of(&n.order_submitted, PyTuple::empty(py)),
        What::Accepted { venue_order_id } => {
            builder.of(&n.order_accepted, (venue_order_id.to_string(),))
        }
        What::Rejected { reason, text } => builder.of(&n.order_rejected, (&**reason, &**text)),
        What::Triggered => builder.of(&n.order_triggered, PyTuple::empty(py)),
        What::Filled(fill) => builder.filled(n, fill),
        What::Canceled { cumulative, reason } => {
            builder.of(&n.order_canceled, (*cumulative, &**reason))
        }
        What::Expired { cumulative, reason } => {
            builder.of(&n.order_expired, (*cumulative, &**reason))
        }
        What::Replaced {
            quantity,
            limit,
            trigger,
        } => builder.of(&n.order_replaced, (*quantity, *limit, *trigger)),
        What::CancelRejected { reason } => builder.of(&n.cancel_rejected, (&**reason,)),
        What::ReplaceRejected { reason } => builder.of(&n.replace_rejected, (&**reason,)),
        What::Unknown { reason } => builder.of(&n.request_unknown, (&**reason,)),
        What::Busted { fill_id, reason } => {
            builder.of(&n.fill_busted, (fill_id.to_string(), &**reason))
        }
        What::Corrected {
            fill_id,
            price,
            quantity,
            reason,
        } => builder.of(
            &n.fill_corrected,
            (fill_id.to_string(), *price, *quantity, &**reason),
        ),
    }
}

struct EventBuilder<'py, 'a> {
    py: Python<'py>,
    directory: &'a PyDirectory,
    event: &'a Event,
}

impl<'py> EventBuilder<'py, '_> {
    fn of(&self, class: &Py<PyType>, rest: impl Fields<'py>) -> PyResult<Bound<'py, PyAny>> {
        let event = self.event;
        let common = (
            id_text(self.py, event.id),
            self.directory.instrument_id(self.py, event.instrument),
            event.ts_event,
            event.ts_received,
        );
        concatenated(class.bind(self.py), common, rest)
    }

    fn filled(&self, n: &Names, fill: &FillEvent) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let fee_scale = self.directory.inner.currencies[usize::from(fill.fee_currency)].1;
        let first = (
            fill.venue_order_id.to_string(),
            fill.fill_id.to_string(),
            n.side.member(py, fill.side),
            fill.price,
            fill.quantity,
            fill.cumulative,
            fill.price_scale,
            fill.size_scale,
            fill.fee,
            fee_scale,
        );
        let last = (
            self.directory.currency_code(py, fill.fee_currency),
            n.liquidity.member(py, fill.liquidity),
            self.directory.optional(py, fill.position),
        );
        let (first, last) = (first.into_pyobject(py)?, last.into_pyobject(py)?);
        let rest = first.as_sequence().concat(last.as_sequence())?;
        self.of(&n.order_filled, rest.to_tuple()?)
    }
}
