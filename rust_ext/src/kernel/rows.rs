//! Recorded rows becoming inputs: checked, given to the venue, the market state and the bars.

use super::burst::Tick;
use super::{Datum, Input, Kernel};
use crate::bars::{BarBuilder, Timeframe};
use crate::failure::Failure;
use crate::feed::FeedKind;
use crate::market::Market;
use crate::merge::Key;
use crate::types::{Bar, InstrumentIx, Nanos, Quote, Trade};

impl Kernel {
    /// Take the row at hand of a feed; an input when the core wants it.
    #[inline]
    pub(super) fn take_row(
        &mut self,
        row: Key,
        market: &mut Market,
    ) -> Result<Option<Input>, Failure> {
        let number = row.order as usize;
        let feed = &self.feeds[number];
        let (kind, ix) = (feed.kind, feed.instrument);
        match kind {
            FeedKind::Quote => {
                let quote = feed.quote();
                self.next_row(number)?;
                self.take_quote(ix, quote, market)
            }
            FeedKind::Trade => {
                let trade = feed.trade();
                self.next_row(number)?;
                self.take_trade(ix, trade, market)
            }
            FeedKind::Book => self.take_book(number, ix, market),
            FeedKind::Bar => {
                let (bar, timeframe) = (feed.bar(), feed.timeframe);
                self.next_row(number)?;
                timeframe.map_or(Ok(None), |frame| {
                    Ok(self.take_bar((number, ix), frame, bar, market))
                })
            }
            _ => {
                let (stamps, values) = (feed.stamps(), self.values(number));
                self.next_row(number)?;
                Ok(self.take_other(kind, ix, stamps, values, market))
            }
        }
    }

    /// The values of a row of the small kinds; the second is 0 where there is only one.
    fn values(&self, number: usize) -> (i64, i64) {
        let feed = &self.feeds[number];
        let second = if feed.kind.columns().len() > 3 {
            feed.value(1)
        } else {
            0
        };
        (feed.value(0), second)
    }

    #[inline]
    fn next_row(&mut self, number: usize) -> Result<(), Failure> {
        let feed = &mut self.feeds[number];
        feed.advance()?;
        self.merge.replace_first(feed.head());
        if feed.kind == FeedKind::Bar {
            self.schedule_bar_open(number);
        }
        Ok(())
    }

    #[inline]
    fn take_quote(
        &mut self,
        ix: InstrumentIx,
        quote: Quote,
        market: &mut Market,
    ) -> Result<Option<Input>, Failure> {
        if !quote.count(&mut self.counts) {
            return Ok(None);
        }
        let ts = quote.ts_received;
        let input = self.sequence(ts, Input::Quote(ix, quote));
        self.at_venue_of(ix, ts, |exchange, out| {
            exchange.on_quote(ts, ix, &quote, out)
        });
        market.set_quote(ix, &quote);
        self.update_bars(ix, ts, |bars| bars.quote(ts, &quote))?;
        let wanted = self.wants(FeedKind::Quote, ix) || market.watch.has_fired();
        Ok(wanted.then_some(input))
    }

    #[inline]
    fn take_trade(
        &mut self,
        ix: InstrumentIx,
        trade: Trade,
        market: &mut Market,
    ) -> Result<Option<Input>, Failure> {
        if !trade.count(&mut self.counts) {
            return Ok(None);
        }
        let ts = trade.ts_received;
        let input = self.sequence(ts, Input::Trade(ix, trade));
        if trade.is_used() {
            self.at_venue_of(ix, ts, |exchange, out| {
                exchange.on_trade(ts, ix, &trade, out)
            });
            market.set_trade(ix, &trade);
            self.update_bars(ix, ts, |bars| bars.trade(ts, &trade))?;
        }
        let wanted = self.wants(FeedKind::Trade, ix) || market.watch.has_fired();
        Ok(wanted.then_some(input))
    }

    fn take_bar(
        &mut self,
        (number, ix): (usize, InstrumentIx),
        timeframe: Timeframe,
        bar: Bar,
        market: &mut Market,
    ) -> Option<Input> {
        if !bar.count(&mut self.counts) {
            return None;
        }
        let ts = bar.ts_received;
        let input = self.sequence(ts, Input::Bar(ix, timeframe, bar));
        if self.traded[number] {
            self.last_bars[number] = Some(bar);
            self.at_venue_of(ix, ts, |exchange, out| exchange.on_bar(ts, ix, &bar, out));
        }
        market.set_bar(ix, timeframe, &bar);
        let wanted = self.wants(FeedKind::Bar, ix) || market.watch.has_fired();
        wanted.then_some(input)
    }

