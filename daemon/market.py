"""Where the market of a daemon comes from, and the time that it comes at."""

import time
from collections.abc import Mapping

from openoutcry.daemon.core import Feed
from openoutcry.replay.dataset import Dataset
from openoutcry.replay.session_clock import SessionClock
from openoutcry.replay.synthetic_feed import SyntheticFeed
from openoutcry.replay.tape_feed import TapeFeed
from openoutcry.state.catalog import Catalog
from openoutcry.state.config import Config
from openoutcry.state.errors import ConfigError
from openoutcry.state.identifiers import InstrumentId
from openoutcry.state.instruments import Instrument


class PaperMarket:
    """The market of a paper session.

    Args:
        config: The config.
        catalog: Where recorded data is.
        instruments: Known ones, by id.
        feed: `tape`, `synthetic` or `live`.
        speed: Times real time.
        loop: Whether a tape is played again and again.
    """

    def __init__(
        self,
        config: Config,
        catalog: Catalog,
        instruments: Mapping[InstrumentId, Instrument],
        *,
        feed: str,
        speed: int,
        loop: bool,
    ) -> None:
        self.speed = speed
        self._config, self._catalog, self._instruments = config, catalog, instruments
        self._feed, self._loop = feed, loop

    def start(self, wall: int) -> int:
        """When a session begins that never was: a tape's just before its first row."""
        if self._feed != "tape":
            return wall
        feed = self._tape()
        first = feed.first_ts
        feed.close()
        return wall if first is None else first - 1

    def _tape(self) -> TapeFeed:
        data = Dataset(self._catalog.path)
        return TapeFeed(data, self._config.feeds, start=None, loop=self._loop)

    def open(self, start: int, at: int | None, wall: int) -> tuple[Feed, SessionClock]:
        """The rows of a session that began at `start`, after `at` (None: all), and the clock from there on.

        Raises:
            ConfigError: There is no such feed.
        """
        if self._feed == "tape":
            feed = self._tape()
            if at is not None:
                feed.skip(at)
            return feed, SessionClock(start if at is None else at, time.monotonic_ns, self.speed)
        if self._feed == "synthetic":
            now = max(start if at is None else at, wall)
            seed = self._config.run.seed
            made = SyntheticFeed(self._config.feeds, self._instruments, seed=seed, origin=start)
            made.skip(now)
            return made, SessionClock(now, time.time_ns, self.speed)
        raise ConfigError(
            "this version has no live market data yet",
            remedy='choose --feed tape or --feed synthetic (or [paper] feed = "tape")',
        )
