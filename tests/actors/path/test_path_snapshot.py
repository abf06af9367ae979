"""What the order path itself remembers over a restart: ids, and the clock's handles of timers."""

from typing import Any

import pytest

from openoutcry import _native
from openoutcry.state.commands import Flatten
from openoutcry.state.enums import Side
from openoutcry.state.errors import CodecError, SchemaTooNew, StateError
from tests.path_kit import BTC, FREE, NOW, OTHER, SECOND, STRATEGY, Evidence, Pit, ids, order, own


def traded() -> Pit:
    """A pit where a strategy bought, its book was flattened, and a timer is set."""
    pit = Pit(FREE)
    pit.run(lambda puppet: puppet.submit(BTC, Side.BUY, 5))
    pit.take(Evidence().accepted, Evidence().fill(5))
    pit.handle(Flatten(ts=NOW, strategy=STRATEGY))
    pit.run(lambda puppet: puppet.after("wake", SECOND), OTHER)
    return pit


def test_ids_go_on_where_they_were() -> None:
    first = traded()
    second = Pit(FREE)
    second.path.restore(first.path.snapshot())
    second.graph.books.restore(first.graph.books.snapshot())
    second.run(lambda puppet: puppet.submit(BTC, Side.BUY, 5))
    second.handle(Flatten(ts=NOW, strategy=STRATEGY))
    minted = [command.client_order_id for command in second.submits()]
    assert minted == [*ids(2), *ids(2, book=0x8000 | 1)]


def test_a_timer_that_was_set_before_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = traded(), Pit(FREE)
    second.path.restore(first.path.snapshot())
    cancelled: list[int] = []
    monkeypatch.setattr(second.world, "cancel_timer", cancelled.append)
    second.run(lambda puppet: puppet.cancel_timer("wake"), OTHER)
    assert first.world.timers[cancelled[0] - 1][1:] == (f"strategy/{OTHER}", "wake")
    second.run(lambda puppet: puppet.cancel_timer("wake"), OTHER)
    assert len(cancelled) == 1


def test_the_epoch_goes_on_until_another_begins() -> None:
    first = traded()
    second = Pit(FREE)
    second.path.restore(first.path.snapshot())
    assert second.path.epoch == first.path.epoch
    second.path.begin_epoch(second.path.epoch)
    assert second.path.snapshot() == first.path.snapshot(), "the same epoch changes nothing"
    second.path.begin_epoch(99)
    assert second.path.epoch == 99
    assert second.path.snapshot() != first.path.snapshot()


def test_another_strategy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    saved = traded().path.snapshot()
    monkeypatch.setattr("tests.path_kit.OTHER", "somebody")
    with pytest.raises(StateError, match=f"has {OTHER}, which is not in this run"):
        Pit(FREE).path.restore(saved)


def test_damage_is_refused_and_changes_nothing() -> None:
    saved = traded().path.snapshot()
    pit = Pit(FREE)
    before = pit.path.snapshot()
    for at in range(len(saved)):
        flipped = bytearray(saved)
        flipped[at] ^= 1
        for bad in (bytes(flipped), saved[:at]):
            with pytest.raises(CodecError):
                pit.path.restore(bad)
    newer: Any = bytearray(saved[:-32])
    newer[4] += 1
    with pytest.raises(SchemaTooNew, match="the order path of version 2"):
        pit.path.restore(bytes(newer) + _native.digest(bytes(newer)))
    assert pit.path.snapshot() == before


def test_it_is_taken_between_inputs() -> None:
    pit = Pit(FREE)
    taken: list[object] = []

    def act(_puppet: object) -> None:
        pit.path.command(order())
        with pytest.raises(StateError, match="between inputs"):
            pit.path.snapshot()
        taken.append(own())

    pit.run(act)
    assert taken
    assert not pit.failed
