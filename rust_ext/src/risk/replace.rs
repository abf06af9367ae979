//! A replace is measured like a new order with its new terms; these are the terms.

use crate::orders::{Intent, NewTerms};

/// The reason when a replace names an order that nobody knows.
pub const NO_SUCH_ORDER: &str = "risk: there is no such order";

/// An order (with the terms in force) under the terms that are asked for.
pub fn new_terms(in_force: &Intent, asked: &NewTerms) -> Intent {
    let mut terms = in_force.clone();
    let submit = &mut terms.submit;
    submit.quantity = asked.quantity.unwrap_or(submit.quantity);
    submit.limit = asked.limit.or(submit.limit);
    submit.trigger = asked.trigger.or(submit.trigger);
    terms
}

/// What may fill at worst beyond what was approved before; negative when less may.
///
/// `quantity` is the new total, `filled` what has filled, `exposure` what was counted so far.
pub fn added(quantity: i64, filled: i128, exposure: i128) -> i128 {
    (i128::from(quantity) - filled).max(0) - exposure
}

/// The words of a denied replace: the order itself works on, so it is no denial of the order.
pub fn denial(reasons: &[String]) -> String {
    format!("denied: {}", reasons.join("; "))
}
