//! Maximum position: what a strategy, and the account, could hold at worst, long or short.
//!
//! The worst case is the position plus everything that may still fill on the order's side: approved,
//! working and unknown orders and the order itself. Orders that can only reduce are left out, and an
//! order that at worst brings a position back to zero is never blocked. The account is measured like
//! one more strategy: it stands for what the venue sees.

use crate::fixed::decimal_text;
use crate::ledger::BookIx;
use crate::risk::{Asked, Check, Limit, NUMERIC_OVERFLOW};
use crate::types::Side;

pub struct MaxPosition;

impl Check for MaxPosition {
    fn name(&self) -> &'static str {
        "max_position"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let limit = &asked.limits.max_position;
        if *limit == Limit::Unlimited || asked.added <= 0 || asked.order.submit.reduce_only {
            return None;
        }
        [Some(asked.order.book), None]
            .into_iter()
            .find_map(|holder| why_of(asked, holder))
    }
}

fn why_of(asked: &Asked<'_>, holder: Option<BookIx>) -> Option<String> {
    let Some(worst) = worst(asked, holder) else {
        return Some(NUMERIC_OVERFLOW.to_owned());
    };
    if worst <= 0 {
        return None;
    }
    let &Limit::Units(limit) = &asked.limits.max_position else {
        return asked.limits.max_position.refusal();
    };
    (worst > limit).then(|| {
        let name = holder.map(|book| asked.names.books[book as usize].as_str());
        let text = |units: i128| decimal_text(units, asked.limits.size_scale);
        format!(
            "{} could hold {}, allowed are {} either way",
            name.unwrap_or("the account"),
            text(worst * i128::from(asked.side().sign())),
            text(limit),
        )
    })
}

/// The worst case, signed so that the order's own direction is positive.
fn worst(asked: &Asked<'_>, holder: Option<BookIx>) -> Option<i128> {
    let position = asked.world.position(holder, asked.instrument());
    let (buying, selling) = asked.world.working(holder, asked.instrument());
    let before = match asked.side() {
        Side::Buy => position.checked_add(buying),
        Side::Sell => selling.checked_sub(position),
    };
    before?.checked_add(asked.added)
}
