"""What a daemon needs around its core, opened in one go: log, secrets, facts, metrics, alerts.

The core calls three things, none of which waits: `log` (an append), `cell.write` (a few times a second) and
`desk.hear` or `desk.raise_alert` (when something happened).
"""

import os
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from openoutcry.daemon.alerts import setup as alerts
from openoutcry.daemon.alerts.alert import Alert
from openoutcry.daemon.alerts.desk import AlertDesk
from openoutcry.daemon.config_loader import LoadedConfig
from openoutcry.daemon.logs.capture import Capture, FaultFile, log_stacks, report_left
from openoutcry.daemon.logs.pipe import Log, LogPipe
from openoutcry.daemon.logs.setup import library_levels, open_log
from openoutcry.daemon.masking import PROCESS, Masker
from openoutcry.daemon.metrics import families
from openoutcry.daemon.metrics.facts import FactsCell
from openoutcry.daemon.metrics.pauses import GcPauses
from openoutcry.daemon.metrics.server import MetricsServer, serve
from openoutcry.daemon.secrets import Credentials
from openoutcry.state.durable_files import FOLDER_MODE

FAULTS: Final = "faults"
"""File in the state directory that a dying interpreter writes to."""


class Operation:
    """Everything around the core. Made by `open_operation`; leave it, or call `close`, to end it.

    Attributes:
        masker: Masks secrets; `credentials` have it know them.
        credentials: Loads what a config names, for venues too.
        cell: Where the core writes its facts.
        desk: Takes alerts and acknowledgements.
        server: The metrics page, None when it is off.
        log_level: Least level of what is logged.
    """

    def __init__(
        self,
        *,
        masker: Masker,
        credentials: Credentials,
        pipe: LogPipe,
        capture: Capture,
        faults: FaultFile,
        cell: FactsCell,
        desk: AlertDesk,
        server: MetricsServer | None,
        pauses: GcPauses,
    ) -> None:
        self.masker = masker
        self.credentials = credentials
        self.cell = cell
        self.desk = desk
        self.server = server
        self.log_level = pipe.level
        self._pipe = pipe
        self._capture = capture
        self._faults = faults
        self._pauses = pauses

    def log(self, name: str) -> Log:
        """A logger, named for the actor or edge that uses it."""
        return self._pipe.log(name)

    def dump_threads(self) -> None:
        """Log what every thread is doing; for a signal handler that runs as Python code."""
        log_stacks(self.log("openoutcry.threads"))

    def flush(self) -> bool:
        """Wait until what was logged is written."""
        return self._pipe.flush()

    def close(self) -> None:
        """Tell what waits, write what was logged, give hooks and streams back. Call it last."""
        self._pauses.close()
        self.desk.close()
        if self.server is not None:
            self.server.close()
        self._capture.__exit__(None, None, None)
        self._pipe.close()
        self._faults.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, SystemExit):
            self.log("openoutcry.daemon").critical("ended_by_an_error", error)
        self.close()


def open_operation(
    loaded: LoadedConfig,
    *,
    account: str,
    state_dir: Path,
    on_unacknowledged: Callable[[Alert], None],
    environ: MutableMapping[str, str] = os.environ,
    stream: TextIO | None = None,
) -> Operation:
    """Open everything around a core. From here on what is printed is logged.

    Args:
        loaded: The config.
        account: Name of the account, for records and alerts.
        state_dir: The state directory; made when it does not exist.
        on_unacknowledged: Has the core put the account to reduce-only; called on another thread than the
            core's, for the same alert at most once in a process. It must only hand something over.
        environ: The environment; credentials found there are removed from it.
        stream: Where the log goes when journald does not take it; stderr as it is now.

    Raises:
        CredentialError: A credential is missing.
        ConfigError: An address is taken, or a channel cannot be made.
        JournalError: A file cannot be written to.
    """
    config = loaded.config
    mode = config.run.mode.value
    state_dir.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
    masker = PROCESS
    credentials = Credentials(environ, masker)
    context = {"mode": mode, "account": account, "config": config.run.name}
    pipe = open_log(
        config.log, context=context, masker=masker, stream=stream or sys.stderr, environ=environ,
        folder=loaded.folder,
    )  # fmt: skip
    cell = FactsCell()
    try:
        desk = alerts.open_desk(
            config.alerts, seen=f"{mode.upper()} {account}", source=cell, pipe=pipe, masker=masker,
            credentials=credentials, state_dir=state_dir, environ=environ,
            on_unacknowledged=on_unacknowledged,
        )  # fmt: skip
        pauses = GcPauses()
        parts = (
            lambda: families.logs(pipe.figures),
            lambda: alerts.families(desk),
            pauses.families,
        )
        server = serve(config.metrics, cell, masker=masker, parts=parts)
    except BaseException:
        pipe.close()
        raise
    capture = Capture(pipe, library_levels(config.log))
    capture.__enter__()
    faults = FaultFile(state_dir / FAULTS)
    faults.enable()
    log = pipe.log("openoutcry.daemon")
    report_left(log, faults.left)
    for name in credentials.exposed:
        log.warning("credential_from_environment", name=name)
    desk.start()
    pauses.start()
    return Operation(
        masker=masker, credentials=credentials, pipe=pipe, capture=capture, faults=faults, cell=cell,
        desk=desk, server=server, pauses=pauses,
    )  # fmt: skip
