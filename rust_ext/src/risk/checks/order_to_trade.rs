//! Order-to-trade ratio: messages sent for each fill, per strategy and venue. Counted and shown; it
//! denies nothing.

use super::message_rate::{read_all, write_all};
use crate::ledger::BookIx;
use crate::orders::Intent;
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::{Asked, Check, Facts, Hears, Holder, Names, Note, Rules, Trip, VenueIx};
use crate::types::Nanos;

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    messages: usize,
    fills: usize,
}

pub struct OrderToTrade {
    books: Vec<Counts>,
    venues: Vec<Counts>,
}

impl OrderToTrade {
    pub fn new(names: &Names) -> Self {
        Self {
            books: vec![Counts::default(); names.books.len()],
            venues: vec![Counts::default(); names.venues.len()],
        }
    }

    fn message(&mut self, book: BookIx, venue: VenueIx) {
        self.books[book as usize].messages += 1;
        self.venues[venue as usize].messages += 1;
    }
}

impl Check for OrderToTrade {
    fn name(&self) -> &'static str {
        "order_to_trade"
    }

    fn hears(&self) -> Hears {
        Hears {
            approved: true,
            notes: true,
            ..Hears::default()
        }
    }

    fn why(&self, _asked: &Asked<'_>) -> Option<String> {
        None
    }

    fn approved(&mut self, order: &Intent, names: &Names, _rules: &Rules, _now: Nanos) {
        self.message(order.book, names.venue_of[order.instrument() as usize]);
    }

    fn note(&mut self, note: Note, facts: &Facts<'_>, _trips: &mut Vec<Trip>) {
        match note {
            Note::Canceled(book, ix) => self.message(book, facts.venue(ix)),
            Note::Filled(book, ix) => {
                self.books[book as usize].fills += 1;
                self.venues[facts.venue(ix) as usize].fills += 1;
            }
            _ => {}
        }
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for holder in viewing.rules.controls.holders() {
            let counts = match holder {
                Holder::Account => continue,
                Holder::Strategy(book) => self.books[book as usize],
                Holder::Venue(venue) => self.venues[venue as usize],
            };
            let Counts { messages, fills } = counts;
            let used = format!("{messages} : {fills}");
            rows.push(viewing.row("order_to_trade", holder.scope(), String::new(), used));
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        let write = |counts: &Counts, out: &mut Writer| {
            out.count(counts.messages);
            out.count(counts.fills);
        };
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
        let read = |stored: &mut Reader<'_>| {
            Ok(Counts {
                messages: stored.count()?,
                fills: stored.count()?,
            })
        };
        read_all(&mut self.books, |name| names.book(name), read, stored)?;
        read_all(&mut self.venues, |name| names.venue(name), read, stored)
    }
}
