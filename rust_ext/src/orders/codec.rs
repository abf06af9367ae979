//! One order as bytes: packed inside a table by numbers, stored and hashed by names.
//!
//! Integers are written as LEB128 after zigzag, texts by their length and bytes, a value that may be
//! absent after a 0 or 1. Equal orders have equal bytes. Books, instruments and texts are numbers in a
//! table and names in what leaves the process, because their numbers mean something else elsewhere.

use super::event::{Text, VenueKey};
use super::fills::{Fills, KnownFill};
use super::intent::{Intent, NewTerms};
use super::order::Order;
use super::status::{FillState, OrderStatus, RequestState};
use crate::directory::{Directory, Symbol};
use crate::ledger::BookIx;
use crate::types::{InstrumentIx, OrderType, Side, Submit, TimeInForce, TriggerSource};

const SIDES: [Side; 2] = [Side::Buy, Side::Sell];
const TYPES: [OrderType; 7] = [
    OrderType::Market,
    OrderType::Limit,
    OrderType::Stop,
    OrderType::StopLimit,
    OrderType::TakeProfit,
    OrderType::TakeProfitLimit,
    OrderType::TrailingStop,
];
const TIMES: [TimeInForce; 5] = [
    TimeInForce::Gtc,
    TimeInForce::Ioc,
    TimeInForce::Fok,
    TimeInForce::Gtd,
    TimeInForce::Day,
];
const SOURCES: [TriggerSource; 4] = [
    TriggerSource::BidAsk,
    TriggerSource::Last,
    TriggerSource::Mark,
    TriggerSource::Mid,
];
const REQUESTS: [RequestState; 2] = [RequestState::Sent, RequestState::Unknown];
const FILLS: [FillState; 4] = [
    FillState::Booked,
    FillState::Corrected,
    FillState::Busted,
    FillState::BustedUnseen,
];

/// Bytes that most packed orders fit.
const PACKED: usize = 256;

/// Bytes that are no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    Damaged,
    /// A strategy or instrument that this run does not have.
    Unlisted(String),
    /// Written by a newer version.
    TooNew(u8),
}

type Read<T> = Result<T, Defect>;

/// The bytes of an order inside its table.
pub fn pack(order: &Order) -> Box<[u8]> {
    let mut writer = Writer::new(None);
    writer.bytes.reserve(PACKED);
    writer.order(order);
    writer.bytes.into_boxed_slice()
}

/// The order of bytes from `pack`.
pub fn unpack(bytes: &[u8]) -> Order {
    let mut reader = Reader::new(bytes, None);
    match reader.order() {
        Ok(order) => order,
        Err(defect) => unreachable!("an order packed here: {defect:?}"),
    }
}

/// The id of an order in bytes from `pack`.
pub fn id_of(bytes: &[u8]) -> Option<u128> {
    let (id, _) = bytes.split_first_chunk()?;
    Some(u128::from_le_bytes(*id))
}

pub struct Writer<'a> {
    pub bytes: Vec<u8>,
    names: Option<&'a Directory>,
}

impl<'a> Writer<'a> {
    /// With `names` books, instruments and texts are written by name.
    pub fn new(names: Option<&'a Directory>) -> Self {
        Self {
            bytes: Vec::new(),
            names,
        }
    }

    pub fn order(&mut self, order: &Order) {
        self.intent(&order.intent);
        self.int(order.quantity);
        self.maybe(order.limit, Self::int);
        self.maybe(order.trigger, Self::int);
        self.bytes.push(order.status as u8);
        self.int(order.filled);
        self.int(order.claimed);
        self.int(order.fills.len() as i128);
        for (id, fill) in order.fills.iter() {
            self.key(id);
            self.int(fill.price);
            self.int(fill.quantity);
            self.bytes.push(fill.state as u8);
        }
        self.maybe(order.venue_order_id.as_ref(), Self::key);
        for request in [
            order.submit_request,
            order.cancel_request,
            order.replace_request,
        ] {
            self.maybe(request, |writer, state| writer.bytes.push(state as u8));
        }
        self.maybe(order.asked, |writer, asked| {
            for terms in [asked.quantity, asked.limit, asked.trigger] {
                writer.maybe(terms, Self::int);
            }
        });
        self.bytes.push(order.replaced.into());
        self.maybe(order.pending, |writer, end| writer.bytes.push(end as u8));
        self.int(order.reasons.len() as i128);
        for reason in &order.reasons {
            self.text(reason);
        }
        self.maybe(order.alarm.as_deref(), Self::text);
        self.maybe(order.ts_submitted, Self::int);
        self.maybe(order.ts_accepted, Self::int);
        self.int(order.ts_last);
    }

