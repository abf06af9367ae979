//! What the volume says. Bars without a known volume count as bars without volume.

use super::averages::Ema;
use super::{Archive, Candle, Indicator, Window};

const DAY_NS: i64 = 86_400_000_000_000;

/// A sum that keeps what rounding lost, so that a long one does not drift.
///
/// Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub fn add(&mut self, value: f64) {
        let total = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - total) + value
        } else {
            (value - total) + self.total
        };
        self.total = total;
    }

    pub fn value(self) -> f64 {
        self.total + self.lost
    }

    pub fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.total);
        archive.number(&mut self.lost);
    }
}

/// The volume, 0 where it is not known.
fn known(bar: &Candle) -> f64 {
    if bar.volume > 0.0 { bar.volume } else { 0.0 }
}

/// Volume-weighted mean of the typical price (high + low + close)/3 of the UTC day on which the bar
/// opened. Bars without a known volume change nothing; ready once something was traded on the day.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vwap {
    day: i64,
    bars: u64,
    value: Sum,
    volume: Sum,
}

impl Indicator for Vwap {
    fn update(&mut self, bar: &Candle) {
        let day = bar.ts_open.div_euclid(DAY_NS);
        if day != self.day {
            *self = Self {
                day,
                ..Self::default()
            };
        }
        self.bars += 1;
        if bar.volume > 0.0 {
            self.value.add(bar.typical() * bar.volume);
            self.volume.add(bar.volume);
        }
    }
    fn output(&self, _index: usize) -> f64 {
        self.value.value() / self.volume.value()
    }
    fn warmup(&self) -> u64 {
        1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.whole(&mut self.day);
        archive.count(&mut self.bars);
        self.value.archive(archive);
        self.volume.archive(archive);
    }
    fn defined(&self) -> bool {
        self.volume.value() > 0.0
    }
    fn count(&self, _fed: u64) -> u64 {
        self.bars
    }
}

/// On-balance volume since the start: the volume of rising closes less that of falling ones. The first
/// bar counts as rising.
///
/// Source: J. Granville, New Key to Stock Market Profits (1963).
#[derive(Clone, Copy, Debug)]
pub struct Obv {
    last: f64,
    sum: Sum,
}

impl Default for Obv {
    fn default() -> Self {
        Self {
            last: f64::NEG_INFINITY,
            sum: Sum::default(),
        }
    }
}

impl Indicator for Obv {
    fn update(&mut self, bar: &Candle) {
        if bar.close > self.last {
            self.sum.add(known(bar));
        } else if bar.close < self.last {
            self.sum.add(-known(bar));
        }
        self.last = bar.close;
    }
    fn output(&self, _index: usize) -> f64 {
        self.sum.value()
    }
    fn warmup(&self) -> u64 {
        1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        self.sum.archive(archive);
    }
}

/// Money flow index, 0 to 100: typical price times volume of the rising bars among the last n, over
/// that of the rising and the falling ones; 50 where there is neither.
#[derive(Clone, Debug)]
pub struct Mfi {
    last: f64,
    flows: Window,
    period: usize,
}

impl Mfi {
    pub fn new(period: usize) -> Self {
        Self {
            last: f64::NAN,
            flows: Window::new(period),
            period,
        }
    }
}

impl Indicator for Mfi {
    fn update(&mut self, bar: &Candle) {
        let price = bar.typical();
        if !self.last.is_nan() {
            let flow = price * known(bar);
            self.flows.push(if price > self.last {
                flow
            } else if price < self.last {
                -flow
            } else {
                0.0
            });
        }
        self.last = price;
    }
    fn output(&self, _index: usize) -> f64 {
        let rising: f64 = self.flows.iter().map(|flow| flow.max(0.0)).sum();
        let falling: f64 = self.flows.iter().map(|flow| (-flow).max(0.0)).sum();
        if rising + falling == 0.0 {
            50.0
        } else {
            100.0 * rising / (rising + falling)
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64 + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        archive.window(&mut self.flows);
    }
}

/// Accumulation/distribution line since the start: each bar's volume, weighted by where the close
/// stands in the bar, from -1 (low) to 1 (high); 0 for a bar without range.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccumulationDistribution {
    sum: Sum,
}

impl Indicator for AccumulationDistribution {
    fn update(&mut self, bar: &Candle) {
        if bar.high > bar.low {
            let place = ((bar.close - bar.low) - (bar.high - bar.close)) / (bar.high - bar.low);
            self.sum.add(place * known(bar));
        }
    }
    fn output(&self, _index: usize) -> f64 {
        self.sum.value()
    }
    fn warmup(&self) -> u64 {
        1
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.sum.archive(archive);
    }
}

/// Chaikin's oscillator: a fast less a slow EMA of the accumulation/distribution line.
#[derive(Clone, Debug)]
pub struct Chaikin {
    line: AccumulationDistribution,
    fast: Ema,
    slow: Ema,
}

impl Chaikin {
    pub fn new((fast, slow): (usize, usize)) -> Self {
        Self {
            line: AccumulationDistribution::default(),
            fast: Ema::new(fast),
            slow: Ema::new(slow),
        }
    }
}

impl Indicator for Chaikin {
    fn update(&mut self, bar: &Candle) {
        self.line.update(bar);
        self.fast.push(self.line.output(0));
        self.slow.push(self.line.output(0));
    }
    fn output(&self, _index: usize) -> f64 {
        self.fast.average() - self.slow.average()
    }
    fn warmup(&self) -> u64 {
        self.slow.warmup()
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.line.archive(archive);
        self.fast.archive(archive);
        self.slow.archive(archive);
    }
}
