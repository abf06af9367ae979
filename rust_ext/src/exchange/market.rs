//! What the venue shows of one instrument: the ladder of offers that orders match against.

use crate::book::Book;
use crate::types::{Bar, Nanos, PriceType, Quote, Side, UNDEFINED};

/// Levels of a book that the venue keeps a side: what lies deeper counts as overflow.
pub const DEPTH: usize = 64;

/// Kinds of data, the finest last. An instrument matches on the finest that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    None,
    Bar,
    Trade,
    Quote,
    Book,
}

/// One displayed level and how much of it our orders took since it last changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rung {
    pub price: i64,
    /// `UNDEFINED` when the feed has no sizes: then it is never used up.
    pub size: i64,
    pub taken: i64,
}

impl Rung {
    pub fn sized(&self) -> bool {
        self.size != UNDEFINED
    }

    /// What may still be taken.
    pub fn available(&self) -> i64 {
        if self.sized() {
            (self.size - self.taken).max(0)
        } else {
            i64::MAX
        }
    }
}

/// One side of a book, best first.
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    pub rungs: Vec<Rung>,
    any_taken: bool,
    /// Nothing stands deeper than the last rung.
    whole: bool,
}

impl Ladder {
    pub fn best(&self) -> Option<i64> {
        self.rungs.first().map(|rung| rung.price)
    }

    pub fn clear(&mut self) {
        self.rungs.clear();
        self.any_taken = false;
        self.whole = false;
    }

    /// One level only. The same price and size again is no refresh.
    fn set_touch(&mut self, price: i64, size: i64) {
        if let [rung] = self.rungs.as_mut_slice() {
            if (rung.price, rung.size) != (price, size) {
                *rung = Rung {
                    price,
                    size,
                    taken: 0,
                };
            }
            return;
        }
        self.clear();
        self.rungs.push(Rung {
            price,
            size,
            taken: 0,
        });
    }

    /// The whole side anew; a level with the same price and size keeps what was taken of it.
    fn set_levels(&mut self, levels: impl Iterator<Item = (i64, i64)>) {
        let old = if self.any_taken {
            self.rungs.clone()
        } else {
            Vec::new()
        };
        self.clear();
        for (price, size) in levels.take(DEPTH) {
            let same = old
                .iter()
                .find(|rung| rung.price == price && rung.size == size);
            let taken = same.map_or(0, |rung| rung.taken);
            self.any_taken |= taken > 0;
            self.rungs.push(Rung { price, size, taken });
        }
        self.whole = self.rungs.len() < DEPTH;
    }

    /// The size at a price of this ladder's side, 0 where no level stands; None where levels cannot
    /// be seen, or have no sizes.
    #[inline]
    pub fn displayed(&self, side: Side, price: i64) -> Option<i64> {
        let at = match side {
            Side::Buy => self.rungs.partition_point(|rung| rung.price > price),
            Side::Sell => self.rungs.partition_point(|rung| rung.price < price),
        };
        match self.rungs.get(at) {
            Some(rung) if rung.price == price => rung.sized().then_some(rung.size),
            Some(_) => Some(0),
            None => self.whole.then_some(0),
        }
    }

    /// Remember that `quantity` of the level at `price` is gone.
    pub fn take(&mut self, price: i64, quantity: i64) {
        if let Some(rung) = self
            .rungs
            .iter_mut()
            .find(|rung| rung.price == price && rung.sized())
        {
            rung.taken += quantity;
            self.any_taken = true;
        }
    }
}

/// What was last known of a bar side, and how much of its volume our orders used.
#[derive(Clone, Copy, Debug)]
pub struct BarState {
    pub ts_open: Nanos,
    pub volume: i64,
    pub used: i64,
}

#[derive(Clone, Debug)]
pub struct Market {
    pub source: Source,
    pub bids: Ladder,
    pub asks: Ladder,
    /// Both sides stand and are not crossed.
    pub matchable: bool,
    /// A crossed quote is matched on all the same.
    pub match_crossed: bool,
    /// Bars make the ladder (`path`).
    pub path: bool,
    pub last: i64,
    pub mark: i64,
    /// Last prices of bars for sellers (bid) and buyers (ask); a last or mid bar sets both.
    pub bar_bid: i64,
    pub bar_ask: i64,
    pub bar: BarState,
    /// When the last bar ended that lies in trading hours.
    pub bar_ended: Nanos,
    /// The first half of a bid and ask pair of bars.
    pub half: Option<Bar>,
}

