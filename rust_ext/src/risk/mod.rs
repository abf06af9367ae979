//! Pre-trade risk: what is halted, and the checks that every order passes.
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
mod halts;
mod limits;
mod replace;
mod resting;
mod snapshot;
mod stale;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::ControlFlow;

pub use bound::Bound;
pub use check::{Asked, Check, NO_REFERENCE, Prices};
pub use halts::{Halts, NamedHalt, Scope};
pub use limits::{Ages, Limit, Limits, NO_LIMIT, NUMERIC_OVERFLOW, UNLIMITED_LIVE};
pub use replace::{NO_SUCH_ORDER, added, denial, new_terms};
pub use resting::Resting;
pub use snapshot::SnapshotError;

use crate::directory::Directory;
use crate::ledger::BookIx;
use crate::orders::Intent;
use crate::types::{InstrumentIx, Nanos, Quote, Side};

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
    instrument_ix: HashMap<String, InstrumentIx>,
    book_ix: HashMap<String, BookIx>,
}

impl Names {
    fn new(instruments: Vec<String>, books: Vec<String>) -> Self {
        let numbered = |names: &[String]| names.iter().cloned().zip(0..).collect();
        Self {
            instrument_ix: numbered(&instruments),
            book_ix: numbered(&books),
            instruments,
            books,
        }
    }

    pub fn instrument(&self, id: &str) -> Option<InstrumentIx> {
        self.instrument_ix.get(id).copied()
    }

    pub fn book(&self, name: &str) -> Option<BookIx> {
        self.book_ix.get(name).copied()
    }
}

/// Limits, halts and checks of one run, and what the checks remember.
pub struct Risk {
    /// What is halted; whoever lets commands out looks at the same table.
    pub halts: Halts,
    names: Names,
    limits: Vec<Limits>,
    checks: Vec<Box<dyn Check>>,
}

impl Risk {
    /// Risk of a run's instruments and books; `limits` holds one entry per instrument.
    ///
    /// # Panics
    /// When there are more or fewer limits than instruments: nothing may trade by another's limits.
    pub fn new(directory: &Directory, limits: Vec<Limits>) -> Self {
        let ids = directory.instruments.iter().map(|item| item.id.clone());
        let names = Names::new(ids.collect(), directory.books.clone());
        assert_eq!(
            names.instruments.len(),
            limits.len(),
            "limits per instrument"
        );
        Self {
            halts: Halts::default(),
            checks: checks::standard(&names),
            names,
            limits,
        }
    }

    /// Everything that speaks against an order, not only the first: the halts, then each check as
    /// `name: why`. Empty when it may pass.
    ///
    /// `order` has its new terms for a replace; `added` is the quantity that may fill at worst
    /// beyond what was approved before. Indexes beyond the lists panic, like those of a slice.
    pub fn reasons(&self, order: &Intent, added: i128, world: &dyn World) -> Vec<String> {
        let mut reasons = self.halts.reasons(order.book, order.instrument());
        let asked = Asked::new(order, added, self.limits_of(order), world, &self.names);
        for check in &self.checks {
            if let Some(why) = check.why(&asked) {
                reasons.push(format!("{}: {why}", check.name()));
            }
        }
        reasons
    }

    /// The order passed every check at `now` and leaves.
    pub fn approved(&mut self, order: &Intent, now: Nanos) {
        let limits = &self.limits[order.instrument() as usize];
        for check in &mut self.checks {
            check.approved(order, limits, now);
        }
    }

    /// Replaces the limits of an instrument; what the checks remember stays.
    pub fn set_limits(&mut self, ix: InstrumentIx, limits: Limits) {
        self.limits[ix as usize] = limits;
    }

    /// Halts a scope by names; the latest reason stands. Names that are not in this run are kept
    /// and halt nothing here. By numbers: `halts.add`.
    pub fn halt(&mut self, halt: NamedHalt) {
        self.halts.add_named(&self.names, halt);
    }

    /// Lifts the halt of a scope by names, if there is one. By numbers: `halts.lift`.
    pub fn resume(&mut self, strategy: Option<&str>, instrument: Option<&str>) {
        self.halts.lift_named(&self.names, strategy, instrument);
    }

    /// Every halt by names, in the order in which they were called.
    pub fn halted(&self) -> Vec<NamedHalt> {
        self.halts.named(&self.names)
    }

    /// Names of the checks, in the order in which their reasons are given.
    pub fn check_names(&self) -> Vec<&'static str> {
        self.checks.iter().map(|check| check.name()).collect()
    }

    /// Names behind the numbers of this run.
    pub fn names(&self) -> &Names {
        &self.names
    }

    #[inline]
    fn limits_of(&self, order: &Intent) -> &Limits {
        &self.limits[order.instrument() as usize]
    }
}
