//! The words that stand for enum members: the values of `openoutcry.state.enums`.

use crate::types::{Liquidity, OrderType, Side, TimeInForce, TriggerSource};

pub fn side(value: Side) -> &'static str {
    match value {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

pub fn order_type(value: OrderType) -> &'static str {
    match value {
        OrderType::Market => "market",
        OrderType::Limit => "limit",
        OrderType::Stop => "stop",
        OrderType::StopLimit => "stop_limit",
        OrderType::TakeProfit => "take_profit",
        OrderType::TakeProfitLimit => "take_profit_limit",
        OrderType::TrailingStop => "trailing_stop",
    }
}

pub fn time_in_force(value: TimeInForce) -> &'static str {
    match value {
        TimeInForce::Gtc => "gtc",
        TimeInForce::Ioc => "ioc",
        TimeInForce::Fok => "fok",
        TimeInForce::Gtd => "gtd",
        TimeInForce::Day => "day",
    }
}

pub fn trigger_source(value: TriggerSource) -> &'static str {
    match value {
        TriggerSource::BidAsk => "bid_ask",
        TriggerSource::Last => "last",
        TriggerSource::Mark => "mark",
        TriggerSource::Mid => "mid",
    }
}

pub fn trailing_kind(in_basis_points: bool) -> &'static str {
    if in_basis_points {
        "basis_points"
    } else {
        "price"
    }
}

pub fn liquidity(value: Liquidity) -> &'static str {
    match value {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    }
}
