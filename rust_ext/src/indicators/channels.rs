//! Bands around the price, and the extremes and middles that they are made of.

use super::averages::Ema;
use super::oscillators::Extremes;
use super::volatility::Atr;
use super::{Archive, Candle, Indicator, Window};

/// Mean of the last n closes (`middle`) and bands `factor` standard deviations (population) away
/// (`upper`, `lower`).
#[derive(Clone, Debug)]
pub struct Bollinger {
    closes: Window,
    period: usize,
    factor: f64,
}

impl Bollinger {
    pub fn new(period: usize, factor: f64) -> Self {
        Self {
            closes: Window::new(period),
            period,
            factor,
        }
    }
}

impl Indicator for Bollinger {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.closes.mean(),
            1 => self.closes.mean() + self.factor * self.closes.deviation(),
            _ => self.closes.mean() - self.factor * self.closes.deviation(),
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// EMA of the close (`middle`) and bands `factor` average true ranges away (`upper`, `lower`).
#[derive(Clone, Debug)]
pub struct Keltner {
    average: Ema,
    range: Atr,
    factor: f64,
}

impl Keltner {
    pub fn new(period: usize, range_period: usize, factor: f64) -> Self {
        Self {
            average: Ema::new(period),
            range: Atr::new(range_period, false),
            factor,
        }
    }
}

impl Indicator for Keltner {
    fn update(&mut self, bar: &Candle) {
        self.average.update(bar);
        self.range.update(bar);
    }
    fn output(&self, index: usize) -> f64 {
        let middle = self.average.average();
        match index {
            0 => middle,
            1 => middle + self.factor * self.range.output(0),
            _ => middle - self.factor * self.range.output(0),
        }
    }
    fn warmup(&self) -> u64 {
        self.average.warmup().max(self.range.warmup())
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.average.archive(archive);
        self.range.archive(archive);
    }
}

/// Highest high (`upper`) and lowest low (`lower`) of the last n bars, and halfway (`middle`).
#[derive(Clone, Debug)]
pub struct Donchian {
    range: Extremes,
}

impl Donchian {
    pub fn new(period: usize) -> Self {
        Self {
            range: Extremes::new(period),
        }
    }
}

impl Indicator for Donchian {
    fn update(&mut self, bar: &Candle) {
        self.range.push(bar);
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => (self.range.highest() + self.range.lowest()) / 2.0,
            1 => self.range.highest(),
            _ => self.range.lowest(),
        }
    }
    fn warmup(&self) -> u64 {
        self.range.period()
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
    }
}

/// Which extreme of the last n bars is told.
#[derive(Clone, Copy, Debug)]
pub enum Extreme {
    /// Highest high.
    High,
    /// Lowest low.
    Low,
    /// Halfway between the highest and the lowest close.
    MiddleOfCloses,
}

/// One extreme of the last n bars.
#[derive(Clone, Debug)]
pub struct Record {
    values: Window,
    period: usize,
    extreme: Extreme,
}

impl Record {
    pub fn new(period: usize, extreme: Extreme) -> Self {
        Self {
            values: Window::new(period),
            period,
            extreme,
        }
    }
}

impl Indicator for Record {
    fn update(&mut self, bar: &Candle) {
        self.values.push(match self.extreme {
            Extreme::High => bar.high,
            Extreme::Low => bar.low,
            Extreme::MiddleOfCloses => bar.close,
        });
    }
    fn output(&self, _index: usize) -> f64 {
        match self.extreme {
            Extreme::High => self.values.highest(),
            Extreme::Low => self.values.lowest(),
            Extreme::MiddleOfCloses => (self.values.highest() + self.values.lowest()) / 2.0,
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.values);
    }
}

/// Ichimoku Kinko Hyo: halfway lines of three lengths (`conversion`, `base`; the third is `ahead_b`),
/// the middle of the first two (`ahead_a`), and the cloud of this bar (`span_a`, `span_b`), which is
/// what `ahead_a` and `ahead_b` were `displacement` bars ago.
#[derive(Clone, Debug)]
pub struct Ichimoku {
    range: Extremes,
    periods: [usize; 3],
    ahead_a: Window,
    ahead_b: Window,
    displacement: usize,
}

impl Ichimoku {
    /// Periods in ascending order.
    pub fn new(periods: [usize; 3], displacement: usize) -> Self {
        Self {
            range: Extremes::new(periods[2]),
            periods,
            ahead_a: Window::new(displacement + 1),
            ahead_b: Window::new(displacement + 1),
            displacement,
        }
    }
}

impl Indicator for Ichimoku {
    fn update(&mut self, bar: &Candle) {
        self.range.push(bar);
        if self.range.is_full() {
            let [conversion, base, long] = self.periods.map(|period| self.range.middle(period));
            self.ahead_a.push((conversion + base) / 2.0);
            self.ahead_b.push(long);
        }
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.range.middle(self.periods[0]),
            1 => self.range.middle(self.periods[1]),
            2 => self.ahead_a.oldest(),
            3 => self.ahead_b.oldest(),
            4 => self.ahead_a.newest(),
            _ => self.ahead_b.newest(),
        }
    }
    fn warmup(&self) -> u64 {
        (self.periods[2] + self.displacement) as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        archive.window(&mut self.ahead_a);
        archive.window(&mut self.ahead_b);
    }
}
