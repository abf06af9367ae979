//! The market's part of a snapshot: everything but what strategies wait for, which they keep themselves.

use super::{Market, Slot};
use crate::book::Book;
use crate::failure::Failure;
use crate::snapshot::{Reader, Writer};
use crate::types::{Level, Quote, Side};

/// The market of all instruments, as a snapshot holds it.
pub struct Saved(Vec<Slot>);

impl Market {
    pub fn save(&self, out: &mut Writer) {
        out.count(self.slots.len() as u64);
        for slot in &self.slots {
            out.maybe(slot.quote.map(|q| {
                let stamps = [q.ts_event, q.ts_received];
                [stamps[0], stamps[1], q.bid, q.ask, q.bid_size, q.ask_size]
            }));
            out.maybe(slot.trade.map(|(ts, price, size)| [ts, price, size]));
            for pair in [slot.bar, slot.mark] {
                out.maybe(pair.map(|(ts, price)| [ts, price]));
            }
            out.flag(slot.book.is_valid());
            out.words([slot.book_ts]);
            for side in [Side::Buy, Side::Sell] {
                save_side(out, &slot.book, side);
            }
        }
    }

    /// # Errors
    /// Bytes that are no market of as many instruments.
    pub fn read(&self, reader: &mut Reader<'_>) -> Result<Saved, Failure> {
        let slots = reader.list(read_slot)?;
        match slots.len() == self.slots.len() {
            true => Ok(Saved(slots)),
            false => Err(reader.damaged()),
        }
    }

    /// Become the market that was saved. What strategies wait for stays.
    pub fn resume(&mut self, saved: Saved) {
        self.slots = saved.0;
    }
}

fn save_side(out: &mut Writer, book: &Book, side: Side) {
    out.count(book.depth(side) as u64);
    let levels: Vec<_> = match side {
        Side::Buy => book.bids().collect(),
        Side::Sell => book.asks().collect(),
    };
    for (price, size) in levels {
        out.words([price, size]);
    }
}

fn read_slot(reader: &mut Reader<'_>) -> Result<Slot, Failure> {
    let quote =
        reader.maybe()?.map(
            |[ts_event, ts_received, bid, ask, bid_size, ask_size]| Quote {
                ts_event,
                ts_received,
                bid,
                ask,
                bid_size,
                ask_size,
            },
        );
    let trade = reader.maybe()?.map(|[ts, price, size]| (ts, price, size));
    let bar = reader.maybe()?.map(|[ts, price]| (ts, price));
    let mark = reader.maybe()?.map(|[ts, price]| (ts, price));
    let valid = reader.flag()?;
    let [book_ts] = reader.words()?;
    let mut book = Book::new();
    if valid {
        book.clear();
    }
    for side in [Side::Buy, Side::Sell] {
        let levels = reader.list(Reader::words)?;
        for &[price, size] in &levels {
            book.apply(Level { side, price, size });
        }
        if book.depth(side) != levels.len() {
            return Err(reader.damaged());
        }
    }
    Ok(Slot {
        quote,
        trade,
        bar,
        mark,
        book,
        book_ts,
    })
}
