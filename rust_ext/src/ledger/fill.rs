//! Fills: open, close, and through zero as a close and an open.

use super::terms::Terms;
use super::{BookIx, Ledger, Leg, Posting};
use crate::fixed::{NumericError, Rounding, add, inverse_value, mul_div, overflow};
use crate::types::{CurrencyIx, Instrument, InstrumentIx, Side, UNDEFINED};

/// Value of a quantity at a price in cost units.
pub(super) fn value_of(
    instrument: &Instrument,
    terms: &Terms,
    price: i64,
    quantity: i64,
) -> Result<i128, NumericError> {
    if instrument.inverse {
        inverse_value(
            instrument,
            price,
            quantity,
            terms.inverse_scale,
            Rounding::HalfEven,
        )
    } else {
        Ok(i128::from(price) * i128::from(quantity))
    }
}

/// Profit in cost units of holding `cost` and being worth `value`, both signed by the side.
pub(super) fn profit(
    instrument: &Instrument,
    value: i128,
    cost: i128,
) -> Result<i128, NumericError> {
    // An inverse contract is a promise of quote currency: who bought it gains when fewer coins are
    // worth the same, so cost and value change places.
    let (up, down) = if instrument.inverse {
        (cost, value)
    } else {
        (value, cost)
    };
    up.checked_sub(down).ok_or_else(|| overflow("a profit"))
}

/// The part `quantity / whole` of a cost, rounded half to even in cost units.
pub(super) fn part_of(cost: i128, quantity: u128, whole: u128) -> Result<i128, NumericError> {
    mul_div(cost, quantity, whole, Rounding::HalfEven)
}

/// A leg after a fill, and the profit that closing realised, in cost units.
fn trade(
    instrument: &Instrument,
    terms: &Terms,
    leg: Leg,
    sign: i64,
    price: i64,
    quantity: i64,
) -> Result<(Leg, i128), NumericError> {
    let value = value_of(instrument, terms, price, quantity)?;
    if leg.quantity.signum() != -sign {
        let total = leg.quantity.checked_add(sign * quantity);
        let quantity = total
            .filter(|&q| q != UNDEFINED)
            .ok_or_else(|| overflow("a position"))?;
        return Ok((
            Leg {
                quantity,
                cost: add(leg.cost, i128::from(sign) * value)?,
            },
            0,
        ));
    }
    let held = leg.quantity.unsigned_abs();
    let closed = held.min(quantity.unsigned_abs());
    let removed = part_of(leg.cost, u128::from(closed), u128::from(held))?;
    // `closed` is at most `quantity`, so it is no larger than an i64.
    let close_value = match i64::try_from(closed) {
        Ok(closed) if closed != quantity => value_of(instrument, terms, price, closed)?,
        _ => value,
    };
    let realized = profit(instrument, -i128::from(sign) * close_value, removed)?;
    let opened = i128::from(sign) * (value - close_value);
    let after = Leg {
        quantity: leg.quantity + sign * quantity,
        cost: leg.cost - removed + opened,
    };
    Ok((after, realized))
}

impl Ledger {
    /// Books a fill and returns the profit it realised, in settlement units (the fee apart).
    ///
    /// `quantity` is positive and unsigned; `fee` counts units of `fee_currency`, positive when paid.
    /// What a delivered fill realised is a report: the balances carry the cash itself.
    #[expect(clippy::too_many_arguments, reason = "the fields of a fill")]
    pub fn apply_fill(
        &mut self,
        book: BookIx,
        instrument: InstrumentIx,
        leg: u64,
        side: Side,
        price: i64,
        quantity: i64,
        fee: i128,
        fee_currency: CurrencyIx,
    ) -> Result<i128, NumericError> {
        let (terms, traded) = (
            &self.terms[instrument as usize],
            &self.instruments[instrument as usize],
        );
        if quantity <= 0 || price == UNDEFINED {
            return Err(NumericError::NotRepresentable(format!(
                "{}: a fill of {quantity} at {price} is none",
                traded.id
            )));
        }
        let sign = side.sign();
        let holding = self.holding(book, instrument);
        let (after, realized) = trade(traded, terms, holding.leg(leg), sign, price, quantity)?;
        let profit = terms.settlement.settle(realized)?;
        let fee_posting = Posting {
            currency: fee_currency,
            amount: fee.checked_neg().ok_or_else(|| overflow("a fee"))?,
            residual: 0,
        };
        let mut postings = [Some(fee_posting), None, None];
        if traded.margined {
            postings[1] = Some(profit);
        } else {
            let value = value_of(traded, terms, price, quantity)?;
            postings[1] = Some(terms.settlement.settle(-i128::from(sign) * value)?);
            postings[2] = match &terms.delivered {
                Some(base) => Some(base.settle(i128::from(sign * quantity))?),
                None => None,
            };
        }
        let total_realized = add(holding.realized, profit.amount)?;
        let fees = add(self.fees(book, fee_currency), fee)?;
        let sums = self.sums(book, postings.iter().flatten())?;

        self.write(book, &sums);
        self.books[book as usize].fees[usize::from(fee_currency)] = fees;
        let holding = self.holding_mut(book, instrument);
        holding.realized = total_realized;
        holding.set(leg, after);
        Ok(profit.amount)
    }
}
