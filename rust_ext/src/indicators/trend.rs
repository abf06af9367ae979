//! Whether there is a trend, and which way.

use super::averages::Wilder;
use super::oscillators::Extremes;
use super::volatility::TrueRange;
use super::{Archive, Candle, Indicator, Window};

/// Wilder's directional movement, 0 to 100: how much of the true range went up (`plus_di`) and down
/// (`minus_di`), and how one-sided that is (`dx`); 0 where nothing moved.
///
/// Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
#[derive(Clone, Debug)]
pub struct Dmi {
    range: TrueRange,
    high: f64,
    low: f64,
    plus: Wilder,
    minus: Wilder,
    ranges: Wilder,
}

impl Dmi {
    pub fn new(period: usize) -> Self {
        Self {
            range: TrueRange::default(),
            high: f64::NAN,
            low: f64::NAN,
            plus: Wilder::new(period),
            minus: Wilder::new(period),
            ranges: Wilder::new(period),
        }
    }

    fn is_full(&self) -> bool {
        self.ranges.is_full()
    }

    fn index(&self, movement: &Wilder) -> f64 {
        percent(movement.average(), self.ranges.average())
    }

    fn dx(&self) -> f64 {
        let (plus, minus) = (self.plus.average(), self.minus.average());
        percent((plus - minus).abs(), plus + minus)
    }
}

/// Percent of a whole; 0 of nothing.
fn percent(part: f64, whole: f64) -> f64 {
    if whole == 0.0 {
        0.0
    } else {
        100.0 * part / whole
    }
}

impl Indicator for Dmi {
    fn update(&mut self, bar: &Candle) {
        if let Some(range) = self.range.push(bar) {
            let (up, down) = (bar.high - self.high, self.low - bar.low);
            self.plus.push(if up > down { up.max(0.0) } else { 0.0 });
            self.minus.push(if down > up { down.max(0.0) } else { 0.0 });
            self.ranges.push(range);
        }
        (self.high, self.low) = (bar.high, bar.low);
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.dx(),
            1 => self.index(&self.plus),
            _ => self.index(&self.minus),
        }
    }
    fn warmup(&self) -> u64 {
        self.ranges.warmup() + 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
        archive.number(&mut self.high);
        archive.number(&mut self.low);
        for average in [&mut self.plus, &mut self.minus, &mut self.ranges] {
            average.archive(archive);
        }
    }
}

/// Wilder's average directional index: the smoothed DX (`adx`), with `plus_di` and `minus_di`. The
/// first value is the mean of the first n DX.
#[derive(Clone, Debug)]
pub struct Adx {
    movement: Dmi,
    average: Wilder,
}

impl Adx {
    pub fn new(period: usize) -> Self {
        Self {
            movement: Dmi::new(period),
            average: Wilder::new(period),
        }
    }
}

impl Indicator for Adx {
    fn update(&mut self, bar: &Candle) {
        self.movement.update(bar);
        if self.movement.is_full() {
            self.average.push(self.movement.dx());
        }
    }
    fn output(&self, index: usize) -> f64 {
        match index {
            0 => self.average.average(),
            other => self.movement.output(other),
        }
    }
    fn warmup(&self) -> u64 {
        2 * self.average.warmup()
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.movement.archive(archive);
        self.average.archive(archive);
    }
}

/// Mean of the ADX now and n-1 bars ago.
#[derive(Clone, Debug)]
pub struct Adxr {
    adx: Adx,
    values: Window,
}

impl Adxr {
    pub fn new(period: usize) -> Self {
        Self {
            adx: Adx::new(period),
            values: Window::new(period),
        }
    }
}

impl Indicator for Adxr {
    fn update(&mut self, bar: &Candle) {
        self.adx.update(bar);
        if self.adx.average.is_full() {
            self.values.push(self.adx.output(0));
        }
    }
    fn output(&self, _index: usize) -> f64 {
        (self.values.newest() + self.values.oldest()) / 2.0
    }
    fn warmup(&self) -> u64 {
        self.adx.warmup() + self.adx.average.warmup() - 1
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.adx.archive(archive);
        archive.window(&mut self.values);
    }
}

/// Chande's Aroon, 0 to 100: how recently the highest high (`up`) and the lowest low (`down`) of the
/// last n+1 bars were made, the latest of equal ones; `oscillator` is up less down.
#[derive(Clone, Debug)]
pub struct Aroon {
    range: Extremes,
    period: usize,
}

impl Aroon {
    pub fn new(period: usize) -> Self {
        Self {
            range: Extremes::new(period + 1),
            period,
        }
    }

    /// Percent of the window that lies before the extreme.
    fn share(&self, place: usize) -> f64 {
        100.0 * place as f64 / self.period as f64
    }
}

impl Indicator for Aroon {
    fn update(&mut self, bar: &Candle) {
        self.range.push(bar);
    }
    fn output(&self, index: usize) -> f64 {
        let (up, down) = self.range.places();
        match index {
            0 => self.share(up) - self.share(down),
            1 => self.share(up),
            _ => self.share(down),
        }
    }
    fn warmup(&self) -> u64 {
        self.range.period()
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.range.archive(archive);
    }
}
