use super::*;
use crate::types::Level;
use Side::{Buy, Sell};

fn desk(overflow: Overflow, consume: bool) -> Desk {
    Desk::new(
        ExchangeConfig {
            overflow,
            consume,
            ..config()
        },
        share(),
    )
}

#[test]
fn a_market_order_takes_the_touch_and_the_rest_by_the_overflow_rule() {
    for (overflow, buy, sell) in [
        (
            Overflow::OneTick,
            vec![(102, 5), (103, 7)],
            vec![(100, 5), (99, 7)],
        ),
        (Overflow::Partial, vec![(102, 5)], vec![(100, 5)]),
        (Overflow::Touch, vec![(102, 12)], vec![(100, 12)]),
    ] {
        let mut desk = desk(overflow, true);
        desk.quote(100, 5, 102, 5);
        assert_eq!(fills(&desk.send(market(Buy, 12))), buy, "{overflow:?}");
        assert_eq!(fills(&desk.send(market(Sell, 12))), sell, "{overflow:?}");
    }
}

#[test]
fn the_rest_of_a_market_order_is_canceled_for_want_of_liquidity() {
    let mut desk = desk(Overflow::Partial, true);
    desk.quote(100, 5, 102, 5);
    let reports = desk.send(market(Buy, 12));
    assert_eq!(
        words(&reports),
        ["accepted", "filled 102x5", "canceled no_liquidity"]
    );
    assert!(matches!(reports[2], Report::Canceled { cumulative: 5, .. }));
}

#[test]
fn the_time_in_force_decides_over_the_rest_of_a_limit_order() {
    for (time_in_force, expected) in [
        (TimeInForce::Gtc, vec!["accepted", "filled 102x5"]),
        (
            TimeInForce::Ioc,
            vec!["accepted", "filled 102x5", "canceled no_liquidity"],
        ),
        (
            TimeInForce::Fok,
            vec!["accepted", "canceled fok_unfillable"],
        ),
    ] {
        let mut desk = desk(Overflow::Partial, true);
        desk.quote(100, 5, 102, 5);
        let reports = desk.send(Submit {
            time_in_force,
            ..limit(Buy, 12, 102)
        });
        assert_eq!(words(&reports), expected);
    }
}

#[test]
fn taken_size_stays_taken_until_the_level_refreshes() {
    let mut desk = desk(Overflow::Partial, true);
    desk.quote(100, 5, 102, 5);
    assert_eq!(fills(&desk.send(market(Buy, 3))), [(102, 3)]);
    desk.quote(100, 6, 102, 5);
    assert_eq!(
        fills(&desk.send(market(Buy, 3))),
        [(102, 2)],
        "the ask did not change"
    );
    desk.quote(100, 5, 102, 4);
    assert_eq!(
        fills(&desk.send(market(Buy, 9))),
        [(102, 4)],
        "a new size is a refresh"
    );
    desk.quote(100, 5, 103, 4);
    desk.quote(100, 5, 102, 4);
    assert_eq!(
        fills(&desk.send(market(Buy, 9))),
        [(102, 4)],
        "the price came back"
    );
}

#[test]
fn without_consumption_each_order_sees_the_displayed_size() {
    let mut desk = desk(Overflow::OneTick, false);
    desk.quote(100, 5, 102, 5);
    for _ in 0..2 {
        assert_eq!(fills(&desk.send(market(Buy, 6))), [(102, 5), (103, 1)]);
    }
}

#[test]
fn a_crossed_or_one_sided_quote_gives_no_fill() {
    for (bid, ask) in [(103, 102), (UNDEFINED, 102), (100, UNDEFINED)] {
        let mut desk = desk(Overflow::OneTick, true);
        desk.quote(90, 5, 110, 5);
        desk.send(limit(Buy, 5, 103));
        assert_eq!(words(&desk.quote(bid, 5, ask, 5)), Vec::<String>::new());
        assert_eq!(words(&desk.send(market(Buy, 5))), ["rejected no_market"]);
        assert_eq!(words(&desk.send(limit(Buy, 5, 105))), ["accepted"]);
    }
}

#[test]
fn a_locked_quote_is_a_market() {
    let mut desk = desk(Overflow::OneTick, true);
    desk.quote(100, 5, 100, 5);
    assert_eq!(fills(&desk.send(market(Buy, 5))), [(100, 5)]);
}

#[test]
fn a_resting_limit_fills_at_its_own_price_up_to_the_displayed_size() {
    let mut desk = desk(Overflow::OneTick, true);
    desk.quote(100, 5, 102, 5);
    assert_eq!(words(&desk.send(limit(Buy, 12, 101))), ["accepted"]);
    let reports = desk.quote(98, 5, 99, 5);
    assert_eq!(fills(&reports), [(101, 5)]);
    assert!(is_maker(&reports));
    assert_eq!(
        fills(&desk.quote(98, 5, 99, 5)),
        [],
        "the level did not refresh"
    );
    assert_eq!(fills(&desk.quote(98, 5, 101, 20)), [(101, 7)]);
}

