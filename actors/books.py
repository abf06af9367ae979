"""Who owns what: the account's book and a virtual book per strategy, exact, one ledger per venue.

Book 0 is the account as the venue keeps it: every fill, fee and cash event, netted as the venue nets.
Each strategy's book has its own fills and its share of cash events, by what it holds. What the account
has beyond the strategies' books is `UNALLOCATED`: starting balances, foreign fills, liquidations, what
a split or a share of cash could not divide, and profit that the account has realised while opposing
strategies still hold it open. So the books equal the account by construction, to the last unit.

What a strategy holds of a coin is what it can deliver: the sum of its fills less the fees that it paid in
the coin itself, in whole lots. The rest is dust in the balance.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec

from openoutcry import _native
from openoutcry.actors.valuation import Valuation
from openoutcry.state.enums import Side
from openoutcry.state.errors import MissingData
from openoutcry.state.events import CashAdjusted, OrderFilled, PositionAdjusted
from openoutcry.state.identifiers import UNALLOCATED, InstrumentId, StrategyId, VenueId
from openoutcry.state.instruments import Spot
from openoutcry.state.positions import Position
from openoutcry.state.universe import Universe

ACCOUNT: Final = 0
"""The book that is the venue's account."""
_NO_ACCOUNT: Final = "an order reached an instrument without an account"


