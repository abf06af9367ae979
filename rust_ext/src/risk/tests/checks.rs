//! What each check says; the boundaries of each stand in `tests/actors/test_risk_checks.py`.

use super::*;
use crate::types::UNDEFINED;

fn market(side: Side) -> Intent {
    order(side, OrderType::Market, 10, None)
}

fn collar() -> Risk {
    let collar = Limit::Units(100_000_000);
    risk(&Limits { collar, ..free() })
}

#[test]
fn a_missing_limit_denies_and_every_reason_is_named() {
    let found = why(&risk(&Limits::default()), &buy(), &Fake::default());
    assert_eq!(
        found,
        [
            "price_collar: no limit is set",
            "max_order_value: no limit is set",
            "max_order_quantity: no limit is set",
            "max_position: no limit is set",
            "order_rate: no limit is set",
        ]
    );
}

#[test]
fn without_limits_only_a_quantity_that_is_none_and_self_match_speak() {
    let free = risk(&free());
    assert!(why(&free, &buy(), &Fake::default()).is_empty());
    let nothing = order(Side::Buy, OrderType::Limit, 0, Some(1));
    let found = why(&free, &nothing, &Fake::default());
    assert_eq!(
        found,
        ["max_order_quantity: a quantity of 0 can't be ordered"]
    );
}

#[test]
fn the_collar_holds_limits_to_the_middle_and_markets_to_the_touch() {
    let risk = collar();
    let mut world = Fake::default();
    let passes = |world: &Fake, side, limit| {
        let order = order(side, OrderType::Limit, 10, Some(limit));
        why(&risk, &order, world).is_empty()
    };
    for (side, limit, expected) in [
        (Side::Buy, 10_100, true),
        (Side::Buy, 10_101, false),
        (Side::Buy, 1, true),
        (Side::Sell, 9_900, true),
        (Side::Sell, 9_899, false),
    ] {
        assert_eq!(passes(&world, side, limit), expected, "{side:?} {limit}");
    }
    let far = order(Side::Buy, OrderType::Limit, 10, Some(10_101));
    let said = "price_collar: 101.01 is more than 100 bp worse than 100.00";
    assert_eq!(why(&risk, &far, &world), [said]);
    for (bid, ask, expected) in [(9_900, 10_100, true), (9_899, 10_101, false)] {
        world.quote = quote(NOW, bid, ask);
        assert_eq!(why(&risk, &market(Side::Buy), &world).is_empty(), expected);
        assert_eq!(why(&risk, &market(Side::Sell), &world).is_empty(), expected);
    }
}

#[test]
fn the_reference_falls_back_from_quote_to_trade_to_bar() {
    let risk = collar();
    for quote in [
        None,
        quote(NOW - 60_001 * MS, 9_990, 10_010),
        quote(NOW, 10_020, 10_010),
        quote(NOW, UNDEFINED, 10_010),
        quote(NOW, 9_990, UNDEFINED),
    ] {
        let mut world = Fake {
            quote,
            trade: Some((NOW - 300_000 * MS, 20_000, 1)),
            bar: Some((NOW - 172_800_000 * MS, 30_000)),
            ..Fake::default()
        };
        let passes = |world: &Fake, limit| {
            why(
                &risk,
                &order(Side::Buy, OrderType::Limit, 1, Some(limit)),
                world,
            )
            .is_empty()
        };
        assert!(passes(&world, 20_200) && !passes(&world, 20_201));
        world.trade = Some((NOW - 300_001 * MS, 20_000, 1));
        assert!(passes(&world, 30_300) && !passes(&world, 30_301));
        world.bar = None;
        let found = why(&risk, &buy(), &world);
        assert_eq!(found, [format!("price_collar: {NO_REFERENCE}")]);
    }
}

#[test]
fn extreme_prices_deny_instead_of_wrapping() {
    let limits = Limits {
        collar: Limit::Units(i128::MAX),
        max_order_quantity: Limit::Units(i128::MAX),
        max_position: Limit::Units(i128::MAX),
        ..free()
    };
    let (risk, mut world) = (risk(&limits), Fake::default());
    world.quote = quote(NOW, i64::MIN + 1, i64::MIN + 1);
    let order = order(Side::Buy, OrderType::Limit, i64::MAX, Some(i64::MAX));
    assert!(why(&risk, &order, &world).is_empty());
    world.positions.insert(None, i128::MAX);
    assert_eq!(
        why(&risk, &order, &world),
        ["max_position: numeric overflow"]
    );
}

