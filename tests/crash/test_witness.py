"""The witness says nothing of a sound run, and finds each defect that is planted in one."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openoutcry.replay.paper_log import PaperLog, log_files, read_file
from openoutcry.state.commands import RiskApproved, SubmitOrder
from openoutcry.state.events import CashAdjusted, OrderFilled
from openoutcry.state.identifiers import FillId
from tests.crash.witness import Verdict, bear_witness
from tests.properties.two_sides import UNIVERSE, OurSide, Trading

SCALES = dict(UNIVERSE.currencies)
LIVES = 2


def trade(folder: Path, seed: int, *, crash: bool) -> OurSide:
    """Some lives of the venue, and what our side made of them; the last one ends well."""
    draw, ours = random.Random(seed), OurSide()
    for life in range(LIVES + 1):
        turns = 40 if life < LIVES else 0
        deaf = draw.randrange(turns) if crash and turns else 1 << 30
        trading = Trading(folder, seed, ours, life, deaf)
        now = trading.rig.kernel.now
        ours.catch_up(ours.reconcile(trading.rig.venue.answer(), now).evidence)
        trading.play(turns)
        trading.rig.die()
    return ours


def judge(folder: Path, ours: OurSide) -> Verdict:
    books = ("our side", ours.balances(), {str(k): v for k, v in ours.positions().items()})
    return bear_witness(folder, ours.journal, UNIVERSE.instruments, SCALES, [books])


@pytest.mark.parametrize("seed", range(12))
def test_a_sound_run_is_found_sound(tmp_path: Path, seed: int) -> None:
    ours = trade(tmp_path, seed, crash=seed % 3 > 0)
    verdict = judge(tmp_path, ours)
    assert verdict.defects == []
    assert verdict.orders > 10


def test_small_files_are_one_log(tmp_path: Path, monkeypatch: Any) -> None:
    def small(self: PaperLog, folder: Path) -> None:
        make(self, folder, max_bytes=3_000, keep=None)

    make = PaperLog.__init__
    monkeypatch.setattr(PaperLog, "__init__", small)
    ours = trade(tmp_path, 3, crash=True)
    assert len(log_files(tmp_path)) > 3
    assert judge(tmp_path, ours).defects == []
    log_files(tmp_path)[1].unlink()
    assert any("was due" in defect for defect in judge(tmp_path, ours).defects)


def first(ours: OurSide, wanted: type) -> int:
    """Place of the first message of a kind in the journal."""
    return next(n for n, message in enumerate(ours.journal) if isinstance(message, wanted))


def drop_intent(ours: OurSide) -> None:
    approved = (n for n, m in enumerate(ours.journal) if isinstance(m, RiskApproved))
    orders = (n for n in approved if isinstance(ours.journal[n].command, SubmitOrder))  # type: ignore[union-attr]
    del ours.journal[next(orders)]


def other_terms(ours: OurSide) -> None:
    place = first(ours, RiskApproved)
    approved = ours.journal[place]
    assert isinstance(approved, RiskApproved)
    command = approved.command
    assert isinstance(command, SubmitOrder)
    more = msgspec.structs.replace(command, quantity_units=command.quantity_units + 1)
    ours.journal[place] = RiskApproved(command=more)


def drop_fill(ours: OurSide) -> None:
    del ours.journal[first(ours, OrderFilled)]


def double_fill(ours: OurSide) -> None:
    ours.journal.append(ours.journal[first(ours, OrderFilled)])


def invent_fill(ours: OurSide) -> None:
    fill = ours.journal[first(ours, OrderFilled)]
    ours.journal.append(msgspec.structs.replace(fill, fill_id=FillId("999999")))


def other_price(ours: OurSide) -> None:
    place = first(ours, OrderFilled)
    fill = ours.journal[place]
    assert isinstance(fill, OrderFilled)
    ours.journal[place] = msgspec.structs.replace(fill, price_units=fill.price_units + 1)


def other_fee(ours: OurSide) -> None:
    place = first(ours, OrderFilled)
    fill = ours.journal[place]
    assert isinstance(fill, OrderFilled)
    ours.journal[place] = msgspec.structs.replace(fill, fee_units=fill.fee_units + 1)


def drop_cash(ours: OurSide) -> None:
    del ours.journal[first(ours, CashAdjusted)]


JOURNAL_DEFECTS: list[tuple[Callable[[OurSide], None], str]] = [
    (drop_intent, "was not journaled"),
    (other_terms, "was not journaled"),
    (drop_fill, "1 times at the venue, 0 times in the journal"),
    (double_fill, "1 times at the venue, 2 times in the journal"),
    (invent_fill, "0 times at the venue, 1 times in the journal"),
    (other_price, "0 times in the journal"),
    (other_fee, "0 times in the journal"),
    (drop_cash, "1 times at the venue, 0 times in the journal"),
]


@pytest.mark.parametrize(("plant", "words"), JOURNAL_DEFECTS)
def test_a_defect_of_the_journal_is_found(
    tmp_path: Path, plant: Callable[[OurSide], None], words: str
) -> None:
    ours = trade(tmp_path, 5, crash=True)
    assert judge(tmp_path, ours).defects == []
    plant(ours)
    defects = judge(tmp_path, ours).defects
    assert any(words in defect for defect in defects), defects
    if plant not in (drop_intent, other_terms):
        assert any("the journal comes to" in defect for defect in defects), defects


def rewrite(folder: Path, change: Callable[[list[list[Any]]], None]) -> None:
    """Change the entries of the first file's turns, and write the file anew."""
    file = log_files(folder)[0]
    start, turns, _ = read_file(file)
    entries = [e for turn in turns for blob in turn.entries for e in msgspec.msgpack.decode(blob)]
    change(entries)
    for old in log_files(folder):
        old.unlink()
    log = PaperLog(folder)
    log.open()
    log.start(start)
    assert log.append(msgspec.msgpack.encode(entries), turns[-1].state)
    log.close()


