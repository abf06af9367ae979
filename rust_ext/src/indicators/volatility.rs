//! How far prices range.

use super::averages::Wilder;
use super::{Archive, Candle, Indicator, Window};

/// Range of a bar together with the close before it. The first bar has none.
#[derive(Clone, Copy, Debug)]
pub struct TrueRange {
    last: f64,
    range: f64,
}

impl Default for TrueRange {
    fn default() -> Self {
        Self {
            last: f64::NAN,
            range: f64::NAN,
        }
    }
}

impl TrueRange {
    /// Take a bar; returns its true range.
    #[inline]
    pub fn push(&mut self, bar: &Candle) -> Option<f64> {
        let before = std::mem::replace(&mut self.last, bar.close);
        if before.is_nan() {
            return None;
        }
        self.range = bar.high.max(before) - bar.low.min(before);
        Some(self.range)
    }
}

impl Indicator for TrueRange {
    fn update(&mut self, bar: &Candle) {
        self.push(bar);
    }
    fn output(&self, _index: usize) -> f64 {
        self.range
    }
    fn warmup(&self) -> u64 {
        2
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        archive.number(&mut self.range);
    }
}

/// Wilder's average true range, as a price or (`percent`: NATR) in percent of the close. A true range
/// needs the previous close, so it is ready after n+1 bars.
#[derive(Clone, Debug)]
pub struct Atr {
    range: TrueRange,
    average: Wilder,
    percent: bool,
}

impl Atr {
    pub fn new(period: usize, percent: bool) -> Self {
        Self {
            range: TrueRange::default(),
            average: Wilder::new(period),
            percent,
        }
    }

    /// Whether n true ranges were seen.
    pub fn is_full(&self) -> bool {
        self.average.is_full()
    }
}

impl Indicator for Atr {
    fn update(&mut self, bar: &Candle) {
        if let Some(range) = self.range.push(bar) {
            self.average.push(range);
        }
    }
    fn output(&self, _index: usize) -> f64 {
        if self.percent {
            100.0 * self.average.average() / self.range.last
        } else {
            self.average.average()
        }
    }
    fn warmup(&self) -> u64 {
        self.average.warmup() + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        self.average.archive(archive);
    }
}

/// What is told of the spread of the last n closes.
#[derive(Clone, Copy, Debug)]
pub enum Measure {
    /// Standard deviation (population).
    Deviation,
    /// Its square.
    Variance,
    /// Distance of the newest close from the mean, in standard deviations; 0 where nothing moved.
    Score,
}

/// Spread of the last n closes (population).
#[derive(Clone, Debug)]
pub struct Dispersion {
    closes: Window,
    period: usize,
    measure: Measure,
}

impl Dispersion {
    pub fn new(period: usize, measure: Measure) -> Self {
        Self {
            closes: Window::new(period),
            period,
            measure,
        }
    }

    fn score(&self) -> f64 {
        let mean = self.closes.mean_from_newest();
        let squares = self.closes.from_newest().map(|d| (d - mean) * (d - mean));
        let deviation = (squares.sum::<f64>() / self.period as f64).sqrt();
        if deviation == 0.0 {
            0.0
        } else {
            -mean / deviation
        }
    }
}

impl Indicator for Dispersion {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        match self.measure {
            Measure::Deviation => self.closes.deviation(),
            Measure::Variance => self.closes.variance(),
            Measure::Score => self.score(),
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// Standard deviation (sample) of the last n logarithmic returns, times the root of `bars_per_year`.
#[derive(Clone, Debug)]
pub struct RealizedVolatility {
    last: f64,
    returns: Window,
    period: usize,
    bars_per_year: f64,
}

impl RealizedVolatility {
    /// At least two returns.
    pub fn new(period: usize, bars_per_year: f64) -> Self {
        Self {
            last: f64::NAN,
            returns: Window::new(period),
            period,
            bars_per_year,
        }
    }
}

impl Indicator for RealizedVolatility {
    fn update(&mut self, bar: &Candle) {
        if !self.last.is_nan() {
            self.returns.push((bar.close / self.last).ln());
        }
        self.last = bar.close;
    }
    fn output(&self, _index: usize) -> f64 {
        let variance = self.returns.squares() / (self.period as f64 - 1.0);
        (variance * self.bars_per_year).sqrt()
    }
    fn warmup(&self) -> u64 {
        self.period as u64 + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        archive.window(&mut self.returns);
    }
}
