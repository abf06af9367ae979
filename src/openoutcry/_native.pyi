"""The compiled engine: exact integers, no clock, no randomness, no I/O.

Unless said otherwise: prices count 10^-price_scale and quantities 10^-size_scale of their
instrument, money counts 10^-scale of its currency, times are int64 nanoseconds UTC, `UNDEFINED`
(-2**63) is a value that is not known, `side` is +1 (buy, bid) or -1 (sell, ask). Instruments and
currencies are indexes into the lists given at construction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, final

from openoutcry.state.commands import CancelOrder, ReplaceOrder, SubmitOrder
from openoutcry.state.enums import (
    FillState,
    OrderStatus,
    OrderType,
    Outcome,
    RequestKind,
    RequestState,
    Side,
)
from openoutcry.state.events import OrderEvent
from openoutcry.state.identifiers import (
    ClientOrderId,
    FillId,
    InstrumentId,
    StrategyId,
    VenueOrderId,
)

__version__: str

_Remembered: TypeAlias = tuple[
    list[bool | None],
    list[tuple[int, int] | None],
    list[tuple[int, str, int, bool | None]],
]

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

# --- names (directory.rs) -----------------------------------------------------------------------
@final
class Directory:
    """Names and numbers of one run; what every part of the order path is made with.

    Book 0 is the account and what belongs to no strategy; the strategies follow from 1.
    """

    def __new__(
        cls,
        instruments: Sequence[InstrumentSpec],
        currencies: Sequence[tuple[str, int]],
        strategies: Sequence[str],
        /,
    ) -> Directory: ...
    def instrument(self, id: str, /) -> int:
        """Number of an instrument; `ValueError` when it is not in this run."""
    def book(self, strategy: str, /) -> int:
        """Number of a strategy's book; `ValueError` when it is not in this run."""
    @property
    def texts(self) -> int:
        """Texts that are numbered so far (tags, legs, names of timers), which are kept for ever."""
    def encode(self, message: Any, /) -> bytes:
        """A `SubmitOrder` (as `RiskApproved`) or order event as the engine records it.

        Raises `NumericOverflow` for a number beyond 64 bits.
        """
    def echo(self, message: Any, /) -> Any:
        """A `SubmitOrder` or order event after its way through the engine: equal to what went in."""

# --- orders (orders/*.rs) -----------------------------------------------------------------------
@final
class KnownFill:
    """A fill of an order as it stands now, after corrections. Unsigned."""

    @property
    def price_units(self) -> int: ...
    @property
    def quantity_units(self) -> int: ...
    @property
    def state(self) -> FillState: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class NewTerms:
    """Terms that an outstanding replace asks for; None keeps a value."""

    @property
    def quantity_units(self) -> int | None:
        """The new total, fills included."""
    @property
    def limit_units(self) -> int | None: ...
    @property
    def trigger_units(self) -> int | None: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Order:
    """Everything known of one order at the instant of the look; it does not change any more.

    Prices count 10^-`price_scale` and quantities 10^-`size_scale` of `submit`. An order changes only
    on evidence: its first dimension is `status`, its second the requests that were sent and not
    answered; `docs/reference/order-states.md` has the tables of both.
    """

    @property
    def submit(self) -> SubmitOrder:
        """The order as it was asked for."""
    @property
    def client_order_id(self) -> ClientOrderId:
        """Our id of the order."""
    @property
    def strategy(self) -> StrategyId:
        """Whose order it is."""
    @property
    def instrument(self) -> InstrumentId: ...
    @property
    def side(self) -> Side: ...
    @property
    def quantity_units(self) -> int:
        """The total quantity proven to be in force, which a replace changes."""
    @property
    def limit_units(self) -> int | None:
        """The limit price proven to be in force."""
    @property
    def trigger_units(self) -> int | None:
        """The trigger price proven to be in force."""
    @property
    def status(self) -> OrderStatus: ...
    @property
    def filled_units(self) -> int:
        """The sum of its fills, after busts and corrections."""
    @property
    def claimed_units(self) -> int:
        """The largest cumulative quantity the venue has named: beyond `filled_units`, fills miss."""
    @property
    def fills(self) -> dict[FillId, KnownFill]:
        """Its fills in the order of their arrival."""
    @property
    def venue_order_id(self) -> VenueOrderId | None: ...
    @property
    def submit_request(self) -> RequestState | None: ...
    @property
    def cancel_request(self) -> RequestState | None: ...
    @property
    def replace_request(self) -> RequestState | None: ...
    @property
    def asked(self) -> NewTerms | None:
        """What the outstanding replace asks for."""
    @property
    def replaced(self) -> bool:
        """Whether the venue has ever named other terms."""
    @property
    def pending(self) -> OrderStatus | None:
        """The end that the venue reported while fills were still missing."""
    @property
    def reasons(self) -> tuple[str, ...]:
        """The words of a denial, rejection, cancel or expiry."""
    @property
    def alarm(self) -> str | None:
        """Why the last piece of evidence that was illegal or alarming was."""
    @property
    def ts_submitted(self) -> int | None:
        """When it left."""
    @property
    def ts_accepted(self) -> int | None:
        """When the venue's acknowledgement was received."""
    @property
    def ts_last(self) -> int:
        """When the last evidence that counted was received."""
    @property
    def is_final(self) -> bool:
        """Whether the status is terminal and, by that, nothing more is expected."""
    @property
    def is_open(self) -> bool:
        """Whether the order may still fill, as far as is proven."""
    @property
    def is_unknown(self) -> bool:
        """Whether any request may or may not have reached the venue."""
    @property
    def outstanding(self) -> tuple[RequestKind, RequestState] | None:
        """The request that waits for an answer; of several, the one that would end or change most."""
    @property
    def leaves_units(self) -> int:
        """What may still fill under the terms in force; 0 when final."""
    @property
    def exposure_units(self) -> int:
        """What may still fill at worst: the larger of old and asked-for terms; 0 when final."""
    @property
    def worst_units(self) -> int:
        """The total quantity at worst: the larger of the terms in force and those asked for."""
    @property
    def missing_units(self) -> int:
        """What the venue says was filled beyond the fills that are known."""
    def terms(self) -> SubmitOrder:
        """The order as it would be submitted today, with the terms that are in force."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class FrozenOrders:
    """The orders of a run as they were at one moment."""

    def snapshot(self) -> bytes:
        """As `OrderTable.snapshot`, from any thread; the interpreter is free meanwhile."""

@final
class OrderTable:
    """All orders of a run: found by id, listed while open, summed up while they may fill.

    Memory is bounded: open orders and the last `recent` closed ones are kept as they are, `archived`
    older ones packed, from which they come back whole when late evidence arrives. The oldest beyond
    that are forgotten and counted.
    """

    def __new__(cls, directory: Directory, recent: int, archived: int, /) -> OrderTable: ...
    def __len__(self) -> int:
        """Orders that are known."""
    @property
    def forgotten(self) -> int:
        """Orders that closed so long ago that nothing is known of them."""
    def add(self, submit: SubmitOrder, /) -> Order:
        """Enter a new order; its whole quantity counts as exposure from now on.

        Raises `InvalidTransition` when the client order id was used before.
        """
    def get(self, client_order_id: str, /) -> Order | None:
        """The order as it is now."""
    def request(self, command: CancelOrder | ReplaceOrder, /) -> str | None:
        """Note that a cancel or replace is on its way. Returns why it can't be, or None."""
    def apply(self, event: OrderEvent, /) -> tuple[Outcome, str | None] | None:
        """Take evidence: what it meant and, if illegal or alarming, why. None: an unknown order."""
    def open_orders(
        self, strategy: str | None = None, instrument: str | None = None, /
    ) -> list[Order]:
        """Orders that are not final, oldest first, of one strategy and instrument where named."""
    def closed_orders(
        self, limit: int, strategy: str | None = None, instrument: str | None = None, /
    ) -> list[Order]:
        """The last orders that ended and are kept unpacked, the latest first."""
    def working_units(
        self, strategy: str | None, instrument: str, /, *, reduce_only: bool = True
    ) -> tuple[int, int]:
        """What may still be bought and sold at worst, both unsigned, in units of quantity.

        Counts unsent, working and unknown orders, and the larger terms while a replace is out. With
        `reduce_only=False`, orders that can only shrink a position are left out.
        """
    def snapshot(self) -> bytes:
        """The whole table as bytes, by names; equal tables have equal bytes."""
    def freeze(self) -> FrozenOrders:
        """A copy that does not change any more: what a snapshot is made of while the core goes on."""
    def restore(self, data: bytes, /) -> None:
        """Become the table that a snapshot was taken of; on an error nothing has changed.

        Raises `CodecError`, `SchemaTooNew`, or `StateError` for orders of a strategy or instrument
        that this run does not have.
        """
    def digest(self) -> bytes:
        """BLAKE3 of every order by its id, 32 bytes: the same however the orders are kept."""

