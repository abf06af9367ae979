//! Conditional orders: stops, take-profits and trailing stops.

use super::Exchange;
use super::market::{Market, serves};
use super::matching::within;
use super::orders::{Conditional, Key, Trail};
use crate::types::{
    Bar, InstrumentIx, Nanos, OrderType, Report, Side, Submit, TriggerSource, UNDEFINED,
};

/// Twice the price that a trigger watches (a mid may end in a half); None while it is not known.
fn watched(market: &Market, source: TriggerSource, side: Side) -> Option<i128> {
    let last = (market.last != UNDEFINED).then_some(market.last);
    let single = match source {
        TriggerSource::BidAsk => market.reference(side),
        TriggerSource::Last => last,
        TriggerSource::Mark => (market.mark != UNDEFINED).then_some(market.mark),
        TriggerSource::Mid => {
            let bid = market.reference(Side::Sell)?;
            let ask = market.reference(Side::Buy)?;
            return Some(i128::from(bid) + i128::from(ask));
        }
    };
    single.map(|price| 2 * i128::from(price))
}

impl Trail {
    /// The trigger that belongs to the best price seen so far, on the tick farther from it.
    fn trigger(self, rises: bool, best: i64) -> i64 {
        let best = i128::from(best);
        let offset = if self.basis_points {
            best.abs() * i128::from(self.offset) / 10_000
        } else {
            i128::from(self.offset)
        };
        let tick = i128::from(self.tick);
        let trigger = if rises {
            let raw = best + offset;
            raw + (-raw).rem_euclid(tick)
        } else {
            let raw = best - offset;
            raw - raw.rem_euclid(tick)
        };
        i64::try_from(trigger).unwrap_or(if rises { i64::MAX } else { i64::MIN + 1 })
    }
}

impl Conditional {
    pub fn new(key: Key, submit: &Submit, tick: i64) -> Self {
        let takes_profit = matches!(
            submit.order_type,
            OrderType::TakeProfit | OrderType::TakeProfitLimit
        );
        let trail = submit.trailing_offset.map(|offset| Trail {
            offset,
            basis_points: submit.trailing_bps,
            tick,
        });
        Self {
            key,
            side: submit.side,
            source: submit.trigger_source,
            rises: (submit.side == Side::Buy) != takes_profit,
            trigger: submit.trigger.unwrap_or(UNDEFINED),
            trail,
        }
    }

    fn hit(&self, doubled: i128) -> bool {
        if self.trigger == UNDEFINED {
            return false;
        }
        let trigger = 2 * i128::from(self.trigger);
        if self.rises {
            doubled >= trigger
        } else {
            doubled <= trigger
        }
    }

    /// Follow the best price; the trigger never moves back. Whether it moved.
    fn ratchet(&mut self, price: i64) -> bool {
        let Some(trail) = self.trail else {
            return false;
        };
        let trigger = trail.trigger(self.rises, price);
        let better = if self.rises {
            trigger < self.trigger
        } else {
            trigger > self.trigger
        };
        let moves = self.trigger == UNDEFINED || better;
        if moves {
            self.trigger = trigger;
        }
        moves
    }
}

impl Exchange {
    /// Start watching a trigger; one that is met already fires at once.
    pub(super) fn arm(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get(key) else {
            return;
        };
        let ix = order.submit.instrument;
        let tick = self.instruments[ix as usize].tick;
        let mut conditional = Conditional::new(key, &order.submit, tick);
        let price = watched(
            &self.markets[ix as usize],
            conditional.source,
            conditional.side,
        );
        let trading = self.trading(ix, ts);
        let hit = trading && price.is_some_and(|price| conditional.hit(price));
        if let Some(price) = price {
            self.moved |= conditional.ratchet(halve(price, conditional.rises));
        }
        self.orders.watch(conditional);
        if hit {
            self.trigger(ts, key, None, out);
        }
    }

