"""The configs that the sessions of a state directory ran with: a re-run needs the very same."""

from pathlib import Path
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.daemon.decoder import Problem, decode
from openoutcry.state.config import Config
from openoutcry.state.durable_files import FOLDER_MODE, sync_folder, write_synced
from openoutcry.state.errors import RecoveryError

_FOLDER: Final = "config"
_CURRENT: Final = "current"


def config_hash(config: Config) -> str:
    """Names a config: 32 bytes, hex."""
    return _native.digest(msgspec.json.encode(config)).hex()


def keep(state_dir: Path, config: Config) -> None:
    """Keep a config, as the one that the session goes on with.

    Raises:
        OSError: It cannot be written.
    """
    folder = state_dir / _FOLDER
    folder.mkdir(FOLDER_MODE, exist_ok=True)
    name = config_hash(config)
    for file, data in ((f"{name}.json", msgspec.json.encode(config)), (_CURRENT, name.encode())):
        part = folder / f".{file}.part"
        part.unlink(missing_ok=True)
        write_synced(part, data)
        part.replace(folder / file)
    sync_folder(folder)


def current(state_dir: Path) -> Config | None:
    """The config that the last session ran with; None when there was none.

    Raises:
        RecoveryError: It is damaged.
    """
    folder = state_dir / _FOLDER
    try:
        name = (folder / _CURRENT).read_text()
        document = msgspec.json.decode((folder / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecoveryError(f"cannot read the config in {folder}: {error}") from error
    problems: list[Problem] = []
    config = decode(Config, document, (), problems)
    if config is None or problems:
        raise RecoveryError(f"cannot read the config in {folder}: {problems[0].what}")
    if config_hash(config) != name:
        raise RecoveryError(f"{folder / name}.json is not what was written")
    return config


def kept(state_dir: Path) -> int:
    """How many configs the sessions ran with."""
    return len(list((state_dir / _FOLDER).glob("*.json")))
