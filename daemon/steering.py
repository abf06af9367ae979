"""The control socket of a running daemon, opened and closed in one go."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import msgspec

from openoutcry import __version__
from openoutcry.daemon.config_loader import load
from openoutcry.daemon.control.bridge import ControlBridge
from openoutcry.daemon.control.client import new_key
from openoutcry.daemon.control.core import ClientInfo, DaemonInfo
from openoutcry.daemon.control.history import JournalHistory
from openoutcry.daemon.control.places import runtime_folder
from openoutcry.daemon.control.plane import ControlPlane
from openoutcry.daemon.control.protocol import AnyReply, Err, Reload, Role
from openoutcry.daemon.control.pump import EventPump, is_event
from openoutcry.daemon.facts import DaemonFacts
from openoutcry.daemon.strategy_checks import check_strategies
from openoutcry.state.errors import CommandRefused

if TYPE_CHECKING:
    from openoutcry.daemon.parts import Daemon
    from openoutcry.state.config import Config


class Steering:
    """What steers one daemon; also the `Edges` of its bridge. Made by `open`.

    Args:
        daemon: The daemon.
        stop: Ends it by a policy.
        on_end: Told why a thread ended by an error.

    Attributes:
        facts: What the daemon knows of itself.
        on_ack: Acknowledges an alert, named first, by a client, named second; False when there is none.

    Raises:
        ControlError: The folder or a socket cannot be had.
        ConfigError: A file of keys cannot be used.
    """

    def __init__(
        self,
        daemon: "Daemon",
        stop: Callable[[str], None],
        on_end: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._daemon, self._stop = daemon, stop
        self.on_ack: Callable[[str, str], bool] = lambda _alert, _client: False
        self.facts = DaemonFacts(daemon)
        journal, run = daemon.journal, daemon.config.run
        self._bridge = ControlBridge(
            daemon.core, self.facts, daemon.commands, self, daemon.halt_marker
        )
        info = DaemonInfo(
            version=__version__, mode=run.mode.value, config=run.name, features=("events",)
        )
        settings, base = daemon.config.control, daemon.loaded.folder
        history = JournalHistory(
            journal.reader, durable=lambda: journal.health.durable_seq, wanted=is_event
        )
        last_number = journal.reader.head.number
        try:
            self.plane = ControlPlane.open(
                settings,
                runtime_folder(settings, run.name, daemon.state_dir, base=base),
                self._bridge,
                info,
                state_dir=daemon.state_dir,
                base=base,
                commands=daemon.commands,
                history=history,
                last_number=last_number,
                on_end=on_end,
            )
        except BaseException:
            self._bridge.close()
            raise
        self._pump = EventPump(journal.reader, last_number, self.plane.events, on_end)
        daemon.on_durable.append(self._pump.wake)

    def start(self) -> Self:
        """Begin to answer and to publish."""
        self.plane.start()
        self._pump.wake()
        return self

    def close(self) -> bool:
        """Publish what there is and end; returns whether every thread ended in time."""
        ended = self._bridge.close()
        ended &= self._pump.close()
        return self.plane.close() and ended

    def reload(self, done: Callable[[str], None]) -> None:
        """Take the changed config file over, as `outcry reload` does; limits are not loosened.

        `done` is told what came of it, in words, on any thread.
        """
        client = ClientInfo("SIGHUP", Role.ADMIN, "local")
        request = Reload(key=new_key(), reason="SIGHUP")
        self._bridge.handle(request, client, lambda reply: done(_outcome(reply)))

    # --- what the bridge needs --------------------------------------------------------------------

    def stop(self, policy: str) -> None:
        """End the daemon."""
        self._stop(policy)

    def snapshot(self, done: Callable[[str], None]) -> int:
        """Take a snapshot now."""
        return self._daemon.snapshotter.take(done)

    def read_config(self) -> "Config":
        """The config file as it is now, in the mode that runs."""
        loaded = load(self._daemon.loaded.path)
        check_strategies(loaded)
        config = loaded.config
        run = msgspec.structs.replace(config.run, mode=self._daemon.config.run.mode)
        return msgspec.structs.replace(config, run=run)

    def acknowledge(self, alert: str, client: str) -> None:
        """Somebody has seen an alert."""
        if not self.on_ack(alert, client):
            raise CommandRefused(
                f"there is no alert {alert!r}", remedy="see `outcry status` and `outcry tail`"
            )


def _outcome(reply: AnyReply) -> str:
    """The answer to a reload, for a log."""
    if isinstance(reply, Err):
        return f"not reloaded: {reply.code}: {reply.message}; remedy: {reply.remedy}"
    return "reloaded: the config file is in force"
