"""The timer service: timers by owner and name, set through messages so that handlers stay atomic."""

from openoutcry.actors.base import Actor, handles
from openoutcry.actors.dispatcher import Dispatcher
from openoutcry.actors.ports import Clock
from openoutcry.state.events import TimerFired
from openoutcry.state.messages import Message


class SetTimer(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """Fire `name` for `owner` at `ts`; an earlier timer of that name is replaced."""

    owner: str
    name: str
    ts: int


class CancelTimer(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """Forget a timer, if it is set."""

    owner: str
    name: str


class TimerActor(Actor):
    """Owns every timer of the core."""

    def __init__(self, dispatcher: Dispatcher, clock: Clock) -> None:
        super().__init__(dispatcher, "timers")
        self._clock = clock
        self._handles: dict[tuple[str, str], int] = {}

    @handles(SetTimer)
    def set(self, request: SetTimer) -> None:
        """Set or move a timer."""
        self._forget(request.owner, request.name)
        handle = self._clock.set_timer(request.ts, request.owner, request.name)
        self._handles[request.owner, request.name] = handle

    @handles(CancelTimer)
    def cancel(self, request: CancelTimer) -> None:
        """Forget a timer."""
        self._forget(request.owner, request.name)

    @handles(TimerFired)
    def on_fired(self, fired: TimerFired) -> None:
        """Tell the owner."""
        self._handles.pop((fired.owner, fired.name), None)
        self.emit(self._dispatcher.cells[fired.owner], fired)

    def _forget(self, owner: str, name: str) -> None:
        handle = self._handles.pop((owner, name), None)
        if handle is not None:
            self._clock.cancel_timer(handle)
