use super::*;
use Side::{Buy, Sell};

const UNIT: i64 = 1_000_000_000_000;
const COIN: i128 = 100_000_000;

fn paid(reports: &[Report]) -> Vec<(i128, CurrencyIx)> {
    fills_of(reports)
        .iter()
        .map(|fill| (fill.fee, fill.fee_currency))
        .collect()
}

fn desk(fees: Fees) -> Desk {
    let balances = vec![(USD, 100_000_000), (BTC, 10 * COIN), (BNB, COIN)];
    let coins = coin();
    let token = Instrument {
        id: "BNBUSD.SIM".into(),
        base: Some(BNB),
        ..coin()
    };
    let mut desk = Desk::with(
        ExchangeConfig {
            fees,
            balances,
            ..cash(0)
        },
        vec![coins, token],
    );
    desk.quote(9_900, 50_000, 10_000, 50_000);
    desk
}

#[test]
fn makers_and_takers_pay_their_own_rate_and_rebates_are_negative() {
    let mut desk = desk(Fees {
        maker: -UNIT / 10_000,
        taker: UNIT / 1_000,
        ..config().fees
    });
    assert_eq!(paid(&desk.send(market(Buy, 1_000))), [(10, USD)]);
    desk.send(limit(Buy, 1_000, 9_950));
    assert_eq!(paid(&desk.quote(9_000, 9_000, 9_100, 9_000)), [(-1, USD)]);
}

#[test]
fn a_fee_in_the_base_currency_is_taken_from_what_is_bought_and_sells_pay_in_quote() {
    let mut desk = desk(Fees {
        taker: UNIT / 1_000,
        currency: FeeCurrency::Base,
        ..config().fees
    });
    assert_eq!(paid(&desk.send(market(Buy, 1_234))), [(123_400, BTC)]);
    assert_eq!(desk.venue.balance(BTC), 10 * COIN + 123_400_000 - 123_400);
    assert_eq!(
        paid(&desk.send(market(Sell, 1_000))),
        [(10, USD)],
        "9.9 cents"
    );
}

#[test]
fn a_fee_in_a_third_currency_is_converted_at_its_last_price() {
    let other = FeeCurrency::Other(BNB);
    let mut desk = desk(Fees {
        taker: UNIT / 1_000,
        currency: other,
        ..config().fees
    });
    assert_eq!(
        words(&desk.send(market(Buy, 1_000))),
        ["rejected no_fee_rate"]
    );
    let quote = Quote {
        ts_event: 0,
        ts_received: 0,
        bid: 30_000,
        ask: 30_100,
        bid_size: 5,
        ask_size: 5,
    };
    desk.venue.on_quote(desk.ts, 1, &quote, &mut Vec::new());
    // 0.1 % of 100.00 USD at 300.00 USD.
    assert_eq!(paid(&desk.send(market(Buy, 1_000))), [(33_333, BNB)]);
    assert_eq!(desk.venue.balance(BNB), COIN - 33_333);
}

#[test]
fn the_minimum_counts_over_all_fills_of_an_order() {
    let minimum = Fees {
        per_share: UNIT / 100,
        minimum: UNIT,
        ..config().fees
    };
    let mut desk = Desk::new(
        ExchangeConfig {
            fees: minimum,
            ..config()
        },
        share(),
    );
    desk.quote(100, 50, 110, 50);
    desk.send(limit(Buy, 300, 105));
    let mut all = Vec::new();
    for size in [60, 61, 62, 63, 64] {
        all.extend(desk.quote(90, 50, 100, size));
    }
    let fees: Vec<i128> = fills_of(&all).iter().map(|fill| fill.fee).collect();
    assert_eq!(
        fees,
        [100, 21, 62, 63, 54],
        "1.00, then a cent a share beyond the first hundred"
    );
}

#[test]
fn a_fee_per_order_is_paid_with_the_first_fill() {
    let per_order = Fees {
        per_order: 3 * UNIT,
        ..config().fees
    };
    let mut desk = Desk::new(
        ExchangeConfig {
            fees: per_order,
            overflow: Overflow::OneTick,
            ..config()
        },
        share(),
    );
    desk.quote(100, 50, 110, 50);
    assert_eq!(paid(&desk.send(market(Buy, 60))), [(300, USD), (0, USD)]);
}

#[test]
fn a_fee_is_rounded_once_in_the_mode_of_the_config() {
    // 0.1 % of 125.00 is 12.5 cents, of 121.00 12.1 cents.
    for (rounding, quantity, expected) in [
        (Rounding::HalfEven, 12_500, 12),
        (Rounding::HalfUp, 12_500, 13),
        (Rounding::Up, 12_500, 13),
        (Rounding::HalfUp, 12_100, 12),
        (Rounding::Up, 12_100, 13),
    ] {
        let fees = Fees {
            taker: UNIT / 1_000,
            rounding,
            ..config().fees
        };
        let mut desk = Desk::new(ExchangeConfig { fees, ..config() }, share());
        desk.quote(1, quantity, 1, quantity);
        assert_eq!(paid(&desk.send(market(Buy, quantity))), [(expected, USD)]);
    }
}
