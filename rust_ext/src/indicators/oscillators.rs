//! Where the close stands within the recent range.

use super::momentum::Rsi;
use super::volatility::TrueRange;
use super::window::{highest, lowest};
use super::{Archive, Candle, Indicator, Window};

/// Highs and lows of the last n bars.
#[derive(Clone, Debug)]
pub struct Extremes {
    highs: Window,
    lows: Window,
    period: usize,
}

impl Extremes {
    pub fn new(period: usize) -> Self {
        Self {
            highs: Window::new(period),
            lows: Window::new(period),
            period,
        }
    }

    pub fn push(&mut self, bar: &Candle) {
        self.highs.push(bar.high);
        self.lows.push(bar.low);
    }

    pub fn is_full(&self) -> bool {
        self.highs.is_full()
    }

    pub fn period(&self) -> u64 {
        self.period as u64
    }

    pub fn highest(&self) -> f64 {
        self.highs.highest()
    }

    pub fn lowest(&self) -> f64 {
        self.lows.lowest()
    }

    /// Halfway between the extremes of the last `count` bars.
    pub fn middle(&self, count: usize) -> f64 {
        (highest(self.highs.last(count)) + lowest(self.lows.last(count))) / 2.0
    }

    /// Places of the highest high and the lowest low, 0 for the oldest bar; the latest of equal ones.
    pub fn places(&self) -> (usize, usize) {
        let high = latest(self.highs.iter(), |value, best| value >= best);
        let low = latest(self.lows.iter(), |value, best| value <= best);
        (high, low)
    }

    /// Where a price stands in the range, 0 (low) to 1 (high); the middle of a range without width.
    pub fn place(&self, price: f64) -> f64 {
        let (high, low) = (self.highest(), self.lowest());
        if high == low {
            0.5
        } else {
            (price - low) / (high - low)
        }
    }

    pub fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.highs);
        archive.window(&mut self.lows);
    }
}

/// Place of the last value that is at least as good as all before it.
fn latest(values: impl Iterator<Item = f64>, as_good: impl Fn(f64, f64) -> bool) -> usize {
    let mut best = (0, f64::NAN);
    for (place, value) in values.enumerate() {
        if best.1.is_nan() || as_good(value, best.1) {
            best = (place, value);
        }
    }
    best.0
}

/// A line (`k`) smoothed over some values and its mean (`d`): the end of both stochastics.
#[derive(Clone, Debug)]
struct Smoothed {
    raw: Window,
    k: Window,
    bars: u64,
}

impl Smoothed {
    fn new(smooth: usize, signal: usize) -> Self {
        Self {
            raw: Window::new(smooth),
            k: Window::new(signal),
            bars: (smooth + signal - 2) as u64,
        }
    }

    fn push(&mut self, value: f64) {
        self.raw.push(value);
        if self.raw.is_full() {
            self.k.push(self.raw.mean());
        }
    }

    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.k.newest(),
            _ => self.k.mean(),
        }
    }

    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.raw);
        archive.window(&mut self.k);
    }
}

/// Lane's stochastic oscillator, 0 to 100: `k` is where the close stands in the range of the last n
/// bars (50 in a range without width), averaged over `smooth` bars; `d` is its mean.
#[derive(Clone, Debug)]
pub struct Stochastic {
    range: Extremes,
    lines: Smoothed,
}

impl Stochastic {
    pub fn new(period: usize, smooth: usize, signal: usize) -> Self {
        Self {
            range: Extremes::new(period),
            lines: Smoothed::new(smooth, signal),
        }
    }
}

impl Indicator for Stochastic {
    fn update(&mut self, bar: &Candle) {
        self.range.push(bar);
        if self.range.is_full() {
            self.lines.push(100.0 * self.range.place(bar.close));
        }
    }
    fn output(&self, index: usize) -> f64 {
        self.lines.output(index)
    }
    fn warmup(&self) -> u64 {
        self.range.period() + self.lines.bars
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        self.lines.archive(archive);
    }
}

/// The stochastic oscillator of the RSI.
///
/// Source: T. Chande and S. Kroll, The New Technical Trader (1994).
#[derive(Clone, Debug)]
pub struct StochRsi {
    rsi: Rsi,
    range: Window,
    lookback: usize,
    lines: Smoothed,
}

impl StochRsi {
    /// A narrower range of the RSI is rounding, not movement.
    const NARROW: f64 = 1e-10;

