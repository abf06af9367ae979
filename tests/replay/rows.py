"""Columns made of rows, for tests that state fills and samples as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from openoutcry.replay.analytics.trades import Trades
from openoutcry.replay.record import LIQUIDITY, EquityColumns, FillColumns, Names
from openoutcry.replay.result import FillRow, TradeRow
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument

UNIT = 8  # decimals of the account's currency


def curve_of(samples: Iterable[tuple[int, Decimal]]) -> EquityColumns:
    """Samples of (ns, equity)."""
    rows = list(samples)
    return EquityColumns(
        ts=np.array([ts for ts, _ in rows], dtype=np.int64),
        units=np.array([int(equity.scaleb(UNIT)) for _, equity in rows], dtype=np.int64),
        scale=UNIT,
    )


def trades_of(fills: Sequence[FillRow], instruments: Mapping[InstrumentId, Instrument]) -> Trades:
    """The trades of fills; a currency has as many decimals as its fee with the most."""
    scales: dict[str, int] = {}
    for row in fills:
        decimals = -int(row.fee.as_tuple().exponent)
        scales[row.fee_currency] = max(scales.get(row.fee_currency, 0), decimals)
    items, codes = list(instruments.values()), list(scales)
    books = list(dict.fromkeys(row.strategy for row in fills))
    texts = list(dict.fromkeys(["", *(row.position or "" for row in fills)]))
    numbers = [list(instruments).index(row.instrument) for row in fills]

    def column(values: Iterable[int]) -> "np.typing.NDArray[np.int64]":
        return np.array(list(values), dtype=np.int64)

    columns = FillColumns(
        ts=column(row.ts for row in fills),
        order=[row.client_order_id for row in fills],
        fill_id=[row.fill_id for row in fills],
        book=column(books.index(row.strategy) for row in fills),
        instrument=column(numbers),
        side=column(row.side.sign for row in fills),
        price=column(
            int(row.price.scaleb(items[n].price_scale))
            for n, row in zip(numbers, fills, strict=True)
        ),
        quantity=column(
            int(row.quantity.scaleb(items[n].size_scale))
            for n, row in zip(numbers, fills, strict=True)
        ),
        fee=column(int(row.fee.scaleb(scales[row.fee_currency])) for row in fills),
        fee_currency=column(codes.index(row.fee_currency) for row in fills),
        liquidity=column(LIQUIDITY.index(row.liquidity) for row in fills),
        position=column(texts.index(row.position or "") for row in fills),
        realized=column(0 for _ in fills),
    )
    names = Names(books=books, instruments=items, currencies=list(scales.items()), texts=texts)
    return Trades(columns, names)


def round_trips(
    fills: Sequence[FillRow], instruments: Mapping[InstrumentId, Instrument]
) -> tuple[TradeRow, ...]:
    """The trades as rows."""
    return trades_of(fills, instruments).rows()
