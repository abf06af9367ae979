"""Secrets: nothing prints them, files of theirs are private, and every encoding of them is masked."""

import base64
import copy
import json
import logging
import os
import pickle
import urllib.parse

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.daemon.masking import LEAST, Masker, blank_assigned
from openoutcry.daemon.secrets import Credentials, Secret, check_name, variable_of
from openoutcry.state.errors import CredentialError
from tests.daemon.operation.log_kit import CANARY


@pytest.fixture
def secret() -> Secret:
    return Secret("webhook", CANARY)


def test_no_text_of_a_secret_holds_it(secret):
    texts = [
        repr(secret), str(secret), f"{secret}", f"{secret:>50}", f"{secret!r}",         repr([secret]), repr({"a": secret}), ascii(secret), str(dir(secret)),
    ]  # fmt: skip
    assert not [text for text in texts if CANARY in text or "c4nary" in text]
    assert secret.reveal() == CANARY


@pytest.mark.parametrize(
    "encode",
    [pickle.dumps, json.dumps, msgspec.json.encode, msgspec.msgpack.encode, msgspec.to_builtins, vars],
    ids=["pickle", "json", "msgspec json", "msgpack", "to_builtins", "vars"],
)  # fmt: skip
def test_no_encoder_takes_a_secret(secret, encode):
    with pytest.raises(TypeError) as raised:
        encode(secret)
    assert CANARY not in str(raised.value)


def test_secrets_are_compared_by_value_and_are_in_no_table(secret):
    assert secret == Secret("other", CANARY)
    assert secret != Secret("webhook", "something else")
    assert secret != CANARY
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret
    with pytest.raises(TypeError):
        hash(secret)


# --- where they come from -----------------------------------------------------------------------


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "openoutcry" / "credentials"
    folder.mkdir(parents=True)
    return folder


def environment(tmp_path, **more: str) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path), **more}


def put(file, text: str, mode: int = 0o600) -> None:
    file.write_text(text)
    file.chmod(mode)


def test_systemd_comes_first_then_the_private_file_then_the_environment(tmp_path, home):
    given_by_systemd = tmp_path / "systemd"
    given_by_systemd.mkdir()
    variable = variable_of("web-hook.1")
    assert variable == "OPENOUTCRY_CREDENTIAL_WEB_HOOK_1"
    environ = environment(tmp_path, CREDENTIALS_DIRECTORY=str(given_by_systemd))
    environ[variable] = "from the environment"
    put(home / "web-hook.1", "from the file\n")
    put(given_by_systemd / "web-hook.1", "from systemd", 0o440)

    def found() -> str:
        credentials = Credentials(environ, Masker())
        value = credentials.load("web-hook.1").reveal()
        assert credentials.exposed == (["web-hook.1"] if "environment" in value else [])
        return value

    assert found() == "from systemd"
    (given_by_systemd / "web-hook.1").unlink()
    assert found() == "from the file"
    (home / "web-hook.1").unlink()
    assert found() == "from the environment"
    assert variable not in environ  # no child process inherits it
    with pytest.raises(CredentialError, match=r"no credential web-hook\.1") as raised:
        found()
    assert variable in raised.value.remedy


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path, home, mode):
    put(home / "mail", CANARY, mode)
    with pytest.raises(CredentialError, match="others may read it") as raised:
        Credentials(environment(tmp_path), Masker()).load("mail")
    assert "chmod 600" in raised.value.remedy
    assert CANARY not in str(raised.value)


def test_what_is_no_secret_is_refused_without_showing_it(tmp_path, home):
    credentials = Credentials(environment(tmp_path), Masker())
    put(home / "short", "x" * (LEAST - 1))
    (home / "binary").write_bytes(b"\xff\xfe" * 20)
    (home / "binary").chmod(0o600)
    put(home / "huge", "x" * (65 << 10))
    os.mkfifo(home / "pipe", 0o600)
    for name, why in (
        ("short", "less than"),
        ("binary", "UTF-8"),
        ("huge", "bytes"),
        ("pipe", "file"),
    ):
        with pytest.raises(CredentialError, match=why) as raised:
            credentials.load(name)
        assert raised.value.__cause__ is None or "xff" not in repr(raised.value.__cause__)
    for name in ("../../etc/passwd", "", "A", "a/b", ".hidden", "a" * 65):
        with pytest.raises(CredentialError, match="no name"):
            check_name(name)


# --- masking ------------------------------------------------------------------------------------


def masker() -> Masker:
    made = Masker()
    made.add(CANARY)
    return made


@pytest.mark.parametrize(
    "escape",
    [
        lambda s: s,
        repr,
        json.dumps,
        lambda s: json.dumps(s, ensure_ascii=False),
        lambda s: repr(s.encode()),
        urllib.parse.quote,
        lambda s: urllib.parse.quote(s, safe=""),
        lambda s: urllib.parse.urlencode({"k": s}),
        lambda s: s.encode().hex(),
        lambda s: base64.b64encode(s.encode()).decode(),
        lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
        lambda s: base64.b64encode(f"me:{s}:x".encode()).decode(),
        lambda s: base64.urlsafe_b64encode(f"a:{s}".encode()).decode(),
    ],
)
def test_every_form_of_a_secret_is_masked(escape):
    text = f"before {escape(CANARY)} after"
    assert escape(CANARY) in text
    masked = masker().text(text)
    assert "***" in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    left = masked.removeprefix("before ").removesuffix(" after").strip("'\"bk=")
    assert len(left.replace("***", "")) <= 12  # what stands around it: user name, quotes


@given(
    secret=st.text(min_size=LEAST, max_size=60),
    before=st.text(max_size=9),
    after=st.text(max_size=9),
)
def test_no_secret_survives_in_any_text(secret, before, after):
    made = Masker()
    made.add(secret)
    assert secret not in made.text(before + secret + after) or secret in "***" * 20
    raw = before + base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    if len(secret.encode()) > 12:
        assert base64.b64encode(f"{before}{secret}{after}".encode()).decode() not in made.text(raw)


def test_each_line_of_a_key_is_masked():
    made = Masker()
    made.add("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n")
    assert made.text("    MIIEvQIBADANBgkq\n    hkiG9w0BAQEFAASC") == "    ***\n    ***"


def test_bytes_keep_their_length():
    made = masker()
    data = b"\x93" + CANARY.encode() + b"\x00"
    assert made.data(data) == b"\x93" + b"*" * len(CANARY.encode()) + b"\x00"
    assert Masker().data(data) == data


def test_what_is_assigned_to_the_name_of_a_secret_is_blanked():
    text = '{"apiKey": "abcdef", "size": "12345"} password=hunter22 Authorization: Bearer abc.def'
    blanked = blank_assigned(text)
    assert '"size": "12345"' in blanked
    assert not [word for word in ("abcdef", "hunter22", "abc.def") if word in blanked]


def test_a_standard_logger_that_formats_a_secret_shows_stars(secret, caplog):
    logging.getLogger("x").warning("key %s and %r", secret, secret)
    assert "c4nary" not in caplog.text
