"""Keeps strategies repeatable: while one runs, reaching for the world raises.

Two nets, both free while nothing is caught:

- An audit hook of the interpreter refuses files, sockets, threads, processes and `input`, wherever in
  Python they are asked for.
- Clocks, `sleep` and randomness raise no audit event. The names under which the strategy's module, and the
  modules of the same project that it uses, know them are given stand-ins until the run ends.

Both look whose handler the dispatcher runs on this thread; it keeps that anyway, so a message costs
nothing more. Outside handlers, on other threads and after the run everything is itself.

What passes: maths (numpy, polars), seeded generators (`random.Random(7)`, `default_rng(7)`), importing
a module, reading a time zone, `print`, logging, the debugger. What this can't see, and `outcry check`
only partly: files that native code opens by itself (`polars.read_parquet`), a clock that was put into a
class attribute or a default argument when the module was loaded, and libraries that ask for the time
themselves. It is a guard rail for honest mistakes, not a jail.
"""

import importlib
import operator
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final, Generic, TypeVar

import msgspec

from openoutcry.actors.dispatcher import Cell, Dispatcher
from openoutcry.actors.strategy import Strategy
from openoutcry.state.errors import StrategyError

T = TypeVar("T")
K = TypeVar("K")

_FILES: Final = "keep what it must remember in self.state, and give it the rest as parameters"
_THREAD: Final = (
    "starts a thread",
    "handlers run one after the other; ask for a timer to do something later",
)
_EVENTS: Final = {
    "open": ("opens a file", _FILES),
    "os.listdir": ("lists a folder", _FILES),
    "os.scandir": ("lists a folder", _FILES),
    "sqlite3.connect": ("opens a database", _FILES),
    "builtins.input": ("asks the terminal", _FILES),
    "time.sleep": ("sleeps", "ask for a timer: self.after(name, delay_ns)"),
    "urllib.Request": ("opens a URL", "bring outside data in as a recorded or live feed"),
    **dict.fromkeys(
        ("socket.__new__", "socket.getaddrinfo", "socket.gethostbyname"),
        ("opens a socket", "bring outside data in as a recorded or live feed"),
    ),
    **dict.fromkeys(("_thread.start_new_thread", "_thread.start_joinable_thread"), _THREAD),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn"),
        ("starts a process", "bring outside data in as a recorded or live feed"),
    ),
}
_CLOCK: Final = "use self.now or self.now_utc"
_DRAW: Final = "make a generator from a seed among the parameters, as random.Random(seed)"
# Module -> (functions that always reach out, functions that do so without an argument, remedy).
_READS: Final = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
_FUNCTIONS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...], str]]] = {
    "time": (
        (*_READS, *(f"{name}_ns" for name in _READS), "clock_gettime", "clock_gettime_ns", "sleep"),
        ("localtime", "gmtime", "ctime"),
        _CLOCK,
    ),
    "os": (("urandom", "getrandom", "times"), (), _DRAW),
    "uuid": (("uuid1", "uuid4", "uuid6", "uuid7"), (), "an order's id is what `submit` returns"),
    "secrets": (
        ("choice", "randbelow", "randbits", "token_bytes", "token_hex", "token_urlsafe"),
        (),
        _DRAW,
    ),
    "numpy.random": ((), ("default_rng",), _DRAW),
}
_CLASSES: Final[dict[str, dict[str, tuple[tuple[str, ...], bool]]]] = {
    # class -> (class methods that read the clock, whether making one needs an argument)
    "datetime": {"datetime": (("now", "utcnow", "today"), False), "date": (("today",), False)},
    "random": {"Random": ((), True), "SystemRandom": (("__new__",), True)},
}
# Python code that opens files for reasons of its own: code, its source, the zones, a debugger.
_INNOCENT: Final = ("importlib.", "_frozen_importlib", "linecache", "zoneinfo", "pdb", "traceback")
_OWN_FRAMES: Final = ("openoutcry.actors.dispatcher", __name__)


def _running() -> Cell | None:
    """The strategy whose handler runs on this thread."""
    thread = threading.get_ident()
    for guard in _guards:
        cell = guard.dispatcher.running
        if guard.thread == thread and cell is not None and cell in guard.cells:
            return cell
    return None


def _refuse(cell: Cell, what: str, remedy: str) -> None:
    raise StrategyError(f"{cell.name} {what} in a handler: its runs would differ", remedy=remedy)


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event in _EVENTS and _guards and (cell := _running()) is not None:
        if _is_innocent() or (event == "open" and "zoneinfo" in str(arguments[0])):
            return
        _refuse(cell, *_EVENTS[event])


