//! How fast the close moves.

use super::averages::Ema;
use super::{Archive, Candle, Indicator, Window};

/// Wilder's smoothing: the mean of the first n values, then (n-1)/n of the old and 1/n of the new.
///
/// Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
#[derive(Clone, Debug)]
pub(super) struct Wilder {
    period: f64,
    count: u64,
    average: f64,
}

impl Wilder {
    pub fn new(period: usize) -> Self {
        Self {
            period: period as f64,
            count: 0,
            average: 0.0,
        }
    }

    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let weight = self.period.min(self.count as f64);
        self.average += (value - self.average) / weight;
    }

    pub fn value(&self) -> f64 {
        self.average
    }

    pub fn ready(&self) -> bool {
        self.count as f64 >= self.period
    }

    pub fn archive(&mut self, archive: &mut Archive) {
        archive.count(&mut self.count);
        archive.number(&mut self.average);
    }
}

/// Wilder's relative strength index, 0 to 100; 50 where nothing moved. Ready after n changes.
#[derive(Clone, Debug)]
pub struct Rsi {
    last: f64,
    gain: Wilder,
    loss: Wilder,
}

impl Rsi {
    pub fn new(period: usize) -> Self {
        Self {
            last: f64::NAN,
            gain: Wilder::new(period),
            loss: Wilder::new(period),
        }
    }
}

impl Indicator for Rsi {
    fn update(&mut self, bar: &Candle) {
        if !self.last.is_nan() {
            let change = bar.close - self.last;
            self.gain.push(change.max(0.0));
            self.loss.push((-change).max(0.0));
        }
        self.last = bar.close;
    }
    fn value(&self) -> f64 {
        let (gain, loss) = (self.gain.value(), self.loss.value());
        if gain + loss == 0.0 {
            50.0
        } else {
            100.0 * gain / (gain + loss)
        }
    }
    fn ready(&self) -> bool {
        self.gain.ready()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        self.gain.archive(archive);
        self.loss.archive(archive);
    }
}

/// Rate of change over n bars, in percent.
#[derive(Clone, Debug)]
pub struct Roc {
    closes: Window,
}

impl Roc {
    pub fn new(period: usize) -> Self {
        Self {
            closes: Window::new(period + 1),
        }
    }
}

impl Indicator for Roc {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn value(&self) -> f64 {
        100.0 * (self.closes.newest() / self.closes.oldest() - 1.0)
    }
    fn ready(&self) -> bool {
        self.closes.is_full()
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// Difference of a fast and a slow EMA (`line`), its EMA (`signal`) and their distance
/// (`histogram`). All are computed from the first bar on; ready after slow + signal - 1 bars.
#[derive(Clone, Debug)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    warmup: u64,
    count: u64,
}

impl Macd {
    pub fn new(fast: usize, slow: usize, signal: usize) -> Result<Self, String> {
        if fast >= slow {
            return Err(format!(
                "macd: the fast period {fast} is not below the slow one {slow}"
            ));
        }
        Ok(Self {
            fast: Ema::new(fast),
            slow: Ema::new(slow),
            signal: Ema::new(signal),
            warmup: (slow + signal - 1) as u64,
            count: 0,
        })
    }

    fn line(&self) -> f64 {
        self.fast.value() - self.slow.value()
    }
}

impl Indicator for Macd {
    fn update(&mut self, bar: &Candle) {
        let line = self.fast.push(bar.close) - self.slow.push(bar.close);
        self.signal.push(line);
        self.count += 1;
    }
    fn value(&self) -> f64 {
        self.line()
    }
    fn output(&self, name: &str) -> Option<f64> {
        match name {
            "line" => Some(self.line()),
            "signal" => Some(self.signal.value()),
            "histogram" => Some(self.line() - self.signal.value()),
            _ => None,
        }
    }
    fn ready(&self) -> bool {
        self.count >= self.warmup
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.count(&mut self.count);
        self.fast.archive(archive);
        self.slow.archive(archive);
        self.signal.archive(archive);
    }
}
