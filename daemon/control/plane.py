"""All of a daemon's control plane, made of its config: sockets, keys, threads, in one object."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from openoutcry.daemon.control.core import ControlCore, DaemonInfo
from openoutcry.daemon.control.history import JournalHistory
from openoutcry.daemon.control.idempotency import IdempotencyStore
from openoutcry.daemon.control.keys import AllowList, load_key_pair
from openoutcry.daemon.control.places import Endpoints, RuntimeFolder, announce
from openoutcry.daemon.control.publisher import EventPublisher
from openoutcry.daemon.control.server import ControlServer, Remote
from openoutcry.state.control_config import ControlConfig


class ControlPlane:
    """Server, publisher and history. `open` binds; nothing is answered before `start`.

    Attributes:
        events: Where the core publishes.
        server: For its counters.
    """

    def __init__(
        self,
        folder: RuntimeFolder,
        server: ControlServer,
        events: EventPublisher,
        history: JournalHistory | None,
    ) -> None:
        self._folder, self._history = folder, history
        self.server, self.events = server, events

    @classmethod
    def open(
        cls,
        settings: ControlConfig,
        folder: Path,
        core: ControlCore,
        info: DaemonInfo,
        *,
        state_dir: Path,
        base: Path,
        commands: IdempotencyStore | None = None,
        history: JournalHistory | None = None,
        on_end: Callable[[str], None] = lambda _: None,
        wall: Callable[[], int] = time.time_ns,
    ) -> Self:
        """Bind everything.

        Args:
            settings: `[control]`.
            folder: Of the sockets, as `runtime_folder` gives it.
            core: Answers.
            info: For clients.
            state_dir: Gets the announcement that clients look for.
            base: Where relative paths of keys start: the folder of the config.
            commands: Keys that were used before.
            history: Answers `EventsSince`.
            on_end: Called with the reason when a thread ends by an error.
            wall: Nanoseconds since 1970 UTC.

        Raises:
            ControlError: The folder or a socket cannot be had.
            ConfigError: A file of keys cannot be used.
        """
        remote = _remote(settings, base)
        held = RuntimeFolder(folder)
        try:
            events = EventPublisher(held, on_end=on_end, wall=wall)
            try:
                server = ControlServer(
                    core,
                    info,
                    held,
                    commands=commands,
                    events=history,
                    remote=remote,
                    timeout_ms=settings.timeout_ms,
                    in_flight=settings.in_flight,
                    on_end=on_end,
                    wall=wall,
                )
            except BaseException:
                events.close()
                raise
        except BaseException:
            held.close()
            raise
        announce(state_dir, held.endpoints)
        return cls(held, server, events, history)

    @property
    def endpoints(self) -> Endpoints:
        """Where it listens."""
        return self._folder.endpoints

    @property
    def alive(self) -> bool:
        """Whether every thread runs."""
        return self.server.alive and self.events.alive

    def start(self) -> None:
        """Begin to answer and to publish."""
        if self._history is not None:
            self._history.start()
        self.events.start()
        self.server.start()

    def close(self) -> bool:
        """End everything, requests first; returns whether every thread ended in time."""
        ended = self.server.close()
        ended &= self.events.close()
        if self._history is not None:
            ended &= self._history.close()
        self._folder.close()
        return ended


def _remote(settings: ControlConfig, base: Path) -> Remote | None:
    if (address := settings.address) is None:
        return None
    assert settings.server_key is not None  # ControlConfig sees to it
    assert settings.clients is not None
    keys = load_key_pair(base / Path(settings.server_key).expanduser())
    return Remote(address, keys, AllowList(base / Path(settings.clients).expanduser()))
