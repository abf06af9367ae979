"""`[tape]`: how a session keeps the market data that it saw."""

import msgspec


class TapeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[tape]`: the recording of a session's market data (docs/reference/tape.md).

    Args:
        enabled: Whether a session records; without a tape there is no parity and no exact recovery.
        segment_mb: Megabytes at which a raw segment is closed; what a power cut may lose at most is
            `sync_ms`, not this.
        segment_minutes: Minutes of the session's clock after which it is closed; a UTC day closes it too.
        sync_ms: Milliseconds between two syncs to the disk. A killed process loses nothing, whatever it is.
        keep_days: UTC days before the current one that are kept; 0 keeps everything.
    """

    enabled: bool = True
    segment_mb: int = 32
    segment_minutes: int = 60
    sync_ms: int = 1000
    keep_days: int = 0
