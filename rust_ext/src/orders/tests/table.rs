use super::super::{Ask, NewTerms};
use super::*;
use crate::failure::Failure;

fn ids<'a>(orders: impl Iterator<Item = &'a std::sync::Arc<Order>>) -> Vec<u128> {
    orders.map(|order| order.id()).collect()
}

/// Open, recent and packed orders of both strategies.
fn varied(recent: usize, archived: usize) -> OrderTable {
    let mut names = names();
    let mut table = OrderTable::new(recent, archived);
    for id in 1..=5 {
        filled(&mut table, id);
    }
    let mut other = intent(6);
    other.book = 2;
    other.submit.side = Side::Sell;
    other.submit.reduce_only = true;
    other.tag = names.symbol("why");
    table.add(other).unwrap();
    table.add(intent(7)).unwrap();
    let terms = NewTerms {
        quantity: Some(12),
        ..NewTerms::default()
    };
    table.apply(&event(7, fill(3, 99, 5)), &names).unwrap();
    table.request(7, &Ask::Replace(terms)).unwrap();
    table
}

fn with_texts() -> Directory {
    let mut names = names();
    names.symbol("why");
    names
}

#[test]
fn sums_and_lists_follow_the_orders() {
    let names = names();
    let mut table = varied(2, 100);
    assert_eq!(ids(table.open(None, None)), [6, 7]);
    assert_eq!(ids(table.open(Some(2), None)), [6]);
    assert_eq!(ids(table.open(Some(1), Some(0))), [7]);
    assert_eq!(ids(table.open(None, Some(0))), [6, 7]);
    assert_eq!(table.open(Some(9), Some(9)).count(), 0);
    assert_eq!(table.working(Some(1), 0, true), (9, 0));
    assert_eq!(table.working(None, 0, true), (9, 10));
    assert_eq!(table.working(None, 0, false), (9, 0));
    let applied = table.apply(&event(6, canceled(0)), &names).unwrap();
    assert_eq!((applied.book, applied.ended), (2, true));
    assert_eq!(table.working(None, 0, true), (9, 0));
    assert_eq!(ids(table.open(None, None)), [7]);
    assert_eq!(table.apply(&event(99, accepted()), &names), None);
}

#[test]
fn orders_taken_out_of_the_middle_leave_the_others_in_their_order() {
    let names = names();
    let mut table = OrderTable::new(0, 0);
    for id in [4, 2, 9, 1, 7] {
        table.add(intent(id)).unwrap();
    }
    for (id, left) in [
        (9, &[4, 2, 1, 7][..]),
        (4, &[2, 1, 7]),
        (7, &[2, 1]),
        (2, &[1]),
        (1, &[]),
    ] {
        let dropped = What::NotSent {
            reason: "halted".into(),
        };
        table.apply(&event(id, dropped), &names).unwrap();
        for (book, ix) in [(None, None), (Some(1), Some(0)), (None, Some(0))] {
            assert_eq!(ids(table.open(book, ix)), left);
        }
    }
    assert_eq!((table.len(), table.forgotten), (0, 5));
    table.add(intent(4)).unwrap();
    assert_eq!(ids(table.open(None, None)), [4]);
}

#[test]
fn an_id_is_used_once_even_when_its_order_is_packed_away() {
    let mut table = varied(1, 100);
    for id in [1, 5, 7] {
        let refused = table.add(intent(id));
        assert!(matches!(refused, Err(Failure::Transition(text)) if text.contains("used twice")));
    }
}

#[test]
fn packed_orders_take_late_evidence() {
    let names = names();
    let mut table = varied(1, 100);
    let again = table.apply(&event(1, fill(SIZE, 1, 0)), &names).unwrap();
    assert_eq!(again.outcome, Outcome::Duplicate);
    let late = table.apply(&event(1, fill(1, 50, 0)), &names).unwrap();
    assert_eq!(
        late.alarm.unwrap(),
        "fill 50 of 1 booked: the order was filled"
    );
    assert_eq!(table.get(1).unwrap().filled, 11);
    assert_eq!(
        table.request(1, &Ask::Cancel).unwrap_err(),
        "the order is filled"
    );
    assert_eq!(
        table.request(77, &Ask::Cancel).unwrap_err(),
        "no such order"
    );
}

