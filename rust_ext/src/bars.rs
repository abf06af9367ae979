//! Bars from single prices: time, tick and volume bars, the same code in replay and live.
//!
//! A time bar covers `[start, end)` on a grid that starts at 1970-01-01 00:00 UTC and exists only for
//! intervals in which something happened. With trading hours, days are trading days, from the first
//! open to the last close, and shorter bars are cut where the market opens or closes. A tick or volume bar ends with the update that completes
//! it; a print is never split, so a volume bar may hold more than its size.

mod snapshot;

use std::fmt;

use crate::failure::Failure;
use crate::sessions::Sessions;
use crate::types::{Bar, Nanos, PriceType, Quote, Trade, UNDEFINED};

pub use snapshot::{State as BarState, bar_of, bar_words};

/// The bar that an update closed, if any.
pub type UpdateResult = Result<Option<Bar>, Failure>;

const SECOND: i64 = 1_000_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarUnit {
    Second,
    Minute,
    Hour,
    Day,
    Tick,
    Volume,
}

/// `<n>` and one of `s m h d t v`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeframe {
    pub unit: BarUnit,
    pub count: i64,
}

impl Timeframe {
    /// Read `1m`, `100t`, ...; the error says what is allowed.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let bad = || {
            Failure::Config(format!(
                "bad time frame {text:?}: write a count without leading zeros and one of s m h d t v, as in 1m"
            ))
        };
        let unit = match text.chars().last() {
            Some('s') => BarUnit::Second,
            Some('m') => BarUnit::Minute,
            Some('h') => BarUnit::Hour,
            Some('d') => BarUnit::Day,
            Some('t') => BarUnit::Tick,
            Some('v') => BarUnit::Volume,
            _ => return Err(bad()),
        };
        let count: i64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
        let frame = Self { unit, count };
        if count < 1 || frame.to_string() != text || (frame.is_time() && frame.period().is_none()) {
            return Err(bad());
        }
        Ok(frame)
    }

    /// Whether its bars end by the clock.
    pub fn is_time(self) -> bool {
        !matches!(self.unit, BarUnit::Tick | BarUnit::Volume)
    }

    /// Length in nanoseconds; None for tick and volume bars.
    pub fn period(self) -> Option<i64> {
        let unit = match self.unit {
            BarUnit::Second => SECOND,
            BarUnit::Minute => 60 * SECOND,
            BarUnit::Hour => 3600 * SECOND,
            BarUnit::Day => 86_400 * SECOND,
            BarUnit::Tick | BarUnit::Volume => return None,
        };
        unit.checked_mul(self.count)
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            BarUnit::Second => 's',
            BarUnit::Minute => 'm',
            BarUnit::Hour => 'h',
            BarUnit::Day => 'd',
            BarUnit::Tick => 't',
            BarUnit::Volume => 'v',
        };
        write!(f, "{}{unit}", self.count)
    }
}

/// The price of a quote that bars of `price_type` are built from; None when it has none.
///
/// The mid is half of bid plus ask in units of the price, an odd half rounded to the even unit.
pub fn quote_price(quote: &Quote, price_type: PriceType) -> Option<i64> {
    let known = |price: i64| (price != UNDEFINED).then_some(price);
    match price_type {
        PriceType::Bid => known(quote.bid),
        PriceType::Ask => known(quote.ask),
        PriceType::Mid => Some(mid(known(quote.bid)?, known(quote.ask)?)),
        PriceType::Last => None,
    }
}

/// Half of the sum, an odd half rounded to the even unit.
pub fn mid(bid: i64, ask: i64) -> i64 {
    let sum = i128::from(bid) + i128::from(ask);
    let floor = sum.div_euclid(2);
    let half_up = sum.rem_euclid(2) == 1 && floor.rem_euclid(2) == 1;
    (floor + i128::from(half_up)) as i64
}

#[derive(Clone, Debug)]
pub struct BarBuilder {
    timeframe: Timeframe,
    price_type: PriceType,
    /// Nanoseconds, updates or size units that complete a bar.
    limit: i64,
    sessions: Option<Sessions>,
    open: Option<Bar>,
    /// End of the last bar that closed.
    closed: Nanos,
    late: u64,
    outside: u64,
}

impl BarBuilder {
    /// `size_scale` is the instrument's: volume bars count whole units of quantity.
    pub fn new(
        timeframe: Timeframe,
        price_type: PriceType,
        size_scale: u8,
    ) -> Result<Self, Failure> {
        if timeframe.unit == BarUnit::Volume && price_type != PriceType::Last {
            return Err(Failure::Config(format!(
                "volume bars are built from trades: use price type last with {timeframe}"
            )));
        }
        let limit = match timeframe.unit {
            BarUnit::Volume => 10i64
                .checked_pow(u32::from(size_scale))
                .and_then(|unit| unit.checked_mul(timeframe.count))
                .ok_or_else(|| {
                    Failure::Overflow(format!("volume bars of {timeframe} exceed 64 bits"))
                })?,
            _ => timeframe.period().unwrap_or(timeframe.count),
        };
        Ok(Self {
            timeframe,
            price_type,
            limit,
            sessions: None,
            open: None,
            closed: Nanos::MIN,
            late: 0,
            outside: 0,
        })
    }

