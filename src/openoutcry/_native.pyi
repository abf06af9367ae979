"""The compiled engine: exact integers, no clock, no randomness, no I/O.

Unless said otherwise: prices count 10^-price_scale and quantities 10^-size_scale of their
instrument, money counts 10^-scale of its currency, times are int64 nanoseconds UTC, `UNDEFINED`
(-2**63) is a value that is not known, `side` is +1 (buy, bid) or -1 (sell, ask). Instruments and
currencies are indexes into the lists given at construction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    """Units of 10^-scale of a plain decimal text, at most 64 bits: `-`, digits, a point and digits.

    No exponents, NaN, infinities, blanks or `+`; at most 40 characters; decimals beyond the scale
    must be zeros. Raises `NotRepresentable`, or `NumericOverflow` (also for -2**63, `UNDEFINED`).
    """

def notional(
    price: int, quantity: int, instrument: InstrumentSpec, money_scale: int, rounding: str, /
) -> int:
    """|price x quantity x multiplier| (inverse: |quantity x multiplier / price|), money units.

    `money_scale` is that of the settlement currency; `rounding` is `half_even`, `up` (away from
    zero) or `down` (toward zero). Raises `NumericOverflow`, `MissingData` for an `UNDEFINED` price,
    and `NotRepresentable` for an inverse contract at a price that is not positive.
    """

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

# --- ledger (ledger/*.rs) -----------------------------------------------------------------------
@final
class Ledger:
    """Positions and balances of several books, exact.

    A book is a number 0..n-1 (a strategy's virtual book, the unallocated book, or a venue account).
    Position legs are keyed by (book, instrument, leg); leg 0 is the netting position. Indexes beyond
    the lists raise `IndexError`, numbers beyond their integers `NumericOverflow`; after an error the
    ledger is as it was. Rounding to currency units happens at settlement only, half to even, and
    what it leaves over is in `residual`: for each currency, over all books, `balances + residual`
    equals adjustments, less fees, plus the exact cash of all fills, deliveries and splits.
    """

    def __new__(
        cls,
        currencies: Sequence[tuple[str, int]],
        instruments: Sequence[InstrumentSpec],
        books: int,
    ) -> Ledger:
        """An empty ledger. Price, size and multiplier scale together may exceed the scale of the
        settlement currency by at most 30 decimals (`NumericOverflow`)."""
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
        """Book a fill; returns the realised profit in settlement units (fees apart).

        `quantity` is positive; `fee` counts units of `fee_currency`, positive when paid. Margined: the
        realised profit moves the balance. Delivered: the notional does (and the base currency's
        balance), and the realised profit is a report. Raises `NotRepresentable` for a quantity that
        is not positive, an `UNDEFINED` price, or an inverse contract at a price that is not positive.
        """
    def adjust_cash(self, book: int, currency: int, amount: int, /) -> None:
        """Add to a balance, in currency units: deposits, funding, interest, dividends, transfers."""
    def split(
        self, book: int, instrument: int, numerator: int, denominator: int, price: int, /
    ) -> int:
        """Apply a split (`numerator` new for `denominator` old) to every leg.

        Quantities become multiples of the lot, toward zero. Returns the cash in lieu of fractions at
        `price` (after the split), settlement units, already booked. Shares keep their whole cost;
        when nothing is left of a leg its cost is realised. A margined fraction is closed at `price`
        and the cash is its profit. `price` may be `UNDEFINED` where nothing is fractional; else
        raises `MissingData`. Inverse contracts and delivered currencies raise `NotRepresentable`.
        """
    def balance(self, book: int, currency: int, /) -> int:
        """Currency units."""
    def quantity(self, book: int, instrument: int, leg: int = 0, /) -> int:
        """Signed quantity of a leg."""
    def net_quantity(self, book: int, instrument: int, /) -> int:
        """Sum over legs."""
    def worth(
        self, currency: int, instruments: Sequence[int], market: Market, book: int | None = None, /
    ) -> tuple[int, list[tuple[int, int]], int | None]:
        """What all books (or one) are worth: balances, and holdings in `instruments` at `market`.

        Returns the units that are in `currency`; the parts in others as (currency, units), each to
        be converted on its own (the part of an instrument that is not held is 0); and an instrument
        that is held but has no price, if there is one. Its value is in neither.
        """
    def cost(self, book: int, instrument: int, leg: int = 0, /) -> tuple[int, int]:
        """Exact cost of the open quantity in the settlement currency, signed by the side, as
        (units, scale). Of an inverse contract: the sum of quantity x multiplier / price."""
    def realized(self, book: int, instrument: int, /) -> int:
        """Realised profit so far, settlement units, fees apart."""
    def fees(self, book: int, currency: int, /) -> int:
        """Fees paid, positive (negative when rebates exceed them)."""
    def unrealized(self, book: int, instrument: int, mark: int, /) -> int:
        """Profit of all open legs at a mark, settlement units, rounded half to even once.

        Raises `MissingData` when a leg is open and the mark is `UNDEFINED`.
        """
    def market_value(self, book: int, instrument: int, mark: int, /) -> int:
        """Signed value of a delivered holding that is no currency (shares), or unrealised profit
        of a margined one: what it adds to equity beyond the balances. 0 for spot, whose base
        currency is a balance. Raises as `unrealized`."""
    def initial_margin(self, book: int, marks: Sequence[int], /) -> list[int]:
        """Margin needed to open what the book holds, settlement units by currency index.

        `marks` is a price per instrument, `UNDEFINED` where not known: an open leg without a mark
        raises `MissingData`. Each leg needs its fraction of notional, rounded up; hedging legs do
        not offset each other.
        """
    def maintenance_margin(self, book: int, marks: Sequence[int], /) -> list[int]:
        """Margin needed to hold what the book holds; as `initial_margin`."""
    def residual(self, currency: int, /) -> tuple[int, int]:
        """Sum of what rounding to currency units left over, as (units, scale); exact."""
    def legs(self, book: int, instrument: int, /) -> list[int]:
        """Numbers of the open legs, ascending."""
    def snapshot(self) -> bytes:
        """The whole state; equal ledgers have equal bytes."""
    def restore(self, data: bytes, /) -> None:
        """Replace the state by that of a snapshot.

        Raises `CodecError` (damaged), `SchemaTooNew`, or `StateError` (a ledger made with other
        currencies, instruments or number of books); then nothing has changed.
        """
    def digest(self) -> bytes:
        """BLAKE3 of the state, 32 bytes; equal for equal ledgers however they were reached."""

# --- market state (market.rs) -------------------------------------------------------------------
@final
class Market:
    """The last of everything per instrument; the replay kernel updates it, live the market actor."""

    def __new__(cls, instruments: Sequence[InstrumentSpec], /) -> Market: ...
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
    def update(self, bar: Any, /) -> None:
        """Take a closed `Bar`; an unknown volume is passed on as NaN."""
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
    ) -> Kernel:
        """`venues` are mappings with `name`, `instruments` (indexes), `order_latency_us`,
        `report_latency_us` and what the simulated exchange needs. An instrument without a venue is
        observed only.
        """
    def set_clock(self, ts: int, /) -> None:
        """Where the clock stands before the first input (else -2**63): called before `add_feed`.

        Rows received earlier are stamped with it and counted as `time_backwards`.
        """
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
        `ts_received`; the next chunk is asked for when one is used up, so the kernel holds one chunk per
        feed. They must not be written to while it does: it reads them while other threads run. Columns: see docs/reference/catalog.md. `bar` is (timeframe, price type).
        `latency_ns` is added to `ts_received`. All feeds are added before the first `next()`; their
        order breaks ties of time. A venue trades on bars only where the instrument has no quotes,
        trades or book, and then on its shortest ones.

        A `ts_received` that steps back is stamped with the running maximum and counted as
        `time_backwards`. Raises `DataFormatError` for missing, odd or unequal columns, here and in
        `next()`, and `ConfigError` for a feed that cannot be.
        """
    def set_sessions(self, instrument: int, sessions: Sequence[tuple[int, int, int]], /) -> None:
        """Trading hours of an instrument for the bars that are built of it: (open, close, close of
        the trading day), ascending. What lies before the first and behind the last is closed.

        Raises `ConfigError` for sessions that are not in order, or when bars are built already.
        """
    def build_bars(self, instrument: int, timeframe: str, price_type: str, /) -> None:
        """Build bars from now on; each close is an input, asking twice gives them once.

        `last` from trades; `bid`, `ask` and `mid` from quotes, or from the top of the book when the
        instrument has no quote feed. A mid is in price units, an odd half rounded to the even one;
        crossed quotes count too. Volume is `UNDEFINED` for quotes and where a trade has no size.
        Time bars lie on a grid from 1970-01-01 UTC (so days close at 00:00 UTC), intervals without
        updates have none, and an unfinished bar at the end of the data is not emitted. Tick and
        volume bars end with the update that completes them; no print is split. With `set_sessions`
        days are trading days and leave out what comes outside (counted as `outside_session`), and
        shorter bars are cut where a session opens or closes.
        """
    def set_interest(self, kind: str, instrument: int, wanted: bool, /) -> None:
        """Whether `next()` should return market data of this kind (skipped ones still count).

        Everything is wanted at first. `bar` covers recorded and built bars, `book` also
        `BookInvalidated`. Venue reports and timers are always returned.
        """
    def next(self) -> Any | None:
        """The next input as a message; None when feeds, venues and timers have nothing left.

        Time ends with the last row: then reports still arrive, but later timers, deadlines and bars
        do not, and commands that would reach their venue later wait for `finish`.

        After some thousand skipped rows other threads of the interpreter run. Until this returns they
        can't use the kernel or its market: that raises `RuntimeError`.
        """
    seq: int
    """Sequence number of the last input, skipped ones included; the first is 1."""
    now: int
    """Time of the last input; never steps back."""
    @property
    def delivered(self) -> int:
        """Inputs that `next()` has returned: skipped ones are not among them."""
    def set_timer(self, ts: int, owner: str, name: str, /) -> int:
        """Schedule a `TimerFired`; one in the past fires next. Returns a handle."""
    def cancel_timer(self, handle: int, /) -> None: ...
    def submit(self, command: Any, /) -> None:
        """A SubmitOrder, CancelOrder or ReplaceOrder on its way to its instrument's venue.

        Without latency it is handled there first thing in the next `next()`, otherwise after the
        market data of the instant at which it arrives.
        """
    def venue_balance(self, venue: int, currency: int, /) -> int: ...
    def venue_position(self, venue: int, instrument: int, /) -> int: ...
    def input_hash(self) -> bytes:
        """Digest (32 bytes) of every input so far, in sequence, skipped ones included."""
    def counts(self) -> dict[str, int]:
        """Inputs so far by kind, skipped ones included; kinds that never came are absent."""
    def defects(self) -> dict[str, int]:
        """Defects of the data by name (`crossed_quote`, `time_backwards`, ...), those that occurred."""
    def cut(self) -> None:
        """End the data here: what was not played stays unplayed."""
    def finish(self) -> Iterator[Any]:
        """End of data: commands under way arrive and what works is canceled, at once.

        Iterate over the result to take the reports, one input at a time.
        """

@final
class BarBuilder:
    """Builds the bars of one instrument, time frame and price type, for live feeds.

    The same code as `Kernel.build_bars`; `ts_received` of the messages is the time that counts.
    `sessions` are as of `Kernel.set_sessions`.
    """

    def __new__(
        cls,
        instrument: InstrumentSpec,
        timeframe: str,
        price_type: str,
        sessions: Sequence[tuple[int, int, int]] | None = None,
        /,
    ) -> BarBuilder: ...
    def update(self, event: Any, /) -> Any | None:
        """Take a `Quote` or `Trade`; the `Bar` that it closes, if any."""
    def close_until(self, ts: int, /) -> Any | None:
        """The time bar that has ended at `ts`, if any."""
    @property
    def due(self) -> int | None:
        """End of the open time bar: when to call `close_until`."""
    @property
    def late(self) -> int:
        """Updates earlier than the open bar, or the closed one; they changed nothing."""
    @property
    def outside(self) -> int:
        """Updates outside trading hours, which day bars leave out."""

def digest(data: bytes, /) -> bytes:
    """BLAKE3 of `data`, 32 bytes."""

@final
class Hasher:
    """Running BLAKE3."""

    def __new__(cls) -> Hasher: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
