"""What a simulated venue takes for granted, in sentences, for the result."""

from collections.abc import Iterable, Iterator

from openoutcry.replay.venue_config import DEFAULT_VOLUME_LIMIT
from openoutcry.state.config import Config, FeesConfig, SlippageConfig, VenueConfig
from openoutcry.state.enums import AccountType, PositionMode
from openoutcry.state.instruments import Instrument

_BAR_FILL = {
    "next_open": "market orders fill at the next bar's open; stops come before limits inside a bar",
    "close": "market orders fill at the close of the last bar (optimistic: it decided on it)",
    "path": "each bar is four quotes: open, high, low, close, with a quarter of its volume each",
}
_PASSIVE = {
    "book": "resting limits fill when the opposite touch reaches them, up to its size, at the limit",
    "trades": "resting limits fill when a trade prints at them (up to its size) or through them",
    "both": "resting limits fill when a trade prints at them, in their turn, or through them, and when"
    " the opposite touch reaches them, up to its size, at the limit",
}
_QUEUE = {
    "none": "an order is the first of its level (optimistic)",
    "conservative": "an order stands behind the size that its level displayed on arrival; trades take"
    " from the front, cancels from behind the order first",
    "proportional": "an order stands behind the size that its level displayed on arrival; trades take"
    " from the front, cancels evenly from the whole level",
}
_OVERFLOW = {
    "one_tick": "what exceeds the displayed size fills one tick worse, without limit",
    "partial": "what exceeds the displayed size is canceled (market, IOC) or rests (limit)",
    "touch": "any size fills at the touch (optimistic)",
}
_CROSSED = {
    "refuse": "a quote whose bid is above its ask fills and triggers nothing",
    "match": "a quote whose bid is above its ask is matched all the same (optimistic)",
}
_HOURS = {
    "regular": "outside its calendar's sessions nothing matches: market orders are rejected as"
    " market_closed, others wait for the open; on data that has bars only, market orders wait for the"
    " next bar's open; DAY orders end with the trading day",
    "all": "orders match whenever there is data; DAY orders end with the trading day of the calendar",
}
_NOT_MODELED = {
    "fills": "our orders move no price and nobody reacts to them",
    "borrow": "borrowing cash, coins and shares is free; no interest is paid on balances",
    "splits": "a split cancels the instrument's working orders; fractions of a lot are paid out",
    "liquidation": "below the maintenance margin everything is closed at the touch, whatever its"
    " size, and the account takes no more orders",
}


def assumptions(config: Config, instruments: Iterable[Instrument] = ()) -> dict[str, str]:
    """What the simulation took for granted: a topic, and a sentence about it.

    Args:
        config: The run's config. Topics of one venue start with its name.
        instruments: What the run trades: each has a topic for its trading hours.
    """
    found = {"lane": "orders match on data as received, in the order of the inputs"}
    for venue in config.venues:
        for topic, sentence in _venue(venue):
            found[f"{venue.name} {topic}"] = sentence
        for item in instruments:
            if item.venue == venue.name:
                found[f"{item.id} hours"] = _hours(venue, item)
    return {**found, **_NOT_MODELED}


def _venue(venue: VenueConfig) -> Iterator[tuple[str, str]]:
    matching = venue.matching
    latencies = f"order {venue.order_latency_us} us, report {venue.report_latency_us} us"
    yield "latency", f"{latencies}, always the same"
    yield "account", _account(venue)
    yield "fees", _fees(venue.fees)
    yield "bar fill", f"{matching.bar_fill}: {_BAR_FILL[matching.bar_fill]}"
    yield "passive fills", f"{matching.passive}: {_PASSIVE[matching.passive]}"
    yield "queue", f"{matching.queue}: {_QUEUE[matching.queue]}"
    yield "overflow", f"{matching.overflow}: {_OVERFLOW[matching.overflow]}"
    yield "crossed quotes", f"{matching.crossed}: {_CROSSED[matching.crossed]}"
    yield (
        "consumption",
        "size that was taken stays taken until the level refreshes"
        if matching.consume
        else "each order meets the full displayed size again (optimistic)",
    )
    yield "slippage", _slippage(matching.slippage)


def _hours(venue: VenueConfig, instrument: Instrument) -> str:
    if instrument.calendar is None:
        return "no calendar: trades around the clock; DAY orders and days end at midnight UTC"
    return f"calendar {instrument.calendar}, {venue.hours}: {_HOURS[venue.hours]}"


def _account(venue: VenueConfig) -> str:
    if venue.account is AccountType.CASH:
        return "cash: orders are paid in full and working orders reserve what they may cost"
    legs = ", positions in legs" if venue.positions is PositionMode.HEDGING else ""
    return (
        f"margin{legs}: leverage {venue.leverage} where the instrument states no margin;"
        " margin is counted in each settlement currency alone"
    )


def _fees(fees: FeesConfig) -> str:
    parts = [f"maker {fees.maker}, taker {fees.taker}"]
    parts += [
        f"{amount} {what}"
        for amount, what in (
            (fees.per_share, "per unit of quantity"),
            (fees.per_order, "per order"),
            (fees.minimum, "at least per order"),
        )
        if amount
    ]
    where = {"quote": "the settlement currency", "base": "what is bought"}
    taken = where.get(fees.currency, fees.currency)
    return f"{', '.join(parts)}, taken in {taken}, rounded {fees.rounding}"


def _slippage(slippage: SlippageConfig) -> str:
    model = {
        "none": "none",
        "fixed_bps": f"{slippage.bps} basis points where the data has no sizes",
        "spread": f"{slippage.fraction} of the spread, {slippage.ticks} ticks where none is known,"
        " where the data has no sizes",
        "volume_share": f"{slippage.price_impact} x (share of the bar's volume) squared",
        "one_tick": "one tick where the data has no sizes, and beyond the displayed size",
    }[slippage.model]
    limit = slippage.volume_limit
    if limit is None and slippage.model == "volume_share":
        limit = DEFAULT_VOLUME_LIMIT
    cap = "" if limit is None else f"; at most {limit} of a bar's volume fills"
    return f"{model}{cap}"
