"""An ordered record store in memory: the journal of a replay, and the digest of its decisions.

What is hashed is the decision record: for each record its sequence number and its canonical bytes, in
order. Market data is hashed where it is sequenced (the kernel); both digests together name a run's
decisions. Nothing of the machine, the clock or the code enters.
"""

from typing import Final

import msgspec

from openoutcry import _native

_FLUSH_BYTES: Final = 1 << 16
_AT_ITS_END: Final = -1


class MemoryJournal:
    """Appends records and keeps a running BLAKE3 digest.

    Args:
        keep: Also keep the encoded records, for reading them back (`records`).
    """

    def __init__(self, *, keep: bool = False) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._hasher = _native.Hasher()
        self._buffer = bytearray()
        self._kept: list[tuple[int, bytes]] | None = [] if keep else None
        self.count = 0
        self.last_seq = 0

    @property
    def durable_seq(self) -> int:
        """Memory is as durable as it gets: everything, always."""
        return 2**63 - 1

    def append(self, seq: int, record: object, /) -> None:
        """Add a record caused by input `seq`; sequence numbers never step back."""
        assert seq >= self.last_seq, f"record {seq} after {self.last_seq}"
        self.last_seq = seq
        self.count += 1
        buffer = self._buffer
        buffer += seq.to_bytes(8, "little")
        if self._kept is None:
            self._encoder.encode_into(record, buffer, _AT_ITS_END)
        else:
            encoded = self._encoder.encode(record)
            self._kept.append((seq, encoded))
            buffer += encoded
        if len(buffer) > _FLUSH_BYTES:
            self._flush()

    def records(self) -> list[tuple[int, bytes]]:
        """Sequence number and msgpack bytes of each record; only with `keep`."""
        assert self._kept is not None, "the journal was made without keep"
        return self._kept

    def digest(self) -> bytes:
        """BLAKE3 of everything so far, 32 bytes."""
        self._flush()
        return self._hasher.digest()

    def _flush(self) -> None:
        self._hasher.update(bytes(self._buffer))
        self._buffer.clear()
