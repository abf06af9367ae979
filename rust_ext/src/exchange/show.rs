//! A market that moved while the venue did not look: what it sees when it looks again.

use super::Exchange;
use super::bars::quarter;
use super::margin::Band;
use super::market::Source;
use crate::market::View;
use crate::types::{Bar, InstrumentIx, PriceType};

impl Exchange {
    /// Show what stands in the market of an instrument. Nothing is matched, triggered or checked: that
    /// is for the next event. `bars` are the last ones that the venue trades on, one of each feed.
    pub fn show(&mut self, ix: InstrumentIx, view: &View<'_>, bars: &[Bar]) {
        self.bands[ix as usize] = Band::EMPTY;
        for bar in bars {
            self.show_bar(ix, bar);
        }
        self.pair_halves(ix, bars);
        let market = &mut self.markets[ix as usize];
        if let Some(mark) = view.mark {
            market.mark = mark;
        }
        if let Some(price) = view.last {
            market.source = market.source.max(Source::Trade);
            market.last = price;
        }
        if let Some(quote) = view.quote.filter(|_| market.source <= Source::Quote) {
            market.set_quote(&quote);
        }
        if view.book.is_valid() {
            market.set_book(view.book);
        } else if market.source == Source::Book {
            market.invalidate();
        }
    }

    fn show_bar(&mut self, ix: InstrumentIx, bar: &Bar) {
        let trades = self.bar_trades_from(ix, bar).is_some();
        let market = &mut self.markets[ix as usize];
        if market.source > Source::Bar {
            return;
        }
        if trades {
            market.bar_ended = bar.ts_received;
        }
        market.source = Source::Bar;
        if market.path {
            if matches!(bar.price_type, PriceType::Last | PriceType::Mid) {
                self.show_pair(ix, bar, bar);
            }
            return;
        }
        market.open_bar(bar.ts_open, bar.volume);
        market.set_bar_price(bar.price_type, bar.close);
        market.last = bar.close;
    }

    /// The last of the four quotes of a pair of bars.
    fn show_pair(&mut self, ix: InstrumentIx, bid: &Bar, ask: &Bar) {
        let lot = self.instruments[ix as usize].lot;
        let market = &mut self.markets[ix as usize];
        let sizes = (quarter(bid.volume, lot), quarter(ask.volume, lot));
        market.half = None;
        market.invalidate();
        market.set_touches(bid.close, sizes.0, ask.close, sizes.1);
        market.last = bid.close;
    }

    /// A bid and an ask bar of one end make a market; a later one of them waits for the other.
    fn pair_halves(&mut self, ix: InstrumentIx, bars: &[Bar]) {
        let market = &mut self.markets[ix as usize];
        let of = |kind| bars.iter().find(|bar| bar.price_type == kind);
        if !market.path || market.source > Source::Bar {
            return;
        }
        match (of(PriceType::Bid), of(PriceType::Ask)) {
            (Some(bid), Some(ask)) if bid.ts_event == ask.ts_event => {
                self.show_pair(ix, bid, ask);
            }
            (Some(one), Some(other)) if one.ts_event > other.ts_event => market.half = Some(*one),
            (Some(_), Some(other)) => market.half = Some(*other),
            (one, other) => market.half = one.or(other).copied(),
        }
    }
}
