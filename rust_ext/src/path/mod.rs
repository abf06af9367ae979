//! The way of an order: portfolio → risk → broker → gate, and of its evidence back up.
//!
//! The three actors keep their state in the engine (`books`, `risk`, `orders`), and a message from one
//! to the next never becomes a Python object. Down: what a strategy asked for in one handler goes
//! through all three when the handler has returned, one order after the other, so that each order is
//! measured with the one before it in the table. Up: evidence changes the order, then the books, then
//! the strategy hears of it. Live, paper and replay use the same path; only what stands behind the
//! inlet, the journal and the venue differs.

mod down;
mod flatten;
mod gate;
mod latches;
mod out;
mod run_columns;
mod run_record;
mod snapshot;
mod up;
pub(crate) mod view;

use std::collections::VecDeque;

use crate::books::Books;
use crate::directory::{Directory, Symbol};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::ledger::BookIx;
use crate::market::Market;
use crate::orders::{Ask, Event, Intent, OrderTable, What};
use crate::risk::Risk;
use crate::types::{InstrumentIx, Nanos};

pub use flatten::closing;
pub use gate::{Gate, Notice, Outgoing};
pub use run_columns::{Column, FillColumns, OrderColumns, RunColumns};
pub use run_record::RunRecord;

/// Bit of the strategy number in ids of orders that close a strategy's book on its behalf.
pub const CLOSING_ORDERS: u128 = 0x8000;

/// Bit of the strategy number in ids of orders that an operator placed by hand.
pub const OPERATOR_ORDERS: u128 = 0x4000;

/// What a strategy, or somebody at the control socket, asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    Submit(Box<Intent>),
    Ask {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        ask: Ask,
    },
    CancelAll {
        ts: Nanos,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
    },
    Flatten {
        ts: Nanos,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
    },
    Timer(TimerAsk),
}

/// A strategy's timer: set (or moved) to a time, or forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerAsk {
    pub book: BookIx,
    pub name: Symbol,
    pub at: Option<Nanos>,
}

/// An actor of the path, named when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Portfolio,
    Risk,
    Broker,
}

impl Stage {
    /// The name of the actor's cell.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Portfolio => "portfolio",
            Stage::Risk => "risk",
            Stage::Broker => "broker",
        }
    }
}

/// Which actor could not go on, and why.
#[derive(Debug)]
pub struct Failed {
    pub stage: Stage,
    pub failure: Failure,
}

impl Stage {
    /// This actor's failure.
    pub fn failed(self, failure: impl Into<Failure>) -> Failed {
        let failure = failure.into();
        Failed {
            stage: self,
            failure,
        }
    }
}

/// What the path works on: the state of its actors, and what they may look at.
pub struct Parts<'a> {
    pub names: &'a mut Directory,
    pub market: &'a Market,
    pub books: &'a mut Books,
    pub orders: &'a mut OrderTable,
    pub risk: &'a mut Risk,
    pub journal: &'a mut Journal,
}

/// Which events a strategy wants to hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hears {
    pub fills: bool,
    pub orders: bool,
}

/// The path's own state: wishes that wait for their handler's end, the gate, news for strategies.
pub struct OrderPath {
    /// Sequence number and stamp of the input being handled.
    pub seq: u64,
    pub now: Nanos,
    /// The latest moment that came with news of the journal: no input, only for the gate.
    moment: Nanos,
    wishes: Vec<Wish>,
    pub gate: Gate,
    /// Orders that may leave now, in order.
    pub outgoing: VecDeque<Outgoing>,
    /// Timers that the clock is to set or forget, in order.
    pub timers: VecDeque<TimerAsk>,
    /// What strategies are to hear, in order.
    pub news: VecDeque<(BookIx, Event)>,
    pub hears: Vec<Hears>,
    pub run_record: RunRecord,
    epoch: u64,
    /// Ids minted so far: one counter per strategy, and one for the orders that close its book.
    pub counters: Vec<u64>,
    pub closing_counters: Vec<u64>,
}

impl OrderPath {
    /// `epoch` is the first 48 bits of client order ids.
    pub fn new(books: usize, epoch: u64, max_age_ns: i64) -> Self {
        Self {
            seq: 0,
            now: Nanos::MIN,
            moment: Nanos::MIN,
            wishes: Vec::new(),
            gate: Gate::new(max_age_ns),
            outgoing: VecDeque::new(),
            timers: VecDeque::new(),
            news: VecDeque::new(),
            hears: vec![Hears::default(); books],
            run_record: RunRecord::default(),
            epoch,
            counters: vec![0; books],
            closing_counters: vec![0; books],
        }
    }

    /// What client order ids begin with.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// From now on ids begin with this: none of an earlier epoch is given out again.
    pub fn begin_epoch(&mut self, epoch: u64) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.counters.fill(0);
            self.closing_counters.fill(0);
        }
    }

    /// The next client order id of a strategy.
    pub fn mint(&mut self, book: BookIx) -> u128 {
        let counter = &mut self.counters[book as usize];
        *counter += 1;
        id_of(self.epoch, u128::from(book), *counter)
    }

    fn mint_closing(&mut self, book: BookIx) -> u128 {
        let counter = &mut self.closing_counters[book as usize];
        *counter += 1;
        id_of(self.epoch, CLOSING_ORDERS | u128::from(book), *counter)
    }

    /// Ask for something; it is held back until the handler returns.
    #[inline]
    pub fn wish(&mut self, wish: Wish) {
        self.wishes.push(wish);
    }

    /// What was asked for in the handler that runs.
    pub fn wishes(&self) -> &[Wish] {
        &self.wishes
    }

    /// The handler failed: what it asked for never leaves.
    pub fn discard(&mut self) {
        self.wishes.clear();
    }

    /// The same of an answer in the handler: the first `count` wishes are the asker's and stay.
    pub fn discard_after(&mut self, count: usize) {
        self.wishes.truncate(count);
    }

    /// The book of the strategy that minted an id in this epoch; 0 when nobody did.
    pub fn book_of(&self, id: u128) -> BookIx {
        let number = (id >> 64) as u16 & !((CLOSING_ORDERS | OPERATOR_ORDERS) as u16);
        let ours = id >> 80 == u128::from(self.epoch);
        if ours && usize::from(number) < self.hears.len() {
            BookIx::from(number)
        } else {
            0
        }
    }

    fn tell(&mut self, book: BookIx, event: Event) {
        let hears = self.hears[book as usize];
        let is_fill = matches!(event.what, What::Filled(_));
        if if is_fill { hears.fills } else { hears.orders } {
            self.news.push_back((book, event));
        }
    }
}

fn id_of(epoch: u64, strategy: u128, counter: u64) -> u128 {
    u128::from(epoch) << 80 | strategy << 64 | u128::from(counter)
}
