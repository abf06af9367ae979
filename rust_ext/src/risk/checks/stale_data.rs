//! Stale data: no order on an instrument that was not heard of for too long.
//!
//! Any datum counts: quote, trade, bar, mark or book. This is apart from the ages of the collar's
//! reference: the collar asks whether there is a price to measure against, this whether anybody is
//! still talking.

use crate::risk::{Asked, Check, Limit, NANOS_PER_MS};

pub struct StaleData;

impl Check for StaleData {
    fn name(&self) -> &'static str {
        "stale_data"
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let &Limit::Units(limit) = &asked.limits.max_data_age else {
            return asked.limits.max_data_age.refusal();
        };
        let Some(ts) = asked.world.data_ts(asked.instrument()) else {
            return Some("nothing was heard of it yet".to_owned());
        };
        let age = i128::from(asked.world.now()) - i128::from(ts);
        (age > limit.saturating_mul(NANOS_PER_MS.into())).then(|| {
            let ms = age / i128::from(NANOS_PER_MS);
            format!("the last datum is {ms} ms old, allowed are {limit} ms")
        })
    }
}
