//! Numbers that other engines published: commissions, slippage, small accounts.

use super::*;
use Side::{Buy, Sell};

const UNIT: i64 = 1_000_000_000_000;

fn z1(fees: Fees) -> Vec<i128> {
    let instrument = Instrument {
        price_scale: 0,
        ..share()
    };
    let mut state = Default::default();
    let slices = [(100, 230), (101, 170), (102, 100)];
    let fee = |(price, quantity): (i64, i64)| {
        let taker = Liquidity::Taker;
        let (fee, next) = fees
            .of_fill(&instrument, 3, state, price, quantity, taker)
            .expect("it fits");
        state = next;
        fee
    };
    slices.into_iter().map(fee).collect()
}

fn cumulative(fees: &[i128]) -> Vec<i128> {
    fees.iter()
        .scan(0, |sum, fee| {
            *sum += fee;
            Some(*sum)
        })
        .collect()
}

#[test]
fn z1_commissions() {
    let none = config().fees;
    assert_eq!(
        z1(Fees {
            per_order: 10 * UNIT,
            ..none
        }),
        [10_000, 0, 0]
    );
    let per_share = Fees {
        per_share: UNIT * 75 / 10_000,
        ..none
    };
    assert_eq!(z1(per_share), [1_725, 1_275, 750]);
    for (minimum, expected) in [
        (10, [1_725, 3_000, 3_750]),
        (25, [2_500, 3_000, 3_750]),
        (35, [3_500, 3_500, 3_750]),
        (55, [5_500, 5_500, 5_500]),
    ] {
        let fees = Fees {
            minimum: UNIT / 10 * minimum,
            ..per_share
        };
        assert_eq!(cumulative(&z1(fees)), expected, "minimum {minimum} / 10");
    }
    let per_dollar = Fees {
        taker: UNIT * 15 / 10_000,
        ..none
    };
    assert_eq!(z1(per_dollar), [34_500, 25_755, 15_300]);
}

#[test]
fn z2_fixed_basis_points_and_volume_limit() {
    for (bps, limit, side, quantity, expected) in [
        (5, Some(UNIT / 10), Buy, 100, (30_015, 20)),
        (5, Some(UNIT / 10), Sell, 100, (29_985, 20)),
        (5, Some(UNIT / 10), Buy, 10, (30_015, 10)),
        (10, None, Buy, 100, (30_030, 100)),
    ] {
        let model = SlippageModel::Fixed {
            fraction: UNIT / 10_000 * bps,
        };
        let slippage = Slippage {
            model,
            volume_limit: limit,
        };
        let setup = ExchangeConfig {
            slippage,
            bar_fill: BarFill::Close,
            ..config()
        };
        let mut desk = Desk::new(
            setup,
            Instrument {
                price_scale: 4,
                ..share()
            },
        );
        desk.bar([30_000; 4], 200);
        assert_eq!(fills(&desk.send(market(side, quantity))), [expected]);
    }
}

#[test]
fn n3_quotes_of_an_fx_pair_on_margin() {
    let pair = Instrument {
        price_scale: 5,
        min_quantity: 1_000,
        margin_initial: 30_000_000,
        ..contract()
    };
    let fees = Fees {
        maker: UNIT / 50_000,
        taker: UNIT / 50_000,
        ..config().fees
    };
    let setup = ExchangeConfig {
        fees,
        leverage: 1_000_000_000,
        ..config()
    };
    let mut desk = Desk::new(setup, pair);
    let mut all = Vec::new();
    for (tick, price) in [70_000, 70_000, 70_010, 70_020, 70_020]
        .into_iter()
        .enumerate()
    {
        desk.quote(price, 1_000_000, price, 1_000_000);
        match tick + 1 {
            2 => all.extend(desk.send(market(Buy, 100_000))),
            4 => all.extend(desk.send(market(Sell, 100_000))),
            _ => {}
        }
    }
    assert_eq!(fills(&all), [(70_000, 100_000), (70_020, 100_000)]);
    assert_eq!(
        fills_of(&all).iter().map(|f| f.fee).collect::<Vec<_>>(),
        [140, 140]
    );
    assert_eq!(desk.venue.balance(USD), 100_001_720);
}

#[test]
fn n4_quotes_of_a_coin_on_a_cash_account() {
    let pair = Instrument {
        size_scale: 5,
        quote: BNB,
        settlement: BNB,
        ..coin()
    };
    let fees = Fees {
        maker: UNIT / 10_000,
        taker: UNIT / 10_000,
        ..config().fees
    };
    let one = 100_000_000i128;
    let balances = vec![(BTC, 10 * one), (BNB, 100_000 * one)];
    let mut desk = Desk::new(
        ExchangeConfig {
            fees,
            balances,
            ..cash(0)
        },
        pair,
    );
    let mut all = Vec::new();
    for (tick, price) in [200_000, 200_000, 200_050, 200_100, 200_100]
        .into_iter()
        .enumerate()
    {
        desk.quote(price, 1_000_000, price, 1_000_000);
        match tick + 1 {
            2 => all.extend(desk.send(market(Buy, 50_000))),
            4 => all.extend(desk.send(market(Sell, 50_000))),
            _ => {}
        }
    }
    assert_eq!(
        fills_of(&all).iter().map(|f| f.fee).collect::<Vec<_>>(),
        [10_000_000, 10_005_000]
    );
    assert_eq!(desk.venue.balance(BNB), 10_000_029_995_000);
    assert_eq!(desk.venue.balance(BTC), 10 * one);
}
