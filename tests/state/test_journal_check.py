"""Damage: every flipped bit is found or harmless, a torn end is cut off, a hole never."""

import os
import random
import shutil
import sys
from functools import partial
from pathlib import Path

import lmdb
import pytest

from openoutcry.state.errors import JournalDamaged
from openoutcry.state.journal_check import check_file, verify_file
from openoutcry.state.journal_reader import open_reader
from tests.state.journal_kit import Watch, filled, opened, write

FLIPS = int(os.environ.get("OUTCRY_BIT_FLIPS", "300"))


def report(directory: Path):
    return verify_file(directory / "journal", partial(open_reader, directory))


def content(directory: Path):
    """Everything that a reader can see."""
    reader = open_reader(directory)
    try:
        return reader.meta, reader.anchor, reader.head, list(reader.records())
    finally:
        reader.store.close()


def edit(directory: Path, change) -> None:
    """Change the records behind the journal's back: `change(txn, records)`."""
    env = lmdb.open(str(directory / "journal"), max_dbs=4, map_size=1 << 26)
    records = env.open_db(b"records")
    with env.begin(write=True, db=records) as txn:
        change(txn)
    env.close()


def key(number: int) -> bytes:
    return number.to_bytes(8, "big")


def spoil(number: int, txn) -> None:
    record = bytearray(txn.get(key(number)))
    record[-1] ^= 1
    txn.put(key(number), bytes(record))


def test_a_journal_that_was_written_is_whole(tmp_path):
    found = report(filled(tmp_path / "s", 200, size=50))
    assert found.problems == ()
    assert (found.records, found.last.number, found.last.seq) == (201, 201, 200)
    assert found.meta.mode == "paper"


def test_every_flipped_bit_is_found_or_in_unused_space(tmp_path):
    """LMDB alone shows none of most of these: it has no checksums."""
    source = tmp_path / "s"
    watch = Watch()
    journal = opened(source, watch)
    for seq in range(1, 121):  # commit by commit, so that there are free pages too
        write(journal, watch, seq, seq, size=(seq * 37) % 300)
    write(journal, watch, 121, 122, size=9_000)
    assert journal.close()
    before = content(source)
    file = source / "journal" / "data.mdb"
    whole = file.read_bytes()
    used = len(whole.rstrip(b"\0"))
    seed = random.SystemRandom().getrandbits(32)
    draw = random.Random(seed)
    found = harmless = 0
    for _ in range(FLIPS):
        bit = draw.randrange(8 * used)
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        file.write_bytes(damaged)
        if report(source).problems:
            found += 1
            continue
        assert content(source) == before, f"silent: bit {bit} of the file, seed {seed}"
        harmless += 1
        if harmless % 20 == 0:  # a writer is not harmed either
            write(journal := opened(source, watch := Watch()), watch, 123, 125)
            assert journal.close()
            assert report(source).problems == (), f"bit {bit} of the file, seed {seed}"
    sys.stdout.write(f"{FLIPS} flips over {used} bytes: {found} found, {harmless} harmless\n")
    assert found > FLIPS // 3


def test_an_older_head_page_in_the_newer_ones_place_is_found(tmp_path):
    """What LMDB would take for the state before the last commit, without a word."""
    directory = filled(tmp_path / "s", 20)
    file = directory / "journal" / "data.mdb"
    data = bytearray(file.read_bytes())
    numbers = [int.from_bytes(data[page + 144 : page + 152], "little") for page in (0, 4096)]
    newer = numbers.index(max(numbers)) * 4096
    data[newer + 144 : newer + 152] = (0).to_bytes(8, "little")
    file.write_bytes(data)
    assert "don't follow" in check_file(file)[0]


def test_a_file_cut_short_is_found_without_letting_lmdb_near_it(tmp_path):
    directory = filled(tmp_path / "s", 500, size=100)
    file = directory / "journal" / "data.mdb"
    for size in (40_000, 5000, 100, 0):
        os.truncate(file, size)
        assert report(directory).problems
        with pytest.raises(JournalDamaged, match=r"first pages|should have"):
            opened(directory)


def test_a_torn_end_is_cut_off_at_the_last_whole_record_with_a_report(tmp_path):
    directory = filled(tmp_path / "s", 20)
    for number in (19, 20, 21):
        edit(directory, partial(spoil, number))
    assert "record 19: its checksum is wrong" in report(directory).problems[0]
    watch = Watch()
    journal = opened(directory, watch)
    recovery = journal.recovery
    assert recovery.lost == (19, 21)
    assert "record 19" in recovery.reason
    assert Path(recovery.kept_in).stat().st_mode & 0o777 == 0o600
    assert Path(recovery.kept_in).read_bytes().count(b"TimerFired") == 3
    assert journal.last_seq == 17
    write(journal, watch, 18, 25)
    assert journal.close()
    assert report(directory).problems == ()
    again = opened(directory)
    assert again.recovery.lost is None
    again.close()


def test_a_torn_key_is_cut_off_like_a_torn_record(tmp_path):
    directory = filled(tmp_path / "s", 20)

    def move(txn) -> None:
        txn.put(key(10**15), txn.pop(key(21)))
        txn.put(b"odd", b"x")

    edit(directory, move)
    journal = opened(directory)
    assert journal.recovery.lost == (21, 22)
    assert journal.last_seq == 19
    journal.close()
    assert report(directory).problems == ()


def test_a_damaged_record_before_a_whole_one_is_no_torn_end(tmp_path):
    directory = filled(tmp_path / "s", 20)
    edit(directory, partial(spoil, 15))
    before = (directory / "journal" / "data.mdb").read_bytes()
    with pytest.raises(JournalDamaged, match=r"record 15: .*record 16 after it is whole") as error:
        opened(directory)
    assert "outcry restore" in error.value.remedy
    assert (directory / "journal" / "data.mdb").read_bytes() == before


def test_missing_records_are_no_torn_end(tmp_path):
    for number in (21, 12):
        directory = filled(tmp_path / str(number), 20)
        edit(directory, lambda txn, number=number: txn.delete(key(number)))
        assert report(directory).problems
        with pytest.raises(JournalDamaged):
            opened(directory)


def test_records_of_another_journal_do_not_fit(tmp_path):
    ours, other = filled(tmp_path / "a", 5), filled(tmp_path / "b", 5)
    taken: list[bytes] = []
    edit(other, lambda txn: taken.append(txn.get(key(4))))
    edit(ours, lambda txn: txn.put(key(4), taken[0]))
    assert report(ours).problems == ("record 4: it does not follow the record before it",)


def test_a_body_that_is_no_message_is_found(tmp_path):
    watch = Watch()
    journal = opened(tmp_path / "s", watch)
    journal.native.append(1, b"\x92\x01nonsense")
    journal.hand_over(1)
    watch.until(lambda: journal.settle() == 1)
    journal.close()
    assert "record 2: no message" in report(tmp_path / "s").problems[0]


def test_damaged_meta_is_found(tmp_path):
    for name in (b"owner", b"anchor", b"head"):
        directory = filled(tmp_path / name.decode(), 3)
        env = lmdb.open(str(directory / "journal"), max_dbs=4, map_size=1 << 26)
        table = env.open_db(b"meta")
        with env.begin(write=True, db=table) as txn:
            entry = bytearray(txn.get(name) or b"")
            entry[-1] ^= 1
            txn.put(name, bytes(entry))
        env.close()
        assert report(directory).problems == (f"the journal's {name.decode()} is damaged",)
        with pytest.raises(JournalDamaged, match="is damaged"):
            opened(directory)
        shutil.rmtree(directory)
