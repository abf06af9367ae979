//! What a check is: it looks at one order and the world, and says why not.

use std::cell::OnceCell;

use super::controls::{Controls, Rules};
use super::halts::{Halts, Scope, VenueIx};
use super::limits::Limits;
use super::snapshot::{Reader, SnapshotError, Writer};
use super::view::{Row, Viewing};
use super::{Names, World};
use crate::ledger::BookIx;
use crate::orders::Intent;
use crate::types::{InstrumentIx, Nanos, Side, UNDEFINED};

/// The reason when nothing tells what an instrument is worth.
pub const NO_REFERENCE: &str = "no quote, trade or bar is fresh enough to measure against";

/// Something that happened to an order, which some checks count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A cancel leaves.
    Canceled(BookIx, InstrumentIx),
    /// The venue accepted an order or new terms.
    Accepted(BookIx, InstrumentIx),
    Filled(BookIx, InstrumentIx),
    /// The venue refused an order or new terms.
    Rejected(BookIx, InstrumentIx),
    /// Risk refused them.
    Denied(BookIx, InstrumentIx),
    /// The feed of an instrument is silent, or is back.
    Stale(InstrumentIx, bool),
}

/// What a latch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latched {
    Halt,
    /// Only orders that reduce may pass.
    ReduceOnly,
}

/// A control hit: this scope is to be latched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trip {
    pub latched: Latched,
    pub scope: Scope,
    /// Begins with the name of the control.
    pub reason: String,
}

/// An equity sample: of the account, and of the books whose losses are limited.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub now: Nanos,
    /// By book, the account first; None when it isn't watched or has no value yet.
    pub equities: &'a [Option<i128>],
}

/// What a check wants to hear of beside orders that ask to pass: most want nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hears {
    pub approved: bool,
    pub notes: bool,
    pub samples: bool,
}

/// One check: what it says of an order before it leaves, and what it counts afterwards.
pub trait Check: Send + Sync {
    /// What stands before its reasons, and names its memory in a snapshot.
    fn name(&self) -> &'static str;

    /// Why an order may not pass, or None.
    fn why(&self, asked: &Asked<'_>) -> Option<String>;

    /// What it hears of.
    fn hears(&self) -> Hears {
        Hears::default()
    }

    /// The order passed every check and leaves; most checks need not remember it.
    fn approved(&mut self, _order: &Intent, _names: &Names, _rules: &Rules, _now: Nanos) {}

    /// Something happened; what is to be latched for it is added to `trips`.
    fn note(&mut self, _note: Note, _facts: &Facts<'_>, _trips: &mut Vec<Trip>) {}

    /// Equity was sampled.
    fn sampled(&mut self, _sample: Sample<'_>, _facts: &Facts<'_>, _trips: &mut Vec<Trip>) {}

    /// A human lifted the latches of a scope: what led to them is forgotten.
    fn rearm(&mut self, _scope: &Scope) {}

    /// Its limits, and what of them is used.
    fn rows(&self, _viewing: &Viewing<'_>, _rows: &mut Vec<Row>) {}

    /// Writes what the check remembers of earlier orders; nothing for most.
    fn snapshot(&self, _names: &Names, _out: &mut Writer) {}

    /// Remembers what a snapshot says instead of what it remembers now.
    ///
    /// Names that are not in this run are passed over.
    fn restore(
        &mut self,
        _names: &Names,
        _rules: &Rules,
        _stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        Ok(())
    }
}

/// What stands fixed while something is noted.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub names: &'a Names,
    pub rules: &'a Rules,
    pub now: Nanos,
}

impl Facts<'_> {
    #[inline]
    pub fn venue(&self, ix: InstrumentIx) -> VenueIx {
        self.names.venue_of[ix as usize]
    }
}

/// Reference prices, doubled: half of bid plus ask is not always a whole unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Twice the price that orders are measured against.
    pub middle: i128,
    /// Twice the price that the order would take at once; without a quote the same.
    pub touch: i128,
}

/// An order that asks to pass, and everything that it is measured by.
pub struct Asked<'a> {
    /// The order; for a replace, the order with its new terms.
    pub order: &'a Intent,
    /// Quantity that may fill at worst beyond what was approved before, in units.
    pub added: i128,
    /// Limits of the order's instrument.
    pub limits: &'a Limits,
    /// Limits of everything.
    pub rules: &'a Rules,
    /// Where only orders that reduce may pass.
    pub reducing: &'a Halts,
    pub world: &'a dyn World,
    pub names: &'a Names,
    prices: OnceCell<Option<Prices>>,
}

impl<'a> Asked<'a> {
    pub fn new(
        order: &'a Intent,
        added: i128,
        (rules, reducing): (&'a Rules, &'a Halts),
        world: &'a dyn World,
        names: &'a Names,
    ) -> Self {
        Self {
            order,
            added,
            limits: rules.of(order.instrument()),
            rules,
            reducing,
            world,
            names,
            prices: OnceCell::new(),
        }
    }

    #[inline]
    pub fn controls(&self) -> &'a Controls {
        &self.rules.controls
    }

    #[inline]
    pub fn venue(&self) -> VenueIx {
        self.names.venue_of[self.instrument() as usize]
    }

    #[inline]
    pub fn instrument(&self) -> InstrumentIx {
        self.order.submit.instrument
    }

    #[inline]
    pub fn side(&self) -> Side {
        self.order.submit.side
    }

    /// The price that orders are measured against: the last quote, else trade, else bar close, each
    /// with its own age limit; None when nothing is fresh enough. A quote that is crossed or lacks a
    /// side is no reference.
    pub fn prices(&self) -> Option<Prices> {
        *self.prices.get_or_init(|| self.find_prices())
    }

    fn find_prices(&self) -> Option<Prices> {
        let (world, ix, ages) = (self.world, self.instrument(), &self.limits.ages);
        let now = world.now();
        let fresh = |ts: Nanos, age: Nanos| now.saturating_sub(ts) <= age;
        if let Some(quote) = world.quote(ix)
            && fresh(quote.ts_received, ages.quote)
        {
            let (bid, ask) = (quote.bid, quote.ask);
            if bid != UNDEFINED && ask != UNDEFINED && bid <= ask {
                let touch = match self.side() {
                    Side::Buy => ask,
                    Side::Sell => bid,
                };
                return Some(Prices {
                    middle: i128::from(bid) + i128::from(ask),
                    touch: 2 * i128::from(touch),
                });
            }
        }
        let one = |price: i64| {
            let doubled = 2 * i128::from(price);
            Prices {
                middle: doubled,
                touch: doubled,
            }
        };
        if let Some((ts, price, _)) = world.trade(ix)
            && fresh(ts, ages.trade)
        {
            return Some(one(price));
        }
        let (ts, close) = world.bar(ix)?;
        fresh(ts, ages.bar).then(|| one(close))
    }
}
