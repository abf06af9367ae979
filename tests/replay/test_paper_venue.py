"""The paper venue over restarts: what it remembers, what happens to orders while it is down."""

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openoutcry.replay.paper_log import PaperLog, Turn, log_files, read_file
from openoutcry.replay.venue_entries import decode_entries
from openoutcry.state.enums import OrderType, Side, TimeInForce
from openoutcry.state.errors import JournalDamaged, JournalError, JournalFull, StateError
from openoutcry.state.events import OrderExpired, OrderFilled
from openoutcry.state.identifiers import InstrumentId, VenueId
from openoutcry.state.universe import Universe
from openoutcry.state.venue_answers import VenueOrder, VenueOrderStatus
from tests.markets import MARGIN, PERP, SPOT
from tests.replay.kernels import quotes
from tests.replay.paper_kit import UNIVERSE, A, Rig, cancel, client_id, order, replace, venue_config

WORKING, FILLED = VenueOrderStatus.WORKING, VenueOrderStatus.FILLED


def kinds(messages: list[Any]) -> list[str]:
    return [type(message).__name__ for message in messages]


def by_number(rig: Rig) -> dict[int, VenueOrder]:
    return {int(o.client_order_id or "", 16): o for o in rig.venue.orders()}


def fills_of(rig: Rig) -> list[OrderFilled]:
    return [m for m in rig.venue.answer().movements if isinstance(m, OrderFilled)]


def entries_of(folder: Path) -> list[Any]:
    """Every entry of every file."""
    turns = [turn for file in log_files(folder) for turn in read_file(file)[1]]
    return [e for turn in turns for blob in turn.entries for e in decode_entries(blob)]


def test_an_open_order_survives_and_fills_after_the_return(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002), (20, 10_000, 10_002)])
    assert not first.came_back
    first.play(1)
    first.send(order(1, limit_units=9_990), order(2, quantity_units=3))
    assert kinds(first.play()) == ["OrderAccepted", "OrderAccepted", "OrderFilled", "Quote"]
    first.die()

    second = Rig(tmp_path, [(30, 9_989, 9_990)], start=25)
    assert second.came_back
    before = by_number(second)
    assert (before[1].status, before[1].filled_units) == (WORKING, 0)
    assert (before[2].status, before[2].filled_units) == (FILLED, 3)
    fills = [m for m in second.play() if isinstance(m, OrderFilled)]
    assert [(f.client_order_id, f.price_units, f.fill_id) for f in fills] == [
        (client_id(1), 9_990, "2")
    ]
    answer = second.venue.answer()
    assert [fill.fill_id for fill in fills_of(second)] == ["1", "2"]
    assert answer.positions == {A: 4}
    assert answer.balances["USD"] == 1_000_000_00 - 3 * 10_002 - 9_990


def test_nothing_fills_while_it_is_down_and_orders_stand_at_the_back(tmp_path: Path) -> None:
    config = venue_config()
    first = Rig(tmp_path, [(10, 10_000, 10_002)], config=config)
    first.play(1)
    first.send(order(1, limit_units=10_000))
    first.play()
    first.die()
    # The market was at 99.00 meanwhile; what counts is the first quote after the return.
    second = Rig(tmp_path, [(100, 10_000, 10_002), (110, 9_990, 10_000)], start=90)
    assert kinds(second.play()) == ["Quote", "Quote", "OrderFilled"]


def test_what_was_to_expire_meanwhile_expires_at_the_return(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    first.send(order(1, limit_units=9_000, time_in_force=TimeInForce.GTD, expire_ts=50))
    first.send(order(2, limit_units=9_000, time_in_force=TimeInForce.GTD, expire_ts=95))
    first.play()
    first.die()
    second = Rig(tmp_path, [(100, 8_990, 9_000)], start=90)
    messages = second.play()
    expired = [(m.client_order_id, m.ts_event) for m in messages if isinstance(m, OrderExpired)]
    assert expired == [(client_id(1), 90), (client_id(2), 95)]
    assert not any(isinstance(m, OrderFilled) for m in messages)


def test_a_command_that_was_under_way_never_arrived(tmp_path: Path) -> None:
    first = Rig(
        tmp_path,
        [(10, 10_000, 10_002), (20, 10_000, 10_002)],
        config=venue_config(order_latency_us=1),
    )
    first.play(1)
    first.send(order(1, limit_units=9_000))
    first.play(1)
    first.die()
    second = Rig(tmp_path, [(5_000_000, 10_000, 10_002)], start=30)
    second.play()
    assert by_number(second) == {}


def test_a_report_that_was_under_way_is_in_the_answer(tmp_path: Path) -> None:
    config = venue_config(report_latency_us=1_000)
    first = Rig(tmp_path, [(10, 10_000, 10_002), (20, 10_000, 10_002)], config=config)
    first.play(1)
    first.send(order(1))
    assert kinds(first.play(1)) == ["Quote"]
    first.die()
    second = Rig(tmp_path, [], start=30)
    assert by_number(second)[1].status is FILLED
    assert [fill.client_order_id for fill in fills_of(second)] == [client_id(1)]


def test_a_trailing_stop_keeps_its_level(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002), (20, 10_100, 10_102)])
    first.play(1)
    first.send(
        order(
            1,
            Side.SELL,
            order_type=OrderType.TRAILING_STOP,
            trailing_offset_units=50,
        )
    )
    first.play(1)
    size = log_files(tmp_path)[0].stat().st_size
    first.play(1)
    assert log_files(tmp_path)[0].stat().st_size > size, "the level moved without an entry"
    first.die()
    second = Rig(tmp_path, [(30, 10_049, 10_060)], start=25)
    assert kinds(second.play()) == ["Quote", "OrderTriggered", "OrderFilled"]


