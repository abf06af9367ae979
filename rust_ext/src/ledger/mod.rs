//! Positions and balances of several books, exact.
//!
//! **Cost.** A leg keeps the exact signed cost of its open quantity in *cost units*: for linear
//! instruments price units x quantity units, before the multiplier, which always fits; for inverse
//! contracts, whose value quantity x multiplier / price is no finite decimal, 10^-`INVERSE_DIGITS`
//! of the settlement currency's unit. A fill's inverse value is rounded to that unit, half to even,
//! once: that is the fill's value from then on. A partial close removes a proportional part of the
//! cost, rounded half to even in cost units; the remainder stays in the open cost.
//!
//! **Settlement** is the one place where cost units become currency units, half to even. What the
//! rounding left over is added to the currency's `residual`, so that nothing is lost. For each
//! currency, over all books and to the last unit:
//!
//! ```text
//! balances + residual = adjustments - fees + deliveries
//!     - sum of side x value over all fills      linear (value = price x quantity x multiplier)
//!     + sum of side x value over all fills      inverse
//!     + cost of what is open                    margined linear (- for inverse)
//!     + value of fractions paid out by splits
//! ```
//!
//! A delivered fill moves its notional in cash and, if quantity is a currency, the quantity in that
//! currency; a margined one books its realised profit. Every method that changes something checks
//! everything first: an error leaves the ledger as it was. Indexes beyond the lists given at
//! construction panic, like those of a slice.

mod fill;
mod snapshot;
mod split;
mod sums;
mod terms;
#[cfg(test)]
mod tests;
mod value;

pub use fill::Execution;
pub use snapshot::SnapshotError;
pub use value::Margin;

use crate::fixed::{NumericError, add};
use crate::types::{CurrencyIx, Instrument, InstrumentIx};
use terms::Terms;

/// Number of a book: a strategy's, the unallocated one, or a venue account.
pub type BookIx = u32;
/// Decimals that the cost of an inverse contract has beyond its settlement currency.
pub const INVERSE_DIGITS: u8 = 12;
/// Most decimals that values may have beyond their currency: leaves the residual 10^8 units.
pub const MAX_RESIDUAL_DIGITS: u8 = 30;

/// The open quantity of one leg, and its cost in cost units, both signed by the side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Leg {
    quantity: i64,
    cost: i128,
}

/// What a book holds of one instrument: open legs sorted by their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Holding {
    legs: Vec<(u64, Leg)>,
    realized: i128,
}

impl Holding {
    #[inline]
    fn leg(&self, number: u64) -> Leg {
        // The netted position stands alone and first.
        if let Some((0, leg)) = self.legs.first()
            && number == 0
        {
            return *leg;
        }
        let found = self.legs.binary_search_by_key(&number, |(n, _)| *n);
        found.map_or(Leg::default(), |at| self.legs[at].1)
    }

