"""The messages of the control socket: strict where they come from outside, patient where we read."""

import re
import typing
from pathlib import Path

import msgspec
import pytest

from openoutcry.daemon.control import protocol
from openoutcry.daemon.control.protocol import (
    ROLES,
    AnyMutation,
    AnyRequest,
    Err,
    Halt,
    Hello,
    Mutation,
    PlaceOrder,
    Query,
    Reload,
    Role,
    SetLimit,
    Status,
    decode_reply,
    decode_request,
    encode,
)
from openoutcry.state.enums import Side, TimeInForce
from openoutcry.state.errors import ProtocolError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "control.md"
KEY = "0123456789abcdef" * 2

# Bodies as version 1 wrote them; a daemon understands them for as long as it speaks version 1.
RECORDED = [
    ("82a474797065a548656c6c6fa6636c69656e74a66f7574637279", Hello(client="outcry")),
    ("81a474797065a6537461747573", Status()),
    (
        (
            "82a474797065a448616c74a36b6579d920"
            "3031323334353637383961626364656630313233343536373839616263646566"
        ),
        Halt(key=KEY),
    ),
    (
        (
            "84a474797065a548656c6c6fa970726f746f5f6d696e01a970726f746f5f6d617801a6636c69656e"
            "74a66f7574637279"
        ),
        Hello(proto_min=1, proto_max=1, client="outcry"),
    ),
    (
        (
            "8ea474797065aa506c6163654f72646572a36b6579d9203031323334353637383961626364656630"
            "313233343536373839616263646566a6726561736f6ea762792068616e64aa657870697265735f6e"
            "73c0a87374726174656779c0aa696e737472756d656e74ab425443555344542e53494da473696465"
            "a473656c6ca87175616e74697479a3302e35a56c696d6974a734333030302e35a774726967676572"
            "c0ad74696d655f696e5f666f726365a3677463a96578706972655f6e73c0a9706f73745f6f6e6c79"
            "c2ab7265647563655f6f6e6c79c2"
        ),
        PlaceOrder(
            key="0123456789abcdef0123456789abcdef",
            reason="by hand",
            expires_ns=None,
            strategy=None,
            instrument="BTCUSDT.SIM",
            side=Side.SELL,
            quantity="0.5",
            limit="43000.5",
            trigger=None,
            time_in_force=TimeInForce.GTC,
            expire_ns=None,
            post_only=False,
            reduce_only=False,
        ),
    ),
    (
        (
            "86a474797065a652656c6f6164a36b6579d920303132333435363738396162636465663031323334"
            "3536373839616263646566a6726561736f6ea0aa657870697265735f6e7301a76472795f72756ec3"
            "b1636f6e6669726d5f6c6f6f73656e696e67c2"
        ),
        Reload(
            key="0123456789abcdef0123456789abcdef",
            reason="",
            expires_ns=1,
            dry_run=True,
            confirm_loosening=False,
        ),
    ),
]


def body(**fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(("recorded", "meaning"), RECORDED)
def test_recorded_requests_mean_what_they_meant(recorded, meaning):
    assert decode_request(bytes.fromhex(recorded)) == meaning


def test_every_request_has_a_role_and_what_changes_the_world_is_not_for_viewers():
    assert set(ROLES) == set(typing.get_args(AnyRequest))
    assert {ROLES[kind] for kind in typing.get_args(Query)} == {Role.VIEWER}
    for kind in typing.get_args(AnyMutation):
        assert issubclass(kind, Mutation)
        assert ROLES[kind] >= Role.OPERATOR


def test_the_page_lists_every_request_with_its_role_and_fields():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    documented = {name: (role, set(re.findall(r"`(\w+)`", fields))) for name, role, fields in rows}
    common = {"key", "reason", "expires_ns"}
    assert documented == {
        kind.__name__: (
            role.name.lower(),
            set(kind.__struct_fields__) - (common if issubclass(kind, Mutation) else set()),
        )
        for kind, role in ROLES.items()
    }


@pytest.mark.parametrize("number", ["0", "-0", "1.5", "-12.000000000000000001", "9" * 18])
def test_a_number_is_a_plain_decimal(number):
    order = PlaceOrder(key=KEY, instrument="A.B", side=Side.BUY, quantity=number)
    assert decode_request(encode(order)) == order


@pytest.mark.parametrize(
    "number",
    ["", "1E5", "1e999999", "NaN", "Infinity", "+1", " 1", "1\n", "1.", ".5", "1_000", "١",
     "9" * 19, "0." + "1" * 19, "9" * 65_000, 1, 1.5, None, b"1"],
)  # fmt: skip
def test_anything_else_is_no_number(number):
    order = body(type="PlaceOrder", key=KEY, instrument="A.B", side="buy", quantity=number)
    with pytest.raises(ProtocolError):
        decode_request(order)


@pytest.mark.parametrize("value", ["unlimited", "5.5"])
def test_a_limit_may_be_unlimited(value):
    limit = SetLimit(key=KEY, name="max_position", value=value)
    assert decode_request(encode(limit)) == limit


@pytest.mark.parametrize("value", ["unlimited\n", "unlimitedd", "UNLIMITED", "xunlimited"])
def test_a_limit_is_no_other_word(value):
    with pytest.raises(ProtocolError):
        decode_request(body(type="SetLimit", key=KEY, name="max_position", value=value))


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "Halt"},
        {"type": "Halt", "key": KEY.upper()},
        {"type": "Halt", "key": KEY + "0"},
        {"type": "Halt", "key": KEY, "reason": "x" * 201},
        {"type": "Halt", "key": KEY, "strategy": ""},
        {"type": "Halt", "key": KEY, "strategy": "x" * 65},
        {"type": "Halt", "key": KEY, "because": "x"},
        {"type": "Halt", "key": KEY, "expires_ns": -1},
        {"type": "Halt", "key": KEY, "expires_ns": 2**63},
        {"type": "Stop", "key": KEY, "policy": "burn"},
        {"type": "Fills", "last": 0},
        {"type": "Fills", "last": 10_001},
        {"type": "EventsSince", "after": 0, "limit": 1001},
        {"type": "Hello", "client": "x", "proto_min": 0},
        {"type": "Mutation", "key": KEY},
        {"type": "Status", "type_": 1},
        {},
    ],
)  # fmt: skip
def test_a_request_is_bounded_and_has_no_unknown_field(fields):
    with pytest.raises(ProtocolError):
        decode_request(body(**fields))


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc1", b"\x91" * 60_000, b"\x81\xa1x" * 20_000, b"\x81\xa4type\xa2\xff\xfe",
     encode(Status()) + b"\0", encode(Status()) + bytes(65_536)],
)  # fmt: skip
def test_bytes_that_are_no_request_are_an_error_with_a_name(data):
    with pytest.raises(ProtocolError) as error:
        decode_request(data)
    assert len(error.value.message) < 300


def test_an_old_client_survives_new_fields_of_a_reply():
    newer = body(type="Err", code="X1", message="m", remedy="r", retry=True, colour="red")
    assert decode_reply(newer) == Err(code="X1", message="m", remedy="r", retry=True)


def test_bytes_that_are_no_reply_are_an_error_with_a_name():
    for decode in (decode_reply, protocol.decode_published):
        with pytest.raises(ProtocolError):
            decode(b"\x91" * 60_000)
    with pytest.raises(ProtocolError):
        protocol.decode_page(msgspec.Raw(b"\x01"))