# --- risk (risk/*.rs) ---------------------------------------------------------------------------
class _RiskView(Protocol):
    """What the checks read: `openoutcry.actors.risk_view.RiskView`."""

    @property
    def now(self) -> int: ...
    def quote(self, instrument: Any, /) -> tuple[int, int, int, int, int] | None: ...
    def trade(self, instrument: Any, /) -> tuple[int, int, int] | None: ...
    def bar(self, instrument: Any, /) -> tuple[int, int] | None: ...
    def position_units(self, strategy: Any, instrument: Any, /) -> int: ...
    def working_units(self, strategy: Any, instrument: Any, /) -> tuple[int, int]: ...
    def worth(self, instrument: Any, units: int, /) -> int | None: ...
    def data_ts(self, instrument: Any, /) -> int | None: ...
    def book_lost(self, instrument: Any, /) -> bool: ...
    def resting(self, instrument: Any, side: Any, /) -> Iterable[tuple[str, int]]: ...

@final
class Risk:
    """Halts and pre-trade checks of one run, and what the checks remember.

    Strategies and instruments are those of the directory; others raise `ValueError`, except in a halt,
    which is kept and holds nothing back.
    """

    def __new__(
        cls,
        directory: Directory,
        limits: Sequence[Mapping[str, Any]],
        controls: Mapping[str, Any] | None = None,
        /,
    ) -> Risk:
        """One mapping of limits per instrument, as `actors.risk_limits.native_limits` makes them.

        `controls` are the limits of account, strategies and venues, as `native_risk` puts them together;
        None holds nothing back. A limit is units, None for unlimited or a text why nothing may pass. A key too many is a
        `ValueError`, a missing one a `KeyError`.
        """
    @property
    def checks(self) -> tuple[str, ...]:
        """Names of the checks, in the order in which their reasons are given."""
    def reasons(self, order: Any, added: int, view: _RiskView, /) -> tuple[str, ...]:
        """Everything that speaks against a `SubmitOrder`: the halts, then each check as `name: why`.

        `added` is the quantity that may fill at worst beyond what was approved before, in units. What
        the view raises comes out as it is.
        """
    def approved(self, order: Any, now: int, /) -> None:
        """The order passed at `now` (ns) and leaves: what counts orders counts it."""
    def halt(
        self,
        reason: str,
        strategy: str | None = None,
        instrument: str | None = None,
        venue: str | None = None,
        since: int = 0,
        /,
    ) -> None:
        """Halt a scope; the latest reason stands, since (ns UTC) the first time."""
    def resume(
        self,
        strategy: str | None = None,
        instrument: str | None = None,
        venue: str | None = None,
        /,
    ) -> None:
        """Lift every latch of exactly this scope, and forget what led to it."""
    def halts(self, strategy: str, instrument: str, /) -> tuple[str, ...]:
        """Why a strategy may not trade an instrument: `halted: why` of every halt that applies."""
    def halted(self) -> list[tuple[str | None, str | None, str, str | None, int]]:
        """Every halt as (strategy, instrument, reason, venue, since in ns UTC), oldest first."""
    def restricted(self) -> list[tuple[str | None, str | None, str, str | None, int]]:
        """Every reduce-only state, in the same form."""
    def set_limit(
        self,
        name: str,
        value: str,
        strategy: str | None = None,
        instrument: str | None = None,
        venue: str | None = None,
        /,
    ) -> None:
        """Set a limit from now on; `name` is its key in the config, `value` a decimal or `unlimited`.

        No name is the account, and every instrument for limits of instruments. `ConfigError` when it
        can't be; nothing has changed then.
        """
    def is_looser(
        self,
        name: str,
        value: str,
        strategy: str | None = None,
        instrument: str | None = None,
        venue: str | None = None,
        /,
    ) -> bool:
        """Whether a limit that is set would let more pass than the one in force; as `set_limit`."""
    def settings(self) -> list[tuple[str, str, str | None, str | None, str | None]]:
        """Limits that were set: (name, value, strategy, instrument, venue), oldest first."""
    def snapshot(self) -> bytes:
        """Halts and the memory of the checks; the same state gives the same bytes."""
    def restore(self, data: bytes, /) -> None:
        """Continue from a snapshot. `CodecError` when damaged, `SchemaTooNew`; nothing changes then."""

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

