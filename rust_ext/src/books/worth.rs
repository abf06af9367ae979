//! What books are worth, and what they earned.

use super::{ACCOUNT, Books};
use crate::directory::Directory;
use crate::fixed::{NumericError, Rounding, add, notional};
use crate::ledger::{BookIx, Ledger};
use crate::market::Market;
use crate::types::{CurrencyIx, InstrumentIx};

/// Why there is no value to state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unvalued {
    /// Something held has no price yet.
    NoPrice(InstrumentIx),
    /// The instrument that converts a currency has no price yet, or none above zero.
    NoConversion {
        instrument: InstrumentIx,
        currency: CurrencyIx,
    },
    /// No instrument gives a rate from this currency to the account's.
    NoRate(CurrencyIx),
    Number(NumericError),
}

impl From<NumericError> for Unvalued {
    fn from(error: NumericError) -> Self {
        Unvalued::Number(error)
    }
}

impl Unvalued {
    /// Whether a price is all that is missing: then there will be a value.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Unvalued::NoPrice(_)
                | Unvalued::NoConversion { .. }
                | Unvalued::Number(NumericError::MissingPrice(_))
        )
    }

    /// The message for people.
    pub fn text(&self, directory: &Directory, account_currency: CurrencyIx) -> String {
        let id = |ix: &InstrumentIx| &directory.instruments[*ix as usize].id;
        let code = |ix: &CurrencyIx| &directory.currencies[usize::from(*ix)].0;
        match self {
            Unvalued::NoPrice(ix) => format!("{} has no price yet", id(ix)),
            Unvalued::NoConversion {
                instrument,
                currency,
            } => format!(
                "{} has no price that converts {}",
                id(instrument),
                code(currency)
            ),
            Unvalued::NoRate(currency) => format!(
                "there is no rate from {} to {}",
                code(currency),
                code(&account_currency)
            ),
            Unvalued::Number(
                NumericError::Overflow(text)
                | NumericError::NotRepresentable(text)
                | NumericError::MissingPrice(text),
            ) => text.clone(),
        }
    }
}

impl Books {
    /// Value of everything at all venues, in units of the account currency.
    pub fn equity(&self, market: &Market) -> Result<i128, Unvalued> {
        self.book_equity(ACCOUNT, market)
    }

    /// Value of one book in units of the account currency.
    ///
    /// Each part in another currency is converted and rounded half to even on its own. An instrument
    /// that was ever held needs its currency's rate even when nothing is left of it.
    pub fn book_equity(&self, book: BookIx, market: &Market) -> Result<i128, Unvalued> {
        let mut total = 0;
        let mut unpriced = None;
        for venue in &self.venues {
            let ledger = &venue.ledger;
            for (currency, &units) in (0..).zip(ledger.balances(book)) {
                if units != 0 {
                    total = add(total, self.converted(market, units, currency)?)?;
                }
            }
            for &ix in &venue.held {
                let settlement = ledger.instruments()[ix as usize].settlement;
                if !ledger.is_open(book, ix) {
                    self.converted(market, 0, settlement)?;
                    continue;
                }
                let Some(mark) = mark(ledger, market, book, ix) else {
                    unpriced = unpriced.or(Some(ix));
                    continue;
                };
                let units = ledger.market_value(book, ix, mark)?;
                total = add(total, self.converted(market, units, settlement)?)?;
            }
        }
        unpriced.map_or(Ok(total), |ix| Err(Unvalued::NoPrice(ix)))
    }

    /// Units of a currency in units of the account's, rounded half to even.
    #[inline]
    pub fn converted(
        &self,
        market: &Market,
        units: i128,
        currency: CurrencyIx,
    ) -> Result<i128, Unvalued> {
        if currency == self.currency {
            return Ok(units);
        }
        self.rates.convert(market, units, currency)
    }

    /// What a signed quantity is worth at the mark (else mid, trade or bar), whoever holds it, in units
    /// of the account currency, rounded away from zero before it is converted.
    ///
    /// None without an account, a price or a rate, and beyond the integers.
    pub fn worth(&self, market: &Market, ix: InstrumentIx, units: i128) -> Option<i128> {
        let ledger = self.ledger(ix)?;
        let item = &ledger.instruments()[ix as usize];
        let scale = ledger.currencies()[usize::from(item.settlement)].1;
        let price = market.valuation(ix, 0)?;
        let quantity = i64::try_from(units).ok()?;
        let money = notional(item, price, quantity, scale, Rounding::Up).ok()?;
        self.converted(market, money, item.settlement).ok()
    }

    /// Realised profit of a book, fees apart, in units of each settlement currency that it has
    /// anything to do with, in order of the first fill.
    pub fn realized_by_currency(
        &self,
        book: BookIx,
    ) -> Result<Vec<(CurrencyIx, i128)>, NumericError> {
        let mut sums = Vec::new();
        for (ledger, ix) in self.holdings() {
            sum(&mut sums, ledger, ix, ledger.realized(book, ix))?;
        }
        Ok(sums)
    }

    /// Profit of a book's open positions at their marks, in units of each settlement currency.
    pub fn unrealized_by_currency(
        &self,
        book: BookIx,
        market: &Market,
    ) -> Result<Vec<(CurrencyIx, i128)>, Unvalued> {
        let mut sums = Vec::new();
        for (ledger, ix) in self.holdings() {
            if ledger.is_open(book, ix) {
                let mark = mark(ledger, market, book, ix).ok_or(Unvalued::NoPrice(ix))?;
                sum(&mut sums, ledger, ix, ledger.unrealized(book, ix, mark)?)?;
            }
        }
        Ok(sums)
    }

    fn holdings(&self) -> impl Iterator<Item = (&Ledger, InstrumentIx)> {
        let held = self.held.iter();
        held.filter_map(|&ix| Some((self.ledger(ix)?, ix)))
    }
}

/// The price that closes what a book holds.
fn mark(ledger: &Ledger, market: &Market, book: BookIx, ix: InstrumentIx) -> Option<i64> {
    let side = ledger.net_quantity(book, ix).signum() as i64;
    market.valuation(ix, side)
}

fn sum(
    sums: &mut Vec<(CurrencyIx, i128)>,
    ledger: &Ledger,
    ix: InstrumentIx,
    units: i128,
) -> Result<(), NumericError> {
    let currency = ledger.instruments()[ix as usize].settlement;
    match sums.iter_mut().find(|(code, _)| *code == currency) {
        Some((_, total)) => *total = add(*total, units)?,
        None => sums.push((currency, units)),
    }
    Ok(())
}