def _is_innocent() -> bool:
    """Whether an import, a time zone or the debugger stands between here and the handler."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to look at the stack
    while frame.f_back is not None:
        name = str(frame.f_globals.get("__name__"))
        if name in _OWN_FRAMES:
            return False
        if name.startswith(_INNOCENT) or frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _start_thread(self: threading.Thread) -> None:
    # Python 3.11 raises no audit event for it.
    if (cell := _running()) is not None:
        _refuse(cell, *_THREAD)
    _real_start(self)


_real_start: Final = threading.Thread.start


def _function(real: Callable[..., T], name: str, remedy: str, *, always: bool) -> Callable[..., T]:
    """A function that refuses while a strategy runs (if not `always`, then without arguments)."""

    def stand_in(*args: Any, **kwargs: Any) -> T:
        if (always or not (args or kwargs)) and (cell := _running()) is not None:
            _refuse(cell, f"calls {name}()", remedy)
        return real(*args, **kwargs)

    return stand_in


def _class(real: type, methods: tuple[str, ...], needs_argument: bool, remedy: str) -> type:
    """A class that makes, and takes for its own, objects of the real one."""

    class Kind(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, real)

    def new(_cls: type, *args: Any, **kwargs: Any) -> Any:
        refused = needs_argument and (not (args or kwargs) or "__new__" in methods)
        if refused and (cell := _running()) is not None:
            _refuse(cell, f"makes a {real.__name__} without a seed", remedy)
        return real(*args, **kwargs)

    body: dict[str, Any] = {"__new__": new, "__module__": real.__module__}
    for name in methods:
        if name != "__new__":
            full = f"{real.__name__}.{name}"
            method = _function(getattr(real, name), full, remedy, always=True)
            body[name] = staticmethod(method)
    return Kind(real.__name__, (real,), body)


def _module(real: ModuleType, replaced: dict[str, object]) -> ModuleType:
    """A module with the attributes of another, some of them replaced. Lookups cost the same."""
    copy = ModuleType(real.__name__, real.__doc__)
    copy.__dict__.update(vars(real))
    copy.__dict__.update(replaced)
    return copy


class _Seen:
    """Namespaces as they were: what was worked out from them holds while they are the same."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self._spaces = [(module, list(vars(module).values())) for module in modules]

    def again(self) -> bool:
        """Whether these modules are still loaded, and hold the very same objects."""
        return all(
            sys.modules.get(module.__name__) is module
            and len(values) == len(vars(module))
            and all(map(operator.is_, vars(module).values(), values))
            for module, values in self._spaces
        )


class _Remembered(Generic[K, T]):
    """What was worked out from namespaces: run after run it is the same, and takes a millisecond."""

    def __init__(self) -> None:
        self._known: dict[K, tuple[_Seen, T]] = {}

    def get(self, key: K) -> T | None:
        """What is remembered, unless something has changed."""
        known = self._known.get(key)
        return known[1] if known is not None and known[0].again() else None

    def keep(self, key: K, value: T, modules: Iterable[ModuleType]) -> T:
        """Remember a value for as long as these modules stay as they are."""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = _Seen(modules), value
        return value


_REMEMBERED: Final = 256
_made: Final = _Remembered[tuple[str, ...], dict[object, object]]()
_projects: Final = _Remembered[type[Strategy], list[ModuleType]]()
_names: Final = _Remembered[ModuleType, tuple[dict[object, object], dict[str, object]]]()


def _stand_ins() -> dict[object, object]:
    """What is replaced by what, for the modules that are loaded at this moment."""
    loaded = tuple(name for name in (*_FUNCTIONS, *_CLASSES, "numpy") if name in sys.modules)
    known = _made.get(loaded)
    if known is not None:
        return known
    return _made.keep(loaded, _make_stand_ins(), [sys.modules[name] for name in loaded])


def _make_stand_ins() -> dict[object, object]:
    found: dict[object, object] = {}
    for module_name in (*_FUNCTIONS, *_CLASSES):
        module = sys.modules.get(module_name)
        if module is None or module in found:
            continue
        always, unseeded, remedy = _FUNCTIONS.get(module_name, ((), (), ""))
        remedy = remedy or (_CLOCK if module_name == "datetime" else _DRAW)
        own: dict[str, object] = {}
        for name, value in vars(module).items():
            # The functions of `random` and `numpy.random` are methods of one hidden generator.
            hidden = type(getattr(value, "__self__", None)).__name__ in ("Random", "RandomState")
            if hidden or name in (*always, *unseeded):
                full = f"{module_name}.{name}"
                own[name] = _function(value, full, remedy, always=name not in unseeded)
            elif name in _CLASSES.get(module_name, {}):
                methods, needs_argument = _CLASSES[module_name][name]
                own[name] = _class(value, methods, needs_argument, remedy)
        found |= {getattr(module, name): value for name, value in own.items()}
        found[module] = _module(module, own)
    numpy = sys.modules.get("numpy")
    if numpy is not None and "numpy.random" in sys.modules:
        found[numpy] = _module(numpy, {"random": found[sys.modules["numpy.random"]]})
    return found