# --- books (books/*.rs) ---------------------------------------------------------------------------
@final
class Books:
    """The books of all strategies at all venues: fills, cash, splits, and what they come to.

    Book 0 is the account as each venue keeps it; strategies follow from 1. Everything that changes
    something does it wholly or not at all. Numbers beyond the lists raise `IndexError`, an instrument
    or venue without an account `NotRepresentable`, numbers beyond their integers `NumericOverflow`.
    """

    def __new__(
        cls,
        directory: Directory,
        venues: Sequence[Mapping[str, Any]],
        market: Market,
        account_currency: str,
        /,
    ) -> Books:
        """Books with starting balances.

        `venues` have the keys `name`, `instruments` (numbers), `hedging` (whether the account's fills
        form legs) and `balances` ((currency number, units) pairs).
        """
    def apply_fill(self, strategy: str, fill: Any, /) -> int:
        """Book an `OrderFilled` in the account and in the strategy's book; remember it.

        Returns what it realised in settlement units, fees apart. A strategy that is not in this run
        owns nothing: its fill is the account's alone.
        """
    def take_back(self, event: Any, /) -> list[tuple[str, Any, int]] | None:
        """Book what a `FillBusted` or `FillCorrected` says about one of the last 10,000 fills.

        Returns (strategy, `OrderFilled`, realised) of the opposite of the fill as it stood and of the
        corrected one; None when the fill is not remembered.
        """
    def apply_cash(self, event: Any, /) -> None:
        """Book a `CashAdjusted`; each strategy's share is by what it holds, rounded toward zero."""
    def apply_split(self, event: Any, /) -> None:
        """Scale the holdings by a `PositionAdjusted`; every book keeps whole lots."""
    def position(self, book: int, instrument: int, /) -> int:
        """Signed quantity that can be delivered: fills less fees paid in the coin, whole lots then."""
    def remembers(self, instrument: int, fill_id: str, /) -> bool:
        """Whether a fill is among the last that were booked."""
    def unallocated(self, instrument: int, /) -> int:
        """Signed quantity of the account beyond what the strategies' books hold."""
    def net_quantity(self, book: int, instrument: int, /) -> int:
        """Sum of the signed fills, without regard to fees."""
    def legs(self, book: int, instrument: int, /) -> list[int]:
        """Numbers of the open legs, ascending."""
    def quantity(self, book: int, instrument: int, leg: int = 0, /) -> int:
        """Signed quantity of a leg."""
    def cost(self, book: int, instrument: int, leg: int = 0, /) -> tuple[int, int]:
        """Exact cost of a leg as (units, scale); as `Ledger.cost`."""
    def realized(self, book: int, instrument: int, /) -> int:
        """Realised profit so far, settlement units, fees apart."""
    def unrealized(self, book: int, instrument: int, mark: int, /) -> int:
        """Profit of all open legs at a mark; as `Ledger.unrealized`."""
    def balance(self, venue: str, currency: int, book: int = 0, /) -> int:
        """Balance of a book at a venue, currency units."""
    def fees(self, currency: int, /) -> int:
        """Fees that the accounts paid; negative when rebates exceed them."""
    def equity(self, book: int = 0, /) -> int:
        """Value of a book over all venues in units of the account currency.

        Each part in another currency is converted at the last price and rounded half to even on its
        own. Raises `MissingData` when something held or a rate has no price yet, `CurrencyMismatch`
        when no instrument gives a rate.
        """
    def realized_by_currency(self, book: int, /) -> list[tuple[int, int]]:
        """Realised profit, fees apart, as (settlement currency, units)."""
    def unrealized_by_currency(self, book: int, /) -> list[tuple[int, int]]:
        """Profit of what is open at its marks, as (settlement currency, units). Raises `MissingData`."""
    @property
    def held(self) -> list[int]:
        """Numbers of the instruments that were ever filled, in order of their first fill."""
    def snapshot(self) -> bytes:
        """The whole state; equal books have equal bytes."""
    def restore(self, data: bytes, /) -> None:
        """Replace the state by that of a snapshot; raises as `Ledger.restore`."""
    def digest(self) -> bytes:
        """BLAKE3 of the state, 32 bytes; equal for equal books however they were reached."""

# --- market state (market.rs) -------------------------------------------------------------------
@final
class Market:
    """The last of everything per instrument; the kernel updates it."""

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
    def split(self, instrument: int, ts: int, numerator: int, denominator: int, /) -> None:
        """Prices received before `ts` become denominator / numerator of what they were, half to even.

        A book from before `ts` is forgotten until its next snapshot.
        """
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
    """A streaming indicator, fed by bars; every output is NaN until `ready`, after `warmup` bars."""

    def __new__(cls, name: str, periods: Sequence[float]) -> Indicator:
        """Raises `ConfigError` for a name or parameter that cannot be."""
    def update(self, bar: Any, /) -> None:
        """Take a closed `Bar`; an unknown volume is passed on as NaN."""
    @property
    def value(self) -> float: ...
    def output(self, name: str, /) -> float:
        """An output by its name in `outputs`; `value` is the first. Raises `AttributeError`."""
    @property
    def ready(self) -> bool: ...
    @property
    def count(self) -> int: ...
    @property
    def warmup(self) -> int: ...
    @property
    def inputs(self) -> list[str]: ...
    @property
    def outputs(self) -> list[str]: ...
    def batch(
        self,
        columns: Mapping[str, Any],
        price_scale: int,
        size_scale: int,
        out: Sequence[Any],
        /,
    ) -> None:
        """Run a fresh one over whole columns into float64 buffers, one for each of `outputs`.

        Columns are C-contiguous buffers of float64, or of int64 that count 10^-scale. Raises
        `DataFormatError` for columns that are missing, odd, unequal or of prices that are none.
        """
    def snapshot(self) -> bytes: ...
    def restore(self, data: bytes, /) -> None:
        """Raises `CodecError` for what is no snapshot of this indicator with these parameters."""

