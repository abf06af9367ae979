"""Channels: a real HTTP server, a real SMTP server and a real program get the alert within five seconds."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from openoutcry.daemon.alerts.alert import Alert, Kind
from openoutcry.daemon.alerts.channels import CommandChannel, Email, Webhook
from openoutcry.daemon.alerts.setup import families, open_desk, room
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.metrics.exposition import render
from openoutcry.daemon.metrics.facts import CoreFacts, FactsCell
from openoutcry.daemon.secrets import Credentials, Secret
from openoutcry.state.errors import CredentialError, DeliveryError
from openoutcry.state.operation_config import (
    AlertsConfig,
    CommandConfig,
    EmailConfig,
    WebhookConfig,
)
from tests.daemon.operation.alert_kit import SmtpServer, certificate, http_receiver, notice
from tests.daemon.operation.log_kit import CANARY, Kept, pipe_to
from tests.daemon.operation.test_metrics import ROOT, samples

WITHIN_S = 5.0
TOKEN = "t0ken-of-the-webhook"


@pytest.fixture
def masker():
    made = Masker()
    made.add(CANARY)
    made.add(TOKEN)
    return made


def webhook(masker: Masker, url: str | Secret, timeout_s: int = 3) -> Webhook:
    config = WebhookConfig(name="hook", timeout_s=timeout_s)
    return Webhook(config, masker, url=url, token=Secret("token", TOKEN))


# --- webhook ------------------------------------------------------------------------------------


def test_a_webhook_gets_json_with_the_token_and_no_secret(masker):
    with http_receiver() as (url, got):
        webhook(masker, f"{url}/hook?a=b").send(notice(summary=f"halted {CANARY}", why=CANARY))
        received = got.get(timeout=WITHIN_S)
    assert received["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert received["path"] == "/hook?a=b"
    assert received["text"] == received["content"] == "[CRITICAL] PAPER main: halted ***"
    assert (received["kind"], received["severity"], received["id"]) == ("raised", "critical", "1f")
    assert received["fields"] == {"why": "***"}
    assert received["remedy"]


@pytest.mark.parametrize("status", [301, 307, 400, 404, 500])
def test_an_answer_that_is_no_success_is_a_failure_and_no_redirect_is_followed(masker, status):
    with http_receiver(status) as (url, got):
        with pytest.raises(DeliveryError, match=str(status)):
            webhook(masker, url).send(notice())
        assert got.qsize() == 1


def test_a_webhook_that_cannot_be_reached_names_no_secret(masker):
    masker.add("http://127.0.0.1:1/s3cret-path")
    url = Secret("url", "http://127.0.0.1:1/s3cret-path")
    with pytest.raises(DeliveryError) as raised:
        webhook(masker, url).send(notice())
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None


# --- mail ---------------------------------------------------------------------------------------


def mail_config(port: int, **more: object) -> EmailConfig:
    fields = {"encryption": "none", "user": "me", "password_credential": "mail", **more}
    return EmailConfig(
        name="mail", host="127.0.0.1", port=port, sender="a@example.com", to=("b@example.com",), **fields  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_mail_arrives_with_what_to_do(masker):
    server = SmtpServer()
    email = Email(mail_config(server.port), masker, password=Secret("mail", CANARY))
    email.send(notice(summary=f"line one\nBcc: everybody@example.com {CANARY}"))
    mail = server.mails.get(timeout=WITHIN_S)
    server.close()
    assert (
        "Subject: [CRITICAL] PAPER main: line one Bcc: everybody@example.com ***"
        in mail.replace("\r\n ", " ")
    )
    assert "To: b@example.com" in mail
    assert not [line for line in mail.splitlines() if line.startswith("Bcc")]
    assert "acknowledge it: outcry ack 1f" in mail
    assert "c4nary" not in mail
    assert any(line.startswith("AUTH PLAIN") for line in server.seen)


def test_starttls_is_insisted_on_and_the_certificate_is_checked(masker, tmp_path):
    authority, trust = certificate(tmp_path)
    secret = Secret("mail", CANARY)
    plain = SmtpServer()
    config = mail_config(plain.port, encryption="starttls", ca_file=str(authority))
    with pytest.raises(DeliveryError, match="STARTTLS"):
        Email(config, masker, password=secret).send(notice())
    plain.close()
    assert not [line for line in plain.seen if line.startswith("AUTH")]
    stranger = SmtpServer(trust)
    with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED"):
        Email(mail_config(stranger.port, encryption="starttls"), masker, password=secret).send(
            notice()
        )
    stranger.close()
    server = SmtpServer(trust)
    config = mail_config(server.port, encryption="starttls", ca_file=str(authority))
    Email(config, masker, password=secret).send(notice())
    assert server.mails.get(timeout=WITHIN_S)
    server.close()
    encrypted = server.seen.index("-- encrypted by SSLContext")
    assert not [line for line in server.seen[:encrypted] if line.startswith("AUTH")]
    assert [line for line in server.seen[encrypted:] if line.startswith("AUTH")]


# --- command ------------------------------------------------------------------------------------


def program(folder: Path, code: str) -> tuple[str, ...]:
    file = folder / "tell.py"
    file.write_text(code)
    return (sys.executable, str(file), "$(touch injected)", "a b")


def command(masker: Masker, argv: tuple[str, ...], timeout_s: int = 5) -> CommandChannel:
    config = CommandConfig(name="tell", argv=argv, timeout_s=timeout_s)
    environ = {**os.environ, "OPENOUTCRY_CREDENTIAL_X": CANARY, "AWS_SECRET_ACCESS_KEY": "x"}
    return CommandChannel(config, masker, environ)


def test_a_program_gets_json_on_stdin_no_shell_and_no_secret(masker, tmp_path):
    code = (
        "import json, os, sys\n"
        f"open({str(tmp_path / 'got')!r}, 'w').write("
        "json.dumps([sys.argv[1:], json.load(sys.stdin), dict(os.environ)]))"
    )
    command(masker, program(tmp_path, code)).send(notice(summary=CANARY))
    argv, document, environ = json.loads((tmp_path / "got").read_text())
    assert argv == ["$(touch injected)", "a b"]
    assert document["summary"] == "***"
    assert not (tmp_path / "injected").exists()
    assert not [n for n in environ if "CREDENTIAL" in n or "SECRET" in n]


def test_a_program_that_hangs_is_killed_with_its_children(masker, tmp_path):
    code = (
        "import os, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(DeliveryError, match="more than 2 s"):
        command(masker, program(tmp_path, code), timeout_s=2).send(notice())
    assert time.monotonic() - started < 20
    mine, child = map(int, (tmp_path / "pids").read_text().split())
    assert not Path(f"/proc/{mine}").exists()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}/stat").exists():
        if ") Z " in Path(f"/proc/{child}/stat").read_text():
            break
        assert time.monotonic() < deadline


@pytest.mark.parametrize("argv", [("/nonexistent/program",), ("/bin/false",)])
def test_a_program_that_fails_is_a_failure(masker, argv):
    with pytest.raises(DeliveryError):
        command(masker, argv).send(notice())


# --- all together -------------------------------------------------------------------------------


def test_a_halt_reaches_every_channel_within_five_seconds_and_no_secret_leaves(tmp_path):
    environ = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "OPENOUTCRY_CREDENTIAL_HOOK": TOKEN,
        "OPENOUTCRY_CREDENTIAL_MAIL": CANARY,
    }
    masker, kept, cell = Masker(), Kept(), FactsCell()
    called: list[Alert] = []
    smtp = SmtpServer()
    code = f"import sys; open({str(tmp_path / 'got')!r}, 'a').write(sys.stdin.read() + '\\n')"
    with http_receiver() as (url, got):
        config = AlertsConfig(
            escalate_s=1,
            webhooks=(WebhookConfig(name="hook", url=url, token_credential="hook"),),
            emails=(mail_config(smtp.port),),
            commands=(CommandConfig(name="tell", argv=program(tmp_path, code)),),
        )
        pipe = pipe_to(kept, masker=masker)
        desk = open_desk(
            config, seen="PAPER main", source=cell, pipe=pipe, masker=masker, environ=environ,
            credentials=Credentials(environ, masker), state_dir=tmp_path / "state",
            on_unacknowledged=called.append,
        )  # fmt: skip
        desk.start()
        started = time.monotonic()
        cell.write(CoreFacts(at_s=started, ready=True, halted={"all": f"because {CANARY}"}))
        assert got.get(timeout=WITHIN_S)["severity"] == "critical"
        mail = smtp.mails.get(timeout=WITHIN_S)
        while not (tmp_path / "got").exists() or "\n" not in (tmp_path / "got").read_text():
            assert time.monotonic() - started < WITHIN_S
        assert time.monotonic() - started < WITHIN_S
        while got.get(timeout=WITHIN_S)["kind"] != Kind.ESCALATED:
            pass
        page = render(families(desk))
        (alert,) = desk.open_alerts()
        assert desk.acknowledge(alert.id, "anna") is not None
        assert desk.close()
    smtp.close()
    pipe.close()
    assert [a.key for a in called] == ["halted:all"]
    saved = (tmp_path / "state" / "alerts.json").read_text()
    everything = [saved, mail, (tmp_path / "got").read_text(), repr(kept.shown)]
    assert not [text for text in everything if "c4nary" in text or TOKEN in text]
    assert "acknowledged_by" in saved
    found = samples(page)
    assert found["openoutcry_alerts_open", frozenset({("severity", "critical")})] == 1
    documented = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    for family in families(desk):
        assert f"| `{family.name}{'_total' if family.kind == 'counter' else ''}`" in documented


def test_a_channel_that_fails_is_told_on_the_others_and_in_the_log(tmp_path):
    masker, kept = Masker(), Kept()
    with http_receiver() as (url, got):
        config = AlertsConfig(
            webhooks=(WebhookConfig(name="hook", url=url),),
            commands=(CommandConfig(name="tell", argv=("/bin/false",)),),
        )
        pipe = pipe_to(kept, masker=masker)
        desk = open_desk(
            config, seen="PAPER main", source=FactsCell(), pipe=pipe, masker=masker, environ={},
            credentials=Credentials({}, masker), state_dir=tmp_path, on_unacknowledged=print,
        )  # fmt: skip
        desk.start()
        desk.raise_alert("unclean_restart", "killed")
        assert got.get(timeout=WITHIN_S)["rule"] == "unclean_restart"
        assert got.get(timeout=WITHIN_S)["key"] == "alert_undelivered:tell"
        desk.close()
    pipe.close()
    assert "alert_not_delivered" in kept.events


def test_a_missing_credential_is_refused_at_the_start(tmp_path):
    config = AlertsConfig(webhooks=(WebhookConfig(name="hook", url_credential="none"),))
    pipe = pipe_to(Kept())
    with pytest.raises(CredentialError, match="no credential none"):
        open_desk(
            config, seen="x", source=FactsCell(), pipe=pipe, masker=Masker(), environ={},
            credentials=Credentials({"HOME": str(tmp_path)}, Masker()), state_dir=tmp_path,
            on_unacknowledged=print,
        )  # fmt: skip
    pipe.close()


def test_the_room_of_a_folder_that_is_not_there_is_unknown(tmp_path):
    assert room(tmp_path / "none") is None
    assert (room(tmp_path) or (0, 0))[1] > 0
