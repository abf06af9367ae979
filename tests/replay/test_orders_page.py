"""The page about orders explains every word that the simulated venue answers with."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_reason_of_the_venue_is_explained() -> None:
    """A word in the source without a row in the table is a riddle for its reader."""
    source = (ROOT / "rust_ext/src/exchange/reasons.rs").read_text()
    page = (ROOT / "docs/reference/orders.md").read_text()
    words = re.findall(r'&str = "([a-z_]+)";', source)
    assert len(words) > 30
    assert [word for word in words if f"`{word}`" not in page] == []
