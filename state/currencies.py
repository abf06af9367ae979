"""Currencies: a code and the scale of its smallest unit.

Money is an exact integer count of 10^-scale of its currency. Fiat scales follow ISO 4217; assets
not listed here (crypto) have 8 decimals unless the config says otherwise.
"""

from typing import Final

FIAT_SCALES: Final = {
    "AUD": 2, "BRL": 2, "CAD": 2, "CHF": 2, "CNH": 2, "CNY": 2, "CZK": 2, "DKK": 2, "EUR": 2,
    "GBP": 2, "HKD": 2, "HUF": 2, "ILS": 2, "INR": 2, "JPY": 0, "KRW": 0, "MXN": 2, "NOK": 2,
    "NZD": 2, "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TRY": 2, "USD": 2, "ZAR": 2,
}  # fmt: skip
DEFAULT_SCALE: Final = 8
MAX_SCALE: Final = 18
"""The largest scale of a price, quantity or currency: 18 decimals in 64 bits overflow at 9.2."""


def scale_of(currency: str) -> int:
    """Decimals of a currency's smallest unit."""
    return FIAT_SCALES.get(currency, DEFAULT_SCALE)
