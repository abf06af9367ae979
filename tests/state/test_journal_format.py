"""A record of the journal on disk: what was written comes back, anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry import _native

SEQ = st.integers(0, 2**64 - 1)
BODY = st.binary(max_size=300)
BODIES = st.lists(st.tuples(st.integers(0, 1000), BODY), min_size=1, max_size=8)
START = (40, 7, bytes(range(16)))


def framed(records: list[tuple[int, bytes]]) -> list[tuple[bytes, bytes]]:
    """Records behind START, whose sequence numbers are steps forward."""
    seq = START[1]
    journal = _native.Journal(after=seq)
    for step, body in records:
        seq += step
        journal.append(seq, body)
    batch = journal.hand_over()
    assert batch is not None
    assert (batch.count, batch.last_seq) == (len(records), seq)
    return _native.JournalChain(*START).frame(batch)


def read_all(chain: _native.JournalChain, pairs: list[tuple[bytes, bytes]]) -> None:
    for key, record in pairs:
        chain.read(key, record)


@given(BODIES)
def test_records_come_back_in_order(records):
    chain = _native.JournalChain(*START)
    seq = START[1]
    for (step, body), (key, record) in zip(records, framed(records), strict=True):
        seq += step
        assert chain.read(key, record) == body
        assert (chain.number, chain.seq) == (int.from_bytes(key, "big"), seq)
        assert len(record) == 32 + len(body)
        assert _native.JournalChain.at(chain.number, record).hash == chain.hash
    assert chain.number == START[0] + len(records)


@given(BODY, st.data())
def test_any_truncation_is_found(body, data):
    ((key, record),) = framed([(1, body)])
    cut = data.draw(st.integers(0, len(record) - 1))
    with pytest.raises(ValueError, match=r"record|body|checksum"):
        _native.JournalChain(*START).read(key, record[:cut])
    with pytest.raises(ValueError, match="body"):
        _native.JournalChain(*START).read(key, record + b"\0")


@given(BODY, st.data())
def test_any_changed_bit_is_found(body, data):
    ((key, record),) = framed([(1, body)])
    bit = data.draw(st.integers(0, 8 * len(record) - 1))
    damaged = bytearray(record)
    damaged[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(ValueError, match=r"it|its|bytes"):
        _native.JournalChain(*START).read(key, bytes(damaged))


@given(BODIES.filter(lambda records: len(records) > 2), st.data())
def test_a_record_left_out_doubled_or_moved_is_found(records, data):
    pairs = framed(records)
    at = data.draw(st.integers(0, len(pairs) - 2))
    left_out = pairs[:at] + pairs[at + 1 :]
    doubled = pairs[: at + 1] + pairs[at:]
    moved = [*pairs[:at], pairs[at + 1], pairs[at], *pairs[at + 2 :]]
    renumbered = [
        (number.to_bytes(8, "big"), record)
        for number, (_, record) in enumerate(left_out, START[0] + 1)
    ]
    for wrong in (left_out, doubled, moved, renumbered):
        chain = _native.JournalChain(*START)
        with pytest.raises(ValueError, match=r"stands|follow|checksum"):
            read_all(chain, wrong)


@given(SEQ)
def test_sequence_numbers_of_64_bits_travel(seq):
    journal = _native.Journal(after=seq)
    journal.append(seq, b"x")
    chain = _native.JournalChain(0, 0, bytes(16))
    batch = journal.hand_over()
    assert batch is not None
    ((key, record),) = chain.frame(batch)
    again = _native.JournalChain(0, 0, bytes(16))
    assert again.read(key, record) == b"x"
    assert again.seq == seq


def test_a_sequence_number_that_steps_back_is_no_record():
    journal = _native.Journal(after=5)
    journal.append(5, b"x")
    batch = journal.hand_over()
    assert batch is not None
    chain = _native.JournalChain(3, 6, bytes(16))
    with pytest.raises(ValueError, match="sequence 5 after 6"):
        chain.frame(batch)
    assert (chain.number, chain.seq) == (3, 6)


def test_a_journal_without_a_writer_keeps_nothing_for_one():
    journal = _native.Journal()
    journal.append(1, b"x")
    assert journal.hand_over() is None
