//! Time: trading hours, and orders that end by the clock.

use super::market::Source;
use super::{Exchange, reasons};
use crate::types::{InstrumentIx, Nanos, Report, Submit, TimeInForce};

const DAY_NS: Nanos = 86_400_000_000_000;

impl Exchange {
    /// Whether the instrument trades at `ts`. A bar belongs to the session that it ends.
    pub(super) fn trading(&self, ix: InstrumentIx, ts: Nanos) -> bool {
        let bars = self.markets[ix as usize].source == Source::Bar;
        let ts = if bars { ts - 1 } else { ts };
        self.in_session(ix, ts)
    }

    /// Whether a session `[open, close)` contains `ts`; without a calendar always.
    pub(super) fn in_session(&self, ix: InstrumentIx, ts: Nanos) -> bool {
        let Some(sessions) = self.sessions[ix as usize].as_deref() else {
            return true;
        };
        let after = sessions.partition_point(|(open, _)| *open <= ts);
        after > 0 && ts < sessions[after - 1].1
    }

    /// When an order ends by itself: GTD at its time, DAY with the session that contains or
    /// follows its arrival (at UTC midnight without a calendar).
    pub(super) fn deadline(&self, ts: Nanos, submit: &Submit) -> Option<Nanos> {
        match submit.time_in_force {
            TimeInForce::Gtd => submit.expire,
            TimeInForce::Day => {
                let midnight = (ts.div_euclid(DAY_NS) + 1) * DAY_NS;
                let sessions = self.sessions[submit.instrument as usize].as_deref();
                let close = sessions.map(|list| {
                    let at = list.partition_point(|(_, close)| *close <= ts);
                    list.get(at).map_or(midnight, |(_, close)| *close)
                });
                Some(close.unwrap_or(midnight))
            }
            TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => None,
        }
    }

    /// End every order whose time has come.
    pub(super) fn expire_due(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        while let Some(key) = self.orders.due(ts) {
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
