//! The record of one run: what the result and the report are made of.

use std::sync::Arc;

use crate::ledger::BookIx;
use crate::orders::{Event, Intent};
use crate::types::{InstrumentIx, Nanos};

/// A fill as it was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct FillRow {
    pub book: BookIx,
    pub event: Event,
    /// In settlement units, fees apart.
    pub realized: i128,
}

/// Keeps what the portfolio sees, in order. Memory grows with orders, not with data.
#[derive(Debug, Default)]
pub struct RunRecord {
    /// Off, nothing is kept: a daemon runs for months.
    pub on: bool,
    pub signals: Vec<u128>,
    pub denied: Vec<(Intent, Vec<String>)>,
    pub fills: Vec<FillRow>,
    pub equity: Vec<(Nanos, i128)>,
}
