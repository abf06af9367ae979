//! Runs of rows that nobody in the core asked for: taken in one go, to the same effect as one by one.
//!
//! A run ends where something else comes first, where the venue or a bar did something, and before
//! the last row of a chunk. Within it a venue that has no order and no position of the instrument is
//! shown the last row only, and whether the touch moved on the way there.

use super::bars::update_builders;
use super::{Counts, Input, Kernel, Venue, input};
use crate::bars::{BarBuilder, UpdateResult};
use crate::encode::Recorder;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::feed::{Feed, FeedKind};
use crate::market::Market;
use crate::merge::Key;
use crate::types::{InstrumentIx, Nanos, Quote, Report, Trade, UNDEFINED};

/// A size that a recording may hold.
pub(super) fn is_size(size: i64) -> bool {
    size >= 0 || size == UNDEFINED
}

/// Columns of a chunk from the row at hand on, in the order of `FeedKind::columns`.
pub(super) type Columns<'a> = [&'a [i64]; 6];

/// A row of the frequent kinds.
pub(super) trait Tick: Copy {
    fn read(columns: &Columns<'_>, row: usize, received: Nanos) -> Self;
    /// Count it; false for one that is refused.
    fn count(&self, counts: &mut Counts) -> bool;
    /// Whether anybody but the core sees it.
    fn is_used(&self) -> bool;
    fn record(&self, out: &mut Recorder, seq: u64, ix: InstrumentIx);
    fn meet(&self, venue: &mut Exchange, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>);
    /// Which sides differ from the row before.
    fn moved(&self, before: &Self) -> [bool; 2];
    /// Whether all its prices lie in a band.
    fn within(&self, band: (i64, i64)) -> bool;
    /// The effect of a run of rows on a venue that is calm.
    fn pass(&self, moved: [bool; 2], venue: &mut Exchange, ix: InstrumentIx);
    fn build(&self, ts: Nanos, bars: &mut BarBuilder) -> UpdateResult;
    fn store(&self, market: &mut Market, ix: InstrumentIx);
}

impl Tick for Quote {
    #[inline]
    fn read(columns: &Columns<'_>, row: usize, received: Nanos) -> Self {
        Self {
            ts_event: columns[0][row],
            ts_received: received,
            bid: columns[2][row],
            ask: columns[3][row],
            bid_size: columns[4][row],
            ask_size: columns[5][row],
        }
    }

    #[inline(always)]
    fn count(&self, counts: &mut Counts) -> bool {
        let (bid, ask) = (self.bid, self.ask);
        if bid <= 0 && bid != UNDEFINED || ask <= 0 && ask != UNDEFINED {
            counts.zero_price += 1;
            return false;
        }
        if !is_size(self.bid_size) || !is_size(self.ask_size) {
            counts.negative_size += 1;
            return false;
        }
        if ask != UNDEFINED {
            counts.crossed_quote += u64::from(bid > ask);
            counts.locked_quote += u64::from(bid == ask);
        }
        counts.quote += 1;
        true
    }

    #[inline]
    fn is_used(&self) -> bool {
        true
    }

    #[inline]
    fn record(&self, out: &mut Recorder, seq: u64, ix: InstrumentIx) {
        input::record_quote(out, seq, ix, self);
    }

    fn meet(&self, venue: &mut Exchange, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        venue.on_quote(ts, ix, self, out);
    }

    #[inline]
    fn moved(&self, before: &Self) -> [bool; 2] {
        [
            (self.bid != before.bid) | (self.bid_size != before.bid_size),
            (self.ask != before.ask) | (self.ask_size != before.ask_size),
        ]
    }

    #[inline]
    fn within(&self, (low, high): (i64, i64)) -> bool {
        let (bid, ask) = (self.bid, self.ask);
        (low <= bid) & (bid <= high) & (low <= ask) & (ask <= high)
    }

    fn pass(&self, moved: [bool; 2], venue: &mut Exchange, ix: InstrumentIx) {
        venue.pass_quotes(ix, self, moved);
    }

