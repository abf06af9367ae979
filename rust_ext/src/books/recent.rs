//! The last fills as they stand, for the day one is taken back or corrected.

use std::collections::VecDeque;

use crate::ledger::BookIx;
use crate::orders::{FillEvent, VenueKey};
use crate::types::{InstrumentIx, Nanos};

/// How many fills back a bust or correction can reach.
pub const REMEMBERED: usize = 10_000;

/// A fill, whose it is, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Remembered {
    pub book: BookIx,
    /// Of the order.
    pub id: u128,
    pub instrument: InstrumentIx,
    pub ts_event: Nanos,
    pub ts_received: Nanos,
    pub fill: FillEvent,
}

impl Remembered {
    fn is(&self, ix: InstrumentIx, fill_id: &VenueKey) -> bool {
        self.instrument == ix && self.fill.fill_id == *fill_id
    }
}

/// In order; there is no map, because fills come by the million and are taken back once a year.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recent(pub VecDeque<Remembered>);

impl Recent {
    pub fn push(&mut self, fill: Remembered) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(fill);
    }

    /// The latest fill with an id.
    pub fn find(&self, ix: InstrumentIx, fill_id: &VenueKey) -> Option<&Remembered> {
        self.0.iter().rev().find(|fill| fill.is(ix, fill_id))
    }

    /// Forget every fill with an id.
    pub fn forget(&mut self, ix: InstrumentIx, fill_id: &VenueKey) {
        self.0.retain(|fill| !fill.is(ix, fill_id));
    }
}
