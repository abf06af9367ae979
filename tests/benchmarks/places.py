"""Where the benchmarks find the peers' scripts and keep what they make."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = Path(os.environ.get("OPENOUTCRY_SHARED", ROOT.parent / "shared")) / "bench"
"""The workload generator and a script per peer."""
RUNS = ROOT / "runs" / "bench"
"""Rows, catalogs and raw results; not in the repository."""
VENVS = ROOT / ".venvs"


def month(n: int) -> int:
    """Minute bars of the workload that is made for slow peers: 43,200 of a million, whole days."""
    return max(n * 432 // 10_000 // 1440, 3) * 1440