# --- the core's thread (bindings/dispatcher.rs, player.rs) ------------------------------------------
@final
class Cell:
    """An actor's place in the dispatcher: what a reference points to, also over restarts."""

    def __new__(cls, name: str, actor: Any, handlers: Any) -> Cell:
        """`handlers` maps a message's class to what handles it."""
    @property
    def name(self) -> str: ...
    @property
    def actor(self) -> Any: ...
    @property
    def handlers(self) -> Any: ...
    @property
    def parked(self) -> int:
        """Messages that came while the actor was paused."""
    @property
    def failures(self) -> int: ...
    @property
    def paused(self) -> bool: ...
    def pause(self) -> None:
        """From now on messages are counted instead of handled."""

@final
class Dispatcher:
    """Runs inputs through the actors, one at a time, to completion; see `actors/dispatcher.py`."""

    running: Cell | None
    """Whose handler runs."""

    def __new__(cls) -> Dispatcher: ...
    @property
    def cells(self) -> dict[str, Cell]: ...
    @property
    def stopped(self) -> bool:
        """Whether an actor of the core has failed: no more inputs."""
    def time_handlers(self, bounds: Sequence[int], /) -> None:
        """Measure how long handlers take from now on; `bounds` are those of the counts, in ns, ascending."""
    def handler_times(self) -> tuple[list[int], int] | None:
        """Handlers by how long they took (one more than bounds), and all of it in ns; None before."""
    def supervise(self, handler: Any, /) -> None:
        """Name who decides about failing actors. Without one, a failure propagates."""
    def carry(self, path: OrderPath, /) -> None:
        """Release, with each handler, the orders that it asked for."""
    def close(self) -> None:
        """Let go of every actor, so that nothing of a run outlives it."""
    def add(self, cell: Cell, /) -> None:
        """Give an actor its place. Names are unique (`AssertionError`)."""
    def emit(self, cell: Cell, message: object, /) -> None:
        """Send a message from inside a handler: it leaves when the handler returns."""
    def post(self, cell: Cell, message: object, /) -> None:
        """Send from wherever we are: through the outbox inside a handler, directly outside."""
    def is_busy(self, cell: Cell, /) -> bool:
        """Whether an actor's handler runs, or waits for an answer: asking it now would never end."""
    def dispatch(self, cell: Cell, message: object, /) -> None:
        """Handle one input and everything that follows from it."""
    def publish(self, cells: Sequence[Cell], message: object, /) -> None:
        """Hand one input to several actors, in order, then handle everything that follows."""
    def drain(self) -> None:
        """Handle what waits, and what follows from it, until nothing does."""
    def call(self, cell: Cell, message: object, /) -> object:
        """An ask on the core thread: a plain call whose emissions join the caller's.

        A failure goes to the caller, who is atomic itself; what the callee emitted is dropped.
        """

@final
class Router:
    """Who asked for which market data, by kind and number of the instrument."""

    def __new__(cls, instruments: int, /) -> Router: ...
    def add(self, kind: str, instrument: int, cell: Cell, /) -> bool:
        """Deliver a kind of an instrument's data to an actor; False when it was already."""
    def add_bars(self, instrument: int, timeframe: str, price_type: str, cell: Cell, /) -> bool:
        """Deliver bars to an actor; True when nobody had asked for them before."""
    def cells(self, instrument: int, message: Any, /) -> list[Cell]:
        """Who asked for a market data message."""

@final
class Player:
    """Brings the kernel's inputs to the actors, in order."""

    def __new__(
        cls,
        *,
        kernel: Kernel | None,
        router: Router,
        dispatcher: Dispatcher,
        path: OrderPath,
        others: Callable[[Any], None],
    ) -> Player:
        """`others` takes the inputs that are neither market data nor about an order.

        Without a kernel, inputs come as messages: see `publish`.
        """
    def close(self) -> None:
        """Let go of the graph, so that nothing of a run outlives it."""
    def play(
        self, limit: int | None = None, skip: int | None = None, until: int | None = None
    ) -> bool:
        """Handle inputs until none is left or a core actor has failed.

        Also until `limit` were delivered, about `skip` were passed over that nobody asked for, or
        everything up to the moment `until` was handled, that moment included: rows, and timers, bars,
        deadlines, commands and reports at their own times. Then `Kernel.reached` is `until`.

        Returns whether there may be more. With live feeds there always may, before `Kernel.cut`.
        """
    def publish(self, instrument: int, message: Any, /) -> None:
        """Hand a market data message to whoever asked for it, or for something that it did.

        Everything that follows is handled too. `Market.apply` must have taken the message before.
        """

@final
class Interests:
    """Declares what wakes strategies, by number of their book: see `watch.rs`."""

    def __new__(cls, directory: Directory, market: Market, /) -> Interests: ...
    def attach(
        self,
        book: int,
        instrument: int,
        timeframe: str,
        price_type: str,
        indicator: Indicator,
        /,
    ) -> bool:
        """Update an indicator with these bars from now on; False when it is attached already."""
    def cross(
        self,
        book: int,
        name: str,
        instrument: int,
        timeframe: str,
        price_type: str,
        first: tuple[Indicator, str] | float,
        second: tuple[Indicator, str] | float,
        skip_flat: bool,
        /,
    ) -> None:
        """Tell when two lines, outputs of indicators or levels, cross at the close of such a bar."""
    def throttle(self, book: int, instrument: int, every_ns: int, distance: int, /) -> None:
        """Let a quote through when enough time has passed and the mid has moved so many units."""
    def wait_for(self, book: int, name: str, instrument: int, units: int, /) -> None:
        """Tell once when the price reaches a level from where it is now; replaces the same name."""
    def forget(self, book: int, name: str, instrument: int, /) -> None:
        """Wait no more for a level."""
    def release(self, book: int, /) -> None:
        """Forget everything that a strategy declared."""
    def memory(self, book: int, /) -> _Remembered:
        """What a strategy's interests remember.

        Sides of crosses; time and doubled mid of the last quote that each throttle let through;
        levels as (instrument, name, units, whether the price was at or above it).
        """
    def remember(self, book: int, memory: _Remembered, /) -> bool:
        """Go on from what `memory` gave; False when the strategy declares other crosses or throttles."""

