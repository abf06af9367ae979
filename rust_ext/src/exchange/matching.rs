//! Orders meet the market: takers walk the ladder or meet one price, resting limits are hit.

use super::config::{BarFill, Overflow, Passive, Queue, SlippageModel};
use super::market::{Market, Source};
use super::orders::Key;
use super::queue::Resting;
use super::{Exchange, reasons};
use crate::types::{InstrumentIx, Liquidity, Nanos, Report, Side, TimeInForce, Trade, UNDEFINED};

/// Whether a taker of this side accepts the price.
pub fn within(side: Side, limit: Option<i64>, price: i64) -> bool {
    match (side, limit) {
        (_, None) => true,
        (Side::Buy, Some(limit)) => price <= limit,
        (Side::Sell, Some(limit)) => price >= limit,
    }
}

impl Exchange {
    /// Whether takers wait for the open of the next bar.
    pub(super) fn waits_for_open(&self, market: &Market) -> bool {
        market.source == Source::Bar && !market.path && self.config.bar_fill == BarFill::NextOpen
    }

    /// A market order starts to work: it takes now, or waits for a market.
    pub(super) fn start_market(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get(key) else {
            return;
        };
        let (ix, side) = (order.submit.instrument, order.submit.side);
        let market = &self.markets[ix as usize];
        let now = !self.waits_for_open(market) && market.reference(side).is_some();
        if now && self.trading(ix, ts) {
            self.take(ts, key, None, out);
        } else {
            self.orders.wait(key);
        }
    }

    /// A limit order starts to work: it takes what is at or through its limit, then rests.
    pub(super) fn start_limit(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get(key) else {
            return;
        };
        let (ix, immediate) = (order.submit.instrument, order.immediate());
        let (side, limit) = (order.submit.side, order.limit());
        let market = &self.markets[ix as usize];
        let later = market.source == Source::None || self.waits_for_open(market);
        if later && immediate {
            self.orders.wait(key);
            return;
        }
        let meets = !later
            && market
                .reference(side)
                .is_some_and(|p| within(side, limit, p));
        if meets && self.trading(ix, ts) {
            self.take(ts, key, None, out);
        } else {
            self.settle_rest(ts, key, out);
        }
    }

    /// Whether an order at this limit would take at once.
    pub(super) fn marketable(&self, ix: InstrumentIx, side: Side, limit: Option<i64>) -> bool {
        let reference = self.markets[ix as usize].reference(side);
        reference.is_some_and(|price| within(side, limit, price))
    }

    /// Execute against what stands now; `at` is the one price of a bar's moment.
    pub(super) fn take(&mut self, ts: Nanos, key: Key, at: Option<i64>, out: &mut Vec<Report>) {
        let Some(wanted) = self.executable(ts, key, out) else {
            return;
        };
        let Some(order) = self.orders.get(key) else {
            return;
        };
        let (ix, side, limit) = (order.submit.instrument, order.submit.side, order.limit());
        let all_or_none = order.submit.time_in_force == TimeInForce::Fok;
        let mut plan = std::mem::take(&mut self.plan);
        plan.clear();
        self.plan_take(ix, side, wanted, limit, at, &mut plan);
        let planned: i64 = plan.iter().map(|(_, quantity)| quantity).sum();
        if all_or_none && planned < wanted {
            self.cancel(ts, key, reasons::FOK_UNFILLABLE, out);
        }
        for &(price, quantity) in &plan {
            if !self.fill(ts, key, price, quantity, Liquidity::Taker, out) {
                break;
            }
            self.consume(ix, side, price, quantity);
        }
        self.plan = plan;
        self.settle_rest(ts, key, out);
    }

    /// Remember what was taken of a level, or of a bar's volume.
    pub(super) fn consume(&mut self, ix: InstrumentIx, side: Side, price: i64, quantity: i64) {
        let market = &mut self.markets[ix as usize];
        if !market.has_ladder() {
            market.bar.used += quantity;
        } else if self.config.consume {
            market.against_mut(side).take(price, quantity);
        }
    }

