//! What holds for any sequence of quotes, trades and orders.

use std::collections::BTreeMap;

use super::*;
use Side::{Buy, Sell};
use proptest::prelude::*;

/// One event at a venue.
#[derive(Clone, Debug)]
pub enum Step {
    Quote {
        bid: i64,
        spread: i64,
        bid_size: i64,
        ask_size: i64,
    },
    Trade {
        price: i64,
        size: i64,
    },
    Submit(Submit),
    Cancel(u128),
    Replace {
        id: u128,
        quantity: i64,
        price: i64,
    },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Buy), Just(Sell)]
}

fn any_submit() -> impl Strategy<Value = Submit> {
    let kind = 0..6u8;
    let forces = prop_oneof![
        Just(TimeInForce::Gtc),
        Just(TimeInForce::Ioc),
        Just(TimeInForce::Fok),
        Just(TimeInForce::Day)
    ];
    let flags = (any::<bool>(), 0..4u64, proptest::option::of(1..12u128));
    (side(), kind, 1..30i64, 90..110i64, forces, flags).prop_map(
        |(side, kind, quantity, price, time_in_force, (reduce_only, oco_group, parent))| {
            use OrderType::{Limit, Market, Stop, StopLimit, TakeProfit, TrailingStop};
            let order_type =
                [Market, Limit, Stop, StopLimit, TakeProfit, TrailingStop][usize::from(kind)];
            Submit {
                limit: matches!(order_type, Limit | StopLimit).then_some(price),
                trigger: matches!(order_type, Stop | StopLimit | TakeProfit).then_some(price),
                trailing_offset: (order_type == TrailingStop).then_some(3),
                time_in_force,
                reduce_only,
                oco_group,
                parent: parent.filter(|p| p % 3 == 0),
                ..order(side, order_type, quantity)
            }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (90..110i64, -1..4i64, 0..20i64, 0..20i64).prop_map(
            |(bid, spread, bid_size, ask_size)| Step::Quote { bid, spread, bid_size, ask_size }
        ),
        1 => (90..110i64, 1..20i64).prop_map(|(price, size)| Step::Trade { price, size }),
        3 => any_submit().prop_map(Step::Submit),
        1 => (1..12u128).prop_map(Step::Cancel),
        1 => (1..12u128, 1..40i64, 90..110i64)
            .prop_map(|(id, quantity, price)| Step::Replace { id, quantity, price }),
    ]
}

/// Events, at most so many.
pub fn any_run(most: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..most)
}

pub fn play(desk: &mut Desk, step: Step) -> Vec<Report> {
    match step {
        Step::Quote {
            bid,
            spread,
            bid_size,
            ask_size,
        } => desk.quote(bid, bid_size, bid + spread, ask_size),
        Step::Trade { price, size } => desk.trade(price, size),
        Step::Submit(submit) => desk.send(submit),
        Step::Cancel(id) => desk.cancel(id),
        Step::Replace {
            id,
            quantity,
            price,
        } => desk.replace(id, quantity, price),
    }
}

/// What a reader of the reports knows of an order.
#[derive(Clone, Debug, Default)]
struct Seen {
    quantity: i64,
    filled: i64,
    closed: bool,
    fok: bool,
}

/// Check one report against what was reported before.
fn follow(seen: &mut BTreeMap<u128, Seen>, report: &Report) -> Result<(), TestCaseError> {
    match report {
        Report::Filled(fill) if fill.id != 0 => {
            let order = seen.get_mut(&fill.id).expect("a fill of an accepted order");
            order.filled += fill.quantity;
            prop_assert!(!order.closed, "a fill after the end");
            prop_assert!(fill.quantity > 0);
            prop_assert_eq!(fill.cumulative, order.filled);
            prop_assert!(order.filled <= order.quantity, "overfilled");
            order.closed = order.filled == order.quantity;
        }
        Report::Canceled { id, cumulative, .. } | Report::Expired { id, cumulative, .. } => {
            let order = seen.get_mut(id).expect("the end of an accepted order");
            prop_assert!(!order.closed, "ended twice");
            prop_assert_eq!(*cumulative, order.filled);
            order.closed = true;
        }
        Report::Replaced { id, quantity, .. } => {
            let order = seen.get_mut(id).expect("a replace of an accepted order");
            prop_assert!(!order.closed);
            order.quantity = *quantity;
        }
        _ => {}
    }
    Ok(())
}