    fn intent(&mut self, intent: &Intent) {
        let submit = &intent.submit;
        self.bytes.extend(submit.id.to_le_bytes());
        self.int(intent.ts);
        match self.names {
            Some(names) => {
                self.text(&names.books[intent.book as usize]);
                self.text(&names.instruments[submit.instrument as usize].id);
            }
            None => {
                self.int(intent.book);
                self.int(submit.instrument);
            }
        }
        self.bytes.extend([
            submit.side as u8,
            submit.order_type as u8,
            submit.trigger_source as u8,
            submit.time_in_force as u8,
            submit.trailing_bps.into(),
            submit.post_only.into(),
            submit.reduce_only.into(),
        ]);
        self.int(submit.quantity);
        for price in [
            submit.limit,
            submit.trigger,
            submit.trailing_offset,
            submit.expire,
            intent.arrival,
        ] {
            self.maybe(price, Self::int);
        }
        self.maybe(submit.parent, |writer, id| {
            writer.bytes.extend(id.to_le_bytes());
        });
        self.bytes.extend(submit.oco_group.to_le_bytes());
        self.bytes.extend(submit.position.to_le_bytes());
        for symbol in [intent.oco_group, intent.position, intent.tag] {
            match self.names {
                Some(names) => self.text(names.text(symbol)),
                None => self.int(symbol),
            }
        }
    }

    pub fn int(&mut self, value: impl Into<i128>) {
        let value = value.into();
        let mut rest = ((value << 1) ^ (value >> 127)) as u128;
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    fn text(&mut self, text: &str) {
        self.int(text.len() as i128);
        self.bytes.extend(text.as_bytes());
    }

    fn key(&mut self, key: &VenueKey) {
        match key {
            VenueKey::Number(number) => {
                self.bytes.push(0);
                self.int(*number);
            }
            VenueKey::Text(text) => {
                self.bytes.push(1);
                self.text(text);
            }
        }
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.bytes.push(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }
}

pub struct Reader<'a> {
    bytes: &'a [u8],
    names: Option<&'a mut Directory>,
}

impl<'a> Reader<'a> {
    /// With `names` books, instruments and texts are read by name.
    pub fn new(bytes: &'a [u8], names: Option<&'a mut Directory>) -> Self {
        Self { bytes, names }
    }

