"""Instruments for formats that say little about them: given options, then steps that occur."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import polars as pl

from openoutcry.replay.importers.options import AssetName, ImportOptions
from openoutcry.replay.importers.raw_lines import step
from openoutcry.state.catalog import Catalog
from openoutcry.state.errors import CatalogError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import (
    AnyInstrument,
    Cfd,
    Equity,
    FxPair,
    Index,
    Perpetual,
    Spot,
)
from openoutcry.state.messages import UNDEFINED

QUOTE_CURRENCIES = (
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "USD", "BTC", "ETH", "BNB", "EUR", "GBP", "JPY", "CHF",
    "AUD", "CAD", "NZD", "TRY", "BRL",
)  # fmt: skip
"""Currencies that the end of a symbol without a separator is compared with, longest first."""


def existing(catalog: Catalog, instrument: str) -> AnyInstrument | None:
    """The instrument of an earlier import, whose scales and steps then stay."""
    try:
        return catalog.instrument(instrument)
    except CatalogError:
        return None


def split_pair(symbol: str) -> tuple[str, str]:
    """Base and quote currency of `BTCUSDT` or `XRP_ETH`; the quote is USD when none is known."""
    base, separator, quote = symbol.replace("/", "_").replace("-", "_").partition("_")
    if separator and quote != "PERP":
        return base, quote
    for currency in QUOTE_CURRENCIES:
        if base.endswith(currency) and base != currency:
            return base.removesuffix(currency), currency
    return base, "USD"


def make(
    instrument: str,
    asset: AssetName,
    options: ImportOptions,
    scales: tuple[int, int],
    prices: Sequence[pl.Series],
    sizes: Sequence[pl.Series],
    currencies: tuple[str, str] | None = None,
) -> AnyInstrument:
    """An instrument whose tick and lot, where not given, are the largest steps that all values fit."""
    base, quote = currencies or split_pair(instrument.rpartition(".")[0])
    base, quote = options.base or base, options.quote or quote
    common: dict[str, Any] = {
        "id": InstrumentId(instrument),
        "quote": quote,
        "price_scale": scales[0],
        "size_scale": scales[1],
        "tick": options.tick or step([p.filter(p != UNDEFINED) for p in prices], scales[0]),
        "lot": options.lot or (Decimal(1) if asset == "equity" else _lot(sizes, scales[1])),
    }
    if asset == "spot":
        return Spot(base_currency=base, **common)
    if asset == "perpetual":
        return Perpetual(base_currency=base, settlement_currency=quote, **common)
    if asset == "fx":
        return FxPair(base_currency=base, **common)
    if asset == "cfd":
        return Cfd(underlying=base, **common)
    return Equity(**common) if asset == "equity" else Index(**common)


def _lot(sizes: Sequence[pl.Series], scale: int) -> Decimal:
    return step([size.filter(size != UNDEFINED) for size in sizes], scale)


def described(instrument: AnyInstrument, options: ImportOptions) -> str:
    """The sentence that tells what was guessed, and what was told."""
    parts = [
        f"{name} {format(value, 'f')} ({'as told' if told else 'the largest that all values fit'})"
        for name, value, told in (
            ("tick", instrument.tick, options.tick is not None),
            ("lot", instrument.lot, options.lot is not None),
        )
    ]
    return f"{instrument.id}: {', '.join(parts)}"


def scales_of(known: AnyInstrument | None, options: ImportOptions, default: int) -> tuple[int, int]:
    """Price and size scale: the catalog's, else the options', else the default."""
    if known is not None:
        return known.price_scale, known.size_scale
    price, size = options.price_scale, options.size_scale
    return default if price is None else price, default if size is None else size
