//! Streaming indicators over bars. Floats are allowed here: what they decide is not computed in them.
//!
//! Free of Python: the kernel runs the same objects that a strategy sees (`live`). One file per family.
//! Whatever looks back over a window recomputes from the window's values, oldest first: no running sum
//! drifts, and equal windows give equal values whatever came before. Recursive averages forget an error
//! as fast as a price. Sums since the start are compensated (`volume::Sum`).

pub mod adaptive;
pub mod averages;
pub mod channels;
pub mod cross;
pub mod kinds;
pub mod live;
pub mod momentum;
pub mod oscillators;
pub mod regression;
pub mod stops;
pub mod trend;
pub mod volatility;
pub mod volume;
mod window;

#[cfg(test)]
mod tests;

pub use kinds::{Kind, make};
pub use live::{Live, Shared};
pub use window::{Archive, Window};

/// The prices and volume of one closed bar; the volume is NaN where it is not known.
#[derive(Clone, Copy, Debug)]
pub struct Candle {
    /// Start of the bar, nanoseconds UTC.
    pub ts_open: i64,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
}

impl Candle {
    /// (high + low + close)/3.
    pub fn typical(&self) -> f64 {
        (self.high + self.low + self.close) / 3.0
    }
}

/// One indicator; `Live` counts its bars and hides its outputs until it is ready.
pub trait Indicator: Send + Sync {
    fn update(&mut self, bar: &Candle);
    /// Output by its place in `Kind::outputs`, the main one first. Anything until ready.
    fn output(&self, index: usize) -> f64;
    /// Bars until it is ready.
    fn warmup(&self) -> u64;
    /// Write the state to the archive or read it from there: one list of fields for both.
    fn archive(&mut self, archive: &mut Archive);
    /// Whether the outputs exist, once warmed up.
    fn defined(&self) -> bool {
        true
    }
    /// Bars seen, of the `fed` ones: fewer for what starts anew each day.
    fn count(&self, fed: u64) -> u64 {
        fed
    }
}

/// Units of 10^-`scale` (at most 18) as the nearest float.
pub fn number(units: i64, scale: u8) -> f64 {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS; // integers up to here are floats
    if units.unsigned_abs() <= EXACT {
        return units as f64 / 10_i64.pow(u32::from(scale)) as f64; // powers of ten are exact up to 10^22
    }
    // A text is rounded once; the division above would round a second time.
    format!("{units}e-{scale}").parse().unwrap_or(f64::NAN)
}
