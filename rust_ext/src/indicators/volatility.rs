//! How far prices range.

use super::momentum::Wilder;
use super::{Archive, Candle, Indicator, Window};

/// Wilder's average true range. A true range needs the previous close, so it is ready after n+1 bars.
#[derive(Clone, Debug)]
pub struct Atr {
    last: f64,
    range: Wilder,
}

impl Atr {
    pub fn new(period: usize) -> Self {
        Self {
            last: f64::NAN,
            range: Wilder::new(period),
        }
    }
}

impl Indicator for Atr {
    fn update(&mut self, bar: &Candle) {
        if !self.last.is_nan() {
            self.range
                .push(bar.high.max(self.last) - bar.low.min(self.last));
        }
        self.last = bar.close;
    }
    fn value(&self) -> f64 {
        self.range.value()
    }
    fn ready(&self) -> bool {
        self.range.ready()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        self.range.archive(archive);
    }
}

/// Standard deviation (population) of the last n closes.
#[derive(Clone, Debug)]
pub struct StdDev {
    closes: Window,
}

impl StdDev {
    pub fn new(period: usize) -> Self {
        Self {
            closes: Window::new(period),
        }
    }
}

impl Indicator for StdDev {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn value(&self) -> f64 {
        self.closes.deviation()
    }
    fn ready(&self) -> bool {
        self.closes.is_full()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// Mean of the last n closes (`middle`) and bands `factor` standard deviations (population) away
/// (`upper`, `lower`).
#[derive(Clone, Debug)]
pub struct Bollinger {
    closes: Window,
    factor: f64,
}

impl Bollinger {
    pub fn new(period: usize, factor: f64) -> Self {
        Self {
            closes: Window::new(period),
            factor,
        }
    }
}

impl Indicator for Bollinger {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn value(&self) -> f64 {
        self.closes.mean()
    }
    fn output(&self, name: &str) -> Option<f64> {
        let width = self.factor * self.closes.deviation();
        match name {
            "middle" => Some(self.closes.mean()),
            "upper" => Some(self.closes.mean() + width),
            "lower" => Some(self.closes.mean() - width),
            _ => None,
        }
    }
    fn ready(&self) -> bool {
        self.closes.is_full()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// Highest high (`upper`) and lowest low (`lower`) of the last n bars, and halfway (`middle`).
#[derive(Clone, Debug)]
pub struct Donchian {
    highs: Window,
    lows: Window,
}

impl Donchian {
    pub fn new(period: usize) -> Self {
        Self {
            highs: Window::new(period),
            lows: Window::new(period),
        }
    }
}

impl Indicator for Donchian {
    fn update(&mut self, bar: &Candle) {
        self.highs.push(bar.high);
        self.lows.push(bar.low);
    }
    fn value(&self) -> f64 {
        (self.highs.highest() + self.lows.lowest()) / 2.0
    }
    fn output(&self, name: &str) -> Option<f64> {
        match name {
            "middle" => Some(self.value()),
            "upper" => Some(self.highs.highest()),
            "lower" => Some(self.lows.lowest()),
            _ => None,
        }
    }
    fn ready(&self) -> bool {
        self.highs.is_full()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.highs);
        archive.window(&mut self.lows);
    }
}
