"""Each command once: the first answer to a key is every answer to it.

The core journals `CommandReceived` with the input that carries a command out and `CommandAnswered` with
its answer; after a restart `load` reads them back. A command without a recorded answer was carried out
(its input is in the journal and recovery plays it again), so it is never carried out a second time.
"""

import hashlib
import threading
from collections.abc import Iterable
from typing import Final

import msgspec

from openoutcry.daemon.control.protocol import (
    NIL,
    Accepted,
    AnyMutation,
    AnyReply,
    Err,
    decode_reply,
    encode,
)
from openoutcry.state.codec import AnyMessage
from openoutcry.state.control_messages import CommandAnswered, CommandReceived
from openoutcry.state.errors import CommandConflict

CAPACITY: Final = 65_536
"""How many answered commands are remembered; the oldest go first."""


class _Entry(msgspec.Struct):
    """A command: what it was, the input that it became, its answer as bytes once there is one."""

    digest: bytes
    seq: int = 0
    reply: bytes | None = None


class IdempotencyStore:
    """Keys of commands with their first answers; from any thread."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, command: AnyMutation) -> AnyReply | None:
        """The first answer to this command; None when there is none yet.

        Raises:
            CommandConflict: Its key was used for something else.
        """
        with self._lock:
            entry = self._entries.get(command.key)
        if entry is None:
            return None
        if entry.digest != digest_of(encode(command)):
            raise CommandConflict(f"key {command.key} was used for another command")
        return None if entry.reply is None else decode_reply(entry.reply)

    def begin(self, command: AnyMutation) -> None:
        """A command that `find` did not know is handed to the core."""
        with self._lock:
            self._entries[command.key] = _Entry(digest_of(encode(command)))

    def taken(self, key: str, seq: int) -> None:
        """The core has made the input `seq` of it: from here on it counts as carried out."""
        with self._lock:
            if entry := self._entries.get(key):
                entry.seq = seq

    def answer(self, key: str, reply: AnyReply) -> None:
        """The core has answered. What may be tried again is forgotten, so that it can be."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.reply is not None:
                return
            del self._entries[key]
            if isinstance(reply, Err) and reply.retry:
                return
            entry.reply = encode(reply)
            self._entries[key] = entry  # ordered by when they were answered
            self._make_room()

    def load(self, records: Iterable[tuple[int, AnyMessage]]) -> None:
        """Read back what the journal holds: inputs' sequence numbers and messages, in order."""
        with self._lock:
            for seq, message in records:
                if isinstance(message, CommandReceived):
                    self._entries[message.key] = _Entry(digest_of(message.body), seq)
                elif isinstance(message, CommandAnswered) and message.key in self._entries:
                    entry = self._entries.pop(message.key)
                    reply = decode_reply(message.reply)
                    if not (isinstance(reply, Err) and reply.retry):
                        entry.reply = message.reply
                        self._entries[message.key] = entry
            self._settle()
            self._make_room()

    def snapshot(self) -> bytes:
        """All of it as bytes, for the snapshot that lets the journal drop its beginning."""
        with self._lock:
            kept = {k: e for k, e in self._entries.items() if e.seq or e.reply is not None}
            return msgspec.msgpack.encode(kept)

    def restore(self, snapshot: bytes) -> None:
        """What `snapshot` gave; `load` of the journal's tail comes after.

        Raises:
            msgspec.MsgspecError: It was not made by `snapshot`.
        """
        entries = msgspec.msgpack.decode(snapshot, type=dict[str, _Entry])
        with self._lock:
            self._entries = entries
            self._settle()

    def recall(self, snapshot: bytes, tail: Iterable[tuple[int, AnyMessage]]) -> None:
        """What a session's snapshot (empty: none) and the journal after it hold."""
        if snapshot:
            self.restore(snapshot)
        self.load(tail)

    def _settle(self) -> None:
        """Commands that were carried out and whose answer the journal does not hold."""
        for entry in self._entries.values():
            if entry.reply is None:
                entry.reply = encode(Accepted(durable=True, seq=entry.seq, body=NIL))

    def _make_room(self) -> None:
        excess = len(self._entries) - self._capacity
        if excess > 0:
            answered = (key for key, entry in self._entries.items() if entry.reply is not None)
            for key in [key for key, _ in zip(answered, range(excess), strict=False)]:
                del self._entries[key]


def digest_of(body: bytes) -> bytes:
    """What tells one command from another that has the same key."""
    return hashlib.blake2b(body, digest_size=16).digest()


def received(command: AnyMutation, client: str, ts: int) -> CommandReceived:
    """The record of a command, for the input that carries it out."""
    name = type(command).__name__
    return CommandReceived(key=command.key, ts=ts, client=client, verb=name, body=encode(command))


def answered(command: AnyMutation, reply: AnyReply, ts: int) -> CommandAnswered:
    """The record of a command's answer."""
    return CommandAnswered(key=command.key, ts=ts, reply=encode(reply))