impl Market {
    pub fn new(path: bool, match_crossed: bool) -> Self {
        Self {
            source: Source::None,
            bids: Ladder::default(),
            asks: Ladder::default(),
            matchable: false,
            match_crossed,
            path,
            last: UNDEFINED,
            mark: UNDEFINED,
            bar_bid: UNDEFINED,
            bar_ask: UNDEFINED,
            bar: BarState {
                ts_open: i64::MIN,
                volume: UNDEFINED,
                used: 0,
            },
            bar_ended: Nanos::MIN,
            half: None,
        }
    }

    /// Whether orders walk displayed levels; else they meet one price.
    pub fn has_ladder(&self) -> bool {
        self.source >= Source::Quote || (self.source == Source::Bar && self.path)
    }

    /// The ladder that a taker of this side walks.
    pub fn against(&self, taker: Side) -> &Ladder {
        match taker {
            Side::Buy => &self.asks,
            Side::Sell => &self.bids,
        }
    }

    pub fn against_mut(&mut self, taker: Side) -> &mut Ladder {
        match taker {
            Side::Buy => &mut self.asks,
            Side::Sell => &mut self.bids,
        }
    }

    /// The price a taker of this side would meet first; None when there is no market.
    pub fn reference(&self, taker: Side) -> Option<i64> {
        let price = match self.source {
            Source::None => UNDEFINED,
            Source::Trade => self.last,
            Source::Bar if !self.path => match taker {
                Side::Buy => self.bar_ask,
                Side::Sell => self.bar_bid,
            },
            _ if self.matchable => self.against(taker).best().unwrap_or(UNDEFINED),
            _ => UNDEFINED,
        };
        (price != UNDEFINED).then_some(price)
    }

    /// Price to value a position at: mark, the touch that closes it, else the last price.
    pub fn valuation(&self, position_sign: i64) -> Option<i64> {
        if self.mark != UNDEFINED {
            return Some(self.mark);
        }
        let closing = if position_sign >= 0 {
            Side::Sell
        } else {
            Side::Buy
        };
        let last = (self.last != UNDEFINED).then_some(self.last);
        self.reference(closing)
            .or_else(|| self.against(closing).best())
            .or(last)
    }

    /// Ask minus bid where both are displayed.
    pub fn spread(&self) -> Option<i64> {
        (self.has_ladder() && self.matchable)
            .then(|| Some(self.asks.best()? - self.bids.best()?))
            .flatten()
    }

    pub fn set_quote(&mut self, quote: &Quote) {
        self.source = Source::Quote;
        self.set_touches(quote.bid, quote.bid_size, quote.ask, quote.ask_size);
    }

    /// Both touches anew; a side that is `UNDEFINED` is empty.
    pub fn set_touches(&mut self, bid: i64, bid_size: i64, ask: i64, ask_size: i64) {
        for (ladder, price, size) in [
            (&mut self.bids, bid, bid_size),
            (&mut self.asks, ask, ask_size),
        ] {
            if price == UNDEFINED || size == 0 {
                ladder.clear();
                ladder.whole = true;
            } else {
                ladder.set_touch(price, size);
            }
        }
        self.update_matchable();
    }

    pub fn set_book(&mut self, book: &Book) {
        self.source = Source::Book;
        self.bids.set_levels(book.bids());
        self.asks.set_levels(book.asks());
        self.update_matchable();
        self.matchable &= book.is_valid();
    }

    pub fn invalidate(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.matchable = false;
    }

    fn update_matchable(&mut self) {
        self.matchable = match (self.bids.best(), self.asks.best()) {
            (Some(bid), Some(ask)) => bid <= ask || self.match_crossed,
            _ => false,
        };
    }

    /// The last price of a bar for the sides it serves.
    pub fn set_bar_price(&mut self, price_type: PriceType, price: i64) {
        if price_type != PriceType::Ask {
            self.bar_bid = price;
        }
        if price_type != PriceType::Bid {
            self.bar_ask = price;
        }
    }

    /// Start counting the volume of a bar, unless it is being counted already.
    pub fn open_bar(&mut self, ts_open: Nanos, volume: i64) {
        if self.bar.ts_open != ts_open {
            self.bar = BarState {
                ts_open,
                volume,
                used: 0,
            };
        }
    }

    /// Every price known before a split is worth nothing after it.
    pub fn forget_prices(&mut self) {
        self.invalidate();
        (self.last, self.mark) = (UNDEFINED, UNDEFINED);
        (self.bar_bid, self.bar_ask) = (UNDEFINED, UNDEFINED);
        self.half = None;
    }
}

/// Whether a bar of this price type is a market for takers of this side.
pub fn serves(price_type: PriceType, taker: Side) -> bool {
    match price_type {
        PriceType::Last | PriceType::Mid => true,
        PriceType::Bid => taker == Side::Sell,
        PriceType::Ask => taker == Side::Buy,
    }
}
