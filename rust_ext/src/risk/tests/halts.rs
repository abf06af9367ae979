//! Halts by scope, and what survives a snapshot.

use super::*;

const fn scope(book: Option<u32>, venue: Option<u32>, instrument: Option<u32>) -> Scope {
    Scope {
        book,
        venue,
        instrument,
    }
}

const SCOPES: [Scope; 6] = [
    scope(None, None, None),
    scope(Some(1), None, None),
    scope(None, Some(0), None),
    scope(Some(1), Some(0), None),
    scope(None, None, Some(0)),
    scope(Some(1), None, Some(0)),
];

#[test]
fn reasons_come_from_every_scope_that_applies_the_widest_first() {
    let names = Names::new(vec!["A.X".into(), "B.Y".into()], vec!["-".into(); 3]);
    let mut halts = Halts::of(&names);
    assert!(!halts.applies(1, 0));
    for one in SCOPES.into_iter().rev() {
        halts.add(one, &format!("{one:?}"), 0);
        assert!(halts.applies(1, 0));
    }
    let said = |all: &[usize]| -> Vec<String> {
        let said = all.iter().map(|&at| format!("halted: {:?}", SCOPES[at]));
        said.collect()
    };
    assert_eq!(halts.reasons(1, 0), said(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(halts.reasons(2, 0), said(&[0, 2, 4]));
    assert_eq!(halts.reasons(2, 1), said(&[0]));
    assert_eq!(halts.reasons(1, 1), said(&[0, 1]));
    halts.lift((None, None));
    assert!(!halts.applies(2, 1));
    assert!(halts.applies(1, 1));
}

fn named(strategy: Option<&str>, venue: Option<&str>) -> NamedScope {
    NamedScope {
        strategy: strategy.map(Into::into),
        venue: venue.map(Into::into),
        instrument: None,
    }
}

fn halt(scope: NamedScope, reason: &str, since: Nanos) -> NamedHalt {
    NamedHalt {
        scope,
        reason: reason.into(),
        since,
    }
}

#[test]
fn the_latest_reason_of_a_scope_stands_in_the_first_place_since_the_first_time() {
    let mut risk = risk(&free());
    risk.halts.add((None, None), "one", 1);
    risk.latch_named(Latched::Halt, halt(named(Some("s2"), None), "two", 2));
    risk.latch_named(Latched::Halt, halt(named(None, Some("SIM")), "v", 3));
    risk.halts.add((None, None), "three", 4);
    let expected = [
        halt(named(None, None), "three", 1),
        halt(named(Some("s2"), None), "two", 2),
        halt(named(None, Some("SIM")), "v", 3),
    ];
    assert_eq!(risk.latched(Latched::Halt), expected);
    assert!(risk.latched(Latched::ReduceOnly).is_empty());
}

#[test]
fn halts_stand_before_the_checks() {
    let mut risk = risk(&free());
    risk.halts.add((None, None), "by hand", 0);
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
    risk.halts.add((None, Some(1)), "x", 5);
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
    risk.halts.add((Some(2), None), "bad fills", 5);
    risk.approved(&Intent { book: 2, ..buy() }, NOW);
    let stored = risk.snapshot();
    let lists = (directory().instruments, vec![("USDT".into(), 8)]);
    let one = Directory::new(lists.0, lists.1, vec!["s1".into()]);
    let mut without = Risk::new(&one, vec![free(), free()], Controls::default());
    assert_eq!(without.restore(&stored), Ok(()));
    assert!(why(&without, &buy(), &Fake::default()).is_empty());
    let mut back = super::risk(&free());
    assert_eq!(back.restore(&without.snapshot()), Ok(()));
    assert!(back.halts.applies(2, 0));
    without.rearm_named(&named(Some("s2"), None));
    assert!(without.latched(Latched::Halt).is_empty());
}

#[test]
fn damaged_bytes_change_nothing() {
    let mut risk = risk(&free());
    risk.halts.add((None, None), "x", 5);
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
