//! Orders into bytes.

use crate::directory::Directory;
use crate::orders::event::VenueKey;
use crate::orders::intent::Intent;
use crate::orders::order::Order;

/// Bytes that a number of 64 bits may take.
const MOST: usize = 10;
/// Bytes that most orders need.
const ROOM: usize = 512;

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
        self.bytes.reserve(ROOM);
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
        self.bytes.extend_from_slice(&submit.id.to_le_bytes());
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
        self.text(intent.oco_group.as_deref().unwrap_or_default());
        for symbol in [intent.position, intent.tag] {
            match self.names {
                Some(names) => self.text(names.text(symbol)),
                None => self.int(symbol),
            }
        }
    }

    #[inline]
    pub fn int(&mut self, value: impl Into<i128>) {
        let value = value.into();
        match i64::try_from(value) {
            Ok(value) => self.short(value),
            Err(_) => self.long(value),
        }
    }

    /// As `long`: nearly every number is one of 64 bits, and those are much faster.
    #[inline]
    fn short(&mut self, value: i64) {
        let mut rest = ((value << 1) ^ (value >> 63)) as u64;
        if rest < 0x80 {
            self.bytes.push(rest as u8);
            return;
        }
        let mut bytes = [0; MOST];
        let mut count = 0;
        while rest >= 0x80 {
            bytes[count] = rest as u8 | 0x80;
            rest >>= 7;
            count += 1;
        }
        bytes[count] = rest as u8;
        // A copy of a fixed size is one of registers; what is too much is cut off again.
        self.bytes.extend_from_slice(&bytes);
        self.bytes.truncate(self.bytes.len() - MOST + count + 1);
    }

    fn long(&mut self, value: i128) {
        let mut rest = ((value << 1) ^ (value >> 127)) as u128;
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
    }

    fn text(&mut self, text: &str) {
        self.int(text.len() as i128);
        if !text.is_empty() {
            self.bytes.extend_from_slice(text.as_bytes());
        }
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

    pub fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.bytes.push(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }
}
