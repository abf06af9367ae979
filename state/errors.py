"""The error tree: every operating error has a code that never changes and a remedy.

    OutcryError
    ├── ConfigError            config file, parameters, unknown names       (exit 78)
    │   └── CredentialError    a secret that is missing, or that others may read
    ├── NumericError           numbers that cannot be what they must be
    │   ├── NumericOverflow    beyond 64-bit units or 128-bit money
    │   ├── NotRepresentable   more decimals than the scale, off tick or lot, NaN
    │   └── CurrencyMismatch   two currencies in one sum, or no conversion rate
    ├── IdentifierError        a name that does not parse
    ├── DataError              recorded data that cannot be used
    │   ├── DataFormatError    truncated, unknown column, unreadable
    │   └── CatalogError       a catalog that lacks or contradicts what was asked
    ├── StateError             journal, snapshot, codec
    │   ├── CodecError         bytes that are no message
    │   ├── SchemaTooNew       written by a newer openoutcry
    │   ├── JournalError       the journal cannot do what was asked
    │   │   ├── JournalDamaged  it does not hold what was written
    │   │   ├── JournalFull     no room on the disk, or beyond its largest size
    │   │   └── JournalLocked   another process has the state directory
    │   ├── RecoveryError      a session cannot be brought back as it was
    │   └── TapeError          the tape does not hold, or cannot give, what was asked
    ├── OrderError
    │   └── InvalidTransition  evidence that contradicts the table of transitions
    ├── StrategyError          a strategy used the API in a way that cannot work
    ├── WiringError            the actors are put together wrongly: a fault of ours
    │   ├── DeadlockError       an actor was asked while it waits for the answer
    │   └── UnhandledMessage    an actor got a message that it has no handler for
    ├── MissingData            a price, size or rate that was asked for is not known
    ├── DeliveryError          an alert that a channel did not take
    ├── VenueError             (its subtree stands with the venue adapters)
    └── ControlError           a daemon that could not be asked, or refused    (exit 69)
        ├── DaemonUnreachable   nobody answers at the control socket
        ├── ControlTimeout      the daemon is there and did not answer in time
        ├── ControlDenied       the client's key or role does not allow it
        ├── ProtocolError       bytes that are no message of the control socket
        ├── ProtocolMismatch    client and daemon speak no common version
        ├── DaemonBusy          too many requests in flight
        ├── CommandConflict     an idempotency key that was used for something else
        ├── CommandExpired      a command that came too late to be carried out
        ├── CommandRefused      a command that makes no sense in the daemon's present state (exit 4)
        ├── HelloFirst          a request of a client that has not said hello
        └── DaemonRefused       the daemon's own error, with its own code

Programmer errors are assertions, not part of this tree. An `OutcryError` reaching the command line
is printed as `code: what; remedy`, never as a traceback.
"""

from typing import ClassVar


class OutcryError(Exception):
    """Base of every operating error.

    Args:
        message: What went wrong, with the offending value.
        remedy: What the reader can do about it; falls back to the class's `default_remedy`.
    """

    code: ClassVar[str] = "X0000"
    default_remedy: ClassVar[str] = "run `outcry --help`"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.default_remedy


class ConfigError(OutcryError):
    """A config that cannot be used."""

    code = "X1000"
    default_remedy = "correct the config and run `outcry check CONFIG`"
    exit_code = 78


class CredentialError(ConfigError):
    """A secret that is missing, that others may read, or that is no text."""

    code = "X1001"
    default_remedy = "see docs/reference/logs.md, Secrets"


class NumericError(OutcryError):
    """A number that cannot be what it must be."""

    code = "X2000"
    default_remedy = "check the number and the instrument's scales"


class NumericOverflow(NumericError):
    """A value beyond 64-bit units or 128-bit money."""

    code = "X2001"
    default_remedy = "use a smaller scale for the instrument, or a smaller number"


class NotRepresentable(NumericError):
    """A value with more decimals than its scale, off its tick or lot, or not a number."""

    code = "X2002"
    default_remedy = "round it to the instrument's tick or lot first"


class CurrencyMismatch(NumericError):
    """Two currencies in one sum, or a conversion without a rate."""

    code = "X2003"
    default_remedy = "convert one side, or configure a conversion feed"


class IdentifierError(OutcryError):
    """A name that does not parse."""

    code = "X2100"
    default_remedy = "instruments are written SYMBOL.VENUE, for example BTCUSDT.BINANCE"


class DataError(OutcryError):
    """Recorded data that cannot be used."""

    code = "X3000"
    default_remedy = "run `outcry data check CATALOG`"
    exit_code = 3


class DataFormatError(DataError):
    """A file that is truncated, unreadable or has other columns than its format."""

    code = "X3001"
    default_remedy = "check the file and the --format option"


class CatalogError(DataError):
    """A catalog that lacks or contradicts what was asked of it."""

    code = "X3002"
    default_remedy = "list what is there with `outcry data ls CATALOG`"


class StateError(OutcryError):
    """Journal, snapshot or codec trouble."""

    code = "X4000"
    default_remedy = "run `outcry journal verify`"


