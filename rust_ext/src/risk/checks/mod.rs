//! The checks, one file each. Each file begins with what its check measures and why.

mod duplicate;
mod executions;
mod exposure;
mod losses;
mod market_state;
mod max_order_quantity;
mod max_order_value;
mod max_position;
mod message_rate;
mod order_rate;
mod order_to_trade;
mod price_collar;
mod reduce_only;
mod rejects;
mod self_match;
mod stale_data;

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
        Box::new(exposure::Exposure { net: false }),
        Box::new(exposure::Exposure { net: true }),
        Box::new(message_rate::MessageRate::new(names)),
        Box::new(duplicate::Duplicate::new(names)),
        Box::new(stale_data::StaleData),
        Box::new(market_state::MarketState::new(names)),
        Box::new(reduce_only::ReduceOnly),
        Box::new(executions::ExecutionThrottle::new(names)),
        Box::new(rejects::Rejects::new(names)),
        Box::new(losses::Losses::daily(names)),
        Box::new(losses::Losses::drawdown(names)),
        Box::new(order_to_trade::OrderToTrade::new(names)),
    ]
}
