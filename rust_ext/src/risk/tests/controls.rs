//! What the controls beyond single instruments say of an order: pass, block, boundary, restart.

use super::*;

fn sell(quantity: i64) -> Intent {
    order(Side::Sell, OrderType::Limit, quantity, Some(10_000))
}

fn buy_of(quantity: i64) -> Intent {
    order(Side::Buy, OrderType::Limit, quantity, Some(10_000))
}

fn by(book: BookIx, order: Intent) -> Intent {
    Intent { book, ..order }
}

const HOLDERS: [Holder; 3] = [Holder::Account, Holder::Strategy(1), Holder::Venue(0)];

fn book_of(holder: Holder) -> Option<BookIx> {
    match holder {
        Holder::Strategy(book) => Some(book),
        _ => None,
    }
}

// --- exposure: a coin is worth 1.00, the other one 0.10 ------------------------------------------

#[test]
fn gross_exposure_counts_each_instrument_on_its_worst_side() {
    for holder in HOLDERS {
        let risk = held(holder, Control::GrossExposure, 5_000);
        let mut world = Fake::default();
        assert!(why(&risk, &buy_of(50), &world).is_empty());
        assert_eq!(why(&risk, &buy_of(51), &world).len(), 1);
        let book = book_of(holder);
        world.positions.insert(book, -20);
        world.working.insert(book, (15, 10)); // at worst 30 short
        world.other.insert(book, -100); // and 10.00 of the other
        assert!(why(&risk, &sell(10), &world).is_empty());
        let name = holder.name(risk.names());
        let said =
            format!("gross_exposure: {name} could come to 50.10 USDT, allowed are 50.00 USDT");
        world.other.insert(book, -101);
        assert_eq!(why(&risk, &sell(10), &world), [said]);
        assert!(
            why(&risk, &buy_of(35), &world).is_empty(),
            "no larger than the other side"
        );
        assert!(!why(&risk, &buy_of(46), &world).is_empty());
    }
}

#[test]
fn net_exposure_lets_opposite_holdings_offset_each_other() {
    for holder in HOLDERS {
        let risk = held(holder, Control::NetExposure, 5_000);
        let mut world = Fake::default();
        let book = book_of(holder);
        world.other.insert(book, -300); // 30.00 short
        assert!(why(&risk, &buy_of(80), &world).is_empty());
        assert!(!why(&risk, &buy_of(81), &world).is_empty());
        assert!(why(&risk, &sell(20), &world).is_empty());
        assert!(!why(&risk, &sell(21), &world).is_empty());
        world.working.insert(book, (0, 20));
        assert!(!why(&risk, &sell(1), &world).is_empty());
    }
}

#[test]
fn what_makes_nothing_larger_is_never_blocked_whatever_is_held() {
    for control in [Control::GrossExposure, Control::NetExposure] {
        let risk = held(Holder::Account, control, 10);
        let mut world = Fake {
            price: [None, None],
            ..Fake::default()
        };
        world.positions.insert(None, 70);
        world.other.insert(None, 1_000);
        assert!(why(&risk, &sell(70), &world).is_empty());
        let reduce = Intent {
            submit: Submit {
                reduce_only: true,
                ..sell(99).submit
            },
            ..sell(99)
        };
        assert!(why(&risk, &reduce, &world).is_empty());
        let found = why(&risk, &buy_of(1), &world);
        assert!(
            found[0].ends_with("BTCUSDT.SIM has no price, or no rate to USDT"),
            "{found:?}"
        );
    }
}

#[test]
fn another_venue_and_another_strategy_do_not_count() {
    let mut world = Fake::default();
    world.positions.insert(Some(2), 1_000);
    let risk = held(Holder::Strategy(1), Control::GrossExposure, 1_000);
    assert!(why(&risk, &buy_of(10), &world).is_empty());
    assert!(!why(&risk, &buy_of(11), &world).is_empty());
    assert!(why(&risk, &by(2, buy_of(11)), &world).is_empty());
}

#[test]
fn sums_beyond_the_integers_deny() {
    let risk = held(Holder::Account, Control::GrossExposure, i128::MAX);
    let mut world = Fake::default();
    world.positions.insert(None, i128::MAX);
    let found = why(&risk, &buy_of(1), &world);
    assert_eq!(found, ["gross_exposure: numeric overflow"]);
}

// --- messages ------------------------------------------------------------------------------------

#[test]
fn messages_count_orders_replaces_and_cancels_and_cancels_always_leave() {
    for holder in [Holder::Strategy(1), Holder::Venue(0)] {
        let fresh = || held(holder, Control::Messages, 3);
        let mut risk = fresh();
        let mut world = Fake::default();
        risk.approved(&buy(), NOW);
        risk.approved(&buy(), NOW + 1);
        assert!(why(&risk, &buy(), &world).is_empty());
        assert!(risk.noted(Note::Canceled(1, 0), NOW + 2).is_empty());
        world.now = NOW + 2;
        let name = holder.name(risk.names());
        let said = format!("message_rate: 3 messages within 1000 ms are allowed to {name}");
        assert_eq!(why(&risk, &buy(), &world), [said]);
        let other = why(&risk, &by(2, buy()), &world);
        assert_eq!(other.is_empty(), holder == Holder::Strategy(1));
        let mut risk = restarted(&risk, fresh());
        world.now = NOW + 1_000 * MS - 1;
        assert!(!why(&risk, &buy(), &world).is_empty());
        world.now += 1;
        assert!(why(&risk, &buy(), &world).is_empty());
        for _ in 0..9 {
            risk.noted(Note::Canceled(1, 1), world.now);
        }
        assert!(!why(&risk, &buy(), &world).is_empty());
    }
}

