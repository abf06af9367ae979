//! Orders out of bytes, which may be damaged.

use crate::directory::{Directory, Symbol};
use crate::ledger::BookIx;
use crate::orders::event::{Text, VenueKey};
use crate::orders::fills::{Fills, KnownFill};
use crate::orders::intent::{Intent, NewTerms};
use crate::orders::order::Order;
use crate::orders::status::{FillState, OrderStatus, RequestState};
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
            oco_group: Some(self.text()?)
                .filter(|name| !name.is_empty())
                .map(Into::into),
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
