//! What happens after an order has left: the controls that latch, and how a human re-arms them.

use super::*;

fn fills(risk: &mut Risk, count: usize, at: Nanos) -> Vec<Trip> {
    let noted = (0..count).map(|_| risk.noted(Note::Filled(1, 0), at));
    noted.flatten().collect()
}

/// As the order path does it.
fn latch(risk: &mut Risk, trips: &[Trip]) {
    for trip in trips {
        risk.latch(trip.latched, trip.scope, &trip.reason, NOW);
    }
}

fn sample(risk: &mut Risk, account: i128, own: i128, now: Nanos) -> Vec<Trip> {
    let trips = risk.sampled(account, now, |book| Some(if book == 1 { own } else { 0 }));
    latch(risk, &trips);
    trips
}

fn reasons(trips: &[Trip]) -> Vec<(&'static str, &str)> {
    let word = |trip: &Trip| match trip.latched {
        Latched::Halt => "halt",
        Latched::ReduceOnly => "reduce",
    };
    trips
        .iter()
        .map(|trip| (word(trip), trip.reason.as_str()))
        .collect()
}

#[test]
fn a_strategy_that_fills_too_often_is_halted_until_a_human_resumes_it() {
    let fresh = || held(Holder::Strategy(1), Control::Executions, 3);
    let mut risk = fresh();
    assert!(fills(&mut risk, 3, NOW).is_empty());
    risk = restarted(&risk, fresh());
    let late = NOW + 1_000 * MS;
    let trips = fills(&mut risk, 1, late - 1);
    assert_eq!(
        reasons(&trips),
        [(
            "halt",
            "execution_throttle: more than 3 fills within 1000 ms"
        )]
    );
    assert_eq!(trips[0].scope, Scope::strategy(1));
    latch(&mut risk, &trips);
    assert!(
        fills(&mut risk, 9, late).is_empty(),
        "it is latched already"
    );
    risk = restarted(&risk, fresh());
    assert_eq!(why(&risk, &buy(), &Fake::default()).len(), 1);
    risk.rearm(Scope::strategy(1));
    assert!(why(&risk, &buy(), &Fake::default()).is_empty());
    assert!(fills(&mut risk, 3, late).is_empty());
    assert_eq!(fills(&mut risk, 1, late).len(), 1);
}

#[test]
fn fills_that_are_further_apart_than_the_window_are_no_burst() {
    let mut risk = held(Holder::Strategy(1), Control::Executions, 1);
    assert!(fills(&mut risk, 1, NOW).is_empty());
    assert!(fills(&mut risk, 1, NOW + 1_000 * MS).is_empty());
    assert_eq!(fills(&mut risk, 1, NOW + 1_999 * MS).len(), 1);
    assert!(risk.noted(Note::Filled(2, 0), NOW).is_empty());
}

#[test]
fn refusals_in_a_row_halt_the_strategy_or_the_venue() {
    for (holder, note) in [
        (Holder::Strategy(1), Note::Denied(1, 0)),
        (Holder::Strategy(1), Note::Rejected(1, 0)),
        (Holder::Venue(0), Note::Rejected(2, 1)),
    ] {
        let fresh = || held(holder, Control::Rejects, 2);
        let mut risk = fresh();
        assert!(risk.noted(note, NOW).is_empty());
        assert!(risk.noted(note, NOW).is_empty());
        let (Note::Denied(book, ix) | Note::Rejected(book, ix)) = note else {
            unreachable!("one of those above");
        };
        for ends in [Note::Accepted(book, ix), Note::Filled(book, ix)] {
            assert!(risk.noted(ends, NOW).is_empty());
            assert!(risk.noted(note, NOW).is_empty());
            assert!(risk.noted(note, NOW).is_empty());
        }
        risk = restarted(&risk, fresh());
        let trips = risk.noted(note, NOW);
        let said = "consecutive_rejects: more than 2 in a row";
        assert_eq!(reasons(&trips), [("halt", said)]);
        assert_eq!(trips[0].scope, holder.scope());
        latch(&mut risk, &trips);
        risk.rearm(holder.scope());
        assert!(risk.noted(note, NOW).is_empty());
        assert!(risk.noted(note, NOW).is_empty());
        assert_eq!(risk.noted(note, NOW).len(), 1);
    }
}

#[test]
fn what_a_halt_denies_says_nothing_of_the_strategy() {
    let mut risk = held(Holder::Strategy(1), Control::Rejects, 0);
    risk.latch(Latched::Halt, Scope::default(), "by hand", NOW);
    assert!(risk.noted(Note::Denied(1, 0), NOW).is_empty());
    risk.rearm(Scope::default());
    assert_eq!(risk.noted(Note::Denied(1, 0), NOW).len(), 1);
}

// --- losses: money in cents ------------------------------------------------------------------------

const DAY: Nanos = 86_400_000 * MS;
/// A midnight.
const MIDNIGHT: Nanos = 11_574 * DAY;

