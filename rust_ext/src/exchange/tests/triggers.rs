use super::*;
use Side::{Buy, Sell};

fn conditional(side: Side, order_type: OrderType, trigger: i64) -> Submit {
    Submit {
        trigger: Some(trigger),
        ..order(side, order_type, 5)
    }
}

/// Bid 100, ask 102, 50 on each side.
fn desk() -> Desk {
    let mut desk = Desk::new(config(), share());
    desk.quote(100, 50, 102, 50);
    desk
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn stops_and_take_profits_watch_the_touch_they_would_hit() {
    use OrderType::{Stop, TakeProfit};
    for (side, order_type, trigger, before, after, price) in [
        (Buy, Stop, 105, (103, 104), (103, 105), 105),
        (Sell, Stop, 97, (98, 110), (97, 110), 97),
        (Buy, TakeProfit, 99, (97, 100), (97, 99), 99),
        (Sell, TakeProfit, 103, (102, 110), (103, 110), 103),
    ] {
        let mut desk = desk();
        assert_eq!(
            words(&desk.send(conditional(side, order_type, trigger))),
            ["accepted"]
        );
        assert_eq!(
            words(&desk.quote(before.0, 50, before.1, 50)),
            none(),
            "{order_type:?}"
        );
        let expected = ["triggered".to_string(), format!("filled {price}x5")];
        assert_eq!(
            words(&desk.quote(after.0, 50, after.1, 50)),
            expected,
            "{order_type:?}"
        );
    }
}

#[test]
fn a_trigger_that_is_met_on_arrival_fires_at_once() {
    let reports = desk().send(stop(Buy, 5, 102));
    assert_eq!(words(&reports), ["accepted", "triggered", "filled 102x5"]);
}

#[test]
fn a_stop_limit_becomes_a_limit() {
    let mut desk = desk();
    desk.send(Submit {
        limit: Some(106),
        ..conditional(Buy, OrderType::StopLimit, 105)
    });
    assert_eq!(words(&desk.quote(103, 50, 108, 50)), ["triggered"]);
    assert_eq!(words(&desk.quote(103, 50, 106, 50)), ["filled 106x5"]);
}

#[test]
fn a_crossed_quote_triggers_nothing() {
    let mut desk = desk();
    desk.send(stop(Buy, 5, 105));
    assert_eq!(words(&desk.quote(120, 50, 110, 50)), none());
}

#[test]
fn the_source_decides_which_price_is_watched() {
    let watching = |trigger_source| {
        let mut desk = desk();
        desk.send(Submit {
            trigger_source,
            ..stop(Sell, 5, 90)
        });
        desk
    };
    let fired = ["triggered", "filled 100x5"];
    let mut by_last = watching(TriggerSource::Last);
    assert_eq!(words(&by_last.mark(80)), none());
    assert_eq!(words(&by_last.trade(90, 1)), fired);
    let mut by_mark = watching(TriggerSource::Mark);
    assert_eq!(words(&by_mark.trade(80, 1)), none());
    assert_eq!(words(&by_mark.mark(90)), fired);
    let mut by_mid = watching(TriggerSource::Mid);
    assert_eq!(
        words(&by_mid.quote(80, 50, 101, 50)),
        none(),
        "90.5 is above 90"
    );
    assert_eq!(
        words(&by_mid.quote(80, 50, 100, 50)),
        ["triggered", "filled 80x5"]
    );
}

#[test]
fn a_trailing_stop_follows_the_best_price_and_never_steps_back() {
    let mut desk = desk();
    desk.send(Submit {
        trailing_offset: Some(4),
        ..order(Sell, OrderType::TrailingStop, 5)
    });
    for bid in [110, 107, 112, 109] {
        assert_eq!(words(&desk.quote(bid, 50, bid + 2, 50)), none(), "{bid}");
    }
    assert_eq!(
        words(&desk.quote(108, 50, 110, 50)),
        ["triggered", "filled 108x5"]
    );
}

#[test]
fn a_trailing_offset_in_basis_points_is_rounded_away_from_the_price() {
    let mut desk = Desk::new(config(), Instrument { tick: 5, ..share() });
    desk.quote(10_000, 50, 10_005, 50);
    let trailing = Submit {
        trailing_offset: Some(33),
        trailing_bps: true,
        ..order(Buy, OrderType::TrailingStop, 5)
    };
    desk.send(trailing);
    // 33 bp above 10,005 is 10,038.0165; the next tick is 10,040.
    assert_eq!(words(&desk.quote(10_000, 50, 10_035, 50)), none());
    assert_eq!(
        words(&desk.quote(10_000, 50, 10_040, 50)),
        ["triggered", "filled 10040x5"]
    );
}

#[test]
fn a_trailing_stop_may_start_from_a_given_trigger() {
    let mut desk = desk();
    let trailing = Submit {
        trailing_offset: Some(50),
        trigger: Some(95),
        ..order(Sell, OrderType::TrailingStop, 5)
    };
    desk.send(trailing);
    assert_eq!(
        words(&desk.quote(94, 50, 102, 50)),
        ["triggered", "filled 94x5"]
    );
}

#[test]
fn a_changed_trigger_is_watched_anew() {
    let mut desk = desk();
    desk.send(stop(Sell, 5, 90));
    let moved = Command::Replace {
        id: 1,
        instrument: 0,
        quantity: None,
        limit: None,
        trigger: Some(99),
    };
    assert_eq!(words(&desk.command(moved)), ["replaced"]);
    assert_eq!(
        words(&desk.quote(99, 50, 102, 50)),
        ["triggered", "filled 99x5"]
    );
}

#[test]
fn a_stop_that_fires_while_there_is_no_market_waits_for_one() {
    let mut desk = desk();
    desk.send(Submit {
        trigger_source: TriggerSource::Mark,
        ..stop(Sell, 5, 90)
    });
    desk.quote(100, 50, UNDEFINED, 0);
    assert_eq!(words(&desk.mark(90)), ["triggered"]);
    assert_eq!(words(&desk.quote(88, 50, 91, 50)), ["filled 88x5"]);
}
