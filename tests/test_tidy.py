"""Rules about the source text itself, each with a test that it can fail.

A rule is a function from one `Source` to its findings. Exceptions stand in the tables below, with
the reason for each; an exception that nothing needs any more is a finding too.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from tests.tidy_allowed import BROAD_EXCEPTS, MONEY_FLOATS, PORTS

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {"state": 0, "actors": 1, "replay": 2, "daemon": 3}
CORE = ("state", "actors", "replay")  # the folders that live behind the ports
LINES_MAX, FUNCTION_LINES_MAX, BLOB_BYTES_MAX = 500, 70, 300_000

# What lies outside the decision core, by module. `files` covers every kind of storage.
OUTSIDE = {
    "clock": {"time", "sched"},
    "randomness": {"random", "secrets", "uuid"},
    "threads": {
        "_thread", "asyncio", "concurrent", "multiprocessing", "pykka", "queue", "signal",
        "subprocess", "threading",
    },
    "network": {"http", "select", "selectors", "socket", "ssl", "urllib.request", "zmq"},
    "files": {"glob", "io", "lmdb", "mmap", "os", "pathlib", "shutil", "tempfile"},
}  # fmt: skip
# Calls and attributes that reach outside without importing one of those modules.
OUTSIDE_NAMES = {
    "clock": r"(datetime|date)\.(now|utcnow|today)",
    "randomness": r"(np|numpy)\.random",
    "files": r"open|input|print|.*\.(read|scan|write|sink)_(parquet|csv|ipc|json|ndjson)",
}
MONEY = re.compile(
    r"(state/(money|messages|currencies|instruments|commands|events|market_data|order\w*|positions"
    r"|binding|accounts)|actors/(portfolio|broker|risk\w*|ledger)"
    r"|replay/costs/\w+)\.py|rust_ext/src/(fixed|money|ledger|types|orders|book|fees)\.rs"
    r"|rust_ext/src/(ledger|exchange|matching|venue|risk)/[\w/]+\.rs"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Distributions by the name they are imported under.
DECLARED = {
    {"pyzmq": "zmq"}.get(name, name)
    for name in (re.match(r"[\w-]+", line)[0] for line in PROJECT["dependencies"])  # type: ignore[index]
}

_LATER = "TO" + "DO|FIX" + "ME|XX" + "X"
BANNED_WORDS = re.compile(
    rf"\b({_LATER}|NotImplemented" + r"Error)\b|\b(to" + r"do|unimple" + r"mented)!\("
)
MACHINE_PATH = re.compile(r"(?<![\w.$}>])/(home|root|Users|work)/\w")
RECORDED = re.compile(r"\.(parquet|csv|feather|arrow|gz|zst|zip|npz|npy|dbn|mdb|h5|pkl|sqlite)$")


@dataclass(frozen=True)
class Source:
    """One tracked file: its path in the repository, with slashes, and its text."""

    path: str
    text: str

    @property
    def layer(self) -> str:
        """First folder of the path."""
        return self.path.split("/", maxsplit=1)[0]

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module; an empty one for what is not Python."""
        return ast.parse(self.text if self.path.endswith((".py", ".pyi")) else "")

    def at(self, node: ast.AST, what: str) -> str:
        """A finding at a node."""
        return f"{self.path}:{getattr(node, 'lineno', 1)} {what}"


Findings = Iterator[str]


