//! Commission of one fill. This is the one place where a fee is rounded: once per fill and
//! component, in the mode of the config, to a unit of the currency it is paid in.

use super::config::Fees;
use super::money::{FRACTION_SCALE, fraction_of_value};
use crate::fixed::rescale;
use crate::types::{Instrument, Liquidity};

/// What an order was charged so far, in units of the currency its fees are paid in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeState {
    /// Sum over fills before the minimum.
    pub accrued: i128,
    /// Sum over fills, the minimum included.
    pub charged: i128,
    pub any: bool,
}

impl Fees {
    pub fn rate(&self, liquidity: Liquidity) -> i64 {
        match liquidity {
            Liquidity::Maker => self.maker,
            Liquidity::Taker => self.taker,
        }
    }

    /// The fee of a fill in units of the settlement currency, and the order's new state.
    ///
    /// An order's cumulative fee is max(minimum, sum of its fills): a fill pays the difference to
    /// what was charged before it. None on overflow.
    pub fn of_fill(
        &self,
        instrument: &Instrument,
        money_scale: u8,
        state: FeeState,
        price: i64,
        quantity: i64,
        liquidity: Liquidity,
    ) -> Option<(i128, FeeState)> {
        let rate = self.rate(liquidity);
        let mut fee = 0;
        if rate != 0 {
            let fraction = (rate, FRACTION_SCALE);
            let mode = self.rounding;
            let value =
                fraction_of_value(instrument, money_scale, price, quantity, fraction, mode)?;
            // A rebate or charge keeps its sign where prices are negative.
            fee += value.abs() * i128::from(rate.signum());
        }
        if self.per_share != 0 {
            let exact = i128::from(self.per_share) * i128::from(quantity);
            fee += self.amount(exact, instrument.size_scale, money_scale)?;
        }
        if !state.any {
            fee += self.amount(i128::from(self.per_order), 0, money_scale)?;
        }
        let minimum = self.amount(i128::from(self.minimum), 0, money_scale)?;
        let accrued = state.accrued + fee;
        let charged = if minimum > 0 {
            accrued.max(minimum)
        } else {
            accrued
        };
        Some((
            charged - state.charged,
            FeeState {
                accrued,
                charged,
                any: true,
            },
        ))
    }

    /// Units of 10^-(scale + 12) as money.
    fn amount(&self, units: i128, scale: u8, money_scale: u8) -> Option<i128> {
        rescale(units, scale + FRACTION_SCALE, money_scale, self.rounding).ok()
    }
}
