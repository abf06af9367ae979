//! The place of a resting limit in its level: how much of what is displayed there comes before it.
//!
//! Two streams tell of a level: prints take from its front, and the book shows what is left. The
//! same volume comes in both, print first; `Place::printed` keeps what the book has yet to show, so
//! that it moves the order once.

use super::Exchange;
use super::config::{Passive, Queue};
use super::market::{Market, Source};
use super::matching::within;
use super::orders::{Key, Order};
use crate::types::{InstrumentIx, Liquidity, Nanos, Report, Side, Trade, UNDEFINED};

/// `ahead` of an order at a level that was never displayed to it.
const UNKNOWN: i64 = i64::MAX;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Displayed size that trades before the order.
    ahead: i64,
    /// The level's size when it was last displayed.
    shown: i64,
    /// Prints at the price that no decrease of the level has accounted for yet.
    printed: i64,
}

impl Place {
    /// Behind all that is displayed; None where the level cannot be seen: then behind all that
    /// will be displayed when it can.
    pub fn behind(displayed: Option<i64>) -> Self {
        Self {
            ahead: displayed.unwrap_or(UNKNOWN),
            shown: displayed.unwrap_or(0),
            printed: 0,
        }
    }

    /// What a snapshot keeps: ahead, shown, printed.
    pub fn parts(&self) -> [i64; 3] {
        [self.ahead, self.shown, self.printed]
    }

    /// The place that has these parts.
    pub fn of_parts([ahead, shown, printed]: [i64; 3]) -> Self {
        Self {
            ahead,
            shown,
            printed,
        }
    }

    pub fn ahead(&self) -> i64 {
        self.ahead
    }

    /// A print of `size` at the price; what of it reaches the order.
    pub fn print(&mut self, size: i64) -> i64 {
        if self.ahead == UNKNOWN {
            return 0;
        }
        let met = self.ahead.min(size);
        self.ahead -= met;
        self.printed = self.printed.saturating_add(size);
        size - met
    }

    /// The level is displayed at `size`.
    #[inline]
    pub fn display(&mut self, model: Queue, size: i64) {
        if size == self.shown {
            self.ahead = self.ahead.min(size);
            return;
        }
        if size < self.shown && self.ahead != UNKNOWN {
            let gone = self.shown - size;
            let printed = gone.min(self.printed);
            self.printed -= printed;
            if model == Queue::Proportional {
                self.spread(gone - printed, self.shown - printed);
            }
        } else {
            // Who joined stands behind; an update that adds brought the prints before it too.
            self.printed = 0;
        }
        self.shown = size;
        self.ahead = self.ahead.min(size);
    }

    /// `canceled` of a level of `size` left it evenly; what is ahead is rounded up.
    fn spread(&mut self, canceled: i64, size: i64) {
        if size > 0 {
            let share = i128::from(self.ahead) * i128::from(canceled) / i128::from(size);
            self.ahead -= i64::try_from(share).unwrap_or(self.ahead).min(self.ahead);
        }
    }
}

/// A limit in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    pub price: i64,
    pub priority: u64,
    pub key: Key,
    pub place: Place,
}

/// What a print may fill: (order, its limit, at most; None for all of it).
pub type Hit = (Key, i64, Option<i64>);

impl Exchange {
    /// The place that an order gets which comes to rest now.
    pub(super) fn place(&self, order: &Order) -> Place {
        let market = &self.markets[order.submit.instrument as usize];
        match (self.config.queue, order.submit.limit) {
            (Queue::None, _) | (_, None) => Place::default(),
            (_, Some(limit)) if is_seen(market) => {
                let side = order.submit.side;
                // A side's own ladder is the one that the other side's takers walk.
                let ladder = market.against(side.opposite());
                Place::behind(ladder.displayed(side, limit))
            }
            _ => Place::behind(None),
        }
    }

    /// The ladder changed: orders move up where their level shrank.
    pub(super) fn move_queues(&mut self, ix: InstrumentIx) {
        let model = self.config.queue;
        if model == Queue::None {
            return;
        }
        let market = &self.markets[ix as usize];
        if !is_seen(market) {
            return;
        }
        let desk = self.orders.desk_mut(ix);
        for (side, list, ladder) in [
            (Side::Buy, &mut desk.buys, &market.bids),
            (Side::Sell, &mut desk.sells, &market.asks),
        ] {
            for entry in list {
                if let Some(size) = ladder.displayed(side, entry.price) {
                    entry.place.display(model, size);
                }
            }
        }
    }

    /// A print fills in turn what rests at its price, and wholly what it went through.
    pub(super) fn hit_queues_by_print(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        trade: &Trade,
        out: &mut Vec<Report>,
    ) {
        let aggressor = aggressor(&self.markets[ix as usize], trade);
        let mut filled = 0;
        for side in [Side::Buy, Side::Sell] {
            let mut hits = std::mem::take(&mut self.hits);
            hits.clear();
            self.queue_hits(ix, side, aggressor, trade, &mut hits);
            for &(key, price, most) in &hits {
                let Some(wanted) = self.executable(ts, key, out) else {
                    continue;
                };
                let quantity = most.map_or(wanted, |most| wanted.min(most - filled));
                let done =
                    quantity > 0 && self.fill(ts, key, price, quantity, Liquidity::Maker, out);
                if done && most.is_some() {
                    filled += quantity;
                }
            }
            self.hits = hits;
        }
    }

    /// Move the orders at the print's price up, and list what it reaches, best first.
    fn queue_hits(
        &mut self,
        ix: InstrumentIx,
        side: Side,
        aggressor: Option<Side>,
        trade: &Trade,
        hits: &mut Vec<Hit>,
    ) {
        // What an aggressor of our own side bought below our bid was displayed: the book fills it.
        let ours = aggressor == Some(side);
        if ours && self.config.passive == Passive::Both {
            return;
        }
        let size = if trade.size == UNDEFINED {
            0
        } else {
            trade.size
        };
        let lot = self.instruments[ix as usize].lot;
        let list = self.orders.desk_mut(ix).resting_mut(side);
        let met = |limit: i64| within(side, Some(limit), trade.price);
        for entry in list.iter_mut().take_while(|entry| met(entry.price)) {
            if entry.price != trade.price {
                hits.push((entry.key, entry.price, None));
            } else if !ours {
                let reached = entry.place.print(size);
                // What is ahead need not be whole lots: cancels are spread by the unit.
                hits.push((entry.key, entry.price, Some(reached - reached % lot)));
            }
        }
    }
}

/// Whether the venue displays levels that can be trusted.
fn is_seen(market: &Market) -> bool {
    market.source >= Source::Quote && market.matchable
}

/// Who took: as printed, else the side whose touch the price is at or beyond. None may be either.
fn aggressor(market: &Market, trade: &Trade) -> Option<Side> {
    if trade.aggressor.is_some() || !market.matchable {
        return trade.aggressor;
    }
    let sells = market.bids.best().is_some_and(|bid| trade.price <= bid);
    let buys = market.asks.best().is_some_and(|ask| trade.price >= ask);
    match (buys, sells) {
        (true, false) => Some(Side::Buy),
        (false, true) => Some(Side::Sell),
        _ => None,
    }
}
