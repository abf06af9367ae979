//! Order rate: at most so many orders in any window of time, per strategy and instrument.
//!
//! The stamps of the last orders are kept, as many as the limit allows: an order passes when the
//! oldest of them has left the window. A token bucket is smaller but lets almost twice the limit
//! through in one window (a full bucket, then its refill); this never exceeds it. Time is that of the
//! inputs. Approved orders and replaces count, cancels do not.

use crate::ledger::BookIx;
use crate::orders::Intent;
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::window::Window;
use crate::risk::{Asked, Check, Hears, Limit, Names, Rules};
use crate::types::{InstrumentIx, Nanos};

/// The last approved orders of a strategy in an instrument, oldest first.
struct Lane {
    book: BookIx,
    ix: InstrumentIx,
    stamps: Window,
}

pub struct OrderRate {
    instruments: usize,
    /// Place in `lanes` plus one, by book and instrument; 0 while there is none.
    places: Vec<u32>,
    /// In the order in which they first traded.
    lanes: Vec<Lane>,
}

impl OrderRate {
    pub fn new(names: &Names) -> Self {
        let instruments = names.instruments.len();
        Self {
            instruments,
            places: vec![0; instruments * names.books.len()],
            lanes: Vec::new(),
        }
    }

    fn place(&self, book: BookIx, ix: InstrumentIx) -> usize {
        book as usize * self.instruments + ix as usize
    }

    fn stamps(&self, book: BookIx, ix: InstrumentIx) -> Option<&Window> {
        let place = self.places[self.place(book, ix)] as usize;
        Some(&self.lanes[place.checked_sub(1)?].stamps)
    }

    fn count(&mut self, book: BookIx, ix: InstrumentIx, limit: i128, now: Nanos) {
        let place = self.place(book, ix);
        if self.places[place] == 0 {
            let stamps = Window::default();
            self.lanes.push(Lane { book, ix, stamps });
            self.places[place] = self.lanes.len() as u32;
        }
        let lane = &mut self.lanes[self.places[place] as usize - 1];
        lane.stamps.count(limit, now);
    }
}

impl Check for OrderRate {
    fn name(&self) -> &'static str {
        "order_rate"
    }

    fn hears(&self) -> Hears {
        Hears {
            approved: true,
            ..Hears::default()
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let limits = asked.limits;
        let &Limit::Units(limit) = &limits.max_orders else {
            return limits.max_orders.refusal();
        };
        let stamps = self.stamps(asked.order.book, asked.instrument());
        let now = asked.world.now();
        let full = stamps.map_or(limit <= 0, |all| all.full(limit, limits.window(), now));
        if !full {
            return None;
        }
        let ms = limits.per_ms;
        Some(format!("{limit} orders within {ms} ms are allowed"))
    }

    fn approved(&mut self, order: &Intent, _names: &Names, rules: &Rules, now: Nanos) {
        if let Limit::Units(limit) = rules.of(order.instrument()).max_orders {
            self.count(order.book, order.instrument(), limit, now);
        }
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for lane in &self.lanes {
            let limits = viewing.rules.of(lane.ix);
            let scope = crate::risk::Scope::from((Some(lane.book), Some(lane.ix)));
            if let Limit::Units(limit) = limits.max_orders {
                let used = lane.stamps.used(limits.window(), viewing.now);
                let limit = format!("{limit} in {} ms", limits.per_ms);
                rows.push(viewing.row("order_rate", scope, limit, used.to_string()));
            }
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        out.count(self.lanes.len());
        for lane in &self.lanes {
            out.text(&names.books[lane.book as usize]);
            out.text(&names.instruments[lane.ix as usize]);
            lane.stamps.write(out);
        }
    }

    fn restore(
        &mut self,
        names: &Names,
        rules: &Rules,
        stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        *self = Self::new(names);
        for _ in 0..stored.count()? {
            let (book, ix) = (names.book(stored.text()?), names.instrument(stored.text()?));
            let stamps = Window::read(stored)?;
            if let (Some(book), Some(ix)) = (book, ix)
                && let Limit::Units(limit) = rules.of(ix).max_orders
            {
                stamps.each(|ts| self.count(book, ix, limit, ts));
            }
        }
        Ok(())
    }
}
