//! The last of everything per instrument: what strategies look at between messages.

mod snapshot;

use crate::bars::{Timeframe, quote_price};
use crate::book::Book;
use crate::directory::Symbol;
use crate::encode::Recorder;
use crate::fixed::{Rounding, mul_div};
use crate::ledger::BookIx;
use crate::types::{Bar, InstrumentIx, Level, Nanos, PriceType, Quote, Side, Trade, UNDEFINED};
use crate::watch::Watch;

pub use snapshot::Saved as SavedMarket;

#[derive(Clone, Debug, Default)]
struct Slot {
    quote: Option<Quote>,
    /// (`ts_received`, price, size)
    trade: Option<(Nanos, i64, i64)>,
    /// (`ts_received`, close)
    bar: Option<(Nanos, i64)>,
    /// (`ts_received`, price)
    mark: Option<(Nanos, i64)>,
    book: Book,
    book_ts: Nanos,
}

/// What stands in the market of one instrument.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The last quote, whatever the book says.
    pub quote: Option<Quote>,
    /// Price of the last trade.
    pub last: Option<i64>,
    pub mark: Option<i64>,
    pub book: &'a Book,
}

#[derive(Clone)]
pub struct Market {
    slots: Vec<Slot>,
    /// Who waits for what of it.
    pub watch: Watch,
}

impl Market {
    pub fn new(instruments: usize) -> Self {
        Self {
            slots: vec![Slot::default(); instruments],
            watch: Watch::new((0..instruments).map(|_| (0, 0))),
        }
    }

    /// The market of instruments with these price and size scales.
    pub fn of(scales: &[(u8, u8)]) -> Self {
        Self {
            watch: Watch::new(scales.iter().copied()),
            ..Self::new(scales.len())
        }
    }