# --- the way of an order (path/*.rs, journal.rs) ------------------------------------------------------
@final
class Journal:
    """The decision record as it grows: numbered records and a digest over them."""

    durable_seq: int
    """Everything caused by inputs up to this one survives a crash: for people and snapshots."""
    durable_count: int
    """Records that survive a crash, of `count`: the gate's measure. With `after` it begins at 0."""

    def __new__(
        cls, *, keep: bool = False, durable_seq: int = ..., after: int | None = None
    ) -> Journal:
        """`keep` holds on to the records; without `durable_seq` everything is durable, always.

        With `after`, the last sequence number before, records wait for `hand_over`.
        """
    @property
    def count(self) -> int: ...
    @property
    def last_seq(self) -> int: ...
    def append(self, seq: int, record: bytes, external: bool = False, /) -> None:
        """Add an encoded record caused by input `seq`; sequence numbers never step back.

        `external` marks an input that came from outside; a re-run makes all others again.
        """
    def records(self) -> list[tuple[int, bytes]] | None:
        """Sequence number and bytes of each record; None without `keep`."""
    def digest(self) -> bytes:
        """BLAKE3 of everything so far: per record its number (8 bytes, little endian) and bytes."""
    def hand_over(self) -> JournalBatch | None:
        """The records since the last time, for the writer; None when there are none."""

@final
class JournalBatch:
    """Records on their way from the core to the disk."""

    @property
    def count(self) -> int: ...
    @property
    def first_seq(self) -> int: ...
    @property
    def last_seq(self) -> int: ...
    @property
    def size(self) -> int:
        """Bytes that it holds."""
    def records(self) -> list[tuple[int, bool, bytes]]:
        """Sequence number, whether it is an input from outside, and bytes of each record."""

