//! What must hold whatever is asked.

use proptest::prelude::*;

use super::*;

/// (book, side is buy, quantity, how much of what works fills afterwards in percent)
type Step = (BookIx, bool, i64, u8);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (1..=2u32, any::<bool>(), 1..=30i64, 0..=100u8);
    proptest::collection::vec(step, 1..120)
}

/// Moves part of what works on a side into the positions of a book and of the account.
fn fill(world: &mut Fake, book: BookIx, side: Side, percent: u8) {
    let open = world.working(Some(book), 0);
    let part = |open: i128| open * i128::from(percent) / 100;
    for holder in [Some(book), None] {
        let working = world.working.entry(holder).or_default();
        let position = world.positions.entry(holder).or_default();
        match side {
            Side::Buy => {
                working.0 -= part(open.0);
                *position += part(open.0);
            }
            Side::Sell => {
                working.1 -= part(open.1);
                *position -= part(open.1);
            }
        }
    }
}

proptest! {
    #[test]
    fn the_worst_case_never_exceeds_the_limit(steps in steps(), limit in 0..60i128) {
        let max_position = Limit::Units(limit);
        let risk = risk(&Limits { max_position, ..free() });
        let mut world = Fake::default();
        for (book, buys, quantity, percent) in steps {
            let side = if buys { Side::Buy } else { Side::Sell };
            let asked = Intent { book, ..order(side, OrderType::Limit, quantity, Some(1)) };
            if why(&risk, &asked, &world).is_empty() {
                for holder in [Some(book), None] {
                    let working = world.working.entry(holder).or_default();
                    match side {
                        Side::Buy => working.0 += i128::from(quantity),
                        Side::Sell => working.1 += i128::from(quantity),
                    }
                }
            }
            fill(&mut world, book, side, percent);
            for holder in [Some(1), Some(2), None] {
                let position = world.position(holder, 0);
                let (buying, selling) = world.working(holder, 0);
                prop_assert!(position + buying <= limit, "{holder:?} {position} {buying}");
                prop_assert!(selling - position <= limit, "{holder:?} {position} {selling}");
            }
        }
    }

    /// With a restart in the middle: the window holds over it.
    #[test]
    fn no_window_ever_holds_more_orders_than_the_limit(
        gaps in proptest::collection::vec(0..400i64, 1..200),
        limit in 0..6i128,
        per_ms in 1..1500i64,
        restart in 0..200usize,
    ) {
        let max_orders = Limit::Units(limit);
        let limits = Limits { max_orders, per_ms, ..free() };
        let mut risk = risk(&limits);
        let mut world = Fake::default();
        let mut sent: Vec<Nanos> = Vec::new();
        for (number, gap) in gaps.into_iter().enumerate() {
            if number == restart {
                let stored = risk.snapshot();
                risk = super::risk(&limits);
                prop_assert_eq!(risk.restore(&stored), Ok(()));
            }
            world.now += gap * MS;
            let window = sent.iter().filter(|&&ts| world.now - ts < per_ms * MS).count() as i128;
            let passes = why(&risk, &buy(), &world).is_empty();
            prop_assert_eq!(passes, window < limit, "{} in the window", window);
            if passes {
                risk.approved(&buy(), world.now);
                sent.push(world.now);
            }
        }
    }
}
