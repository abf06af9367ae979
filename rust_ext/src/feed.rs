//! One feed: rows of one kind, chunk by chunk, in the order they were recorded. The chunks of a recorded
//! feed are pulled, those of a live one pushed.
//!
//! The order is never changed. A row whose receive stamp is earlier than its predecessor's is a
//! counted defect, and stamped with the running maximum: nobody receives anything in the past.

mod kind;
mod live;

use std::collections::VecDeque;

use crate::bars::Timeframe;
use crate::columns::Chunk;
use crate::failure::Failure;
use crate::merge::Key;
use crate::types::{Bar, InstrumentIx, Level, Nanos, PriceType, Quote, Side, Trade};

pub use kind::FeedKind;
pub use live::Taken;

/// Gives the next chunk, or None at the end.
pub type Source = Box<dyn FnMut() -> Result<Option<Chunk>, Failure> + Send + Sync>;

/// Flags of a book row.
const LAST: i64 = 1;
const SNAPSHOT: i64 = 2;
const GAP: i64 = 4;

/// What stands in front of a book message's levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageHead {
    pub ts_event: Nanos,
    pub ts_received: Nanos,
    pub update_id: i64,
    pub snapshot: bool,
}

/// Defects found while reading, by name.
#[derive(Clone, Copy, Debug, Default)]
pub struct FeedDefects {
    pub time_backwards: u64,
    /// Book rows with a price or size that cannot be, or a side that is neither.
    pub bad_level: u64,
    /// Book messages that another one started in, or that the data ended in.
    pub unterminated_message: u64,
}

/// Where chunks come from.
pub enum Supply {
    Recorded(Source),
    /// Chunks that were pushed and not begun.
    Live(VecDeque<Chunk>),
}

/// What a feed is.
#[derive(Clone, Copy, Debug)]
pub struct FeedSpec {
    pub kind: FeedKind,
    pub instrument: InstrumentIx,
    /// Time frame and price type of recorded bars.
    pub bar: Option<(Timeframe, PriceType)>,
    /// Nanoseconds added to the receive stamps.
    pub latency: i64,
}

pub struct Feed {
    pub kind: FeedKind,
    pub instrument: InstrumentIx,
    /// Of recorded bars.
    pub timeframe: Option<Timeframe>,
    pub price_type: PriceType,
    pub defects: FeedDefects,
    order: u64,
    latency: i64,
    supply: Supply,
    chunk: Chunk,
    row: usize,
    /// Rows of the chunks before this one.
    before: u64,
    /// When the row at hand is received; None when there is none.
    stamp: Option<Nanos>,
    /// When the last row was received, when there is none at hand.
    last: Nanos,
    gap_reported: bool,
}

impl Feed {
    /// A feed at its first row: number `order` among the feeds, with nothing received before `start`.
    pub fn new(spec: FeedSpec, order: u64, start: Nanos, supply: Supply) -> Result<Self, Failure> {
        let mut feed = Self {
            kind: spec.kind,
            instrument: spec.instrument,
            timeframe: spec.bar.map(|bar| bar.0),
            price_type: spec.bar.map_or(PriceType::Last, |bar| bar.1),
            defects: FeedDefects::default(),
            order,
            latency: spec.latency,
            supply,
            chunk: Chunk::empty(),
            row: 0,
            before: 0,
            stamp: Some(start),
            last: start,
            gap_reported: false,
        };
        feed.settle()?;
        Ok(feed)
    }

    /// Place of the row at hand in the total order; None at the end.
    #[inline]
    pub fn head(&self) -> Option<Key> {
        self.stamp.map(|ts| Key {
            ts,
            phase: self.kind.phase(),
            order: self.order,
        })
    }

    /// Move to the next row.
    #[inline]
    pub fn advance(&mut self) -> Result<(), Failure> {
        self.row += 1;
        self.gap_reported = false;
        self.settle()
    }

    /// Make the row at `self.row` the one at hand, with its stamp.
    #[inline]
    fn settle(&mut self) -> Result<(), Failure> {
        if self.row >= self.chunk.rows() && !self.pull()? {
            self.last = self.stamp.take().unwrap_or(self.last);
            return Ok(());
        }
        let received = self.chunk.get(1, self.row).saturating_add(self.latency);
        if let Some(last) = self.stamp {
            self.defects.time_backwards += u64::from(received < last);
            self.stamp = Some(received.max(last));
        }
        Ok(())
    }

    #[cold]
    fn pull(&mut self) -> Result<bool, Failure> {
        self.before += self.row as u64;
        self.row = 0;
        loop {
            // The old chunk goes first, so that memory holds one chunk and not two.
            self.chunk = Chunk::empty();
            let next = match &mut self.supply {
                Supply::Recorded(source) => source()?,
                Supply::Live(waiting) => waiting.pop_front(),
            };
            match next {
                None => return Ok(false),
                Some(chunk) if chunk.rows() == 0 => {}
                Some(chunk) => {
                    self.chunk = chunk;
                    return Ok(true);
                }
            }
        }
    }

