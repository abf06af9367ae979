"""The answers about orders and money: positions, orders, fills, balances, the chain of an order.

Rules of names and numbers as in `views.py`.
"""

from openoutcry.daemon.control.views import Amounts, Answer, DecimalText, View


class PositionRow(View, frozen=True, kw_only=True):
    """What one book holds of one instrument.

    Args:
        strategy: Whose it is; `unallocated` is what the account has beyond its strategies, and in
            `account` rows it is the account itself.
        venue: Where.
        instrument: What.
        quantity: Signed; negative is short.
        entry: Average entry price; None when flat, when legs oppose each other, or unallocated.
        mark: What closing it would bring now; None without a price.
        value: Quantity times mark times multiplier, in `currency`; None without a price.
        unrealized: Profit at the mark; None without a price, or unallocated.
        realized: Realised profit so far, fees apart; None where it is unallocated.
        currency: The settlement currency.
    """

    strategy: str
    venue: str
    instrument: str
    quantity: DecimalText
    entry: DecimalText | None
    mark: DecimalText | None
    value: DecimalText | None
    unrealized: DecimalText | None
    realized: DecimalText | None
    currency: str


class Positions(Answer, frozen=True, kw_only=True):
    """Positions: those of each strategy and what is unallocated, then those of the account.

    For each instrument the quantities of `rows` add up to the quantity in `account`.
    """

    rows: tuple[PositionRow, ...]
    account: tuple[PositionRow, ...]


class OrderRow(View, frozen=True, kw_only=True):
    """One order.

    Args:
        order: Our id (32 hex digits).
        strategy: Whose it is.
        instrument: What.
        side: `buy` or `sell`.
        type: `market`, `limit`, `stop`, ...
        time_in_force: `gtc`, `ioc`, ...
        quantity: The total in force.
        filled: Of that.
        leaves: What may still fill.
        limit: Limit price in force.
        trigger: Trigger price in force.
        status: What is proven.
        request: The request that waits for an answer, as `cancel sent` or `submit unknown`.
        unknown: Whether a request may or may not have reached the venue.
        venue_order: The venue's id.
        asked: When it was asked for.
        submitted: When it left.
        accepted: When the venue's acknowledgement was received.
        last: When the last evidence was received.
        reasons: The words of its end.
        alarm: Why its last piece of evidence was alarming.
        tag: The strategy's own remark.
    """

    order: str
    strategy: str
    instrument: str
    side: str
    type: str
    time_in_force: str
    quantity: DecimalText
    filled: DecimalText
    leaves: DecimalText
    limit: DecimalText | None
    trigger: DecimalText | None
    status: str
    request: str | None
    unknown: bool
    venue_order: str | None
    asked: int
    submitted: int | None
    accepted: int | None
    last: int
    reasons: tuple[str, ...]
    alarm: str | None
    tag: str


class Orders(Answer, frozen=True, kw_only=True):
    """Orders: the open ones, oldest first, and on demand the last that ended, the latest first.

    `more` is how many rows were left out.
    """

    working: tuple[OrderRow, ...]
    recent: tuple[OrderRow, ...]
    more: int


class FillRow(View, frozen=True, kw_only=True):
    """One execution, as the journal has it.

    Args:
        fill: The venue's id of it.
        seq: The input that brought it.
        ts: The venue's time.
        received: Ours.
        order: Our id of the order.
        strategy: Whose order it is; None when the order is not known any more.
        instrument: What.
        side: `buy` or `sell`.
        price: Of this fill.
        quantity: Of this fill, unsigned.
        fee: Positive paid, negative rebated.
        fee_currency: Of the fee.
        liquidity: `maker` or `taker`.
        later: `busted: why` or `corrected: why` when the venue changed its mind.
    """

    fill: str
    seq: int
    ts: int
    received: int
    order: str
    strategy: str | None
    instrument: str
    side: str
    price: DecimalText
    quantity: DecimalText
    fee: DecimalText
    fee_currency: str
    liquidity: str
    later: str | None


class Fills(Answer, frozen=True, kw_only=True):
    """The last fills, the latest first. `searched` is the oldest input that was looked at."""

    rows: tuple[FillRow, ...]
    searched: int


class BalanceRow(View, frozen=True, kw_only=True):
    """One currency at one venue: `total` is the sum of `unallocated` and all of `strategies`."""

    venue: str
    currency: str
    total: DecimalText
    unallocated: DecimalText
    strategies: Amounts


class Balances(Answer, frozen=True, kw_only=True):
    """Balances by venue and currency; fees that were paid by currency; equity.

    `why` says what is missing when there is no equity.
    """

    rows: tuple[BalanceRow, ...]
    fees: Amounts
    equity: DecimalText | None
    currency: str
    why: str


class Hop(View, frozen=True, kw_only=True):
    """One step in the life of an order.

    Args:
        hop: `cause`, `signal`, `checks`, `intent`, `sent`, or the name of an event or request.
        ts: When; None when nobody wrote it down.
        since: Nanoseconds since the hop before.
        seq: The input in which it happened; None when that is not known.
        venue_ts: The venue's own time of an event.
        text: What happened.
    """

    hop: str
    ts: int | None
    since: int | None
    seq: int | None
    venue_ts: int | None
    text: str


class CheckRow(View, frozen=True, kw_only=True):
    """A check that an order went through: `why` is None when it passed."""

    check: str
    why: str | None


class Why(Answer, frozen=True, kw_only=True):
    """The chain of an order: tick → signal → checks → intent → sent → reports.

    `complete` is false when the journal reached back too little to see its beginning.
    """

    order: OrderRow | None
    checks: tuple[CheckRow, ...]
    hops: tuple[Hop, ...]
    complete: bool
