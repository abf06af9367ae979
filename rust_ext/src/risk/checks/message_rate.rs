//! Maximum messages limit: orders, replaces and cancels in any window of time, per strategy and venue.
//!
//! Cancels count and are never denied: they only ever reduce risk. So a window may hold more than
//! the limit, but then nothing new passes.

use crate::ledger::BookIx;
use crate::orders::Intent;
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::window::Window;
use crate::risk::{
    Asked, Check, Control, Facts, Hears, Holder, HolderLimits, Limit, NANOS_PER_MS, Names, Note,
    Rules, Trip, VenueIx,
};
use crate::types::Nanos;

pub struct MessageRate {
    books: Vec<Window>,
    venues: Vec<Window>,
}

impl MessageRate {
    pub fn new(names: &Names) -> Self {
        Self {
            books: vec![Window::default(); names.books.len()],
            venues: vec![Window::default(); names.venues.len()],
        }
    }

    fn window(&self, holder: Holder) -> Option<&Window> {
        match holder {
            Holder::Account => None,
            Holder::Strategy(book) => self.books.get(book as usize),
            Holder::Venue(venue) => self.venues.get(venue as usize),
        }
    }

    fn count(&mut self, book: BookIx, venue: VenueIx, rules: &Rules, now: Nanos) {
        let controls = &rules.controls;
        if let Some(limit) = controls.strategies[book as usize].units(Control::Messages) {
            self.books[book as usize].count(limit, now);
        }
        if let Some(limit) = controls.venues[venue as usize].units(Control::Messages) {
            self.venues[venue as usize].count(limit, now);
        }
    }
}

fn length(limits: &HolderLimits) -> Nanos {
    limits.messages_ms.saturating_mul(NANOS_PER_MS)
}

impl Check for MessageRate {
    fn name(&self) -> &'static str {
        "message_rate"
    }

    fn hears(&self) -> Hears {
        Hears {
            approved: true,
            notes: true,
            ..Hears::default()
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let holders = [
            Holder::Strategy(asked.order.book),
            Holder::Venue(asked.venue()),
        ];
        holders.into_iter().find_map(|holder| {
            let limits = asked.controls().of(holder);
            let &Limit::Units(limit) = &limits[Control::Messages] else {
                return limits[Control::Messages].refusal();
            };
            let window = self.window(holder)?;
            let full = window.full(limit, length(limits), asked.world.now());
            full.then(|| {
                let (name, ms) = (holder.name(asked.names), limits.messages_ms);
                format!("{limit} messages within {ms} ms are allowed to {name}")
            })
        })
    }

    fn approved(&mut self, order: &Intent, names: &Names, rules: &Rules, now: Nanos) {
        let venue = names.venue_of[order.instrument() as usize];
        self.count(order.book, venue, rules, now);
    }

    fn note(&mut self, note: Note, facts: &Facts<'_>, _trips: &mut Vec<Trip>) {
        if let Note::Canceled(book, ix) = note {
            self.count(book, facts.venue(ix), facts.rules, facts.now);
        }
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for holder in viewing.rules.controls.holders() {
            if let Some(window) = self.window(holder) {
                let limits = viewing.rules.controls.of(holder);
                let used = window.used(length(limits), viewing.now).to_string();
                rows.extend(viewing.held(self.name(), Control::Messages, holder, used));
            }
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        for (windows, names) in [(&self.books, &names.books), (&self.venues, &names.venues)] {
            write_all(windows, names, Window::write, out);
        }
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
            Window::read,
            stored,
        )?;
        read_all(
            &mut self.venues,
            |name| names.venue(name),
            Window::read,
            stored,
        )
    }
}

/// Writes what is remembered of each name.
pub fn write_all<T>(
    all: &[T],
    names: &[String],
    write: impl Fn(&T, &mut Writer),
    out: &mut Writer,
) {
    out.count(all.len());
    for (one, name) in all.iter().zip(names) {
        out.text(name);
        write(one, out);
    }
}

/// Reads what `write_all` wrote; names that are not in this run are passed over.
pub fn read_all<T>(
    all: &mut [T],
    place: impl Fn(&str) -> Option<u32>,
    read: impl Fn(&mut Reader<'_>) -> Result<T, SnapshotError>,
    stored: &mut Reader<'_>,
) -> Result<(), SnapshotError> {
    for _ in 0..stored.count()? {
        let place = place(stored.text()?);
        let one = read(stored)?;
        if let Some(place) = place {
            all[place as usize] = one;
        }
    }
    Ok(())
}
