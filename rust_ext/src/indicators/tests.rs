//! Crosses, sharing, and what a fast path costs.

use std::hint::black_box;
use std::time::Instant;

use super::cross::{Cross, Line};
use super::kinds::KINDS;
use super::{Archive, Candle, Live, Shared, number};

fn candle(close: f64) -> Candle {
    wide(close, 1.0)
}

fn wide(close: f64, half: f64) -> Candle {
    Candle {
        ts_open: 0,
        open: close,
        high: close + half,
        low: close - half,
        close,
        volume: 1.0,
    }
}

fn shared(name: &str, parameters: &[f64]) -> Shared {
    Shared::new(Live::new(name, parameters).unwrap())
}

fn line(of: &Shared) -> Line {
    Line::Output {
        of: of.clone(),
        index: 0,
    }
}

/// What a cross of a fast over a slow average tells of each close.
fn told(closes: &[f64], skip_flat: bool, half: f64) -> Vec<Option<bool>> {
    let (fast, slow) = (shared("sma", &[1.0]), shared("sma", &[2.0]));
    let mut cross = Cross::new(line(&fast), line(&slow), skip_flat);
    let tell = |close: &f64| {
        let bar = wide(*close, half);
        fast.lock().update(&bar);
        slow.lock().update(&bar);
        cross.evaluate(&bar)
    };
    closes.iter().map(tell).collect()
}

#[test]
fn a_cross_tells_changes_and_the_first_evaluated_bar_is_one() {
    let closes = [1.0, 2.0, 3.0, 1.0, 0.5, 0.5, 0.4];
    // Not ready, above, still above, below, still below, equal counts as above, below.
    let wanted = [
        None,
        Some(true),
        None,
        Some(false),
        None,
        Some(true),
        Some(false),
    ];
    assert_eq!(told(&closes, false, 1.0), wanted);
}

#[test]
fn a_flat_bar_is_not_evaluated_when_those_are_skipped() {
    assert_eq!(told(&[1.0, 2.0, 1.0], true, 0.0), [None; 3]);
    assert_eq!(told(&[1.0, 2.0], false, 0.0), [None, Some(true)]);
    let (fast, mut cross) = crossing_level(true);
    for (close, half, wanted) in [
        (6.0, 1.0, Some(true)),
        (4.0, 0.0, None),        // below, but flat
        (6.0, 1.0, None),        // as on the last evaluated bar
        (4.0, 0.0, None),        // below, but flat
        (4.0, 1.0, Some(false)), // told on the next bar that is evaluated
    ] {
        let bar = wide(close, half);
        fast.lock().update(&bar);
        assert_eq!(cross.evaluate(&bar), wanted);
    }
}

fn crossing_level(skip_flat: bool) -> (Shared, Cross) {
    let fast = shared("sma", &[1.0]);
    let cross = Cross::new(line(&fast), Line::Level(5.0), skip_flat);
    (fast, cross)
}

#[test]
fn a_cross_of_two_outputs_of_one_indicator_reads_each() {
    let macd = shared("macd", &[1.0, 2.0, 1.0]);
    let of = |index| Line::Output {
        of: macd.clone(),
        index,
    };
    let mut cross = Cross::new(of(0), of(2), false);
    for close in [1.0, 2.0] {
        macd.lock().update(&candle(close));
    }
    // With a signal of one bar the histogram is 0, and the line is above it.
    assert_eq!(cross.evaluate(&candle(2.0)), Some(true));
    assert_eq!(cross.above(), Some(true));
}

#[test]
fn a_line_without_a_number_is_not_evaluated() {
    let fast = shared("sma", &[1.0]);
    let mut cross = Cross::new(line(&fast), Line::Level(f64::NAN), false);
    fast.lock().update(&candle(1.0));
    assert_eq!(cross.evaluate(&candle(1.0)), None);
    assert_eq!(cross.above(), None);
}

