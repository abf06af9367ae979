//! `Flatten`: cancel, then close what the strategies hold, leg by leg, at market.
//!
//! What only brings the account nearer to nothing leaves as reduce-only and passes halts and limits:
//! it is bounded by the account's position here, and by the venue once more. The rest (a strategy's
//! long against another's short: closing one opens the account) is an order like any other: if it
//! passes as one, it is one. What
//! earlier closing orders will still do is counted, so that asking twice closes once.

use super::down::{Done, OrderKey, key_of};
use super::{CLOSING_ORDERS, OrderPath, Parts};
use crate::books::OpenLeg;
use crate::ledger::BookIx;
use crate::orders::{Ask, Intent, Order, OrderTable};
use crate::types::{InstrumentIx, Nanos, OrderType, Side, Submit, TimeInForce, TriggerSource};

/// Orders that one leg is closed with at most, where the venue bounds the quantity of one.
const PIECES: usize = 100;

impl OrderPath {
    pub(super) fn flatten(
        &mut self,
        ts: Nanos,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
        parts: &mut Parts<'_>,
    ) -> Done {
        let open = parts.orders.open(book, instrument);
        let others = open.filter(|order| !is_closing(order));
        let cancels: Vec<OrderKey> = others.map(|order| key_of(&order.intent)).collect();
        for key in cancels {
            self.ask(key, ts, Ask::Cancel, parts)?;
        }
        let held: Vec<InstrumentIx> = parts.books.held().to_vec();
        let asked = |ix: &InstrumentIx| instrument.is_none_or(|one| one == *ix);
        for ix in held.into_iter().filter(asked) {
            for number in 1..parts.names.books.len() as BookIx {
                if book.is_some_and(|one| one != number) {
                    continue;
                }
                for leg in parts.books.legs(number, ix) {
                    self.close(ts, number, ix, &leg, parts)?;
                }
            }
        }
        Ok(())
    }

    fn close(
        &mut self,
        ts: Nanos,
        book: BookIx,
        ix: InstrumentIx,
        leg: &OpenLeg,
        parts: &mut Parts<'_>,
    ) -> Done {
        let side = if leg.quantity > 0 {
            Side::Sell
        } else {
            Side::Buy
        };
        let hedging = parts.books.is_hedging(ix);
        let same_leg = |order: &Order| order.intent.position == leg.name;
        let closing = |of: &dyn Fn(&Order) -> bool| -> i128 {
            let open = parts
                .orders
                .open(None, Some(ix))
                .filter(|order| is_closing(order) && order.intent.submit.side == side && of(order));
            open.map(|order| order.exposure()).sum()
        };
        let own = closing(&|order| order.intent.book == book && same_leg(order));
        let all =
            closing(&|order| order.intent.submit.reduce_only && (!hedging || same_leg(order)));
        let left = (leg.quantity.abs() - own).max(0);
        let account = parts.books.account_leg(ix, leg.name);
        let reducible = match account.signum() == leg.quantity.signum() {
            true => (account.abs() - all).max(0),
            false => 0,
        };
        let reducing = left.min(reducible);
        let of = (book, ix, side);
        let item = &parts.names.instruments[ix as usize];
        let (largest, lot) = (item.max_quantity, item.lot);
        if reducing < left
            && let [whole] = pieces(left, largest, lot)[..]
        {
            let intent = self.closing_order(ts, of, (whole, false), leg, parts);
            if self.reasons(&intent, parts).is_empty() {
                return self.place(Box::new(intent), parts);
            }
        }
        for (quantity, reduces) in [(reducing, true), (left - reducing, false)] {
            for piece in pieces(quantity, largest, lot) {
                let intent = self.closing_order(ts, of, (piece, reduces), leg, parts);
                let intent = Box::new(intent);
                match reduces {
                    true => self.place(intent, parts)?,
                    false => self.check(intent, parts)?,
                }
            }
        }
        Ok(())
    }

    fn closing_order(
        &mut self,
        ts: Nanos,
        (book, instrument, side): (BookIx, InstrumentIx, Side),
        (quantity, reduce_only): (i64, bool),
        leg: &OpenLeg,
        parts: &mut Parts<'_>,
    ) -> Intent {
        Intent {
            ts,
            book,
            submit: Submit {
                id: self.mint_closing(book),
                instrument,
                side,
                order_type: OrderType::Market,
                quantity,
                limit: None,
                trigger: None,
                trigger_source: TriggerSource::BidAsk,
                trailing_offset: None,
                trailing_bps: false,
                time_in_force: TimeInForce::Gtc,
                expire: None,
                post_only: false,
                reduce_only,
                parent: None,
                oco_group: 0,
                position: parts.names.hash(leg.name),
            },
            arrival: None,
            oco_group: None,
            position: leg.name,
            tag: parts.names.symbol("flatten"),
        }
    }
}

/// What closing orders that can only reduce will still do to a book at worst, signed.
pub fn closing(orders: &OrderTable, book: BookIx, ix: InstrumentIx) -> i128 {
    let (open, all) = (
        orders.working(Some(book), ix, false),
        orders.working(Some(book), ix, true),
    );
    if open == all {
        return 0;
    }
    let own = orders.open(Some(book), Some(ix));
    let own = own.filter(|order| is_closing(order) && order.intent.submit.reduce_only);
    own.map(|order| i128::from(order.intent.submit.side.sign()) * order.exposure())
        .sum()
}

/// Whether an order closes a book on an operator's word.
fn is_closing(order: &Order) -> bool {
    (order.id() >> 64) & CLOSING_ORDERS != 0
}

/// A quantity in orders of at most `largest`, whole lots each.
fn pieces(quantity: i128, largest: i64, lot: i64) -> Vec<i64> {
    let most = i128::from((largest / lot * lot).max(lot));
    let mut left = quantity;
    let mut all = Vec::new();
    while left > 0 && all.len() < PIECES {
        let piece = left.min(most);
        all.push(piece as i64); // at most `largest`
        left -= piece;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_large_position_is_closed_in_orders_that_the_venue_takes() {
        assert_eq!(pieces(25, 10, 1), [10, 10, 5]);
        assert_eq!(pieces(9, 10, 1), [9]);
        assert_eq!(pieces(24, 10, 4), [8, 8, 8]);
        assert!(pieces(0, 10, 1).is_empty());
        assert_eq!(pieces(i128::MAX, 1, 1).len(), super::PIECES);
    }
}