def imported(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Every absolute import with its full dotted name; `from a import b` counts as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def layers(source: Source) -> Findings:
    """Imports run down, are absolute, and never load a folder under its bare name."""
    own = LAYERS.get(source.layer, max(LAYERS.values()))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield source.at(node, "relative import: it breaks through the links of src/")
    for node, name in imported(source.tree):
        parts = name.split(".")
        if parts[0] in LAYERS:
            yield source.at(node, f"bare import of {parts[0]}: every class would be loaded twice")
        if parts[0] == "openoutcry" and LAYERS.get(parts[1] if parts[1:] else "", -1) > own:
            yield source.at(node, f"imports upward: {name}")


def python_functions(source: Source) -> Iterator[tuple[str, int, int]]:
    """Name, first line and length of each Python function."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def rust_functions(source: Source) -> Iterator[tuple[str, int, int]]:
    """Name, first line and length of each Rust function, as rustfmt lays them out."""
    lines = source.text.splitlines()
    for first, line in enumerate(lines):
        head = re.match(r"(\s*)(?:[\w()\":]+ )*?fn (\w+)", line)
        if not head or line.rstrip().endswith((";", "}")):
            continue
        for last in range(first + 1, len(lines)):
            if lines[last].startswith(head[1] + ")") and lines[last].endswith(";"):
                break  # a signature without a body
            if lines[last] == head[1] + "}":
                yield head[2], first + 1, last - first + 1
                break


def sizes(source: Source) -> Findings:
    """A file holds one idea, a function fits on a screen."""
    if not source.path.endswith((".py", ".rs", ".pyi")):
        return
    # A stub lists all of a compiled module, which is many files.
    if (count := source.text.count("\n")) > LINES_MAX and not source.path.endswith(".pyi"):
        yield f"{source.path}: {count} lines (limit {LINES_MAX})"
    functions = rust_functions if source.path.endswith(".rs") else python_functions
    for name, line, length in functions(source):
        if length > FUNCTION_LINES_MAX:
            yield f"{source.path}:{line} {name}: {length} lines (limit {FUNCTION_LINES_MAX})"


def reaches(source: Source) -> Iterator[tuple[ast.AST, str, str]]:
    """What a module reaches outside the core: node, kind and name."""
    for node, name in imported(source.tree):
        for kind, modules in OUTSIDE.items():
            if any(f"{name}.".startswith(f"{module}.") for module in modules):
                yield node, kind, name
    for node in ast.walk(source.tree):
        named = isinstance(node, ast.Attribute)
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        text = ast.unparse(node if named else node.func) if named or called else ""  # type: ignore[attr-defined]
        for kind, pattern in OUTSIDE_NAMES.items():
            if text and re.fullmatch(pattern, text):
                yield node, kind, text


def ports(source: Source) -> Findings:
    """Behind the ports nothing reads a clock, draws, starts a thread, or touches net and disk."""
    if source.layer not in CORE:
        return
    exactly = PORTS.get(source.path, (set(), ""))[0]
    allowed = exactly.union(*(k for path, (k, _) in PORTS.items() if source.path.startswith(path)))
    found = set()
    for node, kind, name in reaches(source):
        found.add(kind)
        if kind not in allowed:
            yield source.at(node, f"{kind} behind the ports: {name}")
    for kind in sorted(exactly - found):
        yield f"{source.path}: is allowed {kind} and does not use it"


def _is_set(node: ast.AST | None, names: set[str]) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in {"set", "frozenset"}
        merges = {"union", "intersection", "difference", "symmetric_difference", "copy"}
        return (
            isinstance(node.func, ast.Attribute)
            and node.func.attr in merges
            and _is_set(node.func.value, names)
        )
    if isinstance(node, ast.BinOp):
        return _is_set(node.left, names) or _is_set(node.right, names)
    return isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in names


def _set_names(tree: ast.AST) -> set[str]:
    """Names and attributes that are annotated as sets, or assigned one, anywhere in a module."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            target = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            if re.match(r"(Abstract|Mutable|frozen)?[sS]et\b", ast.unparse(node.annotation)):
                names |= {target, f"self.{target}"}
        elif isinstance(node, ast.Assign) and _is_set(node.value, names):
            names |= {ast.unparse(target) for target in node.targets}
    return names


def _iterated(node: ast.AST) -> list[ast.expr]:
    """What a node takes one by one, in whatever order it comes."""
    if isinstance(node, ast.For | ast.comprehension):
        return [node.iter]
    if isinstance(node, ast.Starred):
        return [node.value]
    if isinstance(node, ast.Call):
        if re.fullmatch(
            r"list|tuple|iter|enumerate|zip|map|sum|dict\.fromkeys|.*\.(join|extend)",
            ast.unparse(node.func),
        ):
            return node.args
        if isinstance(node.func, ast.Attribute) and node.func.attr == "pop" and not node.args:
            return [node.func.value]
    return []


def unordered(source: Source) -> Findings:
    """No decision depends on the order of a set, on `hash()` of a text or on an address."""
    if source.layer not in CORE:
        return
    names = _set_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"hash", "id"}:
            yield source.at(node, f"{ast.unparse(node.func)}() differs from run to run")
        for each in _iterated(node):
            if _is_set(each, names):
                yield source.at(each, f"order of a set: {ast.unparse(each)}; sort it")


