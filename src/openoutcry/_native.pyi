"""The compiled engine: exact integers, no clock, no randomness, no I/O.

Unless said otherwise: prices count 10^-price_scale and quantities 10^-size_scale of their
instrument, money counts 10^-scale of its currency, times are int64 nanoseconds UTC, `UNDEFINED`
(-2**63) is a value that is not known, `side` is +1 (buy, bid) or -1 (sell, ask). Instruments and
currencies are indexes into the lists given at construction.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

__version__: str

def bind(names: Mapping[str, object], /) -> None:
    """Give the engine the Python classes it raises and builds: errors, messages, enum members.

    Keys are class names (`NumericOverflow`, `Quote`, `OrderFilled`, `Side`, ...), others are ignored.
    Called by `openoutcry.state.binding`; anything below that needs them raises `RuntimeError`
    before. Raises `RuntimeError` when a class is missing, an enum has other members than the engine
    expects, or other classes were bound before.
    """

# --- exact numbers (fixed.rs) -------------------------------------------------------------------
def parse_units(text: str, scale: int, /) -> int:
    """Units of 10^-scale of a plain decimal text; at most 64 bits.

    Raises `NotRepresentable` (more decimals, not a plain decimal) or `NumericOverflow`. The text is
    bounded to 40 characters; no exponents, NaN or infinities.
    """

def notional(
    price: int, quantity: int, instrument: InstrumentSpec, money_scale: int, rounding: str, /
) -> int:
    """|price x quantity x multiplier| in money units; `rounding` is half_even|up|down (away/toward zero)."""

@final
class InstrumentSpec:
    """What the engine needs of an instrument; made by `openoutcry.state.binding.spec`."""

    def __new__(
        cls,
        *,
        id: str,
        price_scale: int,
        size_scale: int,
        tick: int,
        lot: int,
        min_quantity: int,
        max_quantity: int | None,
        min_notional: int,
        multiplier: int,
        multiplier_scale: int,
        inverse: bool,
        margined: bool,
        base: int | None,
        quote: int,
        settlement: int,
        margin_initial: int,
        margin_maintenance: int,
        shortable: bool,
        tradable: bool,
    ) -> InstrumentSpec:
        """Tick in price units; lot and quantities in quantity units; `min_notional` in settlement
        units; multiplier = `multiplier` x 10^-`multiplier_scale`; margins in 10^-9 of notional;
        currencies as indexes. `base` only where a fill delivers a currency.

        Raises `ConfigError` for values that are impossible together.
        """
    @property
    def id(self) -> str: ...

# --- ledger (ledger.rs) -------------------------------------------------------------------------
@final
class Ledger:
    """Positions and balances of several books, exact.

    A book is a number 0..n-1 (a strategy's virtual book, the unallocated book, or a venue account).
    Position legs are keyed by (book, instrument, leg); leg 0 is the netting position.
    """

    def __new__(
        cls,
        currencies: Sequence[tuple[str, int]],
        instruments: Sequence[InstrumentSpec],
        books: int,
    ) -> Ledger: ...
    def apply_fill(
        self,
        book: int,
        instrument: int,
        leg: int,
        side: int,
        price: int,
        quantity: int,
        fee: int,
        fee_currency: int,
        /,
    ) -> int:
        """Book a fill; returns the realised profit in settlement units (fees apart)."""
    def adjust_cash(self, book: int, currency: int, amount: int, /) -> None: ...
    def split(
        self, book: int, instrument: int, numerator: int, denominator: int, price: int, /
    ) -> int:
        """Apply a split to every leg; returns cash in lieu (settlement units, already booked)."""
    def balance(self, book: int, currency: int, /) -> int: ...
    def quantity(self, book: int, instrument: int, leg: int = 0, /) -> int:
        """Signed quantity of a leg."""
    def net_quantity(self, book: int, instrument: int, /) -> int:
        """Sum over legs."""
    def cost(self, book: int, instrument: int, leg: int = 0, /) -> tuple[int, int]:
        """Exact signed cost of the open quantity as (units, scale)."""
    def realized(self, book: int, instrument: int, /) -> int: ...
    def fees(self, book: int, currency: int, /) -> int:
        """Fees paid, positive."""
    def unrealized(self, book: int, instrument: int, mark: int, /) -> int:
        """Profit of all open legs at a mark, settlement units, rounded half to even."""
    def market_value(self, book: int, instrument: int, mark: int, /) -> int:
        """Signed value of a delivered holding that is no currency (shares), or unrealised profit
        of a margined one: what it adds to equity beyond the balances. 0 for spot, whose base
        currency is a balance."""
    def residual(self, currency: int, /) -> tuple[int, int]:
        """Sum of what rounding to currency units left over, as (units, scale); exact."""
    def legs(self, book: int, instrument: int, /) -> list[int]: ...
    def snapshot(self) -> bytes: ...
    def restore(self, data: bytes, /) -> None: ...

# --- market state (market.rs) -------------------------------------------------------------------
@final
class Market:
    """The last of everything per instrument; the replay kernel updates it, live the market actor."""

    def __new__(cls, instruments: Sequence[InstrumentSpec]) -> Market: ...
    def apply(self, instrument: int, event: Any, /) -> None:
        """Take a market data message (live path)."""
    def quote(self, instrument: int, /) -> tuple[int, int, int, int, int] | None:
        """(ts_received, bid, ask, bid_size, ask_size) of the last quote or book top."""
    def trade(self, instrument: int, /) -> tuple[int, int, int] | None:
        """(ts_received, price, size)."""
    def bar(self, instrument: int, /) -> tuple[int, int] | None:
        """(ts_received, close) of the last bar of any kind."""
    def mark(self, instrument: int, /) -> tuple[int, int] | None:
        """(ts_received, price) of the last mark price."""
    def valuation(self, instrument: int, side: int = 0, /) -> int | None:
        """Price to value a position at: mark, else touch that closes it (`side` = sign of the
        position; 0 = mid rounded toward zero), else last trade, else last bar close."""
    def book_valid(self, instrument: int, /) -> bool: ...
    def book_top(
        self, instrument: int, depth: int, /
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(bids, asks), best first, each (price, size)."""
    def hash(self) -> bytes:
        """Digest of the whole state; canonical, the same for the same market however it was reached."""

# --- indicators (indicators/*.rs) -----------------------------------------------------------------
@final
class Indicator:
    """A streaming indicator, fed by bars; `value` is NaN until `ready`."""

    def __new__(cls, name: str, periods: Sequence[float]) -> Indicator: ...
    def update_bar(
        self, open: float, high: float, low: float, close: float, volume: float, /
    ) -> None: ...
    @property
    def value(self) -> float: ...
    def output(self, name: str, /) -> float: ...
    @property
    def ready(self) -> bool: ...
    @property
    def count(self) -> int: ...
    def snapshot(self) -> bytes: ...
    def restore(self, data: bytes, /) -> None: ...

# --- replay (kernel.rs) -----------------------------------------------------------------------------
@final
class Kernel:
    """Merges recorded feeds, simulated venues and timers into one ordered stream of inputs.

    `next()` advances to the next input by (ts, class, feed, row), lets the venues take it first,
    updates `market`, gives it the next sequence number and returns it as a message.
    """

    def __new__(
        cls,
        instruments: Sequence[InstrumentSpec],
        instrument_ids: Sequence[str],
        currencies: Sequence[tuple[str, int]],
        venues: Sequence[Mapping[str, Any]],
        market: Market,
    ) -> Kernel: ...
    def set_clock(self, ts: int, /) -> None:
        """Set the clock before the first input."""
    def add_feed(
        self,
        kind: str,
        instrument: int,
        chunks: Iterable[Mapping[str, Any]],
        bar: tuple[str, str] | None = None,
        latency_ns: int = 0,
        /,
    ) -> None:
        """A feed of `kind` (quote trade bar book mark funding split dividend).

        `chunks` yields mappings column name -> int64 buffer (C-contiguous, zero-copy), sorted by
        `ts_received`; the next chunk is asked for when one is used up, so memory holds one or two chunks
        per feed. Columns: see docs/reference/catalog.md. `bar` is (timeframe, price type).
        `latency_ns` is added to `ts_received`.
        """
    def build_bars(self, instrument: int, timeframe: str, price_type: str, /) -> None:
        """Build bars from the instrument's quotes or trades; each close is an input."""
    def set_interest(self, kind: str, instrument: int, wanted: bool, /) -> None:
        """Whether `next()` should return market data of this kind (skipped ones still count)."""
    def next(self) -> Any | None:
        """The next input as a message; None when feeds, venues and timers have nothing left."""
    seq: int
    """Sequence number of the last input, skipped ones included; the first is 1."""
    now: int
    """Time of the last input; never steps back."""
    def set_timer(self, ts: int, owner: str, name: str, /) -> int:
        """Schedule a `TimerFired`; returns a handle."""
    def cancel_timer(self, handle: int, /) -> None: ...
    def submit(self, command: Any, /) -> None:
        """A SubmitOrder, CancelOrder or ReplaceOrder on its way to its instrument's venue."""
    def venue_balance(self, venue: int, currency: int, /) -> int: ...
    def venue_position(self, venue: int, instrument: int, /) -> int: ...
    def input_hash(self) -> bytes:
        """Digest (32 bytes) of every input so far, in sequence, skipped ones included."""
    def counts(self) -> dict[str, int]:
        """Inputs by kind, and counted defects (`crossed_quote`, ...)."""
    def finish(self) -> list[Any]:
        """End of data: cancel what still works at the venues; the reports this produces."""

class BarBuilder:
    """Builds the bars of one instrument, time frame and price type, for live feeds."""

    def __new__(cls, timeframe: str, price_type: str) -> BarBuilder: ...
    def update(self, ts: int, price: int, size: int, /) -> Any | None: ...
    def close_until(self, ts: int, /) -> Any | None: ...

def digest(data: bytes, /) -> bytes:
    """BLAKE3 of `data`, 32 bytes."""

@final
class Hasher:
    """Running BLAKE3."""

    def __new__(cls) -> Hasher: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
