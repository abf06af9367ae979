//! Self-match: an order may not trade against another order of ours, of whatever strategy.
//!
//! Both would be ours at the venue: it earns nothing, costs two fees and is a wash trade where that
//! is forbidden. Orders that may rest are compared, but not those whose cancel was sent before:
//! commands reach a venue in their order. The older order stays, the new one is denied. A market
//! order is taken to reach the touch; without a fresh reference any resting order in its way blocks
//! it. Orders that wait for a trigger are not looked at: they meet a market that nobody knows yet. A
//! post-only order never takes. It needs no limit: it always holds.

use std::ops::ControlFlow;

use crate::fixed::decimal_text;
use crate::risk::{Asked, Check};
use crate::types::{OrderType, Side};

pub struct SelfMatch;

impl Check for SelfMatch {
    fn name(&self) -> &'static str {
        "self_match"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let submit = &asked.order.submit;
        let takes = matches!(submit.order_type, OrderType::Market | OrderType::Limit);
        if !takes || submit.post_only {
            return None;
        }
        let mut met = None;
        let other = asked.side().opposite();
        let visit = &mut |book, limit: i64| match reaches(asked, limit) {
            true => {
                met = Some((book, limit));
                ControlFlow::Break(())
            }
            false => ControlFlow::Continue(()),
        };
        asked.world.resting(asked.instrument(), other, visit);
        met.map(|(book, limit)| {
            let side = match other {
                Side::Buy => "buy",
                Side::Sell => "sell",
            };
            let strategy = &asked.names.books[book as usize];
            let price = decimal_text(limit.into(), asked.limits.price_scale);
            format!("it would trade against the {side} of {strategy} at {price}")
        })
    }
}

/// Whether the order goes as far as a resting limit; it does when nobody knows how far it goes.
fn reaches(asked: &Asked<'_>, limit: i64) -> bool {
    let reach = match asked.order.submit.order_type {
        OrderType::Market => asked.prices().map(|prices| prices.touch),
        _ => asked.order.submit.limit.map(|own| 2 * i128::from(own)),
    };
    let limit = 2 * i128::from(limit);
    reach.is_none_or(|reach| match asked.side() {
        Side::Buy => reach >= limit,
        Side::Sell => reach <= limit,
    })
}