def money(source: Source) -> Findings:
    """No float where money, prices or sizes are computed."""
    if not MONEY.fullmatch(source.path) or source.path in MONEY_FLOATS:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield source.at(node, f"a float in a money module: {node.value}")
        if isinstance(node, ast.Name) and node.id == "float":
            yield source.at(node, "a float in a money module")
    if source.path.endswith(".rs"):
        for number, line in enumerate(source.text.splitlines(), 1):
            if re.search(r"\bf(32|64)\b", line.split("//")[0]):
                yield f"{source.path}:{number} a float in a money module"


def words(source: Source) -> Findings:
    """Nothing is left for later, and nothing names one machine."""
    for pattern, what in ((BANNED_WORDS, "banned word"), (MACHINE_PATH, "path of one machine")):
        for match in pattern.finditer(source.text):
            line = source.text.count("\n", 0, match.start()) + 1
            yield f"{source.path}:{line} {what}: {match[0]}"


def broad_excepts(source: Source) -> Findings:
    """Everything is caught only where a process or an actor ends."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            broad = node.type is None or re.search(r"\b(Base)?Exception\b", caught)
            passed_on = ast.unparse(node.body[-1]) == "raise"
            if broad and not passed_on and source.path not in BROAD_EXCEPTS:
                yield source.at(node, f"catches {caught}")


def dependencies(source: Source) -> Findings:
    """The package imports nothing that an installation would not bring."""
    if source.layer not in LAYERS:
        return
    for node, name in imported(source.tree):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names and top not in {"openoutcry", *DECLARED}:
            yield source.at(node, f"{top} is no dependency of pyproject.toml")


def docstrings(source: Source) -> Findings:
    """Every module says what it is; every public class and function of the package too."""
    if not source.path.endswith(".py"):
        return
    if ast.get_docstring(source.tree) is None:
        yield f"{source.path}:1 module without a docstring"
    bodies: list[ast.Module | ast.ClassDef] = [source.tree] if source.layer in LAYERS else []
    while bodies:
        for node in bodies.pop().body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            decorators = {ast.unparse(each).split(".")[-1] for each in node.decorator_list}
            if node.name.startswith("_") or decorators & {"setter", "overload", "override"}:
                continue
            if ast.get_docstring(node) is None:
                yield source.at(node, f"{node.name} without a docstring")
            if isinstance(node, ast.ClassDef):
                bodies.append(node)


RULES = (layers, sizes, ports, unordered, money, words, broad_excepts, dependencies, docstrings)


def tracked() -> list[str]:
    """Paths of all files that are, or would be, committed; links are left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [str(p.relative_to(ROOT)) for p in paths if p.is_file() and not p.is_symlink()]


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """Every text file of the repository but the lock files."""
    found = []
    for path in tracked():
        data = (ROOT / path).read_bytes()
        if b"\0" not in data and not path.endswith(".lock"):
            found.append(Source(path, data.decode()))
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_source_follows_the_rule(
    rule: Callable[[Source], Findings], sources: list[Source]
) -> None:
    findings = [finding for source in sources for finding in rule(source)]
    assert not findings, "\n" + "\n".join(findings)


