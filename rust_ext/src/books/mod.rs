//! Who owns what: the account's book and a virtual book per strategy, exact, one ledger per venue.
//!
//! Book 0 is the account as the venue keeps it: every fill, fee and cash event, netted as the venue
//! nets. Each strategy's book has its own fills and its share of cash events, by what it holds. What
//! the account has beyond the strategies' books is unallocated: starting balances, foreign fills,
//! liquidations, what a split or a share of cash could not divide, and profit that the account has
//! realised while opposing strategies still hold it open. So the books equal the account by
//! construction, to the last unit.
//!
//! What a strategy holds of a coin is what it can deliver: the sum of its fills less the fees that it
//! paid in the coin itself, in whole lots. The rest is dust in the balance.
//!
//! Everything that changes something does it wholly or not at all. Numbers beyond the lists given at
//! construction panic, like those of a slice.

mod coins;
mod events;
mod fills;
mod legs;
mod rates;
mod recent;
mod snapshot;
#[cfg(test)]
mod tests;
mod worth;

pub use fills::{Booked, TakenBack};
pub use legs::OpenLeg;
pub use recent::REMEMBERED;
pub use worth::Unvalued;

use std::collections::HashMap;

use crate::directory::{Directory, Symbol};
use crate::fixed::{NumericError, add};
use crate::ledger::{BookIx, Ledger};
use crate::types::{CurrencyIx, InstrumentIx};
use coins::Coins;
use rates::Rates;
use recent::Recent;

/// The book that is the venue's account.
pub const ACCOUNT: BookIx = 0;

/// A venue where there is an account, as `Books::new` takes it.
#[derive(Clone, Debug)]
pub struct VenueBooks {
    pub name: String,
    /// What is traded there; an instrument belongs to one venue.
    pub instruments: Vec<InstrumentIx>,
    /// Whether the account's fills form legs instead of one netted position.
    pub hedging: bool,
    /// Starting balances, in currency units.
    pub balances: Vec<(CurrencyIx, i128)>,
}

#[derive(Clone, Debug)]
struct Venue {
    name: String,
    hedging: bool,
    ledger: Ledger,
    /// Instruments that were ever filled, in order.
    held: Vec<InstrumentIx>,
}

/// The books of all strategies at all venues.
#[derive(Clone, Debug)]
pub struct Books {
    /// Sorted by name.
    venues: Vec<Venue>,
    /// The venue of each instrument; none without an account.
    venue_of: Vec<Option<usize>>,
    books: usize,
    currency: CurrencyIx,
    rates: Rates,
    coins: Coins,
    /// Instruments that were ever filled, over all venues, in order.
    held: Vec<InstrumentIx>,
    was_held: Vec<bool>,
    /// Names of position legs; the number of a leg is its place. The first is the netted position.
    legs: Vec<Symbol>,
    leg_of: HashMap<Symbol, u64>,
    recent: Recent,
}

impl Books {
    /// Books of the directory's strategies with the venues' starting balances.
    ///
    /// `account_currency` is what equity is expressed in. Scales beyond the ledger's, and sums of
    /// balances beyond 128 bits, are an overflow.
    pub fn new(
        directory: &Directory,
        mut venues: Vec<VenueBooks>,
        account_currency: CurrencyIx,
    ) -> Result<Self, NumericError> {
        venues.sort_by(|a, b| a.name.cmp(&b.name));
        let books = directory.books.len();
        let mut venue_of = vec![None; directory.instruments.len()];
        let mut opened = Vec::with_capacity(venues.len());
        for (number, venue) in venues.into_iter().enumerate() {
            for &ix in &venue.instruments {
                venue_of[ix as usize] = Some(number);
            }
            let mut ledger = Ledger::new(
                directory.currencies.clone(),
                directory.instruments.clone(),
                books,
            )?;
            for &(currency, units) in &venue.balances {
                ledger.adjust_cash(ACCOUNT, currency, units)?;
            }
            opened.push(Venue {
                name: venue.name,
                hedging: venue.hedging,
                ledger,
                held: Vec::new(),
            });
        }
        Ok(Self {
            venues: opened,
            venue_of,
            books,
            currency: account_currency,
            rates: Rates::new(directory, account_currency),
            coins: Coins::new(directory)?,
            held: Vec::new(),
            was_held: vec![false; directory.instruments.len()],
            legs: vec![0],
            leg_of: HashMap::new(),
            recent: Recent::default(),
        })
    }

