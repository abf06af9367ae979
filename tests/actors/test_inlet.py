"""The door: load is shed before the kernel gives a number, and never behind the door."""

import threading

import pytest

from openoutcry.actors.inlet import LiveInlet
from openoutcry.state.commands import CancelAll, Flatten, Halt
from openoutcry.state.events import OrderAccepted
from openoutcry.state.identifiers import ClientOrderId, InstrumentId, VenueOrderId
from openoutcry.state.market_data import BookInvalidated, BookUpdate, Quote, Trade

BTC = InstrumentId("BTCUSDT.SIM")
ETH = InstrumentId("ETHUSDT.SIM")


@pytest.fixture
def inlet():
    return LiveInlet(max_trades=3, max_book_updates=2, max_commands=2, alarm_depth=3)


def quote(n, instrument=BTC):
    return Quote(instrument, n, n, 2, 0, 100 + n, 101 + n, 1, 1)


def trade(n):
    return Trade(BTC, n, n, 2, 0, 100, 1, None, str(n))


def book(n, snapshot=False):
    return BookUpdate(BTC, n, n, 2, 0, n, snapshot, b"")


def report(n):
    return OrderAccepted(ClientOrderId(f"{n:032x}"), BTC, n, n, VenueOrderId(str(n)))


def test_messages_are_taken_in_the_order_in_which_they_came(inlet):
    inlet.offer(report(1))
    inlet.offer(trade(1))
    inlet.offer(report(2))
    assert inlet.drain() == [report(1), trade(1), report(2)]
    assert inlet.drain() == []
    inlet.offer(trade(2))
    assert inlet.drain() == [trade(2)]


def test_a_newer_quote_takes_the_place_of_the_waiting_one(inlet):
    for message in (quote(1), quote(5, ETH), quote(2), quote(3)):
        inlet.offer(message)
    assert inlet.drain() == [quote(3), quote(5, ETH)]
    assert inlet.shed["Quote conflated"] == 2


def test_the_oldest_trade_goes_when_too_many_wait_and_is_counted(inlet):
    for n in range(5):
        inlet.offer(trade(n))
    assert inlet.drain() == [trade(2), trade(3), trade(4)]
    assert inlet.shed["Trade dropped"] == 2


def test_an_overloaded_book_becomes_one_invalidation_until_a_snapshot(inlet):
    for n in (1, 2, 3, 4):
        inlet.offer(book(n))
    inlet.offer(book(5, snapshot=True))
    inlet.offer(book(6))
    taken = inlet.drain()
    assert [type(m) for m in taken] == [BookInvalidated, BookUpdate, BookUpdate]
    assert inlet.shed["BookUpdate dropped"] == 4


def test_reports_are_never_dropped_but_raise_the_alarm(inlet):
    for n in range(100):
        assert inlet.offer(report(n))
    assert inlet.alarmed
    assert len(inlet.drain()) == 100
    assert not inlet.alarmed


def test_halts_and_cancels_pass_everything_else(inlet):
    inlet.offer(trade(1))
    inlet.offer(CancelAll(ts=0))
    inlet.offer(Halt(ts=0, reason="operator"))
    assert [type(m) for m in inlet.drain()] == [CancelAll, Halt, Trade]


def test_other_commands_are_refused_when_too_many_wait(inlet):
    assert [inlet.offer(Flatten(ts=n)) for n in range(3)] == [True, True, False]
    assert inlet.shed["command refused"] == 1


def test_what_was_taken_counts_no_more(inlet):
    for round_ in range(3):
        for n in range(2):
            assert inlet.offer(Flatten(ts=n))
            inlet.offer(trade(n))
            inlet.offer(book(n))
        inlet.offer(quote(round_))
        assert len(inlet.drain()) == 7
    assert not inlet.shed


def test_nothing_is_lost_when_many_threads_offer_at_once(inlet):
    def edge(start):
        for n in range(start, start + 500):
            inlet.offer(report(n))

    threads = [threading.Thread(target=edge, args=(k * 500,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = inlet.drain()
    assert len(taken) == 4_000
    assert len({message.client_order_id for message in taken}) == 4_000