    /// What an order does with the quantity that found no counterpart.
    pub(super) fn settle_rest(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get(key) else {
            return;
        };
        if order.leaves() == 0 {
            return;
        }
        if order.submit.reduce_only && self.reducible(order) == 0 {
            self.cancel(ts, key, reasons::REDUCE_ONLY, out);
            return;
        }
        let market = &self.markets[order.submit.instrument as usize];
        let bars = market.source == Source::Bar && !market.path;
        match order.submit.time_in_force {
            TimeInForce::Fok => self.cancel(ts, key, reasons::FOK_UNFILLABLE, out),
            TimeInForce::Ioc => self.cancel(ts, key, reasons::NO_LIQUIDITY, out),
            // The next bar brings new volume: the rest works on, as it would in a real day.
            _ if order.is_market() && bars => self.orders.wait(key),
            _ if order.is_market() => self.cancel(ts, key, reasons::NO_LIQUIDITY, out),
            _ => {
                let place = self.place(order);
                self.orders.rest(key, place);
            }
        }
    }

    /// The (price, quantity) slices a taker gets, best first.
    fn plan_take(
        &self,
        ix: InstrumentIx,
        side: Side,
        wanted: i64,
        limit: Option<i64>,
        at: Option<i64>,
        plan: &mut Vec<(i64, i64)>,
    ) {
        let market = &self.markets[ix as usize];
        if at.is_none() && market.has_ladder() {
            if market.matchable {
                self.plan_walk(ix, side, wanted, limit, plan);
            }
            return;
        }
        let Some(price) = at.or_else(|| market.reference(side)) else {
            return;
        };
        let instrument = &self.instruments[ix as usize];
        let slippage = &self.config.slippage;
        let left = self.volume_left(ix).unwrap_or(i64::MAX);
        let quantity = wanted.min(left);
        if quantity > 0 && within(side, limit, price) {
            let price = slippage.worse_price(instrument, market, side, price, quantity, limit);
            plan.push((price, quantity));
        }
    }

    /// What the current bar still lets us trade; None without a limit.
    pub(super) fn volume_left(&self, ix: InstrumentIx) -> Option<i64> {
        let market = &self.markets[ix as usize];
        if market.source != Source::Bar {
            return None;
        }
        self.config
            .slippage
            .volume_left(&market.bar, self.instruments[ix as usize].lot)
    }

    fn plan_walk(
        &self,
        ix: InstrumentIx,
        side: Side,
        wanted: i64,
        limit: Option<i64>,
        plan: &mut Vec<(i64, i64)>,
    ) {
        let market = &self.markets[ix as usize];
        let instrument = &self.instruments[ix as usize];
        let rungs = &market.against(side).rungs;
        let mut left = wanted;
        for rung in rungs {
            if !within(side, limit, rung.price) {
                return;
            }
            if !rung.sized() {
                let slippage = &self.config.slippage;
                let price = slippage.worse_price(instrument, market, side, rung.price, left, limit);
                plan.push((price, left));
                return;
            }
            let quantity = match self.config.overflow {
                Overflow::Touch => left,
                _ => left.min(rung.available()),
            };
            if quantity > 0 {
                plan.push((rung.price, quantity));
                left -= quantity;
            }
            if left == 0 {
                return;
            }
        }
        let one_tick = self.config.overflow == Overflow::OneTick
            || self.config.slippage.model == SlippageModel::OneTick;
        if let (true, Some(last)) = (one_tick, rungs.last()) {
            let price = last.price.saturating_add(side.sign() * instrument.tick);
            if within(side, limit, price) {
                plan.push((price, left));
            }
        }
    }

    /// The ladder changed: triggers first, then takers that waited, then resting limits.
    pub(super) fn match_ladder(&mut self, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        if !self.markets[ix as usize].matchable {
            return;
        }
        self.fire_triggers(ts, ix, out);
        self.take_waiting(ts, ix, out);
        let source = self.markets[ix as usize].source;
        if self.config.passive != Passive::Trades || source == Source::Bar {
            self.hit_resting_by_ladder(ts, ix, Side::Buy, out);
            self.hit_resting_by_ladder(ts, ix, Side::Sell, out);
        }
        self.activate_released(ts, out);
    }

