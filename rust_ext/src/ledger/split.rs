//! Splits: new quantity for old, cost kept, fractions paid out.

use super::fill::{part_of, profit};
use super::sums::Sums;
use super::{BookIx, Ledger, Leg, Posting};
use crate::fixed::{NumericError, Rounding, add, mul_div, overflow};
use crate::types::{InstrumentIx, UNDEFINED};

/// What a split does to one leg.
struct Change {
    number: u64,
    after: Leg,
    cash: Option<Posting>,
    realized: i128,
}

impl Ledger {
    /// Gives `numerator` new for `denominator` old to every leg; returns the cash paid in lieu.
    ///
    /// Quantities become multiples of the lot, toward zero. The fraction that cannot be kept is paid
    /// out at `price` (after the split), in settlement units, already booked; its value is rounded to
    /// cost units half to even first. Shares keep their whole cost, unless nothing is left of the leg:
    /// then the cost is realised. On a margined instrument the fraction is closed at `price`: its
    /// part of the cost goes, and the cash is the profit. Inverse contracts and currencies do not split.
    pub fn split(
        &mut self,
        book: BookIx,
        instrument: InstrumentIx,
        numerator: i64,
        denominator: i64,
        price: i64,
    ) -> Result<i128, NumericError> {
        let held = &self.instruments[instrument as usize];
        let fixed = held.inverse || held.base.is_some();
        if numerator <= 0 || denominator <= 0 || fixed {
            let message = format!("{}: no split of {numerator} for {denominator}", held.id);
            return Err(NumericError::NotRepresentable(message));
        }
        let holding = self.holding(book, instrument);
        let mut changes = Vec::with_capacity(holding.legs.len());
        for &(number, leg) in &holding.legs {
            changes.push(self.split_leg(instrument, number, leg, numerator, denominator, price)?);
        }
        let mut realized = holding.realized;
        let mut cash = 0;
        for change in &changes {
            realized = add(realized, change.realized)?;
            cash = add(cash, change.cash.map_or(0, |posting| posting.amount))?;
        }
        let mut sums = Sums::new(book);
        for posting in changes.iter().filter_map(|change| change.cash.as_ref()) {
            sums.post(self, None, posting)?;
        }

        sums.write(self);
        let holding = self.holding_mut(book, instrument);
        holding.realized = realized;
        for change in changes {
            holding.set(change.number, change.after);
        }
        Ok(cash)
    }

    fn split_leg(
        &self,
        instrument: InstrumentIx,
        number: u64,
        leg: Leg,
        numerator: i64,
        denominator: i64,
        price: i64,
    ) -> Result<Change, NumericError> {
        let terms = &self.terms[instrument as usize];
        let instrument = &self.instruments[instrument as usize];
        let exact = i128::from(leg.quantity) * i128::from(numerator);
        let lot = i128::from(denominator) * i128::from(instrument.lot);
        let fraction = exact % lot;
        let quantity = (exact - fraction) / i128::from(denominator);
        let quantity = i64::try_from(quantity).ok().filter(|&q| q != UNDEFINED);
        let quantity = quantity.ok_or_else(|| overflow("a position after a split"))?;
        if fraction == 0 {
            let after = Leg { quantity, ..leg };
            return Ok(Change {
                number,
                after,
                cash: None,
                realized: 0,
            });
        }
        if price == UNDEFINED {
            let message = format!("{}: no price for the fraction of a split", instrument.id);
            return Err(NumericError::MissingPrice(message));
        }
        let divisor = denominator.unsigned_abs().into();
        let factor = u128::from(price.unsigned_abs());
        let value =
            i128::from(price.signum()) * mul_div(fraction, factor, divisor, Rounding::HalfEven)?;
        let (removed, cash, realized) = if instrument.margined {
            let removed = part_of(leg.cost, fraction.unsigned_abs(), exact.unsigned_abs())?;
            let cash = terms
                .settlement
                .settle(profit(instrument, value, removed)?)?;
            (removed, cash, cash.amount)
        } else {
            let removed = if quantity == 0 { leg.cost } else { 0 };
            let loss = terms.settlement.settle(-removed)?;
            (removed, terms.settlement.settle(value)?, loss.amount)
        };
        let after = Leg {
            quantity,
            cost: leg.cost - removed,
        };
        Ok(Change {
            number,
            after,
            cash: Some(cash),
            realized,
        })
    }
}
