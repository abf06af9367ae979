"""hftbacktest on the looped Binance rows: the market maker of `StepMaker`, compiled.

    PEER_PYTHON hftbacktest_binance.py convert FOLDER_OF_ROWS FOLDER
    PEER_PYTHON hftbacktest_binance.py play FOLDER STEP_MS [received]

`convert` writes the rows as this program's events once; `play` runs twice in one process (cold, warm)
and prints one JSON line. With `received` the venue lives on the received clock and all 10 ms lie on the
way to it, as with us: that tells which differences come of the clock. Runs in the peer's environment:
nothing of ours is imported.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

hft: Any = import_module("hftbacktest")
numba: Any = import_module("numba")

TICK, LOT = 0.01, 0.000001
USDT, BTC = 1_000_000.0, 10.0
LATENCY_NS = (5_000_000, 5_000_000)
RECEIVED_NS = (10_000_000, 0)
BUY, SELL, GTX, LIMIT = hft.BUY, hft.SELL, hft.GTX, hft.LIMIT


def convert(source: Path, folder: Path) -> None:
    """Integer columns to events; where venue and receipt disagree on the order, each has its own."""
    rows = np.load(source / "rows.npz")
    events = np.zeros(len(rows["side"]), hft.types.event_dtype)
    kind = np.where(rows["trade"] == 1, hft.TRADE_EVENT, hft.DEPTH_EVENT)
    side = np.where(rows["side"] == 1, hft.BUY_EVENT, hft.SELL_EVENT)
    events["ev"] = kind | side | hft.EXCH_EVENT | hft.LOCAL_EVENT
    events["exch_ts"], events["local_ts"] = rows["ts_event"], rows["ts_received"]
    events["px"], events["qty"] = rows["price"] * TICK, rows["size"] * LOT
    if (events["local_ts"] < events["exch_ts"]).any():
        sys.exit("a row was received before it happened")
    events = ordered(events)
    import_module("hftbacktest.data").validate_event_order(events)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "events.npz", data=events)


def ordered(events: Any) -> Any:
    """Events in order of receipt; one that the venue had before an earlier one stands twice.

    Where it was received it counts for us only; at its place among the venue's own it counts there.
    """
    reached = np.maximum.accumulate(events["exch_ts"])
    late = events["exch_ts"] < reached
    early = events[late]
    early = early[np.argsort(early["exch_ts"], kind="stable")]
    early["ev"] ^= np.uint64(hft.LOCAL_EVENT)
    events["ev"][late] ^= np.uint64(hft.EXCH_EVENT)
    return np.insert(events, np.searchsorted(reached, early["exch_ts"], "right"), early)


def step_maker(hbt: Any, step: int, count: Any) -> None:
    """Each second a bid and an offer one tick behind the touch, up to a whole coin."""
    number = 0
    while hbt.elapse(step) == 0:
        count[1] += 1
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        if np.isnan(depth.best_bid) or np.isnan(depth.best_ask):
            continue
        bid, ask = depth.best_bid_tick - 1, depth.best_ask_tick + 1
        has_bid = has_ask = False
        standing = hbt.orders(0).values()
        while standing.has_next():
            order = standing.get()
            tick = round(order.price / depth.tick_size)
            if order.side == BUY and tick == bid:
                has_bid = True
            elif order.side == SELL and tick == ask:
                has_ask = True
            elif order.cancellable:
                hbt.cancel(0, order.order_id, False)
        held = round(hbt.position(0) * 100)  # in orders; a sum of floats is not exact
        if not has_bid and held < 100:
            number += 1
            hbt.submit_buy_order(0, number, bid * depth.tick_size, 0.01, GTX, LIMIT, False)
        if not has_ask and held > -100:
            number += 1
            hbt.submit_sell_order(0, number, ask * depth.tick_size, 0.01, GTX, LIMIT, False)
    depth = hbt.depth(0)
    count[0] = number
    count[2] = hbt.position(0)
    count[3] = depth.best_bid  # what the coins would bring


def on_receipt(events: Any) -> Any:
    """Every row once, at its receipt, for the venue too."""
    rows = events[events["ev"] & np.uint64(hft.LOCAL_EVENT) != 0]
    rows["ev"] |= np.uint64(hft.EXCH_EVENT)
    rows["exch_ts"] = rows["local_ts"]
    return rows


def backtest(events: Any, latency: tuple[int, int]) -> Any:
    """Constant latency both ways, the conservative queue, whole fills, the fees of our config."""
    asset = hft.BacktestAsset().data(events).linear_asset(1.0)
    asset = asset.constant_order_latency(*latency).risk_adverse_queue_model()
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(-0.00005, 0.0004)
    return hft.HashMapMarketDepthBacktest([asset.tick_size(TICK).lot_size(LOT)])


def play(folder: Path, step_ms: int, *, received: bool) -> dict[str, Any]:
    """Two runs and what the second came to; `balance` values coins at the last bid."""
    events = np.load(folder / "events.npz")["data"]
    if received:
        events = on_receipt(events)
    maker = numba.njit(step_maker)
    told: dict[str, Any] = {"peer": "hftbacktest", "events": len(events)}
    for name in ("cold_s", "warm_s"):
        hbt = backtest(events, RECEIVED_NS if received else LATENCY_NS)
        count = np.zeros(4)
        wall, cpu = time.perf_counter(), time.process_time()
        maker(hbt, step_ms * 1_000_000, count)
        told[name] = time.perf_counter() - wall
        told[f"{name}_cpu"] = time.process_time() - cpu
        state = hbt.state_values(0)
        cash, trades = USDT + float(state.balance) - float(state.fee), int(state.num_trades)
        hbt.close()
    submitted, steps, held, bid = (float(value) for value in count)
    told |= {"submitted": int(submitted), "steps": int(steps), "trades": trades}
    told |= {"position": round(held, 6), "cash": round(cash, 6), "bid": bid}
    return told | {"balance": round(cash + (BTC + held) * bid, 6)}


if __name__ == "__main__":
    if sys.argv[1] == "convert":
        convert(Path(sys.argv[2]), Path(sys.argv[3]))
        print("{}")
    else:
        print(
            json.dumps(play(Path(sys.argv[2]), int(sys.argv[3]), received="received" in sys.argv))
        )
