"""Who owns what: the account's book and a virtual book per strategy, exact, one ledger per venue.

Book 0 is the account as the venue keeps it: every fill, fee and cash event, netted as the venue nets.
Each strategy's book has its own fills and its share of cash events, by what it holds. What the account
has beyond the strategies' books is `UNALLOCATED`: starting balances, foreign fills, liquidations, what
a split or a share of cash could not divide, and profit that the account has realised while opposing
strategies still hold it open. So the books equal the account by construction, to the last unit.

What a strategy holds of a coin is what it can deliver: the sum of its fills less the fees that it paid in
the coin itself, in whole lots. The rest is dust in the balance.

The rules stand in the engine (`rust_ext/src/books`); here are the names and decimals around them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.state.events import (
    CashAdjusted,
    FillBusted,
    FillCorrected,
    OrderFilled,
    PositionAdjusted,
)
from openoutcry.state.identifiers import UNALLOCATED, InstrumentId, StrategyId, VenueId
from openoutcry.state.positions import Position
from openoutcry.state.universe import Universe

ACCOUNT: Final = 0
"""The book that is the venue's account."""

BookedFill = tuple[StrategyId, OrderFilled, int]
"""Whose fill it is, and the profit that it realised in settlement units, fees apart."""


class Books:
    """The books of all strategies at all venues.

    Args:
        universe: The run's instruments and currencies.
        balances: Starting balances by venue and currency, in currency units.
        strategies: Strategy ids, in the config's order.
        market: Last prices.
        account_currency: Currency in which equity is expressed.
        hedging: Venues where fills form legs instead of one netted position.
        directory: The run's numbers; None makes one of its own.
    """

    def __init__(
        self,
        universe: Universe,
        balances: Mapping[VenueId, Mapping[str, int]],
        strategies: Sequence[StrategyId],
        market: _native.Market,
        account_currency: str,
        hedging: Collection[VenueId] = (),
        directory: _native.Directory | None = None,
    ) -> None:
        self.universe = universe
        self.names = (UNALLOCATED, *strategies)
        self.venues = tuple(sorted(balances))
        self.scale = universe.scale(account_currency)
        """Decimals of the account currency."""
        self._index = universe.index
        self._market = market
        self._number = {name: number for number, name in enumerate(self.names)}
        if directory is None:
            directory = _native.Directory(universe.specs, universe.currencies, strategies)
        rows = [
            {
                "name": venue,
                "instruments": [
                    n for n, item in enumerate(universe.instruments) if item.venue == venue
                ],
                "hedging": venue in hedging,
                "balances": [
                    (universe.currency_index[currency], units)
                    for currency, units in balances[venue].items()
                ],
            }
            for venue in self.venues
        ]
        self.native = _native.Books(directory, rows, market, account_currency)
        """The books themselves, for the rest of the engine."""

    def number(self, strategy: StrategyId) -> int:
        """The number of a strategy's book."""
        return self._number[strategy]

    def apply_fill(self, strategy: StrategyId, fill: OrderFilled) -> int:
        """Book a fill, and remember it among the last 10,000.

        Returns the realised profit in settlement units, fees apart.
        """
        return self.native.apply_fill(strategy, fill)

    def take_back(self, event: FillBusted | FillCorrected) -> list[BookedFill] | None:
        """Book the opposite of a fill as it stands and, for a correction, the corrected fill.

        Returns what was booked; None for a fill that is not remembered: nothing has changed then.
        """
        booked = self.native.take_back(event)
        if booked is None:
            return None
        return [(StrategyId(name), fill, realized) for name, fill, realized in booked]

    def apply_cash(self, event: CashAdjusted) -> None:
        """Book cash that moved without a fill; each strategy's share is by what it holds."""
        self.native.apply_cash(event)

    def apply_split(self, event: PositionAdjusted) -> None:
        """Scale the holdings; every book keeps whole lots.

        The cash for the account's fraction of a lot comes as a `CashAdjusted` of the venue. Prices
        from before the split count in the new quantity from here on: what is held has a value at once.
        """
        self.native.apply_split(event)
        number = self._index[event.instrument]
        self._market.split(number, event.ts_event, event.numerator, event.denominator)

    def position(self, strategy: StrategyId, instrument: InstrumentId) -> int:
        """Signed quantity units that a strategy holds, all legs together."""
        return self.native.position(self._number[strategy], self._index[instrument])

    def position_view(self, strategy: StrategyId, instrument: InstrumentId) -> Position:
        """What a strategy holds of an instrument, with its entry price and profit."""
        number, book = self._index[instrument], self._number[strategy]
        mark = self._market.valuation(number, 0)
        view = Position.of(self.native, book, self.universe, number, mark, strategy)
        held = self.universe.instruments[number].quantity(self.native.position(book, number))
        if held == view.quantity:
            return view
        return msgspec.structs.replace(view, quantity=held)

    def account_position(self, instrument: InstrumentId) -> int:
        """Signed quantity units of the whole account."""
        return self.native.position(ACCOUNT, self._index[instrument])

    def unallocated(self, instrument: InstrumentId) -> int:
        """Signed quantity units that the account holds beyond what its strategies do."""
        return self.native.unallocated(self._index[instrument])

    def balance(self, venue: VenueId, currency: str) -> int:
        """The account's balance at a venue, in currency units."""
        return self.native.balance(venue, self.universe.currency_index[currency])

    def total_balance(self, currency: str) -> int:
        """The balance of a currency over all venues, in currency units."""
        return sum(self.balance(venue, currency) for venue in self.venues)

    def equity(self) -> int:
        """Value of everything in units of the account currency.

        Raises:
            MissingData: Something held has no price yet.
            CurrencyMismatch: A balance has no conversion rate.
        """
        return self.native.equity()

    def book_equity(self, book: int) -> int:
        """Value of one book in units of the account currency. Raises as `equity`."""
        return self.native.equity(book)

    def realized_by_currency(self, book: int) -> dict[str, int]:
        """Realised profit of a book, fees apart, in units of each settlement currency."""
        return self._by_code(self.native.realized_by_currency(book))

    def unrealized_by_currency(self, book: int) -> dict[str, int]:
        """Profit of a book's open positions at their marks, in units of each settlement currency.

        Raises:
            MissingData: Something held has no price yet.
        """
        return self._by_code(self.native.unrealized_by_currency(book))

    def fees(self, currency: str) -> int:
        """Fees that the accounts paid in a currency; positive is paid."""
        return self.native.fees(self.universe.currency_index[currency])

    @property
    def held(self) -> tuple[int, ...]:
        """Numbers of the instruments that were ever filled, in order of their first fill."""
        return tuple(self.native.held)

    def snapshot(self) -> bytes:
        """The exact state: ledgers, fees paid in coins, legs, what was held, the last fills."""
        return self.native.snapshot()

    def restore(self, data: bytes) -> None:
        """Replace the state by that of a snapshot of books with the same names.

        Raises:
            CodecError: The bytes are damaged; as after the others nothing has changed.
            SchemaTooNew: A newer version wrote them.
            StateError: They are of other instruments, currencies, strategies or venues.
        """
        self.native.restore(data)

    def _by_code(self, amounts: Sequence[tuple[int, int]]) -> dict[str, int]:
        return {self.universe.currencies[number][0]: units for number, units in amounts}
