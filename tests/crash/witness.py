"""An independent witness: the paper venue's word against the journal's.

It reads the venue's log files and the journal's messages, and adds everything up itself: none of the code
that keeps orders, books or logs is used here. What it finds wrong it says in one line each.

    intents    every order, cancel and replace that reached the venue was journaled, with those terms
    once       no order reached it twice, none was accepted twice
    fills      each fill of the venue stands in the journal exactly once, and no other does
    cash       each cash event likewise; cash and positions summed over either side are the same, and
               equal what the venue says they are

The log must be whole: files are kept from the first one on (`PaperLog(keep=None)`).
"""

import struct
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from openoutcry.state.codec import AnyMessage
from openoutcry.state.commands import CancelOrder, ReplaceOrder, RiskApproved, SubmitOrder
from openoutcry.state.events import CashAdjusted, OrderFilled
from openoutcry.state.instruments import Instrument

HEAD = struct.Struct("<4sII")
Row = list[Any]  # an entry: its kind, the venue's time, the rest


@dataclass
class VenueLog:
    """What the files of one venue say."""

    entries: list[Row] = field(default_factory=list)
    claims: list[tuple[int, dict[str, int], dict[str, int]]] = field(default_factory=list)
    """At how many entries the venue said which balances and positions it has."""
    defects: list[str] = field(default_factory=list)


def read_log(folder: Path) -> VenueLog:
    """Every record of every file, oldest first."""
    log, number = VenueLog(), 0
    for file in sorted(folder.glob("*.log")):
        data, at = file.read_bytes(), 0
        while at < len(data):
            mark, length, crc = HEAD.unpack_from(data, at) if len(data) - at >= 12 else (b"", 0, 0)
            body = data[at + 12 : at + 12 + length]
            if mark != b"OOPV" or len(body) != length or zlib.crc32(body) != crc:
                log.defects.append(f"{file.name}: no record at byte {at}")
                break
            at += 12 + length
            record = msgspec.msgpack.decode(body)
            if record[0] == "start":
                balances = {code: int(units) for code, units in record[5].items()}
                held: Counter[str] = Counter()
                for instrument, _, quantity in record[6]:
                    held[instrument] += quantity
                log.claims.append((len(log.entries), balances, dict(held)))
                expected = number
            else:
                log.entries += [row for blob in record[2] for row in msgspec.msgpack.decode(blob)]
                expected = number = number + 1
            if record[1] != expected:
                log.defects.append(f"{file.name}: turn {record[1]} where {expected} was due")
                number = record[1]
    if not log.claims:
        log.defects.append(f"{folder}: there is no log")
    return log


@dataclass
class Account:
    """Cash and positions of one side, summed up fill by fill."""

    instruments: Mapping[str, Instrument]
    scales: Mapping[str, int]
    cash: Counter[str]
    held: Counter[str] = field(default_factory=Counter)
    cost: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def fill(
        self, name: str, side: str, price: int, quantity: int, fee: int, fee_currency: str
    ) -> None:
        """One execution; costs count price units x quantity units."""
        item, sign = self.instruments[name], 1 if side == "buy" else -1
        assert not item.inverse, "costs of inverse contracts are not summed here"
        self.cash[fee_currency] -= fee
        if not item.margined:
            self.cash[item.settlement] -= self._money(item, sign * price * quantity)
            self.held[name] += sign * quantity
            if item.base is not None:
                units = Fraction(
                    sign * quantity * 10 ** self.scales[item.base], 10**item.size_scale
                )
                self.cash[item.base] += round(units)
            return
        held = self.held[name]
        closing = min(quantity, abs(held)) if held * sign < 0 else 0
        if closing:
            # A fraction rounds half to even, as costs and settlements do.
            removed = round(Fraction(self.cost[name] * closing, abs(held)))
            self.cost[name] -= removed
            self.cash[item.settlement] += self._money(item, -sign * price * closing - removed)
        self.cost[name] += sign * price * (quantity - closing)
        self.held[name] = held + sign * quantity

    def _money(self, item: Instrument, cost: int) -> int:
        value = Fraction(item.multiplier) * cost / 10 ** (item.price_scale + item.size_scale)
        units: Fraction = value * 10 ** self.scales[item.settlement]
        return round(units)

    def state(self) -> tuple[dict[str, int], dict[str, int]]:
        """Balances and positions that are not zero."""
        return _nonzero(self.cash), _nonzero(self.held)


@dataclass
class Verdict:
    """What is wrong, and what was counted."""

    defects: list[str]
    orders: int
    fills: int
    balances: dict[str, int]
    positions: dict[str, int]


