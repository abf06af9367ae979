//! Instruments with trades and no quotes.

use super::*;
use Side::{Buy, Sell};

fn desk() -> Desk {
    let mut desk = Desk::new(config(), share());
    desk.trade(100, 5);
    desk
}

#[test]
fn a_market_order_fills_at_the_last_price() {
    assert_eq!(fills(&desk().send(market(Buy, 500))), [(100, 500)]);
    assert_eq!(fills(&desk().send(market(Sell, 500))), [(100, 500)]);
}

#[test]
fn a_resting_limit_fills_in_full_when_a_print_goes_through_it() {
    let mut desk = desk();
    desk.send(limit(Buy, 50, 98));
    assert_eq!(fills(&desk.trade(99, 5)), []);
    let reports = desk.trade(97, 1);
    assert_eq!(fills(&reports), [(98, 50)]);
    assert!(is_maker(&reports));
}

#[test]
fn prints_at_the_limit_fill_up_to_their_size_shared_by_arrival() {
    let mut desk = desk();
    desk.send(limit(Sell, 4, 102));
    desk.send(limit(Sell, 4, 102));
    let reports = desk.trade(102, 6);
    let by_id: Vec<_> = fills_of(&reports)
        .iter()
        .map(|f| (f.id, f.quantity))
        .collect();
    assert_eq!(by_id, [(1, 4), (2, 2)]);
    assert_eq!(
        fills(&desk.trade(102, UNDEFINED)),
        [(102, 2)],
        "no size: all of it"
    );
}

#[test]
fn a_limit_at_or_through_the_last_price_takes() {
    let reports = desk().send(limit(Buy, 3, 101));
    assert_eq!(fills(&reports), [(100, 3)]);
    assert!(!is_maker(&reports));
}

#[test]
fn a_stop_fills_at_the_print_that_triggers_it() {
    let mut desk = desk();
    desk.send(stop(Sell, 3, 95));
    assert_eq!(words(&desk.trade(96, 1)), Vec::<String>::new());
    assert_eq!(words(&desk.trade(94, 1)), ["triggered", "filled 94x3"]);
}
