"""Accounts as strategies and results see them: read-only views of a ledger's balances."""

from collections.abc import Iterable, Mapping

import msgspec

from openoutcry import _native
from openoutcry.state.errors import CurrencyMismatch
from openoutcry.state.identifiers import VenueId
from openoutcry.state.money import Money
from openoutcry.state.universe import Universe


class Balance(msgspec.Struct, frozen=True):
    """How much of one currency there is, and how much of it is spoken for.

    Args:
        total: Everything; negative when borrowed.
        reserved: Set aside for working orders and margin.
    """

    total: Money
    reserved: Money

    @property
    def currency(self) -> str:
        """Code of the currency."""
        return self.total.currency

    @property
    def free(self) -> Money:
        """What new orders may use: total less reserved."""
        return self.total - self.reserved


class Account(msgspec.Struct, frozen=True):
    """The balances of one venue account or of some of its books, ordered by currency code."""

    venue: VenueId
    balances: tuple[Balance, ...]

    @classmethod
    def of(
        cls,
        ledger: _native.Ledger,
        books: Iterable[int],
        universe: Universe,
        venue: VenueId,
        reserved: Mapping[str, int],
    ) -> "Account":
        """The sum of some books.

        Args:
            ledger: The account's ledger.
            books: Numbers of the books to add up, each once.
            universe: The lists that the ledger was made with.
            venue: Where the account is.
            reserved: Units set aside, by currency code; 0 where one is missing.
        """
        numbers = tuple(books)
        return cls(
            venue,
            tuple(
                Balance(
                    Money(sum(ledger.balance(book, index) for book in numbers), code, scale),
                    Money(reserved.get(code, 0), code, scale),
                )
                for index, (code, scale) in enumerate(universe.currencies)
            ),
        )

    def balance(self, currency: str) -> Balance:
        """The balance of a currency.

        Raises:
            CurrencyMismatch: The currency is not part of this run.
        """
        for balance in self.balances:
            if balance.currency == currency:
                return balance
        raise CurrencyMismatch(f"{currency} is not a currency of this run")