def test_ended_orders_are_known_up_to_a_number_and_ids_are_refused(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)], remember=3)
    first.play(1)
    for number in range(1, 6):
        first.send(order(number, limit_units=9_000), cancel(number))
    first.play()
    assert sorted(by_number(first)) == [3, 4, 5]
    first.die()
    second = Rig(tmp_path, [(30, 10_000, 10_002)], start=25, remember=3)
    assert sorted(by_number(second)) == [3, 4, 5]
    second.play()
    second.send(order(5, limit_units=9_000), cancel(4), cancel(1))
    assert [m.reason for m in second.play()] == [
        "duplicate_client_order_id",
        "order_closed",
        "unknown_order",
    ]
    assert by_number(second)[5].status is VenueOrderStatus.CANCELED


def test_a_group_that_filled_takes_no_order_after_the_return(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    first.send(order(1, oco_group="g"))
    first.play()
    first.die()
    second = Rig(tmp_path, [(30, 10_000, 10_002)], start=25)
    second.play()
    second.send(order(2, oco_group="g", limit_units=9_000))
    assert [m.reason for m in second.play()] == ["oco_group_done"]


def test_a_quiet_turn_writes_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [(10, 10_000, 10_002), (20, 10_000, 10_002)])
    size = log_files(tmp_path)[0].stat().st_size
    rig.play()
    assert log_files(tmp_path)[0].stat().st_size == size


def test_the_entries_tell_everything_in_order(tmp_path: Path) -> None:
    rig = Rig(tmp_path, [(10, 10_000, 10_002)])
    rig.play(1)
    rig.send(order(1, limit_units=9_000, quantity_units=5), replace(1, 4, 10_002), cancel(1))
    rig.play()
    told = [type(entry).__name__ for entry in entries_of(tmp_path)]
    assert told == [
        "Submit", "Accepted", "Replace", "Replaced", "Filled", "Cancel", "CancelRefused"
    ]  # fmt: skip


def test_the_files_are_private(tmp_path: Path) -> None:
    Rig(tmp_path / "SIM", [])
    assert (tmp_path / "SIM").stat().st_mode & 0o777 == 0o700
    assert log_files(tmp_path / "SIM")[0].stat().st_mode & 0o777 == 0o600


