"""Text files that `outcry init` and `outcry new` copy, with `§{name}` replaced."""

import string
from collections.abc import Mapping
from importlib.resources import files


class _Template(string.Template):
    delimiter = "§"


def fill(file: str, names: Mapping[str, str]) -> str:
    """The text of a template file with its names filled in."""
    text = files(__name__).joinpath(file).read_text(encoding="utf-8")
    return _Template(text).substitute(names)