#[test]
fn a_marketable_limit_takes_at_the_touch_and_rests_with_what_is_left() {
    let mut desk = desk(Overflow::OneTick, true);
    desk.quote(100, 5, 102, 5);
    let reports = desk.send(limit(Buy, 8, 102));
    assert_eq!(
        fills(&reports),
        [(102, 5)],
        "one tick worse is beyond the limit"
    );
    assert!(!is_maker(&reports));
    assert_eq!(fills(&desk.quote(100, 5, 102, 9)), [(102, 3)]);
}

#[test]
fn resting_limits_share_the_displayed_size_by_price_and_then_by_arrival() {
    let mut desk = desk(Overflow::Partial, true);
    desk.quote(100, 5, 110, 5);
    for price in [104, 105, 105] {
        desk.send(limit(Buy, 4, price));
    }
    let reports = desk.quote(100, 5, 103, 10);
    let by_id: Vec<_> = fills_of(&reports)
        .iter()
        .map(|f| (f.id, f.quantity))
        .collect();
    assert_eq!(by_id, [(2, 4), (3, 4), (1, 2)]);
}

#[test]
fn a_replaced_order_keeps_its_place_only_when_it_shrinks() {
    for (quantity, price, first) in [(2, 105, 1), (6, 105, 2), (4, 105, 1)] {
        let mut desk = desk(Overflow::Partial, true);
        desk.quote(100, 5, 110, 5);
        desk.send(limit(Buy, 4, 105));
        desk.send(limit(Buy, 4, 105));
        assert_eq!(words(&desk.replace(1, quantity, price)), ["replaced"]);
        assert_eq!(
            fills_of(&desk.quote(100, 5, 105, 1))[0].id,
            first,
            "{quantity} at {price}"
        );
    }
}

#[test]
fn an_order_replaced_to_a_marketable_price_takes() {
    let mut desk = desk(Overflow::Partial, true);
    desk.quote(100, 5, 102, 5);
    desk.send(limit(Buy, 4, 99));
    assert_eq!(
        words(&desk.replace(1, 4, 103)),
        ["replaced", "filled 102x4"]
    );
}

#[test]
fn a_sizeless_quote_fills_in_full_with_slippage() {
    let slippage = Slippage {
        model: SlippageModel::OneTick,
        volume_limit: None,
    };
    let mut desk = Desk::new(
        ExchangeConfig {
            slippage,
            ..config()
        },
        share(),
    );
    desk.quote(100, UNDEFINED, 102, UNDEFINED);
    assert_eq!(fills(&desk.send(market(Buy, 5_000))), [(103, 5_000)]);
    assert_eq!(
        fills(&desk.send(limit(Sell, 5_000, 100))),
        [(100, 5_000)],
        "never past a limit"
    );
}

fn book(levels: &[(Side, i64, i64)]) -> Book {
    let mut book = Book::new();
    book.clear();
    for &(side, price, size) in levels {
        book.apply(Level { side, price, size });
    }
    book
}

#[test]
fn a_taker_walks_the_levels_of_a_book_and_meets_what_it_left() {
    let mut desk = desk(Overflow::OneTick, true);
    let mut out = Vec::new();
    let levels = [
        (Buy, 100, 4),
        (Sell, 102, 1),
        (Sell, 103, 2),
        (Sell, 105, 3),
    ];
    desk.venue.on_book(1, 0, &book(&levels), &mut out);
    assert_eq!(fills(&desk.send(market(Buy, 2))), [(102, 1), (103, 1)]);
    let deeper = [(Buy, 99, 4), (Sell, 102, 1), (Sell, 103, 2), (Sell, 105, 9)];
    desk.venue.on_book(2, 0, &book(&deeper), &mut out);
    assert_eq!(
        fills(&desk.send(market(Buy, 11))),
        [(103, 1), (105, 9), (106, 1)]
    );
    desk.venue.on_book_invalid(0);
    assert_eq!(words(&desk.send(market(Buy, 1))), ["rejected no_market"]);
}

#[test]
fn quotes_beside_a_book_are_not_matched() {
    let mut desk = desk(Overflow::OneTick, true);
    let mut out = Vec::new();
    desk.venue
        .on_book(1, 0, &book(&[(Buy, 100, 4), (Sell, 102, 4)]), &mut out);
    desk.quote(90, 5, 91, 5);
    assert_eq!(fills(&desk.send(market(Buy, 1))), [(102, 1)]);
}

#[test]
fn an_order_before_any_data_waits_for_the_first_market() {
    let mut desk = desk(Overflow::OneTick, true);
    assert_eq!(words(&desk.send(market(Buy, 5))), ["accepted"]);
    assert_eq!(fills(&desk.quote(100, 5, 102, 5)), [(102, 5)]);
}

#[test]
fn resting_limits_never_fill_from_quotes_when_trades_are_authoritative() {
    let mut desk = Desk::new(
        ExchangeConfig {
            passive: Passive::Trades,
            ..config()
        },
        share(),
    );
    desk.quote(100, 5, 102, 5);
    desk.send(limit(Buy, 5, 101));
    assert_eq!(fills(&desk.quote(98, 5, 99, 5)), []);
    assert_eq!(fills(&desk.trade(101, 2)), [(101, 2)]);
    assert_eq!(fills(&desk.trade(100, 1)), [(101, 3)], "through: all of it");
}
