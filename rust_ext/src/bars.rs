//! Bars from single prices: time, tick and volume bars, the same code in replay and live.
//!
//! A time bar covers `[start, end)` on a grid that starts at 1970-01-01 00:00 UTC and exists only for
//! intervals in which something happened. A tick or volume bar ends with the update that completes
//! it; a print is never split, so a volume bar may hold more than its size.

use std::fmt;

use crate::failure::Failure;
use crate::types::{Bar, Nanos, PriceType, Quote, Trade, UNDEFINED};

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
    open: Option<Bar>,
    /// End of the last bar that closed.
    closed: Nanos,
    late: u64,
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
            open: None,
            closed: Nanos::MIN,
            late: 0,
        })
    }

    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    pub fn price_type(&self) -> PriceType {
        self.price_type
    }

    /// End of the open time bar, when there is one.
    pub fn due(&self) -> Option<Nanos> {
        self.open
            .filter(|_| self.timeframe.is_time())
            .map(|bar| bar.ts_event)
    }

    /// Updates that came after their bar had closed; they change nothing.
    pub fn late(&self) -> u64 {
        self.late
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
        let late = self.open.map_or(ts < self.closed, |bar| ts < bar.ts_open);
        if late {
            self.late += 1;
            return Ok(None);
        }
        let ended = self.close_until(ts);
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

    fn start(&self, ts: Nanos, price: i64, size: i64) -> Bar {
        let (ts_open, end) = if self.timeframe.is_time() {
            let start = ts.saturating_sub(ts.rem_euclid(self.limit));
            (start, start.saturating_add(self.limit))
        } else {
            (ts, ts)
        };
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
