//! What positions are worth at a mark, and the margin they need.

use std::ops::Range;

use super::fill::{profit, value_of};
use super::{BookIx, Ledger};
use crate::fixed::{NumericError, Rounding, add, fraction, notional};
use crate::types::{CurrencyIx, InstrumentIx, UNDEFINED};

/// Which margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// Needed to open.
    Initial,
    /// Needed to hold.
    Maintenance,
}

/// What books of a ledger are worth; see `Ledger::worth`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// Everything in the currency that was asked for, in its units.
    pub own: i128,
    /// The parts in other currencies, each to be converted and rounded on its own.
    pub other: Vec<(CurrencyIx, i128)>,
    /// An instrument that is held and has no price.
    pub unpriced: Option<InstrumentIx>,
}

impl Worth {
    fn add(
        &mut self,
        own: CurrencyIx,
        currency: CurrencyIx,
        units: i128,
    ) -> Result<(), NumericError> {
        if currency == own {
            self.own = add(self.own, units)?;
        } else {
            self.other.push((currency, units));
        }
        Ok(())
    }
}

impl Ledger {
    /// The balances of some books and what their holdings in `instruments` add to them.
    ///
    /// `valuation` gives the price of an instrument for a side (the sign of a position, 0 for none).
    pub fn worth(
        &self,
        books: Range<BookIx>,
        currency: CurrencyIx,
        instruments: &[InstrumentIx],
        valuation: impl Fn(InstrumentIx, i64) -> Option<i64>,
    ) -> Result<Worth, NumericError> {
        let mut worth = Worth::default();
        for book in books {
            for code in 0..self.currencies.len() as CurrencyIx {
                let units = self.balance(book, code);
                if units != 0 {
                    worth.add(currency, code, units)?;
                }
            }
            for &ix in instruments {
                let settlement = self.instruments[ix as usize].settlement;
                if self.open(book, ix).next().is_none() {
                    worth.add(currency, settlement, 0)?;
                    continue;
                }
                let side = self.net_quantity(book, ix).signum() as i64;
                match valuation(ix, side) {
                    None => worth.unpriced = worth.unpriced.or(Some(ix)),
                    Some(mark) => {
                        worth.add(currency, settlement, self.market_value(book, ix, mark)?)?;
                    }
                }
            }
        }
        Ok(worth)
    }

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
