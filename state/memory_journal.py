"""An ordered record store in memory: the journal of a replay, and the digest of its decisions.

What is hashed is the decision record: for each record its sequence number and its canonical bytes, in
order: what `codec.encode` writes, with the schema version. Market data is hashed where it is sequenced (the kernel); both digests together name a run's
decisions. Nothing of the machine, the clock or the code enters.
"""

from typing import Final

from openoutcry import _native
from openoutcry.state.codec import AnyMessage, encode

_FLUSH_BYTES: Final = 1 << 16


class MemoryJournal:
    """Appends records and keeps a running BLAKE3 digest.

    Args:
        keep: Also keep the encoded records, for reading them back (`records`).
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._hasher = _native.Hasher()
        self._buffer = bytearray()
        self._kept: list[tuple[int, bytes]] | None = [] if keep else None
        self.count = 0
        self.last_seq = 0

    @property
    def durable_seq(self) -> int:
        """Memory is as durable as it gets: everything, always."""
        return 2**63 - 1

    def append(self, seq: int, record: AnyMessage, /) -> None:
        """Add a record caused by input `seq`; sequence numbers never step back.

        Raises:
            NumericOverflow: A number beyond 64 bits.
        """
        assert seq >= self.last_seq, f"record {seq} after {self.last_seq}"
        self.last_seq = seq
        self.count += 1
        data = encode(record)
        self._buffer += seq.to_bytes(8, "little")
        self._buffer += data
        if self._kept is not None:
            self._kept.append((seq, data))
        if len(self._buffer) > _FLUSH_BYTES:
            self._flush()

    def records(self) -> list[tuple[int, bytes]]:
        """Sequence number and encoded bytes of each record; only with `keep`."""
        assert self._kept is not None, "the journal was made without keep"
        return self._kept

    def digest(self) -> bytes:
        """BLAKE3 of everything so far, 32 bytes."""
        self._flush()
        return self._hasher.digest()

    def _flush(self) -> None:
        self._hasher.update(bytes(self._buffer))
        self._buffer.clear()
