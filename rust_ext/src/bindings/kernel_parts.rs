//! What a `Kernel` is made of, as Python names it.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::exchange::exchange_config;
use super::failures::to_python;
use super::names::raise;
use crate::bars::Timeframe;
use crate::exchange::Exchange;
use crate::feed::{FeedKind, FeedSpec};
use crate::kernel::Venue;
use crate::merge::Phase;
use crate::types::{Instrument, InstrumentIx, PriceType};

pub fn required<'py>(venue: &Bound<'py, PyDict>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    let found = venue.get_item(key)?;
    found.ok_or_else(|| PyValueError::new_err(format!("a venue needs the key {key}")))
}

/// A venue from its mapping; what concerns matching is read by `exchange_config`.
pub fn read_venue(
    venue: &Bound<'_, PyDict>,
    specs: &[Instrument],
    scales: &[u8],
) -> PyResult<Venue> {
    let py = venue.py();
    let latency = |key| -> PyResult<i64> {
        let micros: u32 = match venue.get_item(key)? {
            Some(value) => value.extract()?,
            None => 0,
        };
        Ok(i64::from(micros) * 1000)
    };
    let exchange = Exchange::new(exchange_config(venue)?, specs.to_vec(), scales.to_vec())
        .map_err(|text| raise(py, |n| &n.config_error, text))?;
    let instruments = required(venue, "instruments")?.extract()?;
    Ok(Venue::new(
        exchange,
        instruments,
        latency("order_latency_us")?,
        latency("report_latency_us")?,
    ))
}

pub fn read_kind(kind: &str) -> PyResult<FeedKind> {
    FeedKind::parse(kind)
        .ok_or_else(|| PyValueError::new_err(format!("{kind:?} is no kind of market data")))
}

/// A time frame and price type, as in `("1m", "last")`.
pub fn read_bar_type(
    py: Python<'_>,
    timeframe: &str,
    price_type: &str,
) -> PyResult<(Timeframe, PriceType)> {
    let timeframe = Timeframe::parse(timeframe).map_err(|e| to_python(py, e))?;
    let price_type = match price_type {
        "last" => PriceType::Last,
        "bid" => PriceType::Bid,
        "ask" => PriceType::Ask,
        "mid" => PriceType::Mid,
        _ => {
            let message = format!("bad price type {price_type:?}: last, bid, ask or mid");
            return Err(raise(py, |n| &n.config_error, message));
        }
    };
    Ok((timeframe, price_type))
}

/// The class of a message from outside.
pub fn read_phase(phase: &str) -> PyResult<Phase> {
    match phase {
        "report" => Ok(Phase::Report),
        "control" => Ok(Phase::Control),
        _ => Err(PyValueError::new_err(format!(
            "{phase:?} is no class of messages from outside: report or control"
        ))),
    }
}

/// What a feed is.
pub fn feed_spec(
    py: Python<'_>,
    kind: &str,
    instrument: InstrumentIx,
    bar: Option<(String, String)>,
    latency: i64,
) -> PyResult<FeedSpec> {
    let bar = bar
        .map(|(timeframe, price)| read_bar_type(py, &timeframe, &price))
        .transpose()?;
    let kind = read_kind(kind)?;
    Ok(FeedSpec {
        kind,
        instrument,
        bar,
        latency,
    })
}

/// What was counted at all, by name.
pub fn named<'py>(py: Python<'py>, counts: &[(&'static str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        found.set_item(name, count)?;
    }
    Ok(found)
}
