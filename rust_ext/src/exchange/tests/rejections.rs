use super::*;
use Side::{Buy, Sell};

fn strict() -> Instrument {
    Instrument {
        tick: 5,
        lot: 10,
        min_quantity: 20,
        max_quantity: 1_000,
        min_notional: 3_000,
        ..share()
    }
}

fn post_only(price: i64) -> Submit {
    Submit {
        post_only: true,
        ..limit(Buy, 100, price)
    }
}

#[test]
fn an_order_that_breaks_a_rule_is_rejected_with_its_word() {
    let gtd = |expire| Submit {
        time_in_force: TimeInForce::Gtd,
        expire,
        ..limit(Buy, 100, 100)
    };
    let unpriced = |order_type| order(Buy, order_type, 100);
    for (submit, reason) in [
        (limit(Buy, 100, 101), "off_tick"),
        (limit(Buy, 100, UNDEFINED), "off_tick"),
        (stop(Buy, 100, 101), "off_tick"),
        (limit(Buy, 105, 100), "off_lot"),
        (limit(Buy, 0, 100), "invalid_quantity"),
        (limit(Buy, -10, 100), "invalid_quantity"),
        (limit(Buy, 10, 100), "below_min_quantity"),
        (limit(Buy, 1_010, 100), "above_max_quantity"),
        (limit(Buy, 20, 100), "below_min_notional"),
        (unpriced(OrderType::Limit), "missing_price"),
        (unpriced(OrderType::Stop), "missing_price"),
        (unpriced(OrderType::TakeProfit), "missing_price"),
        (unpriced(OrderType::TrailingStop), "missing_price"),
        (
            Submit {
                trigger: Some(100),
                ..unpriced(OrderType::StopLimit)
            },
            "missing_price",
        ),
        (gtd(None), "expire_in_past"),
        (gtd(Some(1)), "expire_in_past"),
        (post_only(110), "post_only_would_take"),
        (
            Submit {
                reduce_only: true,
                ..market(Sell, 100)
            },
            "reduce_only",
        ),
        (
            Submit {
                parent: Some(99),
                ..limit(Buy, 100, 100)
            },
            "unknown_parent",
        ),
        (limit(Buy, 1_000, 1_000_000_000), "insufficient_margin"),
    ] {
        let mut desk = Desk::new(config(), strict());
        desk.quote(100, 500, 110, 500);
        if reason == "insufficient_margin" {
            desk.quote(1_000_000_000, 500, 1_000_000_000, 500);
        }
        assert_eq!(
            words(&desk.send(submit.clone())),
            [format!("rejected {reason}")],
            "{submit:?}"
        );
        assert_eq!(desk.venue.position(0), 0);
    }
}

#[test]
fn an_order_inside_the_rules_is_taken() {
    let mut desk = Desk::new(config(), strict());
    desk.quote(100, 500, 110, 500);
    assert_eq!(words(&desk.send(limit(Buy, 100, 105))), ["accepted"]);
    assert_eq!(words(&desk.send(post_only(105))), ["accepted"]);
}

#[test]
fn an_index_is_not_tradable_and_a_contract_needs_a_margin_account() {
    let index = Instrument {
        tradable: false,
        ..share()
    };
    assert_eq!(
        words(&Desk::new(config(), index).send(market(Buy, 1))),
        ["rejected not_tradable"]
    );
    let mut desk = Desk::new(cash(1_000_000), contract());
    assert_eq!(
        words(&desk.send(market(Buy, 1))),
        ["rejected margin_account_required"]
    );
}

#[test]
fn a_client_order_id_is_never_used_twice() {
    let mut desk = Desk::new(config(), share());
    desk.quote(100, 5, 102, 5);
    let again = Submit {
        id: 7,
        ..limit(Buy, 1, 100)
    };
    assert_eq!(words(&desk.send(again.clone())), ["accepted"]);
    let duplicate = ["rejected duplicate_client_order_id"];
    assert_eq!(words(&desk.send(again.clone())), duplicate);
    desk.cancel(7);
    assert_eq!(words(&desk.send(again)), duplicate);
    let refused = Submit {
        id: 8,
        ..limit(Buy, 0, 100)
    };
    desk.send(refused);
    assert_eq!(
        words(&desk.send(Submit {
            id: 8,
            ..limit(Buy, 1, 100)
        })),
        duplicate
    );
}

#[test]
fn cancels_and_replaces_of_orders_that_do_not_work_are_rejected() {
    let mut desk = Desk::new(config(), strict());
    desk.quote(100, 500, 110, 500);
    assert_eq!(words(&desk.cancel(5)), ["cancel rejected unknown_order"]);
    assert_eq!(
        words(&desk.replace(5, 20, 100)),
        ["replace rejected unknown_order"]
    );
    desk.send(limit(Buy, 100, 100));
    assert_eq!(words(&desk.cancel(1)), ["canceled requested"]);
    assert_eq!(words(&desk.cancel(1)), ["cancel rejected order_closed"]);
    assert_eq!(
        words(&desk.replace(1, 20, 100)),
        ["replace rejected order_closed"]
    );
}

#[test]
fn a_replace_is_checked_like_a_new_order() {
    for (quantity, price, reason) in [
        (100, 101, "off_tick"),
        (105, 100, "off_lot"),
        (1_010, 100, "above_max_quantity"),
        (30, 100, "below_filled"),
        (100, 110, "post_only_would_take"),
    ] {
        let mut desk = Desk::new(config(), strict());
        desk.quote(100, 500, 110, 500);
        desk.send(post_only(105));
        desk.quote(90, 500, 105, 40);
        desk.quote(100, 500, 110, 500);
        let expected = [format!("replace rejected {reason}")];
        assert_eq!(words(&desk.replace(1, quantity, price)), expected);
    }
}

#[test]
fn a_replace_to_the_filled_quantity_ends_the_order() {
    let mut desk = Desk::new(config(), strict());
    desk.quote(100, 500, 110, 500);
    desk.send(limit(Buy, 100, 105));
    desk.quote(90, 500, 105, 40);
    assert_eq!(
        words(&desk.replace(1, 40, 105)),
        ["replaced", "canceled requested"]
    );
}

#[test]
fn a_config_that_cannot_work_is_an_error() {
    let other = |currency| Fees {
        currency,
        ..config().fees
    };
    for broken in [
        ExchangeConfig {
            leverage: 0,
            ..config()
        },
        ExchangeConfig {
            balances: vec![(9, 1)],
            ..config()
        },
        ExchangeConfig {
            fees: other(FeeCurrency::Other(9)),
            ..config()
        },
        ExchangeConfig {
            fees: other(FeeCurrency::Other(BNB)),
            ..config()
        },
    ] {
        assert!(Exchange::new(broken, vec![share()], vec![2, 8, 8]).is_err());
    }
    let lost = Instrument {
        settlement: 9,
        ..share()
    };
    assert!(Exchange::new(config(), vec![lost], vec![2, 8, 8]).is_err());
}
