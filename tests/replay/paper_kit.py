"""A paper venue over quotes that a test makes, which may die and come back."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openoutcry import _native
from openoutcry.replay.paper_log import PaperLog
from openoutcry.replay.paper_venue import PaperVenue
from openoutcry.replay.venue_config import exchange_mapping
from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.config import VenueConfig
from openoutcry.state.enums import OrderType, Side
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, StrategyId, VenueId
from openoutcry.state.instruments import Spot
from openoutcry.state.universe import Universe
from tests.replay.kernels import drain, quotes

A = InstrumentId("A.SIM")
SIM = VenueId("SIM")
S = StrategyId("s")
UNIVERSE = Universe(
    [
        Spot(
            id=A,
            base_currency="AAA",
            quote="USD",
            price_scale=2,
            size_scale=0,
            tick=Decimal("0.01"),
            lot=Decimal(1),
        )
    ],
    ["USD"],
)


def venue_config(**settings: Any) -> VenueConfig:
    """The venue SIM with plenty of money and no fees."""
    money = {"USD": Decimal(1_000_000), "AAA": Decimal(1000)}
    return VenueConfig(name=SIM, balances=money, **settings)


def client_id(number: int) -> ClientOrderId:
    """The client order id of a numbered order."""
    return ClientOrderId(f"{number:032x}")


def order(number: int, side: Side = Side.BUY, **terms: Any) -> SubmitOrder:
    """An order for one unit of A; a limit order when a limit is given."""
    kind = OrderType.LIMIT if "limit_units" in terms else OrderType.MARKET
    fields: dict[str, Any] = {"order_type": kind, "quantity_units": 1, **terms}
    return SubmitOrder(
        ts=0,
        client_order_id=client_id(number),
        strategy=S,
        instrument=A,
        side=side,
        price_scale=2,
        size_scale=0,
        **fields,
    )


def cancel(number: int) -> CancelOrder:
    """Take a numbered order back."""
    return CancelOrder(ts=0, client_order_id=client_id(number), strategy=S, instrument=A)


def replace(number: int, quantity: int | None = None, limit: int | None = None) -> ReplaceOrder:
    """Ask for other terms of a numbered order."""
    return ReplaceOrder(
        ts=0,
        client_order_id=client_id(number),
        strategy=S,
        instrument=A,
        quantity_units=quantity,
        limit_units=limit,
    )


Feeds = Sequence[tuple[str, int, Iterable[Mapping[str, Any]]]]


class Rig:
    """One life of a paper venue: a kernel over (ts, bid, ask) quotes of size 5, and the log.

    `feeds` are (kind, number of the instrument, chunks) instead of the quotes.
    """

    def __init__(
        self,
        folder: Path,
        rows: Sequence[tuple[int, int, int]],
        *,
        start: int = 0,
        log: PaperLog | None = None,
        config: VenueConfig | None = None,
        remember: int = 10_000,
        universe: Universe = UNIVERSE,
        feeds: Feeds = (),
    ) -> None:
        self._mapping = exchange_mapping(
            config or venue_config(), universe.instruments, universe.currencies
        )
        self._universe = universe
        self.kernel, self.market = self.bare(rows, start, feeds)
        self.log = log or PaperLog(folder)
        self.venue = PaperVenue(self.kernel, 0, SIM, universe, self.log, remember)
        self.came_back = self.venue.open()

    def bare(
        self, rows: Sequence[tuple[int, int, int]], start: int = 0, feeds: Feeds = ()
    ) -> tuple[_native.Kernel, _native.Market]:
        """The kernel alone, as a replay has it."""
        universe = self._universe
        market = _native.Market(universe.specs)
        ids = [item.id for item in universe.instruments]
        kernel = _native.Kernel(universe.specs, ids, universe.currencies, [self._mapping], market)
        kernel.set_clock(start)
        for feed in feeds:
            kernel.add_feed(*feed)
        if rows:
            kernel.add_feed("quote", 0, [quotes(*rows)])
        return kernel, market

    def play(self, count: int | None = None) -> list[Any]:
        """The next messages (all that are left), and a turn of the log."""
        if count is None:
            messages = drain(self.kernel)
        else:
            found = (self.kernel.next() for _ in range(count))
            messages = [message for message in found if message is not None]
        self.venue.append()
        return messages

    def send(self, *commands: SubmitOrder | CancelOrder | ReplaceOrder) -> None:
        """Commands on their way."""
        for command in commands:
            self.kernel.submit(command)

    def die(self) -> None:
        """As `kill -9`: only what was written is left."""
        self.log.close()
