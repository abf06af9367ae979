//! What positions are worth at a mark, and the margin they need.

use super::fill::{profit, value_of};
use super::{BookIx, Ledger};
use crate::fixed::{NumericError, Rounding, add, fraction, notional};
use crate::types::{InstrumentIx, UNDEFINED};

/// Which margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// Needed to open.
    Initial,
    /// Needed to hold.
    Maintenance,
}

impl Ledger {
    /// Profit of all open legs at a mark, in settlement units, rounded half to even once.
    pub fn unrealized(
        &self,
        book: BookIx,
        instrument: InstrumentIx,
        mark: i64,
    ) -> Result<i128, NumericError> {
        self.valued(book, instrument, mark, true)
    }

    /// What the holding adds to equity beyond the balances, in settlement units.
    ///
    /// The signed value of shares, the unrealised profit of a margined position, and 0 for spot,
    /// whose base currency is a balance.
    pub fn market_value(
        &self,
        book: BookIx,
        instrument: InstrumentIx,
        mark: i64,
    ) -> Result<i128, NumericError> {
        let held = &self.instruments[instrument as usize];
        if held.base.is_some() {
            return Ok(0);
        }
        self.valued(book, instrument, mark, held.margined)
    }

    /// Margin that the open legs of a book need, in settlement units by currency index.
    ///
    /// Each leg needs its instrument's fraction of its notional at the mark, rounded up; hedging legs
    /// do not offset each other. An open leg without a mark is `MissingPrice`.
    pub fn margin(
        &self,
        book: BookIx,
        kind: Margin,
        mark: impl Fn(InstrumentIx) -> Option<i64>,
    ) -> Result<Vec<i128>, NumericError> {
        let mut needed = vec![0; self.currencies.len()];
        for (index, instrument) in (0..).zip(&self.instruments) {
            let rate = match kind {
                Margin::Initial => instrument.margin_initial,
                Margin::Maintenance => instrument.margin_maintenance,
            };
            if !instrument.margined || rate == 0 {
                continue;
            }
            let currency = usize::from(instrument.settlement);
            let scale = self.currencies[currency].1;
            for (_, quantity) in self.open(book, index) {
                let price = mark(index).unwrap_or(UNDEFINED);
                let value = notional(instrument, price, quantity, scale, Rounding::Up)?.abs();
                needed[currency] = add(needed[currency], fraction(value, rate, Rounding::Up)?)?;
            }
        }
        Ok(needed)
    }

    fn valued(
        &self,
        book: BookIx,
        instrument: InstrumentIx,
        mark: i64,
        less_cost: bool,
    ) -> Result<i128, NumericError> {
        let terms = &self.terms[instrument as usize];
        let held = &self.instruments[instrument as usize];
        let mut total = 0;
        for (_, leg) in &self.holding(book, instrument).legs {
            if mark == UNDEFINED {
                return Err(NumericError::MissingPrice(format!(
                    "{}: there is no mark",
                    held.id
                )));
            }
            let value = value_of(held, terms, mark, leg.quantity)?;
            let cost = if less_cost { leg.cost } else { 0 };
            total = add(total, profit(held, value, cost)?)?;
        }
        Ok(terms.settlement.settle(total)?.amount)
    }
}
