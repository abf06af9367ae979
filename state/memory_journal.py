"""An ordered record store in memory: the journal of a replay, and the digest of its decisions.

What is hashed is the decision record: for each record its sequence number and its canonical bytes, in
order: what `codec.encode` writes, with the schema version. Market data is hashed where it is sequenced (the kernel); both digests together name a run's
decisions. Nothing of the machine, the clock or the code enters.
"""

from openoutcry import _native
from openoutcry.state.codec import AnyMessage, encode


class MemoryJournal:
    """Appends records and keeps a running BLAKE3 digest.

    Args:
        keep: Also keep the encoded records, for reading them back (`records`).
    """

    def __init__(self, *, keep: bool = False) -> None:
        self.native = _native.Journal(keep=keep)

    @property
    def durable_seq(self) -> int:
        """Memory is as durable as it gets: everything, always."""
        return self.native.durable_seq

    @property
    def count(self) -> int:
        """Records so far."""
        return self.native.count

    @property
    def last_seq(self) -> int:
        """Sequence number of the last record."""
        return self.native.last_seq

    def append(self, seq: int, record: AnyMessage, /, *, external: bool = False) -> None:
        """Add a record caused by input `seq`; sequence numbers never step back.

        Raises:
            NumericOverflow: A number beyond 64 bits.
        """
        assert seq >= self.last_seq, f"record {seq} after {self.last_seq}"
        self.native.append(seq, encode(record), external)

    def records(self) -> list[tuple[int, bytes]]:
        """Sequence number and encoded bytes of each record; only with `keep`."""
        records = self.native.records()
        assert records is not None, "the journal was made without keep"
        return records

    def digest(self) -> bytes:
        """BLAKE3 of everything so far, 32 bytes."""
        return self.native.digest()