    fn build(&self, ts: Nanos, bars: &mut BarBuilder) -> UpdateResult {
        bars.quote(ts, self)
    }

    fn store(&self, market: &mut Market, ix: InstrumentIx) {
        market.set_quote(ix, self);
    }
}

impl Tick for Trade {
    #[inline]
    fn read(columns: &Columns<'_>, row: usize, received: Nanos) -> Self {
        Self {
            ts_event: columns[0][row],
            ts_received: received,
            price: columns[2][row],
            size: columns[3][row],
            aggressor: Trade::aggressor_of(columns[4][row]),
            trade_id: columns[5][row],
        }
    }

    #[inline(always)]
    fn count(&self, counts: &mut Counts) -> bool {
        if self.price <= 0 {
            counts.zero_price += 1;
            return false;
        }
        if !is_size(self.size) {
            counts.negative_size += 1;
            return false;
        }
        counts.zero_size_trade += u64::from(self.size == 0);
        counts.trade += 1;
        true
    }

    #[inline]
    fn is_used(&self) -> bool {
        self.size != 0
    }

    #[inline]
    fn record(&self, out: &mut Recorder, seq: u64, ix: InstrumentIx) {
        input::record_trade(out, seq, ix, self);
    }

    fn meet(&self, venue: &mut Exchange, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        venue.on_trade(ts, ix, self, out);
    }

    #[inline]
    fn moved(&self, _before: &Self) -> [bool; 2] {
        [false; 2]
    }

    #[inline]
    fn within(&self, (low, high): (i64, i64)) -> bool {
        (low <= self.price) & (self.price <= high)
    }

    fn pass(&self, _moved: [bool; 2], venue: &mut Exchange, ix: InstrumentIx) {
        venue.pass_trades(ix, self);
    }

    fn build(&self, ts: Nanos, bars: &mut BarBuilder) -> UpdateResult {
        bars.trade(ts, self)
    }

    fn store(&self, market: &mut Market, ix: InstrumentIx) {
        market.set_trade(ix, self);
    }
}

impl Kernel {
    /// Take a run of at most `most` rows that the core does not want, beginning with the one at hand:
    /// how many were taken (none when it must be taken by itself), and the last of them as an input
    /// when it woke somebody.
    #[inline]
    pub(super) fn burst(
        &mut self,
        row: Key,
        most: usize,
        market: &mut Market,
    ) -> Result<(usize, Option<Input>), Failure> {
        let feed = &self.feeds[row.order as usize];
        let (kind, ix) = (feed.kind, feed.instrument);
        let taken = match kind {
            _ if self.wants(kind, ix) => 0,
            FeedKind::Quote if !market.watch.sees_quotes(ix) => {
                self.run::<Quote>(row, most, market)?
            }
            FeedKind::Trade if !market.watch.sees_trades(ix) => {
                self.run::<Trade>(row, most, market)?
            }
            FeedKind::Bar => return self.run_of_bars(row, most, market),
            _ => 0,
        };
        Ok((taken, None))
    }

    fn run<T: Tick>(
        &mut self,
        row: Key,
        most: usize,
        market: &mut Market,
    ) -> Result<usize, Failure> {
        let number = row.order as usize;
        let most = most.min(self.feeds[number].rows_behind());
        if most == 0 {
            return Ok(0);
        }
        let until = self.until(row);
        let ix = self.feeds[number].instrument;
        let calm = self.calm(ix);
        let busy = calm.is_none();
        let mut run = Run::<T>::new(self, number);
        let result = run.take(self, until, most, calm);
        self.feeds[number].skip(run.taken, run.stamp, run.backwards);
        self.merge.replace_first(self.feeds[number].head());
        if let Some(last) = run.last {
            last.store(market, ix);
            if let (Some(venue), false) = (self.slots[ix as usize].venue, busy) {
                last.pass(run.moved, &mut self.venues[venue].exchange, ix);
            }
        }
        if let (Some(venue), true) = (self.slots[ix as usize].venue, busy) {
            self.after_venue(venue, self.now);
        }
        result.map(|()| run.taken)
    }

