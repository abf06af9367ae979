//! How fast the close moves.

use super::averages::{Ema, Layered, Wilder};
use super::{Archive, Candle, Indicator, Window};

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

    /// Whether n changes were seen.
    pub fn is_full(&self) -> bool {
        self.gain.is_full()
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
    fn output(&self, _index: usize) -> f64 {
        let (gain, loss) = (self.gain.average(), self.loss.average());
        if gain + loss == 0.0 {
            50.0
        } else {
            100.0 * gain / (gain + loss)
        }
    }
    fn warmup(&self) -> u64 {
        self.gain.warmup() + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.last);
        self.gain.archive(archive);
        self.loss.archive(archive);
    }
}

/// The close against the one n bars ago: the rate of change in percent, or the difference.
#[derive(Clone, Debug)]
pub struct Change {
    closes: Window,
    period: usize,
    percent: bool,
}

impl Change {
    pub fn new(period: usize, percent: bool) -> Self {
        Self {
            closes: Window::new(period + 1),
            period,
            percent,
        }
    }
}

impl Indicator for Change {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        let (newest, oldest) = (self.closes.newest(), self.closes.oldest());
        if self.percent {
            100.0 * (newest / oldest - 1.0)
        } else {
            newest - oldest
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64 + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}

/// Difference of a fast and a slow EMA (`line`), its EMA (`signal`) and their distance
/// (`histogram`): MACD in prices, or PPO in percent of the slow EMA. APO is the line alone, without
/// waiting for a signal. All are computed from the first bar on.
#[derive(Clone, Debug)]
pub struct Spread {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    percent: bool,
    warmup: u64,
}

impl Spread {
    /// A `signal` of 1 is the line itself.
    pub fn new((fast, slow): (usize, usize), signal: usize, percent: bool) -> Self {
        Self {
            fast: Ema::new(fast),
            slow: Ema::new(slow),
            signal: Ema::new(signal),
            percent,
            warmup: (slow + signal - 1) as u64,
        }
    }

    fn line(&self) -> f64 {
        let difference = self.fast.average() - self.slow.average();
        if self.percent {
            100.0 * difference / self.slow.average()
        } else {
            difference
        }
    }
}

impl Indicator for Spread {
    fn update(&mut self, bar: &Candle) {
        self.fast.push(bar.close);
        self.slow.push(bar.close);
        self.signal.push(self.line());
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.line(),
            1 => self.signal.average(),
            _ => self.line() - self.signal.average(),
        }
    }
    fn warmup(&self) -> u64 {
        self.warmup
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.fast.archive(archive);
        self.slow.archive(archive);
        self.signal.archive(archive);
    }
}

/// Change of a triple EMA over one bar, in percent.
///
/// Source: J. Hutson, Good TRIX (1983).
#[derive(Clone, Debug)]
pub struct Trix {
    average: Layered,
    before: f64,
    now: f64,
}

impl Trix {
    pub fn new(period: usize) -> Self {
        Self {
            average: Layered::triple(period),
            before: f64::NAN,
            now: f64::NAN,
        }
    }
}

impl Indicator for Trix {
    fn update(&mut self, bar: &Candle) {
        self.before = self.now;
        self.now = self.average.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        100.0 * (self.now / self.before - 1.0)
    }
    fn warmup(&self) -> u64 {
        self.average.warmup() + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.average.archive(archive);
        archive.number(&mut self.before);
        archive.number(&mut self.now);
    }
}

/// Chande's momentum oscillator, -100 to 100: the rises less the falls of the last n changes, over
/// all of them; 0 where nothing moved.
///
/// Source: T. Chande and S. Kroll, The New Technical Trader (1994).
#[derive(Clone, Debug)]
pub struct Cmo {
    closes: Window,
    period: usize,
}

impl Cmo {
    pub fn new(period: usize) -> Self {
        Self {
            closes: Window::new(period + 1),
            period,
        }
    }
}

impl Indicator for Cmo {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        let steps = self.closes.iter().zip(self.closes.iter().skip(1));
        let path: f64 = steps.map(|(before, after)| (after - before).abs()).sum();
        let distance = self.closes.newest() - self.closes.oldest();
        if path == 0.0 {
            0.0
        } else {
            100.0 * distance / path
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64 + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}