def bear_witness(
    folder: Path,
    journal: Iterable[AnyMessage],
    instruments: Iterable[Instrument],
    scales: Mapping[str, int],
    stated: Iterable[tuple[str, Mapping[str, int], Mapping[str, int]]] = (),
) -> Verdict:
    """Compare one venue's log with the journal.

    Args:
        folder: The venue's log files.
        journal: Every message of the journal, in order.
        instruments: Those that the venue trades.
        scales: Decimals of each currency.
        stated: What somebody says at the end: who, balances and positions, as the books do.
    """
    log = read_log(folder)
    known = {str(item.id): item for item in instruments}
    messages = list(journal)
    defects = log.defects
    defects += _intents(log.entries, messages)
    defects += _once(log.entries)
    defects += _movements(log.entries, messages, known)
    start = log.claims[0][1] if log.claims else {}
    theirs, ours = (Account(known, scales, Counter(start)) for _ in range(2))
    defects += _sum_entries(theirs, log)
    for message in messages:
        _sum_message(ours, message)
    if ours.state() != theirs.state():
        defects.append(f"the journal comes to {ours.state()}, the venue to {theirs.state()}")
    for who, balances, positions in stated:
        if (said := (_nonzero(balances), _nonzero(positions))) != theirs.state():
            defects.append(f"{who} says {said}, the entries come to {theirs.state()}")
    orders = sum(row[0] == "accepted" for row in log.entries)
    fills = sum(row[0] == "filled" for row in log.entries)
    return Verdict(defects, orders, fills, *theirs.state())


def _intents(entries: list[Row], messages: list[AnyMessage]) -> list[str]:
    intents: Counter[tuple[Any, ...]] = Counter()
    for message in messages:
        if not isinstance(message, RiskApproved):
            continue
        command = message.command
        head = (command.client_order_id, command.instrument)
        match command:
            case SubmitOrder():
                terms = (command.quantity_units, command.limit_units, command.trigger_units)
                kinds = (command.side.value, command.order_type.value)
                intents["submit", *head, *kinds, *terms] += 1
            case CancelOrder():
                intents["cancel", *head] += 1
            case ReplaceOrder():
                terms_ = (command.quantity_units, command.limit_units, command.trigger_units)
                intents["replace", *head, *terms_] += 1
    widths = {"submit": 9, "cancel": 4, "replace": 7}
    defects = []
    for row in entries:
        if row[0] in widths:
            asked = (row[0], *row[2 : widths[row[0]]])
            if not intents[asked]:
                defects.append(f"{row[0]} of {row[2]} reached the venue and was not journaled")
            intents[asked] -= 1
    return defects


def _once(entries: list[Row]) -> list[str]:
    defects = []
    for kind, what in (("submit", "reached the venue"), ("accepted", "was accepted")):
        seen = Counter(row[2] for row in entries if row[0] == kind)
        defects += [f"{id_} {what} {count} times" for id_, count in seen.items() if count > 1]
    return defects


def _movements(
    entries: list[Row], messages: list[AnyMessage], instruments: Mapping[str, Instrument]
) -> list[str]:
    there: Counter[tuple[Any, ...]] = Counter()
    here: Counter[tuple[Any, ...]] = Counter()
    for row in entries:
        if row[0] == "filled":
            # id, instrument, fill id, side, price, quantity, cumulative, fee, its currency
            there["fill", row[2], row[3], *row[5:10], int(row[10]), row[11]] += 1
        elif row[0] == "cash":
            there["cash", row[1], row[2], row[3], int(row[4]), row[5]] += 1
    for message in messages:
        if isinstance(message, OrderFilled) and message.instrument in instruments:
            name = (message.client_order_id, message.instrument, message.fill_id)
            size = (message.price_units, message.quantity_units, message.cumulative_units)
            fee = (message.fee_units, message.fee_currency)
            here["fill", *name, message.side.value, *size, *fee] += 1
        elif isinstance(message, CashAdjusted) and message.instrument in instruments:
            about = (message.ts_event, message.instrument, message.currency)
            here["cash", *about, message.amount_units, message.reason] += 1
    defects = []
    for what in {**there, **here}:
        if there[what] != here[what]:
            counts = f"{there[what]} times at the venue, {here[what]} times in the journal"
            defects.append(f"{' '.join(map(str, what))}: {counts}")
    ids = Counter(row[5] for row in entries if row[0] == "filled")
    return defects + [f"fill id {id_} was used {n} times" for id_, n in ids.items() if n > 1]


def _sum_entries(account: Account, log: VenueLog) -> list[str]:
    """Sum the venue's entries, and hold it to what it said on the way."""
    defects = []
    claims = iter(log.claims)
    claim = next(claims, None)
    for count, row in enumerate([*log.entries, None]):
        while claim is not None and claim[0] == count:
            said = _nonzero(claim[1]), _nonzero(claim[2])
            if said != account.state():
                defects.append(f"after {count} entries the venue says {said}: {account.state()}")
            claim = next(claims, None)
        if row is None:
            break
        if row[0] == "filled":
            account.fill(row[3], row[6], row[7], row[8], int(row[10]), row[11])
        elif row[0] == "cash":
            account.cash[row[3]] += int(row[4])
        elif row[0] == "split":
            defects.append("a split: what it does to costs is not summed here")
    return defects


def _sum_message(account: Account, message: AnyMessage) -> None:
    if isinstance(message, OrderFilled) and message.instrument in account.instruments:
        account.fill(
            message.instrument,
            message.side.value,
            message.price_units,
            message.quantity_units,
            message.fee_units,
            message.fee_currency,
        )
    elif isinstance(message, CashAdjusted) and message.instrument in account.instruments:
        account.cash[message.currency] += message.amount_units


def _nonzero(amounts: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): units for name, units in sorted(amounts.items()) if units}