@final
class JournalChain:
    """The chain of a journal's records, at one of them; the format stands in `chain.rs`."""

    def __new__(cls, number: int, seq: int, hash: bytes, /) -> JournalChain: ...
    @staticmethod
    def at(number: int, record: bytes, /) -> JournalChain:
        """The chain at a record that is undamaged in itself; else a `ValueError` says why."""
    @staticmethod
    def is_external(record: bytes, /) -> bool:
        """Whether a whole record is an input from outside."""
    @property
    def number(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def hash(self) -> bytes:
        """First 128 bits of BLAKE3 over the record's number and bytes."""
    def frame(self, batch: JournalBatch, /) -> list[tuple[bytes, bytes]]:
        """Key and bytes of each record of a batch; the chain moves to the last.

        Raises ValueError, and moves nowhere, when a sequence number steps back.
        """
    def block(self, pairs: Sequence[tuple[bytes, bytes]], /) -> JournalBlock:
        """The next records, by key and bytes, as far as they follow; the chain moves to the last.

        ValueError says why the first does not follow.
        """
    def read(self, key: bytes, record: bytes, /) -> bytes:
        """The body of the next record; ValueError says why it is not the next."""

@final
class JournalBlock:
    """Records of a journal that follow each other, checked.

    They come as (number, sequence number, body, whether it is an input from outside).
    """

    def __new__(cls, records: Sequence[tuple[int, int, bytes, bool]], /) -> JournalBlock: ...
    def records(self) -> list[tuple[int, int, bytes, bool]]:
        """All of them."""
    def external(self) -> list[tuple[int, int, bytes, bool]]:
        """Those that are inputs from outside."""
    def of(self, kinds: Sequence[str], /) -> list[tuple[int, int, bytes, bool]]:
        """Those whose message is of one of these classes."""
    @property
    def last(self) -> int:
        """Number of the last record; 0 when there is none."""

@final
class JournalAhead:
    """The journal ahead of a re-run: what was read, and not yet made again."""

    def __new__(cls, notes: Sequence[str], /) -> JournalAhead:
        """`notes` are the kinds of records that no re-run makes."""
    def push(self, block: JournalBlock, /) -> None:
        """The next records; the block is empty then."""
    def compare(self, batch: JournalBatch, first: int, last_seq: int, /) -> tuple[int, bool | None]:
        """Take what equals the records of a batch, from its `first` on, of the inputs up to `last_seq`.

        Returns how many of the batch are equal now, and whether those are all; None when more of the
        journal has to be read first.
        """
    def count(self, body: bytes, /) -> None:
        """Count a record that was compared elsewhere."""
    @property
    def counts(self) -> tuple[int, int, int]:
        """What was equal: records, intents, and those intents that are orders."""
    def next(self) -> tuple[int, int, bytes, bool] | None:
        """The next record that is to be made, which stays; None when more has to be read."""
    def pop(self) -> None:
        """Leave the next record out."""
    def at(self, seq: int, /) -> list[tuple[int, int, bytes, bool]]:
        """Records of an input; they stay."""
    def take(self, seq: int, /) -> list[tuple[int, int, bytes, bool]]:
        """The records of the inputs up to one, notes among them; they are gone then."""
    def last(self, count: int, /) -> list[tuple[int, int, bytes, bool]]:
        """The records that were read last, the last one first; they stay."""

@final
class TapeFrames:
    """The rows that one turn brought, made into a frame of the tape; the format stands in `tape.rs`."""

    def __new__(
        cls, columns: Sequence[Sequence[str]], rows: Sequence[int], stamps: Sequence[int], /
    ) -> TapeFrames:
        """Streams by their column names, with the rows and last times of receipt they begin at."""
    def push(self, stream: int, columns: Mapping[str, Any], /) -> None:
        """Copy rows of a stream: contiguous int64 buffers of one length by column name.

        A time of receipt before the last one becomes the last one. Raises `KeyError` for a missing column,
        `ValueError` or `BufferError` for one that is no such buffer.
        """
    def frame(self, seq: int, now: int, /) -> bytes | None:
        """Everything pushed since `clear` as one frame; None when that is nothing."""
    def clear(self) -> None:
        """Begin the next turn."""
    @property
    def blocks(self) -> int:
        """Pushes since `clear`."""
    @property
    def rows(self) -> list[int]:
        """Rows of each stream up to now."""
    @property
    def before(self) -> list[int]:
        """Rows of each stream at the last `clear`."""
    @property
    def stamps(self) -> list[int]:
        """Last time of receipt of each stream."""

@final
class TapePiece:
    """Whole frames of a piece of a file, taken apart; other threads run meanwhile."""

    def __new__(
        cls, data: bytes, columns: Sequence[Sequence[str]], wanted: int | None = None, /
    ) -> TapePiece:
        """Keep the columns of one stream, of all (None), or of none (a number that no stream has)."""
    @property
    def consumed(self) -> int:
        """Bytes of the whole frames."""
    @property
    def damaged(self) -> bool:
        """Whether what follows them is no frame, or not as it was written."""
    @property
    def needs(self) -> int:
        """Bytes of the frame that follows and is not whole here; 0 when none does."""
    @property
    def frames(self) -> int:
        """How many they are."""
    @property
    def seq(self) -> int:
        """Sequence number of the last one."""
    @property
    def now(self) -> int:
        """Time of the last one."""
    @property
    def rows(self) -> list[int]:
        """Rows of each stream."""
    @property
    def stamps(self) -> list[int | None]:
        """Last time of receipt of each stream."""
    def columns(self, stream: int, /) -> list[bytes]:
        """The columns of a stream that was kept, little-endian int64; else none."""

@final
class OrderPath:
    """Portfolio → risk → broker → gate, and evidence back up; see `rust_ext/src/path`."""

    def __new__(
        cls,
        *,
        directory: Directory,
        market: Market,
        books: Books,
        orders: OrderTable,
        risk: Risk,
        journal: Journal,
        venue: Any,
        clock: Any,
        epoch: int,
        max_age_ns: int,
        grid_ns: int,
        keep_record: bool,
    ) -> OrderPath:
        """`venue` is a `Kernel`, or has `submit(command)`; then `clock` has `set_timer`.

        `epoch` is the first 48 bits of client order ids. An order older than `max_age_ns` when it
        may leave is dropped. Equity is sampled every `grid_ns`. `keep_record` keeps what a result
        is made of; memory then grows with orders.
        """
    def connect(self, book: int, cell: Cell, *, fills: bool, orders: bool) -> None:
        """Name the cell of a strategy and what it wants to hear of its orders."""
    def stamp(self, seq: int, now: int, /) -> None:
        """The input that is being handled from now on."""
    def command(self, command: Any, /) -> None:
        """Send `SubmitOrder`, `CancelOrder`, `ReplaceOrder`, `CancelAll` or `Flatten` down the path.

        It goes its way when the running handler returns.
        """
    def reasons(self, order: Any, /) -> list[str]:
        """What risk would say of a `SubmitOrder` at this moment; empty when it would pass.

        Nothing is remembered of it. Not for use inside a handler.
        """
    def evidence(self, event: Any, /) -> None:
        """Take an order event: record it, apply it, book it; the strategy hears of it after."""
    def sample(self) -> None:
        """Take an equity sample; nothing when something held has no price yet."""
    def on_grid(self) -> None:
        """Take an equity sample and set the timer of the next one."""
    def timer_fired(self, strategy: str, name: str, /) -> None:
        """A strategy's timer has fired: the clock has forgotten it."""
    def on_durable(self, now: int, /) -> list[Any]:
        """The journal has become durable further: let out what may go, in order.

        `now` is the present moment, nanoseconds UTC: what waited is measured by it (age, stale data).
        Returns `take_dropped()`.
        """
    def take_dropped(self) -> list[Any]:
        """What the gate has to tell the core, once: to be injected as inputs, in this order.

        `OrderNotSent` for orders that never left, `ReplaceRejected` ("not sent: ...") for new terms;
        after the venue's port raised a `Halt` of everything and `RequestUnknown`.
        Nothing of it has changed the core's state yet.
        """
    def suppress(self, on: bool, /) -> None:
        """While state is rebuilt nothing leaves, and all of it counts as sent."""
    def take_suppressed(self) -> list[Any]:
        """Commands that were suppressed and have no answer yet, in order; once.

        They may or may not have left before: ask the venue about their orders.
        """
    @property
    def waiting(self) -> int:
        """Commands held back until their records are durable."""
    def discard(self) -> None:
        """Drop what the running handler asked for."""
    @property
    def epoch(self) -> int:
        """What client order ids begin with (48 bits)."""
    def begin_epoch(self, epoch: int, /) -> None:
        """From now on ids begin with this; another one than before counts from 1."""
    def snapshot(self) -> bytes:
        """What the path itself remembers, for `restore`; taken between two inputs.

        In it: how many ids each strategy minted, and how many were minted to close its book; the clock's
        handles of strategies' timers (`Kernel.snapshot` has the timers). Not in it: what `Books`,
        `OrderTable`, `Risk` and the journal hold; commands that wait at the gate, of which the order
        table only knows that they were asked for; what `keep_record` keeps; texts and their numbers,
        which the other snapshots bring along.

        Raises `StateError` while something is on its way through the path.
        """
    def restore(self, data: bytes, /) -> None:
        """Go on from a snapshot of a path with the same epoch and strategies.

        Raises `CodecError`, `SchemaTooNew`, or `StateError` for another epoch or strategy.
        """
    def signals(self) -> list[Any]:
        """Every order that was asked for, as `SubmitOrder`; only with `keep_record`, as below."""
    def fills(self) -> list[tuple[Any, Any, int]]:
        """(strategy, `OrderFilled`, profit in settlement units, fees apart), as booked."""
    def columns(self) -> RunColumns:
        """All of it, as columns."""

@final
class RiskControl:
    """What people and controls do to the risk of an order path; each goes on record.

    A scope is a strategy, an instrument, a venue, or everything when none is named. Names that are not
    in this run are kept and hold nothing back.
    """

    def __new__(cls, path: OrderPath, /) -> RiskControl:
        """Of this path."""
    def halt(
        self, reason: str, strategy: str | None, instrument: str | None, venue: str | None, /
    ) -> None:
        """Deny new orders in a scope, and stop what waits at the gate."""
    def restrict(
        self, reason: str, strategy: str | None, instrument: str | None, venue: str | None, /
    ) -> None:
        """Let only orders pass that reduce."""
    def resume(
        self, reason: str, strategy: str | None, instrument: str | None, venue: str | None, /
    ) -> None:
        """Lift every latch of exactly this scope, and forget what led to it."""
    def feed_stale(self, instrument: str, silent: bool, /) -> None:
        """Deny new orders on an instrument while its feed is silent."""
    def view(
        self,
    ) -> list[tuple[str, tuple[str | None, str | None, str | None], str, str, str, int | None]]:
        """Every limit, then the latches: control, scope, limit, what is used, state, latched since.

        The scope is (strategy, instrument, venue). States are `ok`, `off`, `denies`, `halted` and
        `reduce_only`; since is in ns UTC.
        """

@final
class RunColumns:
    """What a run recorded, by column.

    A column is little-endian 64-bit integers, or a list where a number needs more. `UNDEFINED`
    stands for no price and no time. Client order ids are 16 bytes each, whose hex digits are their
    text; fill ids 8 bytes each, little-endian, or a list of texts where one is no number.
    """

    @property
    def orders(self) -> dict[str, Any]:
        """A row per order that was asked for, as it stands now; see `OrderColumns`."""
    @property
    def fills(self) -> dict[str, Any]:
        """A row per booking of a fill; see `FillColumns`."""
    @property
    def equity(self) -> dict[str, Any]:
        """`ts` and `units` of each sample."""
    @property
    def texts(self) -> tuple[str, ...]:
        """Tags and position legs by number."""
    @property
    def reasons(self) -> tuple[tuple[str, ...], ...]:
        """Words of ends by number."""
    @property
    def denied(self) -> int:
        """Orders that were denied."""
    @property
    def denials(self) -> dict[str, int]:
        """How often each reason of a denial was given."""

@final
class OrderDesk:
    """How one strategy asks for orders and sees its own.

    Numbers are `Decimal`, int or decimal text; what is not plain goes to `exact(instrument, what,
    value)`, which gives units or raises. Everything asked for leaves when the handler returns.
    """

    signals: int
    """Orders asked for so far."""
    counter: int
    """Ids minted so far."""

    def __new__(cls, path: OrderPath, book: int, exact: Callable[..., int], /) -> OrderDesk: ...
    @property
    def last_signal(self) -> int | None:
        """When it was last asked for an order, nanoseconds UTC; None when not since it was made."""
    @property
    def now(self) -> int:
        """Nanoseconds UTC of the input being handled."""
    def submit(
        self,
        instrument: str,
        side: Side,
        quantity: Any,
        order_type: OrderType | None,
        options: Mapping[str, Any],
        /,
    ) -> ClientOrderId:
        """Ask for an order; returns its id. Options as `Strategy.submit` takes them.

        Raises `StrategyError` for options that contradict each other and quantities that are not
        positive, and what `exact` raises.
        """
    def target(
        self, instrument: str, quantity: Any, options: Mapping[str, Any], /
    ) -> ClientOrderId | None:
        """Ask for what brings held, working and unknown quantity to `quantity`; None when nothing."""
    def cancel(self, order: str, /) -> None:
        """Ask for a cancel. `StrategyError` for an order that is not this strategy's."""
    def cancel_all(self, instrument: str | None, /) -> None:
        """Ask for every own order to be canceled, those of the running handler too."""
    def replace(self, order: str, quantity: Any, limit: Any, stop: Any, /) -> None:
        """Ask for new terms; None keeps a value. Raises as `cancel` and `submit`."""
    def set_timer(self, name: str, at: int | None, /) -> None:
        """Set a timer, or move the one of that name; None forgets it."""
    def position_units(self, instrument: str, /) -> int:
        """Signed quantity units that the strategy holds."""
    def open_orders(self, instrument: str | None, /) -> list[Order]:
        """The strategy's open orders, oldest first."""

# --- replay (kernel.rs) -----------------------------------------------------------------------------
@final
class SimulatedVenue:
    """One venue of a kernel as a party of its own: what it did, what it is, how it comes back.

    From its creation on the venue's entries are kept until they are taken; a venue that nobody asked
    about keeps none.
    """

    def __new__(cls, kernel: Kernel, venue: int, /) -> SimulatedVenue:
        """The venue with this number. Raises `IndexError` when there is none."""
    def take_entries(self) -> tuple[bytes, bool]:
        """What happened since the last time, and whether a trigger moved without an entry.

        The bytes are one msgpack array of entries (docs/reference/paper.md), empty where nothing did.
        """
    def snapshot(self) -> bytes:
        """The venue's state without the market that it saw and the orders that ended.

        Open orders with their progress and places, the account, the last fill number.
        """
    def bring_back(
        self,
        snapshot: bytes,
        instruments: Sequence[int],
        currencies: Sequence[int],
        ended: Sequence[tuple[str, int]],
        groups: Sequence[int],
        /,
    ) -> None:
        """Become what the snapshot says, as of the kernel's time, after a time without a market.

        `instruments` and `currencies` are the numbers in this run of those that the snapshot was
        written with, in its order; each once.
        `ended` are (client order id, filled units) of orders that ended, `groups` those of which one
        has filled. Orders stand at the back of their levels; those that were to end meanwhile end now,
        and what they report are the kernel's next inputs. Raises `CodecError` for damaged bytes,
        `SchemaTooNew`, and `StateError` for those of another venue; nothing has changed then.
        """
    def open_orders(self) -> list[tuple[str, str, str, int, int]]:
        """Orders that have not ended: (id, instrument, venue order id, quantity, filled)."""
    def balances(self) -> list[tuple[str, int]]:
        """Units of every currency of the run."""
    def positions(self) -> list[tuple[str, int, int]]:
        """Open positions as (instrument, leg, signed units)."""

@final
class Kernel:
    """Merges feeds, venues, timers and messages from outside into one ordered stream of inputs.

    `next()` advances to the next input by (ts, class, feed, row), lets the venues take it first,
    updates `market`, gives it the next sequence number and returns it as a message.

    A replay has recorded feeds and plays them to their end. A live session has live feeds: rows are
    pushed, messages injected, and `Player.play(until=...)` plays everything up to a moment. What was
    played out is closed: nothing that comes later is stamped at or before that moment, so the same rows
    and messages give the same inputs in whatever pieces they came and were played.
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
    ) -> int:
        """A feed of `kind` (quote trade bar book mark funding split dividend).

        `chunks` yields mappings column name -> int64 buffer (C-contiguous, zero-copy), sorted by
        `ts_received`; the next chunk is asked for when one is used up, so the kernel holds one chunk per
        feed. They must not be written to while it does: it reads them while other threads run. Columns: see docs/reference/catalog.md. `bar` is (timeframe, price type).
        `latency_ns` is added to `ts_received`. All feeds are added before the first `next()`; their
        order breaks ties of time. A venue trades on bars only where the instrument has no quotes,
        trades or book, and then on its shortest ones.

        A `ts_received` that steps back is stamped with the running maximum and counted as
        `time_backwards`. Raises `DataFormatError` for missing, odd or unequal columns, here and in
        `next()`, and `ConfigError` for a feed that cannot be. Returns the feed's number.
        """
    def add_live_feed(
        self, kind: str, instrument: int, bar: tuple[str, str] | None = None, /
    ) -> int:
        """A feed that rows are pushed to; returns its number, which also breaks ties of time.

        Kinds, bars and errors as `add_feed`, and it may stand beside recorded feeds. A kernel with a
        live feed ends only through `cut` and `finish`. Of a bar that a venue trades on the open is
        shown at its own time only if the bar is pushed before; else as soon as it is there.
        """
    def push(self, feed: int, columns: Mapping[str, Any], /) -> None:
        """Add rows to a live feed, behind those that wait there; columns as chunks of `add_feed`.

        They may lie ahead of other feeds and of what is played. Each feed's rows are in order of
        `ts_received`; one that steps back, or that lies in what was played out (`reached`) already, is
        stamped with the earliest moment that is open, and counted as `time_backwards`. A tape of the
        session that is to replay to the same must therefore hold only rows later than `reached`.

        Raises `DataFormatError` as `add_feed`, and for book rows that end inside a message;
        `ConfigError` for a recorded feed, or after the end.
        """
    def rows_taken(self, feed: int, /) -> int:
        """Rows of a feed that became inputs or were refused: the next one has this number from 0."""
    def inject(
        self, ts: int, phase: str, message: Any, encoded: bytes, seq: int | None = None, /
    ) -> None:
        """Make a message from outside an input: `phase` is `report` or `control`.

        It comes at `ts`, in its class, behind messages of that class and time that came before it; a
        time that was played out already becomes the earliest open one. Then it is counted, its stamp
        and `encoded` enter the hash of the inputs, and it is returned (by `next`) or handed to
        `others` (by `Player.play`) as it is.

        With `seq` it repeats an input of an earlier run: it gets that number, whatever else lies at its
        time. (A venue without latency reports between two timers of one instant.) Where inputs before it
        are missing, it comes when nothing else is left. Raises `ConfigError` for a number that has
        passed or is taken.
        """
    def jump(self, ts: int, /) -> None:
        """Nobody listened until `ts`: what fell due meanwhile comes late, once.

        Timers and the closes of bars wait for `release`, and others come at `ts`. Venues must be
        inactive, and every row that was pushed must be played.
        """
    def release(self) -> None:
        """What fell due since the jump comes now."""
    def next_task(self) -> int | None:
        """When the next timer, bar, report or message is due, rows apart."""
    def set_venues_active(self, active: bool, /) -> None:
        """Whether the simulated venues take part; they do at first.

        Inactive ones see no market data, commands to them vanish and nothing falls due there; what they
        reported before still arrives. Activated, they are shown the market as it stands, without
        matching anything, and what has fallen due expires.
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
    def next(self, until: int | None = None, /) -> Any | None:
        """The next input as a message; None when feeds, venues and timers have nothing left.

        With `until` nothing later than that moment comes; None then also says that everything up to it
        was played. Without it, timers of the future come too.

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
    def reached(self) -> int:
        """The moment up to which everything was played (`Player.play(until=...)`); -2**63 before.

        A command submitted afterwards counts from the later of `now` and this one; a timer, a report or
        a row comes later than it.
        """
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
    def snapshot(self) -> bytes:
        """Everything that the inputs to come depend on, for `restore`; taken between two inputs.

        In it: `seq`, `now`, `reached`; counts, defects and the digest of the inputs so far; how many rows
        of each feed were taken; open and complete bars and when they close; timers with their handles;
        the market. Not in it: rows that wait, venues with their commands, reports and deadlines, who
        wants what, and what strategies wait for, which their own snapshots hold.

        Raises `StateError` after the end, and while messages from outside wait.
        """
    def restore(self, data: bytes, /) -> None:
        """Become the kernel (and market) of a snapshot: before the first input, with the same
        instruments, feeds and built bars. A recorded feed must give, and to a live one are pushed, the
        rows from `rows_taken` on. The hash of the inputs goes on from the digest of those before.

        Raises `CodecError` for bytes that are damaged, `SchemaTooNew`, and `StateError` for a kernel
        that does not fit; then nothing has changed.
        """
    def cut(self) -> None:
        """End the data here: what was not played stays unplayed."""
    def finish(self) -> None:
        """End of data: commands under way arrive and what works is canceled, at once.

        What the venues report to it are the next and last inputs.
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

def moments(values: Any, /) -> tuple[float, float, float, float, float]:
    """(mean, sums of the 2nd, 3rd and 4th powers around it, sum of the squares of losses).

    Of a contiguous buffer of 64-bit floats; all zero when it is empty. Sums are compensated: they
    do not depend on the machine.
    """

def digest(data: bytes, /) -> bytes:
    """BLAKE3 of `data`, 32 bytes."""

@final
class Hasher:
    """Running BLAKE3."""

    def __new__(cls) -> Hasher: ...
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...
