//! Which of our orders may stand in a venue's book, and at which prices.

use crate::orders::{OrderStatus, RequestState};
use crate::types::{OrderType, TimeInForce};

/// What the rule looks at of one order that is not final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    pub order_type: OrderType,
    pub time_in_force: TimeInForce,
    pub status: OrderStatus,
    /// The limit in force, and the one that a replace asks for.
    pub limit: Option<i64>,
    pub asked_limit: Option<i64>,
    /// What is known of a cancel.
    pub cancel: Option<RequestState>,
    /// It has a parent, the parent is known, and has not filled yet.
    pub waits_for_parent: bool,
}

impl Resting {
    /// Whether it rests, or may soon.
    ///
    /// Not when its cancel was sent: commands reach a venue in their order. A cancel whose fate is
    /// unknown proves nothing. Not before its parent's fill, nor before its own trigger.
    pub fn may_rest(&self) -> bool {
        if self.cancel == Some(RequestState::Sent) || self.waits_for_parent {
            return false;
        }
        let live = match self.order_type {
            OrderType::Limit => true,
            // What has filled in part was triggered before.
            OrderType::StopLimit | OrderType::TakeProfitLimit => matches!(
                self.status,
                OrderStatus::Triggered | OrderStatus::PartiallyFilled
            ),
            _ => false,
        };
        live && !matches!(self.time_in_force, TimeInForce::Ioc | TimeInForce::Fok)
    }

    /// The prices at which it may be met: both limits while a replace is asked.
    pub fn limits(&self) -> impl Iterator<Item = i64> + use<> {
        let limits = match self.may_rest() {
            true => [self.limit, self.asked_limit],
            false => [None, None],
        };
        limits.into_iter().flatten()
    }
}
