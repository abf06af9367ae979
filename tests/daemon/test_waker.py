"""A thread that waits is woken: by others, by a signal handler, by the time, and never by nothing."""

import os
import signal
import threading
import time

from openoutcry.daemon.waker import Waker


def test_the_time_ends_a_wait_however_often_it_was_woken_before():
    waker = Waker()
    for _ in range(2_000):
        waker.wake()
        waker.wait(1.0)
    began = time.monotonic()
    for _ in range(200):
        waker.wait(0.0001)
    assert time.monotonic() - began < 10


def test_what_was_said_before_the_wait_is_heard():
    waker = Waker()
    waker.wake()
    began = time.monotonic()
    waker.wait(60)
    assert time.monotonic() - began < 30


def test_another_thread_and_a_signal_handler_end_a_wait():
    waker = Waker()
    before = signal.signal(signal.SIGUSR2, lambda *_: waker.wake())
    try:
        thread = threading.Thread(target=waker.wait, args=(60,))
        thread.start()
        os.kill(os.getpid(), signal.SIGUSR2)
        thread.join(30)
        assert not thread.is_alive()
    finally:
        signal.signal(signal.SIGUSR2, before)
        waker.wake()
