"""Where the benchmarks find the peers' scripts and keep what they make."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_BESIDE = Path(os.environ.get("OPENOUTCRY_SHARED", ROOT.parent / "shared"))
SHARED = _BESIDE / "bench"
"""The workload generator and a script per peer."""
SPOT = _BESIDE / "data" / "hftbacktest" / "spot"
"""The recorded Binance streams of `binance_rows.py`."""
SCRIPTS = ROOT / "tests" / "benchmarks" / "peer_scripts"
"""Peers' scripts of ours, for rows that the others do not make."""
RUNS = ROOT / "runs" / "bench"
"""Rows, catalogs and raw results; not in the repository."""
VENVS = ROOT / ".venvs"


def month(n: int) -> int:
    """Minute bars of the workload that is made for slow peers: 43,200 of a million, whole days."""
    return max(n * 432 // 10_000 // 1440, 3) * 1440


def binance(n: int) -> str:
    """Name of the recorded rows: 1.5 million of a million."""
    return f"binance-{n * 3 // 2}"
