"""What the journal keeps of the control socket: each command that came in, and what was answered.

With both a command that is sent again gets its first answer, also after a restart.
"""

from openoutcry.state.messages import Message


class CommandReceived(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """A command was taken from a client, as an input of the core.

    Args:
        key: Its idempotency key, 32 hex digits.
        ts: The inlet's stamp.
        client: Who sent it: name and, from another machine, the entry of the allow-list.
        verb: Name of the request.
        body: The request as the protocol writes it.
    """

    key: str
    ts: int
    client: str
    verb: str
    body: bytes


class CommandAnswered(Message, frozen=True, gc=False, kw_only=True, tag=True):
    """What the command with this key was answered: `reply` as the protocol writes it."""

    key: str
    ts: int
    reply: bytes