    /// Let days and the ends of time bars follow trading hours.
    pub fn with_sessions(mut self, sessions: Option<Sessions>) -> Self {
        self.sessions = sessions.filter(|_| self.timeframe.is_time());
        self
    }

    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    pub fn price_type(&self) -> PriceType {
        self.price_type
    }

    /// End of the open time bar, when there is one.
    #[inline]
    pub fn due(&self) -> Option<Nanos> {
        match &self.open {
            Some(bar) if self.timeframe.is_time() => Some(bar.ts_event),
            _ => None,
        }
    }

    /// Updates that came after their bar had closed; they change nothing.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Updates outside trading hours that day bars left out.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// Take a quote at the inlet's time `ts`; crossed quotes enter too.
    pub fn quote(&mut self, ts: Nanos, quote: &Quote) -> Result<Option<Bar>, Failure> {
        match quote_price(quote, self.price_type) {
            Some(price) => self.update(ts, price, UNDEFINED),
            None => Ok(None),
        }
    }

    /// Take a trade at the inlet's time `ts`.
    pub fn trade(&mut self, ts: Nanos, trade: &Trade) -> Result<Option<Bar>, Failure> {
        match self.price_type {
            PriceType::Last => self.update(ts, trade.price, trade.size),
            _ => Ok(None),
        }
    }

    /// Take a price; returns the bar that this closes: the previous time bar, or the tick or
    /// volume bar that it completes. At most one, because intervals without updates have no bar.
    pub fn update(&mut self, ts: Nanos, price: i64, size: i64) -> Result<Option<Bar>, Failure> {
        let late = match &self.open {
            Some(bar) => ts < bar.ts_open,
            None => ts < self.closed,
        };
        if late {
            self.late += 1;
            return Ok(None);
        }
        let ended = self.close_until(ts);
        if self.is_outside(ts) {
            self.outside += 1;
            return Ok(ended);
        }
        match &mut self.open {
            Some(bar) => extend(bar, price, size)?,
            None => self.open = Some(self.start(ts, price, size)),
        }
        if !self.timeframe.is_time() {
            return Ok(self.complete(ts));
        }
        Ok(ended)
    }

    /// Close the open time bar if it ended at or before `ts`.
    pub fn close_until(&mut self, ts: Nanos) -> Option<Bar> {
        let due = self.due().is_some_and(|end| end <= ts);
        if due { self.close() } else { None }
    }

    /// Whether a day bar must leave an update out.
    fn is_outside(&self, ts: Nanos) -> bool {
        let hours = self.sessions.as_ref();
        self.timeframe.unit == BarUnit::Day && hours.is_some_and(|hours| !hours.contains(ts))
    }

    fn start(&self, ts: Nanos, price: i64, size: i64) -> Bar {
        let (ts_open, end) = self.span(ts);
        Bar {
            ts_open,
            ts_event: end,
            ts_received: end,
            price_type: self.price_type,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: size,
            count: 1,
        }
    }

    /// The interval of the time bar that covers `ts`.
    fn span(&self, ts: Nanos) -> (Nanos, Nanos) {
        if !self.timeframe.is_time() {
            return (ts, ts);
        }
        let start = ts.saturating_sub(ts.rem_euclid(self.limit));
        let end = start.saturating_add(self.limit);
        match (&self.sessions, self.timeframe.unit) {
            (None, _) => (start, end),
            (Some(hours), BarUnit::Day) => {
                let days = hours.days(ts, self.timeframe.count);
                days.unwrap_or((start, end))
            }
            (Some(hours), _) => hours.cut(ts, start, end),
        }
    }

    fn complete(&mut self, ts: Nanos) -> Option<Bar> {
        let bar = self.open.as_mut()?;
        (bar.ts_event, bar.ts_received) = (ts, ts);
        let reached = if self.timeframe.unit == BarUnit::Tick {
            bar.count
        } else {
            bar.volume
        };
        if reached >= self.limit {
            self.close()
        } else {
            None
        }
    }

    fn close(&mut self) -> Option<Bar> {
        let bar = self.open.take()?;
        self.closed = bar.ts_event;
        Some(bar)
    }
}

