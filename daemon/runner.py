"""The life of a running daemon: turns, what signals ask for, and an orderly end."""

import time
from functools import partial
from typing import Final

from openoutcry.daemon.console import Console
from openoutcry.daemon.control.answers import halts_of
from openoutcry.daemon.control.health import trading_of
from openoutcry.daemon.exit_codes import ExitCode
from openoutcry.daemon.heartbeat import Heartbeat, Patience
from openoutcry.daemon.notify import Notifier
from openoutcry.daemon.parts import Daemon
from openoutcry.daemon.signals import Signals
from openoutcry.daemon.steering import Steering
from openoutcry.daemon.watch import Watcher
from openoutcry.state.commands import CancelAll, Flatten
from openoutcry.state.events import SessionStopped

_QUIET_S: Final = 5.0
"""How long an end waits for answers to what it sent."""


class Runner:
    """Runs a daemon on this thread until it is told to stop.

    Args:
        daemon: What to run.
        console: Where to say what happens.
        signals: What the process is asked for, entered by the caller.
        notifier: The service manager.
        watcher: Tells the operator, unless None.
        until_end: Stop when no row will ever come.

    Raises:
        ControlError: The control socket cannot be had.
    """

    def __init__(
        self,
        daemon: Daemon,
        console: Console,
        signals: Signals,
        notifier: Notifier,
        *,
        watcher: Watcher | None = None,
        until_end: bool = False,
    ) -> None:
        self._watcher = watcher
        self._daemon, self._console = daemon, console
        self._signals, self._notifier = signals, notifier
        self._until_end = until_end
        self._policy: str | None = None
        self._is_ready = False
        try:
            self.steering = Steering(daemon, self.stop, console.note)
        except BaseException:
            daemon.close(snapshot=False)
            raise
        if watcher is not None:
            self.steering.on_ack = watcher.acknowledge
            self.steering.facts.alerts = watcher.unacknowledged
        post = daemon.core.post
        self._heartbeat = Heartbeat(notifier, post, self.status, time.monotonic_ns)
        daemon.when_ready.append(self._ready)

    def stop(self, policy: str | None = None) -> None:
        """End after the present turn; from any thread."""
        self._policy = policy or self._daemon.config.daemon.stop_policy
        self._daemon.core.wake()

    def reload(self) -> None:
        """Take a changed config over, as far as it can be; the service manager and the log are told."""
        self._notifier.reloading()
        post = self._daemon.core.post
        self.steering.reload(lambda outcome: post(partial(self._reloaded, outcome)))

    def _reloaded(self, outcome: str) -> None:
        self._console.note(outcome)
        self._notifier.ready(self.status())

    def status(self) -> str:
        """One line: mode, name, and where the session is."""
        graph = self._daemon.session.graph
        orders = len(graph.orders.open_orders())
        parts = [f"input {self._daemon.session.kernel.seq:,}", f"{orders} open orders"]
        if not self._is_ready:
            parts.insert(0, "starting")
        trading = trading_of(graph, halts_of(graph))
        if trading != "on":
            parts.append(f"trading {trading}")
        return f"{self._name}: {', '.join(parts)}"

    def run(self) -> int:
        """Turn until told to stop; the exit code."""
        core = self._daemon.core
        self._signals.arm()
        self.steering.start()
        self._console.note(self._greeting())
        while self._policy is None and not core.session.graph.dispatcher.stopped:
            more = core.turn()
            if self._daemon.failure:
                self._console.note(f"{self._daemon.failure}: ending")
                self.stop()
                break
            if not more:
                if self._until_end and core.is_finished:
                    self.stop("leave")
                    break
                core.wait()
            self._heed()
        failed = core.session.graph.dispatcher.stopped
        whole = self._close(failed=failed)
        if failed:
            failure = core.session.graph.supervisor.failures[-1]
            text = f"{failure.actor} failed at input {failure.sequence}: {failure.error}"
            self._console.note(text)
            self._notifier.status(f"{self._name}: {text}")
            return ExitCode.CHECK_FAILED
        return 0 if whole else ExitCode.CHECK_FAILED

    @property
    def _name(self) -> str:
        run = self._daemon.config.run
        return f"{run.mode.value.upper()} {run.name}"

    def _greeting(self) -> str:
        daemon = self._daemon
        kernel = daemon.session.kernel
        how = "a new session" if daemon.recovered is None else f"back at input {kernel.seq:,}"
        return f"{self._name}: {how}, state in {daemon.state_dir}"

    def _ready(self) -> None:
        self._is_ready = True
        self._notifier.ready(self.status())

    def _heed(self) -> None:
        """What signals and the service manager wait for, between two turns."""
        if self._watcher is not None:
            self._watcher.turn()
        self._heartbeat.turn()
        if self._signals.stops and self._policy is None:
            self.stop("leave" if self._signals.stops > 1 else None)
        if self._is_ready and self._signals.take_reload():
            self.reload()

    def _close(self, *, failed: bool) -> bool:
        """Carry out the stop policy and put everything on disk; whether all of it is there."""
        policy = self._policy or "leave"
        self._notifier.stopping(f"{self._name}: stopping, policy {policy}")
        patience = Patience(self._notifier, self._name, time.monotonic_ns)
        if not failed:
            patience.step(f"stopping, policy {policy}")
            self._end(policy)
        patience.step("writing what is left")
        self.steering.close()
        whole = self._daemon.close(snapshot=not failed and not self._daemon.failure)
        if self._watcher is not None:
            self._watcher.close()
        return whole

    def _end(self, policy: str) -> None:
        """Carry out the stop policy, stop the strategies, let what was sent be answered."""
        core = self._daemon.core
        if policy in ("cancel", "flatten"):
            command = CancelAll if policy == "cancel" else Flatten
            core.inject(command(ts=0))
        core.inject(SessionStopped(ts=0, policy=policy))
        until = time.monotonic() + _QUIET_S
        while time.monotonic() < until and (core.turn() or not core.is_quiet):
            if self._daemon.failure:
                break  # cancels have left; nothing else will
            if self._signals.stops > 1:
                self._console.note("stopped again: what was asked of the venues is left to them")
                break
            core.wait(0.01)
            if self._watcher is not None:
                self._watcher.turn()
