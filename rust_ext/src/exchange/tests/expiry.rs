use super::*;
use Side::Buy;

const HOUR: Nanos = 3_600_000_000_000;
const DAY: Nanos = 24 * HOUR;

fn day_order() -> Submit {
    Submit {
        time_in_force: TimeInForce::Day,
        ..limit(Buy, 1, 90)
    }
}

fn sessions() -> ExchangeConfig {
    let hours = vec![(9 * HOUR, 17 * HOUR), (DAY + 9 * HOUR, DAY + 13 * HOUR)];
    ExchangeConfig {
        sessions: [(0, hours)].into(),
        ..config()
    }
}

#[test]
fn a_gtd_order_expires_at_its_time_and_never_matches_then() {
    let mut desk = Desk::new(config(), share());
    desk.quote(100, 5, 102, 5);
    let gtd = Submit {
        time_in_force: TimeInForce::Gtd,
        expire: Some(5_000),
        ..limit(Buy, 1, 100)
    };
    desk.send(gtd);
    assert_eq!(desk.venue.next_deadline(), Some(5_000));
    assert_eq!(words(&desk.time(4_999)), Vec::<String>::new());
    assert_eq!(words(&desk.quote(90, 5, 91, 5)), ["expired gtd"]);
    assert_eq!(desk.venue.next_deadline(), None);
}

#[test]
fn a_day_order_without_a_calendar_ends_at_midnight() {
    let mut desk = Desk::new(config(), share());
    desk.ts = 3 * DAY + HOUR;
    desk.send(day_order());
    assert_eq!(desk.venue.next_deadline(), Some(4 * DAY));
    assert_eq!(words(&desk.time(4 * DAY)), ["expired day"]);
}

#[test]
fn a_day_order_ends_with_its_session() {
    for (arrival, end) in [
        (10 * HOUR, 17 * HOUR),
        (HOUR, 17 * HOUR),
        (17 * HOUR, DAY + 13 * HOUR),
        (2 * DAY + HOUR, 3 * DAY),
    ] {
        let mut desk = Desk::new(sessions(), share());
        desk.ts = arrival;
        desk.send(day_order());
        assert_eq!(desk.venue.next_deadline(), Some(end));
    }
}

#[test]
fn nothing_matches_outside_trading_hours() {
    let mut desk = Desk::new(sessions(), share());
    desk.ts = 10 * HOUR;
    desk.quote(100, 5, 102, 5);
    assert_eq!(words(&desk.send(limit(Buy, 1, 100))), ["accepted"]);
    desk.ts = 17 * HOUR - 1;
    assert_eq!(
        words(&desk.quote(90, 5, 91, 5)),
        Vec::<String>::new(),
        "the close is excluded"
    );
    assert_eq!(
        words(&desk.send(market(Buy, 1))),
        ["rejected market_closed"]
    );
    let ioc = Submit {
        time_in_force: TimeInForce::Ioc,
        ..limit(Buy, 1, 100)
    };
    assert_eq!(words(&desk.send(ioc)), ["rejected market_closed"]);
    assert_eq!(
        words(&desk.send(limit(Buy, 1, 95))),
        ["accepted"],
        "it waits for the open"
    );
    desk.ts = DAY + 9 * HOUR - 1;
    assert_eq!(
        words(&desk.quote(90, 5, 91, 5)),
        ["filled 100x1", "filled 95x1"]
    );
}

#[test]
fn a_market_order_at_the_close_of_a_daily_bar_waits_for_the_next_open() {
    let mut desk = Desk::new(sessions(), share());
    desk.ts = 17 * HOUR - 3;
    desk.bar([100; 4], 5);
    assert_eq!(words(&desk.send(market(Buy, 1))), ["accepted"]);
    desk.ts = DAY + 9 * HOUR - 1;
    assert_eq!(words(&desk.bar([101, 103, 99, 102], 5).0), ["filled 101x1"]);
}

#[test]
fn what_works_at_the_end_of_the_data_is_canceled() {
    let mut desk = Desk::new(config(), share());
    desk.quote(100, 5, 102, 5);
    desk.send(limit(Buy, 1, 90));
    let mut out = Vec::new();
    desk.venue.on_finish(desk.ts, &mut out);
    assert_eq!(words(&out), ["canceled end_of_data"]);
}
