//! Duplicate order check: a strategy may not ask for the same order again at once.
//!
//! The same is: instrument, side, type, quantity, limit and trigger. An order is denied while less
//! than `duplicate_ms` have passed since the last of its kind was approved. Replaces are compared
//! with other orders, not with the order that they change.

use std::collections::VecDeque;

use crate::orders::Intent;
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::{Asked, Check, Hears, Limit, Limits, NANOS_PER_MS, Names, Rules};
use crate::types::{InstrumentIx, Nanos, OrderType, Side};

use super::message_rate::{read_all, write_all};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Terms {
    ix: InstrumentIx,
    side: Side,
    order_type: OrderType,
    quantity: i64,
    limit: Option<i64>,
    trigger: Option<i64>,
}

impl Terms {
    fn of(order: &Intent) -> Self {
        let submit = &order.submit;
        Self {
            ix: submit.instrument,
            side: submit.side,
            order_type: submit.order_type,
            quantity: submit.quantity,
            limit: submit.limit,
            trigger: submit.trigger,
        }
    }
}

type Lately = VecDeque<(Nanos, u128, Terms)>;

pub struct Duplicate {
    /// What each strategy asked for lately, oldest first.
    books: Vec<Lately>,
}

impl Duplicate {
    pub fn new(names: &Names) -> Self {
        Self {
            books: vec![Lately::new(); names.books.len()],
        }
    }
}

/// How long an order may not come again, if that is limited.
fn span(limits: &Limits) -> Option<Nanos> {
    match limits.duplicate {
        Limit::Units(ms) => {
            let ms = i64::try_from(ms).unwrap_or(i64::MAX);
            Some(ms.saturating_mul(NANOS_PER_MS))
        }
        Limit::Unlimited | Limit::Refused(_) => None,
    }
}

impl Check for Duplicate {
    fn name(&self) -> &'static str {
        "duplicate_order"
    }

    fn hears(&self) -> Hears {
        Hears {
            approved: true,
            ..Hears::default()
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let Some(span) = span(asked.limits) else {
            return asked.limits.duplicate.refusal();
        };
        let (now, terms) = (asked.world.now(), Terms::of(asked.order));
        let lately = self.books[asked.order.book as usize].iter().rev();
        let mut recent = lately.take_while(|(ts, _, _)| now.saturating_sub(*ts) < span);
        let same = recent.find(|(_, id, known)| *known == terms && *id != asked.order.id());
        same.map(|(ts, _, _)| {
            let ago = now.saturating_sub(*ts) / NANOS_PER_MS;
            let ms = span / NANOS_PER_MS;
            format!("the same order was sent {ago} ms ago, it may come again after {ms} ms")
        })
    }

    fn approved(&mut self, order: &Intent, _names: &Names, rules: &Rules, now: Nanos) {
        if span(rules.of(order.instrument())).is_none() {
            return;
        }
        let longest = rules.limits.iter().filter_map(span).max().unwrap_or(0);
        let lately = &mut self.books[order.book as usize];
        while lately
            .front()
            .is_some_and(|(ts, _, _)| now.saturating_sub(*ts) >= longest)
        {
            lately.pop_front();
        }
        lately.push_back((now, order.id(), Terms::of(order)));
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        let write = |lately: &Lately, out: &mut Writer| {
            out.count(lately.len());
            for (ts, id, terms) in lately {
                out.nanos(*ts);
                out.wide(*id as i128);
                out.text(&names.instruments[terms.ix as usize]);
                out.count(usize::from(terms.side == Side::Sell));
                out.count(place_of(terms.order_type));
                out.nanos(terms.quantity);
                for price in [terms.limit, terms.trigger] {
                    out.count(usize::from(price.is_some()));
                    out.nanos(price.unwrap_or(0));
                }
            }
        };
        write_all(&self.books, &names.books, write, out);
    }

    fn restore(
        &mut self,
        names: &Names,
        _rules: &Rules,
        stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        *self = Self::new(names);
        let read = |stored: &mut Reader<'_>| {
            let mut lately = Lately::new();
            for _ in 0..stored.count()? {
                if let Some(one) = read_one(names, stored)? {
                    lately.push_back(one);
                }
            }
            Ok(lately)
        };
        read_all(&mut self.books, |name| names.book(name), read, stored)
    }
}

/// One order; None when its instrument is not in this run.
fn read_one(
    names: &Names,
    stored: &mut Reader<'_>,
) -> Result<Option<(Nanos, u128, Terms)>, SnapshotError> {
    let (ts, id) = (stored.nanos()?, stored.wide()? as u128);
    let ix = names.instrument(stored.text()?);
    let side = match stored.count()? {
        0 => Side::Buy,
        _ => Side::Sell,
    };
    let order_type = *TYPES.get(stored.count()?).ok_or(SnapshotError::Damaged)?;
    let quantity = stored.nanos()?;
    let mut price = || Ok((stored.count()? == 1, stored.nanos()?));
    let (limit, trigger) = (price()?, price()?);
    Ok(ix.map(|ix| {
        let terms = Terms {
            ix,
            side,
            order_type,
            quantity,
            limit: limit.0.then_some(limit.1),
            trigger: trigger.0.then_some(trigger.1),
        };
        (ts, id, terms)
    }))
}

const TYPES: [OrderType; 7] = [
    OrderType::Market,
    OrderType::Limit,
    OrderType::Stop,
    OrderType::StopLimit,
    OrderType::TakeProfit,
    OrderType::TakeProfitLimit,
    OrderType::TrailingStop,
];

fn place_of(order_type: OrderType) -> usize {
    let place = TYPES.iter().position(|&one| one == order_type);
    place.unwrap_or(0)
}
