//! Commands: what the venue checks on arrival, and what it answers.

use super::market::Source;
use super::orders::{Key, Known, Order, Phase};
use super::{Exchange, money, reasons};
use crate::fixed::Rounding;
use crate::types::{
    Command, Instrument, InstrumentIx, Nanos, OrderType, Report, Submit, TimeInForce, UNDEFINED,
};

/// New terms of an order; None keeps a value.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub quantity: Option<i64>,
    pub limit: Option<i64>,
    pub trigger: Option<i64>,
}

impl Exchange {
    pub fn on_command(&mut self, ts: Nanos, command: Command, out: &mut Vec<Report>) {
        self.now(ts, out);
        match command {
            Command::Submit(submit) => self.submit(ts, *submit, out),
            Command::Cancel { id, instrument } => match self.live(id) {
                Ok(key) => self.cancel(ts, key, reasons::REQUESTED, out),
                Err(reason) => out.push(Report::CancelRejected {
                    id,
                    instrument,
                    ts,
                    reason,
                }),
            },
            Command::Replace {
                id,
                instrument,
                quantity,
                limit,
                trigger,
            } => {
                let terms = Terms {
                    quantity,
                    limit,
                    trigger,
                };
                if let Err(reason) = self.replace(ts, id, terms, out) {
                    out.push(Report::ReplaceRejected {
                        id,
                        instrument,
                        ts,
                        reason,
                    });
                }
            }
        }
        self.activate_released(ts, out);
    }

