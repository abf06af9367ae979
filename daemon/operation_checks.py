"""What `[log]`, `[metrics]` and `[alerts]` must satisfy beyond their types."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from openoutcry.daemon.decoder import Problem
from openoutcry.daemon.toml_lines import KeyPath
from openoutcry.state.config import Config
from openoutcry.state.operation_config import CommandConfig, EmailConfig, WebhookConfig

_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_ADDRESS: Final = re.compile(r"(127\.0\.0\.1|\[::1\]):\d{1,5}", re.ASCII)
_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+", re.ASCII)


def check_operation(config: Config) -> Iterator[Problem]:
    """Every rule that is broken."""
    yield from _least(config.log, ("log",), 1, "burst", "window_s", "capacity")
    yield from _metrics(config)
    alerts = config.alerts
    yield from _least(alerts, ("alerts",), 1, "per_minute", "repeat_s", "escalate_s")
    limits: KeyPath = ("alerts", "limits")
    names = (
        "unknown_order_s", "core_lag_ms", "disk_free_percent", "disk_free_mb", "clock_skew_ms",
        "facts_age_s", "watchdog_percent",
    )  # fmt: skip
    yield from _least(alerts.limits, limits, 0, *names)
    if alerts.limits.daily_loss is not None and alerts.limits.daily_loss <= 0:
        what = f"{alerts.limits.daily_loss} is no loss"
        yield Problem((*limits, "daily_loss"), what, 'write the loss as a positive number, "500"')
    yield from _channels(config)


def _metrics(config: Config) -> Iterator[Problem]:
    listen = config.metrics.listen
    if not _ADDRESS.fullmatch(listen) or int(listen.rpartition(":")[2]) > 65535:
        what = f'"{listen}" is no address on this machine'
        remedy = 'write "127.0.0.1:9464"; to be seen from elsewhere, put a proxy in front'
        yield Problem(("metrics", "listen"), what, remedy)


def _channels(config: Config) -> Iterator[Problem]:
    alerts = config.alerts
    seen: set[str] = set()
    placed: list[tuple[KeyPath, WebhookConfig | EmailConfig | CommandConfig]] = []
    placed += [(("alerts", "webhooks", n), each) for n, each in enumerate(alerts.webhooks)]
    placed += [(("alerts", "emails", n), each) for n, each in enumerate(alerts.emails)]
    placed += [(("alerts", "commands", n), each) for n, each in enumerate(alerts.commands)]
    for path, channel in placed:
        if not _NAME.fullmatch(channel.name):
            what = f'"{channel.name}" is no name'
            yield Problem((*path, "name"), what, "use a-z first, then a-z 0-9 _ . -")
        if channel.name in seen:
            what = f'"{channel.name}" is taken by another channel'
            yield Problem((*path, "name"), what, "choose another name")
        seen.add(channel.name)
        yield from _least(channel, path, 1, "timeout_s")
        yield from _credentials(channel, path)
    for index, webhook in enumerate(alerts.webhooks):
        yield from _webhook(webhook, ("alerts", "webhooks", index))
    for index, email in enumerate(alerts.emails):
        yield from _email(email, ("alerts", "emails", index))
    for index, command in enumerate(alerts.commands):
        if not command.argv or not command.argv[0].startswith("/"):
            remedy = 'write argv = ["/usr/local/bin/tell", "me"]; there is no shell'
            yield Problem(("alerts", "commands", index, "argv"), "names no program", remedy)


def _webhook(webhook: WebhookConfig, path: KeyPath) -> Iterator[Problem]:
    if (webhook.url is None) == (webhook.url_credential is None):
        yield Problem(path, "needs one of url and url_credential", "write one of them")
    if webhook.url is None:
        return
    try:
        url = urlsplit(webhook.url)
        host, secret = url.hostname, url.password
        assert url.port is None or url.port
    except ValueError:
        host = secret = None
    if not host or url.scheme not in ("http", "https"):
        yield Problem((*path, "url"), "is no URL", 'write "https://example.com/hook"')
    elif url.scheme == "http" and host not in _LOOPBACK:
        yield Problem((*path, "url"), "is not encrypted", "write https://")
    if secret:
        yield Problem((*path, "url"), "holds a password", "name a credential: url_credential")


def _email(email: EmailConfig, path: KeyPath) -> Iterator[Problem]:
    if not email.to:
        yield Problem((*path, "to"), "is empty", 'write to = ["you@example.com"]')
    for where, address in (("sender", email.sender), *(("to", to) for to in email.to)):
        if not _MAIL.fullmatch(address):
            yield Problem((*path, where), f'"{address}" is no address', 'write "you@example.com"')
    if email.encryption == "none" and email.host not in _LOOPBACK:
        what = "would send mail and password in the clear"
        yield Problem((*path, "encryption"), what, 'write "starttls" or "tls"')
    if (email.user is None) != (email.password_credential is None):
        what = "user and password_credential belong together"
        yield Problem(path, what, "write both, or none")
    if not 0 < email.port < 65536:
        yield Problem((*path, "port"), f"{email.port} is no port", "use 587, or 465 with tls")


def _credentials(channel: Any, path: KeyPath) -> Iterator[Problem]:
    for name in type(channel).__struct_fields__:
        value = getattr(channel, name)
        if name.endswith("_credential") and value is not None and not _NAME.fullmatch(value):
            # The value is not shown: it may be the secret itself.
            what = "is no name of a credential"
            remedy = "name one (a-z 0-9 _ . -) and put the secret into its file, mode 0600"
            yield Problem((*path, name), what, remedy)


def _least(section: Any, path: KeyPath, least: int, *names: str) -> Iterator[Problem]:
    for name in names:
        value = getattr(section, name)
        if value < least:
            yield Problem((*path, name), f"{value} is too small", f"use {least} or more")
