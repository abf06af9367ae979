//! Orders that hang together: OCO groups, brackets, reduce-only.

use super::*;
use Side::{Buy, Sell};

fn desk() -> Desk {
    let mut desk = Desk::new(config(), share());
    desk.quote(100, 50, 102, 50);
    desk
}

fn child(parent: u128, submit: Submit) -> Submit {
    Submit {
        parent: Some(parent),
        reduce_only: true,
        oco_group: 9,
        ..submit
    }
}

/// A limit buy of 10 at 99 with a take-profit at 110 and a stop at 90.
fn bracket(desk: &mut Desk) {
    desk.send(limit(Buy, 10, 99));
    assert_eq!(
        words(&desk.send(child(1, limit(Sell, 10, 110)))),
        ["accepted"]
    );
    assert_eq!(
        words(&desk.send(child(1, stop(Sell, 10, 90)))),
        ["accepted"]
    );
}

#[test]
fn orders_of_a_group_cancel_each_other() {
    let mut desk = desk();
    desk.send(Submit {
        oco_group: 9,
        ..limit(Buy, 10, 99)
    });
    desk.send(Submit {
        oco_group: 9,
        ..stop(Buy, 10, 105)
    });
    assert_eq!(
        words(&desk.quote(97, 50, 98, 50)),
        ["filled 99x10", "canceled oco"]
    );
    let late = Submit {
        oco_group: 9,
        ..limit(Buy, 10, 99)
    };
    assert_eq!(words(&desk.send(late)), ["rejected oco_group_done"]);
}

#[test]
fn the_first_part_of_a_fill_ends_the_other_orders_of_a_group() {
    let mut desk = desk();
    desk.send(Submit {
        oco_group: 9,
        ..limit(Buy, 10, 99)
    });
    desk.send(Submit {
        oco_group: 9,
        ..limit(Sell, 10, 105)
    });
    assert_eq!(
        words(&desk.quote(97, 50, 98, 4)),
        ["filled 99x4", "canceled oco"]
    );
}

#[test]
fn canceling_one_order_of_a_group_leaves_the_others() {
    let mut desk = desk();
    desk.send(Submit {
        oco_group: 9,
        ..limit(Buy, 10, 99)
    });
    desk.send(Submit {
        oco_group: 9,
        ..stop(Buy, 10, 105)
    });
    assert_eq!(words(&desk.cancel(1)), ["canceled requested"]);
    assert_eq!(
        words(&desk.quote(104, 50, 105, 50)),
        ["triggered", "filled 105x10"]
    );
}

#[test]
fn children_are_held_until_the_parent_fills() {
    let mut desk = desk();
    bracket(&mut desk);
    assert_eq!(words(&desk.quote(120, 50, 121, 50)), Vec::<String>::new());
    assert_eq!(words(&desk.quote(97, 50, 98, 50)), ["filled 99x10"]);
    assert_eq!(
        words(&desk.quote(111, 50, 112, 50)),
        ["filled 110x10", "canceled oco"]
    );
    assert_eq!(desk.venue.position(0), 0);
}

#[test]
fn the_stop_of_a_bracket_ends_its_take_profit() {
    let mut desk = desk();
    bracket(&mut desk);
    desk.quote(97, 50, 98, 50);
    let reports = desk.quote(89, 50, 91, 50);
    assert_eq!(
        words(&reports),
        ["triggered", "filled 89x10", "canceled oco"]
    );
}

#[test]
fn children_are_as_large_as_what_the_parent_filled() {
    let mut desk = desk();
    bracket(&mut desk);
    assert_eq!(words(&desk.quote(97, 50, 98, 4)), ["filled 99x4"]);
    assert_eq!(
        words(&desk.quote(111, 50, 112, 50)),
        ["filled 110x4", "canceled reduce_only"]
    );
    assert_eq!(words(&desk.quote(97, 50, 98, 50)), ["filled 99x6"]);
    assert_eq!(words(&desk.quote(111, 50, 112, 51)), ["filled 110x6"]);
}

#[test]
fn children_end_with_a_parent_that_never_filled() {
    let mut desk = desk();
    bracket(&mut desk);
    let ended = [
        "canceled requested",
        "canceled parent_closed",
        "canceled parent_closed",
    ];
    assert_eq!(words(&desk.cancel(1)), ended);
    assert_eq!(
        words(&desk.send(child(1, limit(Sell, 10, 110)))),
        ["rejected parent_closed"]
    );
}

#[test]
fn a_child_ends_when_it_filled_all_that_its_canceled_parent_did() {
    let mut desk = desk();
    bracket(&mut desk);
    desk.quote(97, 50, 98, 4);
    assert_eq!(words(&desk.cancel(1)), ["canceled requested"]);
    let reports = desk.quote(111, 50, 112, 50);
    assert_eq!(
        words(&reports),
        [
            "filled 110x4",
            "canceled parent_closed",
            "canceled reduce_only"
        ]
    );
}

#[test]
fn a_child_of_a_filled_parent_works_at_once() {
    let mut desk = desk();
    desk.send(market(Buy, 10));
    assert_eq!(
        words(&desk.send(child(1, limit(Sell, 10, 100)))),
        ["accepted", "filled 100x10"]
    );
}

#[test]
fn a_reduce_only_order_is_clipped_to_the_position_and_ends_with_it() {
    let mut desk = desk();
    desk.send(market(Buy, 6));
    desk.send(Submit {
        reduce_only: true,
        ..limit(Sell, 10, 105)
    });
    assert_eq!(
        words(&desk.quote(106, 50, 107, 50)),
        ["filled 105x6", "canceled reduce_only"]
    );
    assert_eq!(desk.venue.position(0), 0);
}

#[test]
fn a_reduce_only_order_ends_when_another_closes_the_position() {
    let mut desk = desk();
    desk.send(market(Buy, 6));
    desk.send(Submit {
        reduce_only: true,
        ..stop(Sell, 6, 90)
    });
    let reports = desk.send(market(Sell, 6));
    assert_eq!(
        words(&reports),
        ["accepted", "filled 100x6", "canceled reduce_only"]
    );
}

#[test]
fn legs_are_apart_under_hedging() {
    let mut desk = Desk::new(
        ExchangeConfig {
            hedging: true,
            ..config()
        },
        contract(),
    );
    desk.quote(100, 50, 102, 50);
    desk.send(Submit {
        position: 1,
        ..market(Buy, 6)
    });
    let other_leg = Submit {
        position: 2,
        reduce_only: true,
        ..market(Sell, 6)
    };
    assert_eq!(words(&desk.send(other_leg)), ["rejected reduce_only"]);
    desk.send(Submit {
        position: 2,
        ..market(Sell, 4)
    });
    assert_eq!(desk.venue.position(0), 2);
    let own_leg = Submit {
        position: 1,
        reduce_only: true,
        ..market(Sell, 9)
    };
    assert_eq!(
        words(&desk.send(own_leg)),
        ["accepted", "filled 100x6", "canceled reduce_only"]
    );
}