    fn set(&mut self, number: u64, leg: Leg) {
        match (
            self.legs.binary_search_by_key(&number, |(n, _)| *n),
            leg.quantity,
        ) {
            (Ok(at), 0) => drop(self.legs.remove(at)),
            (Ok(at), _) => self.legs[at].1 = leg,
            (Err(_), 0) => {}
            (Err(at), _) => self.legs.insert(at, (number, leg)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Book {
    balances: Vec<i128>,
    fees: Vec<i128>,
    holdings: Vec<Holding>,
}

/// An amount on its way to a balance, and what rounding left over in residual units.
#[derive(Clone, Copy)]
struct Posting {
    currency: CurrencyIx,
    amount: i128,
    residual: i128,
}

/// Positions and balances of several books; see the module.
#[derive(Clone, Debug)]
pub struct Ledger {
    currencies: Vec<(String, u8)>,
    instruments: Vec<Instrument>,
    terms: Vec<Terms>,
    residual_scales: Vec<u8>,
    residuals: Vec<i128>,
    books: Vec<Book>,
}

impl Ledger {
    /// An empty ledger. `currencies` are (code, scale); indexes in `instruments` point into it.
    ///
    /// Scales that leave more than `MAX_RESIDUAL_DIGITS` beyond the currency are an overflow.
    pub fn new(
        currencies: Vec<(String, u8)>,
        instruments: Vec<Instrument>,
        books: usize,
    ) -> Result<Self, NumericError> {
        let residual_scales = terms::residual_scales(&currencies, &instruments)?;
        let terms = instruments
            .iter()
            .map(|instrument| Terms::new(instrument, &currencies, &residual_scales))
            .collect::<Result<_, _>>()?;
        let book = Book {
            balances: vec![0; currencies.len()],
            fees: vec![0; currencies.len()],
            holdings: vec![Holding::default(); instruments.len()],
        };
        Ok(Self {
            residuals: vec![0; currencies.len()],
            books: vec![book; books],
            currencies,
            instruments,
            terms,
            residual_scales,
        })
    }

    /// The instruments given at construction.
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// Code and scale of each currency given at construction.
    pub fn currencies(&self) -> &[(String, u8)] {
        &self.currencies
    }

    /// How many books there are.
    pub fn books(&self) -> usize {
        self.books.len()
    }

    /// Balance in currency units.
    pub fn balance(&self, book: BookIx, currency: CurrencyIx) -> i128 {
        self.books[book as usize].balances[usize::from(currency)]
    }

    /// Balances in currency units, by currency.
    #[inline]
    pub fn balances(&self, book: BookIx) -> &[i128] {
        &self.books[book as usize].balances
    }

    /// Fees paid in currency units; negative when rebates exceed them.
    pub fn fees(&self, book: BookIx, currency: CurrencyIx) -> i128 {
        self.books[book as usize].fees[usize::from(currency)]
    }

    /// Signed quantity of a leg.
    pub fn quantity(&self, book: BookIx, instrument: InstrumentIx, leg: u64) -> i64 {
        self.holding(book, instrument).leg(leg).quantity
    }

    /// Whether any leg is open.
    #[inline]
    pub fn is_open(&self, book: BookIx, instrument: InstrumentIx) -> bool {
        !self.holding(book, instrument).legs.is_empty()
    }

    /// Sum of the signed quantities of all legs.
    #[inline]
    pub fn net_quantity(&self, book: BookIx, instrument: InstrumentIx) -> i128 {
        self.open(book, instrument)
            .map(|(_, quantity)| i128::from(quantity))
            .sum()
    }

    /// The open legs, by number, with their signed quantities.
    pub fn open(
        &self,
        book: BookIx,
        instrument: InstrumentIx,
    ) -> impl Iterator<Item = (u64, i64)> + '_ {
        let legs = self.holding(book, instrument).legs.iter();
        legs.map(|(number, leg)| (*number, leg.quantity))
    }

    /// Signed cost of a leg in cost units, to be multiplied by `cost_factor`.
    pub fn cost(&self, book: BookIx, instrument: InstrumentIx, leg: u64) -> i128 {
        self.holding(book, instrument).leg(leg).cost
    }

    /// (multiplier, scale) that turn cost units into settlement currency: cost x multiplier x 10^-scale.
    pub fn cost_factor(&self, instrument: InstrumentIx) -> (i64, u8) {
        self.terms[instrument as usize].cost_factor
    }

    /// Realised profit so far in settlement units, fees apart.
    pub fn realized(&self, book: BookIx, instrument: InstrumentIx) -> i128 {
        self.holding(book, instrument).realized
    }

    /// What rounding to units of the currency left over so far, as (units, scale).
    pub fn residual(&self, currency: CurrencyIx) -> (i128, u8) {
        let currency = usize::from(currency);
        (self.residuals[currency], self.residual_scales[currency])
    }

    /// Adds to a balance: deposits, funding, interest, dividends, transfers (negative takes away).
    pub fn adjust_cash(
        &mut self,
        book: BookIx,
        currency: CurrencyIx,
        amount: i128,
    ) -> Result<(), NumericError> {
        let balance = add(self.balance(book, currency), amount)?;
        self.books[book as usize].balances[usize::from(currency)] = balance;
        Ok(())
    }

    #[inline]
    fn holding(&self, book: BookIx, instrument: InstrumentIx) -> &Holding {
        &self.books[book as usize].holdings[instrument as usize]
    }

    fn holding_mut(&mut self, book: BookIx, instrument: InstrumentIx) -> &mut Holding {
        &mut self.books[book as usize].holdings[instrument as usize]
    }
}