    #[inline]
    fn get(&self, column: usize) -> i64 {
        self.chunk.get(column, self.row)
    }

    /// Rows of the chunk behind the one at hand.
    #[inline]
    pub fn rows_behind(&self) -> usize {
        self.chunk.rows().saturating_sub(self.row + 1)
    }

    /// The first six columns of the chunk, from the row at hand on.
    #[inline]
    pub fn columns_ahead(&self) -> [&[i64]; 6] {
        std::array::from_fn(|column| &self.chunk.column(column)[self.row..])
    }

    /// Nanoseconds added to the receive stamps.
    #[inline]
    pub fn latency(&self) -> i64 {
        self.latency
    }

    /// Move on by rows of the chunk that were read elsewhere: the one then at hand is received at
    /// `stamp`, and `backwards` of the stamps on the way there ran back.
    #[inline]
    pub fn skip(&mut self, rows: usize, stamp: Nanos, backwards: u64) {
        self.row += rows;
        self.gap_reported = false;
        self.stamp = Some(stamp);
        self.defects.time_backwards += backwards;
    }

    /// When the row at hand is received.
    #[inline]
    pub fn received(&self) -> Nanos {
        self.stamp.unwrap_or(Nanos::MAX)
    }

    /// (`ts_event`, time received) of the row at hand.
    #[inline]
    pub fn stamps(&self) -> (Nanos, Nanos) {
        (self.get(0), self.received())
    }

    /// Column `2 + index` of the row at hand: the first value after the stamps is 0.
    #[inline]
    pub fn value(&self, index: usize) -> i64 {
        self.get(2 + index)
    }

    #[inline]
    pub fn quote(&self) -> Quote {
        Quote {
            ts_event: self.get(0),
            ts_received: self.received(),
            bid: self.get(2),
            ask: self.get(3),
            bid_size: self.get(4),
            ask_size: self.get(5),
        }
    }

    #[inline]
    pub fn trade(&self) -> Trade {
        Trade {
            ts_event: self.get(0),
            ts_received: self.received(),
            price: self.get(2),
            size: self.get(3),
            aggressor: Trade::aggressor_of(self.get(4)),
            trade_id: self.get(5),
        }
    }

    pub fn bar(&self) -> Bar {
        self.bar_ahead(0, self.received())
    }

    /// A bar of the chunk, `rows` behind the one at hand, that is received at `stamp`.
    #[inline]
    pub fn bar_ahead(&self, rows: usize, stamp: Nanos) -> Bar {
        let get = |column| self.chunk.get(column, self.row + rows);
        Bar {
            ts_event: get(0),
            ts_received: stamp,
            ts_open: get(2),
            price_type: self.price_type,
            open: get(3),
            high: get(4),
            low: get(5),
            close: get(6),
            volume: get(7),
            count: get(8),
        }
    }

    /// The receive stamp, as recorded, of a row of the chunk behind the one at hand.
    #[inline]
    pub fn received_ahead(&self, rows: usize) -> Nanos {
        let recorded = self.chunk.get(1, self.row + rows);
        recorded.saturating_add(self.latency)
    }

    /// Whether a gap stands before the row at hand; says so once.
    pub fn take_gap(&mut self) -> bool {
        let gap = !self.gap_reported && self.get(6) & GAP != 0;
        self.gap_reported = true;
        gap
    }

    /// Read the book message at hand into `levels` and move behind it.
    pub fn message(&mut self, levels: &mut Vec<Level>) -> Result<MessageHead, Failure> {
        levels.clear();
        let head = MessageHead {
            ts_event: self.get(0),
            ts_received: self.received(),
            update_id: self.get(2),
            snapshot: self.get(6) & SNAPSHOT != 0,
        };
        loop {
            let last = self.get(6) & LAST != 0;
            match self.level() {
                Some(level) => levels.push(level),
                None => self.defects.bad_level += 1,
            }
            self.advance()?;
            if last {
                return Ok(head);
            }
            if self.stamp.is_none() || self.get(6) & (SNAPSHOT | GAP) != 0 {
                self.defects.unterminated_message += 1;
                return Ok(head);
            }
        }
    }

    fn level(&self) -> Option<Level> {
        let side = match self.get(3) {
            1 => Side::Buy,
            -1 => Side::Sell,
            _ => return None,
        };
        let (price, size) = (self.get(4), self.get(5));
        (price > 0 && size >= 0).then_some(Level { side, price, size })
    }
}
