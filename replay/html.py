"""HTML by construction: every text is escaped unless it was built here."""

from collections.abc import Iterable
from html import escape


class Html(str):
    """Markup. A plain `str` is text, and is escaped where markup is expected."""

    __slots__ = ()


def tag(name: str, *content: str | Iterable[str], **attributes: str | None) -> Html:
    """`<name ...>content</name>`.

    Args:
        name: The element.
        *content: Texts (escaped), markup, or iterables of both.
        **attributes: `class_` is `class`, `aria_label` is `aria-label`; None leaves one out.
    """
    names = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    shown = "".join(f' {key}="{escape(value)}"' for key, value in names if value is not None)
    return Html(f"<{name}{shown}>{join(*content)}</{name}>")


def join(*content: str | Iterable[str]) -> Html:
    """Texts and markup, one after the other."""
    parts: list[str] = []
    for item in content:
        if isinstance(item, Html):
            parts.append(item)
        elif isinstance(item, str):
            parts.append(escape(item))
        else:
            parts.append(join(*item))
    return Html("".join(parts))
