"""What goes into a report, and the archive that is made of it."""

import io
import os
import tarfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from openoutcry.daemon.command import UsageError
from openoutcry.daemon.masking import Masker, blank_assigned
from openoutcry.state.durable_files import FILE_MODE

FOLDER: Final = "openoutcry-report"


class Entry(msgspec.Struct, frozen=True):
    """A file of the report.

    Args:
        name: Path in the archive.
        what: One sentence for whoever decides whether to send it.
        data: What it holds, masked.
        changed: Whether a secret had to be blanked in it.
    """

    name: str
    what: str
    data: bytes
    changed: bool = False


class Missing(msgspec.Struct, frozen=True):
    """What is not in the report, and why."""

    name: str
    why: str


def of_text(name: str, what: str, text: str, masker: Masker) -> Entry:
    """A text, without registered secrets and without what is assigned to names of secrets."""
    masked = blank_assigned(masker.text(text))
    return Entry(name, what, masked.encode(errors="replace"), masked != text)


def of_json(name: str, what: str, document: object, masker: Masker) -> Entry:
    """A document, masked."""
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    masked = masker.text(text)
    return Entry(name, what, masked.encode() + b"\n", masked != text)


def of_bytes(name: str, what: str, data: bytes, masker: Masker) -> Entry:
    """Bytes, in which secrets are replaced by as many stars."""
    masked = masker.data(data)
    return Entry(name, what, masked, masked != data)


def write_archive(path: Path, entries: Iterable[Entry]) -> int:
    """Write the archive, for its owner only, and say how large it is.

    Raises:
        UsageError: The file exists or cannot be written.
    """
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with (
            os.fdopen(os.open(path, flags, FILE_MODE), "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz") as archive,
        ):
            for entry in entries:
                info = tarfile.TarInfo(f"{FOLDER}/{entry.name}")
                info.size, info.mode, info.mtime = len(entry.data), FILE_MODE, int(time.time())
                archive.addfile(info, io.BytesIO(entry.data))
    except FileExistsError as error:
        raise UsageError(f"{path} exists", remedy="name a file that does not exist yet") from error
    except OSError as error:
        path.unlink(missing_ok=True)
        raise UsageError(
            f"cannot write {path}: {os.strerror(error.errno or 0)}",
            remedy="choose a place that can be written to",
        ) from error
    return path.stat().st_size
