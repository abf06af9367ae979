"""Ready is said when what the start did is on disk, and not before."""

import pytest

from openoutcry.daemon.config_loader import load
from openoutcry.daemon.startup import RunOptions, Startup
from openoutcry.state.events import SessionReconciled, SessionStarted
from tests.daemon.service.kit import make_project


def bring_up(config, marker):
    """A daemon that has become ready, and how many of `marker` were durable at that moment."""
    daemon = Startup(load(config), RunOptions()).run()
    moments: list[int] = []

    def durable() -> int:
        found = (record.message for record in daemon.journal.reader.records())
        return sum(isinstance(message, marker) for message in found)

    daemon.when_ready.append(lambda: moments.append(durable()))
    assert moments == []
    for _ in range(1_000):
        daemon.core.turn()
        if moments:
            break
        daemon.core.wait(0.01)
    return daemon, moments


@pytest.fixture
def config(tmp_path):
    return make_project(tmp_path / "project")


def test_a_new_session_is_ready_once_its_beginning_is_durable(config):
    daemon, moments = bring_up(config, SessionStarted)
    daemon.close()
    assert moments == [1]


@pytest.mark.parametrize("killed", [False, True])
def test_a_session_that_came_back_is_ready_once_reconciliation_is_durable(config, killed):
    for times in (0, 1, 2):
        kind = SessionReconciled if times else SessionStarted
        daemon, moments = bring_up(config, kind)
        daemon.close(snapshot=not killed)
        assert moments == [times or 1]


def test_progress_of_a_recovery_is_told(config):
    daemon, _ = bring_up(config, SessionStarted)
    daemon.close(snapshot=False)
    steps: list[str] = []
    told: list[str] = []
    Startup(load(config), RunOptions(), say=steps.append, progress=told.append).run().close(
        snapshot=False
    )
    assert steps == ["opening the journal", "bringing the session back", "asking the venues"]
    assert told
    assert told[-1].startswith("bringing the session back: input ")
