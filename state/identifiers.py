"""Identifiers: who and what a message speaks of.

A client order id is ours: 128 bits written as 32 lowercase hex digits, laid out as

    epoch (48 bits) | strategy number (16 bits) | counter (64 bits)

`epoch` is minted once per state directory and journaled, so ids never repeat across restarts or
recreated directories; in a replay it derives from the run id. Venues with other alphabets get a
written mapping (`to_uuid_text` for 36 characters, `to_bytes` for 16-byte ids).
"""

from typing import NewType

from openoutcry.state.errors import IdentifierError

InstrumentId = NewType("InstrumentId", str)
"""`SYMBOL.VENUE`, for example `BTCUSDT.BINANCE`; the venue is the part after the last dot."""
VenueId = NewType("VenueId", str)
"""Upper-case name of a venue, for example `BINANCE`."""
StrategyId = NewType("StrategyId", str)
"""Name of a strategy instance in the config; lower-case letters, digits, `-` and `_`."""
ClientOrderId = NewType("ClientOrderId", str)
"""Our id of an order: 32 hex digits (see the module)."""
VenueOrderId = NewType("VenueOrderId", str)
"""The venue's id of an order, as the venue writes it."""
FillId = NewType("FillId", str)
"""The venue's id of one fill; with the instrument it identifies the fill for ever."""

UNALLOCATED = StrategyId("unallocated")
"""The book that holds foreign fills, liquidations, transfers and residues."""

CLOSING_ORDERS = 0x8000
"""Bit of the strategy number in ids of orders that close a strategy's book on its behalf."""

OPERATOR_ORDERS = 0x4000
"""Bit of the strategy number in ids of orders that an operator placed by hand."""

_EPOCH_BITS, _STRATEGY_BITS, _COUNTER_BITS = 48, 16, 64


def venue_of(instrument: InstrumentId) -> VenueId:
    """The venue part of an instrument id."""
    symbol, dot, venue = instrument.rpartition(".")
    if not (symbol and dot and venue):
        raise IdentifierError(f"{instrument!r} is not SYMBOL.VENUE")
    return VenueId(venue)


class ClientOrderIds:
    """Mints the client order ids of one strategy, in order, without a clock or a random number."""

    def __init__(self, epoch: int, strategy_number: int, counter: int = 0) -> None:
        assert 0 <= epoch < 1 << _EPOCH_BITS
        assert 0 <= strategy_number < 1 << _STRATEGY_BITS
        self._prefix = f"{epoch:012x}{strategy_number:04x}"
        self.counter = counter

    def mint(self) -> ClientOrderId:
        """The next id."""
        self.counter += 1
        assert self.counter < 1 << _COUNTER_BITS
        return ClientOrderId(f"{self._prefix}{self.counter:016x}")


def strategy_number_of(client_order_id: ClientOrderId) -> int:
    """The number of the strategy that minted an id."""
    return int(client_order_id[12:16], 16)


def operator_order_id(epoch: int, book: int, seq: int) -> ClientOrderId:
    """The id of the order that an operator placed for a book with the input `seq`: one per input."""
    assert 0 <= epoch < 1 << _EPOCH_BITS
    assert 0 <= book < OPERATOR_ORDERS
    return ClientOrderId(f"{epoch:012x}{OPERATOR_ORDERS | book:04x}{seq:016x}")


def owner_number_of(client_order_id: ClientOrderId) -> int | None:
    """The number of the book that an order is for, whoever placed it; None for what is no id."""
    if len(client_order_id) != 32:
        return None
    return strategy_number_of(client_order_id) & ~(CLOSING_ORDERS | OPERATOR_ORDERS)


def to_bytes(client_order_id: ClientOrderId) -> bytes:
    """The id as 16 big-endian bytes (Hyperliquid's cloid)."""
    return bytes.fromhex(client_order_id)


def to_uuid_text(client_order_id: ClientOrderId) -> str:
    """The id with dashes as a UUID is written: 36 characters (Binance, Bybit, IB orderRef)."""
    t = client_order_id
    return f"{t[:8]}-{t[8:12]}-{t[12:16]}-{t[16:20]}-{t[20:]}"


def from_venue_text(text: str) -> ClientOrderId | None:
    """Our id back from what a venue returned, or None when the id is not one of ours."""
    compact = text.lower().removeprefix("0x").replace("-", "")
    is_ours = len(compact) == 32 and all(c in "0123456789abcdef" for c in compact)
    return ClientOrderId(compact) if is_ours else None
