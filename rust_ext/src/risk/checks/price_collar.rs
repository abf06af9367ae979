//! Price collar: an order may not be priced much worse than the market.
//!
//! Worse is above the reference for a buy and below it for a sell; a better price only rests. The
//! limit is `collar.max_deviation_bps`, in hundredths of a percent of the reference. By type:
//!
//! - limit: the limit against the reference;
//! - market: the touch it would take against the middle of the quote, so that a torn-open spread
//!   blocks;
//! - stop-limit and take-profit-limit: the limit against the order's own trigger, which is where the
//!   market will be when it matters;
//! - stop, take-profit, trailing stop: they execute at a market that nobody knows yet, so only a
//!   fresh reference is required, as for every order.

use crate::fixed::{half_text, plain_text};
use crate::risk::{Asked, Check, Limit, NO_REFERENCE, NUMERIC_OVERFLOW, Prices};
use crate::types::{OrderType, Side, Submit};

/// One in millionths of a basis point; a limit in basis points may have six decimals.
const WHOLE: i128 = 10_000 * 1_000_000;

pub struct PriceCollar;

impl Check for PriceCollar {
    fn name(&self) -> &'static str {
        "price_collar"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let limits = asked.limits;
        let &Limit::Units(deviation) = &limits.collar else {
            return limits.collar.refusal();
        };
        let Some(reference) = asked.prices() else {
            return Some(NO_REFERENCE.to_owned());
        };
        let (middle, price) = match compared(&asked.order.submit, reference) {
            Ok(Some(pair)) => pair,
            Ok(None) => return None,
            Err(why) => return Some(why),
        };
        let worse = match asked.side() {
            Side::Buy => price - middle,
            Side::Sell => middle - price,
        };
        let Some(worse) = worse.checked_mul(WHOLE) else {
            return Some(NUMERIC_OVERFLOW.to_owned());
        };
        // `worse` stays far below 127 bits, so a product that does not fit is larger all the same.
        (worse > middle.abs().saturating_mul(deviation)).then(|| {
            let text = |doubled: i128| half_text(doubled, limits.price_scale);
            let allowed = plain_text(deviation, 6);
            let (price, middle) = (text(price), text(middle));
            format!("{price} is more than {allowed} bp worse than {middle}")
        })
    }
}

/// (what to measure against, what to measure), doubled; None when only a reference is required.
fn compared(submit: &Submit, reference: Prices) -> Result<Option<(i128, i128)>, String> {
    let doubled = |price: i64| 2 * i128::from(price);
    let kind = match submit.order_type {
        OrderType::Market => return Ok(Some((reference.middle, reference.touch))),
        OrderType::Stop | OrderType::TakeProfit | OrderType::TrailingStop => return Ok(None),
        OrderType::Limit => {
            if let Some(limit) = submit.limit {
                return Ok(Some((reference.middle, doubled(limit))));
            }
            "limit"
        }
        OrderType::StopLimit => "stop_limit",
        OrderType::TakeProfitLimit => "take_profit_limit",
    };
    match (submit.limit, submit.trigger) {
        (Some(limit), Some(trigger)) => Ok(Some((doubled(trigger), doubled(limit)))),
        _ => Err(format!("a {kind} order lacks its limit or trigger price")),
    }
}
