"""Writing files: whole or not at all, and never over what somebody else wrote."""

import os
from collections.abc import Mapping
from pathlib import Path

from openoutcry.daemon.command import UsageError


def write_whole(file: Path, data: bytes) -> None:
    """Write a result, replacing an older one; a reader never sees half of it.

    Raises:
        UsageError: The place cannot be written to.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        part.write_bytes(data)
        part.replace(file)
    except OSError as error:
        raise UsageError(
            f"cannot write {file}: {os.strerror(error.errno or 0)}",
            remedy="choose a place that can be written to",
        ) from error


def write_new(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write files that must not exist yet, all or none.

    Args:
        folder: Where; it is made when it does not exist.
        files: Text by path below the folder.

    Raises:
        UsageError: One of them exists, or the place cannot be written to.
    """
    targets = {folder / name: text for name, text in files.items()}
    taken = [str(target) for target in targets if os.path.lexists(target)]
    if taken:
        raise UsageError(
            f"{', '.join(taken)} exists", remedy="choose another folder or name, or move it away"
        )
    for target, text in targets.items():
        write_whole(target, text.encode())
    return list(targets)