    /// How many books there are: the account's and one per strategy.
    pub fn books(&self) -> usize {
        self.books
    }

    /// How many instruments there are.
    pub fn instruments(&self) -> usize {
        self.venue_of.len()
    }

    /// The currency that equity is expressed in.
    pub fn account_currency(&self) -> CurrencyIx {
        self.currency
    }

    /// Names of the venues, in order of their numbers.
    pub fn venues(&self) -> impl Iterator<Item = &str> {
        self.venues.iter().map(|venue| venue.name.as_str())
    }

    /// Number of a venue; none where there is no account.
    pub fn venue(&self, name: &str) -> Option<usize> {
        self.venues.iter().position(|venue| venue.name == name)
    }

    /// Number of an instrument's venue; none when there is no account.
    pub fn venue_of(&self, ix: InstrumentIx) -> Option<usize> {
        self.venue_of[ix as usize]
    }

    /// The ledger of an instrument's venue, to read legs, costs and profits of any book.
    pub fn ledger(&self, ix: InstrumentIx) -> Option<&Ledger> {
        Some(&self.venues[self.venue_of[ix as usize]?].ledger)
    }

    /// The ledger of a venue.
    pub fn ledger_at(&self, venue: usize) -> &Ledger {
        &self.venues[venue].ledger
    }

    /// Signed quantity that a book holds, all legs together, less fees paid in the coin itself.
    #[inline]
    pub fn position(&self, book: BookIx, ix: InstrumentIx) -> i128 {
        self.coins.left(book, ix, self.filled(book, ix))
    }

    /// Signed quantity of the whole account, less fees paid in the coin itself.
    #[inline]
    pub fn account_position(&self, ix: InstrumentIx) -> i128 {
        self.position(ACCOUNT, ix)
    }

    /// Sum of a book's signed fills, as the ledger has it: without regard to fees.
    #[inline]
    pub fn filled(&self, book: BookIx, ix: InstrumentIx) -> i128 {
        self.ledger(ix)
            .map_or(0, |ledger| ledger.net_quantity(book, ix))
    }

    /// Whether fees were ever paid in the coin itself: then a position differs from its fills.
    pub fn paid_in_coin(&self, book: BookIx, ix: InstrumentIx) -> bool {
        self.coins.paid(book, ix) != 0
    }

    /// Signed quantity that the account holds beyond what its strategies do.
    pub fn unallocated(&self, ix: InstrumentIx) -> i128 {
        let strategies = 1..self.books as BookIx;
        let held: i128 = strategies.map(|book| self.filled(book, ix)).sum();
        self.filled(ACCOUNT, ix) - held
    }

    /// The account's balance at a venue, in currency units.
    pub fn balance(&self, venue: usize, currency: CurrencyIx) -> i128 {
        self.venues[venue].ledger.balance(ACCOUNT, currency)
    }

    /// The account's balance of a currency over all venues.
    pub fn total_balance(&self, currency: CurrencyIx) -> Result<i128, NumericError> {
        self.summed(|ledger| ledger.balance(ACCOUNT, currency))
    }

    /// Fees that the accounts paid in a currency; positive is paid.
    pub fn fees(&self, currency: CurrencyIx) -> Result<i128, NumericError> {
        self.summed(|ledger| ledger.fees(ACCOUNT, currency))
    }

    fn summed(&self, of: impl Fn(&Ledger) -> i128) -> Result<i128, NumericError> {
        let mut amounts = self.venues.iter().map(|venue| of(&venue.ledger));
        amounts.try_fold(0, add)
    }

    /// Instruments that were ever filled, in order of their first fill.
    pub fn held(&self) -> &[InstrumentIx] {
        &self.held
    }

    fn venue_number(&self, ix: InstrumentIx) -> Result<usize, NumericError> {
        self.venue_of[ix as usize].ok_or_else(|| {
            NumericError::NotRepresentable(format!("there is no account for instrument {ix}"))
        })
    }
}
