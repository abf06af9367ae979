"""On which line of a TOML file each key and array element stands.

`tomllib` does not say. This walks a text that `tomllib` has accepted, so it need not check anything.
"""

from collections.abc import Mapping
from typing import Final

KeyPath = tuple[str | int, ...]
"""Keys and array indexes from the top: `("feeds", 0, "instrument")`."""

_BARE_END: Final = frozenset(",]}\n#")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key, table and array element of a valid TOML text."""
    return _Walker(text).walk()


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of a key, or of the nearest thing that contains it; 1 when there is none."""
    for length in range(len(path), 0, -1):
        line = lines.get(path[:length])
        if line is not None:
            return line
    return 1


class _Walker:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.lengths: dict[KeyPath, int] = {}  # of arrays of tables

    def walk(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self.skip_blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip_blank()
        return self.lines

    def header(self) -> KeyPath:
        is_array = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if is_array else 1
        path = self.inside_arrays(self.dotted_key())
        if is_array:
            index = self.lengths.get(path, 0)
            self.lengths[path] = index + 1
            self.mark(path, start)
            path = (*path, index)
        self.at += 2 if is_array else 1
        self.mark(path, start)
        return path

    def inside_arrays(self, keys: KeyPath) -> KeyPath:
        """A header's path: below an array of tables it means the array's last element."""
        path: KeyPath = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if position < len(keys) - 1 and path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def pair(self, table: KeyPath) -> None:
        start = self.at
        path = (*table, *self.dotted_key())
        self.mark(path, start)
        self.at += 1  # the equals sign
        self.value(path)

    def dotted_key(self) -> KeyPath:
        keys: list[str] = []
        while True:
            self.skip(" \t")
            if self.text[self.at] in "\"'":
                start = self.at
                self.string()
                keys.append(self.text[start + 1 : self.at - 1])
            else:
                start = self.at
                while self.text[self.at].isalnum() or self.text[self.at] in "_-":
                    self.at += 1
                keys.append(self.text[start : self.at])
            self.skip(" \t")
            if self.text[self.at] != ".":
                return tuple(keys)
            self.at += 1

    def value(self, path: KeyPath) -> None:
        self.skip(" \t")
        char = self.text[self.at]
        if char in "\"'":
            self.string()
        elif char == "[":
            self.array(path)
        elif char == "{":
            self.inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _BARE_END:
                self.at += 1

    def string(self) -> None:
        quote = self.text[self.at]
        end = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(end)
        while not self.text.startswith(end, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(end)
        if len(end) == 3:
            self.skip(quote)  # up to two quotes may stand before the closing three

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        self.skip_blank()
        while self.text[self.at] != "]":
            self.mark((*path, index), self.at)
            self.value((*path, index))
            index += 1
            self.skip_blank(",")
        self.at += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        self.skip_blank()
        while self.text[self.at] != "}":
            self.pair(path)
            self.skip_blank(",")
        self.at += 1

    def skip(self, chars: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in chars:
            self.at += 1

    def skip_blank(self, separators: str = "") -> None:
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                newline = self.text.find("\n", self.at)
                self.at = len(self.text) if newline < 0 else newline
            elif self.text[self.at] in " \t\n" + separators:
                self.at += 1
            else:
                return

    def mark(self, path: KeyPath, at: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, at) + 1)
