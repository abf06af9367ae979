//! A venue that comes back from its bytes goes on as if it had never been away.

use super::properties::{any_run, play, venue};
use super::*;
use Side::{Buy, Sell};
use proptest::prelude::*;

/// A venue with one order of every kind under way, legs apart.
fn busy() -> Desk {
    let mut desk = Desk::new(
        ExchangeConfig {
            queue: Queue::Conservative,
            passive: Passive::Both,
            ..config()
        },
        share(),
    );
    desk.quote(100, 50, 101, 50);
    desk.send(market(Buy, 30));
    desk.send(limit(Buy, 10, 99));
    desk.send(limit(Buy, 10, 100));
    desk.send(stop(Sell, 10, 95));
    desk.send(Submit {
        trailing_offset: Some(3),
        ..order(Sell, OrderType::TrailingStop, 10)
    });
    desk.send(Submit {
        oco_group: 7,
        reduce_only: true,
        ..limit(Sell, 30, 110)
    });
    desk.send(Submit {
        parent: Some(3),
        ..limit(Sell, 10, 120)
    });
    desk.send(Submit {
        time_in_force: TimeInForce::Gtd,
        expire: Some(5_000),
        ..limit(Sell, 5, 105)
    });
    desk
}

/// Another process' venue, from the bytes of this one; it sees the same market.
fn again(desk: &Desk, bytes: &[u8], ended: Vec<(u128, i64)>, groups: Vec<u64>) -> Desk {
    let like = &desk.venue;
    let mut venue = Exchange::new(
        like.config.clone(),
        like.instruments.clone(),
        like.scales.clone(),
    )
    .expect("a sound config");
    let numbers = venue.own_numbers();
    venue.restore(bytes, &numbers).expect("whole bytes");
    venue.remember(ended, groups);
    venue.markets.clone_from(&like.markets);
    Desk {
        venue,
        ts: desk.ts,
        last_id: desk.last_id,
    }
}

/// Restore with the same lists.
fn restore(venue: &mut Exchange, bytes: &[u8]) -> Result<(), Failure> {
    let numbers = venue.own_numbers();
    venue.restore(bytes, &numbers)
}

#[test]
fn a_snapshot_of_a_restored_venue_is_the_same() {
    let desk = busy();
    let bytes = desk.venue.snapshot();
    assert_eq!(again(&desk, &bytes, vec![], vec![]).venue.snapshot(), bytes);
}

#[test]
fn every_changed_byte_and_every_cut_is_an_error() {
    let desk = busy();
    let whole = desk.venue.snapshot();
    let mut venue = again(&desk, &whole, vec![], vec![]).venue;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        assert!(restore(&mut venue, &bytes).is_err(), "byte {at}");
        assert!(restore(&mut venue, &whole[..at]).is_err(), "cut at {at}");
    }
    assert_eq!(venue.snapshot(), whole, "errors change nothing");
}

#[test]
fn bytes_with_a_right_checksum_and_odd_contents_never_panic() {
    let desk = busy();
    let whole = desk.venue.snapshot();
    let mut taken = 0;
    for at in 0..whole.len() - 32 {
        for flip in [0x01, 0x02, 0x10, 0x80] {
            let mut bytes = whole[..whole.len() - 32].to_vec();
            bytes[at] ^= flip;
            let sum = *blake3::hash(&bytes).as_bytes();
            bytes.extend(sum);
            let mut other = again(&desk, &whole, vec![], vec![]);
            if restore(&mut other.venue, &bytes).is_ok() {
                taken += 1;
                other.venue.snapshot();
            }
        }
    }
    assert!(taken > 0, "some bytes are mere numbers");
}

#[test]
fn the_state_of_another_venue_is_refused() {
    let bytes = busy().venue.snapshot();
    let mut coins = Desk::new(config(), coin()).venue;
    assert!(matches!(
        restore(&mut coins, &bytes),
        Err(Failure::State(_))
    ));
    let mut cash_only = Desk::new(cash(1), share()).venue;
    assert!(matches!(
        restore(&mut cash_only, &bytes),
        Err(Failure::State(_))
    ));
    let mut newer = bytes[..bytes.len() - 32].to_vec();
    newer[4] = 9;
    let sum = *blake3::hash(&newer).as_bytes();
    newer.extend(sum);
    let mut same = busy().venue;
    assert!(matches!(
        restore(&mut same, &newer),
        Err(Failure::Schema(_))
    ));
}