#[test]
fn the_position_counts_for_the_strategy_and_for_the_account() {
    let max_position = Limit::Units(20);
    let risk = risk(&Limits {
        max_position,
        ..free()
    });
    for (holder, name) in [(Some(1), "s1"), (None, "the account")] {
        let mut world = Fake::default();
        world.positions.insert(holder, 5);
        world.working.insert(holder, (6, 99));
        let said = format!("max_position: {name} could hold 21, allowed are 20 either way");
        assert_eq!(why(&risk, &buy(), &world), [said]);
        world.working.insert(holder, (5, 99));
        assert!(why(&risk, &buy(), &world).is_empty());
        let sell = order(Side::Sell, OrderType::Limit, 10, Some(10_000));
        let said = format!("max_position: {name} could hold -104, allowed are 20 either way");
        assert_eq!(why(&risk, &sell, &world), [said]);
        let mut reducing = sell;
        reducing.submit.reduce_only = true;
        assert!(why(&risk, &reducing, &world).is_empty());
    }
}

#[test]
fn the_window_opens_exactly_when_the_oldest_order_has_left_it() {
    let max_orders = Limit::Units(1);
    let mut risk = risk(&Limits {
        max_orders,
        ..free()
    });
    let mut world = Fake::default();
    risk.approved(&buy(), NOW);
    world.now = NOW + 1000 * MS - 1;
    let said = "order_rate: 1 orders within 1000 ms are allowed";
    assert_eq!(why(&risk, &buy(), &world), [said]);
    let of_another = Intent { book: 2, ..buy() };
    assert!(why(&risk, &of_another, &world).is_empty());
    world.now += 1;
    assert!(why(&risk, &buy(), &world).is_empty());
}

#[test]
fn an_order_that_would_meet_one_of_ours_is_denied() {
    let risk = risk(&free());
    let mut world = Fake::default();
    for (asked, resting, denied) in [
        (
            order(Side::Buy, OrderType::Limit, 1, Some(10_020)),
            10_020,
            true,
        ),
        (
            order(Side::Buy, OrderType::Limit, 1, Some(10_019)),
            10_020,
            false,
        ),
        (market(Side::Buy), 10_010, true),
        (market(Side::Buy), 10_011, false),
        (market(Side::Sell), 9_990, true),
        (market(Side::Sell), 9_989, false),
        (order(Side::Buy, OrderType::Stop, 1, None), 10_010, false),
    ] {
        let side = asked.submit.side;
        world.resting = vec![(side, 2, resting), (side.opposite(), 2, resting)];
        assert_eq!(!why(&risk, &asked, &world).is_empty(), denied, "{asked:?}");
    }
    world.quote = None;
    world.resting = vec![(Side::Sell, 2, 99_999)];
    let said = "self_match: it would trade against the sell of s2 at 999.99";
    assert_eq!(why(&risk, &market(Side::Buy), &world), [said]);
}

#[test]
fn a_replace_is_measured_by_what_it_adds() {
    let terms = new_terms(
        &buy(),
        &crate::orders::NewTerms {
            quantity: Some(21),
            limit: None,
            trigger: Some(1),
        },
    );
    assert_eq!(terms.submit.quantity, 21);
    assert_eq!(
        (terms.submit.limit, terms.submit.trigger),
        (Some(10_000), Some(1))
    );
    assert_eq!(added(21, 4, 11), 6);
    assert_eq!(added(3, 4, 6), -6);
    let reasons = ["a: b".to_owned(), "c: d".to_owned()];
    assert_eq!(denial(&reasons), "denied: a: b; c: d");
    let max_position = Limit::Units(20);
    let risk = risk(&Limits {
        max_position,
        ..free()
    });
    let mut world = Fake::default();
    world.working.insert(Some(1), (15, 0));
    assert!(risk.reasons(&terms, 5, &world).is_empty());
    assert_eq!(risk.reasons(&terms, 6, &world).len(), 1);
}
