//! A cash account pays in full, never borrows, and reserves what its working orders may cost.

use super::*;
use Side::{Buy, Sell};

const COIN: i128 = 100_000_000;

/// 1,000.00 USD and 2 coins; bid 99.00, ask 100.00, sizes 50 coins.
fn desk(fees: Fees) -> Desk {
    let balances = vec![(USD, 100_000), (BTC, 2 * COIN)];
    let mut desk = Desk::new(
        ExchangeConfig {
            balances,
            fees,
            ..cash(0)
        },
        coin(),
    );
    desk.quote(9_900, 50_000, 10_000, 50_000);
    desk
}

fn free() -> Fees {
    config().fees
}

#[test]
fn a_buy_must_be_paid_in_full_with_its_fee() {
    for (quantity, taker, expected) in [
        (10_000, 0, "accepted"),
        (10_001, 0, "rejected insufficient_funds"),
        (10_000, 1_000_000_000, "rejected insufficient_funds"),
        (9_990, 1_000_000_000, "accepted"),
    ] {
        let mut desk = desk(Fees { taker, ..free() });
        assert_eq!(
            words(&desk.send(market(Buy, quantity)))[0],
            expected,
            "{quantity}"
        );
        assert!(desk.venue.balance(USD) >= 0);
    }
}

#[test]
fn a_sell_needs_the_coins() {
    let mut desk = desk(free());
    assert_eq!(
        words(&desk.send(market(Sell, 2_001))),
        ["rejected insufficient_funds"]
    );
    assert_eq!(fills(&desk.send(market(Sell, 2_000))), [(9_900, 2_000)]);
    assert_eq!(
        (desk.venue.balance(USD), desk.venue.balance(BTC)),
        (119_800, 0)
    );
}

#[test]
fn working_orders_reserve_their_money_until_they_end() {
    let mut desk = desk(free());
    assert_eq!(words(&desk.send(limit(Buy, 6_000, 9_000))), ["accepted"]);
    assert_eq!(
        words(&desk.send(limit(Buy, 6_000, 9_000))),
        ["rejected insufficient_funds"]
    );
    assert_eq!(words(&desk.send(limit(Sell, 2_000, 12_000))), ["accepted"]);
    assert_eq!(
        words(&desk.send(limit(Sell, 1, 12_000))),
        ["rejected insufficient_funds"]
    );
    desk.cancel(1);
    assert_eq!(words(&desk.send(limit(Buy, 6_000, 9_000))), ["accepted"]);
}

#[test]
fn orders_of_a_group_reserve_once() {
    let mut desk = desk(free());
    let exit = |submit| Submit {
        oco_group: 9,
        ..submit
    };
    assert_eq!(
        words(&desk.send(exit(limit(Sell, 2_000, 12_000)))),
        ["accepted"]
    );
    assert_eq!(
        words(&desk.send(exit(stop(Sell, 2_000, 8_000)))),
        ["accepted"]
    );
}

#[test]
fn a_replace_may_use_what_the_order_had_reserved_and_no_more() {
    let mut desk = desk(free());
    desk.send(limit(Buy, 10_000, 9_000));
    assert_eq!(words(&desk.replace(1, 10_000, 9_500)), ["replaced"]);
    let refused = ["replace rejected insufficient_funds"];
    assert_eq!(words(&desk.replace(1, 11_000, 9_500)), refused);
}

#[test]
fn an_order_that_became_too_expensive_is_canceled_when_it_would_fill() {
    let mut desk = Desk::new(cash(100_000), share());
    desk.bar([10_000; 4], 500);
    assert_eq!(words(&desk.send(market(Buy, 10))), ["accepted"]);
    assert_eq!(
        words(&desk.bar([10_001; 4], 500).0),
        ["canceled insufficient_funds"]
    );
    assert_eq!(desk.venue.balance(USD), 100_000);
}

#[test]
fn shares_are_not_sold_short_in_a_cash_account() {
    let mut desk = Desk::new(cash(100_000), share());
    desk.quote(100, 50, 101, 50);
    desk.send(market(Buy, 5));
    assert_eq!(
        words(&desk.send(market(Sell, 6))),
        ["rejected not_shortable"]
    );
    assert_eq!(words(&desk.send(limit(Sell, 5, 105))), ["accepted"]);
    assert_eq!(
        words(&desk.send(limit(Sell, 1, 105))),
        ["rejected not_shortable"]
    );
}

#[test]
fn the_exit_orders_of_a_bracket_need_no_shares_before_its_entry_fills() {
    let mut desk = Desk::new(cash(100_000), share());
    desk.quote(100, 50, 101, 50);
    desk.send(limit(Buy, 5, 99));
    desk.send(Submit {
        parent: Some(1),
        ..limit(Sell, 5, 110)
    });
    desk.quote(97, 50, 98, 50);
    assert_eq!(words(&desk.quote(110, 50, 111, 50)), ["filled 110x5"]);
}
