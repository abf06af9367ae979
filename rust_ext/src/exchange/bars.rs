//! Data that has bars only: the open, the range, or a path of four quotes.

use super::Exchange;
use super::config::BarFill;
use super::market::{Source, serves};
use super::matching::within;
use super::orders::Key;
use super::queue::Resting;
use crate::types::{Bar, InstrumentIx, Liquidity, Nanos, PriceType, Report, Side, UNDEFINED};

impl Exchange {
    /// A bar opens, which the venue alone knows of: waiting orders fill here. Of the bar only its
    /// span, open and volume are looked at.
    pub fn on_bar_open(&mut self, ts: Nanos, ix: InstrumentIx, bar: &Bar, out: &mut Vec<Report>) {
        // A DAY order that outlived the bar before this one has nothing more to wait for.
        self.expire_until(ts, ts.saturating_add(1), out);
        let trades = self.bar_trades_from(ix, bar).is_some();
        let market = &mut self.markets[ix as usize];
        if market.source > Source::Bar || market.path {
            return;
        }
        let (price_type, open) = (bar.price_type, bar.open);
        market.source = Source::Bar;
        market.open_bar(bar.ts_open, bar.volume);
        market.set_bar_price(price_type, open);
        market.last = open;
        if !self.orders.desk(ix).idle() && trades {
            let serving = |side| serves(price_type, side);
            self.fire_triggers_at(ts, ix, serving, open, out);
            if self.config.bar_fill == BarFill::NextOpen {
                self.take_waiting_at(ts, ix, price_type, open, out);
            }
            for side in [Side::Buy, Side::Sell] {
                if serving(side) {
                    self.hit_resting_at_open(ts, ix, side, open, out);
                }
            }
            self.activate_released(ts, out);
        }
        self.check_margin(ts, ix, out);
    }

    fn take_waiting_at(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        price_type: PriceType,
        price: i64,
        out: &mut Vec<Report>,
    ) {
        for key in self.orders.desk(ix).waiting.clone() {
            let side = self.orders.get(key).map(|order| order.submit.side);
            if side.is_some_and(|side| serves(price_type, side)) {
                self.take(ts, key, Some(price), out);
            }
        }
    }

    /// The market opens beyond a resting limit: it fills at the open, which is better. A post-only
    /// order was there first and keeps its own price.
    fn hit_resting_at_open(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        side: Side,
        open: i64,
        out: &mut Vec<Report>,
    ) {
        for entry in self.met(ix, side, |entry| within(side, Some(entry.price), open)) {
            let post_only = self
                .orders
                .get(entry.key)
                .is_some_and(|o| o.submit.post_only);
            if post_only {
                self.fill_in_bar(ts, entry, out);
            } else {
                self.take(ts, entry.key, Some(open), out);
            }
        }
    }

    /// Fill a resting order at its limit, up to what the bar's volume allows.
    fn fill_in_bar(&mut self, ts: Nanos, entry: Resting, out: &mut Vec<Report>) {
        let Some(wanted) = self.executable(ts, entry.key, out) else {
            return;
        };
        let Some(order) = self.orders.get(entry.key) else {
            return;
        };
        let (ix, side) = (order.submit.instrument, order.submit.side);
        let quantity = wanted.min(self.volume_left(ix).unwrap_or(i64::MAX));
        if quantity > 0 && self.fill(ts, entry.key, entry.price, quantity, Liquidity::Maker, out) {
            self.consume(ix, side, entry.price, quantity);
        }
    }

    /// A bar at its end.
    pub fn on_bar(&mut self, ts: Nanos, ix: InstrumentIx, bar: &Bar, out: &mut Vec<Report>) {
        self.now(ts, out);
        let trades = self.bar_trades_from(ix, bar).is_some();
        let market = &mut self.markets[ix as usize];
        if market.source > Source::Bar {
            return;
        }
        if trades {
            market.bar_ended = ts;
        }
        if market.path {
            self.on_bar_path(ts, ix, bar, out);
        } else {
            market.source = Source::Bar;
            market.open_bar(bar.ts_open, bar.volume);
            market.set_bar_price(bar.price_type, bar.close);
            market.last = bar.close;
            if !self.orders.desk(ix).idle() && trades {
                self.match_range(ts, ix, bar, out);
            }
        }
        self.check_margin(ts, ix, out);
    }

    /// Stops before limits: where a bar could have hit both, the worse is assumed.
    fn match_range(&mut self, ts: Nanos, ix: InstrumentIx, bar: &Bar, out: &mut Vec<Report>) {
        self.fire_triggers_in(ts, ix, bar, out);
        for side in [Side::Buy, Side::Sell] {
            if !serves(bar.price_type, side) {
                continue;
            }
            let extreme = if side == Side::Buy { bar.low } else { bar.high };
            for entry in self.met(ix, side, |entry| within(side, Some(entry.price), extreme)) {
                let whole = self.saw_whole(entry.key, ix, bar);
                if whole || within(side, Some(entry.price), bar.close) {
                    self.fill_in_bar(ts, entry, out);
                }
            }
        }
        if self.config.bar_fill == BarFill::Close {
            self.take_waiting_at(ts, ix, bar.price_type, bar.close, out);
        }
        self.activate_released(ts, out);
    }

    /// Whether an order worked before the bar opened; a later one may have missed its extremes.
    fn saw_whole(&self, key: Key, ix: InstrumentIx, bar: &Bar) -> bool {
        let opens = self.bar_trades_from(ix, bar).unwrap_or(bar.ts_open);
        self.orders
            .get(key)
            .is_some_and(|order| order.live_since <= opens)
    }

    /// Four quotes: a last or mid bar is both sides; bid and ask bars of one stamp make a pair.
    fn on_bar_path(&mut self, ts: Nanos, ix: InstrumentIx, bar: &Bar, out: &mut Vec<Report>) {
        let market = &mut self.markets[ix as usize];
        let (bid, ask) = match (bar.price_type, market.half.take()) {
            (PriceType::Last | PriceType::Mid, _) => (*bar, *bar),
            (PriceType::Ask, Some(half))
                if half.price_type == PriceType::Bid && half.ts_event == bar.ts_event =>
            {
                (half, *bar)
            }
            (PriceType::Bid, Some(half))
                if half.price_type == PriceType::Ask && half.ts_event == bar.ts_event =>
            {
                (*bar, half)
            }
            _ => {
                market.half = Some(*bar);
                return;
            }
        };
        let open = self.bar_trades_from(ix, bar).is_some();
        let lot = self.instruments[ix as usize].lot;
        let sizes = (quarter(bid.volume, lot), quarter(ask.volume, lot));
        for (bid_price, ask_price) in [
            (bid.open, ask.open),
            (bid.high, ask.high),
            (bid.low, ask.low),
            (bid.close, ask.close),
        ] {
            let market = &mut self.markets[ix as usize];
            market.source = Source::Bar;
            market.invalidate();
            market.set_touches(bid_price, sizes.0, ask_price, sizes.1);
            market.last = bid_price;
            if open && !self.orders.desk(ix).idle() {
                self.match_ladder(ts, ix, out);
            }
        }
    }
}

/// A quarter of a bar's volume on a lot, at least one lot.
pub(super) fn quarter(volume: i64, lot: i64) -> i64 {
    if volume == UNDEFINED {
        return UNDEFINED;
    }
    let share = volume / 4;
    (share - share % lot).max(lot)
}
