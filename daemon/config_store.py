"""The configs that the sessions of a state directory ran with: a re-run needs the very same."""

from pathlib import Path
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.daemon.config_loader import load
from openoutcry.state.config import Config
from openoutcry.state.durable_files import FOLDER_MODE, cannot_write, sync_folder, write_synced
from openoutcry.state.enums import Mode
from openoutcry.state.errors import RecoveryError

_FOLDER: Final = "config"
_CURRENT: Final = "current"


def config_hash(text: str) -> str:
    """Names a config file: 32 bytes, hex.

    Of its words, not of what they mean: a later version may know more keys.
    """
    return _native.digest(text.encode()).hex()


def keep(state_dir: Path, text: str, mode: Mode) -> None:
    """Keep a config file, as the one that the session goes on with.

    Raises:
        JournalError: It cannot be written.
    """
    folder = state_dir / _FOLDER
    try:
        _keep(folder, text, mode)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _keep(folder: Path, text: str, mode: Mode) -> None:
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    name = config_hash(text)
    current = f"{name} {mode.value}"
    for file, data in ((f"{name}.toml", text), (_CURRENT, current)):
        part = folder / f".{file}.part"
        part.unlink(missing_ok=True)
        write_synced(part, data.encode())
        part.replace(folder / file)
    sync_folder(folder)


def current(state_dir: Path) -> Config | None:
    """The config that the last session ran with; None when there was none.

    Raises:
        RecoveryError: It is damaged.
        ConfigError: This version does not take it any more.
    """
    folder = state_dir / _FOLDER
    try:
        name, mode = (folder / _CURRENT).read_text().split()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RecoveryError(f"cannot read {folder / _CURRENT}: {error}") from error
    return _load(folder / f"{name}.toml", Mode(mode))


def _load(file: Path, mode: Mode) -> Config:
    config = load(file).config
    if config_hash(file.read_text()) != file.stem:
        raise RecoveryError(f"{file} is not what was written")
    run = msgspec.structs.replace(config.run, mode=mode)
    return msgspec.structs.replace(config, run=run)


def only(state_dir: Path) -> Config:
    """The one config that all sessions of a state directory ran with.

    Raises:
        RecoveryError: None ran there, or they had several: a replay has one.
        ConfigError: This version does not take it any more.
    """
    config = current(state_dir)
    if config is None:
        raise RecoveryError(
            f"{state_dir}: no session ran here", remedy="name a daemon's state directory"
        )
    if (count := kept(state_dir)) > 1:
        raise RecoveryError(
            f"{state_dir}: its sessions ran with {count} configs",
            remedy="a replay has one config; give each a state directory of its own",
        )
    return config


def kept(state_dir: Path) -> int:
    """How many different configs the sessions ran with; other words for the same are the same."""
    different: list[Config] = []
    for file in sorted((state_dir / _FOLDER).glob("*.toml")):
        config = _load(file, Mode.PAPER)
        if config not in different:
            different.append(config)
    return len(different)
