//! Time: trading hours, and orders that end by the clock.

use super::market::Source;
use super::{Exchange, reasons};
use crate::types::{Bar, InstrumentIx, Nanos, Report, Submit, TimeInForce};

const DAY_NS: Nanos = 86_400_000_000_000;

impl Exchange {
    /// Whether the instrument trades at `ts`; without a calendar always. The moment at which a
    /// recorded bar ends belongs to that bar: its close is a price that was traded.
    pub(super) fn trading(&self, ix: InstrumentIx, ts: Nanos) -> bool {
        let market = &self.markets[ix as usize];
        let ends_bar = market.source == Source::Bar && market.bar_ended == ts;
        let hours = self.sessions[ix as usize].as_ref();
        ends_bar || hours.is_none_or(|hours| hours.contains(ts))
    }

    /// The first moment of a bar at which the instrument trades; None when all of it lies outside
    /// trading hours. Days and hours of other sources are rarely cut at the open.
    pub fn bar_trades_from(&self, ix: InstrumentIx, bar: &Bar) -> Option<Nanos> {
        match &self.sessions[ix as usize] {
            Some(hours) => hours.trades_from(bar.ts_open, bar.ts_event),
            None => Some(bar.ts_open),
        }
    }

    /// When an order ends by itself: GTD at its time, DAY with the trading day that contains or
    /// follows its arrival (at UTC midnight without a calendar).
    ///
    /// Where bars are the market, a DAY order lives a nanosecond longer: the bar that ends with the
    /// day tells what happened in it.
    pub(super) fn deadline(&self, ts: Nanos, submit: &Submit) -> Option<Nanos> {
        match submit.time_in_force {
            TimeInForce::Gtd => submit.expire,
            TimeInForce::Day => {
                let midnight = (ts.div_euclid(DAY_NS) + 1) * DAY_NS;
                let hours = self.sessions[submit.instrument as usize].as_ref();
                let close = hours.and_then(|hours| hours.day_close(ts));
                let bars = self.markets[submit.instrument as usize].source == Source::Bar;
                Some(close.unwrap_or(midnight) + Nanos::from(bars))
            }
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        }
    }

    /// End every order whose time comes up to `due`.
    pub(super) fn expire_until(&mut self, ts: Nanos, due: Nanos, out: &mut Vec<Report>) {
        if self.orders.next_deadline().is_none_or(|next| next > due) {
            return;
        }
        while let Some(key) = self.orders.due(due) {
            let Some(order) = self.orders.get(key) else {
                return;
            };
            let reason = match order.submit.time_in_force {
                TimeInForce::Day => reasons::DAY,
                _ => reasons::GTD,
            };
            self.cancel(ts, key, reason, out);
        }
        self.activate_released(ts, out);
    }
}
