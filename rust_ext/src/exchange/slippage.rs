//! How much worse than its reference a taker's price is, where the data has no sizes to walk.
//!
//! Rounded to the tick against the order. Never better than the reference, never beyond the limit.

use super::config::{Slippage, SlippageModel};
use super::market::{BarState, Market};
use super::money::{ONE, mul_div};
use crate::fixed::Rounding;
use crate::types::{Instrument, Side, UNDEFINED};

fn fraction_of(price: i64, fraction: i128) -> Option<i128> {
    mul_div(
        i128::from(price).abs(),
        fraction,
        i128::from(ONE),
        Rounding::Up,
    )
}

/// Move `price` by `amount` against the taker, on to the next tick that is no better.
fn worsen(price: i64, amount: i128, side: Side, tick: i64) -> i64 {
    let tick = i128::from(tick);
    let moved = i128::from(price) + i128::from(side.sign()) * amount;
    let on_tick = match side {
        Side::Buy => moved + (-moved).rem_euclid(tick),
        Side::Sell => moved - moved.rem_euclid(tick),
    };
    i64::try_from(on_tick).unwrap_or(price)
}

impl Slippage {
    /// What this bar still lets us trade, on a lot; None without a limit.
    pub fn volume_left(&self, bar: &BarState, lot: i64) -> Option<i64> {
        let limit = self.volume_limit?;
        if bar.volume == UNDEFINED {
            return None;
        }
        let scale = i128::from(ONE);
        let cap = mul_div(
            i128::from(bar.volume),
            i128::from(limit),
            scale,
            Rounding::Down,
        )?;
        let left = (i64::try_from(cap).unwrap_or(i64::MAX) - bar.used).max(0);
        Some(left - left % lot)
    }

    /// The price at which a taker of `quantity` fills instead of `price`.
    pub fn worse_price(
        &self,
        instrument: &Instrument,
        market: &Market,
        side: Side,
        price: i64,
        quantity: i64,
        limit: Option<i64>,
    ) -> i64 {
        let amount = self
            .amount(instrument, market, price, quantity)
            .unwrap_or(0);
        if amount == 0 {
            return price;
        }
        let worse = worsen(price, amount, side, instrument.tick);
        match (side, limit) {
            (Side::Buy, Some(limit)) => worse.min(limit).max(price),
            (Side::Sell, Some(limit)) => worse.max(limit).min(price),
            (_, None) => worse,
        }
    }

    fn amount(
        &self,
        instrument: &Instrument,
        market: &Market,
        price: i64,
        quantity: i64,
    ) -> Option<i128> {
        match self.model {
            SlippageModel::None => Some(0),
            SlippageModel::Fixed { fraction } => fraction_of(price, i128::from(fraction)),
            SlippageModel::Spread { fraction, ticks } => match market.spread() {
                Some(spread) => fraction_of(spread, i128::from(fraction)),
                None => Some(i128::from(ticks) * i128::from(instrument.tick)),
            },
            SlippageModel::VolumeShare { impact } => {
                let volume = i128::from(market.bar.volume);
                if market.bar.volume == UNDEFINED || volume <= 0 {
                    return Some(0);
                }
                let used = i128::from(market.bar.used) + i128::from(quantity);
                let one = i128::from(ONE);
                let share = mul_div(used, one, volume, Rounding::Up)?;
                let squared = mul_div(share, share, one, Rounding::Up)?;
                fraction_of(
                    price,
                    mul_div(squared, i128::from(impact), one, Rounding::Up)?,
                )
            }
            SlippageModel::OneTick => Some(i128::from(instrument.tick)),
        }
    }
}
