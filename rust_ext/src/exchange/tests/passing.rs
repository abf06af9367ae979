//! A run of rows that an idle venue is shown the last of leaves it as showing each row does.

use super::*;
use Side::{Buy, Sell};
use proptest::prelude::*;

fn quote(values: (i64, i64, i64, i64)) -> Quote {
    let (bid, bid_size, ask, ask_size) = values;
    Quote {
        ts_event: 0,
        ts_received: 0,
        bid,
        ask,
        bid_size,
        ask_size,
    }
}

/// A venue that is idle, and whose touches were partly taken.
fn used(first: (i64, i64, i64, i64)) -> Desk {
    let mut desk = Desk::new(config(), contract());
    desk.quote(first.0, first.1, first.2, first.3);
    desk.send(market(Buy, 1));
    desk.send(market(Sell, 1));
    assert!(desk.venue.calm(0).is_some());
    desk
}

/// Few values, so that they repeat; sometimes an empty side.
fn touch() -> impl Strategy<Value = (i64, i64, i64, i64)> {
    let side = |price: i64| prop_oneof![8 => price..price + 2, 1 => Just(UNDEFINED)];
    (side(100), 0..4i64, side(102), 0..4i64)
}

proptest! {
    #[test]
    fn quotes(first in (100..102i64, 2..4i64, 102..104i64, 2..4i64),
              rows in prop::collection::vec(touch(), 1..6)) {
        let (mut each, mut run) = (used(first), used(first));
        let mut moved = [false; 2];
        for (at, row) in rows.iter().enumerate() {
            each.quote(row.0, row.1, row.2, row.3);
            if at > 0 {
                let before = rows[at - 1];
                moved[0] |= (before.0, before.1) != (row.0, row.1);
                moved[1] |= (before.2, before.3) != (row.2, row.3);
            }
        }
        run.venue.pass_quotes(0, &quote(rows[rows.len() - 1]), moved);
        let state = |desk: &Desk| {
            let market = &desk.venue.markets[0];
            let sides = (market.bids.rungs.clone(), market.asks.rungs.clone());
            (sides, market.matchable, market.source)
        };
        prop_assert_eq!(state(&each), state(&run));
        // What can be bought and sold next is the same too.
        for side in [Buy, Sell] {
            let order = Submit { time_in_force: TimeInForce::Ioc, ..market(side, 3) };
            run.ts = each.ts;
            prop_assert_eq!(each.send(order.clone()), run.send(order));
        }
    }
}
