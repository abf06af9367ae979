"""What every answer on a terminal begins with, and the colours of its states."""

from openoutcry.daemon.console import Console
from openoutcry.daemon.control.views import Answer
from openoutcry.daemon.control.words import utc

_MODES = {"live": "alarm", "paper": "blue", "replay": "dim"}


def banner(mode: str, console: Console) -> str:
    """The mode, so that nobody takes one for the other."""
    return (
        console.paint(f" {mode.upper()} ", _MODES.get(mode, "bold"))
        if console.colours
        else (mode.upper())
    )


def head(answer: Answer, what: str, console: Console) -> str:
    """The first line of every answer: mode, name, what it is, as of when."""
    name = console.paint(answer.name, "bold")
    return f"{banner(answer.mode, console)} {name} · {what} · {utc(answer.ts)}"


def state_colour(state: str) -> str:
    """Of a strategy's state."""
    return {"running": "green", "paused": "yellow"}.get(state, "red")
