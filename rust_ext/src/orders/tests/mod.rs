//! Orders and evidence with short names; the tables against each other are tested from Python.

mod order;
mod speed;
mod table;

use super::{Event, FillEvent, Intent, Order, OrderStatus, OrderTable, Outcome, VenueKey, What};
use crate::directory::Directory;
use crate::types::{Instrument, Liquidity, OrderType, Side, Submit, TimeInForce, TriggerSource};

pub const SIZE: i64 = 10;
pub const VENUE_ID: VenueKey = VenueKey::Number(71);

/// Two instruments with whole units and the strategies 1 and 2.
pub fn names() -> Directory {
    let instrument = |id: &str| Instrument {
        id: id.into(),
        price_scale: 2,
        size_scale: 0,
        tick: 1,
        lot: 1,
        min_quantity: 1,
        max_quantity: i64::MAX,
        min_notional: 0,
        multiplier: 1,
        multiplier_scale: 0,
        inverse: false,
        margined: true,
        base: None,
        quote: 0,
        settlement: 0,
        margin_initial: 0,
        margin_maintenance: 0,
        shortable: true,
        tradable: true,
    };
    Directory::new(
        vec![instrument("BTCUSDT.SIM"), instrument("X.SIM")],
        vec![("USDT".into(), 2)],
        vec!["s1".into(), "s2".into()],
    )
}

/// A limit buy of ten units by strategy 1.
pub fn intent(id: u128) -> Intent {
    Intent {
        ts: 1,
        book: 1,
        submit: Submit {
            id,
            instrument: 0,
            side: Side::Buy,
            order_type: OrderType::Limit,
            quantity: SIZE,
            limit: Some(10_000),
            trigger: None,
            trigger_source: TriggerSource::BidAsk,
            trailing_offset: None,
            trailing_bps: false,
            time_in_force: TimeInForce::Gtc,
            expire: None,
            post_only: false,
            reduce_only: false,
            parent: None,
            oco_group: 0,
            position: 0,
        },
        arrival: None,
        oco_group: None,
        position: 0,
        tag: 0,
    }
}

pub fn event(id: u128, what: What) -> Event {
    Event {
        id,
        instrument: 0,
        ts_event: 5,
        ts_received: 5,
        what,
    }
}

pub fn accepted() -> What {
    What::Accepted {
        venue_order_id: VENUE_ID,
    }
}

/// A fill; without a cumulative the venue claims no more than this fill.
pub fn fill(quantity: i64, fill_id: u64, cumulative: i64) -> What {
    What::Filled(Box::new(FillEvent {
        venue_order_id: VENUE_ID,
        fill_id: VenueKey::Number(fill_id),
        side: Side::Buy,
        price: 10_000,
        quantity,
        cumulative: if cumulative == 0 {
            quantity
        } else {
            cumulative
        },
        price_scale: 2,
        size_scale: 0,
        fee: 0,
        fee_currency: 0,
        liquidity: Liquidity::Taker,
        position: 0,
    }))
}

pub fn canceled(cumulative: i64) -> What {
    What::Canceled {
        cumulative,
        reason: "requested".into(),
    }
}

/// An order after some evidence, all of which counted.
pub fn order_after(evidence: impl IntoIterator<Item = What>) -> Order {
    let names = names();
    let mut order = Order::new(intent(1));
    for what in evidence {
        assert_eq!(order.apply(&event(1, what), &names), Outcome::Applied);
    }
    order
}

/// Adds an order and fills it.
pub fn filled(table: &mut OrderTable, id: u128) {
    let names = names();
    table.add(intent(id)).unwrap();
    for what in [What::Submitted, accepted(), fill(SIZE, id as u64, 0)] {
        let applied = table.apply(&event(id, what), &names).unwrap();
        assert_eq!(applied.outcome, Outcome::Applied);
    }
    assert_eq!(table.get(id).unwrap().status, OrderStatus::Filled);
}
