//! The simulated venue as a party of its own, for paper trading: it tells what it did, and comes back
//! from what it kept. Off unless asked for.

use super::entries::{Entries, EntryNames};
use super::{Kernel, Venue};
use crate::exchange::Numbers;
use crate::failure::Failure;

/// What a venue kept of the time before.
pub struct Kept<'a> {
    pub snapshot: &'a [u8],
    pub numbers: Numbers,
    /// Orders that ended, with what they filled.
    pub ended: Vec<(u128, i64)>,
    /// Groups of which an order has filled.
    pub groups: Vec<u64>,
}

impl Kernel {
    /// From now on a venue's entries are kept until they are taken.
    pub fn keep_venue_entries(&mut self, venue: usize, names: EntryNames) {
        if let Some(venue) = self.venues.get_mut(venue) {
            venue.exchange.note_changes();
            venue.entries = Some(Entries::new(names));
        }
    }

    /// What happened at a venue since the last time, encoded, and whether its state moved without an
    /// entry (a trailing stop followed the price).
    pub fn take_venue_entries(&mut self, venue: usize) -> (Vec<u8>, bool) {
        let Some(venue) = self.venues.get_mut(venue) else {
            return (Vec::new(), false);
        };
        let bytes = venue.entries.as_mut().map(Entries::take);
        (bytes.unwrap_or_default(), venue.exchange.take_moved())
    }

    /// A venue becomes what it was when it last was there, and does what it must on its return: the
    /// orders that were to end meanwhile end at the kernel's time.
    ///
    /// # Errors
    /// As `Exchange::restore`; nothing has changed then.
    pub fn bring_venue_back(&mut self, number: usize, kept: Kept<'_>) -> Result<(), Failure> {
        let now = self.now;
        let Some(venue) = self.venues.get_mut(number) else {
            return Err(Failure::Config(format!("there is no venue {number}")));
        };
        venue.exchange.restore(kept.snapshot, &kept.numbers)?;
        venue.exchange.remember(kept.ended, kept.groups);
        venue.exchange.take_done_groups();
        if let Some(entries) = &mut venue.entries {
            entries.returned(now);
        }
        self.at_venue(number, now, |exchange, out| exchange.come_back(now, out));
        Ok(())
    }
}

impl Venue {
    /// Note what the venue reports now, where that is asked for.
    #[inline]
    pub(super) fn note_reports(&mut self, ts: i64, reports: &[crate::types::Report]) {
        if let Some(entries) = &mut self.entries {
            entries.reported(ts, reports, &mut self.exchange);
        }
    }
}