#[test]
fn a_restored_cross_does_not_tell_again() {
    for close in [4.0, 6.0] {
        let (fast, mut first) = crossing_level(false);
        let bar = candle(close);
        fast.lock().update(&bar);
        assert_eq!(first.evaluate(&bar), Some(close > 5.0));
        let mut saved = Archive::save();
        first.archive(&mut saved);
        let mut second = Cross::new(line(&fast), Line::Level(5.0), false);
        let mut archive = Archive::load(&saved.into_bytes());
        second.archive(&mut archive);
        assert!(archive.is_complete());
        assert_eq!(second.evaluate(&bar), None);
        assert_eq!(second.above(), first.above());
    }
    let (_, mut unused) = crossing_level(false);
    let mut saved = Archive::save();
    unused.archive(&mut saved);
    unused.archive(&mut Archive::load(&saved.into_bytes()));
    assert_eq!(unused.above(), None);
}

#[test]
fn both_holders_of_a_shared_indicator_see_one_state() {
    let first = shared("ema", &[2.0]);
    let second = first.clone();
    let worker = std::thread::spawn(move || {
        second.lock().update(&candle(1.0));
        second.lock().update(&candle(1.0));
    });
    worker.join().unwrap();
    assert_eq!(first.lock().count(), 2);
    assert_eq!(first.lock().value(), 1.0);
}

#[test]
fn units_become_the_nearest_float() {
    assert_eq!(number(123_456, 2), 1234.56);
    assert_eq!(number(-1, 18), -1e-18);
    assert_eq!(number(i64::MAX, 18), 9.223_372_036_854_776);
    assert_eq!(number(9_007_199_254_740_993, 0), 9_007_199_254_740_992.0);
}

#[test]
fn the_names_of_indicators_and_of_their_outputs_are_unique() {
    for (place, kind) in KINDS.iter().enumerate() {
        assert!(KINDS[..place].iter().all(|other| other.name != kind.name));
        for (index, output) in kind.outputs.iter().enumerate() {
            assert_eq!(kind.place(output), Some(index));
        }
        assert_eq!(kind.place("value"), Some(0));
        assert_eq!(kind.place("no such"), None);
    }
}

/// Nanoseconds per call of `work`, the best of several rounds.
fn measured(mut work: impl FnMut(usize)) -> f64 {
    const CALLS: usize = 1_000_000;
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let started = Instant::now();
        (0..CALLS).for_each(&mut work);
        best = best.min(started.elapsed().as_secs_f64() * 1e9 / CALLS as f64);
    }
    best
}

/// `cargo test --release --no-default-features -- --ignored --nocapture fast_path`
#[test]
#[ignore = "prints what the fast path costs; a release build on a quiet machine tells something"]
fn measure_the_fast_path() {
    let bars: Vec<Candle> = (0..1024)
        .map(|n| candle(100.0 + f64::from(n % 17)))
        .collect();
    let bar = |call: usize| &bars[call % 1024];
    let mut live = Live::new("ema", &[20.0]).unwrap();
    let own = measured(|call| black_box(&mut live).update(bar(call)));
    let held = shared("ema", &[20.0]);
    let locked = measured(|call| black_box(&held).lock().update(bar(call)));
    let read = measured(|_| {
        black_box(held.lock().value());
    });
    let slow = shared("ema", &[50.0]);
    let mut cross = Cross::new(line(&held), line(&slow), true);
    let crossed = measured(|call| {
        held.lock().update(bar(call));
        slow.lock().update(bar(call));
        black_box(cross.evaluate(bar(call)));
    });
    println!("EMA, owned: {own:.1} ns; shared: {locked:.1} ns; read shared: {read:.1} ns");
    println!("two shared EMAs and their cross: {crossed:.1} ns a bar");
    for (name, parameters) in [
        ("sma", &[20.0][..]),
        ("bollinger", &[20.0, 2.0]),
        ("atr", &[14.0]),
        ("adx", &[14.0]),
        ("macd", &[12.0, 26.0, 9.0]),
        ("stochastic", &[14.0, 3.0, 3.0]),
    ] {
        let mut live = Live::new(name, parameters).unwrap();
        let cost = measured(|call| {
            live.update(bar(call));
            black_box(live.value());
        });
        println!("{name}{parameters:?}: {cost:.1} ns a bar, one output read");
    }
}