    /// How many instruments it knows: indexes run below this.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn slot(&self, ix: InstrumentIx) -> &Slot {
        &self.slots[ix as usize]
    }

    #[inline]
    fn slot_mut(&mut self, ix: InstrumentIx) -> &mut Slot {
        &mut self.slots[ix as usize]
    }

    #[inline]
    pub fn set_quote(&mut self, ix: InstrumentIx, quote: &Quote) {
        self.slot_mut(ix).quote = Some(*quote);
        self.watch.on_quote(ix, quote);
    }

    pub fn set_trade(&mut self, ix: InstrumentIx, trade: &Trade) {
        let slot = self.slot_mut(ix);
        slot.trade = Some((trade.ts_received, trade.price, trade.size));
        if slot.quote.is_none() {
            self.watch.on_trade(ix, trade.price);
        }
    }

    /// Tell a strategy once when the price reaches a level from where it is: the mid of the quotes
    /// where there are any, else the last trade. Replaces the same name.
    pub fn wait_for(&mut self, ix: InstrumentIx, owner: (BookIx, Symbol), units: i64) {
        let slot = self.slot(ix);
        let doubled = match slot.quote {
            Some(quote) if quote.bid == UNDEFINED || quote.ask == UNDEFINED => None,
            Some(quote) => Some(i128::from(quote.bid) + i128::from(quote.ask)),
            None => slot.trade.map(|trade| 2 * i128::from(trade.1)),
        };
        self.watch.wait_for(ix, owner, units, doubled);
    }

    pub fn set_bar(&mut self, ix: InstrumentIx, timeframe: Timeframe, bar: &Bar) {
        self.slot_mut(ix).bar = Some((bar.ts_received, bar.close));
        self.watch.on_bar(ix, timeframe, bar);
    }

    pub fn set_mark(&mut self, ix: InstrumentIx, ts: Nanos, mark: i64) {
        self.slot_mut(ix).mark = Some((ts, mark));
    }

    /// After a split at `ts`: prices from before it become `denominator` / `numerator` of what they
    /// were, half to even, and a book from before it is forgotten until its next snapshot.
    ///
    /// A price that does not fit is forgotten.
    pub fn split(&mut self, ix: InstrumentIx, ts: Nanos, numerator: i64, denominator: i64) {
        if numerator <= 0 || denominator <= 0 {
            return;
        }
        let (n, d) = (
            u128::from(numerator.unsigned_abs()),
            u128::from(denominator.unsigned_abs()),
        );
        let scaled = |price: i64| match price {
            UNDEFINED => Some(UNDEFINED),
            _ => mul_div(price.into(), d, n, Rounding::HalfEven)
                .ok()
                .and_then(|scaled| i64::try_from(scaled).ok()),
        };
        let slot = self.slot_mut(ix);
        if let Some(quote) = slot.quote.filter(|quote| quote.ts_received < ts) {
            slot.quote = scaled(quote.bid)
                .zip(scaled(quote.ask))
                .map(|(bid, ask)| Quote { bid, ask, ..quote });
        }
        if let Some((at, price, size)) = slot.trade.filter(|trade| trade.0 < ts) {
            slot.trade = scaled(price).map(|price| (at, price, size));
        }
        for known in [&mut slot.bar, &mut slot.mark] {
            if let Some((at, price)) = known.filter(|one| one.0 < ts) {
                *known = scaled(price).map(|price| (at, price));
            }
        }
        if slot.book_ts < ts {
            slot.book.invalidate();
        }
    }

    /// Apply a whole book message; a snapshot replaces the book.
    pub fn apply_book(&mut self, ix: InstrumentIx, ts: Nanos, snapshot: bool, levels: &[Level]) {
        let slot = self.slot_mut(ix);
        slot.book_ts = ts;
        if snapshot {
            slot.book.clear();
        }
        levels.iter().for_each(|level| slot.book.apply(*level));
    }

    pub fn invalidate_book(&mut self, ix: InstrumentIx) {
        self.slot_mut(ix).book.invalidate();
    }

    pub fn book(&self, ix: InstrumentIx) -> &Book {
        &self.slot(ix).book
    }

    /// The top of a valid book as a quote, else the last quote.
    pub fn quote(&self, ix: InstrumentIx) -> Option<Quote> {
        let slot = self.slot(ix);
        if !slot.book.is_valid() {
            return slot.quote;
        }
        let (bid, bid_size) = slot.book.best_bid().unwrap_or((UNDEFINED, UNDEFINED));
        let (ask, ask_size) = slot.book.best_ask().unwrap_or((UNDEFINED, UNDEFINED));
        let ts = slot.book_ts;
        Some(Quote {
            ts_event: ts,
            ts_received: ts,
            bid,
            ask,
            bid_size,
            ask_size,
        })
    }

    /// Everything at once.
    pub fn view(&self, ix: InstrumentIx) -> View<'_> {
        let slot = self.slot(ix);
        View {
            quote: slot.quote,
            last: slot.trade.map(|trade| trade.1),
            mark: slot.mark.map(|mark| mark.1),
            book: &slot.book,
        }
    }

    /// (`ts_received`, price, size) of the last trade.
    pub fn trade(&self, ix: InstrumentIx) -> Option<(Nanos, i64, i64)> {
        self.slot(ix).trade
    }

    /// (`ts_received`, close) of the last bar of any kind.
    pub fn bar(&self, ix: InstrumentIx) -> Option<(Nanos, i64)> {
        self.slot(ix).bar
    }

    /// (`ts_received`, price) of the last mark.
    pub fn mark(&self, ix: InstrumentIx) -> Option<(Nanos, i64)> {
        self.slot(ix).mark
    }

    /// `ts_received` of the last datum of any kind.
    #[inline]
    pub fn data_ts(&self, ix: InstrumentIx) -> Option<Nanos> {
        let slot = self.slot(ix);
        let book = (slot.book_ts != 0).then_some(slot.book_ts);
        let stamps = [
            slot.quote.map(|quote| quote.ts_received),
            slot.trade.map(|trade| trade.0),
            slot.bar.map(|bar| bar.0),
            slot.mark.map(|mark| mark.0),
            book,
        ];
        stamps.into_iter().max().flatten()
    }

    /// Whether there is a book of it that misses changes.
    #[inline]
    pub fn book_lost(&self, ix: InstrumentIx) -> bool {
        let slot = self.slot(ix);
        slot.book_ts != 0 && !slot.book.is_valid()
    }

    /// Price to value a position of sign `side` at: the mark, else the touch that closes it (the mid
    /// toward zero for 0), else the last trade, else the last bar's close.
    pub fn valuation(&self, ix: InstrumentIx, side: i64) -> Option<i64> {
        if let Some((_, mark)) = self.mark(ix) {
            return Some(mark);
        }
        let touch = self.quote(ix).and_then(|quote| match side {
            0 => {
                let bid = quote_price(&quote, PriceType::Bid)?;
                let ask = quote_price(&quote, PriceType::Ask)?;
                i64::try_from((i128::from(bid) + i128::from(ask)) / 2).ok()
            }
            1.. => quote_price(&quote, PriceType::Bid),
            _ => quote_price(&quote, PriceType::Ask),
        });
        touch
            .or(self.trade(ix).map(|t| t.1))
            .or(self.bar(ix).map(|b| b.1))
    }

    /// Digest of the whole state.
    pub fn digest(&self) -> [u8; 32] {
        let mut out = Recorder::default();
        out.words([self.slots.len() as i64]);
        for slot in &self.slots {
            match slot.quote {
                None => out.words([0]),
                Some(q) => out.words([
                    1,
                    q.ts_event,
                    q.ts_received,
                    q.bid,
                    q.ask,
                    q.bid_size,
                    q.ask_size,
                ]),
            }
            match slot.trade {
                None => out.words([0]),
                Some((ts, price, size)) => out.words([1, ts, price, size]),
            }
            for pair in [slot.bar, slot.mark] {
                match pair {
                    None => out.words([0]),
                    Some((ts, price)) => out.words([1, ts, price]),
                }
            }
            let depth = |side| slot.book.depth(side) as i64;
            out.words([
                i64::from(slot.book.is_valid()),
                depth(Side::Buy),
                depth(Side::Sell),
            ]);
            for (price, size) in slot.book.bids().chain(slot.book.asks()) {
                out.words([price, size]);
            }
            out.words([if slot.book.is_valid() {
                slot.book_ts
            } else {
                0
            }]);
        }
        out.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(bid: i64, ask: i64) -> Quote {
        Quote {
            ts_event: 1,
            ts_received: 2,
            bid,
            ask,
            bid_size: 5,
            ask_size: 6,
        }
    }

    #[test]
    fn a_position_is_valued_at_mark_then_closing_touch_then_trade_then_bar() {
        let mut market = Market::new(1);
        assert_eq!(market.valuation(0, 1), None);
        let bar = Bar {
            ts_open: 0,
            ts_event: 1,
            ts_received: 1,
            price_type: PriceType::Last,
            open: 7,
            high: 7,
            low: 7,
            close: 7,
            volume: 1,
            count: 1,
        };
        let minute = Timeframe::parse("1m").expect("a time frame");
        market.set_bar(0, minute, &bar);
        assert_eq!(market.valuation(0, 1), Some(7));
        market.set_trade(
            0,
            &Trade {
                ts_event: 1,
                ts_received: 1,
                price: 8,
                size: 1,
                aggressor: None,
                trade_id: 0,
            },
        );
        assert_eq!(market.valuation(0, 1), Some(8));
        market.set_quote(0, &quote(10, 13));
        assert_eq!(
            [1, -1, 0].map(|side| market.valuation(0, side)),
            [Some(10), Some(13), Some(11)]
        );
        market.set_quote(0, &quote(UNDEFINED, 13));
        assert_eq!(market.valuation(0, 1), Some(8));
        market.set_mark(0, 5, 20);
        assert_eq!(market.valuation(0, 1), Some(20));
    }

    #[test]
    fn a_split_scales_what_was_known_before_it_and_nothing_else() {
        let mut market = Market::new(1);
        market.set_mark(0, 5, 101);
        market.set_quote(0, &quote(UNDEFINED, 103));
        market.split(0, 2, 2, 1);
        assert_eq!(market.mark(0), Some((5, 101)), "it is of after the split");
        assert_eq!(market.quote(0).unwrap().ask, 103);
        market.split(0, 6, 2, 1);
        assert_eq!(market.mark(0), Some((5, 50)), "half to even");
        assert_eq!(market.quote(0).unwrap().ask, 52);
        assert_eq!(market.quote(0).unwrap().bid, UNDEFINED);
        market.split(0, 6, 1, i64::MAX);
        assert_eq!(market.mark(0), None, "it does not fit");
        market.split(0, 9, 0, 1);
        market.split(0, 9, 1, -1);
    }

    #[test]
    fn the_quote_of_an_instrument_with_a_book_is_its_top() {
        let mut market = Market::new(1);
        market.set_quote(0, &quote(10, 13));
        market.apply_book(
            0,
            9,
            true,
            &[Level {
                side: Side::Buy,
                price: 11,
                size: 2,
            }],
        );
        let top = market.quote(0).unwrap();
        assert_eq!(
            (top.ts_received, top.bid, top.bid_size, top.ask),
            (9, 11, 2, UNDEFINED)
        );
        market.invalidate_book(0);
        assert_eq!(market.quote(0), Some(quote(10, 13)));
    }
}