    pub fn new(period: usize, lookback: usize, smooth: usize, signal: usize) -> Self {
        Self {
            rsi: Rsi::new(period),
            range: Window::new(lookback),
            lookback,
            lines: Smoothed::new(smooth, signal),
        }
    }

    /// 0 to 100; 50 in a range without width.
    fn place(&self) -> f64 {
        let (high, low) = (self.range.highest(), self.range.lowest());
        if high - low < Self::NARROW {
            50.0
        } else {
            100.0 * (self.range.newest() - low) / (high - low)
        }
    }
}

impl Indicator for StochRsi {
    fn update(&mut self, bar: &Candle) {
        self.rsi.update(bar);
        if !self.rsi.is_full() {
            return;
        }
        self.range.push(self.rsi.output(0));
        if self.range.is_full() {
            self.lines.push(self.place());
        }
    }
    fn output(&self, index: usize) -> f64 {
        self.lines.output(index)
    }
    fn warmup(&self) -> u64 {
        self.rsi.warmup() + self.lookback as u64 - 1 + self.lines.bars
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.rsi.archive(archive);
        archive.window(&mut self.range);
        self.lines.archive(archive);
    }
}

/// Williams' %R, -100 (low of the range) to 0 (high); -50 in a range without width.
#[derive(Clone, Debug)]
pub struct WilliamsR {
    range: Extremes,
    close: f64,
}

impl WilliamsR {
    pub fn new(period: usize) -> Self {
        Self {
            range: Extremes::new(period),
            close: f64::NAN,
        }
    }
}

impl Indicator for WilliamsR {
    fn update(&mut self, bar: &Candle) {
        self.range.push(bar);
        self.close = bar.close;
    }
    fn output(&self, _index: usize) -> f64 {
        100.0 * (self.range.place(self.close) - 1.0)
    }
    fn warmup(&self) -> u64 {
        self.range.period()
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        archive.number(&mut self.close);
    }
}

/// Commodity channel index: how far the typical price stands from its mean, in units of 0.015 mean
/// absolute deviations; 0 where nothing deviates.
///
/// Source: D. Lambert, Commodity Channel Index (1980).
#[derive(Clone, Debug)]
pub struct Cci {
    prices: Window,
    period: usize,
}

impl Cci {
    const FACTOR: f64 = 0.015;

    pub fn new(period: usize) -> Self {
        Self {
            prices: Window::new(period),
            period,
        }
    }
}

impl Indicator for Cci {
    fn update(&mut self, bar: &Candle) {
        self.prices.push(bar.typical());
    }
    fn output(&self, _index: usize) -> f64 {
        let mean = self.prices.mean_from_newest();
        let distances = self.prices.from_newest().map(|d| (d - mean).abs());
        let deviation = distances.sum::<f64>() / self.period as f64;
        if deviation == 0.0 {
            0.0
        } else {
            -mean / (Self::FACTOR * deviation)
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.prices);
    }
}

/// Williams' ultimate oscillator, 0 to 100: buying pressure over true range, of three lengths, with
/// the weights 4, 2 and 1; a length without range counts as its middle.
///
/// Source: L. Williams, The Ultimate Oscillator (1985).
#[derive(Clone, Debug)]
pub struct Ultimate {
    range: TrueRange,
    last: f64,
    pressures: Window,
    ranges: Window,
    periods: [usize; 3],
}

impl Ultimate {
    /// Periods in ascending order.
    pub fn new(periods: [usize; 3]) -> Self {
        Self {
            range: TrueRange::default(),
            last: f64::NAN,
            pressures: Window::new(periods[2]),
            ranges: Window::new(periods[2]),
            periods,
        }
    }

    fn ratio(&self, period: usize) -> f64 {
        let range: f64 = self.ranges.last(period).sum();
        if range == 0.0 {
            0.5
        } else {
            self.pressures.last(period).sum::<f64>() / range
        }
    }
}

impl Indicator for Ultimate {
    fn update(&mut self, bar: &Candle) {
        if let Some(range) = self.range.push(bar) {
            self.pressures.push(bar.close - bar.low.min(self.last));
            self.ranges.push(range);
        }
        self.last = bar.close;
    }
    fn output(&self, _index: usize) -> f64 {
        let [short, middle, long] = self.periods.map(|period| self.ratio(period));
        100.0 * (4.0 * short + 2.0 * middle + long) / 7.0
    }
    fn warmup(&self) -> u64 {
        self.periods[2] as u64 + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        archive.number(&mut self.last);
        archive.window(&mut self.pressures);
        archive.window(&mut self.ranges);
    }
}
