"""Fixtures of the control socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.kit import FakeCore, short_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()
