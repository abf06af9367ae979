"""What a journal says of itself: who it belongs to, where its chain begins and where it ends.

Each entry of the `meta` table is its body with 16 bytes of BLAKE3 before it, because LMDB checks no sums.
"""

from typing import Final, Literal, TypeVar

import msgspec

from openoutcry import _native
from openoutcry.state.enums import Mode
from openoutcry.state.errors import JournalDamaged, SchemaTooNew

JOURNAL_SCHEMA: Final = 1
"""Version of the journal's layout on disk (tables, keys, record header, meta)."""
HASH_BYTES: Final = 16
"""The chain's hashes are the first 128 bits of BLAKE3: 2^64 work to find any collision."""

Durability = Literal["strict", "group", "process"]
"""What a record has survived when it is reported durable.

`strict`: the machine; every group of records that waits is synced at once. `group`: the machine; groups
are collected for `group_ms` and synced together. `process`: the process only; nothing is synced, and a
power cut may cost the journal.
"""


class JournalMeta(msgspec.Struct, frozen=True):
    """Written once, when the state directory is made, and again when a backup is restored.

    `epoch` is what client order ids begin with (48 bits, from the system's randomness); `earlier` are
    the epochs before a restore. `created` is nanoseconds UTC.
    """

    schema: int
    epoch: int
    mode: str
    created: int
    code_version: str
    config_hash: str
    earlier: tuple[int, ...] = ()

    @property
    def first_epoch(self) -> int:
        """The epoch that the session began with."""
        return self.earlier[0] if self.earlier else self.epoch


class Position(msgspec.Struct, frozen=True):
    """A place in the journal: a record's number, sequence number and hash.

    Number 0 is the place before the first record.
    """

    number: int
    seq: int
    hash: bytes

    @classmethod
    def of(cls, chain: _native.JournalChain) -> "Position":
        """Where a chain stands."""
        return cls(chain.number, chain.seq, chain.hash)

    def chain(self) -> _native.JournalChain:
        """A chain that goes on from here."""
        return _native.JournalChain(self.number, self.seq, self.hash)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who opens a journal: what the edge knows and the core must not ask.

    Args:
        mode: A state directory belongs to one mode for ever.
        now: The wall clock, nanoseconds UTC.
        code_version: Version of openoutcry.
        config_hash: Digest of the config in hex.
    """

    mode: Mode
    now: int
    code_version: str
    config_hash: str


def beginning(epoch: int) -> Position:
    """The place before the first record; its hash differs from journal to journal."""
    digest = _native.digest(b"openoutcry journal" + epoch.to_bytes(6, "big"))
    return Position(0, 0, digest[:HASH_BYTES])


def sealed(key: bytes, body: msgspec.Struct) -> bytes:
    """An entry of the meta table."""
    data = msgspec.msgpack.encode(body)
    return _native.digest(key + data)[:HASH_BYTES] + data


_Kind = TypeVar("_Kind", JournalMeta, Position)


def unsealed(key: bytes, entry: bytes | None, kind: type[_Kind]) -> _Kind:
    """What `sealed` made an entry of.

    Raises:
        JournalDamaged: It is missing or damaged.
        SchemaTooNew: A newer openoutcry wrote it.
    """
    name = key.decode()
    if entry is None:
        raise JournalDamaged(f"the journal has no {name}")
    data = entry[HASH_BYTES:]
    if _native.digest(key + data)[:HASH_BYTES] != entry[:HASH_BYTES]:
        raise JournalDamaged(f"the journal's {name} is damaged")
    try:
        if kind is JournalMeta:
            _check_schema(msgspec.msgpack.decode(data).get("schema"))
        return msgspec.msgpack.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise JournalDamaged(f"the journal's {name} cannot be read: {error}") from error


def _check_schema(schema: object) -> None:
    if type(schema) is not int or schema < 1:
        raise JournalDamaged(f"the journal's schema is {schema!r}")
    if schema > JOURNAL_SCHEMA:
        raise SchemaTooNew(
            f"the journal has schema {schema}; this openoutcry knows {JOURNAL_SCHEMA}"
        )