    fn live(&self, id: u128) -> Result<Key, &'static str> {
        match self.orders.known(id) {
            Some(Known::Live(key)) => Ok(key),
            Some(Known::Closed { .. }) => Err(reasons::ORDER_CLOSED),
            None => Err(reasons::UNKNOWN_ORDER),
        }
    }

    fn submit(&mut self, ts: Nanos, mut submit: Submit, out: &mut Vec<Report>) {
        let (id, instrument) = (submit.id, submit.instrument);
        if !self.config.hedging {
            submit.position = 0;
        }
        if let Err(reason) = self.check(ts, &submit) {
            self.orders.burn(id);
            out.push(Report::Rejected {
                id,
                instrument,
                ts,
                reason,
            });
            return;
        }
        let deadline = self.deadline(ts, &submit);
        let parent = submit.parent;
        let key = self.orders.insert(submit, ts, deadline);
        out.push(Report::Accepted {
            id,
            instrument,
            ts,
            venue_order_id: key,
        });
        let filled = parent.map(|parent| self.parent_filled(parent));
        match filled {
            None => self.activate(ts, key, out),
            Some((cumulative, open)) => {
                let Some(order) = self.orders.get_mut(key) else {
                    return;
                };
                order.released = order.submit.quantity.min(cumulative);
                order.parent_open = open;
                if order.released > 0 {
                    self.released.push_back(key);
                }
            }
        }
    }

    /// How much a parent has filled, and whether it may fill more.
    fn parent_filled(&self, parent: u128) -> (i64, bool) {
        match self.orders.known(parent) {
            Some(Known::Live(key)) => (self.orders.get(key).map_or(0, |o| o.cumulative), true),
            Some(Known::Closed { cumulative }) => (cumulative, false),
            None => (0, false),
        }
    }

    /// Every check of a new order, in the order in which a venue makes them.
    fn check(&self, ts: Nanos, submit: &Submit) -> Result<(), &'static str> {
        if self.orders.known(submit.id).is_some() {
            return Err(reasons::DUPLICATE);
        }
        if self.liquidated {
            return Err(reasons::LIQUIDATED);
        }
        let instrument = &self.instruments[submit.instrument as usize];
        if !instrument.tradable {
            return Err(reasons::NOT_TRADABLE);
        }
        if instrument.margined && !self.config.margin {
            return Err(reasons::MARGIN_ACCOUNT_REQUIRED);
        }
        check_terms(ts, instrument, submit)?;
        self.check_family(submit)?;
        if submit.parent.is_some() {
            return Ok(());
        }
        self.check_market(ts, submit)?;
        self.check_reduce_only(submit)?;
        self.check_notional(instrument, submit)?;
        self.affordable(submit, submit.quantity, None)
    }

    /// The parent and the group that an order names.
    fn check_family(&self, submit: &Submit) -> Result<(), &'static str> {
        if self.orders.group_done(submit.oco_group) {
            return Err(reasons::OCO_DONE);
        }
        match submit.parent.map(|parent| self.orders.known(parent)) {
            Some(None) => Err(reasons::UNKNOWN_PARENT),
            Some(Some(Known::Closed { cumulative: 0 })) => Err(reasons::PARENT_CLOSED),
            _ => Ok(()),
        }
    }

    /// Whether the market lets this order do what it must do at once.
    fn check_market(&self, ts: Nanos, submit: &Submit) -> Result<(), &'static str> {
        let market = &self.markets[submit.instrument as usize];
        let at_once = submit.order_type == OrderType::Market
            || (submit.order_type == OrderType::Limit
                && matches!(submit.time_in_force, TimeInForce::Ioc | TimeInForce::Fok));
        let can_wait = market.source == Source::None || self.waits_for_open(market);
        if at_once && !can_wait {
            if !self.trading(submit.instrument, ts) {
                return Err(reasons::MARKET_CLOSED);
            }
            if market.reference(submit.side).is_none() {
                return Err(reasons::NO_MARKET);
            }
        }
        let takes = submit.post_only
            && submit.order_type == OrderType::Limit
            && self.marketable(submit.instrument, submit.side, submit.limit);
        if takes {
            Err(reasons::POST_ONLY)
        } else {
            Ok(())
        }
    }

    fn check_reduce_only(&self, submit: &Submit) -> Result<(), &'static str> {
        let position = self.account.quantity(submit.instrument, submit.position);
        let reduces = position.signum() == -submit.side.sign();
        if submit.reduce_only && !reduces {
            Err(reasons::REDUCE_ONLY)
        } else {
            Ok(())
        }
    }

    fn check_notional(&self, instrument: &Instrument, submit: &Submit) -> Result<(), &'static str> {
        let market = &self.markets[submit.instrument as usize];
        let price = submit
            .limit
            .or(submit.trigger)
            .or_else(|| market.reference(submit.side));
        let Some(price) = price else { return Ok(()) };
        let scale = self.scale(instrument.settlement);
        let mode = Rounding::Down;
        let value = money::notional(instrument, scale, price, submit.quantity, mode)
            .ok_or(reasons::NUMERIC_OVERFLOW)?;
        let small = value.abs() < instrument.min_notional && !submit.reduce_only;
        if small {
            Err(reasons::BELOW_MIN_NOTIONAL)
        } else {
            Ok(())
        }
    }

    /// Change an order. It keeps its place in the queue only when nothing but its size shrinks.
    fn replace(
        &mut self,
        ts: Nanos,
        id: u128,
        terms: Terms,
        out: &mut Vec<Report>,
    ) -> Result<(), &'static str> {
        let key = self.live(id)?;
        let order = self.orders.get(key).ok_or(reasons::ORDER_CLOSED)?;
        let (phase, cumulative) = (order.phase, order.cumulative);
        let mut submit = order.submit.clone();
        submit.quantity = terms.quantity.unwrap_or(submit.quantity);
        submit.limit = terms.limit.or(submit.limit);
        submit.trigger = terms.trigger.or(submit.trigger);
        let shrinks = submit.quantity <= order.submit.quantity
            && (submit.limit, submit.trigger) == (order.submit.limit, order.submit.trigger);
        self.check_replace(order, &submit, shrinks)?;
        let Submit {
            instrument,
            quantity,
            limit,
            trigger,
            ..
        } = submit;
        let order = self.orders.get_mut(key).ok_or(reasons::ORDER_CLOSED)?;
        order.submit = submit;
        order.released = match order.submit.parent {
            Some(_) => order.released.min(quantity),
            None => quantity,
        };
        out.push(Report::Replaced {
            id,
            instrument,
            ts,
            quantity,
            limit,
            trigger,
        });
        if quantity == cumulative {
            self.cancel(ts, key, reasons::REQUESTED, out);
        } else if phase != Phase::Held && !shrinks {
            self.restart(ts, key, phase, out);
        }
        Ok(())
    }

    fn check_replace(
        &self,
        order: &Order,
        changed: &Submit,
        shrinks: bool,
    ) -> Result<(), &'static str> {
        if changed.quantity < order.cumulative || changed.quantity <= 0 {
            return Err(reasons::BELOW_FILLED);
        }
        let instrument = &self.instruments[changed.instrument as usize];
        check_sizes(instrument, changed)?;
        check_prices(instrument, changed)?;
        if shrinks || order.phase == Phase::Held {
            return Ok(());
        }
        let resting = order.phase == Phase::Resting;
        let takes = self.marketable(changed.instrument, changed.side, changed.limit);
        if resting && changed.post_only && takes {
            return Err(reasons::POST_ONLY);
        }
        let left = changed.quantity - order.cumulative;
        self.affordable(changed, left, Some(order.key))
    }

    /// A changed order works on in its phase, as the last of its price.
    fn restart(&mut self, ts: Nanos, key: Key, phase: Phase, out: &mut Vec<Report>) {
        match phase {
            Phase::Resting => self.start_limit(ts, key, out),
            Phase::Conditional => self.arm(ts, key, out),
            Phase::Waiting | Phase::Held => {}
        }
    }
}

