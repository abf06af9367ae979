//! Consecutive rejects: a strategy, or a venue, whose orders are refused again and again is halted.
//!
//! So many in a row are allowed; the next one halts. A strategy's row counts what its venue rejects and
//! what risk denies (not what a halt denies: that says nothing new); a venue's row counts what the
//! venue rejects, of whatever strategy. An acceptance or a fill ends both rows.

use super::message_rate::{read_all, write_all};
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::{
    Asked, Check, Control, Facts, Hears, Holder, Latched, Names, Note, Rules, Scope, Trip,
};

const NAME: &str = "consecutive_rejects";

pub struct Rejects {
    books: Vec<usize>,
    venues: Vec<usize>,
}

impl Rejects {
    pub fn new(names: &Names) -> Self {
        Self {
            books: vec![0; names.books.len()],
            venues: vec![0; names.venues.len()],
        }
    }

    fn row(&mut self, holder: Holder) -> Option<&mut usize> {
        match holder {
            Holder::Account => None,
            Holder::Strategy(book) => self.books.get_mut(book as usize),
            Holder::Venue(venue) => self.venues.get_mut(venue as usize),
        }
    }

    fn count(&mut self, holder: Holder, facts: &Facts<'_>, trips: &mut Vec<Trip>) {
        let Some(row) = self.row(holder) else {
            return;
        };
        *row += 1;
        let limit = facts.rules.controls.of(holder).units(Control::Rejects);
        if let Some(limit) = limit.filter(|&limit| *row as i128 > limit) {
            trips.push(Trip {
                latched: Latched::Halt,
                scope: holder.scope(),
                reason: format!("{NAME}: more than {limit} in a row"),
            });
        }
    }
}

impl Check for Rejects {
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
        let holders = [
            Holder::Strategy(asked.order.book),
            Holder::Venue(asked.venue()),
        ];
        let limits = holders.map(|holder| &asked.controls().of(holder)[Control::Rejects]);
        limits.into_iter().find_map(|limit| limit.refusal())
    }

    fn note(&mut self, note: Note, facts: &Facts<'_>, trips: &mut Vec<Trip>) {
        match note {
            Note::Denied(book, _) => self.count(Holder::Strategy(book), facts, trips),
            Note::Rejected(book, ix) => {
                self.count(Holder::Strategy(book), facts, trips);
                self.count(Holder::Venue(facts.venue(ix)), facts, trips);
            }
            Note::Accepted(book, ix) | Note::Filled(book, ix) => {
                self.books[book as usize] = 0;
                self.venues[facts.venue(ix) as usize] = 0;
            }
            Note::Canceled(..) | Note::Stale(..) => {}
        }
    }

    fn rearm(&mut self, scope: &Scope) {
        let row = Holder::of(scope).and_then(|holder| self.row(holder));
        row.into_iter().for_each(|row| *row = 0);
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for holder in viewing.rules.controls.holders() {
            let used = match holder {
                Holder::Account => continue,
                Holder::Strategy(book) => self.books[book as usize],
                Holder::Venue(venue) => self.venues[venue as usize],
            };
            rows.extend(viewing.held(NAME, Control::Rejects, holder, used.to_string()));
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        let write = |row: &usize, out: &mut Writer| out.count(*row);
        write_all(&self.books, &names.books, write, out);
        write_all(&self.venues, &names.venues, write, out);
    }

    fn restore(
        &mut self,
        names: &Names,
        _rules: &Rules,
        stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        *self = Self::new(names);
        read_all(
            &mut self.books,
            |name| names.book(name),
            |stored| stored.count(),
            stored,
        )?;
        read_all(
            &mut self.venues,
            |name| names.venue(name),
            |stored| stored.count(),
            stored,
        )
    }
}