def kind(entries: list[list[Any]], wanted: str) -> int:
    return next(n for n, entry in enumerate(entries) if entry[0] == wanted)


def accept_twice(entries: list[list[Any]]) -> None:
    entries.append(entries[kind(entries, "accepted")])


def arrive_twice(entries: list[list[Any]]) -> None:
    entries.append(entries[kind(entries, "submit")])


def arrive_unasked(entries: list[list[Any]]) -> None:
    entry = list(entries[kind(entries, "submit")])
    entry[2] = "f" * 32
    entries.append(entry)


def cancel_unasked(entries: list[list[Any]]) -> None:
    entries.append(["cancel", 1, "f" * 32, entries[0][3]])


def fill_twice(entries: list[list[Any]]) -> None:
    entries.append(entries[kind(entries, "filled")])


def fill_id_twice(entries: list[list[Any]]) -> None:
    entry = list(entries[kind(entries, "filled")])
    entry[7] += 1
    entries.append(entry)


def lose_fill(entries: list[list[Any]]) -> None:
    del entries[kind(entries, "filled")]


VENUE_DEFECTS: list[tuple[Callable[[list[list[Any]]], None], str]] = [
    (accept_twice, "was accepted 2 times"),
    (arrive_twice, "reached the venue 2 times"),
    (arrive_unasked, "was not journaled"),
    (cancel_unasked, "was not journaled"),
    (fill_twice, "2 times at the venue, 1 times in the journal"),
    (fill_id_twice, "was used 2 times"),
    (lose_fill, "0 times at the venue, 1 times in the journal"),
]


@pytest.mark.parametrize(("plant", "words"), VENUE_DEFECTS)
def test_a_defect_of_the_venue_is_found(
    tmp_path: Path, plant: Callable[[list[list[Any]]], None], words: str
) -> None:
    ours = trade(tmp_path, 5, crash=True)
    rewrite(tmp_path, lambda entries: None)
    assert judge(tmp_path, ours).defects == []
    rewrite(tmp_path, plant)
    defects = judge(tmp_path, ours).defects
    assert any(words in defect for defect in defects), defects


def test_a_venue_that_misstates_its_account_is_found(tmp_path: Path) -> None:
    ours = trade(tmp_path, 5, crash=True)
    log = PaperLog(tmp_path)
    found = log.open()
    assert found is not None
    start = msgspec.structs.replace(found[0], number=log.number, balances={"USDT": "1"})
    log.start(start)
    log.close()
    assert any("the venue says" in defect for defect in judge(tmp_path, ours).defects)


def test_books_that_say_something_else_are_found(tmp_path: Path) -> None:
    ours = trade(tmp_path, 5, crash=True)
    books: tuple[str, dict[str, int], dict[str, int]] = ("the books", {"USDT": 1}, {})
    verdict = bear_witness(tmp_path, ours.journal, UNIVERSE.instruments, SCALES, [books])
    assert any(defect.startswith("the books says") for defect in verdict.defects)


def test_a_damaged_and_a_missing_log_are_found(tmp_path: Path) -> None:
    ours = trade(tmp_path / "venue", 5, crash=True)
    file = log_files(tmp_path / "venue")[0]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert any("no record at byte" in d for d in judge(tmp_path / "venue", ours).defects)
    assert any("there is no log" in d for d in judge(tmp_path / "other", ours).defects)
