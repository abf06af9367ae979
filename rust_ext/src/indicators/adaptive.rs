//! Averages that lag less: Kaufman's, and Hull's.

use super::window::rising;
use super::{Archive, Candle, Indicator, Window};

/// Kaufman's adaptive moving average: an EMA that is fast where prices go straight and slow where
/// they go to and fro. Starts at the close before the first value. A window in which nothing moved
/// counts as straight.
///
/// Source: P. J. Kaufman, Trading Systems and Methods.
#[derive(Clone, Debug)]
pub struct Kama {
    closes: Window,
    period: usize,
    fast: f64,
    slow: f64,
    average: f64,
}

impl Kama {
    pub fn new(period: usize, fast: usize, slow: usize) -> Self {
        let alpha = |n: usize| 2.0 / (n as f64 + 1.0);
        Self {
            closes: Window::new(period + 1),
            period,
            fast: alpha(fast),
            slow: alpha(slow),
            average: f64::NAN,
        }
    }

    /// Distance over path of the window, 0 to 1.
    fn efficiency(&self) -> f64 {
        let steps = self.closes.iter().zip(self.closes.iter().skip(1));
        let path: f64 = steps.map(|(before, after)| (after - before).abs()).sum();
        let distance = (self.closes.newest() - self.closes.oldest()).abs();
        if path <= distance {
            1.0
        } else {
            distance / path
        }
    }
}

impl Indicator for Kama {
    fn update(&mut self, bar: &Candle) {
        let before = self.closes.newest();
        self.closes.push(bar.close);
        if !self.closes.is_full() {
            return;
        }
        if self.average.is_nan() {
            self.average = before;
        }
        let alpha = self.efficiency() * (self.fast - self.slow) + self.slow;
        self.average += alpha * alpha * (bar.close - self.average);
    }
    fn output(&self, _index: usize) -> f64 {
        self.average
    }
    fn warmup(&self) -> u64 {
        self.period as u64 + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
        archive.number(&mut self.average);
    }
}

/// Hull's moving average: the WMA over sqrt(n) values of 2 WMA(n/2) - WMA(n); n/2 and sqrt(n) are
/// rounded down, to at least 1.
///
/// Source: A. Hull, How to reduce lag in a moving average (2005).
#[derive(Clone, Debug)]
pub struct Hma {
    closes: Window,
    raw: Window,
    period: usize,
    root: usize,
}

impl Hma {
    pub fn new(period: usize) -> Self {
        let root = period.isqrt();
        Self {
            closes: Window::new(period),
            raw: Window::new(root),
            period,
            root,
        }
    }
}

impl Indicator for Hma {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
        if self.closes.is_full() {
            let half = rising(self.closes.last((self.period / 2).max(1)));
            self.raw.push(2.0 * half - rising(self.closes.iter()));
        }
    }
    fn output(&self, _index: usize) -> f64 {
        rising(self.raw.iter())
    }
    fn warmup(&self) -> u64 {
        (self.period + self.root - 1) as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
        archive.window(&mut self.raw);
    }
}
