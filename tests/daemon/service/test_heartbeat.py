"""The sign of life comes from the core's turns, and from nowhere else."""

import threading

import pytest

from openoutcry.daemon.heartbeat import EXTEND_NS, Heartbeat, Patience
from openoutcry.daemon.notify import Notifier
from tests.daemon.service.kit import Manager, start

SECOND = 10**9


class Clock:
    """A steady clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def manager(tmp_path):
    with Manager(str(tmp_path / "notify")) as manager:
        yield manager


@pytest.fixture
def core(tmp_path):
    daemon = start(tmp_path / "project")
    yield daemon.core
    daemon.close(snapshot=False)


def heart(manager, core, clock, limit_s=20):
    notifier = Notifier(manager.address, limit_s * SECOND)
    return Heartbeat(notifier, core.post, lambda: "fine", clock)


def test_a_beat_goes_out_at_half_the_limit_after_a_round_through_the_core(manager, core, clock):
    heartbeat = heart(manager, core, clock)
    clock.now += 10 * SECOND - 1
    heartbeat.turn()
    core.turn()
    assert manager.waiting() == []
    clock.now += 1
    heartbeat.turn()
    assert manager.waiting() == []  # it has not been round yet
    core.turn()
    assert manager.waiting() == [{"WATCHDOG": "1", "STATUS": "fine"}]
    heartbeat.turn()
    core.turn()
    assert manager.waiting() == []
    clock.now += 10 * SECOND
    heartbeat.turn()
    core.turn()
    assert len(manager.waiting()) == 1


def test_a_core_that_hangs_in_a_turn_is_not_fed(manager, core, clock):
    heartbeat = heart(manager, core, clock)
    hangs, goes_on, end = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        assert goes_on.wait(30)

    def loop() -> None:
        while not end.is_set():
            core.turn()
            heartbeat.turn()
            core.wait(0.001)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        clock.now += 10 * SECOND
        assert manager.until("WATCHDOG")
        core.post(hang)
        assert hangs.wait(30)
        manager.waiting()
        clock.now += 1_000 * SECOND
        with pytest.raises(TimeoutError):
            manager.next(0.2)
        goes_on.set()
        assert manager.until("WATCHDOG")
    finally:
        goes_on.set()
        end.set()
        thread.join(30)


def test_it_keeps_how_near_the_watchdog_came(manager, core, clock):
    heartbeat = heart(manager, core, clock)
    for late, left in ((0, 1.0), (4, 0.6), (1, 0.6), (1_000, 0.0)):
        clock.now += (10 + late) * SECOND
        heartbeat.turn()
        core.turn()
        assert heartbeat.left == pytest.approx(left)
    assert heart(manager, core, clock, limit_s=0).left is None


def test_without_a_watchdog_the_status_line_stays_fresh(manager, core, clock):
    heartbeat = heart(manager, core, clock, limit_s=0)
    clock.now += 10 * SECOND
    heartbeat.turn()
    core.turn()
    assert manager.waiting() == [{"WATCHDOG": "1", "STATUS": "fine"}]


def test_nobody_is_posted_to_when_nobody_listens(core, clock):
    posted: list[object] = []
    heartbeat = Heartbeat(Notifier(None), posted.append, lambda: "fine", clock)
    clock.now += 1_000 * SECOND
    heartbeat.turn()
    assert posted == []


def test_only_progress_buys_time(manager, clock):
    patience = Patience(Notifier(manager.address), "PAPER demo", clock)
    more = str(EXTEND_NS // 1_000)
    patience.step("reading")
    assert manager.waiting() == [{"EXTEND_TIMEOUT_USEC": more, "STATUS": "PAPER demo: reading"}]
    for _ in range(1_000):
        patience.progress("input 1")
    assert manager.waiting() == []
    clock.now += SECOND
    patience.progress("input 2")
    assert manager.waiting() == [{"EXTEND_TIMEOUT_USEC": more, "STATUS": "PAPER demo: input 2"}]
    clock.now += 1_000 * SECOND
    assert manager.waiting() == []
