"""Bollinger mean reversion: buy below the lower band, sell above the upper, out at the middle."""

from decimal import Decimal

from openoutcry.actors.indicators import Bollinger
from openoutcry.actors.strategy import Strategy
from openoutcry.state.enums import PriceType
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.market_data import Bar


class BollingerReversion(Strategy):
    """Fades closes outside the bands until price is back at the moving average."""

    class Params(Strategy.Params):
        """`period` counts bars, `width` standard deviations; `size` is the held quantity."""

        instrument: InstrumentId
        size: Decimal
        timeframe: str = "1m"
        price_type: PriceType | None = None
        period: int = 20
        width: float = 2.0
        long_only: bool = False

    params: Params

    def setup(self) -> None:
        """Attach the bands to the bars."""
        p = self.params
        bands = Bollinger(p.period, p.width)
        self.bands = self.indicator(bands, p.instrument, p.timeframe, p.price_type)

    def on_bar(self, bar: Bar) -> None:
        """Enter outside the bands, leave at the middle."""
        if not self.bands.ready:
            return
        close, held = float(bar.close), self.quantity(bar.instrument)
        if close < self.bands.lower:
            self.target(bar.instrument, self.params.size)
        elif close > self.bands.upper and not self.params.long_only:
            self.target(bar.instrument, -self.params.size)
        elif (held > 0 and close >= self.bands.middle) or (held < 0 and close <= self.bands.middle):
            self.target(bar.instrument, 0)
