//! The live orders as bytes and back: terms, progress, and their places in every list.

use super::{Conditional, Desk, Order, OrderTable, Phase, Resting};
use crate::exchange::fees::FeeState;
use crate::exchange::queue::Place;
use crate::orders::codec::{Defect, Reader, SIDES, SOURCES, TIMES, TYPES, Writer};
use crate::types::{Instrument, InstrumentIx, Nanos, Side, Submit};

const PHASES: [Phase; 4] = [
    Phase::Held,
    Phase::Conditional,
    Phase::Waiting,
    Phase::Resting,
];

type Read<T> = Result<T, Defect>;

impl OrderTable {
    /// Append every live order. What is remembered of ended ones is not among it.
    pub fn write(&self, to: &mut Writer<'_>) {
        to.int(self.last_key as i128);
        to.int(self.last_priority as i128);
        to.int(self.live.len() as i128);
        for order in self.live.values() {
            write_order(to, order);
        }
        for desk in &self.desks {
            desk.write(to);
        }
    }

    /// The table that `write` wrote; `numbers` are what its instruments have here.
    pub fn read(
        from: &mut Reader<'_>,
        instruments: &[Instrument],
        numbers: &[InstrumentIx],
    ) -> Read<Self> {
        let mut table = Self::new(instruments.len());
        table.last_key = from.int()?;
        table.last_priority = from.int()?;
        for _ in 0..from.int::<u32>()? {
            let mut order = read_order(from)?;
            let ix = numbers.get(order.submit.instrument as usize);
            order.submit.instrument = *ix.ok_or(Defect::Damaged)?;
            sound(table.accepts(&order, instruments))?;
            table.adopt(order);
        }
        for &ix in numbers {
            let instrument = instruments.get(ix as usize).ok_or(Defect::Damaged)?;
            table.read_desk(from, ix, instrument)?;
        }
        for order in table.live.values() {
            let listed = table.desks[order.submit.instrument as usize].lists(order.key);
            sound(listed == usize::from(order.phase != Phase::Held))?;
        }
        Ok(table)
    }

    /// Whether an order can stand behind those that were read.
    fn accepts(&self, order: &Order, instruments: &[Instrument]) -> bool {
        let submit = &order.submit;
        let newest = self.live.last_key_value().map_or(0, |(key, _)| *key);
        (submit.instrument as usize) < instruments.len()
            && newest < order.key
            && order.key <= self.last_key
            && self.ids.get(submit.id).is_none()
            && 0 <= order.cumulative
            && order.cumulative <= order.released
            && order.released <= submit.quantity
            && (order.phase != Phase::Resting || submit.limit.is_some())
    }

    /// Take in an order with its key; its phase's list is filled by the caller.
    fn adopt(&mut self, order: Order) {
        let (key, submit) = (order.key, &order.submit);
        self.ids.open(submit.id, key);
        if let Some(parent) = submit.parent {
            self.children.entry(parent).or_default().push(key);
        }
        self.groups.join(submit.oco_group, key);
        if let Some(deadline) = order.deadline {
            self.deadlines.insert((deadline, key), ());
        }
        let desk = &mut self.desks[submit.instrument as usize];
        desk.live.push(key);
        if submit.reduce_only {
            desk.reduce_only.push(key);
        }
        self.live.insert(key, order);
    }

    fn read_desk(
        &mut self,
        from: &mut Reader<'_>,
        ix: InstrumentIx,
        instrument: &Instrument,
    ) -> Read<()> {
        let of = |table: &Self, key, phase| {
            let order = table.live.get(&key).filter(|order| order.phase == phase);
            let own = order.filter(|order| order.submit.instrument == ix);
            own.map(|order| order.submit.clone()).ok_or(Defect::Damaged)
        };
        for side in SIDES {
            for _ in 0..from.int::<u32>()? {
                let (key, priority) = (from.int()?, from.int()?);
                let place = Place::of_parts([from.int()?, from.int()?, from.int()?]);
                let submit = of(self, key, Phase::Resting)?;
                sound(submit.side == side && priority <= self.last_priority)?;
                let price = submit.limit.ok_or(Defect::Damaged)?;
                let entry = Resting {
                    price,
                    priority,
                    key,
                    place,
                };
                self.desks[ix as usize].rest(side, entry);
            }
        }
        for _ in 0..from.int::<u32>()? {
            let (key, trigger) = (from.int()?, from.int()?);
            let submit = of(self, key, Phase::Conditional)?;
            let fresh = Conditional::new(key, &submit, instrument.tick);
            let watched = Conditional { trigger, ..fresh };
            self.desks[ix as usize].conditionals.push(watched);
        }
        for _ in 0..from.int::<u32>()? {
            let key = from.int()?;
            of(self, key, Phase::Waiting)?;
            self.desks[ix as usize].waiting.push(key);
        }
        Ok(())
    }

