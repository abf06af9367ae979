"""What the tests of the order path share."""

from collections.abc import Iterator

import pytest

from tests import path_kit


@pytest.fixture(autouse=True)
def _close_what_a_test_opened() -> Iterator[None]:
    yield
    while path_kit.OPEN:
        path_kit.OPEN.pop().graph.close()
