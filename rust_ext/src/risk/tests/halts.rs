//! Halts by scope, and what survives a snapshot.

use super::*;

#[test]
fn reasons_come_from_every_scope_that_applies_the_widest_first() {
    let mut halts = Halts::default();
    assert!(!halts.applies(1, 0));
    for scope in [
        (Some(1), Some(0)),
        (None, Some(0)),
        (Some(1), None),
        (None, None),
    ] {
        halts.add(scope, &format!("{scope:?}"));
        assert!(halts.applies(1, 0));
    }
    let said = |scope: Scope| format!("halted: {scope:?}");
    let all = [
        (None, None),
        (Some(1), None),
        (None, Some(0)),
        (Some(1), Some(0)),
    ]
    .map(said);
    assert_eq!(halts.reasons(1, 0), all);
    assert_eq!(
        halts.reasons(2, 0),
        [said((None, None)), said((None, Some(0)))]
    );
    assert_eq!(halts.reasons(2, 1), [said((None, None))]);
    halts.lift((None, None));
    assert!(!halts.applies(2, 1));
    assert!(halts.applies(1, 1));
}

#[test]
fn the_latest_reason_of_a_scope_stands_in_the_first_place() {
    let mut risk = risk(&free());
    risk.halts.add((None, None), "one");
    risk.halt((Some("s2".into()), None, "two".into()));
    risk.halts.add((None, None), "three");
    let expected = [
        (None, None, "three".to_owned()),
        (Some("s2".to_owned()), None, "two".to_owned()),
    ];
    assert_eq!(risk.halted(), expected);
}

#[test]
fn halts_stand_before_the_checks() {
    let mut risk = risk(&free());
    risk.halts.add((None, None), "by hand");
    let nothing = order(Side::Buy, OrderType::Limit, -1, Some(1));
    let found = why(&risk, &nothing, &Fake::default());
    assert_eq!(found[0], "halted: by hand");
    assert_eq!(found.len(), 2);
}

#[test]
fn halts_and_rates_survive_a_restart() {
    let max_orders = Limit::Units(2);
    let limits = Limits {
        max_orders,
        ..free()
    };
    let mut risk = risk(&limits);
    risk.halts.add((None, Some(1)), "x");
    risk.approved(&buy(), NOW);
    risk.approved(&buy(), NOW);
    let stored = risk.snapshot();
    let mut fresh = super::risk(&limits);
    assert_eq!(fresh.restore(&stored), Ok(()));
    assert_eq!(fresh.snapshot(), stored);
    assert_eq!(why(&fresh, &buy(), &Fake::default()).len(), 1);
    assert!(fresh.halts.applies(1, 1));
    let unlimited = &mut super::risk(&free());
    assert_eq!(unlimited.restore(&stored), Ok(()));
    assert!(why(unlimited, &buy(), &Fake::default()).is_empty());
}

#[test]
fn a_halt_of_a_strategy_that_left_is_kept_until_it_is_back() {
    let mut risk = risk(&free());
    risk.halts.add((Some(2), None), "bad fills");
    risk.approved(&Intent { book: 2, ..buy() }, NOW);
    let stored = risk.snapshot();
    let lists = (directory().instruments, vec![("USDT".into(), 8)]);
    let one = Directory::new(lists.0, lists.1, vec!["s1".into()]);
    let mut without = Risk::new(&one, vec![free(), free()]);
    assert_eq!(without.restore(&stored), Ok(()));
    assert!(why(&without, &buy(), &Fake::default()).is_empty());
    let mut back = super::risk(&free());
    assert_eq!(back.restore(&without.snapshot()), Ok(()));
    assert!(back.halts.applies(2, 0));
    without.resume(Some("s2"), None);
    assert!(without.halted().is_empty());
}

#[test]
fn damaged_bytes_change_nothing() {
    let mut risk = risk(&free());
    risk.halts.add((None, None), "x");
    let stored = risk.snapshot();
    for cut in 0..stored.len() {
        assert_eq!(risk.restore(&stored[..cut]), Err(SnapshotError::Damaged));
        let mut altered = stored.clone();
        altered[cut] ^= 1;
        assert_eq!(risk.restore(&altered), Err(SnapshotError::Damaged));
    }
    assert_eq!(risk.snapshot(), stored);
    let mut newer = stored[..stored.len() - 32].to_vec();
    newer[4] = 9;
    newer.extend(*blake3::hash(&newer).as_bytes());
    assert_eq!(risk.restore(&newer), Err(SnapshotError::TooNew(9)));
}
