//! Market-state check: no order on an instrument whose feed is silent or whose book is lost.
//!
//! `BookStale` says when a feed is silent beyond its limit and when it is back; a book is lost from a
//! gap in its changes until the next snapshot. It needs no limit: it always holds.

use super::message_rate::{read_all, write_all};
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::{Asked, Check, Facts, Hears, Names, Note, Rules, Scope, Trip};
use crate::types::InstrumentIx;

const NAME: &str = "market_state";
const SILENT: &str = "its feed is silent";
const LOST: &str = "its book is lost until the next snapshot";

pub struct MarketState {
    /// By instrument.
    silent: Vec<bool>,
}

impl MarketState {
    pub fn new(names: &Names) -> Self {
        Self {
            silent: vec![false; names.instruments.len()],
        }
    }
}

impl Check for MarketState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hears(&self) -> Hears {
        Hears {
            notes: true,
            ..Hears::default()
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let ix = asked.instrument();
        if self.silent[ix as usize] {
            return Some(SILENT.to_owned());
        }
        asked.world.book_lost(ix).then(|| LOST.to_owned())
    }

    fn note(&mut self, note: Note, _facts: &Facts<'_>, _trips: &mut Vec<Trip>) {
        if let Note::Stale(ix, silent) = note {
            self.silent[ix as usize] = silent;
        }
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for (ix, &silent) in (0..).zip(&self.silent) {
            let ix: InstrumentIx = ix;
            let used = match (silent, viewing.world.book_lost(ix)) {
                (true, _) => SILENT,
                (false, true) => LOST,
                (false, false) => "open",
            };
            let scope = Scope::from((None, Some(ix)));
            let row = viewing.row(NAME, scope, String::new(), used.to_owned());
            let state = if used == "open" { row.state } else { "denies" };
            rows.push(Row { state, ..row });
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        let write = |silent: &bool, out: &mut Writer| out.count(usize::from(*silent));
        write_all(&self.silent, &names.instruments, write, out);
    }

    fn restore(
        &mut self,
        names: &Names,
        _rules: &Rules,
        stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        *self = Self::new(names);
        let read = |stored: &mut Reader<'_>| Ok(stored.count()? == 1);
        read_all(&mut self.silent, |id| names.instrument(id), read, stored)
    }
}
