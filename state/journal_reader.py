"""Reading a journal: in order, from any input on, each record checked against the one before.

A reader of another process opens the environment read-only and disturbs no writer. It looks at a piece
at a time, so that the writer may use freed pages again.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import lmdb

from openoutcry import _native
from openoutcry.state.codec import AnyMessage, decode, encode_json
from openoutcry.state.errors import JournalDamaged, JournalError
from openoutcry.state.journal_env import FOLDER, OpenEnv
from openoutcry.state.journal_meta import JournalMeta, Position
from openoutcry.state.journal_store import JournalStore, open_store, position_of

BLOCK: Final = 2_000
"""Records that are read at once."""


class JournalRecord(NamedTuple):
    """One record: its number, the input that caused it, and the codec's bytes.

    `external` says that it is that input, and came from outside: a re-run can't make it again.
    """

    number: int
    seq: int
    body: bytes
    external: bool

    @property
    def message(self) -> AnyMessage:
        """The message.

        Raises:
            CodecError: The body is no message.
        """
        return decode(self.body)

    def json_line(self) -> bytes:
        """The record as one line of JSON: number, sequence number, schema version and message."""
        head = b'{"number":%d,"seq":%d,' % (self.number, self.seq)
        return head + encode_json(self.message).removeprefix(b"{")


class JournalReader:
    """Reads an open store, which stays its owner's."""

    def __init__(self, store: JournalStore) -> None:
        self.store = store

    @property
    def meta(self) -> JournalMeta:
        """Who the journal belongs to."""
        return self.store.meta

    @property
    def head(self) -> Position:
        """The last record."""
        return self.store.head

    @property
    def anchor(self) -> Position:
        """The place before the first record: what came before was dropped."""
        return self.store.anchor

    def records(self, seq: int = 0) -> Iterator[JournalRecord]:
        """The records of the inputs from `seq` on, up to the end as it is when the end is met.

        Raises:
            JournalDamaged: A record is damaged, or does not follow the one before.
        """
        return self.after(self.before(seq))

    def after(self, position: Position) -> Iterator[JournalRecord]:
        """The records after a place.

        Raises:
            JournalDamaged: As `records`.
            JournalError: The records after the place were dropped.
        """
        for block in self.blocks(position):
            for row in block.records():
                yield JournalRecord(*row)

    def blocks(self, position: Position) -> Iterator[_native.JournalBlock]:
        """The records after a place, many at a time.

        Raises:
            JournalDamaged: As `records`, when everything before was given out.
            JournalError: As `after`.
        """
        chain = position.chain()
        while pairs := self.store.read(chain.number + 1, count=BLOCK):
            try:
                block = chain.block(pairs)
            except ValueError as error:
                number = int.from_bytes(pairs[0][0], "big")
                raise self._break(chain.number, number, error) from error
            yield block

    def _break(self, last: int, number: int, error: ValueError) -> JournalError:
        """Why a record does not follow: it is damaged, or those before it were dropped meanwhile."""
        beginning = self.anchor.number
        if beginning > last:
            return JournalError(
                f"the records up to {beginning} were dropped: a snapshot holds them",
                remedy="read on from a later input",
            )
        return JournalDamaged(f"record {number}: {error}")

    def last(self, count: int) -> Position:
        """The place before the last `count` records."""
        return self.at(max(self.head.number - count, self.anchor.number))

    def before(self, seq: int) -> Position:
        """The place before the first record of the inputs from `seq` on."""
        anchor, low, high = self.anchor, self.anchor.number, self.head.number
        while low < high:  # the last number whose sequence number is below `seq`
            middle = (low + high + 1) // 2
            if self.at(middle).seq < seq:
                low = middle
            else:
                high = middle - 1
        return anchor if low == anchor.number else self.at(low)

    def position(self, seq: int) -> Position:
        """The place of the last record of the inputs up to `seq`."""
        return self.before(seq + 1)

    def holds(self, position: Position) -> bool:
        """Whether a place, as a snapshot names it, lies in this very journal."""
        anchor = self.anchor
        if position.number <= anchor.number:
            return position == anchor
        return position.number <= self.head.number and self.at(position.number) == position

    def at(self, number: int) -> Position:
        """The place of a record, or the one before the first.

        Raises:
            JournalDamaged: It is damaged or missing.
        """
        anchor = self.anchor
        if number == anchor.number:
            return anchor
        pairs = self.store.read(number, count=1)
        if not pairs or int.from_bytes(pairs[0][0], "big") != number:
            raise JournalDamaged(f"record {number} is missing")
        return position_of(number, pairs[0][1])


def open_reader(directory: Path, *, open_env: OpenEnv = lmdb.open) -> JournalReader:
    """The journal of a state directory, for reading; close its `store` after.

    Raises:
        JournalError: There is none, or it cannot be opened.
    """
    return JournalReader(open_store(directory / FOLDER, readonly=True, open_env=open_env))
