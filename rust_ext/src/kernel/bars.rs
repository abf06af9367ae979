//! Bars inside the kernel: the ones it builds, and the opens of recorded ones.

use std::collections::VecDeque;

use super::agenda::{Agenda, Task};
use super::{Builder, Input, Kernel};
use crate::bars::{BarBuilder, Timeframe, UpdateResult};
use crate::failure::Failure;
use crate::feed::FeedKind;
use crate::market::Market;
use crate::merge::{Key, Phase};
use crate::sessions::Sessions;
use crate::types::{InstrumentIx, Nanos, PriceType};

impl Kernel {
    /// Trading hours of an instrument, for the bars that are built of it.
    ///
    /// # Errors
    /// When bars of it are built already.
    pub fn set_sessions(&mut self, ix: InstrumentIx, sessions: Sessions) -> Result<(), Failure> {
        let slot = self.slot(ix)?;
        if !slot.builders.is_empty() {
            return Err(Failure::Config(
                "trading hours are set before bars are built".into(),
            ));
        }
        slot.sessions = Some(sessions);
        Ok(())
    }

    /// Build bars of an instrument from its trades (`Last`), or from its quotes, or from the top of
    /// its book when there is no quote feed. Asking twice for the same bars gives them once.
    pub fn build_bars(
        &mut self,
        instrument: InstrumentIx,
        timeframe: Timeframe,
        price_type: PriceType,
    ) -> Result<(), Failure> {
        let slot = self.slot(instrument)?;
        let (size_scale, sessions) = (slot.size_scale, slot.sessions.clone());
        let same = |b: &Builder| {
            b.instrument == instrument
                && b.bars.timeframe() == timeframe
                && b.bars.price_type() == price_type
        };
        if self.builders.iter().any(same) {
            return Ok(());
        }
        let bars = BarBuilder::new(timeframe, price_type, size_scale)?.with_sessions(sessions);
        let number = self.builders.len();
        self.slot(instrument)?.builders.push(number);
        self.builders.push(Builder {
            instrument,
            bars,
            complete: VecDeque::new(),
        });
        Ok(())
    }

    /// Give an update to the instrument's builders; what it completes closes in its own class.
    #[inline]
    pub(super) fn update_bars(
        &mut self,
        ix: InstrumentIx,
        ts: Nanos,
        update: impl Fn(&mut BarBuilder) -> UpdateResult,
    ) -> Result<(), Failure> {
        let numbers = &self.slots[ix as usize].builders;
        update_builders(&mut self.builders, &mut self.agenda, numbers, ts, update)?;
        Ok(())
    }

    /// The end of a built bar: it becomes an input.
    pub(super) fn bar_close(
        &mut self,
        number: usize,
        ts: Nanos,
        market: &mut Market,
    ) -> Option<Input> {
        let builder = &mut self.builders[number];
        let bar = builder
            .complete
            .pop_front()
            .or_else(|| builder.bars.close_until(ts))?;
        let (instrument, timeframe) = (builder.instrument, builder.bars.timeframe());
        self.counts.built_bar += 1;
        let input = self.sequence(ts, Input::Bar(instrument, timeframe, bar));
        market.set_bar(instrument, timeframe, &bar);
        let wanted = self.wants(FeedKind::Bar, instrument) || market.watch.has_fired();
        wanted.then_some(input)
    }

    /// Whether a venue trades on the bars of a feed: there is nothing finer for the instrument, and
    /// no shorter bars of it.
    pub(super) fn is_traded(&self, feed: usize) -> bool {
        let bars = &self.feeds[feed];
        let period = |timeframe: Option<Timeframe>| timeframe.and_then(Timeframe::period);
        let shortest = self
            .feeds
            .iter()
            .filter(|other| other.instrument == bars.instrument)
            .filter_map(|other| period(other.timeframe))
            .min();
        let slot = &self.slots[bars.instrument as usize];
        bars.kind == FeedKind::Bar && !slot.fine && period(bars.timeframe) == shortest
    }

    /// The bar at hand opens, for its venue, at its own open time.
    pub(super) fn schedule_bar_open(&mut self, feed: usize) {
        // A row that was taken before its open came has none any more.
        if let Some(stale) = self.opens[feed].take() {
            self.agenda.remove(stale);
        }
        if self.traded[feed] && self.feeds[feed].head().is_some() {
            if std::mem::take(&mut self.opened[feed]) {
                return;
            }
            let ts = self.bar_open_time(feed).max(self.floor());
            let key = Key {
                ts,
                phase: Phase::BarOpen,
                order: feed as u64,
            };
            self.opens[feed] = Some(key);
            self.agenda.add(key, Task::BarOpen { feed });
        }
    }

    /// When the bar at hand opens for its venue: not before the market does.
    fn bar_open_time(&self, feed: usize) -> Nanos {
        let (bar, ix) = (self.feeds[feed].bar(), self.feeds[feed].instrument);
        let home = self.slots[ix as usize].home;
        let opens = home.and_then(|venue| self.venues[venue].exchange.bar_trades_from(ix, &bar));
        let delay = bar.ts_received.saturating_sub(bar.ts_event);
        opens.unwrap_or(bar.ts_open).saturating_add(delay)
    }

    pub(super) fn bar_open(&mut self, feed: usize, ts: Nanos) {
        self.opens[feed] = None;
        let ix = self.feeds[feed].instrument;
        let bar = self.feeds[feed].bar();
        if bar.open > 0 {
            self.at_venue_of(ix, ts, |exchange, out| {
                exchange.on_bar_open(ts, ix, &bar, out);
            });
        }
    }
}

/// Give an update to the builders with these numbers; whether the agenda got something to do.
#[inline]
pub(super) fn update_builders(
    builders: &mut [Builder],
    agenda: &mut Agenda,
    numbers: &[usize],
    ts: Nanos,
    update: impl Fn(&mut BarBuilder) -> UpdateResult,
) -> Result<bool, Failure> {
    let mut added = false;
    for &number in numbers {
        let Builder { bars, complete, .. } = &mut builders[number];
        let due = bars.due();
        let closed = update(bars)?;
        let close_at = |ts| Key {
            ts,
            phase: Phase::BarClose,
            order: number as u64,
        };
        if closed.is_some() && !bars.timeframe().is_time() {
            agenda.add(close_at(ts), Task::BarClose { builder: number });
            added = true;
        }
        complete.extend(closed);
        if let Some(end) = bars.due().filter(|end| Some(*end) != due) {
            agenda.add(close_at(end), Task::BarClose { builder: number });
            added = true;
        }
    }
    Ok(added)
}