    pub(super) fn take_waiting(&mut self, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        if self.orders.desk(ix).waiting.is_empty() {
            return;
        }
        for key in self.orders.desk(ix).waiting.clone() {
            self.take(ts, key, None, out);
        }
    }

    /// The resting orders of a side that `reaches` says are met, best first.
    pub(super) fn met(
        &self,
        ix: InstrumentIx,
        side: Side,
        mut reaches: impl FnMut(&Resting) -> bool,
    ) -> Vec<Resting> {
        let list = self.orders.desk(ix).resting(side);
        list.iter()
            .take_while(|entry| reaches(entry))
            .copied()
            .collect()
    }

    fn hit_resting_by_ladder(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        side: Side,
        out: &mut Vec<Report>,
    ) {
        let Some(best) = self.markets[ix as usize].against(side).best() else {
            return;
        };
        for entry in self.met(ix, side, |entry| within(side, Some(entry.price), best)) {
            let Some(wanted) = self.executable(ts, entry.key, out) else {
                continue;
            };
            let quantity = self.take_displayed(ix, side, &entry, wanted);
            if quantity > 0 {
                // Its limit, not the touch: it was there first.
                self.fill(ts, entry.key, entry.price, quantity, Liquidity::Maker, out);
            }
        }
    }

    /// How much of the offers at or through its limit a resting order gets; it is consumed. Offers
    /// at the limit itself go to what is ahead of it first.
    fn take_displayed(
        &mut self,
        ix: InstrumentIx,
        side: Side,
        entry: &Resting,
        wanted: i64,
    ) -> i64 {
        let queued = self.markets[ix as usize].source != Source::Bar;
        let lot = self.instruments[ix as usize].lot;
        let mut left = wanted;
        for at in 0.. {
            let rung = self.markets[ix as usize].against(side).rungs.get(at);
            let Some(rung) = rung.filter(|r| within(side, Some(entry.price), r.price)) else {
                break;
            };
            let (price, sized) = (rung.price, rung.sized());
            let before = if queued && price == entry.price {
                entry.place.ahead()
            } else {
                0
            };
            let mut offered = rung.available().saturating_sub(before).max(0);
            if before > 0 {
                offered -= offered % lot;
            }
            let quantity = left.min(offered);
            if quantity > 0 && sized {
                self.consume(ix, side, price, quantity);
            }
            left -= quantity;
        }
        wanted - left
    }

    /// A print: the price of markets without quotes, and what fills resting limits when trades do.
    pub(super) fn match_trade(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        trade: &Trade,
        out: &mut Vec<Report>,
    ) {
        let only_trades = self.markets[ix as usize].source == Source::Trade;
        self.fire_triggers(ts, ix, out);
        if only_trades {
            self.take_waiting(ts, ix, out);
        }
        if self.config.queue != Queue::None && self.config.passive != Passive::Book {
            self.hit_queues_by_print(ts, ix, trade, out);
        } else if only_trades || self.config.passive != Passive::Book {
            let mut left = if trade.size == UNDEFINED {
                i64::MAX
            } else {
                trade.size
            };
            for side in [Side::Buy, Side::Sell] {
                for entry in self.met(ix, side, |e| within(side, Some(e.price), trade.price)) {
                    let Some(wanted) = self.executable(ts, entry.key, out) else {
                        continue;
                    };
                    let through = trade.price != entry.price;
                    let quantity = if through { wanted } else { wanted.min(left) };
                    if !through {
                        left -= quantity;
                    }
                    if quantity > 0 {
                        self.fill(ts, entry.key, entry.price, quantity, Liquidity::Maker, out);
                    }
                }
            }
        }
        self.activate_released(ts, out);
    }
}
