"""Orders and their events inside the engine: the same values, and on record the codec's bytes."""

import typing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native
from openoutcry.state import binding
from openoutcry.state.codec import encode
from openoutcry.state.commands import RiskApproved, SubmitOrder
from openoutcry.state.enums import LiquiditySide, Side
from openoutcry.state.errors import NotRepresentable, NumericOverflow
from openoutcry.state.events import AnyOrderEvent, OrderFilled
from tests.markets import PERP, SPOT

SPECS = (PERP, SPOT)
TABLE = binding.currency_table(SPECS, ["EUR"])
I64 = st.integers(-(2**63), 2**63 - 1)
IDS = st.integers(0, 2**128 - 1).map("{:032x}".format)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
VENUE_IDS = st.one_of(st.integers(0, 2**65).map(str), st.just("007"), TEXT)
SCALES = st.integers(0, 255)


def directory() -> _native.Directory:
    specs = [binding.spec(item, TABLE) for item in SPECS]
    return _native.Directory(specs, TABLE, ["first", "second"])


def values(kind: type, name: str, hint: Any) -> st.SearchStrategy[Any]:
    """Values that a field may have in a run of `SPECS`."""
    named: dict[str, st.SearchStrategy[Any]] = {
        "client_order_id": IDS,
        "parent": st.none() | IDS,
        "instrument": st.sampled_from([item.id for item in SPECS]),
        "strategy": st.sampled_from(["first", "second"]),
        "fee_currency": st.sampled_from([code for code, _ in TABLE]),
        "venue_order_id": VENUE_IDS,
        "fill_id": VENUE_IDS,
        "position": st.none() | TEXT.filter(bool),
        "oco_group": st.none() | TEXT.filter(bool),
        "reasons": st.lists(TEXT, max_size=20).map(tuple),
    }
    if name in named:
        return named[name]
    if kind is SubmitOrder and name in ("price_scale", "size_scale", "fee_scale"):
        return st.just(0)
    if name.endswith("_scale"):
        return SCALES
    hint = getattr(hint, "__supertype__", hint)
    arguments = typing.get_args(hint)
    if arguments:
        return st.one_of(*(values(kind, "", each) for each in arguments))
    plain: dict[Any, st.SearchStrategy[Any]] = {int: I64, str: TEXT}
    return plain.get(hint, st.from_type(hint))


def messages() -> st.SearchStrategy[Any]:
    kinds = (SubmitOrder, *typing.get_args(AnyOrderEvent))
    built = [
        st.builds(
            kind, **{f.name: values(kind, f.name, f.type) for f in msgspec.structs.fields(kind)}
        )
        for kind in kinds
    ]
    return st.one_of(*built).map(with_scales)


def with_scales(message: Any) -> Any:
    """The scales that the run says, where the engine takes them from there."""
    if isinstance(message, SubmitOrder):
        item = next(item for item in SPECS if item.id == message.instrument)
        return msgspec.structs.replace(
            message, price_scale=item.price_scale, size_scale=item.size_scale
        )
    if isinstance(message, OrderFilled):
        return msgspec.structs.replace(message, fee_scale=dict(TABLE)[message.fee_currency])
    return message


@given(messages())
def test_a_message_is_the_same_after_its_way_through_the_engine(message: Any) -> None:
    assert directory().echo(message) == message


@given(messages())
def test_the_record_of_a_message_is_what_the_codec_writes(message: Any) -> None:
    recorded = RiskApproved(command=message) if isinstance(message, SubmitOrder) else message
    assert directory().encode(message) == encode(recorded)


def test_a_fee_beyond_64_bits_is_refused() -> None:
    stamped = ("0" * 32, PERP.id, 1, 1, "1", "1", Side.BUY, 1, 1, 1, 2, 0)
    fields: Any = (*stamped, 2**63, TABLE[0][1], TABLE[0][0], LiquiditySide.MAKER, None)
    fill = OrderFilled(*fields)
    with pytest.raises(NumericOverflow):
        directory().encode(fill)


def test_a_fee_with_other_decimals_than_its_currency_is_refused() -> None:
    code, scale = TABLE[0]
    stamped = ("0" * 32, PERP.id, 1, 1, "1", "1", Side.BUY, 1, 1, 1, 2, 0)
    fields: Any = (*stamped, 5, scale + 1, code, LiquiditySide.MAKER, None)
    with pytest.raises(NotRepresentable, match=code):
        directory().echo(OrderFilled(*fields))


def test_names_of_another_run_are_refused() -> None:
    with pytest.raises(ValueError, match="not in this run"):
        directory().instrument("OTHER.SIM")
    with pytest.raises(ValueError, match="no strategy"):
        directory().book("third")