FUNCTION_OF_80 = "def f():\n" + "    x = 1\n" * 79
RUST_OF_80 = "    pub fn f(\n        a: i64,\n    ) -> i64 {\n" + "        x();\n" * 76 + "    }\n"
BAD: list[tuple[Callable[[Source], Findings], str, str]] = [
    (layers, "state/a.py", "from openoutcry.actors.graph import build"),
    (layers, "actors/a.py", "def f():\n    import openoutcry.replay.engine"),
    (layers, "replay/a.py", "from openoutcry import daemon"),
    (layers, "tests/a.py", "from state.enums import Side"),
    (layers, "daemon/a.py", "from .cli import main"),
    (sizes, "state/a.py", FUNCTION_OF_80),
    (sizes, "rust_ext/src/a.rs", RUST_OF_80),
    (sizes, "replay/a.py", "x = 1\n" * 501),
    (ports, "state/a.py", "import time"),
    (ports, "actors/a.py", "from datetime import datetime\nx = datetime.now()"),
    (ports, "replay/a.py", "from uuid import uuid4"),
    (ports, "replay/a.py", "import numpy as np\nx = np.random.default_rng()"),
    (ports, "actors/a.py", "import concurrent.futures"),
    (ports, "state/a.py", "from socket import socket"),
    (ports, "actors/a.py", "with open('x') as f: pass"),
    (ports, "replay/a.py", "frame.write_parquet('x')"),
    (unordered, "state/a.py", "for x in {1, 2}: pass"),
    (unordered, "actors/a.py", "names: set[str] = f()\nout = [n for n in names]"),
    (unordered, "actors/a.py", "class A:\n    def f(self):\n        self.x = set()\n        list(self.x)"),
    (unordered, "replay/a.py", "def f(a: frozenset[int], b): return tuple(a | b)"),
    (unordered, "replay/a.py", "s = set(f())\nfirst = s.pop()"),
    (unordered, "state/a.py", "bucket = hash(name) % 8"),
    (unordered, "actors/a.py", "key = id(order)"),
    (money, "state/instruments.py", "tick = 0.01"),
    (money, "actors/portfolio.py", "x = float(price)"),
    (money, "rust_ext/src/ledger.rs", "let x = units as f64;"),
    (words, "docs/a.md", "TO" + "DO: later"),
    (words, "rust_ext/src/a.rs", "to" + "do!()"),
    (words, "README.md", "see /ho" + "me/somebody/x"),
    (broad_excepts, "state/a.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (broad_excepts, "replay/a.py", "try:\n    f()\nexcept:\n    pass"),
    (dependencies, "replay/a.py", "import pandas"),
    (docstrings, "state/a.py", "x = 1"),
    (docstrings, "actors/a.py", '"""Doc."""\nclass A:\n    """Doc."""\n    def f(self): ...'),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_each_rule_finds_what_it_forbids(
    rule: Callable[[Source], Findings], path: str, text: str
) -> None:
    assert list(rule(Source(path, text)))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (layers, "daemon/a.py", "from openoutcry.state.enums import Side"),
        (sizes, "rust_ext/src/a.rs", "    fn f(\n    );\n" + "    x();\n" * 80 + "    }\n"),
        (ports, "daemon/a.py", "import time"),
        (ports, "state/a.py", "from datetime import datetime\nx = datetime.fromtimestamp(0, tz=UTC)"),
        (unordered, "state/a.py", "s = {1, 2}\nx = sorted(s)\ny = 1 in s"),
        (money, "actors/indicators/a.py", "alpha = 0.5"),
        (words, "README.md", "~/.config/openoutcry and ../shared/data"),
        (broad_excepts, "state/a.py", "try:\n    f()\nexcept ValueError:\n    pass"),
        (broad_excepts, "state/a.py", "try:\n    f()\nexcept BaseException:\n    undo()\n    raise"),
        (docstrings, "state/a.py", '"""Doc."""\ndef _f(): ...'),
    ],
)  # fmt: skip
def test_no_rule_finds_what_is_allowed(
    rule: Callable[[Source], Findings], path: str, text: str
) -> None:
    assert not list(rule(Source(path, text)))


def test_every_exception_to_a_rule_names_what_is_there() -> None:
    named = {*PORTS, *MONEY_FLOATS, *BROAD_EXCEPTS}
    assert not sorted(path for path in named if not (ROOT / path).exists())


def error_classes(source: Source) -> dict[str, str]:
    """Code of each error class that states one, by class name."""
    return {
        node.name: str(statement.value.value)
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and ast.unparse(statement).startswith("code")
        and isinstance(statement.value, ast.Constant)
    }


def test_error_codes_are_unique_and_every_error_stands_in_the_drawn_tree() -> None:
    source = Source("state/errors.py", (ROOT / "state/errors.py").read_text())
    codes = error_classes(source)
    tree = ast.get_docstring(source.tree) or ""
    assert codes
    assert len(set(codes.values())) == len(codes)
    assert not [name for name in codes if not re.search(rf"\b{name}\b", tree)]
    elsewhere = [
        (name, path)
        for path in tracked()
        if path.endswith(".py") and path.split("/")[0] in LAYERS and path != source.path
        for name, code in error_classes(Source(path, (ROOT / path).read_text())).items()
        if code in codes.values()
    ]
    assert not elsewhere, "a code that an error of the tree has"
    assert error_classes(Source("a.py", "class A:\n    code = 'X1'")) == {"A": "X1"}


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert "\n## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_repository_holds_no_large_file_and_no_recorded_data() -> None:
    paths = tracked()
    large = [path for path in paths if (ROOT / path).stat().st_size > BLOB_BYTES_MAX]
    assert not large
    assert not [path for path in paths if RECORDED.search(path)]
    assert RECORDED.search("tests/quotes.parquet")


def test_the_lock_pins_every_dependency_by_hash_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    blocks = re.split(r"\n(?=[a-z])", lock)
    assert not [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block]
    assert not [name for name in DECLARED - {"zmq"} if f"\n{name}==" not in lock]
