//! The record of a run as columns: a number per row, and what the numbers stand for.

use std::collections::HashMap;
use std::hash::Hash;

use super::run_record::RunRecord;
use crate::directory::Symbol;
use crate::orders::{Intent, Order, OrderStatus, OrderTable, TOGETHER, Text, VenueKey, What};
use crate::types::UNDEFINED;

/// Numbers of 64 bits, or of 128 from the first that needs more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
}

impl Column {
    fn new(values: impl ExactSizeIterator<Item = i128>) -> Self {
        let mut column = Column::Narrow(Vec::with_capacity(values.len()));
        for value in values {
            column.push(value);
        }
        column
    }

    fn push(&mut self, value: i128) {
        match (&mut *self, i64::try_from(value)) {
            (Column::Narrow(all), Ok(value)) => all.push(value),
            (Column::Narrow(all), Err(_)) => {
                let mut wide: Vec<i128> = all.iter().map(|&value| value.into()).collect();
                wide.push(value);
                *self = Column::Wide(wide);
            }
            (Column::Wide(all), _) => all.push(value),
        }
    }
}

/// A row per order that was asked for, in that order, as it stands now.
///
/// `UNDEFINED` is no price, and no end while the order may still change.
#[derive(Debug)]
pub struct OrderColumns {
    pub id: Vec<u128>,
    pub book: Vec<i64>,
    pub instrument: Vec<i64>,
    pub side: Vec<i64>,
    pub order_type: Vec<i64>,
    pub time_in_force: Vec<i64>,
    pub quantity: Vec<i64>,
    pub limit: Vec<i64>,
    pub trigger: Vec<i64>,
    pub status: Vec<i64>,
    pub filled: Column,
    pub ts_created: Vec<i64>,
    pub ts_done: Vec<i64>,
    pub reason: Vec<i64>,
    pub tag: Vec<i64>,
}

/// A row per booking of a fill, in that order.
#[derive(Debug)]
pub struct FillColumns {
    pub ts: Vec<i64>,
    pub order: Vec<u128>,
    pub fill_id: Vec<VenueKey>,
    pub book: Vec<i64>,
    pub instrument: Vec<i64>,
    pub side: Vec<i64>,
    pub price: Vec<i64>,
    pub quantity: Vec<i64>,
    pub fee: Column,
    pub fee_currency: Vec<i64>,
    pub liquidity: Vec<i64>,
    pub position: Vec<i64>,
    pub realized: Column,
}

/// All that was recorded.
#[derive(Debug)]
pub struct RunColumns {
    pub orders: OrderColumns,
    pub fills: FillColumns,
    pub equity_ts: Vec<i64>,
    pub equity: Column,
    /// Tags and position legs by number; the first is none.
    pub texts: Vec<Symbol>,
    /// Words of ends by number; the first are none.
    pub reasons: Vec<Vec<Text>>,
    pub denied: usize,
    /// How often each reason of a denial was given, in the order of their first time.
    pub denials: Vec<(String, u64)>,
}

/// Numbers for values as they come.
struct Numbers<T> {
    all: Vec<T>,
    known: HashMap<T, i64>,
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn new(first: T) -> Self {
        Self {
            all: vec![first.clone()],
            known: HashMap::from([(first, 0)]),
        }
    }

    fn of(&mut self, value: &T) -> i64 {
        if self.all[0] == *value {
            return 0;
        }
        if let Some(&number) = self.known.get(value) {
            return number;
        }
        let number = self.all.len() as i64;
        self.all.push(value.clone());
        self.known.insert(value.clone(), number);
        number
    }
}

impl OrderColumns {
    fn with_capacity(rows: usize) -> Self {
        let column = || Vec::with_capacity(rows);
        Self {
            id: Vec::with_capacity(rows),
            book: column(),
            instrument: column(),
            side: column(),
            order_type: column(),
            time_in_force: column(),
            quantity: column(),
            limit: column(),
            trigger: column(),
            status: column(),
            filled: Column::Narrow(column()),
            ts_created: column(),
            ts_done: column(),
            reason: column(),
            tag: column(),
        }
    }

    fn ask(&mut self, intent: &Intent, texts: &mut Numbers<Symbol>) {
        let submit = &intent.submit;
        self.id.push(submit.id);
        self.book.push(intent.book.into());
        self.instrument.push(submit.instrument.into());
        self.side.push(submit.side.sign());
        self.order_type.push(submit.order_type as i64);
        self.time_in_force.push(submit.time_in_force as i64);
        self.quantity.push(submit.quantity);
        self.limit.push(submit.limit.unwrap_or(UNDEFINED));
        self.trigger.push(submit.trigger.unwrap_or(UNDEFINED));
        self.ts_created.push(intent.ts);
        self.tag.push(texts.of(&intent.tag));
    }

