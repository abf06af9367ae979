"""Masks registered secrets in whatever leaves the process as text or bytes.

A value is found in the forms in which it usually escapes: as it is, quoted by JSON, `repr`, URLs, HTML,
in hex, and in base64 at any offset (as in an `Authorization` header). Each longer line of a secret with
several lines counts as one.
"""

import base64
import html
import json
import re
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
LEAST: Final = 8
"""Characters of the shortest value that can be masked; shorter ones would blank out ordinary words."""

_SECRET_NAME: Final = re.compile(
    r"pass(word|wd|phrase)?|secret|token|api_?key|private_?key|authori[sz]ation|cookie|credential"
    r"|signature",
    re.IGNORECASE,
)
# `secret = "x"`, `"apiKey": "x"`, `token=x`, `Authorization: Bearer x`
_ASSIGNED: Final = re.compile(
    rf"""((?:[\w-]*(?:{_SECRET_NAME.pattern})[\w-]*)["']?\s*[:=]\s*["']?(?:(?:Bearer|Basic)\s+)?)"""
    r"""([^\s"'&,;}\]]{4,})""",
    re.IGNORECASE,
)


class Masker:
    """Knows the secrets of this process; `add` and the rest may be called from any thread."""

    def __init__(self) -> None:
        self._texts: tuple[str, ...] = ()
        self._bytes: tuple[bytes, ...] = ()

    def add(self, value: str) -> None:
        """Mask a value from now on.

        Args:
            value: At least `LEAST` characters.
        """
        assert len(value) >= LEAST, "too short to be told from ordinary text"
        found = forms(value) | set(self._texts)
        # Longest first, so that no form leaves a piece of another standing.
        self._texts = tuple(sorted(found, key=lambda form: (-len(form), form)))
        self._bytes = tuple(text.encode() for text in self._texts)

    def text(self, text: str) -> str:
        """`text` with every secret replaced by `***`."""
        for form in self._texts:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def data(self, data: bytes) -> bytes:
        """`data` with every secret replaced by as many stars, so that nothing moves."""
        for form in self._bytes:
            if form in data:
                data = data.replace(form, b"*" * len(form))
        return data


PROCESS: Final = Masker()
"""Knows what this process has loaded; the command line masks what it prints with it."""


def forms(value: str) -> set[str]:
    """The texts by which a value may be known."""
    found: set[str] = set()
    for piece in {value, value.strip(), *(line.strip() for line in value.splitlines())}:
        if len(piece) < LEAST:
            continue
        raw = piece.encode()
        found |= {
            piece,
            json.dumps(piece)[1:-1],
            json.dumps(piece, ensure_ascii=False)[1:-1],
            repr(piece)[1:-1],
            repr(raw)[2:-1],
            quote(piece, safe=""),
            quote(piece),
            quote_plus(piece),
            html.escape(piece),
            raw.hex(),
            raw.hex().upper(),
            *_base64_forms(raw),
        }
    return found


def _base64_forms(raw: bytes) -> set[str]:
    """What of the value's base64 does not depend on its neighbours, for each offset in its group."""
    found = set()
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw).decode()
        known = text[(offset * 8 + 5) // 6 : (offset + len(raw)) * 8 // 6]
        if len(known) >= LEAST:
            found |= {known, known.replace("+", "-").replace("/", "_")}
    return found


def names_a_secret(name: str) -> bool:
    """Whether a field of this name holds something that nobody should read."""
    return _SECRET_NAME.search(name) is not None


def blank_assigned(text: str) -> str:
    """`text` with what is assigned to names such as `password` or `api_key` replaced by `***`."""
    return _ASSIGNED.sub(rf"\1{MASK}", text)