    fn take_book(
        &mut self,
        number: usize,
        ix: InstrumentIx,
        market: &mut Market,
    ) -> Result<Option<Input>, Failure> {
        if self.feeds[number].take_gap() {
            return Ok(self.take_gap(number, ix, market));
        }
        let head = self.feeds[number].message(&mut self.levels)?;
        self.merge.replace_first(self.feeds[number].head());
        self.counts.book += 1;
        let (ts, snapshot) = (head.ts_received, head.snapshot);
        let stamps = (head.ts_event, ts);
        let update_id = head.update_id;
        let datum = Datum::Book {
            update_id,
            snapshot,
        };
        let input = self.sequence(ts, Input::Datum(ix, stamps, datum));
        market.apply_book(ix, ts, snapshot, &self.levels);
        let book = market.book(ix);
        if book.is_valid() {
            self.counts.crossed_book += u64::from(book.is_crossed());
            self.at_venue_of(ix, ts, |exchange, out| exchange.on_book(ts, ix, book, out));
            self.update_bars_from_book(ix, ts, market)?;
        }
        Ok(self.wants(FeedKind::Book, ix).then_some(input))
    }

    fn update_bars_from_book(
        &mut self,
        ix: InstrumentIx,
        ts: Nanos,
        market: &Market,
    ) -> Result<(), Failure> {
        let slot = &self.slots[ix as usize];
        match market.quote(ix) {
            Some(top) if !slot.has_quotes && !slot.builders.is_empty() => {
                self.update_bars(ix, ts, |bars: &mut BarBuilder| bars.quote(ts, &top))
            }
            _ => Ok(()),
        }
    }

    fn take_gap(&mut self, number: usize, ix: InstrumentIx, market: &mut Market) -> Option<Input> {
        let stamps = self.feeds[number].stamps();
        self.counts.book_invalidated += 1;
        let input = Input::Datum(ix, stamps, Datum::BookInvalidated);
        let input = self.sequence(stamps.1, input);
        self.at_venue_of(ix, stamps.1, |exchange, _| exchange.on_book_invalid(ix));
        market.invalidate_book(ix);
        self.wants(FeedKind::Book, ix).then_some(input)
    }

    fn take_other(
        &mut self,
        kind: FeedKind,
        ix: InstrumentIx,
        stamps: (Nanos, Nanos),
        values: (i64, i64),
        market: &mut Market,
    ) -> Option<Input> {
        let ts = stamps.1;
        let datum = match kind {
            FeedKind::Mark => self.take_mark(ix, ts, values, market)?,
            FeedKind::Funding => self.take_funding(ix, ts, values.0),
            _ => self.take_corporate_action(kind, ix, ts, values)?,
        };
        let input = self.sequence(ts, Input::Datum(ix, stamps, datum));
        self.wants(kind, ix).then_some(input)
    }

    fn take_mark(
        &mut self,
        ix: InstrumentIx,
        ts: Nanos,
        (mark, index): (i64, i64),
        market: &mut Market,
    ) -> Option<Datum> {
        if mark <= 0 {
            self.counts.zero_price += 1;
            return None;
        }
        self.counts.mark += 1;
        self.at_venue_of(ix, ts, |exchange, out| exchange.on_mark(ts, ix, mark, out));
        market.set_mark(ix, ts, mark);
        Some(Datum::Mark { mark, index })
    }

    fn take_funding(&mut self, ix: InstrumentIx, ts: Nanos, rate: i64) -> Datum {
        self.counts.funding += 1;
        self.at_venue_of(ix, ts, |venue, out| venue.on_funding(ts, ix, rate, out));
        Datum::Funding { rate }
    }

    /// A split needs positive numbers, and a dividend is not negative; else the row is refused.
    fn take_corporate_action(
        &mut self,
        kind: FeedKind,
        ix: InstrumentIx,
        ts: Nanos,
        (first, second): (i64, i64),
    ) -> Option<Datum> {
        if kind == FeedKind::Split && first > 0 && second > 0 {
            self.counts.split += 1;
            self.at_venue_of(ix, ts, |venue, out| {
                venue.on_split(ts, ix, first, second, out);
            });
            let (numerator, denominator) = (first, second);
            return Some(Datum::Split {
                numerator,
                denominator,
            });
        }
        if kind == FeedKind::Dividend && first >= 0 {
            self.counts.dividend += 1;
            self.at_venue_of(ix, ts, |venue, out| venue.on_dividend(ts, ix, first, out));
            return Some(Datum::Dividend { amount: first });
        }
        self.counts.bad_corporate_action += 1;
        None
    }
}