def test_a_torn_end_is_cut_and_the_turn_before_counts(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    first.send(order(1, limit_units=9_000))
    first.play()
    file = log_files(tmp_path)[0]
    whole = file.stat().st_size
    first.send(order(2, limit_units=9_000))
    first.play()
    first.die()
    data = file.read_bytes()
    for cut in range(whole, len(data)):
        file.write_bytes(data[:cut])
        second = Rig(tmp_path, [], start=25)
        assert sorted(by_number(second)) == [1], cut
        second.die()
    file.write_bytes(data)
    assert sorted(by_number(Rig(tmp_path, [], start=25))) == [1, 2]


def test_every_damaged_byte_in_the_middle_is_refused(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    for number in (1, 2):
        first.send(order(number, limit_units=9_000))
        first.play()
    first.die()
    file = log_files(tmp_path)[0]
    data = file.read_bytes()
    last = len(data) - data[::-1].find(b"OOPV"[::-1]) - 4
    for at in range(last):
        file.write_bytes(data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :])
        with pytest.raises(JournalDamaged) as raised:
            Rig(tmp_path, [], start=25)
        assert "outcry restore" in raised.value.remedy


def test_a_missing_record_is_noticed(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    marks = []
    for number in (1, 2, 3):
        marks.append(log_files(tmp_path)[0].stat().st_size)
        first.send(order(number, limit_units=9_000))
        first.play()
    first.die()
    file = log_files(tmp_path)[0]
    data = file.read_bytes()
    file.write_bytes(data[: marks[1]] + data[marks[2] :])
    with pytest.raises(JournalDamaged, match="does not follow"):
        Rig(tmp_path, [], start=25)


def test_files_rotate_by_size_and_the_oldest_go(tmp_path: Path) -> None:
    log = PaperLog(tmp_path, max_bytes=4_000, keep=3)
    first = Rig(tmp_path, [(10, 10_000, 10_002)], log=log)
    first.play(1)
    for number in range(1, 60):
        first.send(order(number, limit_units=9_000), *([cancel(number)] if number % 2 else []))
        first.play()
    files = log_files(tmp_path)
    assert len(files) == 3
    assert int(files[-1].stem) > 3
    first.die()
    second = Rig(tmp_path, [], start=25)
    known = by_number(second)
    assert sorted(known) == list(range(1, 60))
    assert [n for n, o in known.items() if o.status is WORKING] == list(range(2, 60, 2))


def test_a_full_disk_heals_and_nothing_is_lost(tmp_path: Path, monkeypatch: Any) -> None:
    rig = Rig(tmp_path, [(10, 10_000, 10_002)])
    rig.play(1)
    write, room = os.write, [10]

    def short(fd: int, data: Any) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        part, room[0] = data[: room[0]], 0
        return write(fd, part)

    monkeypatch.setattr(os, "write", short)
    rig.send(order(1, limit_units=9_000))
    rig.play()
    assert isinstance(rig.log.failure, JournalFull)
    assert [rig.venue.append(), rig.log.number] == [False, 0]
    monkeypatch.setattr(os, "write", write)
    assert [rig.venue.append(), rig.log.number] == [True, 1]
    rig.die()
    assert sorted(by_number(Rig(tmp_path, [], start=25))) == [1]


def test_another_error_of_the_disk_latches(tmp_path: Path, monkeypatch: Any) -> None:
    rig = Rig(tmp_path, [(10, 10_000, 10_002)])
    rig.play(1)

    def broken(fd: int, data: Any) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", broken)
        rig.send(order(1, limit_units=9_000))
        rig.play()
    assert type(rig.log.failure) is JournalError
    assert not rig.venue.append()


def test_the_log_of_another_venue_is_refused(tmp_path: Path) -> None:
    Rig(tmp_path, []).die()
    config = venue_config()
    rig = Rig(tmp_path / "other", [], config=config)
    rig.venue.log = PaperLog(tmp_path)
    rig.venue.name = VenueId("OTHER")
    with pytest.raises(StateError, match="is of the venue SIM"):
        rig.venue.open()


def test_other_instruments_are_refused_with_what_to_do(tmp_path: Path) -> None:
    Rig(tmp_path, []).die()
    with pytest.raises(StateError, match=r"lacks A\.SIM, AAA, USD") as raised:
        Rig(tmp_path, [], universe=Universe([PERP], ["USDT"]), config=MARGIN)
    assert "another state directory" in raised.value.remedy


def test_instruments_may_be_added(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    first.send(order(1, quantity_units=3), order(2, limit_units=9_000))
    first.play()
    first.die()
    wider = Universe(
        [
            msgspec.structs.replace(SPOT, id=InstrumentId("0.SIM"), base_currency="AAB"),
            *UNIVERSE.instruments,
        ],
        ["EUR", "USD"],
    )
    assert wider.index[A] == 1
    one_row = [("quote", 1, [quotes((30, 8_999, 9_000))])]
    second = Rig(tmp_path, [], start=25, universe=wider, feeds=one_row)
    assert [type(m).__name__ for m in second.play()] == ["Quote", "OrderFilled"]
    answer = second.venue.answer()
    assert answer.positions == {A: 4}
    assert answer.balances["USD"] == 1_000_000_00 - 3 * 10_002 - 9_000


def test_a_log_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    first = Rig(tmp_path, [(10, 10_000, 10_002)])
    first.play(1)
    first.send(order(1, limit_units=9_000))
    first.play()
    state = read_file(log_files(tmp_path)[0])[1][-1].state
    first.send(cancel(1))
    first.play()
    first.log.append(b"", state)
    first.die()
    with pytest.raises(JournalDamaged, match="contradicts itself"):
        Rig(tmp_path, [], start=25)
    assert isinstance(read_file(log_files(tmp_path)[0])[1][-1], Turn)


def test_what_the_core_sees_is_the_same_with_and_without_a_log(tmp_path: Path) -> None:
    def run(rig: Rig, kernel: Any) -> tuple[list[Any], bytes]:
        messages = [kernel.next()]
        for command in (order(1), order(2, limit_units=9_000), replace(2, 2), cancel(2)):
            kernel.submit(command)
            messages += [kernel.next(), kernel.next()]
        rig.venue.append()
        return messages, kernel.input_hash()

    rows = [(10, 10_000, 10_002), (20, 10_000, 10_001), (30, 9_000, 9_002)]
    logged = Rig(tmp_path / "a", rows)
    bare = Rig(tmp_path / "b", [])
    bare.kernel, bare.market = logged.bare(rows)
    assert run(logged, logged.kernel) == run(bare, bare.kernel)


def test_a_file_that_is_no_log_is_left_alone(tmp_path: Path) -> None:
    tmp_path.joinpath("notes.log").write_text("not ours")
    tmp_path.joinpath("00000001.part").write_text("half of a file")
    Rig(tmp_path, []).die()
    assert Rig(tmp_path, []).came_back
    assert tmp_path.joinpath("notes.log").read_text() == "not ours"
