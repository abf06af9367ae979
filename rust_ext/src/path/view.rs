//! What risk sees: the market, the books and the order table.

use crate::books::Books;
use crate::ledger::BookIx;
use crate::market::Market;
use crate::orders::OrderTable;
use crate::risk::World;
use crate::types::{InstrumentIx, Nanos, Quote, Side};

pub struct View<'a> {
    pub now: Nanos,
    pub market: &'a Market,
    pub books: &'a Books,
    pub orders: &'a OrderTable,
}
