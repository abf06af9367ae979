"""What something is worth in the account's currency: for marks and limits only, never for booking.

A rate is the last valuation price of an instrument of this run whose base and quote are the two
currencies, taken directly, inverted, or over one currency between. There is no built-in rate, not
even between a dollar and its stablecoins: a missing rate is an error with a name.
"""

from openoutcry import _native
from openoutcry.state.errors import CurrencyMismatch, MissingData
from openoutcry.state.money import Rounding, divide
from openoutcry.state.universe import Universe

_Leg = tuple[int, bool]  # instrument number, inverted


class Valuation:
    """Converts money of this run's currencies at the market's last prices.

    Args:
        universe: The run's instruments and currencies.
        market: Last prices.
        target: Currency that values are expressed in.
    """

    def __init__(self, universe: Universe, market: _native.Market, target: str) -> None:
        self._universe = universe
        self._market = market
        self.currency = target
        self.scale = universe.scale(target)
        self._paths = {code: self._path(code) for code, _ in universe.currencies}

    def convert(self, units: int, currency: str) -> int:
        """Units of `currency` as units of the target, rounded half to even.

        Raises:
            CurrencyMismatch: No instrument of this run gives a rate.
            MissingData: The rate's instrument has no price yet, or none above zero.
        """
        path = self._paths.get(currency)
        if path is None:
            raise CurrencyMismatch(
                f"there is no rate from {currency} to {self.currency}",
                remedy=f"add a feed of an instrument between {currency} and {self.currency}",
            )
        numerator, denominator = units, 1
        for number, inverted in path:
            price = self._market.valuation(number, 0)
            instrument = self._universe.instruments[number]
            if price is None or price <= 0:
                raise MissingData(f"{instrument.id} has no price that converts {currency}")
            one = 10**instrument.price_scale
            numerator *= one if inverted else price
            denominator *= price if inverted else one
        gap = self.scale - self._universe.scale(currency)
        if gap >= 0:
            numerator *= 10**gap
        else:
            denominator *= 10**-gap
        return divide(numerator, denominator, Rounding.HALF_EVEN)

    def _path(self, currency: str) -> tuple[_Leg, ...] | None:
        if currency == self.currency:
            return ()
        seen = {currency}
        frontier: list[tuple[str, tuple[_Leg, ...]]] = [(currency, ())]
        for _ in range(2):
            found: list[tuple[str, tuple[_Leg, ...]]] = []
            for code, legs in frontier:
                for number, item in enumerate(self._universe.instruments):
                    if item.base is None or item.inverse:
                        continue
                    ends = {item.base: item.quote, item.quote: item.base}
                    other = ends.get(code)
                    if other is None or other in seen:
                        continue
                    path = (*legs, (number, code == item.quote))
                    if other == self.currency:
                        return path
                    seen.add(other)
                    found.append((other, path))
            frontier = found
        return None
