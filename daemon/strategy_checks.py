"""What can be said of a config's strategies without running them.

They exist, their parameters fit, and their source does not reach for a clock, randomness, threads,
files or the network.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from openoutcry.actors.strategies.registry import find_strategy
from openoutcry.actors.strategy import Strategy
from openoutcry.daemon.config_loader import LoadedConfig
from openoutcry.daemon.decoder import Problem, decode
from openoutcry.state.errors import ConfigError

_FORBIDDEN_MODULES: Final = frozenset(
    (
        *("asyncio", "multiprocessing", "subprocess", "threading"),
        *("http", "requests", "socket", "urllib"),
        *("os", "pathlib"),
        *("random", "secrets", "time", "uuid"),
    )
)
_FORBIDDEN_CALLS: Final = frozenset(
    {
        "datetime.now",
        "datetime.today",
        "datetime.utcnow",
        "date.today",
        "open",
        "input",
        "id",
        "hash",
    }
)
_REMEDY: Final = "a strategy's clock is self.now and its memory self.state: see docs/reference"


class Suspect(NamedTuple):
    """Something in a strategy's source that makes its runs unrepeatable."""

    file: str
    line: int
    what: str
    remedy: str = _REMEDY

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def use_project(folder: Path) -> None:
    """Let `module:Class` name modules beside the config file."""
    text = str(folder.absolute())
    if text not in sys.path:
        sys.path.insert(0, text)


def check_strategies(loaded: LoadedConfig) -> list[type[Strategy]]:
    """The strategy classes of a config.

    Raises:
        ConfigFileError: A type does not exist or a parameter does not fit; all are listed.
    """
    use_project(loaded.folder)
    problems: list[Problem] = []
    classes: list[type[Strategy]] = []
    for index, item in enumerate(loaded.config.strategies):
        try:
            found = find_strategy(item.type)
        except ConfigError as error:
            path = ("strategies", index, "type")
            problems.append(Problem(path, error.message, error.remedy))
            continue
        classes.append(found)
        decode(found.Params, item.params, ("strategies", index, "params"), problems)
    loaded.refuse(problems)
    return classes


def suspects_of(strategy: type[Strategy]) -> list[Suspect]:
    """What in the strategy's module would make two runs differ."""
    file = inspect.getsourcefile(strategy)
    if file is None:
        return []
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    found = [Suspect(file, line, what) for line, what in _suspects(tree)]
    return sorted(found, key=lambda warning: warning.line)


def _suspects(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _FORBIDDEN_CALLS:
            yield node.lineno, f"calls {ast.unparse(node.func)}()"
            continue
        else:
            continue
        for name in names:
            if name.partition(".")[0] in _FORBIDDEN_MODULES:
                yield node.lineno, f"imports {name}"
