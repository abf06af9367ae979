use super::*;
use Side::{Buy, Sell};

const UNIT: i64 = 1_000_000_000_000;

fn happen(
    desk: &mut Desk,
    act: impl FnOnce(&mut Exchange, Nanos, &mut Vec<Report>),
) -> Vec<String> {
    let mut out = Vec::new();
    act(&mut desk.venue, desk.ts, &mut out);
    words(&out)
}

fn holding(instrument: Instrument, side: Side, quantity: i64) -> Desk {
    let mut desk = Desk::new(config(), instrument);
    desk.quote(10_000, 1_000, 10_000, 1_000);
    desk.send(market(side, quantity));
    desk
}

#[test]
fn longs_pay_a_positive_funding_rate_at_the_mark_and_shorts_receive_it() {
    for (side, mark, expected) in [
        (Buy, None, "cash -100 funding"),
        (Sell, None, "cash 100 funding"),
        (Buy, Some(20_000), "cash -200 funding"),
    ] {
        let mut desk = holding(contract(), side, 100);
        if let Some(mark) = mark {
            desk.mark(mark);
        }
        let before = desk.venue.balance(USD);
        let words = happen(&mut desk, |v, ts, out| {
            v.on_funding(ts, 0, UNIT / 10_000, out)
        });
        assert_eq!(words, [expected]);
        let moved = desk.venue.balance(USD) - before;
        assert_eq!(expected, format!("cash {moved} funding"));
    }
}

#[test]
fn funding_is_rounded_half_to_even_and_nothing_is_paid_without_a_position() {
    let mut desk = holding(contract(), Buy, 1);
    let funding = |desk: &mut Desk, rate| happen(desk, |v, ts, out| v.on_funding(ts, 0, rate, out));
    // 100.00 x 0.00025 = 2.5 cents, x 0.00035 = 3.5 cents.
    assert_eq!(funding(&mut desk, UNIT / 4_000), ["cash -2 funding"]);
    assert_eq!(funding(&mut desk, UNIT / 100_000 * 35), ["cash -4 funding"]);
    desk.send(market(Sell, 1));
    assert_eq!(funding(&mut desk, UNIT / 4_000), Vec::<String>::new());
}

#[test]
fn a_dividend_is_paid_on_the_holding_and_by_shorts() {
    for (side, expected) in [(Buy, "cash 123 dividend"), (Sell, "cash -123 dividend")] {
        let mut desk = holding(share(), side, 100);
        let dividend = UNIT / 10_000 * 123;
        let words = happen(&mut desk, |v, ts, out| v.on_dividend(ts, 0, dividend, out));
        assert_eq!(words, [expected]);
    }
}

#[test]
fn a_split_changes_the_holding_pays_fractions_and_ends_orders() {
    let mut desk = holding(share(), Buy, 101);
    desk.send(limit(Buy, 5, 9_000));
    let before = desk.venue.balance(USD);
    let words = happen(&mut desk, |v, ts, out| v.on_split(ts, 0, 1, 2, out));
    assert_eq!(
        words,
        ["canceled split", "split", "cash 10000 cash in lieu"]
    );
    assert_eq!(desk.venue.position(0), 50);
    assert_eq!(
        desk.venue.balance(USD) - before,
        10_000,
        "half a share at 200.00"
    );
    assert_eq!(
        super::words(&desk.send(market(Sell, 5))),
        ["rejected no_market"]
    );
    desk.quote(20_000, 5, 20_000, 5);
    assert_eq!(fills(&desk.send(market(Sell, 5))), [(20_000, 5)]);
}

#[test]
fn a_split_without_a_holding_ends_orders_and_reports_nothing_else() {
    let mut desk = Desk::new(config(), share());
    desk.quote(10_000, 5, 10_000, 5);
    desk.send(limit(Buy, 5, 9_000));
    let words = happen(&mut desk, |v, ts, out| v.on_split(ts, 0, 7, 1, out));
    assert_eq!(words, ["canceled split"]);
}
