"""Messages as bytes and back: msgpack for the journal and the tape, JSON for people and sockets.

Every message travels in an envelope with the schema version. One message has one encoding: decoding
msgpack accepts exactly the bytes that `encode` would write, so duplicate keys, unknown fields, floats
where integers belong, padded numbers and trailing bytes are all refused without a list of tricks to
look for. JSON may be spaced, ordered and shortened (fields with defaults) as people like, and is
refused for the same contents. Nothing but `CodecError` and `SchemaTooNew` is raised for any input.

A change of a message's fields is a new `SCHEMA_VERSION`.
"""

import json
import re
from typing import Any, Final, Never

import msgspec

from openoutcry.state.commands import AnyCommand, RiskApproved, VenueCommand
from openoutcry.state.errors import CodecError, NumericOverflow, SchemaTooNew
from openoutcry.state.events import AnyAccountEvent, AnyOrderEvent, AnySystemEvent
from openoutcry.state.market_data import AnyMarketData

SCHEMA_VERSION: Final = 1
"""Version of all message layouts together; written into every envelope."""
MAX_BYTES: Final = 1 << 20
"""Largest encoded message that is looked at: a full book of 30,000 levels a side fits."""

AnyMessage = (
    AnyMarketData
    | AnyCommand
    | AnyOrderEvent
    | AnyAccountEvent
    | AnySystemEvent
    | RiskApproved[VenueCommand]
)
"""Everything that is journaled, taped or sent."""

_I64_MIN, _I64_MAX = -(2**63), 2**63 - 1
_I64_DIGITS: Final = 20  # with the sign
# msgpack's mark of an unsigned 64-bit integer with the top bit set; texts may hold the same bytes.
_MAYBE_BEYOND: Final = re.compile(rb"\xcf[\x80-\xff]")
_HEAD: Final = b"\x92" + msgspec.msgpack.encode(
    SCHEMA_VERSION
)  # an array of two, the version first
# Everything that decoders raise for bad bytes; a RecursionError is a nesting bomb.
_BAD_INPUT: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError)

_encoder: Final = msgspec.msgpack.Encoder()
_json_encoder: Final = msgspec.json.Encoder()


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    message: AnyMessage


_json_decoder: Final = msgspec.json.Decoder(_Envelope)
_decoder: Final[msgspec.msgpack.Decoder[AnyMessage]] = msgspec.msgpack.Decoder(AnyMessage)
_envelope_decoder: Final = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw])


def encode(message: AnyMessage) -> bytes:
    """A message as msgpack; equal messages give equal bytes.

    Raises:
        NumericOverflow: A number beyond 64 bits.
    """
    try:
        body = _encoder.encode(message)
    except OverflowError as error:
        raise NumericOverflow(f"{type(message).__name__}: a number beyond 64 bits") from error
    if _MAYBE_BEYOND.search(body) and (name := _beyond(message)):
        raise NumericOverflow(f"{name} does not fit 64 bits")
    return _HEAD + body


def decode(data: bytes) -> AnyMessage:
    """The message that `encode` made these bytes of.

    Raises:
        CodecError: The bytes are no message, or not written as `encode` writes it.
        SchemaTooNew: A newer version wrote them.
    """
    _check_size(len(data))
    if not data.startswith(_HEAD):
        _refuse_envelope(data)
    body = data[len(_HEAD) :]
    try:
        message = _decoder.decode(body)
    except _BAD_INPUT as error:
        raise CodecError(f"no message: {_brief(error)}") from error
    if _encoder.encode(message) != body:
        raise CodecError(f"a {type(message).__name__} that is not written as we write it")
    if _MAYBE_BEYOND.search(body) and (name := _beyond(message)):
        raise CodecError(f"{name} does not fit 64 bits")
    return message


