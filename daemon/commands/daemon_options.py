"""Options that every command to a running daemon has."""

import argparse

from openoutcry.daemon.command import Option, path


def seconds(text: str) -> float:
    """A number of seconds from 0.1 to 600."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0.1 and 600 seconds")
    return value


def key(text: str) -> str:
    """An idempotency key: 32 hex digits."""
    if len(text) != 32 or not set(text) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError(f"{text!r} is no key: 32 digits of 0-9 a-f")
    return text


DAEMON = (
    Option(
        "--config", "The daemon of this config. Without all of these: ./outcry.toml.", path, "FILE"
    ),
    Option("--name", "The daemon of this name on this machine.", metavar="NAME"),
    Option("--endpoint", "Where it listens: ipc://PATH or tcp://HOST:PORT.", metavar="ENDPOINT"),
    Option("--client-key", "For tcp: the file of this client's key.", path, "FILE"),
    Option("--server-key", "For tcp: the daemon's public key.", metavar="KEY"),
    Option("--timeout", "Seconds to wait for an answer.", seconds, "S", default=5.0),
)
"""Which daemon is meant."""
SCOPE = (
    Option("--strategy", "Only of this strategy.", metavar="NAME"),
    Option("--instrument", "Only of this instrument.", metavar="ID"),
)
CARE = (
    Option("--dry-run", "Show what it would do, and do nothing.", bool),
    Option("--yes", "Do not ask. Needed where there is no terminal.", bool),
    Option("--key", "Send a command again: the key that it printed.", key, "KEY"),
    Option("--reason", "Why, for the journal.", metavar="TEXT", default=""),
)
"""For what changes the world."""
