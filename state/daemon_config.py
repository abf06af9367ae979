"""Config of the long-running process: where it keeps its state, how it starts and how it ends."""

from typing import Annotated, Literal

import msgspec

from openoutcry.state.config_struct import ConfigStruct
from openoutcry.state.journal_meta import Durability

Positive = Annotated[int, msgspec.Meta(ge=1)]


class JournalConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[daemon.journal]`: see docs/reference/journal.md.

    `max_gib` is the largest size of the journal's file; beyond it the journal is full.
    """

    durability: Durability = "strict"
    group_ms: Positive = 10
    buffer_mib: Positive = 64
    max_gib: Positive = 64


class DaemonConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[daemon]`.

    Args:
        state_dir: Where journal, tape, snapshots and the paper venue's log are kept, relative to the
            config file. Without it: `$STATE_DIRECTORY`, else `state/NAME-MODE` beside the config.
        snapshot_every_s: Seconds between snapshots.
        snapshot_every_inputs: A snapshot is also taken after so many inputs.
        resume: After a crash, go on trading by itself (`auto`) or stay halted until somebody says
            `outcry resume` (`halted`). Without it: `auto` for paper, `halted` for live.
        stop_policy: What `SIGTERM` and `outcry stop` do to orders and positions unless told otherwise.
        journal: How the journal is kept.
    """

    state_dir: str | None = None
    snapshot_every_s: Positive = 60
    snapshot_every_inputs: Positive = 1_000_000
    resume: Literal["auto", "halted"] | None = None
    stop_policy: Literal["leave", "cancel", "flatten"] = "leave"
    journal: JournalConfig = JournalConfig()


class PaperConfig(ConfigStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[paper]`: where a paper session's market comes from, unless the command line says otherwise.

    `feed` is `tape` (the config's catalog, played at `speed` times real time), `synthetic` (an endless
    invented market) or `live` (the venues' own streams). `loop` plays the tape again and again, its
    stamps moved on.
    """

    feed: Literal["tape", "synthetic", "live"] = "live"
    speed: Positive = 1
    loop: bool = False