    /// Whether everything was read.
    pub fn is_done(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn order(&mut self) -> Read<Order> {
        let intent = self.intent()?;
        let order = Order {
            intent,
            quantity: self.int()?,
            limit: self.maybe(Self::int)?,
            trigger: self.maybe(Self::int)?,
            status: self.one_of(&OrderStatus::ALL)?,
            filled: self.int()?,
            claimed: self.int()?,
            fills: self.fills()?,
            venue_order_id: self.maybe(Self::key)?,
            submit_request: self.maybe(|reader| reader.one_of(&REQUESTS))?,
            cancel_request: self.maybe(|reader| reader.one_of(&REQUESTS))?,
            replace_request: self.maybe(|reader| reader.one_of(&REQUESTS))?,
            asked: self.maybe(Self::terms)?,
            replaced: self.flag()?,
            pending: self.maybe(|reader| reader.one_of(&OrderStatus::ALL))?,
            reasons: self.reasons()?,
            alarm: self.maybe(Self::text)?,
            ts_submitted: self.maybe(Self::int)?,
            ts_accepted: self.maybe(Self::int)?,
            ts_last: self.int()?,
        };
        let counted = order.fills.iter().filter(|(_, fill)| fill.state.counts());
        let filled: i128 = counted.map(|(_, fill)| i128::from(fill.quantity)).sum();
        let missing = order.claimed.checked_sub(order.filled);
        // Sums that nobody can have counted would overflow later.
        match missing.and_then(|missing| u64::try_from(missing).ok()) {
            Some(_) if filled == order.filled => Ok(order),
            _ => Err(Defect::Damaged),
        }
    }

    fn intent(&mut self) -> Read<Intent> {
        let id = u128::from_le_bytes(self.take()?);
        let ts = self.int()?;
        let (book, instrument) = (self.book()?, self.instrument()?);
        let side = self.one_of(&SIDES)?;
        let order_type = self.one_of(&TYPES)?;
        let trigger_source = self.one_of(&SOURCES)?;
        let time_in_force = self.one_of(&TIMES)?;
        let (trailing_bps, post_only, reduce_only) = (self.flag()?, self.flag()?, self.flag()?);
        let quantity = self.int()?;
        let (limit, trigger) = (self.maybe(Self::int)?, self.maybe(Self::int)?);
        let (trailing_offset, expire) = (self.maybe(Self::int)?, self.maybe(Self::int)?);
        let arrival = self.maybe(Self::int)?;
        let submit = Submit {
            id,
            instrument,
            side,
            order_type,
            quantity,
            limit,
            trigger,
            trigger_source,
            trailing_offset,
            trailing_bps,
            time_in_force,
            expire,
            post_only,
            reduce_only,
            parent: self.maybe(|reader| reader.take().map(u128::from_le_bytes))?,
            oco_group: u64::from_le_bytes(self.take()?),
            position: u64::from_le_bytes(self.take()?),
        };
        Ok(Intent {
            ts,
            book,
            submit,
            arrival,
            oco_group: self.symbol()?,
            position: self.symbol()?,
            tag: self.symbol()?,
        })
    }

    fn fills(&mut self) -> Read<Fills> {
        let mut fills = Fills::default();
        for _ in 0..self.int::<u32>()? {
            let id = self.key()?;
            let fill = KnownFill {
                price: self.int()?,
                quantity: self.int()?,
                state: self.one_of(&FILLS)?,
            };
            if fills.get(&id).is_some() {
                return Err(Defect::Damaged);
            }
            fills.push(id, fill);
        }
        Ok(fills)
    }

    fn terms(&mut self) -> Read<NewTerms> {
        Ok(NewTerms {
            quantity: self.maybe(Self::int)?,
            limit: self.maybe(Self::int)?,
            trigger: self.maybe(Self::int)?,
        })
    }

    fn reasons(&mut self) -> Read<Vec<Text>> {
        let count = self.int::<u32>()?;
        (0..count).map(|_| self.text().map(Text::Owned)).collect()
    }

    fn book(&mut self) -> Read<BookIx> {
        if self.names.is_none() {
            return self.int();
        }
        let name = self.text()?;
        let known = self.names.as_ref().and_then(|names| names.book(&name));
        known.ok_or(Defect::Unlisted(name))
    }

    fn instrument(&mut self) -> Read<InstrumentIx> {
        if self.names.is_none() {
            return self.int();
        }
        let id = self.text()?;
        let known = self.names.as_ref().and_then(|names| names.instrument(&id));
        known.ok_or(Defect::Unlisted(id))
    }

    fn symbol(&mut self) -> Read<Symbol> {
        if self.names.is_none() {
            return self.int();
        }
        let text = self.text()?;
        let names = self.names.as_mut().ok_or(Defect::Damaged)?;
        Ok(names.symbol(&text))
    }

    pub fn take<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (head, rest) = self.bytes.split_first_chunk().ok_or(Defect::Damaged)?;
        self.bytes = rest;
        Ok(*head)
    }

    pub fn int<T: TryFrom<i128>>(&mut self) -> Read<T> {
        let mut value = 0u128;
        for place in 0..=18u32 {
            let [byte] = self.take()?;
            let bits = u128::from(byte & 0x7F);
            if place == 18 && bits > 3 {
                break;
            }
            value |= bits << (7 * place);
            if byte < 0x80 {
                let signed = (value >> 1) as i128 ^ -((value & 1) as i128);
                return T::try_from(signed).map_err(|_| Defect::Damaged);
            }
        }
        Err(Defect::Damaged)
    }

    fn text(&mut self) -> Read<String> {
        let length = self.int()?;
        let (head, rest) = self.bytes.split_at_checked(length).ok_or(Defect::Damaged)?;
        self.bytes = rest;
        String::from_utf8(head.to_vec()).map_err(|_| Defect::Damaged)
    }

    fn key(&mut self) -> Read<VenueKey> {
        if self.flag()? {
            return Ok(VenueKey::Text(self.text()?.into()));
        }
        self.int().map(VenueKey::Number)
    }

    fn flag(&mut self) -> Read<bool> {
        self.one_of(&[false, true])
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Read<T> {
        let [code] = self.take()?;
        all.get(usize::from(code)).copied().ok_or(Defect::Damaged)
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<Option<T>> {
        if self.flag()? {
            return read(self).map(Some);
        }
        Ok(None)
    }
}
