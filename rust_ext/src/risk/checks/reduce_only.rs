//! Reduce-only: where it is latched, only orders pass that bring the strategy nearer to nothing.
//!
//! Measured on the worst case: what the order may fill, with everything that works on its side, may
//! not be more than the strategy holds on the other side. Orders flagged reduce-only pass: their
//! venue holds them to it.

use crate::fixed::decimal_text;
use crate::risk::{Asked, Check, NUMERIC_OVERFLOW};
use crate::types::Side;

pub struct ReduceOnly;

impl Check for ReduceOnly {
    fn name(&self) -> &'static str {
        "reduce_only"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let (book, ix) = (asked.order.book, asked.instrument());
        if !asked.reducing.applies(book, ix) || asked.order.submit.reduce_only || asked.added <= 0 {
            return None;
        }
        let position = asked.world.position(Some(book), ix);
        let (buying, selling) = asked.world.working(Some(book), ix);
        let (held, working) = match asked.side() {
            Side::Buy => (position.checked_neg(), buying),
            Side::Sell => (Some(position), selling),
        };
        let sum = held.and_then(|held| Some((held, working.checked_add(asked.added)?)));
        let Some((held, worst)) = sum else {
            return Some(NUMERIC_OVERFLOW.to_owned());
        };
        (worst > held).then(|| {
            let text = |units: i128| decimal_text(units, asked.limits.size_scale);
            let reasons = asked.reducing.all(book, ix).join("; ");
            format!(
                "{} could fill, {} are there to reduce ({reasons})",
                text(worst),
                text(held.max(0)),
            )
        })
    }
}