    /// Remember an order that has ended; a live one stays what it is.
    pub fn remember(&mut self, id: u128, cumulative: i64) {
        if self.ids.get(id).is_none() {
            self.ids.end(id, cumulative);
        }
    }

    /// The market was out of sight until `ts`: every order has this place in its level, and no bar
    /// that opened before shows it more than its close.
    pub fn come_back(&mut self, ts: Nanos, place: Place) {
        for order in self.live.values_mut() {
            order.live_since = order.live_since.max(ts);
        }
        for desk in &mut self.desks {
            for entry in desk.buys.iter_mut().chain(&mut desk.sells) {
                entry.place = place;
            }
        }
    }
}

impl Desk {
    fn write(&self, to: &mut Writer<'_>) {
        for side in SIDES {
            let list = self.resting(side);
            to.int(list.len() as i128);
            for entry in list {
                to.int(entry.key as i128);
                to.int(entry.priority as i128);
                for part in entry.place.parts() {
                    to.int(part);
                }
            }
        }
        to.int(self.conditionals.len() as i128);
        for conditional in &self.conditionals {
            to.int(conditional.key as i128);
            to.int(conditional.trigger);
        }
        to.int(self.waiting.len() as i128);
        for key in &self.waiting {
            to.int(*key as i128);
        }
    }

    /// In how many of the lists an order stands.
    fn lists(&self, key: super::Key) -> usize {
        let resting = [Side::Buy, Side::Sell].map(|side| {
            let list = self.resting(side).iter();
            list.filter(|entry| entry.key == key).count()
        });
        let watched = self.conditionals.iter().filter(|c| c.key == key).count();
        let waiting = self.waiting.iter().filter(|k| **k == key).count();
        resting.iter().sum::<usize>() + watched + waiting
    }
}

fn sound(holds: bool) -> Read<()> {
    holds.then_some(()).ok_or(Defect::Damaged)
}

fn write_order(to: &mut Writer<'_>, order: &Order) {
    to.int(order.key as i128);
    write_submit(to, &order.submit);
    to.bytes.push(order.phase as u8);
    to.int(order.cumulative);
    to.int(order.released);
    to.bytes.push(order.parent_open.into());
    to.int(order.live_since);
    to.maybe(order.deadline, Writer::int);
    to.int(order.fees.accrued);
    to.int(order.fees.charged);
    to.bytes.push(order.fees.any.into());
}

fn read_order(from: &mut Reader<'_>) -> Read<Order> {
    Ok(Order {
        key: from.int()?,
        submit: read_submit(from)?,
        phase: from.one_of(&PHASES)?,
        cumulative: from.int()?,
        released: from.int()?,
        parent_open: from.flag()?,
        live_since: from.int()?,
        deadline: from.maybe(Reader::int)?,
        fees: FeeState {
            accrued: from.int()?,
            charged: from.int()?,
            any: from.flag()?,
        },
    })
}

fn write_submit(to: &mut Writer<'_>, submit: &Submit) {
    to.bytes.extend(submit.id.to_le_bytes());
    to.int(submit.instrument);
    to.bytes.extend([
        submit.side as u8,
        submit.order_type as u8,
        submit.trigger_source as u8,
        submit.time_in_force as u8,
        submit.trailing_bps.into(),
        submit.post_only.into(),
        submit.reduce_only.into(),
    ]);
    to.int(submit.quantity);
    for value in [
        submit.limit,
        submit.trigger,
        submit.trailing_offset,
        submit.expire,
    ] {
        to.maybe(value, Writer::int);
    }
    to.maybe(submit.parent, |to, id| to.bytes.extend(id.to_le_bytes()));
    to.int(submit.oco_group as i128);
    to.int(submit.position as i128);
}

fn read_submit(from: &mut Reader<'_>) -> Read<Submit> {
    let id = u128::from_le_bytes(from.take()?);
    let instrument = from.int()?;
    let side = from.one_of(&SIDES)?;
    let order_type = from.one_of(&TYPES)?;
    let trigger_source = from.one_of(&SOURCES)?;
    let time_in_force = from.one_of(&TIMES)?;
    let (trailing_bps, post_only, reduce_only) = (from.flag()?, from.flag()?, from.flag()?);
    Ok(Submit {
        id,
        instrument,
        side,
        order_type,
        quantity: from.int()?,
        limit: from.maybe(Reader::int)?,
        trigger: from.maybe(Reader::int)?,
        trigger_source,
        trailing_offset: from.maybe(Reader::int)?,
        trailing_bps,
        time_in_force,
        expire: from.maybe(Reader::int)?,
        post_only,
        reduce_only,
        parent: from.maybe(|from| from.take().map(u128::from_le_bytes))?,
        oco_group: from.int()?,
        position: from.int()?,
    })
}
