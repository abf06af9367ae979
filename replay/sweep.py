"""Many runs of one config with other parameters, on data that is read once.

data = Dataset.load("catalog", config.feeds)
done = sweep(variants(config, {"fast": range(5, 25, 5), "slow": [50, 100]}), data=data)
best = max(done.results, key=lambda result: result.final_equity.amount)
"""

import gc
import itertools
import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from openoutcry.replay.dataset import Dataset
from openoutcry.replay.engine import replay
from openoutcry.replay.result import ReplayResult
from openoutcry.state.config import Config, StrategyConfig
from openoutcry.state.errors import ConfigError, OutcryError

_PORTIONS: Final = 8  # runs are handed to each worker in about so many portions, of at most:
_PORTION: Final = 32


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a sweep: its result, or why there is none."""

    params: Mapping[str, Mapping[str, Any]]
    """The parameters of each strategy, by its id."""
    result: ReplayResult | None = None
    error: str | None = None
    """Code, what was wrong and what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The runs that were made, in the order of the configs; `interrupted` after Ctrl-C."""

    runs: tuple[Run, ...]
    interrupted: bool = False

    @property
    def results(self) -> list[ReplayResult]:
        """The results of the runs that have one, in order."""
        return [run.result for run in self.runs if run.result is not None]

    @property
    def errors(self) -> list[Run]:
        """The runs that could not be made, in order."""
        return [run for run in self.runs if run.error is not None]


def variants(config: Config, grid: Mapping[str, Iterable[object]]) -> list[Config]:
    """A config for each combination of parameters; the last one named varies fastest.

    Args:
        config: What they have in common.
        grid: Values by parameter. `fast` sets it for every strategy, `cross.fast` for the one whose
            id is `cross`. Decimals are written as texts, as in a config.

    Raises:
        ConfigError: A parameter names a strategy that the config does not have.
    """
    ids = [strategy.id for strategy in config.strategies]
    for name in grid:
        strategy = name.rpartition(".")[0]
        if strategy and strategy not in ids:
            raise ConfigError(
                f"the grid names {name}, but there is no strategy {strategy}",
                remedy=f"the config has: {', '.join(ids) or 'none'}",
            )
    combinations = itertools.product(*(list(values) for values in grid.values()))
    return [_variant(config, dict(zip(grid, values, strict=True))) for values in combinations]


def _variant(config: Config, chosen: Mapping[str, object]) -> Config:
    def changed(strategy: StrategyConfig) -> StrategyConfig:
        own: dict[str, object] = {}
        for name, value in chosen.items():
            owner, _, parameter = name.rpartition(".")
            if owner in ("", strategy.id):
                own[parameter] = value
        return msgspec.structs.replace(strategy, params={**strategy.params, **own})

    return msgspec.structs.replace(config, strategies=tuple(map(changed, config.strategies)))


def sweep(
    configs: Iterable[Config],
    *,
    data: Dataset,
    start: int | None = None,
    end: int | None = None,
    workers: int = 1,
) -> Sweep:
    """Replay each config on the same data.

    A run that cannot be made (a parameter that does not fit, an error in `setup`) is reported in its
    place; the others are made all the same. Ctrl-C ends the sweep with the runs that are done.

    Args:
        configs: What to run, as `variants` gives.
        data: What all of them play.
        start: As of `replay`.
        end: As of `replay`.
        workers: Processes that share the work, and the data by memory map. More than one imports the
            program anew in each: strategies must be importable (`module:Class`), and a script needs
            `if __name__ == "__main__":`.
    """
    chosen = list(configs)
    if workers <= 1 or len(chosen) <= 1:
        return _here(chosen, data, (start, end))
    return _apart(chosen, data, (start, end), min(workers, len(chosen)))


_Span = tuple[int | None, int | None]


def _run(config: Config, data: Dataset, span: _Span) -> Run:
    params = _params(config)
    try:
        return Run(params=params, result=replay(config, data=data, start=span[0], end=span[1]))
    except OutcryError as error:
        return Run(params=params, error=f"{error.code}: {error}; {error.remedy}")
    except Exception as error:  # noqa: BLE001 - a strategy's own, in `setup`: reported with its run
        return Run(params=params, error=f"{type(error).__name__}: {error}")


def _params(config: Config) -> dict[str, dict[str, Any]]:
    return {str(strategy.id): strategy.params for strategy in config.strategies}


def _here(configs: Sequence[Config], data: Dataset, span: _Span) -> Sweep:
    runs: list[Run] = []
    # What is there already stays: looking through it again and again takes a tenth of short runs.
    gc.freeze()
    try:
        runs.extend(_run(config, data, span) for config in configs)
    except KeyboardInterrupt:
        return Sweep(runs=tuple(runs), interrupted=True)
    finally:
        gc.unfreeze()
    return Sweep(runs=tuple(runs))


def _apart(configs: Sequence[Config], data: Dataset, span: _Span, workers: int) -> Sweep:
    size = min(max(len(configs) // (workers * _PORTIONS), 1), _PORTION)
    portions = [configs[at : at + size] for at in range(0, len(configs), size)]
    # Spawned: threads of this process (polars has some) may hold locks that a fork would inherit.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin, (data, span))
    with pool:
        pending = [pool.submit(_portion, portion) for portion in portions]
        try:
            for future in pending:
                future.exception()
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            runs = itertools.chain.from_iterable(map(_done, pending, portions))
            return Sweep(runs=tuple(runs), interrupted=True)
    return Sweep(runs=tuple(itertools.chain.from_iterable(map(_done, pending, portions))))


def _done(future: "Future[list[Run]]", portion: Sequence[Config]) -> Iterator[Run]:
    """The runs of a portion, or that its worker died; nothing where it was not begun."""
    if future.cancelled():
        return
    try:
        yield from future.result()
    except BrokenProcessPool as error:
        for config in portion:
            yield Run(params=_params(config), error=f"the worker process died: {error}")


_shared: Final[list[tuple[Dataset, _Span]]] = []


def _begin(data: Dataset, span: _Span) -> None:
    """The first thing that a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process' to handle
    _shared.append((data, span))
    gc.freeze()  # what is imported stays: no need to look through it again and again


def _portion(configs: Sequence[Config]) -> list[Run]:
    data, span = _shared[0]
    return [_run(config, data, span) for config in configs]