#[test]
fn instruments_and_currencies_may_be_added_and_numbered_anew() {
    let desk = busy();
    let mut more = Desk::with(desk.venue.config.clone(), vec![coin(), contract(), share()]);
    // Of the account's three currencies the second and third changed places.
    let numbers = Numbers {
        instruments: vec![2],
        currencies: vec![0, 2, 1],
    };
    let bytes = desk.venue.snapshot();
    more.venue
        .restore(&bytes, &numbers)
        .expect("it has all of them");
    let moved = |order: OpenOrder| OpenOrder {
        instrument: 2,
        ..order
    };
    let here: Vec<_> = more.venue.open_orders().collect();
    assert_eq!(
        here,
        desk.venue.open_orders().map(moved).collect::<Vec<_>>()
    );
    assert_eq!(more.venue.holdings(), [(2, 0, 30)]);
    assert_eq!(more.venue.balance(USD), desk.venue.balance(USD));
    let far = Numbers {
        instruments: vec![3],
        ..numbers.clone()
    };
    assert!(more.venue.restore(&bytes, &far).is_err());
    let few = Numbers {
        currencies: vec![1],
        ..numbers
    };
    assert!(more.venue.restore(&bytes, &few).is_err());
}

#[test]
fn on_return_orders_stand_at_the_back_and_what_was_due_ends_first() {
    let desk = busy();
    let mut back = again(&desk, &desk.venue.snapshot(), vec![], vec![]);
    back.venue.markets = Exchange::new(config(), vec![share()], vec![2, 8, 8])
        .expect("sound")
        .markets;
    back.ts = 6_000;
    let mut out = Vec::new();
    back.venue.come_back(back.ts, &mut out);
    assert_eq!(words(&out), ["expired gtd"]);
    assert!(back.trade(100, 5).is_empty(), "nothing is displayed yet");
    assert!(back.quote(100, 20, 101, 20).is_empty());
    // 20 are displayed at 100: a print of 15 leaves 5 before the order, of 10 reaches it with 5.
    assert!(back.trade(100, 15).is_empty());
    assert_eq!(fills(&back.trade(100, 10)), [(100, 5)]);
}

#[test]
fn a_bar_that_opened_before_the_return_shows_its_close_only() {
    let mut desk = Desk::new(config(), share());
    desk.bar([100, 101, 99, 100], 10);
    desk.send(limit(Buy, 5, 95));
    let mut back = again(&desk, &desk.venue.snapshot(), vec![], vec![]);
    let opened = back.ts;
    back.ts += 100;
    back.venue.come_back(back.ts, &mut Vec::new());
    let bar = Bar {
        ts_event: back.ts + 1,
        low: 90,
        ..opening(opened, PriceType::Last, 100, 10)
    };
    let mut out = Vec::new();
    back.venue.on_bar(back.ts + 1, 0, &bar, &mut out);
    assert!(out.is_empty(), "the low may lie in the time away: {out:?}");
}

#[test]
fn a_trailing_stop_that_follows_the_price_is_noted() {
    let mut desk = busy();
    desk.venue.take_moved();
    desk.quote(100, 50, 101, 50);
    assert!(!desk.venue.take_moved());
    desk.quote(104, 50, 105, 50);
    assert!(desk.venue.take_moved());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Cut anywhere: the venue from the bytes reports what the other reports, and ends the same.
    #[test]
    fn the_future_is_the_same(
        steps in any_run(80),
        cut in 0..80usize,
        cash_only in any::<bool>(),
        queued in any::<bool>(),
    ) {
        let mut one = venue(if queued { Passive::Both } else { Passive::Book }, cash_only);
        if queued {
            one.venue.config.queue = Queue::Proportional;
        }
        one.venue.note_changes();
        let (mut ended, mut groups) = (Vec::new(), Vec::new());
        let cut = cut.min(steps.len());
        for step in &steps[..cut] {
            play(&mut one, step.clone());
            groups.extend(one.venue.take_done_groups());
        }
        for id in 1..=one.last_id {
            if let Some(orders::Known::Closed { cumulative }) = one.venue.orders.known(id) {
                ended.push((id, cumulative));
            }
        }
        let bytes = one.venue.snapshot();
        let mut two = again(&one, &bytes, ended, groups);
        two.venue.config = one.venue.config.clone();
        prop_assert_eq!(two.venue.snapshot(), bytes);
        for step in &steps[cut..] {
            prop_assert_eq!(play(&mut one, step.clone()), play(&mut two, step.clone()));
        }
        prop_assert_eq!(one.venue.snapshot(), two.venue.snapshot());
    }

    #[test]
    fn odd_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(restore(&mut busy().venue, &bytes).is_err());
    }
}
