"""Decoding ahead: the same chunks, the same errors, and never more than two of a feed at a time."""

import threading

import numpy as np
import pytest

from openoutcry import _native
from openoutcry.replay.decode_ahead import DecodeAhead
from openoutcry.state.errors import DataFormatError
from tests.replay.kernels import kernel

ROWS = 1 << 17
WAIT_S = 60


def chunk(first=0, rows=ROWS):
    """Quotes received at `first`, `first + 1`, ..."""
    ts = np.arange(first, first + rows)
    values = {"bid": ts + 1, "ask": ts + 2, "bid_size": ts + 1, "ask_size": ts + 1}
    return {"ts_event": ts, "ts_received": ts, **values}


@pytest.mark.parametrize("rows", [ROWS, 10])
def test_the_chunks_come_in_order(rows):
    with DecodeAhead() as ahead:
        found = list(ahead.chunks(chunk(n * rows, rows) for n in range(5)))
    assert [int(part["bid"][0]) for part in found] == [n * rows + 1 for n in range(5)]


def test_the_next_chunk_is_decoded_while_one_is_played_and_no_further():
    decoded, wanted = [], threading.Semaphore(0)

    def source():
        for n in range(4):
            decoded.append((n, threading.current_thread() is threading.main_thread()))
            wanted.release()
            yield chunk(n * ROWS)

    with DecodeAhead() as ahead:
        chunks = ahead.chunks(source())
        next(chunks)
        for _ in range(2):
            assert wanted.acquire(timeout=WAIT_S)
        assert decoded == [(0, True), (1, False)]
        next(chunks)
        assert wanted.acquire(timeout=WAIT_S)
        assert decoded[2:] == [(2, False)]


def test_a_feed_of_small_chunks_starts_no_thread():
    with DecodeAhead() as ahead:
        before = threading.active_count()
        assert len(list(ahead.chunks(chunk(n, 10) for n in range(5)))) == 5
        assert threading.active_count() == before


def test_an_error_comes_where_its_chunk_would():
    def source():
        yield chunk()
        yield chunk(ROWS)
        raise DataFormatError("the third part is torn")

    engine, _ = kernel(1)
    engine.set_interest("quote", 0, False)
    with DecodeAhead() as ahead:
        engine.add_feed("quote", 0, ahead.chunks(source()))
        with pytest.raises(DataFormatError, match="the third part is torn"):
            engine.next()
    assert engine.seq == 2 * ROWS - 1  # as without: a row is taken once the next one is known


def _digest(chunks):
    engine, market = kernel(1)
    engine.set_interest("quote", 0, False)
    engine.add_feed("quote", 0, chunks)
    assert engine.next() is None
    return engine.input_hash(), market.hash(), engine.counts()


def test_the_kernel_sees_no_difference():
    plain = _digest(chunk(n * ROWS) for n in range(3))
    with DecodeAhead() as ahead:
        assert _digest(ahead.chunks(chunk(n * ROWS) for n in range(3))) == plain


def test_a_run_that_ends_early_leaves_no_thread():
    before = threading.active_count()
    with DecodeAhead() as ahead:
        next(ahead.chunks(chunk(n * ROWS) for n in range(3)))
    assert threading.active_count() == before


def test_other_threads_run_while_the_kernel_skips():
    """Chunks come until the other thread has run; it can only while the kernel holds the interpreter no more."""
    go, ran = threading.Event(), threading.Event()
    part = chunk(rows=1 << 16)

    def source():
        for _ in range(3_000):
            if ran.is_set():
                return
            yield part

    def other():
        go.wait(WAIT_S)
        ran.set()

    thread = threading.Thread(target=other)
    thread.start()
    engine, _ = kernel(1)
    engine.set_interest("quote", 0, False)
    engine.add_feed("quote", 0, source())
    interval = _slow_switches(go, engine)
    thread.join()
    assert ran.is_set()
    assert engine.counts()["quote"] < 3_000 << 16, f"switch interval {interval}"


def _slow_switches(go: threading.Event, engine: _native.Kernel) -> float:
    """Let the thread go and play, while the interpreter never switches threads by itself."""
    import sys

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    try:
        go.set()
        assert engine.next() is None
    finally:
        sys.setswitchinterval(interval)
    return interval