#[test]
fn a_look_at_an_order_stays_as_it_was() {
    let names = names();
    let mut table = OrderTable::new(1, 1);
    table.add(intent(1)).unwrap();
    let before = table.get(1).unwrap();
    table.apply(&event(1, What::Submitted), &names).unwrap();
    assert_eq!(before.status, OrderStatus::Initialized);
    assert_eq!(table.get(1).unwrap().status, OrderStatus::Submitted);
}

#[test]
fn a_snapshot_restores_everything_under_other_numbers_too() {
    let table = varied(1, 2);
    assert_eq!(table.forgotten, 2);
    let stored = table.snapshot(&with_texts());
    let mut others = Directory::new(
        names().instruments.into_iter().rev().collect(),
        vec![("USDT".into(), 2)],
        vec!["new".into(), "s2".into(), "s1".into()],
    );
    others.symbol("other");
    let mut copy = OrderTable::new(1, 2);
    copy.add(intent(500)).unwrap();
    copy.restore(&stored, &mut others).unwrap();
    assert_eq!(copy.snapshot(&others), stored);
    assert_eq!(copy.digest(&others), table.digest(&with_texts()));
    assert_eq!((copy.len(), copy.forgotten), (table.len(), 2));
    assert_eq!(ids(copy.open(None, None)), ids(table.open(None, None)));
    let tag = copy.get(6).unwrap().intent.tag;
    assert_eq!(others.text(tag), "why");
    for reduce_only in [true, false] {
        assert_eq!(
            copy.working(None, 1, reduce_only),
            table.working(None, 0, reduce_only)
        );
        assert_eq!(
            copy.working(Some(3), 1, reduce_only),
            table.working(Some(1), 0, reduce_only)
        );
    }
}

#[test]
fn a_damaged_snapshot_changes_nothing() {
    let mut names = with_texts();
    let stored = varied(1, 100).snapshot(&names);
    let mut table = OrderTable::new(1, 1);
    table.add(intent(500)).unwrap();
    let before = table.digest(&names);
    for cut in 0..stored.len() {
        assert!(matches!(
            table.restore(&stored[..cut], &mut names),
            Err(Failure::Codec(_))
        ));
        let mut changed = stored.clone();
        changed[cut] ^= 0x10;
        assert!(matches!(
            table.restore(&changed, &mut names),
            Err(Failure::Codec(_))
        ));
    }
    assert_eq!(table.digest(&names), before);
}

#[test]
fn contents_that_cannot_be_are_refused_whatever_the_checksum_says() {
    let mut names = with_texts();
    let stored = varied(1, 100).snapshot(&names);
    let body = &stored[..stored.len() - 32];
    for place in 5..body.len() {
        for value in [0x00, 0x7F, 0x80, 0xFF] {
            let mut changed = body.to_vec();
            changed[place] = value;
            let sum = blake3::hash(&changed);
            changed.extend(sum.as_bytes());
            // Any answer is right that is no panic.
            let _ = OrderTable::new(1, 1).restore(&changed, &mut names);
        }
    }
}

#[test]
fn a_snapshot_of_a_newer_version_or_of_another_run_says_so() {
    let table = varied(1, 100);
    let mut names = with_texts();
    let mut newer = table.snapshot(&names);
    newer.truncate(newer.len() - 32);
    newer[4] = 2;
    let sum = blake3::hash(&newer);
    newer.extend(sum.as_bytes());
    let mut copy = OrderTable::new(1, 1);
    assert!(matches!(
        copy.restore(&newer, &mut names),
        Err(Failure::Schema(_))
    ));
    let mut fewer = Directory::new(names.instruments.clone(), vec![], vec!["s1".into()]);
    let refused = copy.restore(&table.snapshot(&names), &mut fewer);
    assert!(matches!(refused, Err(Failure::State(text)) if text.contains("orders of s2")));
}

#[test]
fn the_digest_does_not_tell_how_orders_are_kept() {
    let names = with_texts();
    let (packed, whole) = (varied(1, 100), varied(100, 100));
    assert_eq!(packed.digest(&names), whole.digest(&names));
    let mut other = varied(100, 100);
    other.request(7, &Ask::Cancel).unwrap();
    assert_ne!(other.digest(&names), whole.digest(&names));
}
