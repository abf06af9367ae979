//! The checks, one file each. Each file begins with what its check measures and why.

mod max_order_quantity;
mod max_order_value;
mod max_position;
mod order_rate;
mod price_collar;
mod self_match;

use super::Names;
use super::check::Check;

/// The checks that every order passes, in the order in which their reasons are named.
pub fn standard(names: &Names) -> Vec<Box<dyn Check>> {
    vec![
        Box::new(price_collar::PriceCollar),
        Box::new(max_order_value::MaxOrderValue),
        Box::new(max_order_quantity::MaxOrderQuantity),
        Box::new(max_position::MaxPosition),
        Box::new(order_rate::OrderRate::new(names)),
        Box::new(self_match::SelfMatch),
    ]
}
