//! What risk sees: the market, the books and the order table.

use std::ops::ControlFlow;

use crate::books::{ACCOUNT, Books};
use crate::ledger::BookIx;
use crate::market::Market;
use crate::orders::{Order, OrderTable};
use crate::risk::{Resting, World};
use crate::types::{InstrumentIx, Nanos, Quote, Side};

pub struct View<'a> {
    now: Nanos,
    market: &'a Market,
    books: &'a Books,
    orders: &'a OrderTable,
}

impl<'a> View<'a> {
    pub fn new(now: Nanos, market: &'a Market, books: &'a Books, orders: &'a OrderTable) -> Self {
        Self {
            now,
            market,
            books,
            orders,
        }
    }
}

impl World for View<'_> {
    fn now(&self) -> Nanos {
        self.now
    }

    #[inline]
    fn quote(&self, ix: InstrumentIx) -> Option<Quote> {
        self.market.quote(ix)
    }

    fn trade(&self, ix: InstrumentIx) -> Option<(Nanos, i64, i64)> {
        self.market.trade(ix)
    }

    fn bar(&self, ix: InstrumentIx) -> Option<(Nanos, i64)> {
        self.market.bar(ix)
    }

    fn position(&self, book: Option<BookIx>, ix: InstrumentIx) -> i128 {
        self.books.position(book.unwrap_or(ACCOUNT), ix)
    }

    fn working(&self, book: Option<BookIx>, ix: InstrumentIx) -> (i128, i128) {
        self.orders.working(book, ix, false)
    }

    fn worth(&self, ix: InstrumentIx, units: i128) -> Option<i128> {
        self.books.worth(self.market, ix, units)
    }

    fn data_ts(&self, ix: InstrumentIx) -> Option<Nanos> {
        self.market.data_ts(ix)
    }

    fn book_lost(&self, ix: InstrumentIx) -> bool {
        self.market.book_lost(ix)
    }

    fn resting(
        &self,
        ix: InstrumentIx,
        side: Side,
        visit: &mut dyn FnMut(BookIx, i64) -> ControlFlow<()>,
    ) {
        let (buying, selling) = self.orders.working(None, ix, true);
        if (if side == Side::Buy { buying } else { selling }) == 0 {
            return;
        }
        for order in self.orders.open(None, ix.into()) {
            if order.intent.submit.side != side {
                continue;
            }
            for limit in self.looked_at(order).limits() {
                if visit(order.intent.book, limit).is_break() {
                    return;
                }
            }
        }
    }
}

impl View<'_> {
    /// What the rule about resting orders looks at.
    fn looked_at(&self, order: &Order) -> Resting {
        let submit = &order.intent.submit;
        let unfilled = |parent: u128| self.orders.get(parent).is_some_and(|o| o.filled == 0);
        Resting {
            order_type: submit.order_type,
            time_in_force: submit.time_in_force,
            status: order.status,
            limit: order.limit,
            asked_limit: order.asked.and_then(|terms| terms.limit),
            cancel: order.cancel_request,
            waits_for_parent: submit.parent.is_some_and(unfilled),
        }
    }
}
