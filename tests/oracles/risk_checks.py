"""The pre-trade checks a second time, in integers and decimals without limits: plain, slow, exact.

An oracle for the engine's checks; nothing here looks at how those are built.
"""

from collections import deque
from decimal import Decimal

from openoutcry.state.commands import SubmitOrder
from openoutcry.state.config import CollarConfig, CountLimit, Limit, RiskConfig
from openoutcry.state.enums import Mode, OrderType, Side
from openoutcry.state.instruments import Instrument
from openoutcry.state.messages import UNDEFINED, to_decimal
from tests.risk_kit import World

MS = 1_000_000
NO_REFERENCE = "no quote, trade or bar is fresh enough to measure against"
LATER = (OrderType.STOP, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP)
BPS = 10**6


class Oracle:
    """The checks of one instrument.

    `approved` lists the stamps and orders of one strategy, `canceled` the stamps of its cancels.
    """

    def __init__(self, instrument: Instrument, config: RiskConfig, mode: Mode) -> None:
        self._instrument = instrument
        self._limits = config.limits(instrument.id)
        self._config = config
        self._mode = mode
        self.approved: deque[tuple[int, SubmitOrder]] = deque()
        self.canceled: deque[int] = deque()

    def reasons(self, order: SubmitOrder, added: int, world: World) -> tuple[str, ...]:
        """What speaks against an order."""
        answers = {
            "price_collar": self._collar(order, world),
            "max_order_value": self._value(order, world),
            "max_order_quantity": self._quantity(order),
            "max_position": self._position(order, added, world),
            "order_rate": self._rate(world.now),
            "self_match": self._self_match(order, world),
            "gross_exposure": self._exposure(order, added, world, net=False),
            "net_exposure": self._exposure(order, added, world, net=True),
            "message_rate": self._messages(world.now, order),
            "duplicate_order": self._duplicate(order, world.now),
            "stale_data": self._stale(world),
            "market_state": "its book is lost until the next snapshot" if world.lost else None,
            "daily_loss": self._needed(self._config.account.daily_loss_halt),
            "drawdown": self._needed(self._config.account.drawdown_halt),
        }
        return tuple(f"{name}: {why}" for name, why in answers.items() if why is not None)

    def _unusable(self, limit: Limit | CountLimit | None) -> str | None:
        if limit is None:
            return "no limit is set"
        return "unlimited is refused in live mode" if self._mode is Mode.LIVE else None

    def _collar(self, order: SubmitOrder, world: World) -> str | None:
        bps = self._limits.collar.max_deviation_bps
        if bps is None or isinstance(bps, str):
            return self._unusable(bps)
        prices = _doubled(self._limits.collar, order, world)
        if prices is None:
            return NO_REFERENCE
        middle, price = prices
        kind, limit, trigger = order.order_type, order.limit_units, order.trigger_units
        if kind in LATER:
            return None
        if kind is not OrderType.MARKET:
            if limit is None or (kind is not OrderType.LIMIT and trigger is None):
                return f"a {kind.value} order lacks its limit or trigger price"
            price = 2 * limit
            if kind is not OrderType.LIMIT and trigger is not None:
                middle = 2 * trigger
        deviation = int(bps * BPS)
        if (price - middle) * order.side.sign * 10_000 * BPS <= abs(middle) * deviation:
            return None
        unit = order.price_scale
        return (
            f"{to_decimal(price, unit) / 2} is more than {to_decimal(deviation, 6).normalize():f} "
            f"bp worse than {to_decimal(middle, unit) / 2}"
        )

    def _value(self, order: SubmitOrder, world: World) -> str | None:
        value = self._limits.max_order_value
        if value is None or isinstance(value, str):
            return self._unusable(value)
        own = order.trigger_units if order.limit_units is None else order.limit_units
        if own is not None:
            price = 2 * abs(own)
        else:
            prices = _doubled(self._limits.collar, order, world)
            if prices is None:
                return NO_REFERENCE
            price = abs(prices[1])
        item = self._instrument
        top, bottom = value.as_integer_ratio()
        times, per = item.multiplier.as_integer_ratio()
        price_unit, size_unit = 2 * 10**item.price_scale, 10**item.size_scale
        face = order.quantity_units * times * bottom
        if item.inverse:
            exceeds = face * price_unit > top * per * size_unit * price
        else:
            exceeds = face * price > top * per * size_unit * price_unit
        return f"it is worth more than {value} {item.settlement}" if exceeds else None

    def _quantity(self, order: SubmitOrder) -> str | None:
        if order.quantity_units <= 0:
            return f"a quantity of {order.quantity} can't be ordered"
        limit = self._limits.max_order_quantity
        if limit is None or isinstance(limit, str):
            return self._unusable(limit)
        units = int(limit.scaleb(order.size_scale))
        if order.quantity_units <= units:
            return None
        return f"{order.quantity} is more than {to_decimal(units, order.size_scale)}"

    def _position(self, order: SubmitOrder, added: int, world: World) -> str | None:
        limit = self._limits.max_position
        refusal = self._unusable(limit) if not isinstance(limit, Decimal) else None
        if (limit == "unlimited" and refusal is None) or added <= 0 or order.reduce_only:
            return None
        scale = order.size_scale
        for holder in (order.strategy, None):
            position = world.position_units(holder, order.instrument)
            buying, selling = world.working_units(holder, order.instrument)
            worst = (position + buying if order.side is Side.BUY else selling - position) + added
            if worst <= 0:
                continue
            if not isinstance(limit, Decimal):
                return refusal
            units = int(limit.scaleb(scale))
            if worst > units:
                return (
                    f"{holder or 'the account'} could hold "
                    f"{to_decimal(worst * order.side.sign, scale)}, allowed are "
                    f"{to_decimal(units, scale)} either way"
                )
        return None

    def _rate(self, now: int) -> str | None:
        limit = self._limits.max_orders
        if limit is None or isinstance(limit, str):
            return self._unusable(limit)
        per_ms = self._limits.per_ms
        if sum(now - ts < per_ms * MS for ts, _ in self.approved) < limit:
            return None
        return f"{limit} orders within {per_ms} ms are allowed"

    def _needed(self, limit: Limit | CountLimit | None) -> str | None:
        """What a limit of the account says that is none: nothing, but live it must be there."""
        number = isinstance(limit, (Decimal, int))
        return None if number or self._mode is not Mode.LIVE else self._unusable(limit)

    def _exposure(self, order: SubmitOrder, added: int, world: World, *, net: bool) -> str | None:
        if added <= 0 or order.reduce_only:
            return None
        name = "max_net_exposure" if net else "max_gross_exposure"
        for holder, who, section in (
            (None, "the account", self._config.account),
            (order.strategy, order.strategy, self._config.strategy),
        ):
            limit = getattr(section, name)
            if not isinstance(limit, Decimal):
                refusal = self._needed(limit) if holder is None or limit == "unlimited" else None
                if refusal is not None:
                    return refusal
                continue
            position = world.position_units(holder, order.instrument)
            buying, selling = world.working_units(holder, order.instrument)
            long, short = position + buying, selling - position
            own = (long if order.side is Side.BUY else short) + added
            before = max(long, short, 0)
            if max(own, 0) <= max(own - added, 0) if net else own <= before:
                continue
            if world.price is None:
                return f"{order.instrument} has no price, or no rate to USDT"
            worth, units = own * world.price, int(limit.scaleb(8))
            if worth > units:
                texts = (f"{to_decimal(value, 8)} USDT" for value in (worth, units))
                return "{} could come to {}, allowed are {}".format(who, *texts)
        return None

    def _messages(self, now: int, order: SubmitOrder) -> str | None:
        limits = self._config.strategy
        if isinstance(limits.max_messages, str):
            return self._unusable(limits.max_messages)
        stamps = [*self.canceled, *(ts for ts, _ in self.approved)]
        if sum(now - ts < limits.messages_ms * MS for ts in stamps) < limits.max_messages:
            return None
        return (
            f"{limits.max_messages} messages within {limits.messages_ms} ms are allowed "
            f"to {order.strategy}"
        )

    def _duplicate(self, order: SubmitOrder, now: int) -> str | None:
        ms = self._limits.duplicate_ms
        if not isinstance(ms, int):
            return self._needed(ms)
        for ts, known in reversed(self.approved):
            same = _terms(known) == _terms(order)
            other = known.client_order_id != order.client_order_id
            if same and other and now - ts < ms * MS:
                ago = (now - ts) // MS
                return f"the same order was sent {ago} ms ago, it may come again after {ms} ms"
        return None

    def _stale(self, world: World) -> str | None:
        limit = self._limits.max_data_age_ms
        if isinstance(limit, str):
            return self._unusable(limit)
        if world.heard is None:
            return "nothing was heard of it yet"
        age = world.now - world.heard
        if age <= limit * MS:
            return None
        return f"the last datum is {age // MS} ms old, allowed are {limit} ms"

    def _self_match(self, order: SubmitOrder, world: World) -> str | None:
        if order.order_type not in (OrderType.MARKET, OrderType.LIMIT) or order.post_only:
            return None
        other = order.side.opposite
        reach = order.limit_units
        if order.order_type is OrderType.MARKET:
            prices = _doubled(self._limits.collar, order, world)
            reach = None if prices is None else prices[1] // 2
        for strategy, limit in world.resting(order.instrument, other):
            if reach is None or (reach - limit) * order.side.sign >= 0:
                price = to_decimal(limit, order.price_scale)
                return f"it would trade against the {other.value} of {strategy} at {price}"
        return None


def _terms(order: SubmitOrder) -> tuple[object, ...]:
    """What makes two orders the same."""
    prices = (order.limit_units, order.trigger_units)
    return (order.side, order.order_type, order.quantity_units, *prices)


def _doubled(ages: CollarConfig, order: SubmitOrder, world: World) -> tuple[int, int] | None:
    """Twice the reference price, and twice what the order would take at once."""
    quote, trade, bar = world.last_quote, world.last_trade, world.last_bar
    if quote is not None and world.now - quote[0] <= ages.quote_age_ms * MS:
        bid, ask = quote[1], quote[2]
        if UNDEFINED not in (bid, ask) and bid <= ask:
            return bid + ask, 2 * (ask if order.side is Side.BUY else bid)
    if trade is not None and world.now - trade[0] <= ages.trade_age_ms * MS:
        return 2 * trade[1], 2 * trade[1]
    if bar is not None and world.now - bar[0] <= ages.bar_age_ms * MS:
        return 2 * bar[1], 2 * bar[1]
    return None
