"""What the journal's records mean to an operator: log lines, alerts, counts.

Only the kinds of the tables below are decoded; others cost a look at their name. Nothing here waits.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from openoutcry import _native
from openoutcry.daemon.alerts.desk import AlertDesk
from openoutcry.daemon.alerts.rules import scope_name
from openoutcry.daemon.control.answers import PAUSED
from openoutcry.daemon.logs.pipe import Log
from openoutcry.daemon.logs.record import Level
from openoutcry.state.codec import decode, kind_of
from openoutcry.state.commands import RiskApproved
from openoutcry.state.events import (
    AccountLiquidated,
    ActorFailed,
    BookStale,
    OrderDenied,
    OrderFilled,
    OrderNotSent,
    TradingHalted,
    TradingRestricted,
    TradingResumed,
)

DIVERGED: Final = "diverged: "
"""How the reason of a halt begins that follows a recovery with other decisions."""
EVENTS: Final[dict[str, tuple[Level, str]]] = {
    "RiskApproved": (Level.DEBUG, "order_approved"),
    "OrderAccepted": (Level.DEBUG, "order_accepted"),
    "OrderTriggered": (Level.DEBUG, "order_triggered"),
    "OrderReplaced": (Level.DEBUG, "order_replaced"),
    "OrderFilled": (Level.INFO, "order_filled"),
    "OrderCanceled": (Level.INFO, "order_canceled"),
    "OrderExpired": (Level.INFO, "order_expired"),
    "OrderDenied": (Level.INFO, "order_denied"),
    "OrderNotSent": (Level.WARNING, "order_not_sent"),
    "OrderRejected": (Level.WARNING, "order_rejected"),
    "CancelRejected": (Level.INFO, "cancel_rejected"),
    "ReplaceRejected": (Level.INFO, "replace_rejected"),
    "RequestUnknown": (Level.WARNING, "request_unknown"),
    "FillBusted": (Level.WARNING, "fill_busted"),
    "FillCorrected": (Level.WARNING, "fill_corrected"),
    "CashAdjusted": (Level.INFO, "cash_adjusted"),
    "PositionAdjusted": (Level.INFO, "position_adjusted"),
    "AccountLiquidated": (Level.CRITICAL, "account_liquidated"),
    "BookStale": (Level.WARNING, "feed_silent"),
    "ActorFailed": (Level.ERROR, "actor_failed"),
    "TradingHalted": (Level.WARNING, "trading_halted"),
    "TradingRestricted": (Level.WARNING, "trading_restricted"),
    "TradingResumed": (Level.INFO, "trading_resumed"),
    "SetLimit": (Level.INFO, "limit_set"),
    "CancelAll": (Level.INFO, "cancel_all"),
    "Flatten": (Level.INFO, "flatten"),
    "ManualOrder": (Level.INFO, "manual_order"),
    "CommandReceived": (Level.INFO, "command_received"),
    "SessionStarted": (Level.INFO, "session_started"),
    "SessionResumed": (Level.INFO, "session_resumed"),
    "SessionReconciled": (Level.INFO, "session_reconciled"),
    "SessionStopped": (Level.INFO, "session_stopped"),
}
"""Level and word of the log line of each kind of record."""
_COUNTED: Final = frozenset(
    {"OrderFilled", "OrderDenied", "OrderNotSent", "CommandReceived"}
    | {"ActorFailed", "AccountLiquidated", "BookStale", "TradingHalted", "TradingResumed"}
)
"""What is decoded whatever the log's level is."""
_HEARD: Final = (AccountLiquidated, ActorFailed, BookStale, TradingHalted, TradingResumed)


class RecordWatch:
    """Reads batches of records. For the core's thread.

    Args:
        log: Where lines go.
        level: Least level of the log.
        desk: Hears of halts, failures and liquidations.

    Attributes:
        fills: Fills since the start.
        denied: Orders that risk refused since the start.
        commands: Control commands since the start.
        not_sent: What the gate dropped since the start, by reason.
    """

    def __init__(self, log: Log, level: int, desk: AlertDesk) -> None:
        self._desk = desk
        self._kinds = {
            kind.encode(): (_sayer(log, at), word)
            for kind, (at, word) in EVENTS.items()
            if at >= level or kind in _COUNTED
        }
        self.fills = self.denied = self.commands = 0
        self.not_sent: Counter[str] = Counter()

    def read(self, batch: _native.JournalBatch) -> None:
        """Take a batch."""
        kinds = self._kinds
        for seq, _, body in batch.records():
            found = kinds.get(kind_of(body))
            if found is not None:
                self._tell(seq, decode(body), *found)

    def _tell(self, seq: int, message: Any, say: Callable[..., None], word: str) -> None:
        if isinstance(message, OrderFilled):
            self.fills += 1
        elif isinstance(message, OrderDenied):
            self.denied += 1
        elif isinstance(message, OrderNotSent):
            self.not_sent[message.reason.partition(":")[0]] += 1
        elif word == "command_received":
            self.commands += 1
        elif isinstance(message, _HEARD) and not is_pause(message):
            self._desk.hear(message, seq)
        say(word, **_fields(message), seq=seq)


def is_pause(message: object) -> bool:
    """Whether a halt only says that one strategy is paused or has diverged: that has a rule of its own."""
    return isinstance(message, TradingHalted) and names_a_pause(
        message.reason, message.strategy, message.instrument, message.venue
    )


def names_a_pause(
    reason: str, strategy: str | None, instrument: str | None, venue: str | None
) -> bool:
    """As `is_pause`, of a halt in force."""
    only = strategy is not None and instrument is None and venue is None
    return only and reason.startswith((PAUSED, DIVERGED))


def _sayer(log: Log, level: Level) -> Callable[..., None]:
    says: dict[Level, Callable[..., None]] = {
        Level.DEBUG: log.debug,
        Level.INFO: log.info,
        Level.WARNING: log.warning,
        Level.ERROR: log.error,
        Level.CRITICAL: log.critical,
    }
    return says[level]


def _fields(message: Any) -> dict[str, Any]:
    """What a line says of a record: few fields, the same names everywhere."""
    match message:
        case OrderFilled():
            return {
                "order": message.client_order_id,
                "instrument": message.instrument,
                "side": message.side.value,
                "price": message.price,
                "quantity": message.quantity,
                "fee": message.fee,
                "fee_currency": message.fee_currency,
            }
        case RiskApproved(command=command):
            return {
                "order": command.client_order_id,
                "strategy": command.strategy,
                "instrument": command.instrument,
                "what": type(command).__name__,
            }
        case TradingHalted() | TradingRestricted() | TradingResumed():
            scope = scope_name(message.strategy, message.instrument, message.venue)
            return {"scope": scope, "reason": message.reason}
    return {
        _NAMES.get(name, name): value
        for name in message.__struct_fields__
        if name in _SHOWN and (value := getattr(message, name)) is not None
    }


_NAMES: Final = {"client_order_id": "order"}
_SHOWN: Final = frozenset(
    {"client_order_id", "instrument", "strategy", "venue", "reason", "reasons", "text", "stale"}
    | {"actor", "sequence", "input", "error", "policy", "name", "value", "currency", "findings"}
    | {"last_seq", "clean", "verb", "client", "key", "fill_id", "side", "quantity_units"}
)
