//! Lines that trail the price and change sides when it crosses them.

use super::volatility::Atr;
use super::{Archive, Candle, Indicator};

/// Wilder's parabolic stop and reverse (`value`), and the side it is on (`direction`: 1 long, -1
/// short). It starts long unless the second bar reaches further below the first than above it, at
/// the first bar's far extreme.
///
/// Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
#[derive(Clone, Debug)]
pub struct ParabolicSar {
    step: f64,
    most: f64,
    long: bool,
    /// Stop of the next bar.
    next: f64,
    /// Extreme price since the stop changed sides.
    extreme: f64,
    acceleration: f64,
    high: f64,
    low: f64,
    /// Stop of this bar.
    stop: f64,
}

impl ParabolicSar {
    pub fn new(step: f64, most: f64) -> Self {
        Self {
            step,
            most,
            long: true,
            next: f64::NAN,
            extreme: f64::NAN,
            acceleration: step.min(most),
            high: f64::NAN,
            low: f64::NAN,
            stop: f64::NAN,
        }
    }

    /// The second bar decides where to start.
    fn start(&mut self, bar: &Candle) {
        let (up, down) = (bar.high - self.high, self.low - bar.low);
        self.long = !(down > 0.0 && down > up);
        (self.next, self.extreme) = if self.long {
            (self.low, bar.high)
        } else {
            (self.high, bar.low)
        };
        (self.high, self.low) = (bar.high, bar.low);
    }

    /// Keep a stop out of the range of this bar and the one before.
    fn outside(&self, stop: f64, bar: &Candle) -> f64 {
        if self.long {
            stop.min(self.low).min(bar.low)
        } else {
            stop.max(self.high).max(bar.high)
        }
    }

    fn advance(&mut self, bar: &Candle) {
        let crossed = if self.long {
            bar.low <= self.next
        } else {
            bar.high >= self.next
        };
        if crossed {
            self.long = !self.long;
            self.stop = self.outside(self.extreme, bar);
            self.acceleration = self.step.min(self.most);
            self.extreme = if self.long { bar.high } else { bar.low };
        } else {
            self.stop = self.next;
            let further = if self.long {
                bar.high > self.extreme
            } else {
                bar.low < self.extreme
            };
            if further {
                self.extreme = if self.long { bar.high } else { bar.low };
                self.acceleration = (self.acceleration + self.step).min(self.most);
            }
        }
        let moved = self.stop + self.acceleration * (self.extreme - self.stop);
        self.next = self.outside(moved, bar);
    }
}

impl Indicator for ParabolicSar {
    fn update(&mut self, bar: &Candle) {
        if !self.high.is_nan() {
            if self.next.is_nan() {
                self.start(bar);
            }
            self.advance(bar);
        }
        (self.high, self.low) = (bar.high, bar.low);
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.stop,
            _ => side(self.long),
        }
    }
    fn warmup(&self) -> u64 {
        2
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.flag(&mut self.long);
        for field in [
            &mut self.next,
            &mut self.extreme,
            &mut self.acceleration,
            &mut self.high,
            &mut self.low,
            &mut self.stop,
        ] {
            archive.number(field);
        }
    }
}

fn side(long: bool) -> f64 {
    if long { 1.0 } else { -1.0 }
}

/// Bands of average true ranges around the middle of the bar, of which the one that trails the price
/// is told (`value`), with the side it is on (`direction`: 1 while it trails below, -1 above). Starts
/// at -1.
#[derive(Clone, Debug)]
pub struct Supertrend {
    range: Atr,
    factor: f64,
    close: f64,
    upper: f64,
    lower: f64,
    long: bool,
}

impl Supertrend {
    pub fn new(period: usize, factor: f64) -> Self {
        Self {
            range: Atr::new(period, false),
            factor,
            close: f64::NAN,
            upper: f64::NAN,
            lower: f64::NAN,
            long: false,
        }
    }
}

impl Indicator for Supertrend {
    fn update(&mut self, bar: &Candle) {
        self.range.update(bar);
        let before = std::mem::replace(&mut self.close, bar.close);
        if !self.range.is_full() {
            return;
        }
        let width = self.factor * self.range.output(0);
        let middle = (bar.high + bar.low) / 2.0;
        let (upper, lower) = (middle + width, middle - width);
        // A band only ever moves towards the price, until the price has closed beyond it.
        if self.upper.is_nan() || upper < self.upper || before > self.upper {
            self.upper = upper;
        }
        if self.lower.is_nan() || lower > self.lower || before < self.lower {
            self.lower = lower;
        }
        self.long = if self.long {
            bar.close >= self.lower
        } else {
            bar.close > self.upper
        };
    }
    fn output(&self, index: usize) -> f64 {
        match (index, self.long) {
            (0, true) => self.lower,
            (0, false) => self.upper,
            (_, long) => side(long),
        }
    }
    fn warmup(&self) -> u64 {
        self.range.warmup()
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        archive.number(&mut self.close);
        archive.number(&mut self.upper);
        archive.number(&mut self.lower);
        archive.flag(&mut self.long);
    }
}
