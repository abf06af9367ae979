//! What risk sees: the market, the books and the order table.

use super::Parts;
use crate::books::Books;
use crate::ledger::BookIx;
use crate::market::Market;
use crate::orders::OrderTable;
use crate::risk::World;
use crate::types::{InstrumentIx, Nanos, Quote, Side};

pub struct View<'a> {
    now: Nanos,
    market: &'a Market,
    books: &'a Books,
    orders: &'a OrderTable,
}
