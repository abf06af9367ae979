"""One message, one encoding; everything else is refused with a name and without a crash."""

import json
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.state.codec import (
    MAX_BYTES,
    SCHEMA_VERSION,
    AnyMessage,
    decode,
    decode_json,
    encode,
    encode_json,
)
from openoutcry.state.commands import Halt, RiskApproved, SubmitOrder
from openoutcry.state.errors import CodecError, NumericOverflow, SchemaTooNew
from openoutcry.state.events import CashAdjusted, TimerFired
from openoutcry.state.identifiers import VenueId
from openoutcry.state.market_data import BookUpdate, Quote
from tests.order_kit import BTC, EVIDENCE, cancel, replace, submit

I64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


def messages() -> st.SearchStrategy[Any]:
    """Every message type, every field with any value of its type."""
    plain = [kind for kind in typing.get_args(AnyMessage) if isinstance(kind, type)]
    for_types = {int: I64, str: TEXT, bytes: st.binary(max_size=40)}
    built = [
        st.builds(kind, **{name: field_values(hint, for_types) for name, hint in hints(kind)})
        for kind in plain
    ]
    venue_commands = st.sampled_from([submit(), cancel(), replace(3)])
    return st.one_of(*built, st.builds(RiskApproved, command=venue_commands))


def hints(kind: type) -> list[tuple[str, Any]]:
    return [(field.name, field.type) for field in msgspec.structs.fields(kind)]


def field_values(hint: Any, for_types: dict[Any, st.SearchStrategy[Any]]) -> Any:
    hint = getattr(hint, "__supertype__", hint)
    if typing.get_origin(hint) is tuple:
        return st.lists(TEXT, max_size=3).map(tuple)
    arguments = typing.get_args(hint)
    if arguments:
        return st.one_of(*(field_values(each, for_types) for each in arguments))
    return for_types.get(hint, st.from_type(hint))


def test_every_message_type_is_known() -> None:
    names = {getattr(kind, "__name__", str(kind)) for kind in typing.get_args(AnyMessage)}
    assert len(names) == 9 + 10 + 15 + 3 + 15 + 1


@given(messages())
def test_every_message_survives_the_round_trip(message: Any) -> None:
    data = encode(message)
    assert decode(data) == message
    assert encode(decode(data)) == data
    line = encode_json(message)
    assert decode_json(line) == message
    assert encode_json(decode_json(line)) == line


@given(st.data(), messages())
def test_damaged_bytes_give_a_named_error_or_the_message_they_spell(
    data: st.DataObject, message: Any
) -> None:
    for write, read in ((encode, decode), (encode_json, decode_json)):
        damaged = bytearray(write(message))
        for _ in range(data.draw(st.integers(1, 4))):
            position = data.draw(st.integers(0, len(damaged) - 1))
            damaged[position] = data.draw(st.integers(0, 255))
        cut = data.draw(st.integers(0, len(damaged)))
        for bad in (bytes(damaged), bytes(damaged[:cut]), bytes(damaged) + b"\x00"):
            try:
                found = read(bad)
            except (CodecError, SchemaTooNew):
                continue
            if read is decode:
                assert encode(found) == bad


@given(st.binary(max_size=200))
def test_noise_gives_a_named_error(noise: bytes) -> None:
    for read in (decode, decode_json):
        with pytest.raises((CodecError, SchemaTooNew)):
            read(noise)


def packed(body: Any, version: Any = SCHEMA_VERSION) -> bytes:
    return msgspec.msgpack.encode([version, body])


TIMER = {"type": "TimerFired", "owner": "a", "name": "b", "ts": 1, "late_ns": 0}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        packed(None),
        packed([]),
        packed({}),
        packed(TIMER | {"type": "Nothing"}),
        packed(TIMER | {"extra": 1}),
        packed({key: value for key, value in TIMER.items() if key != "late_ns"}),
        packed(dict(reversed(TIMER.items()))),
        packed(TIMER | {"ts": 1.0}),
        packed(TIMER | {"ts": float("nan")}),
        packed(TIMER | {"ts": True}),
        packed(TIMER | {"ts": 2**63}),
        packed(TIMER | {"owner": 1}),
        packed(TIMER) + b"\xc0",
        packed(TIMER, 0),
        packed(TIMER, -1),
        packed(TIMER, 1.0),
        packed(TIMER, True),
        packed(TIMER, "1"),
        msgspec.msgpack.encode(TIMER),
        b"\x92\x01\x85" + 5 * (b"\xa2ts\x01"),
        b"\x92\x01\x81\xa4type\xa2\xff\xfe",
        b"\x92\xcc\x01" + msgspec.msgpack.encode(TIMER),
        b"\x92\x01" + b"\x91" * 100_000,
        b"\x92" + b"\x91" * 100_000,
        bytes(MAX_BYTES + 1),
    ],
    ids=range(27),
)
def test_bytes_that_encode_would_not_write_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode(data)


