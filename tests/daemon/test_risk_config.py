"""`[risk]` beyond the limits of instruments: what is read, and what is refused."""

import pytest

from tests.daemon.test_config_loader import GOOD, loaded, only, refused

ADDED = """
[risk]
day_starts = "17:00"
day_zone = "America/New_York"
[risk.account]
max_gross_exposure = "5000"
[risk.strategy]
max_rejects = 5
[risk.strategies.cross]
daily_loss_halt = "100.5"
[risk.venues.BINANCE]
max_messages = "unlimited"
"""


def with_risk(text: str) -> str:
    """The good config with these sections; `[risk]` itself must come first."""
    head, rest = GOOD.split("[risk.default]")
    return f"{head}{text}[risk.default]{rest}"


def test_limits_of_account_strategies_and_venues_are_read(tmp_path):
    risk = loaded(tmp_path, with_risk(ADDED)).config.risk
    assert risk.day_zone == "America/New_York"
    assert str(risk.strategy_limits("cross").daily_loss_halt) == "100.5"
    assert risk.strategy_limits("other").max_rejects == 5
    assert risk.venue_limits("BINANCE").max_messages == "unlimited"


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("[risk.account]\nmax_gross_exposure = -1\n", "risk.account.max_gross_exposure",
         "-1 is negative"),
        ("[risk.strategy]\nmessages_ms = 0\n", "risk.strategy.messages_ms", "0"),
        ("[risk.strategies.crosss]\n", "risk.strategies.crosss",
         'there is no "crosss" among the strategies'),
        ("[risk.venues.BYBIT]\n", "risk.venues.BYBIT", 'there is no "BYBIT" among the venues'),
        ('[risk]\nday_starts = "24:00"\n', "risk.day_starts", '"24:00" is no time of day'),
        ('[risk]\nday_zone = "Mars"\n', "risk.day_zone", 'there is no time zone "Mars"'),
        ("[risk.account]\nmax_loss = 1\n", "risk.account.max_loss", "unknown key"),
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused(tmp_path, text, key, what):
    found = only(tmp_path, with_risk(text))
    assert found[1] == key
    assert what in found[2]


def test_a_live_account_needs_its_limits(tmp_path):
    live = with_risk("").replace("[run]\n", '[run]\nmode = "live"\n')
    found = [what for _, key, what, _ in refused(tmp_path, live) if key == "risk.account"]
    assert found == [
        "max_gross_exposure is missing",
        "max_net_exposure is missing",
        "daily_loss_halt is missing",
        "drawdown_halt is missing",
    ]
