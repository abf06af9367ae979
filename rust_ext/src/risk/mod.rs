//! Risk: what is halted, and the checks that every order passes and that look at what comes of it.
//!
//! To add a check: one file in `checks/` with a type that implements `Check`, one line in
//! `checks::standard`, one limit in `limits.rs` (resolved from the config by
//! `openoutcry.actors.risk_limits`), and tests that it passes, blocks, stands on its boundary and
//! denies when its limit is missing. What a check reads of the world stands in `World`.
//!
//! Nothing here changes an order, reads a clock or allocates while an order passes.

mod bound;
mod check;
mod checks;
mod controls;
mod halts;
mod limits;
mod replace;
mod resting;
mod settings;
mod snapshot;
mod stale;
#[cfg(test)]
mod tests;
mod view;
mod window;

use std::collections::HashMap;
use std::ops::ControlFlow;

pub use bound::Bound;
pub use check::{Asked, Check, Facts, Hears, Latched, NO_REFERENCE, Note, Prices, Sample, Trip};
pub use controls::{Control, Controls, Day, Holder, HolderLimits, Rules};
pub use halts::{Halts, NamedHalt, NamedScope, Scope, VenueIx};
pub use limits::{Ages, Limit, Limits, NANOS_PER_MS, NO_LIMIT, NUMERIC_OVERFLOW, UNLIMITED_LIVE};
pub use replace::{NO_SUCH_ORDER, added, denial, new_terms};
pub use resting::Resting;
pub use settings::{SetLimitError, Setting};
pub use snapshot::SnapshotError;
pub use view::{Row, Viewing};

use crate::directory::Directory;
use crate::ledger::BookIx;
use crate::orders::Intent;
use crate::types::{Instrument, InstrumentIx, Nanos, Quote, Side};

/// Everything that a check may read. Quantities in units of the instrument, times in ns UTC.
pub trait World {
    /// Time of the input being handled.
    fn now(&self) -> Nanos;

    /// The last quote or book top; sides may be `UNDEFINED`.
    fn quote(&self, ix: InstrumentIx) -> Option<Quote>;

    /// (`ts_received`, price, size) of the last trade.
    fn trade(&self, ix: InstrumentIx) -> Option<(Nanos, i64, i64)>;

    /// (`ts_received`, close) of the last bar.
    fn bar(&self, ix: InstrumentIx) -> Option<(Nanos, i64)>;

    /// Signed position of a strategy's book, or of the account (None).
    fn position(&self, book: Option<BookIx>, ix: InstrumentIx) -> i128;

    /// What may still be bought and sold, unsigned: approved, working and unknown orders of a book
    /// or of all (None). Orders that can only reduce a position are left out.
    fn working(&self, book: Option<BookIx>, ix: InstrumentIx) -> (i128, i128);

    /// What a signed quantity is worth at the mark, in units of the account currency; None without a
    /// price or a rate.
    fn worth(&self, ix: InstrumentIx, units: i128) -> Option<i128>;

    /// `ts_received` of the last datum of any kind.
    fn data_ts(&self, ix: InstrumentIx) -> Option<Nanos>;

    /// Whether there is a book of it that misses changes.
    fn book_lost(&self, ix: InstrumentIx) -> bool;

    /// Calls `visit` with book and limit price of our orders on a side that rest, or may soon,
    /// oldest first, until it breaks. `Resting` says which orders those are.
    fn resting(
        &self,
        ix: InstrumentIx,
        side: Side,
        visit: &mut dyn FnMut(BookIx, i64) -> ControlFlow<()>,
    );
}

/// Names behind the numbers, for texts and snapshots.
#[derive(Debug)]
pub struct Names {
    /// Ids of the instruments.
    pub instruments: Vec<String>,
    /// Names of the books; 0 is the account.
    pub books: Vec<String>,
    /// Names of the venues: the parts of the ids behind the last dot, in order of appearance.
    pub venues: Vec<String>,
    /// The venue of each instrument.
    pub venue_of: Vec<VenueIx>,
    instrument_ix: HashMap<String, InstrumentIx>,
    book_ix: HashMap<String, BookIx>,
}