class CodecError(StateError):
    """Bytes that are no message of ours."""

    code = "X4001"
    default_remedy = "the record is damaged or was not written by openoutcry"


class SchemaTooNew(StateError):
    """A message or journal written by a newer version."""

    code = "X4002"
    default_remedy = "upgrade openoutcry to at least the version that wrote it"


class JournalError(StateError):
    """The journal cannot do what was asked."""

    code = "X4003"
    default_remedy = "check the disk, then run `outcry journal verify`"
    exit_code = 3


class JournalDamaged(JournalError):
    """The journal, a snapshot or a backup does not hold what was written."""

    code = "X4004"
    default_remedy = "keep a copy of the state directory, then restore a backup: `outcry restore`"


class JournalFull(JournalError):
    """No room on the disk, or the journal has reached its largest size."""

    code = "X4005"
    default_remedy = "free space on the disk, or stop the daemon and run `outcry journal compact`"


class JournalLocked(JournalError):
    """Another process has the state directory."""

    code = "X4006"
    default_remedy = "stop the other process, or use another state directory"


class RecoveryError(StateError):
    """A session cannot be brought back as it was."""

    code = "X4007"
    default_remedy = "run `outcry journal verify`, and keep the state directory as it is"
    exit_code = 3


class TapeError(StateError):
    """The tape of a session's market data does not hold, or cannot give, what was asked."""

    code = "X4010"
    default_remedy = "see docs/reference/tape.md"
    exit_code = 3


class OrderError(OutcryError):
    """An order used against its rules."""

    code = "X5000"
    default_remedy = "see docs/reference/order-states.md"


class InvalidTransition(OrderError):
    """Evidence about an order that contradicts the table of legal transitions."""

    code = "X5001"
    default_remedy = "the instrument is halted; reconcile it with the venue"


class StrategyError(OutcryError):
    """A strategy that uses the API in a way that cannot work."""

    code = "X6000"
    default_remedy = "see docs/reference/strategy.md"


class MissingData(OutcryError):
    """A price, size or rate that was asked for is not known."""

    code = "X6001"
    default_remedy = "check `has_bid`, `has_ask` or `sized` first, or subscribe to the data"


class WiringError(OutcryError):
    """The actors are put together wrongly; no config can cause it."""

    code = "X6100"
    default_remedy = "report this: no config can cause it"


class DeadlockError(WiringError):
    """An actor was asked, directly or not, while it was waiting for the answer."""

    code = "X6101"
    default_remedy = "send requests down with ask and events up with tell"


class UnhandledMessage(WiringError):
    """An actor got a message that it has no handler for: the graph is wired wrongly."""

    code = "X6102"


class DeliveryError(OutcryError):
    """A channel that did not take an alert."""

    code = "X9000"
    default_remedy = "try the channel with `outcry alerts test CONFIG`"


class VenueError(OutcryError):
    """A venue that did not do what was asked."""

    code = "X7000"
    default_remedy = "see the venue's page in docs/reference"
    exit_code = 69


class ControlError(OutcryError):
    """A daemon that could not be asked, or that refused."""

    code = "X8000"
    default_remedy = "see docs/reference/control.md"
    exit_code = 69


class DaemonUnreachable(ControlError):
    """Nobody answers at the control socket."""

    code = "X8001"
    default_remedy = "start it with `outcry run CONFIG`, or name its config or endpoint"


class ControlTimeout(ControlError):
    """The daemon is there and did not answer in time."""

    code = "X8002"
    default_remedy = "try again; a command keeps its key, so that it is carried out once"
    exit_code = 75


class ControlDenied(ControlError):
    """The client's key or role does not allow what was asked."""

    code = "X8003"
    default_remedy = (
        "use a key that the daemon's list of clients (`control.clients`) gives the role"
    )
    exit_code = 77


class ProtocolError(ControlError):
    """Bytes that are no message of the control socket."""

    code = "X8004"
    default_remedy = "use a client of the daemon's version"


class ProtocolMismatch(ControlError):
    """Client and daemon speak no common version of the protocol."""

    code = "X8005"
    default_remedy = "upgrade the older of the two"


class DaemonBusy(ControlError):
    """Too many requests are in flight."""

    code = "X8006"
    default_remedy = "try again in a moment"
    exit_code = 75


class CommandConflict(ControlError):
    """An idempotency key that was used for something else."""

    code = "X8007"
    default_remedy = "draw a new key for each new command"


class CommandExpired(ControlError):
    """A command that came too late to be carried out."""

    code = "X8008"
    default_remedy = "look at the state of the daemon, then ask anew"


class CommandRefused(ControlError):
    """A command that the daemon does not carry out: an unknown name, a limit, a denied order."""

    code = "X8020"
    default_remedy = "look at the daemon with `outcry status`"
    exit_code = 4


class HelloFirst(ControlError):
    """A request of a client that has not said hello, or whose hello was before a restart."""

    code = "X8010"
    default_remedy = "say hello, then ask again"


class DaemonRefused(ControlError):
    """What the daemon refused for a reason of its own; `daemon_code` is that error's code."""

    code = "X8009"
    exit_code = 4

    def __init__(self, message: str, *, remedy: str | None = None, daemon_code: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.daemon_code = daemon_code