def _project_of(strategy: type[Strategy]) -> list[ModuleType]:
    """The modules of a strategy's own project that it uses, its own first."""
    known = _projects.get(strategy)
    if known is not None:
        return known
    own = sys.modules.get(strategy.__module__)
    if own is None or getattr(own, "__file__", None) is None:
        return []
    folder = PurePath(str(own.__file__)).parents[strategy.__module__.count(".")]
    found, index = [own], 0
    while index < len(found):
        for value in list(vars(found[index]).values()):
            name = value.__name__ if isinstance(value, ModuleType) else _home(value)
            module = sys.modules.get(name)
            if module is not None and module not in found and _is_own(module, folder):
                found.append(module)
        index += 1
    project = [module for module in found if not module.__name__.startswith("openoutcry.")]
    return _projects.keep(strategy, project, found)


def _home(value: object) -> str:
    return value.__module__ or "" if isinstance(value, type | FunctionType) else ""


def _is_own(module: ModuleType, folder: PurePath) -> bool:
    file = PurePath(getattr(module, "__file__", None) or "/")
    installed = "site-packages" in file.parts or module.__name__.startswith("openoutcry.")
    return file.is_relative_to(folder) and not installed


def _replaced(module: ModuleType, stand_ins: dict[object, object]) -> dict[str, object]:
    """The names of a module for which there are stand-ins, and what they stand for."""
    known = _names.get(module)
    if known is not None and known[0] is stand_ins:
        return known[1]
    kinds = (ModuleType, type, BuiltinFunctionType, FunctionType, MethodType)
    real: dict[str, object] = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, kinds) and value in stand_ins
    }
    return _names.keep(module, (stand_ins, real), [module])[1]


class _Patch:
    """One module whose names stand for something else, for as many runs as use it."""

    def __init__(self, module: ModuleType, stand_ins: dict[object, object]) -> None:
        self.module = module
        self.users = 0
        self._real = _replaced(module, stand_ins)
        for name, value in self._real.items():
            setattr(module, name, stand_ins[value])

    def undo(self) -> None:
        """Put the real names back."""
        for name, value in self._real.items():
            setattr(self.module, name, value)


# An audit hook is of the process and can't be taken away, and so are the modules that are patched.
_guards: list["StrategyGuard"] = []
_patches: list[_Patch] = []
_hooked: list[bool] = []


class StrategyGuard:
    """Watches the strategies of one graph, on the thread that makes it, until it is closed."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.thread = threading.get_ident()
        self.dispatcher = dispatcher
        self.cells: list[Cell] = []
        self._patched: list[_Patch] = []
        if not _hooked:
            _hooked.append(True)
            sys.addaudithook(_audit)
        _guards.append(self)
        threading.Thread.start = _start_thread  # type: ignore[method-assign]

    @contextmanager
    def setting_up(self, cell: Cell, strategy: type[Strategy]) -> Iterator[None]:
        """Watch a strategy from now on; inside, it counts as running.

        Raises:
            StrategyError: Its State can't be saved.
        """
        try:
            # Read now: annotations are looked up by name, and some names change below.
            msgspec.msgpack.Decoder(strategy.State)
        except (TypeError, NameError) as error:
            raise StrategyError(f"{strategy.__name__}.State can't be saved: {error}") from error
        if cell not in self.cells:
            self.cells.append(cell)
            self._patch(strategy)
        self.dispatcher.running = cell
        try:
            yield
        finally:
            self.dispatcher.running = None

    def close(self) -> None:
        """Let go of everything; a second time changes nothing."""
        if self in _guards:
            _guards.remove(self)
        if not _guards:
            threading.Thread.start = _real_start  # type: ignore[method-assign]
        while self._patched:
            patch = self._patched.pop()
            patch.users -= 1
            if not patch.users:
                patch.undo()
                _patches.remove(patch)

    def _patch(self, strategy: type[Strategy]) -> None:
        modules = _project_of(strategy)
        new = [module for module in modules if all(p.module is not module for p in _patches)]
        if new:
            numpy = sys.modules.get("numpy")
            if any(value is numpy for module in new for value in list(vars(module).values())):
                importlib.import_module("numpy.random")  # numpy itself waits until it is asked for
            stand_ins = _stand_ins()
            _patches.extend(_Patch(module, stand_ins) for module in new)
        for patch in _patches:
            if patch.module in modules and patch not in self._patched:
                patch.users += 1
                self._patched.append(patch)