    /// Check every trigger of an instrument against the prices that stand now.
    pub(super) fn fire_triggers(&mut self, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        if self.orders.desk(ix).conditionals.is_empty() {
            return;
        }
        let market = &self.markets[ix as usize];
        let mut fired = Vec::new();
        for conditional in &mut self.orders.desk_mut(ix).conditionals {
            let Some(price) = watched(market, conditional.source, conditional.side) else {
                continue;
            };
            if conditional.hit(price) {
                fired.push(conditional.key);
            } else {
                self.moved |= conditional.ratchet(halve(price, conditional.rises));
            }
        }
        for key in fired {
            self.trigger(ts, key, None, out);
        }
    }

    /// Check triggers against the open of a bar; what fires fills there.
    pub(super) fn fire_triggers_at(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        serving: impl Fn(Side) -> bool,
        price: i64,
        out: &mut Vec<Report>,
    ) {
        let mut fired = Vec::new();
        for conditional in &mut self.orders.desk_mut(ix).conditionals {
            if conditional.source == TriggerSource::Mark || !serving(conditional.side) {
                continue;
            }
            if conditional.hit(2 * i128::from(price)) {
                fired.push(conditional.key);
            } else {
                self.moved |= conditional.ratchet(price);
            }
        }
        for key in fired {
            self.trigger(ts, key, Some(price), out);
        }
    }

    /// Check triggers against the range of a bar; what fires fills at its trigger.
    ///
    /// An order that came after the bar's open sees the close only: the extremes may be older.
    /// A trailing stop follows the bar's best price only after it survived the bar.
    pub(super) fn fire_triggers_in(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        bar: &Bar,
        out: &mut Vec<Report>,
    ) {
        let mut fired = Vec::new();
        let mut list = std::mem::take(&mut self.orders.desk_mut(ix).conditionals);
        for conditional in &mut list {
            let by_mark = conditional.source == TriggerSource::Mark;
            if by_mark || !serves(bar.price_type, conditional.side) {
                continue;
            }
            let since = self
                .orders
                .get(conditional.key)
                .map_or(i64::MAX, |o| o.live_since);
            let whole = since <= bar.ts_open;
            let (low, high) = if whole {
                (bar.low, bar.high)
            } else {
                (bar.close, bar.close)
            };
            let (worst, best) = if conditional.rises {
                (high, low)
            } else {
                (low, high)
            };
            if conditional.hit(2 * i128::from(worst)) {
                fired.push((conditional.key, conditional.trigger.clamp(low, high)));
            } else {
                self.moved |= conditional.ratchet(best);
            }
        }
        self.orders.desk_mut(ix).conditionals = list;
        for (key, price) in fired {
            self.trigger(ts, key, Some(price), out);
        }
    }

    /// A trigger fired: the order becomes live, in bars at the price `at`.
    fn trigger(&mut self, ts: Nanos, key: Key, at: Option<i64>, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get_mut(key) else {
            return;
        };
        order.live_since = ts;
        let submit = &order.submit;
        let (ix, side, is_market, limit) = (
            submit.instrument,
            submit.side,
            order.is_market(),
            order.limit(),
        );
        out.push(Report::Triggered {
            id: submit.id,
            instrument: ix,
            ts,
        });
        self.orders.unwatch(key);
        match at {
            Some(price) if within(side, limit, price) => self.take(ts, key, at, out),
            Some(_) => self.settle_rest(ts, key, out),
            None if is_market => self.start_market(ts, key, out),
            None => self.start_limit(ts, key, out),
        }
    }
}

/// Half of a doubled price, rounded so that a trailing stop stays farther away.
fn halve(doubled: i128, rises: bool) -> i64 {
    let half = if rises {
        (doubled + 1).div_euclid(2)
    } else {
        doubled.div_euclid(2)
    };
    i64::try_from(half).expect("the mean of two 64-bit prices fits 64 bits")
}
