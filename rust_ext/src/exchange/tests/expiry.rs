use super::*;
use crate::sessions::Sessions;
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
    let (first, second) = (17 * HOUR, DAY + 13 * HOUR);
    let hours = [(9 * HOUR, first, first), (DAY + 9 * HOUR, second, second)];
    let hours = Sessions::new(&hours).unwrap();
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
fn a_day_order_fills_in_the_bar_that_ends_with_its_session_and_not_later() {
    let mut desk = Desk::new(sessions(), share());
    let bar = |open: Nanos, close, low| Bar {
        ts_event: close,
        ts_received: close,
        low,
        ..opening(open, PriceType::Last, 100, 5)
    };
    let mut out = Vec::new();
    desk.venue
        .on_bar(17 * HOUR, 0, &bar(9 * HOUR, 17 * HOUR, 99), &mut out);
    desk.ts = 17 * HOUR - 1;
    desk.send(day_order());
    desk.send(Submit {
        limit: Some(80),
        ..day_order()
    });
    let end = DAY + 13 * HOUR;
    assert_eq!(desk.venue.next_deadline(), Some(end + 1));
    desk.venue
        .on_bar(end, 0, &bar(DAY + 9 * HOUR, end, 85), &mut out);
    assert_eq!(words(&out), ["filled 90x1"]);
    out.clear();
    let next = opening(end, PriceType::Last, 70, 5);
    desk.venue.on_bar_open(end, 0, &next, &mut out);
    assert_eq!(words(&out), ["expired day"]);
}

#[test]
fn a_bar_that_begins_before_the_open_trades_from_the_open() {
    let mut desk = Desk::new(sessions(), share());
    let whole_day = Bar {
        ts_event: DAY,
        ..opening(0, PriceType::Last, 100, 5)
    };
    assert_eq!(desk.venue.bar_trades_from(0, &whole_day), Some(9 * HOUR));
    let night = Bar {
        ts_event: 9 * HOUR,
        ..whole_day
    };
    assert_eq!(desk.venue.bar_trades_from(0, &night), None);
    desk.send(limit(Buy, 1, 100));
    let mut out = Vec::new();
    desk.venue.on_bar_open(HOUR, 0, &night, &mut out);
    desk.venue.on_bar(9 * HOUR, 0, &night, &mut out);
    assert!(out.is_empty(), "outside trading hours nothing matches");
    desk.venue.on_bar_open(9 * HOUR, 0, &whole_day, &mut out);
    assert_eq!(words(&out), ["filled 100x1"]);
}

#[test]
fn an_order_at_the_end_of_a_bar_meets_its_close_although_the_market_has_closed() {
    for (bar_fill, late, answer) in [
        (BarFill::Close, 0, "accepted"),
        (BarFill::Close, 1, "rejected market_closed"),
        (BarFill::NextOpen, 1, "accepted"),
    ] {
        let settings = ExchangeConfig {
            bar_fill,
            ..sessions()
        };
        let mut desk = Desk::new(settings, share());
        let bar = Bar {
            ts_event: 17 * HOUR,
            ..opening(9 * HOUR, PriceType::Last, 100, 5)
        };
        let mut out = Vec::new();
        desk.venue.on_bar(17 * HOUR, 0, &bar, &mut out);
        desk.ts = 17 * HOUR - 1 + late;
        assert_eq!(words(&desk.send(market(Buy, 1)))[0], answer);
    }
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
