"""A command that names the wrong instrument, or another's id, is answered here and goes nowhere."""

import msgspec
import pytest

from openoutcry.state.events import CancelRejected, OrderDenied, ReplaceRejected
from openoutcry.state.identifiers import InstrumentId
from tests import order_kit
from tests.order_kit import coin
from tests.path_kit import EPOCH, FREE, Pit, cancel, order, own, replace

ELSEWHERE = InstrumentId("X.SIM")


def pit() -> Pit:
    made = Pit(FREE, instruments=(coin(), coin(ELSEWHERE)))
    made.tell(order())
    return made


@pytest.mark.parametrize(
    ("command", "answer"),
    [(cancel(), CancelRejected), (replace(quantity=15), ReplaceRejected)],
    ids=["cancel", "replace"],
)
def test_a_cancel_or_replace_that_names_another_instrument_is_refused(command, answer) -> None:
    asked = pit()
    asked.tell(msgspec.structs.replace(command, instrument=ELSEWHERE))
    assert asked.arrived == [order()]
    refused = asked.heard[-1]
    assert isinstance(refused, answer)
    assert refused.reason == "the order is of BTCUSDT.SIM, not of X.SIM"
    assert refused in asked.records(answer)
    known = asked.order()
    assert (known.cancel_request, known.replace_request) == (None, None)
    assert not asked.failed
    asked.tell(command)
    assert asked.arrived == [order(), command]


@pytest.mark.parametrize(
    "number",
    [own(7, book=2), own(7, book=9), own(7, book=0), EPOCH << 80 | 0x8002 << 64 | 7],
    ids=["another strategy's", "nobody's", "the account's", "another's closing order"],
)
def test_an_order_whose_id_is_not_its_strategys_is_denied(number: int) -> None:
    asked = pit()
    asked.tell(msgspec.structs.replace(order(), client_order_id=order_kit.client_id(number)))
    assert asked.arrived == [order()]
    denied = asked.heard[-1]
    assert isinstance(denied, OrderDenied)
    assert denied.reasons == ("client_order_id: it is not one of s1's",)
    assert len(asked.graph.orders) == 1
    assert not asked.failed


def test_an_order_may_not_take_the_id_of_a_closing_order() -> None:
    asked = pit()
    number = EPOCH << 80 | 0x8001 << 64 | 1
    given = order_kit.client_id(number)
    asked.tell(msgspec.structs.replace(order(), client_order_id=given, reduce_only=True))
    assert asked.heard[-1].reasons == ("client_order_id: it is not one of s1's",)


def test_an_order_for_an_instrument_without_an_account_is_denied() -> None:
    asked = Pit(FREE, instruments=(coin(), coin(InstrumentId("X.NOWHERE"))))
    asked.tell(order(instrument=InstrumentId("X.NOWHERE")))
    assert asked.arrived == []
    assert asked.heard[-1].reasons == ("venue: there is no account for X.NOWHERE",)
    assert not asked.failed