def test_bytes_that_encode_writes_are_accepted() -> None:
    assert decode(packed(TIMER)) == TimerFired(owner="a", name="b", ts=1)


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 1000, 2**40])
def test_a_newer_version_says_so(version: int) -> None:
    with pytest.raises(SchemaTooNew) as error:
        decode(packed({"whatever": 1}, version))
    assert "upgrade" in error.value.remedy
    with pytest.raises(SchemaTooNew):
        decode_json(json.dumps({"version": version, "message": {"type": "Later"}}).encode())


def line(message: str, version: str = "1") -> bytes:
    return f'{{"version":{version},"message":{message}}}'.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"{",
        line("{}"),
        line('{"type":"Halt"}'),
        line('{"type":"Nothing","ts":1}'),
        line('{"type":"Halt","ts":1,"reason":"x","extra":1}'),
        line('{"type":"Halt","ts":1,"ts":1,"reason":"x"}'),
        line('{"type":"Halt","ts":1.0,"reason":"x"}'),
        line('{"type":"Halt","ts":1e5,"reason":"x"}'),
        line('{"type":"Halt","ts":1E+999999,"reason":"x"}'),
        line('{"type":"Halt","ts":NaN,"reason":"x"}'),
        line('{"type":"Halt","ts":Infinity,"reason":"x"}'),
        line('{"type":"Halt","ts":-0,"reason":"x"}'),
        line('{"type":"Halt","ts":true,"reason":"x"}'),
        line('{"type":"Halt","ts":"1","reason":"x"}'),
        line('{"type":"Halt","ts":9223372036854775808,"reason":"x"}'),
        line('{"type":"Halt","ts":' + "9" * 100_000 + ',"reason":"x"}'),
        line('{"type":"Halt","ts":1,"reason":"\\ud800"}'),
        line('{"type":"RiskApproved","command":{"type":"CancelAll","ts":1}}'),
        line('{"type":"Halt","ts":1,"reason":"x"}', "0"),
        line('{"type":"Halt","ts":1,"reason":"x"}', "true"),
        b'{"version":1,"message":{"type":"Halt","ts":1,"reason":"x"},"more":1}',
        b'{"version":1}',
        b"[" * 200_000,
        line("[" * 100_000),
        b" " * (MAX_BYTES + 1),
    ],
    ids=range(29),
)
def test_json_with_anything_odd_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode_json(data)


def test_json_may_be_spaced_ordered_and_shortened() -> None:
    text = b'{ "message": {"reason": "x", "ts": 1,\n "type": "Halt"}, "version": 1 }'
    assert decode_json(text) == Halt(ts=1, reason="x")


def test_an_unknown_field_of_a_nested_command_is_refused() -> None:
    approved = json.loads(encode_json(RiskApproved(command=cancel())))
    approved["message"]["command"]["extra"] = 1
    with pytest.raises(CodecError, match="CancelOrder has no field 'extra'"):
        decode_json(json.dumps(approved).encode())


@pytest.mark.parametrize("amount", [2**63, -(2**63) - 1, 2**70])
def test_a_number_beyond_64_bits_is_an_overflow(amount: int) -> None:
    event = CashAdjusted(VenueId("SIM"), None, 1, 1, "USD", amount, 2, "funding", None)
    with pytest.raises(NumericOverflow):
        encode_json(event)
    with pytest.raises(NumericOverflow):
        encode(event)


def test_no_float_is_ever_written() -> None:
    for message in (submit(), EVIDENCE.fill(3), RiskApproved(command=submit())):
        assert "." not in encode_json(message).decode().replace("BTCUSDT.SIM", "")


def test_bytes_and_undefined_prices_travel() -> None:
    book = BookUpdate(BTC, 1, 2, 2, 3, 7, True, b"\x01" * 17)
    quote = Quote(BTC, 1, 2, 2, 3, -(2**63), 5, 0, 2**63 - 1)
    for message in (book, quote):
        assert decode(encode(message)) == decode_json(encode_json(message)) == message


def test_equal_messages_give_equal_bytes_and_different_ones_do_not() -> None:
    assert encode(submit()) == encode(submit())
    assert encode(submit()) != encode(submit(quantity_units=11))
    assert isinstance(decode(encode(submit())), SubmitOrder)
