"""The closed vocabularies of the domain.

Values are the words that stand in journals, configs and reports; they never change meaning.
The integer codes that the native engine uses are the positions in the class (first member = 0),
except `Side`, whose `sign` is +1 or -1.
"""

from enum import Enum, unique


class Word(Enum):
    """A member of a closed vocabulary: the same object wherever it is met, so hashed as one.

    `Enum` hashes the member's name in Python, which costs more than the look-up it serves.
    """

    __hash__ = object.__hash__


@unique
class Side(Word):
    """Direction of an order, fill or aggressor."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


@unique
class OrderType(Word):
    """How an order finds its price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"  # becomes a market order when triggered against the holder
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"  # becomes a market order when triggered in the holder's favour
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"


@unique
class TimeInForce(Word):
    """How long an order works."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    DAY = "day"


@unique
class TriggerSource(Word):
    """Which price triggers a conditional order."""

    BID_ASK = "bid_ask"  # the touch that the order would hit: ask for buys, bid for sells
    LAST = "last"
    MARK = "mark"
    MID = "mid"


@unique
class TrailingKind(Word):
    """Unit of a trailing stop's offset."""

    PRICE = "price"  # price units of the instrument
    BASIS_POINTS = "basis_points"


@unique
class LiquiditySide(Word):
    """Whether a fill made or took liquidity."""

    MAKER = "maker"
    TAKER = "taker"


@unique
class PriceType(Word):
    """Which price a bar is built from."""

    LAST = "last"
    BID = "bid"
    ASK = "ask"
    MID = "mid"


@unique
class OrderStatus(Word):
    """What is proven about an order: the first of its two dimensions."""

    INITIALIZED = "initialized"  # exists here only
    DENIED = "denied"  # refused by our own risk; terminal
    SUBMITTED = "submitted"  # left through the gate, no evidence from the venue yet
    ACCEPTED = "accepted"  # working at the venue
    TRIGGERED = "triggered"  # a conditional order that became live at the venue
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"  # terminal
    CANCELED = "canceled"  # terminal
    EXPIRED = "expired"  # terminal
    REJECTED = "rejected"  # refused by the venue; terminal
    NOT_SENT = "not_sent"  # dropped by the outbound gate before any byte left; terminal

    # Members are singletons: hashing by identity is 4x faster than Enum's hash of the name, and the
    # order state machine looks statuses up several times per event.
    __hash__ = object.__hash__


@unique
class RequestKind(Word):
    """What was last asked of the venue about an order."""

    SUBMIT = "submit"
    CANCEL = "cancel"
    REPLACE = "replace"


@unique
class RequestState(Word):
    """What is known about an outstanding request: with its kind, an order's second dimension."""

    SENT = "sent"
    UNKNOWN = "unknown"  # it may or may not have reached the venue; only proof resolves it


@unique
class Outcome(Word):
    """What a piece of evidence meant to an order."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # nothing to do: a repeated fill or acknowledgement, a late answer
    ILLEGAL = "illegal"  # contradicts what is proven: nothing changed, halt the instrument
    ALARM = "alarm"  # a fill that should not be: booked all the same, halt the instrument


@unique
class FillState(Word):
    """What became of a fill."""

    BOOKED = "booked"
    CORRECTED = "corrected"
    BUSTED = "busted"
    BUSTED_UNSEEN = "busted_unseen"  # taken back before the fill itself arrived


@unique
class PositionMode(Word):
    """How fills of one instrument form positions."""

    NETTING = "netting"
    HEDGING = "hedging"


@unique
class AccountType(Word):
    """What a venue lets an account do."""

    CASH = "cash"  # pays in full, never borrows
    MARGIN = "margin"


@unique
class Mode(Word):
    """Under which clock, feeds and venue the graph runs."""

    REPLAY = "replay"
    PAPER = "paper"
    LIVE = "live"
