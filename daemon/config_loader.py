"""The config file: TOML into `state.config.Config`, with every mistake located and explained at once."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn

from openoutcry.daemon.config_checks import check
from openoutcry.daemon.decoder import Problem, decode
from openoutcry.daemon.toml_lines import KeyPath, key_lines, line_of
from openoutcry.state.config import Config
from openoutcry.state.errors import ConfigError

MAX_BYTES = 1 << 20


class Located(NamedTuple):
    """A mistake as a reader sees it."""

    file: str
    line: int
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}:{key} {self.what}"


class ConfigFileError(ConfigError):
    """All that is wrong with a config file; `problems` in the order of its lines."""

    def __init__(self, problems: Iterable[Located]) -> None:
        self.problems = tuple(problems)
        assert self.problems
        super().__init__("\n".join(map(str, self.problems)), remedy=self.problems[0].remedy)


@dataclass(frozen=True)
class LoadedConfig:
    """A config with what its file adds: where it is, and on which line everything stands."""

    config: Config
    path: Path
    lines: Mapping[KeyPath, int]

    @property
    def folder(self) -> Path:
        """The folder that relative paths in the config start from."""
        return self.path.parent

    @property
    def catalog(self) -> Path | None:
        """The catalog as an absolute path."""
        text = self.config.catalog
        return None if text is None else (self.folder / text).absolute()

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Raise what is wrong; nothing when `problems` is empty.

        Raises:
            ConfigFileError: There is at least one problem.
        """
        found = list(problems)
        if found:
            _raise(self.path, self.lines, found)


def load(path: Path) -> LoadedConfig:
    """The config in a TOML file.

    Raises:
        ConfigError: The file cannot be read.
        ConfigFileError: It is no TOML, or breaks a rule; all that is wrong is listed.
    """
    text = _read(path)
    document = _parse(text, path)
    lines = key_lines(text)
    problems: list[Problem] = []
    config = decode(Config, document, (), problems)
    if config is not None:
        problems = check(config)
    if config is None or problems:
        _raise(path, lines, problems)
    return LoadedConfig(config=config, path=path, lines=lines)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "name a config file; `outcry init DIR` writes a first one"
        raise ConfigError(f"{path}: {error.strerror}", remedy=remedy) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: {len(data)} bytes", remedy=f"a config has at most {MAX_BYTES}")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        located = Located(str(path), line, "", "is not UTF-8", "save the file as UTF-8")
        raise ConfigFileError([located]) from error


def _parse(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        what = str(error)[: found.start()] if found else str(error)
        located = Located(str(path), line, "", f"no TOML: {what}", "see https://toml.io")
        raise ConfigFileError([located]) from error


def _raise(path: Path, lines: Mapping[KeyPath, int], problems: Iterable[Problem]) -> NoReturn:
    located = [
        Located(str(path), line_of(lines, p.path), _key(p.path), p.what, p.remedy) for p in problems
    ]
    raise ConfigFileError(sorted(located, key=lambda problem: problem.line))


def _key(path: KeyPath) -> str:
    """`venues[0].fees.maker`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if re.fullmatch(r"[\w-]+", part, re.ASCII) else f'"{part}"'
            text += f".{shown}" if text else shown
    return text
