"""Hostile messages against a control socket: `python -m tests.control.fuzz N [SEED]`.

Valid messages that were damaged, and random ones. Each must be answered (with an error of the protocol,
or as what it happens to spell), none may cost more than 10 ms of CPU, and in between the socket must
serve an honest client. A failure prints the seed of its batch, which alone repeats it.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Container
from typing import Any, Final, NamedTuple

import msgspec

from openoutcry.daemon.control import protocol
from openoutcry.daemon.control.core import ClientInfo
from openoutcry.daemon.control.protocol import (
    MAGIC,
    MAX_REQUEST,
    ROLES,
    Accepted,
    AnyReply,
    Err,
    Mutation,
    Ok,
    Ping,
)
from openoutcry.state.errors import (
    CommandConflict,
    CommandExpired,
    DaemonBusy,
    HelloFirst,
    ProtocolError,
    ProtocolMismatch,
)
from tests.control.kit import RawClient, serving, short_folder

BATCH: Final = 1000
WINDOW: Final = 48
"""Messages that are sent before their answers are read; a client may have 64 waiting."""
CPU_NS_MAX: Final = 10_000_000
EXPECTED: Final = {
    kind.code
    for kind in (
        CommandConflict, CommandExpired, DaemonBusy, HelloFirst, ProtocolError, ProtocolMismatch,
    )
}  # fmt: skip

Frames = list[bytes]


class Outcome(NamedTuple):
    """What became of the messages."""

    messages: int
    answers: Counter[str]
    slowest_ns: int
    seconds: float


class QuietCore:
    """Answers at once and remembers nothing."""

    def handle(self, request: Any, client: ClientInfo, reply: Callable[[AnyReply], None]) -> None:
        reply(Accepted(durable=True, seq=1) if isinstance(request, Mutation) else Ok())


def valid_body(draw: random.Random) -> bytes:
    """A request with fields that may even be right."""
    kind = draw.choice(list(ROLES))
    words: list[Any] = [
        "", "a", "BTCUSDT.SIM", "x" * 64, "x" * 65, "buy", "leave", "gtc", "1.5", "-0", "1E999999",
        "NaN", "9" * 40, "unlimited", 0, 1, -1, 2**63 - 1, 2**64 - 1, -(2**63), True, None, 1.5,
        float("nan"), b"bytes", [], {}, [[]], {"a": {}},
    ]  # fmt: skip
    fields: dict[str, Any] = {"type": kind.__name__}
    for field in msgspec.structs.fields(kind):
        if field.required or draw.random() < 0.5:
            fields[field.name] = draw.choice(words)
    if "key" in fields and draw.random() < 0.9:
        fields["key"] = f"{draw.getrandbits(8):032x}"
    if draw.random() < 0.1:
        fields[draw.choice(["type ", "extra", "", "é"])] = draw.choice(words)
    return msgspec.msgpack.encode(fields)


def honest_body(draw: random.Random) -> bytes:
    """A request as a client writes it."""
    key = f"{draw.getrandbits(64):032x}"
    choices: list[protocol.AnyRequest] = [
        protocol.Status(),
        protocol.Orders(strategy="trend"),
        protocol.Halt(key=key, reason="lunch"),
        protocol.SetLimit(key=key, name="max_position", value="1.5"),
        protocol.EventsSince(after=5),
        protocol.Hello(client="fuzz"),
    ]
    return protocol.encode(draw.choice(choices))


def damaged(draw: random.Random, data: bytes) -> bytes:
    """A body with one to four wounds."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(found) + 1)
        match draw.randrange(7):
            case 0 if found:
                found[at % len(found)] ^= 1 << draw.randrange(8)
            case 1:
                del found[at:]
            case 2:
                found[at:at] = draw.randbytes(draw.randint(1, 8))
            case 3:
                del found[at : at + draw.randint(1, 8)]
            case 4:
                found[at:at] = found[: draw.randint(0, 32)]
            case 5 if found:
                found[at % len(found)] = draw.choice(
                    b"\x00\x80\x8f\x90\xc0\xc1\xca\xd9\xdb\xdd\xdf\xff"
                )
            case _:
                found += draw.randbytes(draw.randint(1, 16))
    return bytes(found[:MAX_REQUEST])


