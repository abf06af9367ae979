//! Maximum order value: price x quantity x multiplier of one order, in settlement currency.
//!
//! The price is the order's limit, else its trigger, else what a market order would take at once
//! (touch, else last trade, else last bar). For an inverse contract the value is
//! quantity x multiplier / price.

use crate::risk::{Asked, Check, Limit, NO_REFERENCE, NUMERIC_OVERFLOW};

pub struct MaxOrderValue;

impl Check for MaxOrderValue {
    fn name(&self) -> &'static str {
        "max_order_value"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let Limit::Units(bound) = &asked.limits.max_order_value else {
            return asked.limits.max_order_value.refusal();
        };
        let submit = &asked.order.submit;
        let price = match submit.limit.or(submit.trigger) {
            Some(own) => 2 * i128::from(own),
            None => match asked.prices() {
                Some(prices) => prices.touch,
                None => return Some(NO_REFERENCE.to_owned()),
            },
        };
        match bound.exceeded(submit.quantity, price) {
            Some(false) => None,
            Some(true) => Some(format!("it is worth more than {}", bound.text())),
            None => Some(NUMERIC_OVERFLOW.to_owned()),
        }
    }
}
