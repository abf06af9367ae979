//! Which orders may be met in the book.

use super::*;
use crate::orders::{OrderStatus, RequestState};

const LIMIT: Resting = Resting {
    order_type: OrderType::Limit,
    time_in_force: TimeInForce::Gtc,
    status: OrderStatus::Accepted,
    limit: Some(10),
    asked_limit: None,
    cancel: None,
    waits_for_parent: false,
};
const NOWHERE: [i64; 0] = [];
const STOP_LIMIT: Resting = Resting {
    order_type: OrderType::StopLimit,
    ..LIMIT
};

#[test]
fn limits_rest_and_stops_once_triggered() {
    let of = |order: Resting| order.limits().collect::<Vec<_>>();
    assert_eq!(of(LIMIT), [10]);
    assert_eq!(
        of(Resting {
            status: OrderStatus::Initialized,
            ..LIMIT
        }),
        [10]
    );
    assert_eq!(of(STOP_LIMIT), NOWHERE);
    assert_eq!(
        of(Resting {
            status: OrderStatus::Triggered,
            ..STOP_LIMIT
        }),
        [10]
    );
    let part_filled = Resting {
        status: OrderStatus::PartiallyFilled,
        ..STOP_LIMIT
    };
    assert_eq!(
        of(part_filled),
        [10],
        "what has filled in part was triggered"
    );
    let market = Resting {
        limit: None,
        status: OrderStatus::Triggered,
        ..STOP_LIMIT
    };
    assert_eq!(of(market), NOWHERE);
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        assert_eq!(
            of(Resting {
                time_in_force,
                ..LIMIT
            }),
            NOWHERE
        );
    }
}

#[test]
fn both_limits_count_while_a_replace_is_asked() {
    let replaced = Resting {
        asked_limit: Some(12),
        ..LIMIT
    };
    assert_eq!(replaced.limits().collect::<Vec<_>>(), [10, 12]);
}

#[test]
fn an_order_whose_cancel_was_sent_or_whose_parent_is_not_filled_is_met_by_nobody() {
    let sent = Some(RequestState::Sent);
    assert!(
        !Resting {
            cancel: sent,
            ..LIMIT
        }
        .may_rest()
    );
    let unknown = Some(RequestState::Unknown);
    assert!(
        Resting {
            cancel: unknown,
            ..LIMIT
        }
        .may_rest()
    );
    assert!(
        !Resting {
            waits_for_parent: true,
            ..LIMIT
        }
        .may_rest()
    );
    let triggered = Resting {
        status: OrderStatus::Triggered,
        ..STOP_LIMIT
    };
    assert!(
        !Resting {
            waits_for_parent: true,
            ..triggered
        }
        .may_rest()
    );
}
