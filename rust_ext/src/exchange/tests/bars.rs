use super::*;
use Side::{Buy, Sell};

fn desk(bar_fill: BarFill) -> Desk {
    let mut desk = Desk::new(
        ExchangeConfig {
            bar_fill,
            ..config()
        },
        share(),
    );
    desk.bar([100, 110, 90, 105], 400);
    desk
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_market_order_fills_at_the_next_open() {
    let mut desk = desk(BarFill::NextOpen);
    assert_eq!(words(&desk.send(market(Buy, 5))), ["accepted"]);
    let (opened, closed) = desk.bar([107, 120, 101, 118], 400);
    assert_eq!(words(&opened), ["filled 107x5"]);
    assert_eq!(words(&closed), none());
}

#[test]
fn a_market_order_fills_at_the_close_when_the_config_says_so() {
    let mut desk = desk(BarFill::Close);
    assert_eq!(
        words(&desk.send(market(Buy, 5))),
        ["accepted", "filled 105x5"]
    );
}

#[test]
fn a_resting_limit_fills_at_its_price_inside_the_range_and_better_at_a_gap() {
    for (limit_price, bar, expected) in [
        (95, [100, 110, 96, 100], None),
        (95, [100, 110, 95, 100], Some((95, true))),
        (95, [93, 110, 92, 100], Some((93, false))),
    ] {
        let mut desk = desk(BarFill::NextOpen);
        desk.send(limit(Buy, 5, limit_price));
        let (opened, closed) = desk.bar(bar, 400);
        let all = [opened, closed].concat();
        assert_eq!(
            fills(&all),
            expected
                .map(|(p, _)| (p, 5))
                .into_iter()
                .collect::<Vec<_>>()
        );
        if let Some((_, maker)) = expected {
            assert_eq!(
                is_maker(&all),
                maker,
                "an opening gap takes, the range makes"
            );
        }
    }
}

#[test]
fn a_post_only_limit_keeps_its_price_at_a_gap() {
    let mut desk = desk(BarFill::NextOpen);
    desk.send(Submit {
        post_only: true,
        ..limit(Buy, 5, 95)
    });
    let (opened, _) = desk.bar([93, 110, 92, 100], 400);
    assert_eq!(fills(&opened), [(95, 5)]);
    assert!(is_maker(&opened));
}

#[test]
fn a_stop_fills_at_its_trigger_inside_the_range_and_at_the_open_beyond_it() {
    for (bar, expected) in [
        ([100, 110, 96, 100], none()),
        (
            [100, 110, 80, 100],
            vec!["triggered".into(), "filled 95x5".into()],
        ),
        (
            [93, 110, 80, 100],
            vec!["triggered".into(), "filled 93x5".into()],
        ),
    ] {
        let mut desk = desk(BarFill::NextOpen);
        desk.send(stop(Sell, 5, 95));
        let (opened, closed) = desk.bar(bar, 400);
        assert_eq!(words(&[opened, closed].concat()), expected);
    }
}

#[test]
fn a_bar_that_reaches_both_sides_of_a_bracket_hits_the_stop() {
    let mut desk = desk(BarFill::Close);
    desk.send(market(Buy, 5));
    let exit = |submit| Submit {
        oco_group: 9,
        reduce_only: true,
        ..submit
    };
    desk.send(exit(limit(Sell, 5, 120)));
    desk.send(exit(stop(Sell, 5, 95)));
    let (_, closed) = desk.bar([105, 125, 90, 110], 400);
    assert_eq!(words(&closed), ["triggered", "filled 95x5", "canceled oco"]);
}

#[test]
fn an_order_that_came_inside_a_bar_sees_its_close_only() {
    let mut desk = desk(BarFill::NextOpen);
    let mut out = Vec::new();
    let ts_open = desk.ts + 10;
    desk.venue.on_bar_open(
        ts_open,
        0,
        &opening(ts_open, PriceType::Last, 105, 400),
        &mut out,
    );
    desk.ts = ts_open + 10;
    desk.send(limit(Buy, 5, 95));
    desk.send(stop(Sell, 5, 98));
    desk.send(limit(Buy, 5, 101));
    let bar = Bar {
        ts_open,
        ts_event: ts_open + 60,
        ts_received: ts_open + 60,
        price_type: PriceType::Last,
        open: 105,
        high: 110,
        low: 90,
        close: 100,
        volume: 400,
        count: 0,
    };
    desk.venue.on_bar(ts_open + 60, 0, &bar, &mut out);
    assert_eq!(words(&out), ["filled 101x5"]);
}

#[test]
fn a_trailing_stop_follows_the_bar_after_surviving_it() {
    let mut desk = desk(BarFill::NextOpen);
    desk.send(Submit {
        trailing_offset: Some(10),
        ..order(Sell, OrderType::TrailingStop, 5)
    });
    // Armed at 95 (10 below the close 105), moved to 96 by the open; the low comes first.
    assert_eq!(words(&desk.bar([106, 130, 97, 125], 400).1), none());
    assert_eq!(
        words(&desk.bar([125, 126, 119, 121], 400).1),
        ["triggered", "filled 120x5"]
    );
}

#[test]
fn the_volume_limit_fills_over_several_bars() {
    let slippage = Slippage {
        model: SlippageModel::None,
        volume_limit: Some(100_000_000_000),
    };
    let mut desk = Desk::new(
        ExchangeConfig {
            slippage,
            ..config()
        },
        share(),
    );
    desk.bar([100; 4], 200);
    desk.send(market(Buy, 50));
    for (volume, expected) in [
        (205, vec![(101, 20)]),
        (0, vec![]),
        (1_000, vec![(101, 30)]),
    ] {
        assert_eq!(
            fills(&desk.bar([101; 4], volume).0),
            expected,
            "volume {volume}"
        );
    }
}

#[test]
fn the_orders_of_a_bar_share_its_volume() {
    let slippage = Slippage {
        model: SlippageModel::None,
        volume_limit: Some(100_000_000_000),
    };
    let setup = ExchangeConfig {
        slippage,
        bar_fill: BarFill::Close,
        ..config()
    };
    let mut desk = Desk::new(setup, share());
    desk.bar([100; 4], 200);
    assert_eq!(fills(&desk.send(market(Buy, 15))), [(100, 15)]);
    assert_eq!(fills(&desk.send(market(Buy, 15))), [(100, 5)]);
    let (_, closed) = desk.bar([100, 101, 99, 101], 200);
    assert_eq!(
        fills(&closed),
        [(101, 10)],
        "the rest fills at the next close"
    );
}

#[test]
fn a_path_of_a_last_price_bar_is_four_quotes_of_a_quarter() {
    let setup = ExchangeConfig {
        bar_fill: BarFill::Path,
        overflow: Overflow::OneTick,
        ..config()
    };
    let mut desk = Desk::new(setup, share());
    desk.bar([100, 110, 90, 105], 400);
    assert_eq!(fills(&desk.send(market(Buy, 150))), [(105, 100), (106, 50)]);
    desk.send(limit(Sell, 150, 108));
    desk.send(stop(Sell, 10, 95));
    let (_, closed) = desk.bar([100, 110, 90, 105], 400);
    assert_eq!(
        words(&closed),
        ["filled 108x100", "triggered", "filled 90x10"]
    );
}

fn half(ts: Nanos, price_type: PriceType, prices: [i64; 4]) -> Bar {
    let [open, high, low, close] = prices;
    Bar {
        ts_open: ts - 60,
        ts_event: ts,
        ts_received: ts,
        price_type,
        open,
        high,
        low,
        close,
        volume: 1_000,
        count: 0,
    }
}

#[test]
fn bid_and_ask_bars_of_one_stamp_make_quotes() {
    let setup = ExchangeConfig {
        bar_fill: BarFill::Path,
        overflow: Overflow::OneTick,
        ..config()
    };
    let mut desk = Desk::new(setup, share());
    let mut out = Vec::new();
    let (bid, ask) = ([100, 104, 98, 101], [103, 107, 101, 104]);
    desk.venue
        .on_bar(2_000, 0, &half(2_000, PriceType::Bid, bid), &mut out);
    desk.ts = 2_000;
    assert_eq!(
        words(&desk.send(market(Buy, 600))),
        ["accepted"],
        "one half is no market"
    );
    desk.venue
        .on_bar(2_002, 0, &half(2_000, PriceType::Ask, ask), &mut out);
    assert_eq!(fills(&out), [(103, 250), (104, 350)]);
    assert_eq!(
        fills(&desk.send(market(Sell, 600))),
        [(101, 250), (100, 350)]
    );
    assert_eq!(
        fills(&desk.send(market(Buy, 600))),
        [(104, 250), (105, 350)],
        "the close stands"
    );
}

#[test]
fn bid_bars_serve_sellers_and_ask_bars_buyers() {
    let mut desk = Desk::new(config(), share());
    let mut out = Vec::new();
    for (price_type, open) in [(PriceType::Bid, 100), (PriceType::Ask, 103)] {
        desk.venue
            .on_bar_open(2_000, 0, &opening(2_000, price_type, open, 10), &mut out);
    }
    desk.send(market(Buy, 1));
    desk.send(market(Sell, 1));
    desk.venue
        .on_bar_open(3_000, 0, &opening(3_000, PriceType::Bid, 101, 10), &mut out);
    assert_eq!(fills(&out), [(101, 1)]);
    desk.venue
        .on_bar_open(3_000, 0, &opening(3_000, PriceType::Ask, 104, 10), &mut out);
    assert_eq!(fills(&out), [(101, 1), (104, 1)]);
}

#[test]
fn bars_beside_quotes_are_not_matched() {
    let mut desk = Desk::new(config(), share());
    desk.quote(100, 5, 102, 5);
    desk.send(limit(Buy, 5, 99));
    let (opened, closed) = desk.bar([90; 4], 400);
    assert_eq!(words(&[opened, closed].concat()), none());
}
