//! The record of one run: what the result and the report are made of.

use crate::books::Booked;
use crate::orders::Intent;
use crate::types::Nanos;

/// Keeps what the path saw, in order. Memory grows with orders, not with data.
#[derive(Debug, Default)]
pub struct RunRecord {
    /// Off, nothing is kept: a daemon runs for months.
    pub on: bool,
    /// Ids of the orders that were asked for, once they are denied or in the table.
    pub signals: Vec<u128>,
    /// Orders that never came into the table, each with its reasons.
    pub denied: Vec<(Intent, Vec<String>)>,
    pub fills: Vec<Booked>,
    pub equity: Vec<(Nanos, i128)>,
}