fn losses(holder: Holder, reduce: i128, halt: i128, daily: bool) -> Risk {
    let mut controls = Controls::default();
    controls.complete(risk(&free()).names());
    let limits = controls.of_mut(holder);
    let keys = match daily {
        true => [Control::DailyLossReduce, Control::DailyLossHalt],
        false => [Control::DrawdownReduce, Control::DrawdownHalt],
    };
    limits.set(keys[0], Limit::Units(reduce));
    limits.set(keys[1], Limit::Units(halt));
    with(&free(), controls)
}

#[test]
fn a_daily_loss_lets_only_reductions_pass_and_then_halts() {
    for (holder, whose) in [(Holder::Account, 0), (Holder::Strategy(1), 1)] {
        let fresh = || losses(holder, 1_000, 2_000, true);
        let mut risk = fresh();
        let at = |equity: i128| match whose {
            0 => (equity, 0),
            _ => (5_000_000, equity),
        };
        let mut sampled = |equity: i128, now: Nanos| {
            let (account, own) = at(equity);
            let trips = sample(&mut risk, account, own, now);
            risk = restarted(&risk, fresh());
            trips
        };
        assert!(sampled(50_000, MIDNIGHT).is_empty());
        assert!(
            sampled(90_000, MIDNIGHT + 1).is_empty(),
            "a profit is no base"
        );
        assert!(
            sampled(49_000, MIDNIGHT + 2).is_empty(),
            "exactly the limit"
        );
        let said = "daily_loss: 10.01 USDT, allowed are 10.00 USDT";
        let trips = sampled(48_999, MIDNIGHT + 3);
        assert_eq!(reasons(&trips), [("reduce", said)]);
        assert_eq!(trips[0].scope, holder.scope());
        assert!(
            sampled(48_000, MIDNIGHT + 4).is_empty(),
            "exactly the second"
        );
        let said = "daily_loss: 20.01 USDT, allowed are 20.00 USDT";
        assert_eq!(reasons(&sampled(47_999, MIDNIGHT + 5)), [("halt", said)]);
        assert!(sampled(1, MIDNIGHT + 6).is_empty(), "both are latched");
        let found = why(&risk, &buy(), &Fake::default());
        assert_eq!(found[0], format!("halted: {said}"));
        risk.rearm(holder.scope());
        assert!(why(&risk, &buy(), &Fake::default()).is_empty());
        let (account, own) = at(1);
        let day = MIDNIGHT + 7;
        assert!(
            sample(&mut risk, account, own, day).is_empty(),
            "measured anew"
        );
    }
}

#[test]
fn a_new_day_is_measured_from_the_last_sample_of_the_old_one() {
    let mut risk = losses(Holder::Account, 1_000, 9_000, true);
    assert!(sample(&mut risk, 50_000, 0, MIDNIGHT).is_empty());
    assert!(sample(&mut risk, 49_100, 0, MIDNIGHT + DAY - 1).is_empty());
    assert!(sample(&mut risk, 48_100, 0, MIDNIGHT + DAY).is_empty());
    assert_eq!(
        sample(&mut risk, 48_099, 0, MIDNIGHT + 2 * DAY - 1).len(),
        1
    );
}

#[test]
fn a_day_begins_when_its_clock_says_so() {
    let hour = 3_600_000 * MS;
    let summer = MIDNIGHT + 10 * DAY;
    let day = Day {
        starts: 17 * hour,
        offsets: vec![(Nanos::MIN, -5 * hour), (summer, -4 * hour)],
    };
    let first = day.of(MIDNIGHT);
    assert_eq!(day.of(MIDNIGHT + 22 * hour - 1), first);
    assert_eq!(day.of(MIDNIGHT + 22 * hour), first + 1);
    assert_eq!(day.of(summer + 21 * hour - 1), first + 10);
    assert_eq!(day.of(summer + 21 * hour), first + 11);
    assert_eq!(Day::default().of(-1), -1);
}

#[test]
fn a_drawdown_is_measured_from_the_highest_sample_whatever_the_day() {
    let fresh = || losses(Holder::Account, 1_000, 2_000, false);
    let mut risk = fresh();
    assert!(sample(&mut risk, 50_000, 0, MIDNIGHT).is_empty());
    assert!(sample(&mut risk, 60_000, 0, MIDNIGHT + 1).is_empty());
    risk = restarted(&risk, fresh());
    assert!(sample(&mut risk, 59_000, 0, MIDNIGHT + DAY).is_empty());
    let said = "drawdown: 10.01 USDT, allowed are 10.00 USDT";
    let trips = sample(&mut risk, 58_999, 0, MIDNIGHT + 2 * DAY);
    assert_eq!(reasons(&trips), [("reduce", said)]);
    let said = "drawdown: 20.01 USDT, allowed are 20.00 USDT";
    let trips = sample(&mut risk, 57_999, 0, MIDNIGHT + 3 * DAY);
    assert_eq!(reasons(&trips), [("halt", said)]);
    risk.rearm(Scope::default());
    assert!(sample(&mut risk, 57_000, 0, MIDNIGHT + 4 * DAY).is_empty());
}

#[test]
fn a_fall_through_both_limits_latches_both() {
    let mut risk = losses(Holder::Account, 1_000, 2_000, true);
    sample(&mut risk, 50_000, 0, MIDNIGHT);
    assert_eq!(sample(&mut risk, 10_000, 0, MIDNIGHT + 1).len(), 2);
}
