"""What every test may use: the recorded markets beside the checkout, and reproducible randomness."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# A deadline would fail a slow machine, not a slow program. `ci` draws the same examples every time.
settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
PROFILE = "ci" if os.environ.get("CI") else "dev"
settings.load_profile(PROFILE)


def shared_root() -> Path:
    """Folder of the recorded markets: `../shared`, or what `OPENOUTCRY_SHARED` names."""
    named = os.environ.get("OPENOUTCRY_SHARED")
    return Path(named).resolve() if named else ROOT.parent / "shared"


def pytest_report_header() -> str:
    """State what a failure needs to be repeated, beside the seed that pytest-randomly prints."""
    recorded = "present" if shared_root().exists() else "absent"
    return f"hypothesis profile: {PROFILE}; recorded markets: {recorded}"


@pytest.fixture(autouse=True)
def _nothing_stays_guarded() -> Iterator[None]:
    """A run that a test leaves unfinished guards its strategies' modules no longer than the test."""
    yield
    module = sys.modules.get("openoutcry.actors.guard")
    for left in list(getattr(module, "_guards", ())):
        left.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the checkout; the test is skipped where there is none."""
    root = shared_root()
    if not root.exists() and "OPENOUTCRY_SHARED" not in os.environ:
        pytest.skip("the recorded markets (../shared) are not beside this checkout")
    if not os.access(root, os.R_OK | os.X_OK):
        pytest.fail(f"{root} cannot be read: correct its permissions or OPENOUTCRY_SHARED")
    return root


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """The recorded markets. A folder that is there but cannot be read fails the test."""
    data = shared / "data"
    if not os.access(data, os.R_OK | os.X_OK):
        pytest.fail(f"{data} is missing or cannot be read: the folder beside it exists")
    return data
