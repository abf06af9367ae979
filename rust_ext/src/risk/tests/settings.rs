//! Limits that are set while the run goes on, and what people see of them.

use super::*;

fn setting(name: &str, value: &str, strategy: Option<&str>, instrument: Option<&str>) -> Setting {
    Setting {
        name: name.into(),
        value: value.into(),
        scope: NamedScope {
            strategy: strategy.map(Into::into),
            instrument: instrument.map(Into::into),
            venue: None,
        },
    }
}

fn plain(name: &str, value: &str) -> Setting {
    setting(name, value, None, None)
}

#[test]
fn a_limit_holds_at_once_and_after_a_restart() {
    let mut risk = risk(&free());
    let one = setting("max_order_quantity", "9.9", None, Some("BTCUSDT.SIM"));
    assert_eq!(risk.set_limit(one), Ok(()));
    let risk = restarted(&risk, super::risk(&free()));
    let found = why(&risk, &buy(), &Fake::default());
    assert_eq!(found, ["max_order_quantity: 10 is more than 9"]);
    let mut other = buy();
    other.submit.instrument = 1;
    assert!(why(&risk, &other, &Fake::default()).is_empty());
    assert_eq!(risk.settings().len(), 1);
}

#[test]
fn every_limit_can_be_set_and_is_known_as_looser_or_not() {
    let mut risk = risk(&Limits::default());
    for name in [
        "collar",
        "max_order_value",
        "max_order_quantity",
        "max_position",
        "max_orders",
        "max_data_age_ms",
        "max_gross_exposure",
        "max_net_exposure",
        "daily_loss_reduce",
        "daily_loss_halt",
        "drawdown_reduce",
        "drawdown_halt",
    ] {
        risk.set_limit(plain(name, "10")).expect(name);
        for (value, looser) in [
            ("9", false),
            ("10", false),
            ("10.00", false),
            ("11", true),
            ("unlimited", true),
        ] {
            let found = risk.is_looser(&plain(name, value));
            assert_eq!(found, Ok(looser), "{name} {value}");
        }
        risk.set_limit(plain(name, "unlimited")).expect(name);
        assert_eq!(risk.is_looser(&plain(name, "10")), Ok(false), "{name}");
    }
    for name in ["max_messages", "max_executions", "max_rejects"] {
        let of = |value| setting(name, value, Some("s1"), None);
        assert_eq!(risk.is_looser(&of("10")), Ok(false));
        risk.set_limit(of("10")).expect(name);
        assert_eq!(risk.is_looser(&of("11")), Ok(true));
    }
}

#[test]
fn a_longer_span_between_the_same_orders_is_tighter() {
    let mut risk = risk(&free());
    assert_eq!(risk.is_looser(&plain("duplicate_ms", "50")), Ok(false));
    risk.set_limit(plain("duplicate_ms", "50")).expect("set");
    assert_eq!(risk.is_looser(&plain("duplicate_ms", "51")), Ok(false));
    assert_eq!(risk.is_looser(&plain("duplicate_ms", "49")), Ok(true));
    assert_eq!(
        risk.is_looser(&plain("duplicate_ms", "unlimited")),
        Ok(true)
    );
}

#[test]
fn what_is_no_limit_changes_nothing() {
    let mut risk = risk(&free());
    let before = risk.snapshot();
    for (wrong, said) in [
        (plain("max_posiiton", "1"), "there is no limit max_posiiton"),
        (
            plain("max_position", "-1"),
            "\"-1\" is no plain decimal of 0 or more",
        ),
        (
            plain("max_position", "1e9"),
            "\"1e9\" is no plain decimal of 0 or more",
        ),
        (
            plain("max_position", ""),
            "\"\" is no plain decimal of 0 or more",
        ),
        (plain("max_rejects", "1"), "max_rejects is no limit of all"),
        (
            setting("max_position", "1", Some("s1"), None),
            "max_position is no limit of strategy s1",
        ),
        (
            setting("max_rejects", "1", Some("gone"), None),
            "strategy gone is not in this run",
        ),
        (
            setting("max_rejects", "1", Some("s1"), Some("BTCUSDT.SIM")),
            "max_rejects is no limit of strategy s1, instrument BTCUSDT.SIM",
        ),
    ] {
        let error = risk.set_limit(wrong.clone()).expect_err(said);
        assert_eq!(error.text(), said);
        assert_eq!(risk.is_looser(&wrong), Err(error));
    }
    let long = "9".repeat(10_000);
    assert!(risk.set_limit(plain("max_position", &long)).is_err());
    assert_eq!(risk.snapshot(), before);
    let live = Controls {
        live: true,
        ..Controls::default()
    };
    let mut live = with(&free(), live);
    let error = live.set_limit(plain("max_position", "unlimited"));
    assert_eq!(error.expect_err("live").text(), UNLIMITED_LIVE);
}

#[test]
fn the_view_shows_limits_their_use_and_what_is_latched_since_when() {
    let mut risk = held(Holder::Strategy(1), Control::Executions, 1);
    risk.set_limit(plain("max_gross_exposure", "50"))
        .expect("set");
    for _ in 0..2 {
        for trip in risk.noted(Note::Filled(1, 0), NOW) {
            risk.latch(trip.latched, trip.scope, &trip.reason, NOW);
        }
    }
    let mut world = Fake::default();
    world.positions.insert(None, -3);
    let rows = risk.view(&world);
    let row = |control: &str, strategy: Option<&str>| {
        let mut all = rows.iter();
        let found =
            all.find(|row| row.control == control && row.scope.strategy.as_deref() == strategy);
        let row = found.expect(control);
        (row.limit.as_str(), row.used.as_str(), row.state, row.since)
    };
    assert_eq!(row("price_collar", None), ("unlimited", "", "off", None));
    assert_eq!(row("max_position", None), ("unlimited", "3", "off", None));
    let exposure = ("50.00 USDT", "3.00 USDT", "ok", None);
    assert_eq!(row("gross_exposure", None), exposure);
    let throttle = ("1", "2", "halted", Some(NOW));
    assert_eq!(row("execution_throttle", Some("s1")), throttle);
    assert_eq!(row("order_to_trade", Some("s1")), ("", "0 : 2", "ok", None));
    let halt = "execution_throttle: more than 1 fills within 1000 ms";
    assert_eq!(row("halted", Some("s1")), (halt, "", "halted", Some(NOW)));
}
