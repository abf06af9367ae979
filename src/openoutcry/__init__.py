"""openoutcry: an actor-model trading system whose backtester is the same program under another clock.

Nothing is imported here, so that `outcry` starts fast; import from where things live:

    from openoutcry.actors.strategy import Strategy              # what you derive from
    from openoutcry.actors.indicators import Ema                 # what you attach to bars
    from openoutcry.state.market_data import Bar, Quote, Trade   # what you get
    from openoutcry.state.identifiers import InstrumentId        # how you name it
    from openoutcry.replay.engine import replay                  # a backtest without the command line
"""

__version__ = "0.1.0"