/// Quantities and prices that a venue refuses whatever its market is.
fn check_terms(ts: Nanos, instrument: &Instrument, submit: &Submit) -> Result<(), &'static str> {
    check_sizes(instrument, submit)?;
    check_prices(instrument, submit)?;
    match (submit.time_in_force, submit.expire) {
        (TimeInForce::Gtd, None) => Err(reasons::EXPIRE_IN_PAST),
        (TimeInForce::Gtd, Some(expire)) if expire <= ts => Err(reasons::EXPIRE_IN_PAST),
        _ => Ok(()),
    }
}

fn check_sizes(instrument: &Instrument, submit: &Submit) -> Result<(), &'static str> {
    if submit.quantity <= 0 {
        Err(reasons::INVALID_QUANTITY)
    } else if submit.quantity % instrument.lot != 0 {
        Err(reasons::OFF_LOT)
    } else if submit.quantity < instrument.min_quantity && !submit.reduce_only {
        Err(reasons::BELOW_MIN_QUANTITY)
    } else if submit.quantity > instrument.max_quantity {
        Err(reasons::ABOVE_MAX_QUANTITY)
    } else {
        Ok(())
    }
}

fn check_prices(instrument: &Instrument, submit: &Submit) -> Result<(), &'static str> {
    use OrderType::{Limit, Market, Stop, StopLimit, TakeProfit, TakeProfitLimit, TrailingStop};
    let needs_limit = matches!(submit.order_type, Limit | StopLimit | TakeProfitLimit);
    let needs_trigger = match submit.order_type {
        Market | Limit | TrailingStop => false,
        Stop | StopLimit | TakeProfit | TakeProfitLimit => true,
    };
    let offset_missing =
        submit.order_type == TrailingStop && submit.trailing_offset.is_none_or(|o| o <= 0);
    if (needs_limit && submit.limit.is_none())
        || (needs_trigger && submit.trigger.is_none())
        || offset_missing
    {
        return Err(reasons::MISSING_PRICE);
    }
    for price in [submit.limit, submit.trigger].into_iter().flatten() {
        if price == UNDEFINED || price % instrument.tick != 0 {
            return Err(reasons::OFF_TICK);
        }
    }
    Ok(())
}

impl Exchange {
    /// Whether an instrument has orders or a position that a market event may concern.
    pub(super) fn idle(&self, ix: InstrumentIx) -> bool {
        self.orders.desk(ix).idle() && !self.account.holds(ix)
    }
}
