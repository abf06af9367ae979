//! Recorded rows becoming inputs: checked, given to the venue, the market state and the bars.

use super::{Input, Kernel};
use crate::bars::{BarBuilder, Timeframe};
use crate::failure::Failure;
use crate::feed::FeedKind;
use crate::market::Market;
use crate::merge::Key;
use crate::types::{Bar, InstrumentIx, Nanos, Quote, Trade, UNDEFINED};

/// A size that a recording may hold.
fn is_size(size: i64) -> bool {
    size >= 0 || size == UNDEFINED
}

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
                let traded = self.traded[number];
                self.next_row(number)?;
                timeframe.map_or(Ok(None), |frame| {
                    Ok(self.take_bar(ix, frame, bar, traded, market))
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
        let (bid, ask) = (quote.bid, quote.ask);
        if bid <= 0 && bid != UNDEFINED || ask <= 0 && ask != UNDEFINED {
            self.counts.zero_price += 1;
            return Ok(None);
        }
        if !is_size(quote.bid_size) || !is_size(quote.ask_size) {
            self.counts.negative_size += 1;
            return Ok(None);
        }
        if ask != UNDEFINED {
            self.counts.crossed_quote += u64::from(bid > ask);
            self.counts.locked_quote += u64::from(bid == ask);
        }
        self.counts.quote += 1;
        let ts = quote.ts_received;
        let input = self.sequence(
            ts,
            Input::Quote {
                instrument: ix,
                quote,
            },
        );
        self.at_venue_of(ix, ts, |exchange, out| {
            exchange.on_quote(ts, ix, &quote, out)
        });
        market.set_quote(ix, &quote);
        self.update_bars(ix, ts, |bars| bars.quote(ts, &quote))?;
        Ok(self.wants(FeedKind::Quote, ix).then_some(input))
    }

    #[inline]
    fn take_trade(
        &mut self,
        ix: InstrumentIx,
        trade: Trade,
        market: &mut Market,
    ) -> Result<Option<Input>, Failure> {
        if trade.price <= 0 {
            self.counts.zero_price += 1;
            return Ok(None);
        }
        if !is_size(trade.size) {
            self.counts.negative_size += 1;
            return Ok(None);
        }
        self.counts.trade += 1;
        let ts = trade.ts_received;
        let input = self.sequence(
            ts,
            Input::Trade {
                instrument: ix,
                trade,
            },
        );
        if trade.size == 0 {
            self.counts.zero_size_trade += 1;
        } else {
            self.at_venue_of(ix, ts, |exchange, out| {
                exchange.on_trade(ts, ix, &trade, out)
            });
            market.set_trade(ix, &trade);
            self.update_bars(ix, ts, |bars| bars.trade(ts, &trade))?;
        }
        Ok(self.wants(FeedKind::Trade, ix).then_some(input))
    }

    fn take_bar(
        &mut self,
        ix: InstrumentIx,
        timeframe: Timeframe,
        bar: Bar,
        traded: bool,
        market: &mut Market,
    ) -> Option<Input> {
        let prices = [bar.open, bar.high, bar.low, bar.close];
        if prices.iter().any(|price| *price <= 0) {
            self.counts.zero_price += 1;
            return None;
        }
        if !is_size(bar.volume) {
            self.counts.negative_size += 1;
            return None;
        }
        let contained = prices
            .iter()
            .all(|price| (bar.low..=bar.high).contains(price));
        self.counts.inconsistent_bar += u64::from(!contained);
        self.counts.bar += 1;
        let ts = bar.ts_received;
        let input = self.sequence(
            ts,
            Input::Bar {
                instrument: ix,
                timeframe,
                bar,
            },
        );
        if traded {
            self.at_venue_of(ix, ts, |exchange, out| exchange.on_bar(ts, ix, &bar, out));
        }
        market.set_bar(ix, &bar);
        self.wants(FeedKind::Bar, ix).then_some(input)
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
        let message = Input::Book {
            instrument: ix,
            stamps,
            update_id: head.update_id,
            snapshot,
        };
        let input = self.sequence(ts, message);
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
        let input = self.sequence(
            stamps.1,
            Input::BookInvalidated {
                instrument: ix,
                stamps,
            },
        );
        self.at_venue_of(ix, stamps.1, |exchange, _| exchange.on_book_invalid(ix));
        market.invalidate_book(ix);
        self.wants(FeedKind::Book, ix).then_some(input)
    }

    fn take_other(
        &mut self,
        kind: FeedKind,
        ix: InstrumentIx,
        stamps: (Nanos, Nanos),
        (first, second): (i64, i64),
        market: &mut Market,
    ) -> Option<Input> {
        let ts = stamps.1;
        let input = match kind {
            FeedKind::Mark if first <= 0 => {
                self.counts.zero_price += 1;
                return None;
            }
            FeedKind::Mark => {
                self.counts.mark += 1;
                self.at_venue_of(ix, ts, |exchange, out| exchange.on_mark(ts, ix, first, out));
                market.set_mark(ix, ts, first);
                Input::Mark {
                    instrument: ix,
                    stamps,
                    mark: first,
                    index: second,
                }
            }
            FeedKind::Funding => {
                self.counts.funding += 1;
                self.at_venue_of(ix, ts, |exchange, out| {
                    exchange.on_funding(ts, ix, first, out)
                });
                Input::Funding {
                    instrument: ix,
                    stamps,
                    rate: first,
                }
            }
            FeedKind::Split if first > 0 && second > 0 => {
                self.counts.split += 1;
                self.at_venue_of(ix, ts, |exchange, out| {
                    exchange.on_split(ts, ix, first, second, out);
                });
                Input::Split {
                    instrument: ix,
                    stamps,
                    numerator: first,
                    denominator: second,
                }
            }
            FeedKind::Dividend if first >= 0 => {
                self.counts.dividend += 1;
                self.at_venue_of(ix, ts, |exchange, out| {
                    exchange.on_dividend(ts, ix, first, out)
                });
                Input::Dividend {
                    instrument: ix,
                    stamps,
                    amount: first,
                }
            }
            _ => {
                self.counts.bad_corporate_action += 1;
                return None;
            }
        };
        let input = self.sequence(ts, input);
        self.wants(kind, ix).then_some(input)
    }
}
