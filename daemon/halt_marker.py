"""A halt beside the journal: what an operator was told holds, whatever becomes of the journal.

The file `HALT` in the state directory is made and filled with spaces at the start, so that writing a halt into
it needs no room on a full disk. A restart obeys it. An operator whose daemon cannot start may write any
text into it: what is no list of halts halts everything.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from openoutcry.state.commands import Halt
from openoutcry.state.durable_files import cannot_write, sync_folder

if TYPE_CHECKING:
    from openoutcry.daemon.core import Core

NAME: Final = "HALT"
SIZE: Final = 4096
_ANY: Final = "the file HALT in the state directory says so"


class HaltMarker:
    """The file of one state directory. Its owner calls from one thread at a time.

    Args:
        state_dir: Exists.

    Raises:
        JournalError: It cannot be made.
    """

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / NAME
        if not self.path.exists():
            try:
                self._write(b"")
                sync_folder(state_dir)
            except OSError as error:
                raise cannot_write(state_dir, error) from error

    def read(self) -> tuple[Halt, ...]:
        """The halts that a restart must obey.

        Raises:
            JournalError: It cannot be read.
        """
        try:
            data = self.path.read_bytes().strip(b" \n\0")
        except OSError as error:
            raise cannot_write(self.path, error) from error
        if not data:
            return ()
        try:
            return msgspec.json.decode(data, type=tuple[Halt, ...])
        except msgspec.MsgspecError:
            return (Halt(ts=0, reason=_ANY),)

    def write(self, halts: Iterable[Halt]) -> bool:
        """Have a restart obey these and no others; False when the disk does not take it."""
        data = msgspec.json.encode(tuple(halts))
        if len(data) > SIZE:
            data = b"everything: too many halts for this file"
        try:
            self._write(b"" if data == b"[]" else data)
        except OSError:
            return False
        return True

    def _write(self, data: bytes) -> None:
        """In place: a new file would need room."""
        number = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(number, data.ljust(SIZE), 0)
            os.ftruncate(number, SIZE)
            os.fsync(number)
        finally:
            os.close(number)


def obey(marker: HaltMarker, core: "Core") -> None:
    """Halts that the journal may not hold are in force from the first turn on, and then are journaled."""

    def clear() -> None:
        marker.write(())

    def handled(_: int) -> None:
        core.when_recorded(clear)

    halts = marker.read()
    for halt in halts:
        core.inject(halt, handled if halt is halts[-1] else None)
