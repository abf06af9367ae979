"""Signals: what a strategy asked to be woken for, derived from market data by the engine."""

import msgspec

from openoutcry.state.identifiers import InstrumentId


class Crossed(msgspec.Struct, frozen=True, gc=False):
    """Two lines crossed, or a price reached a level.

    `name` is the one that it was declared with. `above` says where the first line, or the price, is now:
    at or above the second line or level, or below it (at or below, for a level reached from above).
    `ts` is the time of the input that did it, nanoseconds UTC.
    """

    name: str
    instrument: InstrumentId
    ts: int
    above: bool