pub fn venue(passive: Passive, cash_only: bool) -> Desk {
    let fees = Fees {
        taker: 3_000_000_000,
        maker: 1_000_000_000,
        ..config().fees
    };
    let base = if cash_only { cash(60_000) } else { config() };
    Desk::new(
        ExchangeConfig {
            fees,
            passive,
            ..base
        },
        share(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Never overfilled; sums agree; nothing after the end; FOK is all or nothing; a group fills once.
    #[test]
    fn orders_keep_their_word(
        steps in proptest::collection::vec(step(), 1..80),
        trades in any::<bool>(),
    ) {
        let passive = if trades { Passive::Trades } else { Passive::Book };
        let mut desk = venue(passive, false);
        let mut seen: BTreeMap<u128, Seen> = BTreeMap::new();
        for step in steps {
            let sent = match &step {
                Step::Submit(submit) => Some(submit.clone()),
                _ => None,
            };
            let reports = play(&mut desk, step);
            if let (Some(submit), Some(Report::Accepted { id, .. })) = (sent, reports.first()) {
                let fok = submit.time_in_force == TimeInForce::Fok && !submit.reduce_only
                    && submit.parent.is_none();
                let fresh = Seen { quantity: submit.quantity, fok, ..Seen::default() };
                seen.insert(*id, fresh);
            }
            for report in &reports {
                follow(&mut seen, report)?;
            }
            for order in seen.values().filter(|order| order.fok) {
                prop_assert!(order.filled == 0 || order.filled == order.quantity, "half a FOK");
            }
        }
        let mut out = Vec::new();
        desk.venue.on_finish(desk.ts, &mut out);
        for report in &out {
            follow(&mut seen, report)?;
        }
        prop_assert!(seen.values().all(|order| order.closed), "the end of data ends every order");
    }

    /// The balance is what the fills and fees add up to, and a cash account never goes below zero.
    #[test]
    fn cash_is_conserved(steps in proptest::collection::vec(step(), 1..80), cash_only in any::<bool>()) {
        let mut desk = venue(Passive::Book, cash_only);
        let mut usd = desk.venue.balance(USD);
        let mut shares = 0;
        for step in steps {
            for fill in fills_of(&play(&mut desk, step)) {
                let sign = fill.side.sign();
                usd -= i128::from(sign * fill.price * fill.quantity) + fill.fee;
                shares += sign * fill.quantity;
            }
            prop_assert_eq!(desk.venue.balance(USD), usd);
            prop_assert_eq!(desk.venue.position(0), shares);
            prop_assert!(!cash_only || (usd >= 0 && shares >= 0), "a cash account borrowed");
        }
    }

    /// Between two changes of a level, all orders together never take more than it displayed.
    #[test]
    fn no_more_is_taken_than_was_displayed(
        orders in proptest::collection::vec((side(), 1..30i64, 95..107i64, any::<bool>()), 1..20),
        sizes in (0..40i64, 0..40i64),
    ) {
        let mut desk = venue(Passive::Book, false);
        desk.quote(100, sizes.0, 101, sizes.1);
        let mut taken = (0, 0);
        for (side, quantity, price, at_market) in orders {
            let submit =
                if at_market { market(side, quantity) } else { limit(side, quantity, price) };
            let mut reports = desk.send(submit);
            reports.extend(desk.quote(100, sizes.0, 101, sizes.1));
            for fill in fills_of(&reports) {
                match fill.side {
                    Buy => taken.1 += fill.quantity,
                    Sell => taken.0 += fill.quantity,
                }
            }
        }
        prop_assert!(taken.0 <= sizes.0 && taken.1 <= sizes.1, "{taken:?} of {sizes:?}");
    }

    /// The same events give the same reports.
    #[test]
    fn the_venue_is_deterministic(steps in proptest::collection::vec(step(), 1..60)) {
        let run = |steps: &[Step]| {
            let mut desk = venue(Passive::Book, true);
            steps.iter().flat_map(|step| play(&mut desk, step.clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(&steps), run(&steps));
    }

    /// Of a group at most one order fills, unless its reduce-only members protect a partial fill.
    #[test]
    fn a_group_fills_once(
        orders in proptest::collection::vec((side(), 1..30i64, 90..110i64), 2..6),
        walk in proptest::collection::vec((88..112i64, 1..40i64), 1..40),
    ) {
        let mut desk = venue(Passive::Book, false);
        desk.quote(100, 5, 101, 5);
        let mut reports = Vec::new();
        for (side, quantity, price) in orders {
            let order = limit(side, quantity, price);
            reports.extend(desk.send(Submit { oco_group: 1, ..order }));
        }
        for (bid, size) in walk {
            reports.extend(desk.quote(bid, size, bid + 1, size));
        }
        let mut filled: Vec<u128> = fills_of(&reports).iter().map(|fill| fill.id).collect();
        filled.dedup();
        prop_assert!(filled.len() <= 1, "{filled:?}");
    }
}
