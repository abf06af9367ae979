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


def config_hash(config: Config) -> str:
    """Names a config: 32 bytes, hex."""
    return _native.digest(msgspec.json.encode(config)).hex()


def keep(state_dir: Path, text: str, config: Config) -> None:
    """Keep the file of a config, as the one that the session goes on with.

    Raises:
        JournalError: It cannot be written.
    """
    folder = state_dir / _FOLDER
    try:
        _keep(folder, text, config)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _keep(folder: Path, text: str, config: Config) -> None:
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    name = config_hash(config)
    current = f"{name} {config.run.mode.value}"
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
    config = load(folder / f"{name}.toml").config
    run = msgspec.structs.replace(config.run, mode=Mode(mode))
    config = msgspec.structs.replace(config, run=run)
    if config_hash(config) != name:
        raise RecoveryError(
            f"{folder / name}.toml means something else than when it was written",
            remedy="run the version of openoutcry that wrote it",
        )
    return config


def kept(state_dir: Path) -> int:
    """How many configs the sessions ran with."""
    return len(list((state_dir / _FOLDER).glob("*.toml")))
