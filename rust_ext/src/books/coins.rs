//! Fees paid in the coin that was traded: they lessen what can be delivered.

use crate::directory::Directory;
use crate::fixed::{NumericError, Rounding, add, mul_div, overflow, pow10};
use crate::ledger::BookIx;
use crate::types::{CurrencyIx, InstrumentIx};

/// Far beyond any sum of positions, far below what a difference could overflow.
const MOST: i128 = 1 << 100;

/// The coin of an instrument whose quantity is a currency.
#[derive(Clone, Copy, Debug)]
struct Coin {
    currency: CurrencyIx,
    /// A unit of the coin's currency is `size` / `unit` of a quantity unit.
    unit: u128,
    size: u128,
    lot: i128,
}

/// Fees of one book in the coin of one instrument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paid {
    /// Currency units.
    paid: i128,
    /// Quantity units, rounded up.
    less: i128,
}

#[derive(Clone, Debug)]
pub(super) struct Coins {
    coins: Vec<Option<Coin>>,
    /// By book, then instrument; empty until a fee was paid so.
    paid: Vec<Paid>,
    books: usize,
}

impl Coins {
    pub fn new(directory: &Directory) -> Result<Self, NumericError> {
        let mut coins = Vec::with_capacity(directory.instruments.len());
        for item in &directory.instruments {
            coins.push(match item.base {
                None => None,
                Some(currency) => Some(Coin {
                    currency,
                    unit: pow10(directory.currencies[usize::from(currency)].1.into())?,
                    size: pow10(item.size_scale.into())?,
                    lot: item.lot.into(),
                }),
            });
        }
        Ok(Self {
            coins,
            paid: Vec::new(),
            books: directory.books.len(),
        })
    }

    /// Whether a fee is paid in the coin of the instrument.
    #[inline]
    pub fn is_coin(&self, ix: InstrumentIx, currency: CurrencyIx) -> bool {
        self.coins[ix as usize].is_some_and(|coin| coin.currency == currency)
    }

    /// What a book will have paid after a fee of so many currency units.
    pub fn after(&self, book: BookIx, ix: InstrumentIx, fee: i128) -> Result<Paid, NumericError> {
        self.of(ix, add(self.paid(book, ix), fee)?)
    }

    fn of(&self, ix: InstrumentIx, paid: i128) -> Result<Paid, NumericError> {
        let Some(coin) = &self.coins[ix as usize] else {
            let message = format!("instrument {ix} is no coin to pay in");
            return Err(NumericError::NotRepresentable(message));
        };
        let up = if paid > 0 {
            Rounding::Up
        } else {
            Rounding::Down
        };
        let less = mul_div(paid, coin.size, coin.unit, up)?;
        if less.abs() > MOST {
            return Err(overflow("a sum of fees"));
        }
        Ok(Paid { paid, less })
    }

    pub fn set(&mut self, book: BookIx, ix: InstrumentIx, paid: Paid) {
        if self.paid.is_empty() {
            self.paid = vec![Paid::default(); self.books * self.coins.len()];
        }
        let at = self.at(book, ix);
        self.paid[at] = paid;
    }

    /// Currency units.
    pub fn paid(&self, book: BookIx, ix: InstrumentIx) -> i128 {
        self.paid.get(self.at(book, ix)).map_or(0, |paid| paid.paid)
    }

    /// Filled units less fees paid in the coin, rounded down to whole lots.
    #[inline]
    pub fn left(&self, book: BookIx, ix: InstrumentIx, filled: i128) -> i128 {
        if self.paid.is_empty() {
            return filled;
        }
        match (&self.paid[self.at(book, ix)], &self.coins[ix as usize]) {
            (Paid { paid: 0, .. }, _) | (_, None) => filled,
            // The fees are rounded up to units already: both roundings go down.
            (paid, Some(coin)) => (filled - paid.less).div_euclid(coin.lot) * coin.lot,
        }
    }

    #[inline]
    fn at(&self, book: BookIx, ix: InstrumentIx) -> usize {
        book as usize * self.coins.len() + ix as usize
    }

    /// Everything that was paid, as (book, instrument, currency units).
    pub fn entries(&self) -> impl Iterator<Item = (BookIx, InstrumentIx, i128)> + '_ {
        let width = self.coins.len();
        let paid = self.paid.iter().enumerate();
        paid.filter(|(_, paid)| paid.paid != 0)
            .map(move |(at, paid)| {
                (
                    (at / width) as BookIx,
                    (at % width) as InstrumentIx,
                    paid.paid,
                )
            })
    }

    /// The same coins with other payments; none when an entry makes no sense.
    pub fn with(&self, entries: &[(BookIx, InstrumentIx, i128)]) -> Option<Self> {
        let mut coins = Self {
            coins: self.coins.clone(),
            paid: Vec::new(),
            books: self.books,
        };
        for &(book, ix, units) in entries {
            if book as usize >= self.books || ix as usize >= self.coins.len() {
                return None;
            }
            let paid = coins.of(ix, units).ok()?;
            coins.set(book, ix, paid);
        }
        Some(coins)
    }
}
