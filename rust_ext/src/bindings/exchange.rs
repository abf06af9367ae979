//! Reads a venue's config from the mapping that `openoutcry.replay.venue_config` makes.

use std::collections::BTreeMap;

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::failures::to_python;
use crate::exchange::{
    BarFill, ExchangeConfig, FeeCurrency, Fees, Overflow, Passive, Queue, Slippage, SlippageModel,
};
use crate::fixed::Rounding;
use crate::sessions::Sessions;
use crate::types::{CurrencyIx, InstrumentIx, Nanos};

/// Trading sessions as Python gives them: open, close, close of the trading day.
pub type Hours = Vec<(Nanos, Nanos, Nanos)>;

fn get<'py>(dict: &Bound<'py, PyDict>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    dict.get_item(key)?
        .ok_or_else(|| PyKeyError::new_err(format!("venue config lacks {key}")))
}

/// The value that stands for a word.
fn word<T: Copy>(dict: &Bound<'_, PyDict>, key: &str, words: &[(&str, T)]) -> PyResult<T> {
    let text: String = get(dict, key)?.extract()?;
    let found = words.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, value)| *value)
        .ok_or_else(|| PyValueError::new_err(format!("venue config: {key} = {text:?} is unknown")))
}

fn fees(dict: &Bound<'_, PyDict>) -> PyResult<Fees> {
    let currency = get(dict, "fee_currency")?;
    let currency = match currency.extract::<CurrencyIx>() {
        Ok(index) => FeeCurrency::Other(index),
        Err(_) => word(
            dict,
            "fee_currency",
            &[
                ("settlement", FeeCurrency::Settlement),
                ("base", FeeCurrency::Base),
            ],
        )?,
    };
    Ok(Fees {
        maker: get(dict, "fee_maker")?.extract()?,
        taker: get(dict, "fee_taker")?.extract()?,
        per_share: get(dict, "fee_per_share")?.extract()?,
        per_order: get(dict, "fee_per_order")?.extract()?,
        minimum: get(dict, "fee_minimum")?.extract()?,
        rounding: word(
            dict,
            "fee_rounding",
            &[
                ("half_even", Rounding::HalfEven),
                ("half_up", Rounding::HalfUp),
                ("up", Rounding::Up),
            ],
        )?,
        currency,
    })
}

fn slippage(dict: &Bound<'_, PyDict>) -> PyResult<Slippage> {
    let fraction: i64 = get(dict, "slippage_fraction")?.extract()?;
    let ticks: i64 = get(dict, "slippage_ticks")?.extract()?;
    let impact: i64 = get(dict, "slippage_impact")?.extract()?;
    let model = word(
        dict,
        "slippage",
        &[
            ("none", SlippageModel::None),
            ("fixed_bps", SlippageModel::Fixed { fraction }),
            ("spread", SlippageModel::Spread { fraction, ticks }),
            ("volume_share", SlippageModel::VolumeShare { impact }),
            ("one_tick", SlippageModel::OneTick),
        ],
    )?;
    Ok(Slippage {
        model,
        volume_limit: get(dict, "volume_limit")?.extract()?,
    })
}

/// The config of one simulated venue.
///
/// Keys: see `openoutcry.replay.venue_config.exchange_mapping`. Raises `KeyError`, `ValueError` or
/// `TypeError` for a mapping that it did not make.
pub fn exchange_config(dict: &Bound<'_, PyDict>) -> PyResult<ExchangeConfig> {
    let mut sessions = BTreeMap::new();
    for (ix, list) in get(dict, "sessions")?.extract::<Vec<(InstrumentIx, Hours)>>()? {
        let hours = Sessions::new(&list).map_err(|error| to_python(dict.py(), error))?;
        sessions.insert(ix, hours);
    }
    Ok(ExchangeConfig {
        name: get(dict, "name")?.extract()?,
        margin: get(dict, "margin")?.extract()?,
        hedging: get(dict, "hedging")?.extract()?,
        leverage: get(dict, "leverage")?.extract()?,
        balances: get(dict, "balances")?.extract()?,
        fees: fees(dict)?,
        bar_fill: word(
            dict,
            "bar_fill",
            &[
                ("next_open", BarFill::NextOpen),
                ("close", BarFill::Close),
                ("path", BarFill::Path),
            ],
        )?,
        passive: word(
            dict,
            "passive",
            &[
                ("book", Passive::Book),
                ("trades", Passive::Trades),
                ("both", Passive::Both),
            ],
        )?,
        queue: word(
            dict,
            "queue",
            &[
                ("none", Queue::None),
                ("conservative", Queue::Conservative),
                ("proportional", Queue::Proportional),
            ],
        )?,
        overflow: word(
            dict,
            "overflow",
            &[
                ("one_tick", Overflow::OneTick),
                ("partial", Overflow::Partial),
                ("touch", Overflow::Touch),
            ],
        )?,
        consume: get(dict, "consume")?.extract()?,
        match_crossed: get(dict, "match_crossed")?.extract()?,
        slippage: slippage(dict)?,
        sessions,
    })
}
