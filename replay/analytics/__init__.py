"""Statistics of a finished run: round trips, returns, drawdown, performance.

Money stays exact (`Decimal`); ratios are floats, and None where they are not defined.
"""