impl Names {
    fn new(instruments: Vec<String>, books: Vec<String>) -> Self {
        let numbered = |names: &[String]| names.iter().cloned().zip(0..).collect();
        let mut venues: Vec<String> = Vec::new();
        let mut venue_of = Vec::new();
        for id in &instruments {
            let venue = id.rsplit('.').next().unwrap_or(id);
            let place = venues.iter().position(|known| known == venue);
            venue_of.push(place.unwrap_or_else(|| {
                venues.push(venue.to_owned());
                venues.len() - 1
            }) as VenueIx);
        }
        Self {
            instrument_ix: numbered(&instruments),
            book_ix: numbered(&books),
            instruments,
            books,
            venues,
            venue_of,
        }
    }

    pub fn venue(&self, name: &str) -> Option<VenueIx> {
        let place = self.venues.iter().position(|known| known == name);
        place.map(|place| place as VenueIx)
    }

    pub fn instrument(&self, id: &str) -> Option<InstrumentIx> {
        self.instrument_ix.get(id).copied()
    }

    pub fn book(&self, name: &str) -> Option<BookIx> {
        self.book_ix.get(name).copied()
    }
}

/// Limits, latches and checks of one run, and what the checks remember.
pub struct Risk {
    /// What is halted; whoever lets commands out looks at the same table.
    pub halts: Halts,
    /// Where only orders that reduce may pass.
    pub reducing: Halts,
    names: Names,
    instruments: Vec<Instrument>,
    /// Codes of the currencies.
    codes: Vec<String>,
    rules: Rules,
    /// The rules as the config has them, and what was set since.
    configured: Rules,
    settings: Vec<Setting>,
    checks: Vec<Box<dyn Check>>,
    /// Places of the checks that hear of approved orders, of notes and of samples.
    hearers: [Vec<usize>; 3],
    /// Equity by book in the last sample; kept for its memory.
    equities: Vec<Option<i128>>,
}

impl Risk {
    /// Risk of a run's instruments and books; `limits` holds one entry per instrument.
    ///
    /// # Panics
    /// When there are more or fewer limits than instruments: nothing may trade by another's limits.
    pub fn new(directory: &Directory, limits: Vec<Limits>, mut controls: Controls) -> Self {
        let ids = directory.instruments.iter().map(|item| item.id.clone());
        let names = Names::new(ids.collect(), directory.books.clone());
        assert_eq!(
            names.instruments.len(),
            limits.len(),
            "limits per instrument"
        );
        controls.complete(&names);
        let rules = Rules { limits, controls };
        let checks = checks::standard(&names);
        let codes = directory.currencies.iter().map(|(code, _)| code.clone());
        Self {
            halts: Halts::of(&names),
            reducing: Halts::of(&names),
            hearers: hearers(&checks),
            checks,
            instruments: directory.instruments.clone(),
            codes: codes.collect(),
            configured: rules.clone(),
            rules,
            settings: Vec::new(),
            equities: Vec::new(),
            names,
        }
    }