def decode_own(data: bytes) -> AnyMessage:
    """As `decode`, for bytes that a checksum proves to be what `encode` wrote.

    Raises:
        CodecError: The bytes are no message.
        SchemaTooNew: A newer version wrote them.
    """
    if not data.startswith(_HEAD):
        _refuse_envelope(data)
    try:
        return _decoder.decode(data[len(_HEAD) :])
    except _BAD_INPUT as error:
        raise CodecError(f"no message: {_brief(error)}") from error


def kind_of(data: bytes) -> bytes:
    """The class name of the message in bytes that `encode` wrote, without decoding them."""
    at = 3 if data[2] & 0xF0 == 0x80 else 5  # behind the map's head: up to 15 fields, or more
    size = data[at + 5] & 0x1F
    return data[at + 6 : at + 6 + size]


def encode_json(message: AnyMessage) -> bytes:
    """A message as one line of JSON; equal messages give equal bytes.

    Raises:
        NumericOverflow: A number beyond 64 bits.
    """
    if name := _beyond(message):
        raise NumericOverflow(f"{name} does not fit 64 bits")
    return b'{"version":%d,"message":%b}' % (SCHEMA_VERSION, _json_encoder.encode(message))


def decode_json(data: bytes) -> AnyMessage:
    """The message of a JSON envelope.

    Raises:
        CodecError: No message, a field that it doesn't have, a key twice, a number that is no plain
            64-bit integer.
        SchemaTooNew: A newer version wrote it.
    """
    _check_size(len(data))
    try:
        envelope = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_int=_plain_int,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
        if not isinstance(envelope, dict):
            raise CodecError("no envelope: expected an object")
        _check_version(envelope.get("version"))
        if envelope.keys() != {"version", "message"}:
            raise CodecError("an envelope holds `version` and `message`, nothing else")
        body = envelope["message"]
        message = _json_decoder.decode(data).message
    except _BAD_INPUT as error:
        raise CodecError(f"no message: {_brief(error)}") from error
    _check_fields(body, msgspec.to_builtins(message))
    return message


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise CodecError(f"{size} bytes are more than the {MAX_BYTES} of the largest message")


def _check_version(version: object) -> None:
    if type(version) is not int or version < 1:
        raise CodecError("no envelope: its version is no positive integer")
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(f"schema version {version}; this openoutcry knows {SCHEMA_VERSION}")


def _refuse_envelope(data: bytes) -> Never:
    try:
        version, _ = _envelope_decoder.decode(data)
    except _BAD_INPUT as error:
        raise CodecError(f"no envelope: {_brief(error)}") from error
    _check_version(version)
    raise CodecError("an envelope that is not written as we write it")


def _beyond(message: msgspec.Struct) -> str | None:
    """The integer that does not fit 64 bits: msgpack carries one more bit, JSON any number."""
    values = msgspec.structs.astuple(message)
    for name, value in zip(message.__struct_fields__, values, strict=True):
        if value.__class__ is int:
            if not _I64_MIN <= value <= _I64_MAX:
                return f"{name} of a {type(message).__name__}"
        elif isinstance(value, msgspec.Struct) and (found := _beyond(value)):
            return found
    return None


def _check_fields(given: dict[str, Any], known: dict[str, Any]) -> None:
    """Nothing was given that the message does not have."""
    for name, value in given.items():
        if name not in known:
            raise CodecError(f"{known['type']} has no field {name!r}")
        if isinstance(value, dict):
            _check_fields(value, known[name])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise CodecError("a key stands twice")
    return result


def _plain_int(text: str) -> int:
    # The length goes first: converting a number of a million digits takes seconds.
    if len(text) > _I64_DIGITS or text == "-0" or not _I64_MIN <= int(text) <= _I64_MAX:
        raise CodecError(f"{text[:24]} is no 64-bit integer")
    return int(text)


def _no_float(text: str) -> Never:
    raise CodecError(f"{text[:24]} is no integer: numbers in messages count whole units")


def _brief(error: BaseException) -> str:
    """The reason, without echoing a hostile input at length."""
    return str(error)[:200] or type(error).__name__
