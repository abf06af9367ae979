"""One measured run of ours; prints one JSON line.

    python -m tests.benchmarks.replay_case CASE N [--prepare]

With `--prepare` it only makes the rows, so that making them is no part of what a process costs.
"""

import json
import sys

from tests.benchmarks.cases import bars, depth, growth, quotes, sweep
from tests.benchmarks.rows import prepared

CASES = {**quotes.CASES, **bars.CASES, **depth.CASES, **sweep.CASES, **growth.CASES}
"""Every case of ours that is measured from inside; `cases/fresh.py` is measured from outside."""


def main(case: str, n: int, *, prepare: bool) -> None:
    """Measure a case and print what it cost and came to."""
    chosen = CASES[case]
    catalog = prepared(chosen.rows(n))
    print(json.dumps({} if prepare else chosen.run(catalog)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), prepare="--prepare" in sys.argv)
