"""`[log] [metrics] [alerts]`: what is refused, and `outcry alerts test`."""

import json
import re
from pathlib import Path

import pytest

from openoutcry.daemon import cli
from openoutcry.daemon.config_loader import ConfigFileError, load
from tests.daemon.operation.alert_kit import http_receiver
from tests.daemon.operation.test_doctor import CONFIG_TEXT

BASE = CONFIG_TEXT.split("[metrics]", maxsplit=1)[0]
HOOK = '[[alerts.webhooks]]\nname = "hook"\n'
MAIL = (
    '[[alerts.emails]]\nname = "mail"\nhost = "smtp.example.com"\nsender = "a@example.com"\n'
    'to = ["b@example.com"]\n'
)


@pytest.fixture
def config(tmp_path):
    def make(text: str):
        file = tmp_path / "outcry.toml"
        file.write_text(BASE + text)
        return file

    return make


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[log]\nburst = 0", "log.burst"),
        ('[log]\nlevel = "loud"', "log.level"),
        ('[log]\nlibraries = { x = "loud" }', "log.libraries.x"),
        ('[metrics]\nlisten = "0.0.0.0:9464"', "metrics.listen"),
        ('[metrics]\nlisten = "127.0.0.1:65536"', "metrics.listen"),
        ("[alerts]\nper_minute = 0", "alerts.per_minute"),
        ("[alerts.limits]\ncore_lag_ms = -1", "alerts.limits.core_lag_ms"),
        ('[alerts.limits]\ndaily_loss = "-5"', "alerts.limits.daily_loss"),
        (HOOK, "alerts.webhooks[0]"),
        (HOOK + 'url = "https://x.example"\nurl_credential = "x"', "alerts.webhooks[0]"),
        (HOOK + 'url = "http://x.example"', "alerts.webhooks[0].url"),
        (HOOK + 'url = "ftp://x.example"', "alerts.webhooks[0].url"),
        (HOOK + 'url = "https://x.example:port/"', "alerts.webhooks[0].url"),
        (HOOK + 'url = "https://me:secret@x.example"', "alerts.webhooks[0].url"),
        (HOOK + 'url_credential = "Not A Name"', "alerts.webhooks[0].url_credential"),
        (HOOK + 'url = "https://x.example"\n' + HOOK + 'url = "https://y.example"', "alerts.webhooks[1].name"),
        (MAIL + 'encryption = "none"', "alerts.emails[0].encryption"),
        (MAIL + 'user = "me"', "alerts.emails[0]"),
        (MAIL + "port = 0", "alerts.emails[0].port"),
        (MAIL.replace("b@example.com", "b"), "alerts.emails[0].to"),
        (MAIL.replace('["b@example.com"]', "[]"), "alerts.emails[0].to"),
        ('[[alerts.commands]]\nname = "c"\nargv = []', "alerts.commands[0].argv"),
        ('[[alerts.commands]]\nname = "c"\nargv = ["tell me"]', "alerts.commands[0].argv"),
        ('[[alerts.commands]]\nname = "C c"\nargv = ["/bin/true"]', "alerts.commands[0].name"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_key(config, text, key):
    with pytest.raises(ConfigFileError) as raised:
        load(config(text))
    assert [p.key for p in raised.value.problems] == [key]
    assert raised.value.problems[0].remedy


def test_what_may_be_a_secret_is_not_repeated(config):
    with pytest.raises(ConfigFileError) as raised:
        load(config(HOOK + 'url_credential = "sk_LIVE_123456"'))
    assert "sk_LIVE" not in str(raised.value)


def test_everything_has_a_default(config):
    loaded = load(config("")).config
    assert loaded.log.level == "info"
    assert not loaded.metrics.enabled
    assert loaded.alerts.webhooks == ()


def test_the_config_of_the_how_to_is_one(config):
    page = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "operate-alerts.md"
    (text,) = re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    alerts = load(config(text)).config.alerts
    assert [len(alerts.webhooks), len(alerts.emails), len(alerts.commands)] == [1, 1, 1]


def test_alerts_can_be_tried(config, capsys):
    with http_receiver() as (url, got):
        text = HOOK + f'url = "{url}"\n[[alerts.commands]]\nname = "bad"\nargv = ["/bin/false"]\n'
        file = config(text)
        assert cli.main(["alerts", "test", str(file), "--json"]) == 3
        document = json.loads(capsys.readouterr().out)
        received = got.get(timeout=5)
        assert cli.main(["alerts", "test", str(file), "--channel", "hook"]) == 0
        assert capsys.readouterr().out == "hook: delivered\n"
        assert cli.main(["alerts", "test", str(file), "--channel", "none"]) == 2
    assert received["kind"] == "test"
    assert [c["error"] is None for c in document["channels"]] == [True, False]
    assert "no such channel" in capsys.readouterr().err
