"""The open alerts on disk, so that a restart knows who has not been answered."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.daemon.alerts.alert import Alert
from openoutcry.state.durable_files import FOLDER_MODE, sync_folder, write_synced

NAME: Final = "alerts.json"
SCHEMA: Final = 1


class Saved(msgspec.Struct, frozen=True):
    """What the file holds; `ts` is when it was written, nanoseconds UTC."""

    schema: int
    ts: int
    alerts: tuple[Alert, ...]


class AlertStore:
    """`alerts.json` in a state directory, replaced whole."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self.problem = ""
        """Why the last file could not be read; it was put aside."""

    def load(self) -> Saved:
        """What was saved. A file that cannot be read is put aside: alerts must not keep a daemon down."""
        empty = Saved(SCHEMA, 0, ())
        try:
            saved = msgspec.json.decode(self.path.read_bytes(), type=Saved)
        except FileNotFoundError:
            return empty
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            return self._put_aside(str(error))
        if saved.schema > SCHEMA:
            return self._put_aside(f"schema {saved.schema} is newer than {SCHEMA}")
        return saved

    def save(self, alerts: Iterable[Alert], now: int) -> None:
        """Replace the file.

        Raises:
            OSError: It cannot be written.
        """
        self.path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        part = self.path.with_name(f".{NAME}.part")
        write_synced(part, msgspec.json.encode(Saved(SCHEMA, now, tuple(alerts))))
        part.replace(self.path)
        sync_folder(self.path.parent)

    def _put_aside(self, why: str) -> Saved:
        self.problem = why
        try:
            self.path.replace(self.path.with_name(f"{NAME}.damaged"))
        except OSError as error:
            self.problem += f"; and cannot be put aside: {error.strerror}"
        return Saved(SCHEMA, 0, ())