    fn end(&mut self, status: OrderStatus, filled: i128, ts_done: i64, reason: i64) {
        self.status.push(status as i64);
        self.filled.push(filled);
        self.ts_done.push(ts_done);
        self.reason.push(reason);
    }

    fn enter(
        &mut self,
        order: &Order,
        texts: &mut Numbers<Symbol>,
        reasons: &mut Numbers<Vec<Text>>,
    ) {
        self.ask(&order.intent, texts);
        let done = if order.is_final() {
            order.ts_last
        } else {
            UNDEFINED
        };
        let reason = reasons.of(&order.reasons);
        self.end(order.status, order.filled, done, reason);
    }
}

impl RunRecord {
    /// The record as columns; `orders` is the table that the orders went into.
    pub fn columns(&self, orders: &OrderTable) -> RunColumns {
        let mut texts = Numbers::new(0);
        let mut reasons = Numbers::new(Vec::new());
        let columns = self.order_columns(orders, &mut texts, &mut reasons);
        let fills = self.fill_columns(&mut texts);
        let mut denials = Vec::new();
        let mut places = HashMap::new();
        for reason in self.denied.iter().flat_map(|(_, reasons)| reasons) {
            let place = *places.entry(reason).or_insert_with(|| {
                denials.push((reason.clone(), 0));
                denials.len() - 1
            });
            denials[place].1 += 1;
        }
        RunColumns {
            orders: columns,
            fills,
            equity_ts: self.equity.iter().map(|&(ts, _)| ts).collect(),
            equity: Column::new(self.equity.iter().map(|&(_, units)| units)),
            texts: texts.all,
            reasons: reasons.all,
            denied: self.denied.len(),
            denials,
        }
    }

    fn order_columns(
        &self,
        orders: &OrderTable,
        texts: &mut Numbers<Symbol>,
        reasons: &mut Numbers<Vec<Text>>,
    ) -> OrderColumns {
        let mut columns = OrderColumns::with_capacity(self.signals.len());
        let mut denied = self.denied.iter().peekable();
        for ids in self.signals.chunks(TOGETHER) {
            let known = ids.iter().filter_map(|&id| orders.find(id));
            known.for_each(Order::touch);
            for &id in ids {
                if let Some((intent, words)) = denied.next_if(|(intent, _)| intent.id() == id) {
                    columns.ask(intent, texts);
                    let words = words.iter().map(|word| word.clone().into()).collect();
                    let reason = reasons.of(&words);
                    columns.end(OrderStatus::Denied, 0, UNDEFINED, reason);
                } else if let Some(order) = orders.find(id) {
                    columns.enter(order, texts, reasons);
                } else if let Some(order) = orders.get(id) {
                    columns.enter(&order, texts, reasons);
                }
            }
        }
        columns
    }

    fn fill_columns(&self, texts: &mut Numbers<Symbol>) -> FillColumns {
        let fills = || {
            self.fills.iter().filter_map(|row| match &row.event.what {
                What::Filled(fill) => Some((row, fill)),
                _ => None,
            })
        };
        let wide = |values: Vec<i128>| Column::new(values.into_iter());
        FillColumns {
            ts: fills().map(|(row, _)| row.event.ts_event).collect(),
            order: fills().map(|(row, _)| row.event.id).collect(),
            fill_id: fills().map(|(_, fill)| fill.fill_id.clone()).collect(),
            book: fills().map(|(row, _)| row.book.into()).collect(),
            instrument: fills()
                .map(|(row, _)| row.event.instrument.into())
                .collect(),
            side: fills().map(|(_, fill)| fill.side.sign()).collect(),
            price: fills().map(|(_, fill)| fill.price).collect(),
            quantity: fills().map(|(_, fill)| fill.quantity).collect(),
            fee: wide(fills().map(|(_, fill)| fill.fee).collect()),
            fee_currency: fills().map(|(_, fill)| fill.fee_currency.into()).collect(),
            liquidity: fills().map(|(_, fill)| fill.liquidity as i64).collect(),
            position: fills().map(|(_, fill)| texts.of(&fill.position)).collect(),
            realized: wide(fills().map(|(row, _)| row.realized).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_narrow_until_a_value_needs_more() {
        let most = i128::from(i64::MAX);
        let narrow = Column::new([1, most, -most - 1].into_iter());
        assert_eq!(narrow, Column::Narrow(vec![1, i64::MAX, i64::MIN]));
        let wide = Column::new([1, most + 1, 2].into_iter());
        assert_eq!(wide, Column::Wide(vec![1, most + 1, 2]));
    }

    #[test]
    fn values_are_numbered_as_they_come_and_the_first_is_none() {
        let mut numbers = Numbers::new("");
        let given: Vec<i64> = ["a", "", "b", "a"].iter().map(|t| numbers.of(t)).collect();
        assert_eq!(given, [1, 0, 2, 1]);
        assert_eq!(numbers.all, ["", "a", "b"]);
    }
}