fn extend(bar: &mut Bar, price: i64, size: i64) -> Result<(), Failure> {
    bar.high = bar.high.max(price);
    bar.low = bar.low.min(price);
    bar.close = price;
    bar.count += 1;
    bar.volume = match (bar.volume, size) {
        // One print without a size makes the whole volume unknown: a part would look like all of it.
        (UNDEFINED, _) | (_, UNDEFINED) => UNDEFINED,
        (sum, size) => sum
            .checked_add(size)
            .ok_or_else(|| Failure::Overflow("the volume of a bar exceeds 64 bits".into()))?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn builder(text: &str) -> BarBuilder {
        BarBuilder::new(Timeframe::parse(text).unwrap(), PriceType::Last, 2).unwrap()
    }

    #[test]
    fn a_mid_is_rounded_half_to_even_at_every_size() {
        assert_eq!([mid(1, 2), mid(2, 3), mid(3, 4), mid(2, 4)], [2, 2, 4, 3]);
        assert_eq!(mid(i64::MAX, i64::MAX), i64::MAX);
        assert_eq!([mid(-1, 0), mid(-2, -1), mid(-3, -2)], [0, -2, -2]);
    }

    #[test]
    fn a_volume_bar_counts_whole_units_and_keeps_the_overshoot() {
        let mut bars = builder("2v");
        assert_eq!(bars.update(1, 10, 199).unwrap(), None);
        let bar = bars.update(2, 11, 50).unwrap().unwrap();
        assert_eq!((bar.ts_open, bar.ts_event, bar.volume), (1, 2, 249));
        assert_eq!(bars.due(), None);
    }

    #[test]
    fn a_volume_beyond_64_bits_is_an_error() {
        let mut bars = builder("1d");
        bars.update(1, 1, i64::MAX).unwrap();
        assert!(matches!(bars.update(2, 1, 1), Err(Failure::Overflow(_))));
        let frame = Timeframe::parse("99999999999999999v").unwrap();
        assert!(BarBuilder::new(frame, PriceType::Last, 18).is_err());
    }

    /// Sessions from minutes since the epoch.
    fn hours(minutes: &[(i64, i64)]) -> Option<Sessions> {
        let list: Vec<_> = minutes
            .iter()
            .map(|(open, close)| (open * 60 * SECOND, close * 60 * SECOND, close * 60 * SECOND))
            .collect();
        Some(Sessions::new(&list).unwrap())
    }

    fn spans(bars: &mut BarBuilder, minutes: &[i64]) -> Vec<(i64, i64, i64)> {
        let mut closed = Vec::new();
        for minute in minutes {
            closed.extend(bars.update(minute * 60 * SECOND, 1, 1).unwrap());
        }
        closed.extend(bars.close_until(i64::MAX));
        let in_minutes = |ts: i64| ts / (60 * SECOND);
        closed
            .iter()
            .map(|bar| {
                (
                    in_minutes(bar.ts_open),
                    in_minutes(bar.ts_event),
                    bar.volume,
                )
            })
            .collect()
    }

    #[test]
    fn day_bars_are_trading_days_and_leave_out_what_comes_outside() {
        let day = 24 * 60;
        let list = [(570, 960), (day + 570, day + 780)]; // the second closes early
        let mut bars = builder("1d").with_sessions(hours(&list));
        let stamps = [500, 570, 959, 960, 1200, day + 600, day + 780, day + 900];
        assert_eq!(
            spans(&mut bars, &stamps),
            [(570, 960, 2), (day + 570, day + 780, 1)]
        );
        assert_eq!(bars.outside(), 5);
    }

    #[test]
    fn shorter_bars_are_cut_where_the_market_opens_and_closes() {
        let mut bars = builder("1h").with_sessions(hours(&[(570, 950)]));
        let stamps = [545, 571, 605, 949, 955, 1000];
        assert_eq!(
            spans(&mut bars, &stamps),
            [
                (540, 570, 1),
                (570, 600, 1),
                (600, 660, 1),
                (900, 950, 1),
                (950, 960, 1),
                (960, 1020, 1)
            ]
        );
        assert_eq!(bars.outside(), 0);
    }

    proptest! {
        /// No update is lost, counted twice or put into a bar that does not cover it.
        #[test]
        fn time_bars_hold_every_update_that_is_not_late_once(
            stamps in proptest::collection::vec(0i64..40, 1..80)
        ) {
            let mut bars = builder("3s");
            let mut closed = Vec::new();
            let mut newest = i64::MIN;
            let mut late = 0;
            for ts in stamps.iter().map(|ts| ts * SECOND) {
                let start = ts - ts.rem_euclid(3 * SECOND);
                late += u64::from(start < newest);
                newest = newest.max(start);
                closed.extend(bars.update(ts, 1, 1).unwrap());
            }
            closed.extend(bars.close_until(i64::MAX));
            prop_assert_eq!(bars.late(), late);
            let count: i64 = closed.iter().map(|bar| bar.count).sum();
            prop_assert_eq!(count as u64 + late, stamps.len() as u64);
            prop_assert!(closed.windows(2).all(|pair| pair[0].ts_event <= pair[1].ts_open));
            prop_assert!(closed.iter().all(|bar| bar.ts_event - bar.ts_open == 3 * SECOND));
        }
    }
}
