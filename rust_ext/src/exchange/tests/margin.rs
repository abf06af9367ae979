use super::*;
use Side::{Buy, Sell};

/// 1,000.00 USD, leverage 10; bid and ask 100.00.
fn desk() -> Desk {
    let mut desk = Desk::new(
        ExchangeConfig {
            balances: vec![(USD, 100_000)],
            ..config()
        },
        contract(),
    );
    desk.quote(10_000, 1_000, 10_000, 1_000);
    desk
}

#[test]
fn the_initial_margin_limits_positions_and_working_orders_together() {
    let mut desk = desk();
    assert_eq!(
        words(&desk.send(market(Buy, 101))),
        ["rejected insufficient_margin"]
    );
    assert_eq!(fills(&desk.send(market(Buy, 60))), [(10_000, 60)]);
    assert_eq!(words(&desk.send(limit(Buy, 30, 9_000))), ["accepted"]);
    assert_eq!(
        words(&desk.send(limit(Buy, 11, 9_000))),
        ["rejected insufficient_margin"]
    );
    assert_eq!(words(&desk.send(limit(Buy, 10, 9_000))), ["accepted"]);
    assert_eq!(
        fills(&desk.send(market(Sell, 60))),
        [(10_000, 60)],
        "reducing is always allowed"
    );
}

#[test]
fn the_stated_margin_holds_unless_the_leverage_asks_for_more() {
    for (stated, leverage, largest) in [(30_000_000, 1, 333), (30_000_000, 10, 100), (0, 1, 10)] {
        let balances = vec![(USD, 100_000)];
        let leverage = leverage * 1_000_000_000;
        let setup = ExchangeConfig {
            balances,
            leverage,
            ..config()
        };
        let instrument = Instrument {
            margin_initial: stated,
            ..contract()
        };
        for (quantity, expected) in [
            (largest, "accepted"),
            (largest + 1, "rejected insufficient_margin"),
        ] {
            let mut desk = Desk::new(setup.clone(), instrument.clone());
            desk.quote(10_000, 1_000, 10_000, 1_000);
            assert_eq!(words(&desk.send(market(Buy, quantity)))[0], expected);
        }
    }
}

#[test]
fn a_share_that_cannot_be_borrowed_is_not_sold_short() {
    let mut desk = Desk::new(
        config(),
        Instrument {
            shortable: false,
            ..share()
        },
    );
    desk.quote(100, 50, 100, 50);
    assert_eq!(
        words(&desk.send(market(Sell, 1))),
        ["rejected not_shortable"]
    );
    desk.send(market(Buy, 5));
    assert_eq!(words(&desk.send(limit(Sell, 5, 110))), ["accepted"]);
    assert_eq!(
        words(&desk.send(limit(Sell, 1, 110))),
        ["rejected not_shortable"]
    );
}

#[test]
fn the_account_is_liquidated_when_its_equity_falls_below_the_maintenance_margin() {
    let mut desk = desk();
    desk.send(market(Buy, 100));
    desk.send(limit(Sell, 10, 12_000));
    // Equity 1,000 + 100 x (p - 100), maintenance 5 % of 100 p: they meet at 94.7368...
    assert_eq!(
        words(&desk.quote(9_474, 1_000, 9_475, 1_000)),
        Vec::<String>::new()
    );
    let reports = desk.quote(9_473, 1, 9_475, 1_000);
    assert_eq!(
        words(&reports),
        [
            "canceled liquidated",
            "filled 9473x100",
            "liquidated maintenance_margin"
        ]
    );
    assert_eq!(fills_of(&reports)[0].id, 0, "no client asked for it");
    assert_eq!(
        (desk.venue.position(0), desk.venue.balance(USD)),
        (0, 47_300)
    );
    assert_eq!(words(&desk.send(market(Buy, 1))), ["rejected liquidated"]);
}

#[test]
fn a_mark_price_decides_where_there_is_one() {
    let mut desk = desk();
    desk.mark(10_000);
    desk.send(market(Sell, 100));
    assert_eq!(
        words(&desk.quote(13_000, 1_000, 13_000, 1_000)),
        Vec::<String>::new()
    );
    let reports = desk.mark(11_000);
    assert_eq!(
        words(&reports),
        ["filled 13000x100", "liquidated maintenance_margin"]
    );
}

#[test]
fn small_moves_inside_the_safe_band_never_hide_a_breach() {
    // Walk the price down tick by tick: liquidation comes at exactly the first breach.
    let mut desk = desk();
    desk.send(market(Buy, 100));
    let first = (9_000..10_000)
        .rev()
        .find(|price| !desk.quote(*price, 9, *price, 9).is_empty());
    assert_eq!(first, Some(9_473));
}

#[test]
fn positions_of_one_currency_secure_each_other() {
    let setup = ExchangeConfig {
        balances: vec![(USD, 100_000)],
        ..config()
    };
    let mut desk = Desk::with(setup, vec![contract(), contract()]);
    let quote = |price| Quote {
        ts_event: 0,
        ts_received: 0,
        bid: price,
        ask: price,
        bid_size: 1_000,
        ask_size: 1_000,
    };
    let mut out = Vec::new();
    for ix in [0, 1] {
        desk.venue.on_quote(1, ix, &quote(10_000), &mut out);
    }
    assert_eq!(fills(&desk.send(market(Buy, 50))), [(10_000, 50)]);
    assert_eq!(
        fills(&desk.send(Submit {
            instrument: 1,
            ..market(Sell, 50)
        })),
        [(10_000, 50)]
    );
    let refused = ["rejected insufficient_margin"];
    assert_eq!(
        words(&desk.send(Submit {
            instrument: 1,
            ..market(Sell, 1)
        })),
        refused
    );
    desk.venue.on_quote(2, 0, &quote(9_000), &mut out);
    desk.venue.on_quote(3, 1, &quote(9_000), &mut out);
    assert_eq!(
        words(&out),
        Vec::<String>::new(),
        "the short gained what the long lost"
    );
    desk.venue.on_quote(4, 1, &quote(12_000), &mut out);
    let fills_then_end = [
        "filled 9000x50",
        "filled 12000x50",
        "liquidated maintenance_margin",
    ];
    assert_eq!(words(&out), fills_then_end);
}