    /// The last moment at which a row of this feed still comes before everything else.
    #[inline]
    pub(super) fn until(&self, row: Key) -> Nanos {
        let before = |next: Option<Key>| {
            next.map_or(Nanos::MAX, |next| {
                let first = (row.phase as u64, row.order) < (next.phase as u64, next.order);
                next.ts.saturating_sub(i64::from(!first))
            })
        };
        let next = before(self.merge.rival()).min(before(self.agenda.first()));
        next.min(self.horizon)
    }

    /// The prices within which a venue need not see the rows of an instrument. None when it must see
    /// each: it has an order of it, a position that may be too large, or something that is due and
    /// not on the agenda.
    pub(super) fn calm(&self, ix: InstrumentIx) -> Option<(i64, i64)> {
        let Some(venue) = self.slots[ix as usize].venue else {
            return Some((i64::MIN, i64::MAX));
        };
        let venue = &self.venues[venue];
        match venue.deadline_moved() {
            true => None,
            false => venue.exchange.calm(ix),
        }
    }
}

/// What a run of rows leaves behind for its end.
struct Run<T> {
    number: usize,
    taken: usize,
    /// When the row behind the run is received.
    stamp: Nanos,
    backwards: u64,
    last: Option<T>,
    moved: [bool; 2],
}

impl<T: Tick> Run<T> {
    fn new(kernel: &Kernel, number: usize) -> Self {
        Self {
            number,
            taken: 0,
            stamp: kernel.feeds[number].received(),
            backwards: 0,
            last: None,
            moved: [false; 2],
        }
    }

    /// A function of its own: inlined into the kernel's loop its values do not fit the registers.
    #[inline(never)]
    fn take(
        &mut self,
        kernel: &mut Kernel,
        until: Nanos,
        most: usize,
        calm: Option<(i64, i64)>,
    ) -> Result<(), Failure> {
        let Kernel {
            slots,
            venues,
            feeds,
            builders,
            agenda,
            counts,
            recorder,
            scratch,
            seq,
            now,
            ..
        } = kernel;
        let feed: &Feed = &feeds[self.number];
        let (columns, latency, ix) = (feed.columns_ahead(), feed.latency(), feed.instrument);
        let slot = &slots[ix as usize];
        let mut venue: Option<&mut Venue> = slot
            .venue
            .filter(|_| calm.is_none())
            .map(|venue| &mut venues[venue]);
        let band = calm.unwrap_or((i64::MIN, i64::MAX));
        while self.taken < most {
            let tick = T::read(&columns, self.taken, self.stamp);
            if !tick.within(band) {
                break;
            }
            let ts = self.stamp;
            self.taken += 1;
            self.follow(columns[1][self.taken].saturating_add(latency));
            if tick.count(counts) {
                *seq += 1;
                *now = ts;
                tick.record(recorder, *seq, ix);
                if tick.is_used()
                    && self.show(&tick, ts, ix, venue.as_deref_mut(), scratch)
                        | update_builders(builders, agenda, &slot.builders, ts, |bars| {
                            tick.build(ts, bars)
                        })?
                {
                    break;
                }
            }
            if self.stamp > until {
                break;
            }
        }
        Ok(())
    }

    /// The stamp of the next row: nobody receives anything in the past.
    #[inline]
    fn follow(&mut self, received: Nanos) {
        self.backwards += u64::from(received < self.stamp);
        self.stamp = received.max(self.stamp);
    }

    /// Show a row to a venue that is busy; whether it did something.
    #[inline]
    fn show(
        &mut self,
        tick: &T,
        ts: Nanos,
        ix: InstrumentIx,
        venue: Option<&mut Venue>,
        out: &mut Vec<Report>,
    ) -> bool {
        if let Some(before) = &self.last {
            let moved = tick.moved(before);
            self.moved = [self.moved[0] | moved[0], self.moved[1] | moved[1]];
        }
        self.last = Some(*tick);
        venue.is_some_and(|venue| {
            tick.meet(&mut venue.exchange, ts, ix, out);
            !out.is_empty() || venue.deadline_moved()
        })
    }
}
