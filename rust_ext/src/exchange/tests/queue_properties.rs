//! What holds of queues for any tape.

use std::collections::{BTreeMap, VecDeque};

use super::queue::queued;
use super::*;
use Side::{Buy, Sell};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Book(i64, i64, Vec<i64>, Vec<i64>),
    Print(i64, i64, Option<Side>),
    Order(Side, i64, i64),
    Cancel(u128),
    Replace(u128, i64),
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Buy), Just(Sell)]
}

fn step() -> impl Strategy<Value = Step> {
    let sizes = || proptest::collection::vec(0..9i64, 1..5);
    prop_oneof![
        5 => (98..103i64, 1..3i64, sizes(), sizes()).prop_map(|(b, s, x, y)| Step::Book(b, s, x, y)),
        4 => (97..105i64, 1..20i64, proptest::option::of(side()))
            .prop_map(|(p, q, s)| Step::Print(p, q, s)),
        3 => (side(), 1..9i64, 96..106i64).prop_map(|(s, q, p)| Step::Order(s, q, p)),
        1 => (1..12u128).prop_map(Step::Cancel),
        1 => (1..12u128, 1..9i64).prop_map(|(id, quantity)| Step::Replace(id, quantity)),
    ]
}

fn play(desk: &mut Desk, step: &Step) -> Vec<Report> {
    match step {
        Step::Book(bid, spread, bids, asks) => {
            let level = |price: i64, step: i64, sizes: &[i64]| {
                let prices = (0..).map(|n| price + n * step);
                prices.zip(sizes.iter().copied()).collect::<Vec<_>>()
            };
            desk.book(&level(*bid, -1, bids), &level(bid + spread, 1, asks))
        }
        Step::Print(price, size, aggressor) => desk.print(*price, *size, *aggressor),
        // Post-only: a taker's fills are not the queue's.
        Step::Order(side, quantity, price) => desk.send(Submit {
            post_only: true,
            ..limit(*side, *quantity, *price)
        }),
        Step::Cancel(id) => desk.cancel(*id),
        Step::Replace(id, quantity) => desk.command(Command::Replace {
            id: *id,
            instrument: 0,
            quantity: Some(*quantity),
            limit: None,
            trigger: None,
        }),
    }
}

fn model() -> impl Strategy<Value = Queue> {
    prop_oneof![Just(Queue::Conservative), Just(Queue::Proportional)]
}

fn rich(passive: Passive, queue: Queue) -> Desk {
    let config = ExchangeConfig {
        passive,
        queue,
        balances: vec![(USD, 1_000_000_000_000)],
        ..config()
    };
    Desk::new(config, contract())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// A queue only ever holds an order back.
    #[test]
    fn an_order_never_has_more_with_a_queue_than_without(
        model in model(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        // One order whose size never changes: without a queue a print may go to another of ours, even
        // on the other side, and what a replace may do depends on what has filled.
        let mut orders = 0;
        let steps = steps.iter().filter(|step| match step {
            Step::Order(..) => {
                orders += 1;
                orders == 1
            }
            Step::Replace(..) => false,
            _ => true,
        });
        let mut desks = [rich(Passive::Trades, Queue::None), rich(Passive::Trades, model)];
        let mut filled: [BTreeMap<u128, i64>; 2] = Default::default();
        for step in steps {
            for (desk, filled) in desks.iter_mut().zip(&mut filled) {
                for fill in fills_of(&play(desk, step)) {
                    *filled.entry(fill.id).or_default() += fill.quantity;
                }
            }
            let [plain, queued] = filled.each_ref().map(|by_order| by_order.values().sum::<i64>());
            prop_assert!(queued <= plain, "{queued} with, {plain} without");
        }
    }

    /// No volume fills twice: a print at a price fills at most its size there, and none of what the
    /// book offered; an offer fills once until it changes.
    #[test]
    fn each_volume_fills_once(
        passive in prop_oneof![Just(Passive::Trades), Just(Passive::Both)],
        model in model(),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        let mut desk = rich(passive, model);
        for step in &steps {
            let before: BTreeMap<i64, i64> = desk
                .venue.orders.desk(0).buys.iter()
                .map(|entry| (entry.price, entry.place.ahead()))
                .rev().collect();
            let reports = play(&mut desk, step);
            let mut at: BTreeMap<(bool, i64), i64> = BTreeMap::new();
            for fill in fills_of(&reports) {
                *at.entry((fill.side == Buy, fill.price)).or_default() += fill.quantity;
            }
            match step {
                Step::Print(price, size, aggressor) => {
                    let buys = at.get(&(true, *price)).copied().unwrap_or(0);
                    let sells = at.get(&(false, *price)).copied().unwrap_or(0);
                    let ahead = before.get(price).copied().unwrap_or(0);
                    prop_assert!(buys + sells <= *size);
                    prop_assert!(buys <= (size - ahead).max(0));
                    prop_assert!(*aggressor != Some(Buy) || buys == 0);
                    prop_assert!(*aggressor != Some(Sell) || sells == 0);
                }
                Step::Book(_, _, bids, asks) => {
                    let sum = |buy: bool| at.iter().filter(|((b, _), _)| *b == buy).map(|x| x.1).sum::<i64>();
                    prop_assert!(passive == Passive::Both || at.is_empty());
                    prop_assert!(sum(true) <= asks.iter().sum());
                    prop_assert!(sum(false) <= bids.iter().sum());
                    prop_assert!(fills(&play(&mut desk, step)).is_empty(), "the same book again");
                }
                _ => prop_assert!(at.is_empty()),
            }
        }
    }

    /// Beside a real queue, where anybody may cancel: the conservative place is never too good, and
    /// the proportional one never worse than it.
    #[test]
    fn a_conservative_place_is_never_better_than_the_true_one(
        ahead in proptest::collection::vec(1..9i64, 0..6),
        events in proptest::collection::vec((0..4u8, 0..20usize, 1..9i64), 1..60),
    ) {
        let mut level: VecDeque<(i64, bool)> = ahead.iter().map(|size| (*size, true)).collect();
        let mut desks = [Queue::Conservative, Queue::Proportional]
            .map(|model| queued(Passive::Trades, model));
        let total = |level: &VecDeque<(i64, bool)>| level.iter().map(|x| x.0).sum::<i64>();
        for desk in &mut desks {
            desk.book(&[(100, total(&level)), (99, 1)], &[(101, 1)]);
            desk.send(limit(Buy, 1_000_000, 100));
        }
        for (kind, at, size) in events {
            match kind {
                0 => level.push_back((size, false)),
                1 if !level.is_empty() => drop(level.remove(at % level.len())),
                2 | 3 => {
                    // What the print has beyond the level hits us: it is no part of this tape.
                    let size = size.min(total(&level));
                    let mut left = size;
                    while left > 0 {
                        let first = level.front_mut().expect("the print is within the level");
                        let met = left.min(first.0);
                        (first.0, left) = (first.0 - met, left - met);
                        if first.0 == 0 {
                            level.pop_front();
                        }
                    }
                    for desk in desks.iter_mut().filter(|_| size > 0) {
                        desk.print(100, size, Some(Sell));
                    }
                }
                _ => {}
            }
            for desk in &mut desks {
                desk.book(&[(100, total(&level)), (99, 1)], &[(101, 1)]);
            }
            let truly: i64 = level.iter().filter(|x| x.1).map(|x| x.0).sum();
            let [conservative, proportional] = [desks[0].ahead()[0], desks[1].ahead()[0]];
            prop_assert!(conservative >= truly);
            prop_assert!(proportional <= conservative);
            prop_assert!(conservative <= total(&level));
        }
    }
}