    /// The same with limits of holders, which are read with the names at hand.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn with_controls<E>(
        mut self,
        read: impl FnOnce(&Names) -> Result<Controls, E>,
    ) -> Result<Self, E> {
        let mut controls = read(&self.names)?;
        controls.complete(&self.names);
        self.rules.controls = controls;
        self.configured = self.rules.clone();
        Ok(self)
    }

    /// Everything that speaks against an order, not only the first: the halts, then each check as
    /// `name: why`. Empty when it may pass.
    ///
    /// `order` has its new terms for a replace; `added` is the quantity that may fill at worst
    /// beyond what was approved before. Indexes beyond the lists panic, like those of a slice.
    pub fn reasons(&self, order: &Intent, added: i128, world: &dyn World) -> Vec<String> {
        let mut reasons = self.halts.reasons(order.book, order.instrument());
        let rules = (&self.rules, &self.reducing);
        let asked = Asked::new(order, added, rules, world, &self.names);
        for check in &self.checks {
            if let Some(why) = check.why(&asked) {
                reasons.push(format!("{}: {why}", check.name()));
            }
        }
        reasons
    }

    /// The order passed every check at `now` and leaves.
    pub fn approved(&mut self, order: &Intent, now: Nanos) {
        for &place in &self.hearers[0] {
            self.checks[place].approved(order, &self.names, &self.rules, now);
        }
    }

    /// Something happened to an order: what is to be latched for it, and is not yet.
    pub fn noted(&mut self, note: Note, now: Nanos) -> Vec<Trip> {
        if let Note::Denied(book, ix) = note
            && self.halts.applies(book, ix)
        {
            return Vec::new(); // it says nothing new of the strategy
        }
        let facts = Facts {
            names: &self.names,
            rules: &self.rules,
            now,
        };
        let mut trips = Vec::new();
        for &place in &self.hearers[1] {
            self.checks[place].note(note, &facts, &mut trips);
        }
        self.fresh(trips)
    }

    /// Equity was sampled: what is to be latched for it, and is not yet.
    ///
    /// `equity_of` values the book of a strategy; it is asked only where losses are limited.
    pub fn sampled(
        &mut self,
        account: i128,
        now: Nanos,
        mut equity_of: impl FnMut(BookIx) -> Option<i128>,
    ) -> Vec<Trip> {
        let controls = &self.rules.controls;
        self.equities.clear();
        self.equities.push(Some(account));
        for book in 1..self.names.books.len() as BookIx {
            let equity = controls.watches(book).then(|| equity_of(book)).flatten();
            self.equities.push(equity);
        }
        let sample = Sample {
            now,
            equities: &self.equities,
        };
        let facts = Facts {
            names: &self.names,
            rules: &self.rules,
            now,
        };
        let mut trips = Vec::new();
        for &place in &self.hearers[2] {
            self.checks[place].sampled(sample, &facts, &mut trips);
        }
        self.fresh(trips)
    }

    #[inline]
    fn fresh(&self, mut trips: Vec<Trip>) -> Vec<Trip> {
        trips.retain(|trip| !self.table(trip.latched).has(&trip.scope));
        trips
    }

    fn table(&self, latched: Latched) -> &Halts {
        match latched {
            Latched::Halt => &self.halts,
            Latched::ReduceOnly => &self.reducing,
        }
    }

    /// Latches a scope; the latest reason stands.
    pub fn latch(&mut self, latched: Latched, scope: Scope, reason: &str, since: Nanos) {
        match latched {
            Latched::Halt => self.halts.add(scope, reason, since),
            Latched::ReduceOnly => self.reducing.add(scope, reason, since),
        }
    }

    /// The same by names. Names that are not in this run are kept and latch nothing here.
    pub fn latch_named(&mut self, latched: Latched, halt: NamedHalt) {
        match latched {
            Latched::Halt => self.halts.add_named(&self.names, halt),
            Latched::ReduceOnly => self.reducing.add_named(&self.names, halt),
        }
    }

    /// Lifts every latch of exactly this scope, and forgets what led to it.
    pub fn rearm(&mut self, scope: Scope) {
        self.halts.lift(scope);
        self.reducing.lift(scope);
        for check in &mut self.checks {
            check.rearm(&scope);
        }
    }

    /// The same by names.
    pub fn rearm_named(&mut self, scope: &NamedScope) {
        match scope.numbers(&self.names) {
            Some(scope) => self.rearm(scope),
            None => {
                self.halts.lift_named(&self.names, scope);
                self.reducing.lift_named(&self.names, scope);
            }
        }
    }

    /// Every latch of a kind by names, in the order in which they were called.
    pub fn latched(&self, latched: Latched) -> Vec<NamedHalt> {
        self.table(latched).named(&self.names)
    }

    /// Names of the checks, in the order in which their reasons are given.
    pub fn check_names(&self) -> Vec<&'static str> {
        self.checks.iter().map(|check| check.name()).collect()
    }

    /// Names behind the numbers of this run.
    pub fn names(&self) -> &Names {
        &self.names
    }
}

/// Which checks hear of approved orders, of notes and of samples.
fn hearers(checks: &[Box<dyn Check>]) -> [Vec<usize>; 3] {
    let of = |wants: fn(Hears) -> bool| {
        let all = checks.iter().enumerate();
        let hearing = all.filter(|(_, check)| wants(check.hears()));
        hearing.map(|(place, _)| place).collect()
    };
    [
        of(|hears| hears.approved),
        of(|hears| hears.notes),
        of(|hears| hears.samples),
    ]
}
