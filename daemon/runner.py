"""The life of a running daemon: turns, signals, and an orderly end."""

import signal
import time
from types import FrameType
from typing import Final

from openoutcry.daemon.console import Console
from openoutcry.daemon.exit_codes import ExitCode
from openoutcry.daemon.startup import Daemon
from openoutcry.daemon.steering import Steering
from openoutcry.state.commands import CancelAll, Flatten
from openoutcry.state.events import SessionStopped

_QUIET_S: Final = 5.0
"""How long an end waits for answers to what it sent."""


class Runner:
    """Runs a daemon on this thread until it is told to stop.

    Args:
        daemon: What to run.
        console: Where to say what happens.
        until_end: Stop when no row will ever come.

    Raises:
        ControlError: The control socket cannot be had.
    """

    def __init__(self, daemon: Daemon, console: Console, *, until_end: bool = False) -> None:
        self._daemon, self._console = daemon, console
        self._until_end = until_end
        self._policy: str | None = None
        try:
            self.steering = Steering(daemon, self.stop, console.note)
        except BaseException:
            daemon.close(snapshot=False)
            raise

    def stop(self, policy: str | None = None) -> None:
        """End after the present turn; from any thread or signal handler."""
        self._policy = policy or self._daemon.config.daemon.stop_policy
        self._daemon.core.wake()

    def run(self) -> int:
        """Turn until told to stop; the exit code."""
        daemon, core = self._daemon, self._daemon.core
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            self.steering.start()
            self._console.note(self._greeting())
            while self._policy is None and not core.session.graph.dispatcher.stopped:
                if not core.turn():
                    if self._until_end and core.is_finished:
                        self.stop("leave")
                        break
                    core.wait()
            failed = core.session.graph.dispatcher.stopped
            if not failed:
                self._end(self._policy or "leave")
            self.steering.close()
            whole = daemon.close(snapshot=not failed)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if failed:
            failure = core.session.graph.supervisor.failures[-1]
            self._console.note(
                f"{failure.actor} failed at input {failure.sequence}: {failure.error}"
            )
            return ExitCode.CHECK_FAILED
        return 0 if whole else ExitCode.CHECK_FAILED

    def _greeting(self) -> str:
        daemon = self._daemon
        mode = daemon.config.run.mode.value.upper()
        kernel = daemon.session.kernel
        how = "a new session" if daemon.recovered is None else f"back at input {kernel.seq:,}"
        return f"{mode} {daemon.config.run.name}: {how}, state in {daemon.state_dir}"

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _end(self, policy: str) -> None:
        """Carry out the stop policy, stop the strategies, let what was sent be answered."""
        core = self._daemon.core
        if policy in ("cancel", "flatten"):
            command = CancelAll if policy == "cancel" else Flatten
            core.inject(command(ts=0))
        core.inject(SessionStopped(ts=0, policy=policy))
        until = time.monotonic() + _QUIET_S
        while time.monotonic() < until and (core.turn() or not core.is_quiet):
            core.wait(0.01)


_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
