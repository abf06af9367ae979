"""Events that repeat: a few are let through, the rest is counted and summed up."""

from typing import Final

from openoutcry.daemon.logs.record import Level, Record

KEYS_MAX: Final = 4096


class RepeatLimiter:
    """Lets `burst` records of a kind through in each window of `window_s` seconds.

    A kind is the logger and the event's name. Critical records always pass. What was held back is
    summed up in one record when the window ends.
    """

    def __init__(self, burst: int, window_s: float) -> None:
        assert burst > 0
        assert window_s > 0
        self._burst = burst
        self._window_s = window_s
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def admit(self, record: Record, now_s: float) -> bool:
        """Whether a record goes on to the sinks."""
        if record.level >= Level.CRITICAL:
            return True
        key = (record.logger, record.key or record.event)
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= KEYS_MAX:
                return True  # so many kinds are no repetition; the queue's bound holds
            kind = self._kinds[key] = _Kind(now_s + self._window_s)
        kind.seen += 1
        if kind.seen <= self._burst:
            return True
        kind.last = record
        return False

    def due(self, now_s: float, *, everything: bool = False) -> list[Record]:
        """Summaries of the windows that ended by `now_s`."""
        ended = [key for key, k in self._kinds.items() if everything or k.ends_s <= now_s]
        found = []
        for key in ended:
            kind = self._kinds.pop(key)
            if kind.last is not None:
                found.append(_summary(kind.last, kind.seen - self._burst, self._window_s))
        return found


class _Kind:
    __slots__ = ("ends_s", "last", "seen")

    def __init__(self, ends_s: float) -> None:
        self.ends_s = ends_s
        self.seen = 0
        self.last: Record | None = None


def _summary(last: Record, count: int, window_s: float) -> Record:
    fields = {**last.fields, "held_back": count, "within_s": window_s}
    return Record(last.ts, last.level, last.event, last.logger, fields, last.trace, last.key)
