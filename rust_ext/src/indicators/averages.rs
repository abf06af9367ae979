//! Moving averages of the close.

use super::{Archive, Candle, Indicator, Window};

/// Exponential moving average: alpha = 2/(n+1), seeded with the first value, ready after n.
#[derive(Clone, Debug)]
pub struct Ema {
    alpha: f64,
    period: u64,
    count: u64,
    average: f64,
}

impl Ema {
    pub fn new(period: usize) -> Self {
        let alpha = 2.0 / (period as f64 + 1.0);
        Self {
            alpha,
            period: period as u64,
            count: 0,
            average: 0.0,
        }
    }

    /// Take the next value of any series; returns the average.
    pub fn push(&mut self, value: f64) -> f64 {
        if self.count == 0 {
            self.average = value;
        } else {
            self.average += self.alpha * (value - self.average);
        }
        self.count += 1;
        self.average
    }
}

impl Indicator for Ema {
    fn update(&mut self, bar: &Candle) {
        self.push(bar.close);
    }
    fn value(&self) -> f64 {
        self.average
    }
    fn ready(&self) -> bool {
        self.count >= self.period
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.count(&mut self.count);
        archive.number(&mut self.average);
    }
}

/// Arithmetic mean of the last n closes.
#[derive(Clone, Debug)]
pub struct Sma {
    closes: Window,
}

impl Sma {
    pub fn new(period: usize) -> Self {
        Self {
            closes: Window::new(period),
        }
    }
}

impl Indicator for Sma {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn value(&self) -> f64 {
        self.closes.mean()
    }
    fn ready(&self) -> bool {
        self.closes.is_full()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// Weighted mean of the last n closes: weights 1 (oldest) to n (newest).
#[derive(Clone, Debug)]
pub struct Wma {
    closes: Window,
}

impl Wma {
    pub fn new(period: usize) -> Self {
        Self {
            closes: Window::new(period),
        }
    }
}

impl Indicator for Wma {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn value(&self) -> f64 {
        let weighted = self
            .closes
            .iter()
            .zip(1..)
            .map(|(close, n)| (close * f64::from(n), f64::from(n)));
        let (sum, weights) = weighted.fold((0.0, 0.0), |(s, w), (v, n)| (s + v, w + n));
        sum / weights
    }
    fn ready(&self) -> bool {
        self.closes.is_full()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}
