"""Channels: webhook, mail, command. Each sends one notice or says why not; retrying is the courier's."""

import base64
import http.client
import json
import os
import signal
import smtplib
import subprocess
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from openoutcry.daemon.alerts.alert import Notice, Severity
from openoutcry.daemon.masking import Masker
from openoutcry.daemon.secrets import Credentials, Secret
from openoutcry.state.errors import ConfigError, DeliveryError
from openoutcry.state.operation_config import (
    AlertsConfig,
    CommandConfig,
    EmailConfig,
    WebhookConfig,
)

if TYPE_CHECKING:
    import ssl

LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "::1")
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "HOME", "USER")


class Channel(Protocol):
    """A way to tell somebody."""

    @property
    def name(self) -> str:
        """As the config calls it."""

    @property
    def least(self) -> Severity:
        """What is below this is not sent."""

    def send(self, notice: Notice) -> None:
        """Tell it; waits for the answer.

        Raises:
            DeliveryError: It was not taken.
        """


class Webhook:
    """A JSON POST. Redirects are not followed: the token would go along."""

    def __init__(
        self,
        config: WebhookConfig,
        masker: Masker,
        *,
        url: Secret | str,
        token: Secret | None,
        trust: "ssl.SSLContext | None" = None,
    ) -> None:
        self.name = config.name
        self.least = Severity(config.least)
        self._timeout_s = config.timeout_s
        self._masker = masker
        self._url = url
        self._token = token
        self._trust = trust

    def send(self, notice: Notice) -> None:
        """Post it."""
        url = urlsplit(self._url.reveal() if isinstance(self._url, Secret) else self._url)
        body = self._masker.text(json.dumps(notice.document())).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "openoutcry"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        host = url.hostname or ""
        connection: http.client.HTTPConnection
        try:
            if url.scheme == "https":
                connection = http.client.HTTPSConnection(
                    host, url.port, timeout=self._timeout_s, context=self._trust
                )
            else:
                connection = http.client.HTTPConnection(host, url.port, timeout=self._timeout_s)
            path = (url.path or "/") + (f"?{url.query}" if url.query else "")
            try:
                connection.request("POST", path, body, headers)
                status = connection.getresponse().status
            finally:
                connection.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(self.name, error, self._masker) from None
        if not 200 <= status < 300:
            raise DeliveryError(f"channel {self.name}: the server answered {status}")


class Email:
    """A mail over SMTP. The password leaves only over an encrypted connection, or to this machine."""

    def __init__(
        self,
        config: EmailConfig,
        masker: Masker,
        *,
        password: Secret | None,
        trust: "ssl.SSLContext | None" = None,
    ) -> None:
        self.name = config.name
        self.least = Severity(config.least)
        self._config = config
        self._masker = masker
        self._password = password
        self._trust = trust or _trusted(config.ca_file)

    def send(self, notice: Notice) -> None:
        """Mail it."""
        mail = EmailMessage()
        title = self._masker.text(notice.title)
        mail["Subject"] = title if len(title) < 200 else title[:197] + "..."
        mail["From"] = self._config.sender
        mail["To"] = ", ".join(self._config.to)
        mail["Date"] = formatdate(notice.ts / 10**9)
        mail["Message-ID"] = make_msgid(domain="openoutcry")
        mail.set_content(self._masker.text(notice.page()))
        try:
            with self._connect() as server:
                if self._config.user is not None and self._password is not None:
                    _log_in(server, self._config.user, self._password)
                server.send_message(mail)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise _failed(self.name, error, self._masker) from None

    def _connect(self) -> smtplib.SMTP:
        config = self._config
        if config.encryption == "tls":
            return smtplib.SMTP_SSL(
                config.host, config.port, timeout=config.timeout_s, context=self._trust
            )
        server = smtplib.SMTP(config.host, config.port, timeout=config.timeout_s)
        if config.encryption == "starttls":
            try:
                server.starttls(context=self._trust)  # raises when it is not offered
            except (OSError, smtplib.SMTPException):
                server.close()
                raise
        return server


def _trusted(ca_file: str | None) -> "ssl.SSLContext":
    """The authorities of a file, or the system's."""
    import ssl  # a daemon without mail goes without it

    return ssl.create_default_context(cafile=ca_file)


def _log_in(server: smtplib.SMTP, user: str, password: Secret) -> None:
    """Log in; smtplib's own way is for ASCII only."""
    value = password.reveal()
    if f"{user}{value}".isascii():
        server.login(user, value)
        return
    server.ehlo_or_helo_if_needed()
    plain = base64.b64encode(f"\0{user}\0{value}".encode()).decode()
    code, text = server.docmd("AUTH", f"PLAIN {plain}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, text)


class CommandChannel:
    """A program of the operator's: the notice as JSON on stdin, no shell, a bare environment."""

    def __init__(self, config: CommandConfig, masker: Masker, environ: Mapping[str, str]) -> None:
        self.name = config.name
        self.least = Severity(config.least)
        self._argv = config.argv
        self._timeout_s = config.timeout_s
        self._masker = masker
        self._environ = {name: environ[name] for name in _KEPT if name in environ}

    def send(self, notice: Notice) -> None:
        """Run it. When it takes too long it is killed with all its children."""
        body = self._masker.text(json.dumps(notice.document())).encode()
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own program, without a shell
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._environ,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise _failed(self.name, error, self._masker) from None
        with process:
            try:
                process.communicate(body, timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise DeliveryError(
                    f"channel {self.name}: {self._argv[0]} took more than {self._timeout_s} s"
                ) from None
        if process.returncode:
            raise DeliveryError(
                f"channel {self.name}: {self._argv[0]} ended with {process.returncode}"
            )


def make_channels(
    config: AlertsConfig, credentials: Credentials, masker: Masker, environ: Mapping[str, str]
) -> list[Channel]:
    """The channels of a config.

    Raises:
        CredentialError: A credential is missing or no secret.
        ConfigError: A file of authorities cannot be used.
    """
    load: Callable[[str | None], Secret | None] = lambda name: (  # noqa: E731
        None if name is None else credentials.load(name)
    )
    found: list[Channel] = []
    for webhook in config.webhooks:
        url = load(webhook.url_credential) or webhook.url
        assert url is not None, "checked with the config"
        found.append(Webhook(webhook, masker, url=url, token=load(webhook.token_credential)))
    for email in config.emails:
        try:
            found.append(Email(email, masker, password=load(email.password_credential)))
        except OSError as error:
            raise ConfigError(f"alerts.emails: {email.ca_file}: {error}") from error
    found += [CommandChannel(command, masker, environ) for command in config.commands]
    return found


def _failed(name: str, error: Exception, masker: Masker) -> DeliveryError:
    text = f"{type(error).__name__}: {error}"
    return DeliveryError(f"channel {name}: {masker.text(text)}")
