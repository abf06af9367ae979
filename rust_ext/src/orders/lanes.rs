//! Lists and sums of open orders: of all, of one book's in an instrument, of everybody's in one.

use super::intent::Intent;
use crate::ledger::BookIx;
use crate::types::{InstrumentIx, Side};

/// Number of an order's place in the table; `NONE` is no place.
pub type Slot = u32;
pub const NONE: Slot = Slot::MAX;

/// Which of the lists that an open order stands in.
#[derive(Clone, Copy)]
pub enum Of {
    Everything,
    /// Its book and instrument.
    Own,
    /// Its instrument, whatever the book.
    Account,
}

/// An order's neighbours in each of its lists.
pub type Links = [Link; 3];

#[derive(Clone, Copy, Debug)]
pub struct Link {
    before: Slot,
    pub after: Slot,
}

pub const UNLINKED: Links = [Link {
    before: NONE,
    after: NONE,
}; 3];

/// Open orders in the order of their creation; the links stand with the orders, so taking one out
/// costs the same wherever it stands.
#[derive(Clone, Copy, Debug)]
pub struct List {
    pub first: Slot,
    last: Slot,
}

impl Default for List {
    fn default() -> Self {
        Self {
            first: NONE,
            last: NONE,
        }
    }
}

/// Where the links of a slot are found.
pub trait Linked {
    fn links(&mut self, slot: Slot) -> &mut Links;
}

impl List {
    pub fn push(&mut self, slots: &mut impl Linked, of: Of, slot: Slot) {
        slots.links(slot)[of as usize] = Link {
            before: self.last,
            after: NONE,
        };
        match self.last {
            NONE => self.first = slot,
            last => slots.links(last)[of as usize].after = slot,
        }
        self.last = slot;
    }

    pub fn remove(&mut self, slots: &mut impl Linked, of: Of, slot: Slot) {
        let Link { before, after } = slots.links(slot)[of as usize];
        match before {
            NONE => self.first = after,
            before => slots.links(before)[of as usize].after = after,
        }
        match after {
            NONE => self.last = before,
            after => slots.links(after)[of as usize].before = before,
        }
    }
}

/// What may still fill of one instrument, for one book or for the account.
#[derive(Clone, Debug, Default)]
pub struct Lane {
    pub open: List,
    /// Bought and sold by orders that may increase the position, then by reduce-only ones.
    sums: [[i128; 2]; 2],
}

impl Lane {
    fn add(&mut self, intent: &Intent, units: i128) {
        let submit = &intent.submit;
        let side = usize::from(submit.side == Side::Sell);
        self.sums[usize::from(submit.reduce_only)][side] += units;
    }

    /// Bought and sold at worst, both unsigned.
    pub fn working(&self, reduce_only: bool) -> (i128, i128) {
        let [open, reducing] = &self.sums;
        if reduce_only {
            (open[0] + reducing[0], open[1] + reducing[1])
        } else {
            (open[0], open[1])
        }
    }
}

/// The lanes of a table. Numbers of books and instruments are dense, and lists of lanes grow with the
/// numbers that are used.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    /// By instrument.
    accounts: Vec<Lane>,
    /// By book and instrument.
    own: Vec<Vec<Lane>>,
}

impl Lanes {
    #[inline]
    pub fn get(&self, book: Option<BookIx>, ix: InstrumentIx) -> Option<&Lane> {
        match book {
            Some(book) => self.own.get(book as usize)?.get(ix as usize),
            None => self.accounts.get(ix as usize),
        }
    }

    /// Lists a new order that is open.
    pub fn push(&mut self, slots: &mut impl Linked, (book, ix): Place, slot: Slot) {
        let book = book as usize;
        if book >= self.own.len() {
            self.own.resize_with(book + 1, Vec::new);
        }
        let own = grown(&mut self.own[book], ix);
        own.open.push(slots, Of::Own, slot);
        let account = grown(&mut self.accounts, ix);
        account.open.push(slots, Of::Account, slot);
    }

    /// Takes an order that was pushed off the lists.
    pub fn remove(&mut self, slots: &mut impl Linked, (book, ix): Place, slot: Slot) {
        let own = &mut self.own[book as usize][ix as usize];
        own.open.remove(slots, Of::Own, slot);
        let account = &mut self.accounts[ix as usize];
        account.open.remove(slots, Of::Account, slot);
    }

    /// Counts a change of what an order that was pushed may still fill.
    #[inline]
    pub fn count(&mut self, intent: &Intent, change: i128) {
        let (book, ix) = place(intent);
        self.own[book as usize][ix as usize].add(intent, change);
        self.accounts[ix as usize].add(intent, change);
    }
}

/// Book and instrument of an order.
pub type Place = (BookIx, InstrumentIx);

/// Where an order stands.
pub fn place(intent: &Intent) -> Place {
    (intent.book, intent.instrument())
}

fn grown(lanes: &mut Vec<Lane>, ix: InstrumentIx) -> &mut Lane {
    let place = ix as usize;
    if place >= lanes.len() {
        lanes.resize_with(place + 1, Lane::default);
    }
    &mut lanes[place]
}
