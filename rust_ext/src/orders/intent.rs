//! What is asked of an order.

use std::sync::Arc;

use crate::directory::Symbol;
use crate::ledger::BookIx;
use crate::types::{InstrumentIx, Nanos, Submit};

/// A new order as a strategy asked for it: what the venue gets, and what only we need.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// The inlet's stamp of the input that caused it.
    pub ts: Nanos,
    /// The book of the strategy that owns the order.
    pub book: BookIx,
    pub submit: Submit,
    /// Mid or last price when the strategy decided; None when nothing was known.
    pub arrival: Option<i64>,
    /// The name behind the group's hash in `submit`. It goes with the order: every bracket has one of
    /// its own, so these are never numbered in the directory.
    pub oco_group: Option<Arc<str>>,
    /// The name behind the hash of the position leg, and a free text.
    pub position: Symbol,
    pub tag: Symbol,
}

/// New terms; None keeps a value. `quantity` is the new total, fills included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewTerms {
    pub quantity: Option<i64>,
    pub limit: Option<i64>,
    pub trigger: Option<i64>,
}

/// What may be asked of an order that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Cancel,
    Replace(NewTerms),
}

impl Intent {
    /// 128-bit client order id.
    #[inline]
    pub fn id(&self) -> u128 {
        self.submit.id
    }

    #[inline]
    pub fn instrument(&self) -> InstrumentIx {
        self.submit.instrument
    }
}
