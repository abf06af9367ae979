use super::*;
use Side::{Buy, Sell};

const UNIT: i64 = 1_000_000_000_000;

fn slipping(model: SlippageModel) -> ExchangeConfig {
    let slippage = Slippage {
        model,
        volume_limit: None,
    };
    ExchangeConfig {
        slippage,
        bar_fill: BarFill::Close,
        ..config()
    }
}

/// The price of a market order of 10 at bid 10,000 and ask 10,010 without sizes.
fn on_quotes(model: SlippageModel, side: Side) -> i64 {
    let mut desk = Desk::new(slipping(model), Instrument { tick: 5, ..share() });
    desk.quote(10_000, UNDEFINED, 10_010, UNDEFINED);
    fills(&desk.send(market(side, 10)))[0].0
}

#[test]
fn each_model_worsens_the_price_to_the_next_tick() {
    let basis_point = UNIT / 10_000;
    for (model, buy, sell) in [
        (SlippageModel::None, 10_010, 10_000),
        (
            SlippageModel::Fixed {
                fraction: basis_point,
            },
            10_015,
            9_995,
        ),
        (
            SlippageModel::Fixed {
                fraction: 10 * basis_point,
            },
            10_025,
            9_990,
        ),
        (
            SlippageModel::Spread {
                fraction: UNIT / 2,
                ticks: 9,
            },
            10_015,
            9_995,
        ),
        (SlippageModel::OneTick, 10_015, 9_995),
        (SlippageModel::VolumeShare { impact: UNIT }, 10_010, 10_000),
    ] {
        assert_eq!(on_quotes(model, Buy), buy, "{model:?}");
        assert_eq!(on_quotes(model, Sell), sell, "{model:?}");
    }
}

#[test]
fn without_a_spread_the_spread_model_counts_ticks() {
    let model = SlippageModel::Spread {
        fraction: UNIT / 2,
        ticks: 3,
    };
    let mut desk = Desk::new(slipping(model), Instrument { tick: 5, ..share() });
    desk.trade(10_000, 1);
    assert_eq!(fills(&desk.send(market(Buy, 10))), [(10_015, 10)]);
}

#[test]
fn volume_share_grows_with_the_square_of_the_share() {
    let model = SlippageModel::VolumeShare { impact: UNIT / 10 };
    let slippage = Slippage {
        model,
        volume_limit: Some(UNIT / 40),
    };
    let setup = ExchangeConfig {
        slippage,
        bar_fill: BarFill::Close,
        ..config()
    };
    let mut desk = Desk::new(
        setup,
        Instrument {
            price_scale: 6,
            ..share()
        },
    );
    desk.bar([3_000_000; 4], 200);
    // zipline: 2.5 % of 200 is 5; 3 x (1 + 0.1 x 0.025^2) = 3.0001875, rounded up to a tick.
    assert_eq!(fills(&desk.send(market(Buy, 100))), [(3_000_188, 5)]);
}

#[test]
fn slippage_never_goes_beyond_a_limit() {
    let model = SlippageModel::Fixed {
        fraction: UNIT / 10,
    };
    let mut desk = Desk::new(slipping(model), share());
    desk.bar([1_000; 4], 200);
    assert_eq!(fills(&desk.send(limit(Buy, 1, 1_020))), [(1_020, 1)]);
    assert_eq!(fills(&desk.send(limit(Sell, 1, 990))), [(990, 1)]);
}

#[test]
fn sized_data_is_walked_and_not_slipped() {
    let model = SlippageModel::Fixed {
        fraction: UNIT / 10,
    };
    let mut desk = Desk::new(slipping(model), share());
    desk.quote(1_000, 50, 1_001, 50);
    assert_eq!(fills(&desk.send(market(Buy, 1))), [(1_001, 1)]);
}
