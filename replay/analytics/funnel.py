"""Why a run traded as it did, in words: the funnel's explanation."""

from collections.abc import Mapping

from openoutcry.replay.result import Funnel, Reason

MAX_REASONS = 10


def top_reasons(reasons: Mapping[str, int]) -> tuple[Reason, ...]:
    """The most frequent reasons, most frequent first and then by name; at most ten."""
    ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Reason(reason=reason, count=count) for reason, count in ranked[:MAX_REASONS])


def explain(funnel: Funnel) -> str:
    """One sentence that says where the orders went; it names what to look at when nothing filled."""
    if funnel.filled:
        return (
            f"{funnel.filled} of {funnel.signals} orders filled, {funnel.denied} denied by risk, "
            f"{funnel.rejected} rejected by the venue."
        )
    if not funnel.events:
        return "0 trades: there was no data. Check the feeds, the catalog and --from/--to."
    if not funnel.delivered:
        return (
            f"0 trades: {funnel.events} events were played and none reached a strategy. "
            "Check what the strategies subscribe to in setup()."
        )
    if not funnel.signals:
        return (
            f"0 trades: the strategies saw {funnel.delivered} events and asked for no order. "
            "Check their conditions and how much data their indicators need first."
        )
    lost = [
        (funnel.denied, "denied by risk"),
        (funnel.not_sent, "dropped before they were sent"),
        (funnel.rejected, "rejected by the venue"),
    ]
    parts = [f"{count} {what}" for count, what in lost if count]
    unfilled = funnel.signals - funnel.denied - funnel.not_sent - funnel.rejected
    if unfilled:
        parts.append(f"{unfilled} never filled (canceled, expired or still waiting)")
    most = f" Most often: {funnel.reasons[0].reason}." if funnel.reasons else ""
    return f"0 trades: of {funnel.signals} orders {', '.join(parts)}.{most}"
