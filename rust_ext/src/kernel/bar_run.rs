//! Runs of recorded bars that nobody in the core asked for: taken in one go, to the same effect as one
//! by one, opens included.
//!
//! A run ends where something else comes first, where a bar wakes a strategy, before a bar that the
//! venue must see, and before the last row of a chunk.

use super::burst::is_size;
use super::{Counts, Input, Kernel};
use crate::bars::Timeframe;
use crate::failure::Failure;
use crate::market::Market;
use crate::merge::Key;
use crate::types::{Bar, InstrumentIx, Nanos};

impl Bar {
    /// Whether it will be taken and not refused.
    fn is_sound(&self) -> bool {
        let prices = [self.open, self.high, self.low, self.close];
        prices.iter().all(|price| *price > 0) && is_size(self.volume)
    }

    /// Count it; false for one that is refused.
    pub(super) fn count(&self, counts: &mut Counts) -> bool {
        let prices = [self.open, self.high, self.low, self.close];
        if prices.iter().any(|price| *price <= 0) {
            counts.zero_price += 1;
            return false;
        }
        if !is_size(self.volume) {
            counts.negative_size += 1;
            return false;
        }
        let contained = prices
            .iter()
            .all(|price| (self.low..=self.high).contains(price));
        counts.inconsistent_bar += u64::from(!contained);
        counts.bar += 1;
        true
    }
}

impl Kernel {
    /// Take a run of at most `most` bars, beginning with the one at hand: how many were taken, and
    /// the last one as an input when it woke somebody.
    pub(super) fn run_of_bars(
        &mut self,
        row: Key,
        most: usize,
        market: &mut Market,
    ) -> Result<(usize, Option<Input>), Failure> {
        let number = row.order as usize;
        let feed = &self.feeds[number];
        let (ix, most) = (feed.instrument, most.min(feed.rows_behind()));
        let (Some(timeframe), Some(band)) = (feed.timeframe, self.bar_band(number)) else {
            return Ok((0, None));
        };
        let mut run = Run {
            number,
            timeframe,
            taken: 0,
            stamp: feed.received(),
            backwards: 0,
            last: None,
        };
        let woke = run.take(self, (self.until(row), most), band, market);
        if let Some(bar) = run.last {
            self.feeds[number].skip(run.taken, run.stamp, run.backwards);
            self.merge.replace_first(self.feeds[number].head());
            self.pass_bar(number, ix, &bar);
            self.schedule_bar_open(number);
        }
        Ok((run.taken, woke))
    }

    /// The prices within which the venue need not see the bars of a feed; None when it must.
    fn bar_band(&self, number: usize) -> Option<(i64, i64)> {
        let ix = self.feeds[number].instrument;
        let Some(venue) = self.slots[ix as usize]
            .venue
            .filter(|_| self.traded[number])
        else {
            return Some((i64::MIN, i64::MAX));
        };
        let exchange = &self.venues[venue].exchange;
        exchange.passes_bars(ix).then(|| self.calm(ix)).flatten()
    }

    fn pass_bar(&mut self, number: usize, ix: InstrumentIx, bar: &Bar) {
        if !self.traded[number] {
            return;
        }
        self.last_bars[number] = Some(*bar);
        if let Some(venue) = self.slots[ix as usize].venue {
            self.venues[venue].exchange.pass_bars(self.now, ix, bar);
        }
    }
}

/// What a run of bars leaves behind for its end.
struct Run {
    number: usize,
    timeframe: Timeframe,
    taken: usize,
    /// When the row behind the run is received.
    stamp: Nanos,
    backwards: u64,
    last: Option<Bar>,
}

impl Run {
    fn take(
        &mut self,
        kernel: &mut Kernel,
        (until, most): (Nanos, usize),
        (low, high): (i64, i64),
        market: &mut Market,
    ) -> Option<Input> {
        let ix = kernel.feeds[self.number].instrument;
        let mut woke = None;
        while self.taken < most && self.stamp <= until {
            let bar = kernel.feeds[self.number].bar_ahead(self.taken, self.stamp);
            if bar.low.min(bar.open).min(bar.close) < low
                || bar.high.max(bar.open).max(bar.close) > high
                || !bar.is_sound()
            {
                break;
            }
            bar.count(&mut kernel.counts);
            let input = kernel.sequence(self.stamp, Input::Bar(ix, self.timeframe, bar));
            self.taken += 1;
            let received = kernel.feeds[self.number].received_ahead(self.taken);
            self.backwards += u64::from(received < self.stamp);
            self.stamp = received.max(self.stamp);
            self.last = Some(bar);
            market.set_bar(ix, self.timeframe, &bar);
            if market.watch.has_fired() {
                woke = Some(input);
                break;
            }
        }
        woke
    }
}
