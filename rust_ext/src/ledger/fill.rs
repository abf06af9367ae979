//! Fills: open, close, and through zero as a close and an open.

use super::sums::Sums;
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

/// A leg after a fill worth `value`, and the profit that closing realised, both in cost units.
fn trade(
    instrument: &Instrument,
    terms: &Terms,
    leg: Leg,
    fill: &Execution,
    value: i128,
) -> Result<(Leg, i128), NumericError> {
    let (sign, price, quantity) = (fill.side.sign(), fill.price, fill.quantity);
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
    let removed = if closed == held {
        leg.cost
    } else {
        part_of(leg.cost, u128::from(closed), u128::from(held))?
    };
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

/// A fill as any book takes it. `quantity` is positive; `fee` is in units of its currency, positive
/// when paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    pub instrument: InstrumentIx,
    pub side: Side,
    pub price: i64,
    pub quantity: i64,
    pub fee: i128,
    pub fee_currency: CurrencyIx,
}

/// The parts of a fill that are the same in every book.
struct Exchanged {
    /// Cost units.
    value: i128,
    fee: Option<Posting>,
    cash: Option<Posting>,
    delivered: Option<Posting>,
}

/// What a fill makes of one book; nothing is written yet.
struct Change {
    leg: Leg,
    /// Of this fill, in settlement units.
    profit: i128,
    realized: i128,
    fees: i128,
    sums: Sums,
}

impl Ledger {
    /// Books a fill and returns the profit it realised, in settlement units (the fee apart).
    ///
    /// What a delivered fill realised is a report: the balances carry the cash itself.
    pub fn apply_fill(
        &mut self,
        book: BookIx,
        leg: u64,
        fill: &Execution,
    ) -> Result<i128, NumericError> {
        let exchanged = self.exchanged(fill)?;
        let change = self.change(book, leg, fill, &exchanged, None)?;
        self.write(book, leg, fill, &change);
        Ok(change.profit)
    }

    /// Books a fill in two different books, each in a leg of its own, or in neither; returns what it
    /// realised in each.
    pub fn apply_fill_twice(
        &mut self,
        first: (BookIx, u64),
        second: (BookIx, u64),
        fill: &Execution,
    ) -> Result<(i128, i128), NumericError> {
        debug_assert_ne!(first.0, second.0, "the same book twice");
        let exchanged = self.exchanged(fill)?;
        let one = self.change(first.0, first.1, fill, &exchanged, None)?;
        let other = self.change(second.0, second.1, fill, &exchanged, Some(&one.sums))?;
        self.write(first.0, first.1, fill, &one);
        self.write(second.0, second.1, fill, &other);
        Ok((one.profit, other.profit))
    }

    fn exchanged(&self, fill: &Execution) -> Result<Exchanged, NumericError> {
        let terms = &self.terms[fill.instrument as usize];
        let traded = &self.instruments[fill.instrument as usize];
        if fill.quantity <= 0 || fill.price == UNDEFINED {
            return Err(NumericError::NotRepresentable(format!(
                "{}: a fill of {} at {} is none",
                traded.id, fill.quantity, fill.price
            )));
        }
        let value = value_of(traded, terms, fill.price, fill.quantity)?;
        let mut exchanged = Exchanged {
            value,
            fee: None,
            cash: None,
            delivered: None,
        };
        if fill.fee != 0 {
            exchanged.fee = Some(Posting {
                currency: fill.fee_currency,
                amount: fill.fee.checked_neg().ok_or_else(|| overflow("a fee"))?,
                residual: 0,
            });
        }
        if !traded.margined {
            let sign = fill.side.sign();
            exchanged.cash = Some(terms.settlement.settle(-i128::from(sign) * value)?);
            if let Some(base) = &terms.delivered {
                exchanged.delivered = Some(base.settle(i128::from(sign * fill.quantity))?);
            }
        }
        Ok(exchanged)
    }

    fn change(
        &self,
        book: BookIx,
        leg: u64,
        fill: &Execution,
        exchanged: &Exchanged,
        before: Option<&Sums>,
    ) -> Result<Change, NumericError> {
        let terms = &self.terms[fill.instrument as usize];
        let traded = &self.instruments[fill.instrument as usize];
        let holding = self.holding(book, fill.instrument);
        let (after, realized) = trade(traded, terms, holding.leg(leg), fill, exchanged.value)?;
        let profit = terms.settlement.settle(realized)?;
        let mut sums = Sums::new(book);
        let cash = exchanged.cash.as_ref().unwrap_or(&profit);
        let (fee, delivered) = (exchanged.fee.as_ref(), exchanged.delivered.as_ref());
        for posting in [fee, Some(cash), delivered].into_iter().flatten() {
            sums.post(self, before, posting)?;
        }
        Ok(Change {
            leg: after,
            profit: profit.amount,
            realized: add(holding.realized, profit.amount)?,
            fees: add(self.fees(book, fill.fee_currency), fill.fee)?,
            sums,
        })
    }

    fn write(&mut self, book: BookIx, leg: u64, fill: &Execution, change: &Change) {
        change.sums.write(self);
        let book = &mut self.books[book as usize];
        book.fees[usize::from(fill.fee_currency)] = change.fees;
        let holding = &mut book.holdings[fill.instrument as usize];
        holding.realized = change.realized;
        holding.set(leg, change.leg);
    }
}