// --- duplicates ----------------------------------------------------------------------------------

fn twice(ms: i128) -> Risk {
    risk(&Limits {
        duplicate: Limit::Units(ms),
        ..free()
    })
}

#[test]
fn the_same_order_may_come_again_when_its_time_is_over() {
    let mut risk = twice(50);
    let mut world = Fake::default();
    let again = |id: u128, quantity| Intent {
        submit: Submit {
            id,
            ..buy_of(quantity).submit
        },
        ..buy_of(quantity)
    };
    assert!(why(&risk, &again(1, 10), &world).is_empty());
    risk.approved(&again(1, 10), NOW);
    assert!(
        why(&risk, &again(1, 10), &world).is_empty(),
        "a replace of itself"
    );
    risk = restarted(&risk, twice(50));
    world.now = NOW + 50 * MS - 1;
    let said = "duplicate_order: the same order was sent 49 ms ago, it may come again after 50 ms";
    assert_eq!(why(&risk, &again(2, 10), &world), [said]);
    assert!(why(&risk, &again(2, 11), &world).is_empty());
    assert!(why(&risk, &by(2, again(2, 10)), &world).is_empty());
    let sold = Intent {
        submit: Submit {
            id: 3,
            ..sell(10).submit
        },
        ..sell(10)
    };
    assert!(why(&risk, &sold, &world).is_empty());
    world.now += 1;
    assert!(why(&risk, &again(2, 10), &world).is_empty());
}

#[test]
fn without_a_span_nothing_is_a_duplicate() {
    let mut risk = twice(0);
    risk.approved(&buy(), NOW);
    let same = Intent {
        submit: Submit {
            id: 9,
            ..buy().submit
        },
        ..buy()
    };
    assert!(why(&risk, &same, &Fake::default()).is_empty());
}

// --- data and market state -----------------------------------------------------------------------

#[test]
fn what_was_not_heard_of_for_too_long_is_stale() {
    let risk = risk(&Limits {
        max_data_age: Limit::Units(500),
        ..free()
    });
    let mut world = Fake {
        heard: Some(NOW - 500 * MS),
        ..Fake::default()
    };
    assert!(why(&risk, &buy(), &world).is_empty());
    world.now += 1;
    let said = "stale_data: the last datum is 500 ms old, allowed are 500 ms";
    assert_eq!(why(&risk, &buy(), &world), [said]);
    world.heard = None;
    let said = "stale_data: nothing was heard of it yet";
    assert_eq!(why(&risk, &buy(), &world), [said]);
}

#[test]
fn a_silent_feed_and_a_lost_book_deny_until_they_are_back() {
    let mut risk = risk(&free());
    let mut world = Fake::default();
    risk.noted(Note::Stale(0, true), NOW);
    assert_eq!(
        why(&risk, &buy(), &world),
        ["market_state: its feed is silent"]
    );
    let mut risk = restarted(&risk, super::risk(&free()));
    assert_eq!(why(&risk, &buy(), &world).len(), 1);
    risk.noted(Note::Stale(0, false), NOW);
    assert!(why(&risk, &buy(), &world).is_empty());
    world.lost = true;
    let said = "market_state: its book is lost until the next snapshot";
    assert_eq!(why(&risk, &buy(), &world), [said]);
}

// --- reduce-only ---------------------------------------------------------------------------------

#[test]
fn where_it_is_latched_only_orders_pass_that_reduce_at_worst() {
    let all = [
        Scope::default(),
        Scope::strategy(1),
        Scope::venue(0),
        Scope::from((None, Some(0))),
    ];
    for scope in all {
        let mut risk = risk(&free());
        risk.latch(Latched::ReduceOnly, scope, "by hand", 7);
        let risk = restarted(&risk, super::risk(&free()));
        let mut world = Fake::default();
        world.positions.insert(Some(1), 10);
        assert!(why(&risk, &sell(10), &world).is_empty());
        let said = "reduce_only: 11 could fill, 10 are there to reduce (by hand)";
        assert_eq!(why(&risk, &sell(11), &world), [said]);
        world.working.insert(Some(1), (0, 4));
        assert!(why(&risk, &sell(6), &world).is_empty());
        assert!(!why(&risk, &sell(7), &world).is_empty());
        let said = "reduce_only: 1 could fill, 0 are there to reduce (by hand)";
        assert_eq!(why(&risk, &buy_of(1), &world), [said]);
        assert!(
            risk.reasons(&buy_of(5), 0, &world).is_empty(),
            "a replace to less"
        );
        world.positions.insert(Some(1), -10);
        assert!(why(&risk, &buy_of(10), &world).is_empty());
        assert!(!why(&risk, &buy_of(11), &world).is_empty());
        let mut other = by(2, buy_of(1));
        assert_eq!(why(&risk, &other, &world).is_empty(), scope.book.is_some());
        other.submit.reduce_only = true;
        assert!(why(&risk, &other, &world).is_empty());
    }
}

// --- live ----------------------------------------------------------------------------------------

#[test]
fn a_holders_missing_limit_denies_where_it_is_needed() {
    let missing = || Limit::Refused(NO_LIMIT.into());
    let mut controls = Controls::default();
    for control in [
        Control::GrossExposure,
        Control::NetExposure,
        Control::DailyLossHalt,
        Control::DrawdownHalt,
    ] {
        controls.account.set(control, missing());
    }
    let names = ["gross_exposure", "net_exposure", "daily_loss", "drawdown"];
    let expected = names.map(|name| format!("{name}: no limit is set"));
    let found = why(&with(&free(), controls), &buy(), &Fake::default());
    assert_eq!(found, expected);
}
