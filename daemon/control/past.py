"""The answers that come out of the journal: fills, and what the chain of an order is made of.

They need nothing of the graph, so they run beside the core, on any thread. Records are read backwards
from the end, and only as far as the answer needs; `SEARCH_MAX` bounds it.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Protocol

from openoutcry.daemon.control.book_views import FillRow, Fills
from openoutcry.daemon.control.facts import CoreFacts
from openoutcry.daemon.control.texts import units
from openoutcry.state.codec import decode
from openoutcry.state.events import FillBusted, FillCorrected, OrderFilled
from openoutcry.state.identifiers import ClientOrderId, owner_number_of
from openoutcry.state.journal_reader import JournalReader
from openoutcry.state.memory_journal import MemoryJournal

SEARCH_MAX: Final = 200_000
"""Most records that are looked at for one answer."""
_CHUNK: Final = 512
_FILL_WORDS: Final = (b"OrderFilled", b"FillBusted", b"FillCorrected")

Record = tuple[int, bytes]
"""Sequence number of the input that caused it, and the codec's bytes."""


class Records(Protocol):
    """A journal that can be read from its end."""

    def back(self) -> Iterator[Record]:
        """The records, the latest first."""


class JournalRecords:
    """The records of a journal on disk; its reader may be used from any thread."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    def back(self) -> Iterator[Record]:
        """The records, the latest first, up to the beginning of what is kept."""
        last = self._reader.head.number
        while last > self._reader.anchor.number:
            first = max(last - _CHUNK, self._reader.anchor.number)
            after = self._reader.after(self._reader.at(first))
            yield from reversed([(r.seq, r.body) for r in islice(after, last - first)])
            last = first


class KeptRecords:
    """The records of a journal in memory that keeps them."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal

    def back(self) -> Iterator[Record]:
        """The records, the latest first."""
        return reversed(self._journal.records())


def fills(facts: CoreFacts, records: Records, names: Sequence[str], last: int) -> Fills:
    """The last fills, the latest first.

    Args:
        facts: The core's facts.
        records: The journal.
        names: The books' names by their numbers.
        last: How many.
    """
    found: dict[tuple[str, str], FillRow] = {}
    later: dict[tuple[str, str], str] = {}
    searched = facts.seq
    for seq, body in islice(records.back(), SEARCH_MAX):
        searched = seq
        if not any(word in body[:32] for word in _FILL_WORDS):
            continue
        message = decode(body)
        if isinstance(message, FillBusted | FillCorrected):
            word = "busted" if isinstance(message, FillBusted) else "corrected"
            later.setdefault((message.instrument, message.fill_id), f"{word}: {message.reason}")
        elif isinstance(message, OrderFilled):
            key = (message.instrument, message.fill_id)
            if key not in found and len(found) == last:
                break
            # The same fill told twice: the first time is when it was booked.
            found[key] = _fill_row(seq, message, names, later.get(key))
    return Fills(
        mode=facts.mode,
        name=facts.name,
        ts=facts.now,
        seq=facts.seq,
        rows=tuple(found.values()),
        searched=searched,
    )


def _fill_row(seq: int, fill: OrderFilled, names: Sequence[str], later: str | None) -> FillRow:
    return FillRow(
        fill=fill.fill_id,
        seq=seq,
        ts=fill.ts_event,
        received=fill.ts_received,
        order=fill.client_order_id,
        strategy=owner_of(fill.client_order_id, names),
        instrument=fill.instrument,
        side=fill.side.value,
        price=units(fill.price_units, fill.price_scale),
        quantity=units(fill.quantity_units, fill.size_scale),
        fee=units(fill.fee_units, fill.fee_scale),
        fee_currency=fill.fee_currency,
        liquidity=fill.liquidity.value,
        later=later,
    )


def owner_of(order: ClientOrderId, names: Sequence[str]) -> str | None:
    """Whose order an id of ours is; None for an id of somebody else's."""
    number = owner_number_of(order)
    return names[number] if number is not None and number < len(names) else None