class Books:
    """The books of all strategies at all venues.

    Args:
        universe: The run's instruments and currencies.
        balances: Starting balances by venue and currency, in currency units.
        strategies: Strategy ids, in the config's order.
        market: Last prices.
        account_currency: Currency in which equity is expressed.
        hedging: Venues where fills form legs instead of one netted position.
    """

    def __init__(
        self,
        universe: Universe,
        balances: Mapping[VenueId, Mapping[str, int]],
        strategies: Sequence[StrategyId],
        market: _native.Market,
        account_currency: str,
        hedging: Collection[VenueId] = (),
    ) -> None:
        self.universe = universe
        self._index = universe.index
        self._market = market
        self.names = (UNALLOCATED, *strategies)
        self._number = {name: number for number, name in enumerate(self.names)}
        self.ledgers = {
            venue: _native.Ledger(universe.currencies, universe.specs, len(self.names))
            for venue in sorted(balances)
        }
        self._of = tuple(self.ledgers.get(item.venue) for item in universe.instruments)
        self.valuation = Valuation(universe, market, account_currency)
        self._hedging = tuple(item.venue in hedging for item in universe.instruments)
        self._legs: dict[str | None, int] = {None: 0}
        self._coin_fees: dict[tuple[int, int], int] = {}  # (book, instrument): in currency units
        self._held: dict[int, None] = {}  # instruments that were ever filled, in order
        self._held_at: dict[VenueId, list[int]] = {venue: [] for venue in self.ledgers}
        for venue, amounts in sorted(balances.items()):
            for currency, units in sorted(amounts.items()):
                self.ledgers[venue].adjust_cash(ACCOUNT, universe.currency_index[currency], units)

    def apply_fill(self, strategy: StrategyId, fill: OrderFilled) -> int:
        """Book a fill; returns the realised profit in settlement units, fees apart."""
        number = self.universe.index[fill.instrument]
        leg = self._legs.setdefault(fill.position, len(self._legs))
        if number not in self._held:
            self._held[number] = None
            self._held_at[self.universe.instruments[number].venue].append(number)
        account = self._book(ACCOUNT, number, leg if self._hedging[number] else 0, fill)
        book = self._number.get(strategy, ACCOUNT)
        return account if book == ACCOUNT else self._book(book, number, leg, fill)

    def _book(self, book: int, number: int, leg: int, fill: OrderFilled) -> int:
        item = self.universe.instruments[number]
        if fill.fee_units and isinstance(item, Spot) and fill.fee_currency == item.base:
            paid = self._coin_fees.get((book, number), 0)
            self._coin_fees[book, number] = paid + fill.fee_units
        return self._ledger(number).apply_fill(
            book,
            number,
            leg,
            1 if fill.side is Side.BUY else -1,
            fill.price_units,
            fill.quantity_units,
            fill.fee_units,
            self.universe.currency_index[fill.fee_currency],
        )

    def apply_cash(self, event: CashAdjusted) -> None:
        """Book cash that moved without a fill; each strategy's share is by what it holds."""
        ledger = self.ledgers[event.venue]
        currency = self.universe.currency_index[event.currency]
        ledger.adjust_cash(ACCOUNT, currency, event.amount_units)
        if event.instrument is None:
            return
        number = self.universe.index[event.instrument]
        total = ledger.net_quantity(ACCOUNT, number)
        for book in range(1, len(self.names)):
            quantity = ledger.net_quantity(book, number)
            if quantity and total:
                share = abs(event.amount_units * quantity) // abs(total)
                losing = event.amount_units * quantity * total < 0
                ledger.adjust_cash(book, currency, -share if losing else share)

    def apply_split(self, event: PositionAdjusted) -> None:
        """Scale the holdings; every book keeps whole lots.

        The cash for the account's fraction of a lot comes as a `CashAdjusted` of the venue.
        """
        number = self.universe.index[event.instrument]
        ledger = self._ledger(number)
        for book in range(len(self.names)):
            ledger.split(book, number, event.numerator, event.denominator, 0)

    def position(self, strategy: StrategyId, instrument: InstrumentId) -> int:
        """Signed quantity units that a strategy holds, all legs together."""
        number = self._index[instrument]
        ledger = self._of[number]
        assert ledger is not None, _NO_ACCOUNT
        book = self._number[strategy]
        filled = ledger.net_quantity(book, number)
        if self._coin_fees:
            return self._less_fees(filled, number, self._coin_fees.get((book, number), 0))
        return filled

    def position_view(self, strategy: StrategyId, instrument: InstrumentId) -> Position:
        """What a strategy holds of an instrument, with its entry price and profit."""
        number = self.universe.index[instrument]
        book = self._number[strategy]
        mark = self._market.valuation(number, 0)
        view = Position.of(self._ledger(number), book, self.universe, number, mark, strategy)
        if (book, number) not in self._coin_fees:
            return view
        held = self.universe.instruments[number].quantity(self.position(strategy, instrument))
        return msgspec.structs.replace(view, quantity=held)

    def account_position(self, instrument: InstrumentId) -> int:
        """Signed quantity units of the whole account."""
        number = self._index[instrument]
        filled = self._ledger(number).net_quantity(ACCOUNT, number)
        if self._coin_fees:
            return self._less_fees(filled, number, self._coin_fees.get((ACCOUNT, number), 0))
        return filled

    def unallocated(self, instrument: InstrumentId) -> int:
        """Signed quantity units that the account holds beyond what its strategies do."""
        number = self._index[instrument]
        ledger = self._ledger(number)
        held = sum(ledger.net_quantity(book, number) for book in range(1, len(self.names)))
        return ledger.net_quantity(ACCOUNT, number) - held

    def balance(self, venue: VenueId, currency: str) -> int:
        """The account's balance at a venue, in currency units."""
        return self.ledgers[venue].balance(ACCOUNT, self.universe.currency_index[currency])

    def total_balance(self, currency: str) -> int:
        """The balance of a currency over all venues, in currency units."""
        return sum(self.balance(venue, currency) for venue in self.ledgers)

    def equity(self) -> int:
        """Value of everything in units of the account currency.

        Raises:
            MissingData: Something held has no price yet.
            CurrencyMismatch: A balance has no conversion rate.
        """
        return self.book_equity(ACCOUNT)

    def book_equity(self, book: int) -> int:
        """Value of one book in units of the account currency. Raises as `equity`."""
        target = self.universe.currency_index[self.valuation.currency]
        total = 0
        unpriced: int | None = None
        for venue, ledger in self.ledgers.items():
            own, others, missing = ledger.worth(target, self._held_at[venue], self._market, book)
            total += own
            for currency, units in others:
                total += self.valuation.convert(units, self.universe.currencies[currency][0])
            unpriced = missing if unpriced is None else unpriced
        if unpriced is not None:
            raise MissingData(f"{self.universe.instruments[unpriced].id} has no price yet")
        return total

    def realized_by_currency(self, book: int) -> dict[str, int]:
        """Realised profit of a book, fees apart, in units of each settlement currency."""
        sums: dict[str, int] = {}
        for number in self._held:
            code = self._settlement(number)
            sums[code] = sums.get(code, 0) + self._ledger(number).realized(book, number)
        return sums

    def unrealized_by_currency(self, book: int) -> dict[str, int]:
        """Profit of a book's open positions at their marks, in units of each settlement currency.

        Raises:
            MissingData: Something held has no price yet.
        """
        sums: dict[str, int] = {}
        for number in self._held:
            ledger = self._ledger(number)
            if ledger.legs(book, number):
                code = self._settlement(number)
                units = ledger.unrealized(book, number, self._mark(book, number))
                sums[code] = sums.get(code, 0) + units
        return sums

    def fees(self, currency: str) -> int:
        """Fees that the accounts paid in a currency; positive is paid."""
        number = self.universe.currency_index[currency]
        return sum(ledger.fees(ACCOUNT, number) for ledger in self.ledgers.values())

    @property
    def held(self) -> tuple[int, ...]:
        """Numbers of the instruments that were ever filled, in order of their first fill."""
        return tuple(self._held)

    def snapshot(self) -> bytes:
        """The exact state of every ledger, in a canonical order."""
        return b"".join(ledger.snapshot() for ledger in self.ledgers.values())

    def _less_fees(self, filled: int, number: int, paid: int) -> int:
        """Filled units less fees paid in the coin, rounded down to whole lots."""
        if not paid:
            return filled
        item = self.universe.instruments[number]
        assert item.base is not None
        unit: int = 10 ** self.universe.scale(item.base)
        exact: int = (
            filled * unit - paid * 10**item.size_scale
        )  # in 10^-(size scale + currency scale)
        return exact // (unit * item.lot_units) * item.lot_units

    def _mark(self, book: int, number: int) -> int:
        quantity = self._ledger(number).net_quantity(book, number)
        mark = self._market.valuation(number, (quantity > 0) - (quantity < 0))
        if mark is None:
            raise MissingData(f"{self.universe.instruments[number].id} has no price yet")
        return mark

    def _settlement(self, number: int) -> str:
        return self.universe.instruments[number].settlement

    def _ledger(self, number: int) -> _native.Ledger:
        ledger = self._of[number]
        assert ledger is not None, _NO_ACCOUNT
        return ledger
