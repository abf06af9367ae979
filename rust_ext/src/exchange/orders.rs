//! The venue's order table: live orders by venue order id, and per instrument what may match.

use std::collections::BTreeMap;

use super::fees::FeeState;
pub use super::known::Known;
use super::known::{Groups, Ids};
use super::queue::{Place, Resting};
use crate::types::{InstrumentIx, Nanos, OrderType, Side, Submit, TimeInForce, TriggerSource};

/// Venue order id, ascending in order of arrival; the key of a live order.
pub type Key = u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A bracket child whose parent has not filled.
    Held,
    /// Conditional and not yet triggered.
    Conditional,
    /// Takes at the next moment with a market: the next open, the first quote.
    Waiting,
    /// A limit in the book.
    Resting,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub key: Key,
    pub submit: Submit,
    pub phase: Phase,
    pub cumulative: i64,
    /// How much may fill: all of it, or for a bracket child what its parent filled.
    pub released: i64,
    pub parent_open: bool,
    /// Since when it can match; a bar that opened earlier shows it its close only.
    pub live_since: Nanos,
    pub deadline: Option<Nanos>,
    pub fees: FeeState,
}

impl Order {
    pub fn leaves(&self) -> i64 {
        self.released - self.cumulative
    }

    /// Whether it executes without a limit price.
    pub fn is_market(&self) -> bool {
        use OrderType::{Market, Stop, TakeProfit, TrailingStop};
        matches!(
            self.submit.order_type,
            Market | Stop | TakeProfit | TrailingStop
        )
    }

    pub fn is_conditional(&self) -> bool {
        !matches!(self.submit.order_type, OrderType::Market | OrderType::Limit)
    }

    /// The limit price that execution respects.
    pub fn limit(&self) -> Option<i64> {
        if self.is_market() {
            None
        } else {
            self.submit.limit
        }
    }

    pub fn immediate(&self) -> bool {
        matches!(
            self.submit.time_in_force,
            TimeInForce::Ioc | TimeInForce::Fok
        )
    }
}

/// The offset that a trailing stop keeps to the best price seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail {
    pub offset: i64,
    pub basis_points: bool,
    pub tick: i64,
}

/// A trigger that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditional {
    pub key: Key,
    pub side: Side,
    pub source: TriggerSource,
    /// Fires at or above the trigger; otherwise at or below.
    pub rises: bool,
    /// `UNDEFINED` for a trailing stop that has seen no price yet.
    pub trigger: i64,
    pub trail: Option<Trail>,
}

/// The live orders of one instrument by what can happen to them.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// Best price first, then by priority.
    pub buys: Vec<Resting>,
    pub sells: Vec<Resting>,
    pub conditionals: Vec<Conditional>,
    pub waiting: Vec<Key>,
    /// Live orders that may only reduce.
    pub reduce_only: Vec<Key>,
    /// Live orders of any phase.
    pub live: Vec<Key>,
}

impl Desk {
    pub fn resting(&self, side: Side) -> &Vec<Resting> {
        match side {
            Side::Buy => &self.buys,
            Side::Sell => &self.sells,
        }
    }

    pub fn resting_mut(&mut self, side: Side) -> &mut Vec<Resting> {
        match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        }
    }

    /// Whether no market event can do anything here.
    pub fn idle(&self) -> bool {
        self.live.is_empty()
    }

    fn rest(&mut self, side: Side, entry: Resting) {
        let list = self.resting_mut(side);
        let rank = |r: &Resting| (-side.sign() * r.price, r.priority);
        let at = list.partition_point(|other| rank(other) < rank(&entry));
        list.insert(at, entry);
    }

    /// Take an order out of the list of its phase.
    fn withdraw(&mut self, key: Key) {
        self.buys.retain(|r| r.key != key);
        self.sells.retain(|r| r.key != key);
        self.conditionals.retain(|c| c.key != key);
        self.waiting.retain(|k| *k != key);
    }
}

#[derive(Clone, Debug)]
pub struct OrderTable {
    live: BTreeMap<Key, Order>,
    ids: Ids,
    children: BTreeMap<u128, Vec<Key>>,
    groups: Groups,
    deadlines: BTreeMap<(Nanos, Key), ()>,
    desks: Vec<Desk>,
    last_key: Key,
    last_priority: u64,
}

impl OrderTable {
    pub fn new(instruments: usize) -> Self {
        Self {
            live: BTreeMap::new(),
            ids: Ids::default(),
            children: BTreeMap::new(),
            groups: Groups::default(),
            deadlines: BTreeMap::new(),
            desks: vec![Desk::default(); instruments],
            last_key: 0,
            last_priority: 0,
        }
    }

    pub fn desk(&self, ix: InstrumentIx) -> &Desk {
        &self.desks[ix as usize]
    }

    pub fn desk_mut(&mut self, ix: InstrumentIx) -> &mut Desk {
        &mut self.desks[ix as usize]
    }

    pub fn known(&self, id: u128) -> Option<Known> {
        self.ids.get(id)
    }

