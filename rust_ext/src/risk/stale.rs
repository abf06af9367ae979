//! Asked again at the gate: is what an order was measured against still fresh?

use super::{Asked, Limit, Risk, World};
use crate::orders::Intent;

impl Risk {
    /// Whether an order whose price is held to the market has no quote, trade or bar any more that is
    /// fresh enough at the world's time.
    pub fn lacks_reference(&self, order: &Intent, world: &dyn World) -> bool {
        let limits = &self.rules.limits[order.instrument() as usize];
        let rules = (&self.rules, &self.reducing);
        matches!(limits.collar, Limit::Units(_))
            && Asked::new(order, 0, rules, world, &self.names)
                .prices()
                .is_none()
    }
}
