//! What happens to an order: it is activated, fills, ends, and moves the orders that hang on it.

use super::fees::FeeState;
use super::orders::{Key, Order, Phase};
use super::{Exchange, reasons};
use crate::types::{CurrencyIx, Fill, Liquidity, Nanos, Report};

impl Exchange {
    /// How much of an order may fill now. A reduce-only order never goes beyond its position, and
    /// ends when there is none.
    pub(super) fn executable(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) -> Option<i64> {
        let order = self.orders.get(key)?;
        let leaves = order.leaves();
        if !order.submit.reduce_only {
            return (leaves > 0).then_some(leaves);
        }
        let reducible = self.reducible(order);
        if reducible == 0 {
            self.cancel(ts, key, reasons::REDUCE_ONLY, out);
            return None;
        }
        let quantity = leaves.min(reducible);
        (quantity > 0).then_some(quantity)
    }

    /// The position that an order of this side would reduce.
    pub(super) fn reducible(&self, order: &Order) -> i64 {
        let position = self
            .account
            .quantity(order.submit.instrument, order.submit.position);
        let opposite = position.signum() == -order.submit.side.sign();
        if opposite {
            position.saturating_abs()
        } else {
            0
        }
    }

    /// Book one execution. False when the order could not pay for it (then it is canceled) or is gone.
    pub(super) fn fill(
        &mut self,
        ts: Nanos,
        key: Key,
        price: i64,
        quantity: i64,
        liquidity: Liquidity,
        out: &mut Vec<Report>,
    ) -> bool {
        debug_assert!(quantity > 0);
        let Some(order) = self.orders.get(key) else {
            return false;
        };
        debug_assert!(quantity <= order.leaves());
        let Some((fee, fee_currency, state)) = self.charge(order, price, quantity, liquidity)
        else {
            self.cancel(ts, key, reasons::NUMERIC_OVERFLOW, out);
            return false;
        };
        let submit = &order.submit;
        let fill = Fill {
            id: submit.id,
            instrument: submit.instrument,
            ts,
            venue_order_id: key,
            fill_id: self.last_fill + 1,
            side: submit.side,
            price,
            quantity,
            cumulative: order.cumulative + quantity,
            fee,
            fee_currency,
            liquidity,
            position: submit.position,
        };
        if let Err(reason) = self.book(&fill) {
            self.cancel(ts, key, reason, out);
            return false;
        }
        self.last_fill += 1;
        if let Some(order) = self.orders.get_mut(key) {
            order.cumulative = fill.cumulative;
            order.fees = state;
        }
        out.push(Report::Filled(Box::new(fill)));
        self.after_fill(ts, key, out);
        true
    }