    /// Remember an id that was refused, so that it is never used again.
    pub fn burn(&mut self, id: u128) {
        if self.ids.get(id).is_none() {
            self.ids.end(id, 0);
        }
    }

    pub fn get(&self, key: Key) -> Option<&Order> {
        self.live.get(&key)
    }

    pub fn get_mut(&mut self, key: Key) -> Option<&mut Order> {
        self.live.get_mut(&key)
    }

    /// All live orders in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.live.values()
    }

    /// An id for something the venue does by itself (liquidation).
    pub fn next_key(&mut self) -> Key {
        self.last_key += 1;
        self.last_key
    }

    /// Take an order in, held; `place` makes it work.
    pub fn insert(&mut self, submit: Submit, ts: Nanos, deadline: Option<Nanos>) -> Key {
        let key = self.next_key();
        self.ids.open(submit.id, key);
        if let Some(parent) = submit.parent {
            self.children.entry(parent).or_default().push(key);
        }
        self.groups.join(submit.oco_group, key);
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, key), ());
        }
        let desk = &mut self.desks[submit.instrument as usize];
        desk.live.push(key);
        if submit.reduce_only {
            desk.reduce_only.push(key);
        }
        let order = Order {
            key,
            phase: Phase::Held,
            cumulative: 0,
            released: if submit.parent.is_some() {
                0
            } else {
                submit.quantity
            },
            parent_open: submit.parent.is_some(),
            live_since: ts,
            deadline,
            fees: FeeState::default(),
            submit,
        };
        self.live.insert(key, order);
        key
    }

    /// Put an order into the book at its limit, last of its price.
    pub fn rest(&mut self, key: Key, place: Place) {
        self.last_priority += 1;
        let priority = self.last_priority;
        let Some(order) = self.live.get_mut(&key) else {
            return;
        };
        let price = order
            .submit
            .limit
            .expect("a resting order has a limit: checked on arrival");
        order.phase = Phase::Resting;
        let desk = &mut self.desks[order.submit.instrument as usize];
        desk.withdraw(key);
        desk.rest(
            order.submit.side,
            Resting {
                price,
                priority,
                key,
                place,
            },
        );
    }

    /// Take an order out of the market until more of its parent fills.
    pub fn hold(&mut self, key: Key) {
        let Some(order) = self.live.get_mut(&key) else {
            return;
        };
        order.phase = Phase::Held;
        self.desks[order.submit.instrument as usize].withdraw(key);
    }

    pub fn wait(&mut self, key: Key) {
        let Some(order) = self.live.get_mut(&key) else {
            return;
        };
        order.phase = Phase::Waiting;
        let desk = &mut self.desks[order.submit.instrument as usize];
        desk.withdraw(key);
        desk.waiting.push(key);
    }

    pub fn watch(&mut self, conditional: Conditional) {
        let Some(order) = self.live.get_mut(&conditional.key) else {
            return;
        };
        order.phase = Phase::Conditional;
        let desk = &mut self.desks[order.submit.instrument as usize];
        desk.withdraw(conditional.key);
        desk.conditionals.push(conditional);
    }

    /// Stop watching a trigger that fired.
    pub fn unwatch(&mut self, key: Key) {
        if let Some(order) = self.live.get(&key) {
            self.desks[order.submit.instrument as usize]
                .conditionals
                .retain(|c| c.key != key);
        }
    }

    /// Take an order out; its id stays known.
    pub fn close(&mut self, key: Key) -> Option<Order> {
        let order = self.live.remove(&key)?;
        let submit = &order.submit;
        self.ids.end(submit.id, order.cumulative);
        let desk = &mut self.desks[submit.instrument as usize];
        desk.withdraw(key);
        desk.live.retain(|k| *k != key);
        desk.reduce_only.retain(|k| *k != key);
        if let Some(deadline) = order.deadline {
            self.deadlines.remove(&(deadline, key));
        }
        self.groups.leave(submit.oco_group, key);
        if let Some(parent) = submit.parent
            && let Some(siblings) = self.children.get_mut(&parent)
        {
            siblings.retain(|k| *k != key);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        Some(order)
    }

    /// The live children of an order, in order of arrival.
    pub fn children_of(&self, id: u128) -> Vec<Key> {
        self.children.get(&id).cloned().unwrap_or_default()
    }

    /// The other live members of an order's group.
    pub fn siblings(&self, key: Key, group: u64) -> Vec<Key> {
        let members = self.groups.members(group).iter();
        members.copied().filter(|k| *k != key).collect()
    }

    pub fn finish_group(&mut self, group: u64) {
        self.groups.finish(group);
    }

    /// Whether one order of the group has filled: its name is used up.
    pub fn group_done(&self, group: u64) -> bool {
        self.groups.is_done(group)
    }

    pub fn next_deadline(&self) -> Option<Nanos> {
        self.deadlines.first_key_value().map(|((ts, _), ())| *ts)
    }

    /// The earliest order that is due at `ts`.
    pub fn due(&self, ts: Nanos) -> Option<Key> {
        let ((deadline, key), ()) = self.deadlines.first_key_value()?;
        (*deadline <= ts).then_some(*key)
    }
}

mod state;
