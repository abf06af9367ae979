//! Maximum order quantity (volume): the largest single order, in units of quantity.
//!
//! A replace is measured by its new total. A quantity that is not positive never passes.

use crate::fixed::decimal_text;
use crate::risk::{Asked, Check, Limit};

pub struct MaxOrderQuantity;

impl Check for MaxOrderQuantity {
    fn name(&self) -> &'static str {
        "max_order_quantity"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let limits = asked.limits;
        let quantity = i128::from(asked.order.submit.quantity);
        let text = |units: i128| decimal_text(units, limits.size_scale);
        if quantity <= 0 {
            return Some(format!("a quantity of {} can't be ordered", text(quantity)));
        }
        let &Limit::Units(limit) = &limits.max_order_quantity else {
            return limits.max_order_quantity.refusal();
        };
        (quantity > limit).then(|| format!("{} is more than {}", text(quantity), text(limit)))
    }
}
