"""What a config must satisfy beyond its types: ranges, unique names, references between sections."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openoutcry.daemon.decoder import Problem, near_miss
from openoutcry.daemon.operation_checks import check_operation
from openoutcry.daemon.toml_lines import KeyPath
from openoutcry.state.config import (
    Config,
    FeedConfig,
    RiskLimits,
    VenueConfig,
)
from openoutcry.state.currencies import MAX_SCALE
from openoutcry.state.enums import Mode
from openoutcry.state.errors import IdentifierError
from openoutcry.state.identifiers import UNALLOCATED, venue_of
from openoutcry.state.risk_config import LIVE_NEEDS, HolderLimits, RiskConfig

FEED_KINDS: Final = ("quote", "trade", "bar", "book", "mark", "funding", "split", "dividend")
_STRATEGY_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}", re.ASCII)
_VENUE: Final = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,31}", re.ASCII)
_BARS: Final = re.compile(r"[1-9]\d{0,8}[smhdtv]-(last|bid|ask|mid)", re.ASCII)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_MAX_SEED: Final = 2**63 - 1


def check(config: Config) -> list[Problem]:
    """Every rule that a well-typed config breaks."""
    checks = (_run, _venues, _feeds, _strategies, _risk, _tape, _currencies, check_operation)
    return [problem for rule in checks for problem in rule(config)]


def check_data(
    config: Config, instruments: Collection[str], streams: Collection[tuple[str, str, str | None]]
) -> Iterator[Problem]:
    """Feeds that ask for what a catalog does not have.

    Args:
        config: A config that `check` finds nothing wrong with.
        instruments: Ids of the catalog's instruments.
        streams: What it holds: (instrument, kind, bars such as `1m-last` or None).
    """
    for index, feed in enumerate(config.feeds):
        path: KeyPath = ("feeds", index)
        if feed.instrument not in instruments:
            what = f'the catalog has no instrument "{feed.instrument}"'
            yield Problem((*path, "instrument"), what, near_miss(feed.instrument, instruments))
            continue
        held = [(kind, bars) for name, kind, bars in streams if name == feed.instrument]
        kinds = {kind for kind, _ in held}
        for at, kind in enumerate(feed.kinds):
            if kind not in kinds:
                what = f"the catalog has no {kind} data of {feed.instrument}"
                yield Problem((*path, "kinds", at), what, near_miss(kind, kinds))
        for at, bars in enumerate(feed.bars):
            if "bar" in kinds and ("bar", bars) not in held:
                what = f"the catalog has no {bars} bars of {feed.instrument}"
                known = [name for _, name in held if name]
                yield Problem((*path, "bars", at), what, near_miss(bars, known))


def _run(config: Config) -> Iterator[Problem]:
    run = config.run
    if not run.name.strip():
        yield Problem(("run", "name"), "is empty", "name the run; the name stands in its report")
    if not 0 <= run.seed <= _MAX_SEED:
        yield Problem(("run", "seed"), f"{run.seed} is out of range", f"use 0..{_MAX_SEED}")
    yield from _at_least(run, ("run",), 1, "grid_s")
    yield from _currency(run.account_currency, ("run", "account_currency"))


def _tape(config: Config) -> Iterator[Problem]:
    yield from _at_least(config.tape, ("tape",), 1, "segment_mb", "segment_minutes", "sync_ms")
    yield from _at_least(config.tape, ("tape",), 0, "keep_days")


def _venues(config: Config) -> Iterator[Problem]:
    if not config.venues:
        yield Problem(("venues",), "there is no venue", "add a [[venues]] section with balances")
    yield from _repeated([v.name for v in config.venues], "venues", "name")
    for index, venue in enumerate(config.venues):
        path: KeyPath = ("venues", index)
        if not _VENUE.fullmatch(venue.name):
            what = f'"{venue.name}" is no venue name'
            yield Problem((*path, "name"), what, 'use capitals and digits, like "BINANCE"')
        yield from _account(venue, path)
        yield from _fees(venue, (*path, "fees"))
        yield from _matching(venue, (*path, "matching"))


def _account(venue: VenueConfig, path: KeyPath) -> Iterator[Problem]:
    yield from _at_least(venue, path, 0, "order_latency_us", "report_latency_us")
    yield from _at_least(venue, path, 1, "leverage")
    for currency, amount in venue.balances.items():
        where = (*path, "balances", currency)
        yield from _currency(currency, where)
        if amount < 0:
            yield Problem(where, f"{amount} is negative", "an account starts with zero or more")
    if not venue.balances:
        what = "the account is empty, so every order would be denied"
        yield Problem((*path, "balances"), what, 'write balances = { USD = "10000" }')


def _fees(venue: VenueConfig, path: KeyPath) -> Iterator[Problem]:
    yield from _at_least(venue.fees, path, 0, "per_share", "per_order", "minimum")
    for name in ("maker", "taker"):
        rate = getattr(venue.fees, name)
        if abs(rate) >= 1:
            remedy = f'0.1 % is written "0.001"; "{rate}" would be {rate:%}'
            yield Problem((*path, name), f"{rate} is 100 % or more of the notional", remedy)
    if venue.fees.currency not in ("quote", "base"):
        yield from _currency(venue.fees.currency, (*path, "currency"))


def _matching(venue: VenueConfig, path: KeyPath) -> Iterator[Problem]:
    slippage = venue.matching.slippage
    where = (*path, "slippage")
    yield from _at_least(slippage, where, 0, "bps", "fraction", "ticks", "price_impact")
    limit = slippage.volume_limit
    if limit is not None and not 0 < limit <= 1:
        what = f"{limit} is not a share of a bar's volume"
        yield Problem((*where, "volume_limit"), what, 'use more than 0 and at most 1, like "0.025"')


def _feeds(config: Config) -> Iterator[Problem]:
    if config.run.mode is Mode.REPLAY and not config.feeds:
        yield Problem(("feeds",), "there is no feed to play", "add a [[feeds]] section")
    venues = [v.name for v in config.venues]
    seen: set[tuple[str, str]] = set()
    for index, feed in enumerate(config.feeds):
        path: KeyPath = ("feeds", index)
        yield from _instrument(feed.instrument, venues, (*path, "instrument"))
        yield from _kinds(feed, path)
        yield from _at_least(feed, path, 0, "latency_us")
        if feed.silent_after_ms is not None:
            yield from _at_least(feed, path, 1, "silent_after_ms")
        for kind in feed.kinds:
            if (feed.instrument, kind) in seen:
                what = f'"{kind}" of {feed.instrument} is listed twice'
                yield Problem((*path, "kinds"), what, "name each kind of an instrument once")
            seen.add((feed.instrument, kind))


def _kinds(feed: FeedConfig, path: KeyPath) -> Iterator[Problem]:
    if not feed.kinds:
        yield Problem((*path, "kinds"), "is empty", f"choose from {', '.join(FEED_KINDS)}")
    for index, kind in enumerate(feed.kinds):
        if kind not in FEED_KINDS:
            remedy = near_miss(kind, FEED_KINDS)
            yield Problem((*path, "kinds", index), f'there is no kind "{kind}"', remedy)
    for index, bars in enumerate(feed.bars):
        if not _BARS.fullmatch(bars):
            remedy = 'write time frame and price type, like "1m-last"'
            yield Problem((*path, "bars", index), f'"{bars}" names no bars', remedy)
    if "bar" in feed.kinds and not feed.bars:
        remedy = 'name them, like bars = ["1m-last"]'
        yield Problem((*path, "bars"), 'missing, and the kind "bar" needs it', remedy)
    if feed.bars and "bar" not in feed.kinds:
        yield Problem((*path, "bars"), 'is set, but kinds has no "bar"', 'add "bar" to kinds')


def _instrument(name: str, venues: Collection[str], path: KeyPath) -> Iterator[Problem]:
    try:
        venue = venue_of(name)  # type: ignore[arg-type]  # that it is one is what is checked
    except IdentifierError as error:
        yield Problem(path, error.message, error.remedy)
        return
    if venue not in venues:
        what = f'there is no [[venues]] section for "{venue}"'
        yield Problem(path, what, near_miss(venue, venues))


def _strategies(config: Config) -> Iterator[Problem]:
    if not config.strategies:
        remedy = "add a [[strategies]] section with id and type"
        yield Problem(("strategies",), "there is no strategy", remedy)
    yield from _repeated([s.id for s in config.strategies], "strategies", "id")
    for index, strategy in enumerate(config.strategies):
        path = ("strategies", index, "id")
        if strategy.id == UNALLOCATED:
            what = f'"{UNALLOCATED}" is the book of what belongs to no strategy'
            yield Problem(path, what, "choose another id")
        elif not _STRATEGY_ID.fullmatch(strategy.id):
            what = f'"{strategy.id}" is no strategy id'
            yield Problem(path, what, "use a-z first, then a-z 0-9 _ -, at most 64")


def _risk(config: Config) -> Iterator[Problem]:
    fed = [f.instrument for f in config.feeds]
    sections: list[tuple[KeyPath, RiskLimits]] = [(("risk", "default"), config.risk.default)]
    for name, limits in config.risk.instruments.items():
        path: KeyPath = ("risk", "instruments", name)
        sections.append((path, limits))
        if name not in fed:
            yield Problem(path, f'no feed has the instrument "{name}"', near_miss(name, fed))
    for path, limits in sections:
        yield from _limits(limits, path, config.run.mode)
    yield from _holders(config)
    yield from _day(config.risk)


def _limits(limits: RiskLimits, path: KeyPath, mode: Mode) -> Iterator[Problem]:
    collar = (*path, "collar")
    yield from _limit(limits.collar, collar, "max_deviation_bps", mode)
    for name in (
        "max_order_value",
        "max_order_quantity",
        "max_position",
        "max_orders",
        "max_data_age_ms",
        "duplicate_ms",
    ):
        yield from _limit(limits, path, name, mode)
    yield from _at_least(limits, path, 1, "per_ms")
    yield from _at_least(limits.collar, collar, 1, "quote_age_ms", "trade_age_ms", "bar_age_ms")


def _holders(config: Config) -> Iterator[Problem]:
    """Limits of the account, of strategies and of venues."""
    risk, mode = config.risk, config.run.mode
    sections: list[tuple[KeyPath, HolderLimits]] = [
        (("risk", "account"), risk.account),
        (("risk", "strategy"), risk.strategy),
        (("risk", "venue"), risk.venue),
    ]
    named: list[tuple[str, dict[str, Any], list[str]]] = [
        ("strategies", dict(risk.strategies), [item.id for item in config.strategies]),
        ("venues", dict(risk.venues), [item.name for item in config.venues]),
    ]
    for kind, given, known in named:
        for name, limits in given.items():
            path: KeyPath = ("risk", kind, name)
            sections.append((path, limits))
            if name not in known:
                what = f'there is no "{name}" among the {kind}'
                yield Problem(path, what, near_miss(name, known))
    for path, section in sections:
        for name in section.__struct_fields__:
            if name.endswith("_ms"):
                yield from _at_least(section, path, 1, name)
            else:
                yield from _limit(section, path, name, mode)
    if mode is Mode.LIVE:
        for name in LIVE_NEEDS:
            if getattr(risk.account, name) is None:
                yield Problem(("risk", "account"), f"{name} is missing", f"set {name}")


def _day(risk: RiskConfig) -> Iterator[Problem]:
    if not _TIME.fullmatch(risk.day_starts):
        what = f'"{risk.day_starts}" is no time of day'
        yield Problem(("risk", "day_starts"), what, 'use "HH:MM", like "17:00"')
    try:
        ZoneInfo(risk.day_zone)
    except (ZoneInfoNotFoundError, ValueError):
        what = f'there is no time zone "{risk.day_zone}"'
        yield Problem(("risk", "day_zone"), what, 'use "UTC" or a name like "America/New_York"')


def _limit(section: Any, path: KeyPath, name: str, mode: Mode) -> Iterator[Problem]:
    value = getattr(section, name)
    if value == "unlimited":
        if mode is Mode.LIVE:
            what = '"unlimited" is refused with mode = "live"'
            yield Problem((*path, name), what, "set a limit")
    elif value is not None and value < 0:
        yield Problem((*path, name), f"{value} is negative", 'use 0 or more, or "unlimited"')


def _currencies(config: Config) -> Iterator[Problem]:
    for code, scale in config.currencies.items():
        yield from _currency(code, ("currencies", code))
        if not 0 <= scale <= MAX_SCALE:
            what = f"{scale} is no number of decimals"
            yield Problem(("currencies", code), what, f"use 0..{MAX_SCALE}")


def _currency(code: str, path: KeyPath) -> Iterator[Problem]:
    if not _CURRENCY.fullmatch(code):
        yield Problem(path, f'"{code}" is no currency code', 'use capitals, like "USDT"')


def _at_least(section: Any, path: KeyPath, least: int, *names: str) -> Iterator[Problem]:
    for name in names:
        value = getattr(section, name)
        if value < least:
            yield Problem((*path, name), f"{value} is too small", f"use {least} or more")


def _repeated(names: Iterable[str], section: str, key: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            what = f'"{name}" is taken by {section}[{first[name]}]'
            yield Problem((section, index, key), what, "choose another name")
        first.setdefault(name, index)