    /// The account takes a fill, or says why not.
    pub(super) fn book(&mut self, fill: &Fill) -> Result<(), &'static str> {
        if !self.config.margin && !self.can_pay(fill) {
            return Err(reasons::INSUFFICIENT_FUNDS);
        }
        self.account
            .apply(fill)
            .map_err(|_| reasons::NUMERIC_OVERFLOW)?;
        self.unwatch_margin();
        Ok(())
    }

    /// The fee of a fill: units, the currency it is paid in, and the order's new fee state.
    pub(super) fn charge(
        &self,
        order: &Order,
        price: i64,
        quantity: i64,
        liquidity: Liquidity,
    ) -> Option<(i128, CurrencyIx, FeeState)> {
        let submit = &order.submit;
        self.fee(
            submit.instrument,
            submit.side,
            order.fees,
            price,
            quantity,
            liquidity,
        )
    }

    fn after_fill(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get(key) else {
            return;
        };
        let (cumulative, submit) = (order.cumulative, &order.submit);
        let (id, ix, group) = (submit.id, submit.instrument, submit.oco_group);
        let complete = cumulative == submit.quantity;
        let protects = submit.reduce_only && !complete;
        let spent = order.leaves() == 0;
        let orphan = spent && !complete && !order.parent_open;
        if complete {
            self.orders.close(key);
        } else if orphan {
            self.cancel(ts, key, reasons::PARENT_CLOSED, out);
        } else if spent {
            self.orders.hold(key);
        }
        if group != 0 {
            self.cancel_siblings(ts, key, group, protects, out);
        }
        if !orphan {
            self.release_children(ts, id, cumulative, complete, out);
        }
        for other in self.orders.desk(ix).reduce_only.clone() {
            self.end_if_nothing_to_reduce(ts, other, out);
        }
    }

    /// A reduce-only order that works and has nothing left to reduce ends.
    fn end_if_nothing_to_reduce(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        let Some(order) = self.orders.get(key) else {
            return;
        };
        if order.phase != Phase::Held && self.reducible(order) == 0 {
            self.cancel(ts, key, reasons::REDUCE_ONLY, out);
        }
    }

    /// One of a group filled: its siblings end, and the group takes no new order. While a reduce-only
    /// order is not complete (`protects`), its reduce-only siblings go on: what is left of the
    /// position still needs them.
    fn cancel_siblings(
        &mut self,
        ts: Nanos,
        key: Key,
        group: u64,
        protects: bool,
        out: &mut Vec<Report>,
    ) {
        for sibling in self.orders.siblings(key, group) {
            let reduces = |order: &Order| order.submit.reduce_only;
            if !(protects && self.orders.get(sibling).is_some_and(reduces)) {
                self.cancel(ts, sibling, reasons::OCO, out);
            }
        }
        if !protects {
            self.finish_group(group);
        }
    }

    /// A parent filled or ended: its children may fill as much as it did.
    fn release_children(
        &mut self,
        ts: Nanos,
        parent: u128,
        cumulative: i64,
        closed: bool,
        out: &mut Vec<Report>,
    ) {
        for key in self.orders.children_of(parent) {
            let Some(child) = self.orders.get_mut(key) else {
                continue;
            };
            child.released = child.submit.quantity.min(cumulative);
            child.parent_open = !closed;
            if child.leaves() > 0 {
                if child.phase == Phase::Held {
                    self.released.push_back(key);
                }
            } else if closed {
                self.cancel(ts, key, reasons::PARENT_CLOSED, out);
            }
        }
    }

    /// Orders whose parent filled start to work. Called when a market event has been dealt with, so
    /// that a child never meets the very moment that filled its parent half way through.
    pub(super) fn activate_released(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        while let Some(key) = self.released.pop_front() {
            let Some(child) = self.orders.get(key) else {
                continue;
            };
            if child.phase != Phase::Held || child.leaves() <= 0 {
                continue;
            }
            match self.affordable(&child.submit, child.leaves(), Some(key)) {
                Ok(()) => self.activate(ts, key, out),
                Err(reason) => self.cancel(ts, key, reason, out),
            }
        }
    }

    /// An order starts to work.
    pub(super) fn activate(&mut self, ts: Nanos, key: Key, out: &mut Vec<Report>) {
        if self.executable(ts, key, out).is_none() {
            return;
        }
        let Some(order) = self.orders.get_mut(key) else {
            return;
        };
        order.live_since = ts;
        if order.is_conditional() {
            self.arm(ts, key, out);
        } else if order.is_market() {
            self.start_market(ts, key, out);
        } else {
            self.start_limit(ts, key, out);
        }
    }

    /// End an order.
    pub(super) fn cancel(
        &mut self,
        ts: Nanos,
        key: Key,
        reason: &'static str,
        out: &mut Vec<Report>,
    ) {
        let Some(order) = self.orders.close(key) else {
            return;
        };
        let Order {
            submit, cumulative, ..
        } = order;
        let (id, instrument) = (submit.id, submit.instrument);
        let expires = [reasons::GTD, reasons::DAY].contains(&reason);
        out.push(if expires {
            Report::Expired {
                id,
                instrument,
                ts,
                cumulative,
                reason,
            }
        } else {
            Report::Canceled {
                id,
                instrument,
                ts,
                cumulative,
                reason,
            }
        });
        if cumulative > 0 {
            self.finish_group(submit.oco_group);
        }
        self.release_children(ts, id, cumulative, true, out);
    }
}