def bomb(draw: random.Random) -> bytes:
    """Large or deep: arrays in arrays, maps in maps, one long text, a length that lies."""
    size = draw.choice([100, 1000, MAX_REQUEST // 3, MAX_REQUEST])
    head = b"\x81\xa4type"
    return draw.choice(
        [
            b"\x91" * size,
            head + b"\x91" * (size - 6),
            b"\x81\xa1x" * (size // 3),
            b"\x82\xa4type\xa4Halt\xa6reason\xda"
            + min(size, 65_000).to_bytes(2, "big")
            + b"x" * 65_000,
            head + b"\xdb\xff\xff\xff\xff" + b"x" * 10,
            b"\xdf\xff\xff\xff\xff" + head,
            b"\xdd\xff\xff\xff\xff" + bytes(size - 5),
            b"\x82\xa4type\xaaPlaceOrder\xa8quantity\xda\xf0\x00" + b"9" * 61_440,
            b"".join((b"\xde", (size // 4).to_bytes(2, "big"), b"\xa2ab\xc0" * (size // 4))),
            draw.randbytes(size),
        ]
    )[:MAX_REQUEST]


def message(draw: random.Random, request_id: bytes) -> Frames:
    """The frames of a hostile message."""
    roll = draw.random()
    if roll < 0.45:
        body = damaged(draw, honest_body(draw))
    elif roll < 0.75:
        body = damaged(draw, valid_body(draw))
    elif roll < 0.90:
        body = valid_body(draw)
    elif roll < 0.97:
        body = draw.randbytes(draw.randint(0, 64))
    else:
        body = bomb(draw)
    frames = [MAGIC, request_id, body]
    return reframed(draw, frames) if draw.random() < 0.1 else frames


def reframed(draw: random.Random, frames: Frames) -> Frames:
    """A message in the wrong frames."""
    match draw.randrange(6):
        case 0:
            frames.insert(draw.randrange(4), draw.randbytes(draw.randint(0, 9)))
        case 1:
            del frames[draw.randrange(3)]
        case 2:
            frames[0] = draw.choice([b"", b"OO2", b"OO1\0", draw.randbytes(3)])
        case 3:
            frames[1] = draw.randbytes(draw.choice([0, 7, 9, 300]))
        case 4:
            draw.shuffle(frames)
        case _:
            frames = [draw.randbytes(draw.randint(0, 5)) for _ in range(draw.randint(1, 40))]
    return frames


def run_batch(
    client: RawClient,
    seed: str,
    count: int,
    answers: Counter[str],
    *,
    spare: Callable[[Frames], bool] = lambda _: False,
    expected: Container[str] = EXPECTED,
) -> None:
    """Send so many messages, but none to spare, and read as many answers."""
    draw = random.Random(seed)
    done = 0
    while done < count:
        size = min(WINDOW, count - done)
        for number in range(size):
            frames = message(draw, (done + number).to_bytes(8, "big"))
            while spare(frames):
                frames = message(draw, (done + number).to_bytes(8, "big"))
            client.send(*frames)
        for _ in range(size):
            reply = client.receive()[1]
            kind = reply.code if isinstance(reply, Err) else type(reply).__name__
            assert kind in expected or not isinstance(reply, Err), reply
            answers[kind] += 1
        done += size


def fuzz(count: int, seed: int, tell: Callable[[str], object] = print) -> Outcome:
    """Send `count` messages; raises with the seed of the batch that went wrong."""
    answers: Counter[str] = Counter()
    began = time.perf_counter()
    slowest = 0
    with (
        short_folder() as folder,
        serving(QuietCore(), folder) as server,  # type: ignore[arg-type]
        RawClient(folder) as hostile,
        RawClient(folder) as honest,
    ):
        for start in range(0, count, BATCH):
            name = f"{seed}:{start // BATCH}"
            try:
                run_batch(hostile, name, min(BATCH, count - start), answers)
                assert isinstance(honest.say(Ping()), Ok)
                slowest = server.counters.slowest_ns
                assert slowest < CPU_NS_MAX, f"a message took {slowest / 1e6:.1f} ms of CPU"
                assert server.counters.faults == 0
            except BaseException:
                tell(f"failed in the batch with seed {name!r}")
                raise
    return Outcome(sum(answers.values()), answers, slowest, time.perf_counter() - began)


def main() -> None:
    """Fuzz from the command line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(32)
    sys.stdout.write(f"{count:,} messages, seed {seed}\n")
    found = fuzz(count, seed)
    rate = found.messages / found.seconds
    sys.stdout.write(
        f"{found.messages:,} answered in {found.seconds:.1f} s ({rate:,.0f}/s), the slowest took "
        f"{found.slowest_ns / 1e6:.3f} ms of CPU\n"
    )
    for kind, times in found.answers.most_common():
        sys.stdout.write(f"  {kind:<10}{times:>10,}\n")


if __name__ == "__main__":
    main()
