"""What a simulated venue writes down, entry by entry: what reached it and what it did.

The engine writes them (`rust_ext/src/kernel/entries.rs`): a turn's entries are one msgpack array, and
each entry is an array that begins with its kind and the venue's time. Amounts of money are texts, because
they may have 128 bits; groups and legs are the 64 bits that stand for their names. The fields are listed
in `docs/reference/paper.md`.
"""

from typing import Final

import msgspec

from openoutcry.state.errors import CodecError


class Entry(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """Base of all entries. `ts` is the venue's time, nanoseconds UTC."""

    ts: int


class OrderEntry(Entry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """Base of the entries about one order."""

    id: str
    instrument: str


class Submit(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="submit"
):
    """An order arrived."""

    side: str
    order_type: str
    quantity: int
    limit: int | None
    trigger: int | None
    trigger_source: str
    trailing_offset: int | None
    trailing_kind: str
    time_in_force: str
    expire: int | None
    post_only: bool
    reduce_only: bool
    parent: str | None
    oco_group: int
    position: int


class Cancel(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="cancel"
):
    """A cancel arrived."""


class Replace(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="replace"
):
    """A replace arrived; None keeps a value."""

    quantity: int | None
    limit: int | None
    trigger: int | None


class Accepted(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="accepted"
):
    """The order works under this id."""

    venue_order_id: str


class Rejected(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="rejected"
):
    """The order was refused."""

    reason: str


class Triggered(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="triggered"
):
    """A conditional order met its trigger."""


class Filled(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="filled"
):
    """One execution. The id is zero for what the venue did by itself (a liquidation)."""

    venue_order_id: str
    fill_id: str
    side: str
    price: int
    quantity: int
    cumulative: int
    fee: str
    fee_currency: str
    liquidity: str
    position: int


class Canceled(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="canceled"
):
    """The order ended."""

    cumulative: int
    reason: str


class Expired(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="expired"
):
    """The order's time came."""

    cumulative: int
    reason: str


class Replaced(
    OrderEntry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="replaced"
):
    """The order works with these terms."""

    quantity: int
    limit: int | None
    trigger: int | None


class CancelRefused(
    OrderEntry,
    frozen=True,
    gc=False,
    array_like=True,
    forbid_unknown_fields=True,
    tag="cancel_rejected",
):
    """A cancel changed nothing."""

    reason: str


class ReplaceRefused(
    OrderEntry,
    frozen=True,
    gc=False,
    array_like=True,
    forbid_unknown_fields=True,
    tag="replace_rejected",
):
    """A replace changed nothing."""

    reason: str


class Cash(Entry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="cash"):
    """Cash moved without a fill; positive when received."""

    instrument: str | None
    currency: str
    amount: str
    reason: str


class Split(Entry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="split"):
    """A holding was split."""

    instrument: str
    numerator: int
    denominator: int


class Liquidated(
    Entry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="liquidated"
):
    """The venue closed the account's positions and takes no order any more."""

    reason: str


class GroupDone(
    Entry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="group_done"
):
    """One order of a group has filled: the group takes no more orders."""

    group: int


class Returned(
    Entry, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag="returned"
):
    """The venue is back after a time in which it saw no market."""


AnyEntry = (
    Submit
    | Cancel
    | Replace
    | Accepted
    | Rejected
    | Triggered
    | Filled
    | Canceled
    | Expired
    | Replaced
    | CancelRefused
    | ReplaceRefused
    | Cash
    | Split
    | Liquidated
    | GroupDone
    | Returned
)

NOBODY: Final = "0" * 32
"""The id in entries about what the venue did by itself."""

_decoder: Final = msgspec.msgpack.Decoder(list[AnyEntry])


def decode_entries(data: bytes) -> list[AnyEntry]:
    """The entries of one turn.

    Raises:
        CodecError: The bytes are no entries.
    """
    if not data:
        return []
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise CodecError(f"no entries of a venue: {str(error)[:200]}") from error
