//! Streaming indicators over bars. Floats are allowed here: what they decide is not computed in them.
//!
//! One file per family. Whatever looks back over a window recomputes from the window's values, oldest
//! first: no running sum drifts, and equal windows give equal values whatever came before.

pub mod averages;
pub mod momentum;
pub mod volatility;
pub mod volume;
mod window;

pub use window::{Archive, Window};

/// The prices and volume of one bar; the volume is NaN where it is not known.
#[derive(Clone, Copy, Debug)]
pub struct Candle {
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
}

/// One indicator. `value` and `output` may be anything until `ready`.
pub trait Indicator: Send + Sync {
    fn update(&mut self, bar: &Candle);
    fn value(&self) -> f64;
    /// A named output of an indicator that has several; None when there is no such name.
    fn output(&self, _name: &str) -> Option<f64> {
        None
    }
    fn ready(&self) -> bool;
    /// Write the state to the archive or read it from there: one list of fields for both.
    fn archive(&mut self, archive: &mut Archive);
}

/// Parameters of an indicator by position, checked as they are taken.
pub struct Parameters<'a> {
    name: &'a str,
    values: std::slice::Iter<'a, f64>,
}

impl Parameters<'_> {
    /// A number of bars.
    pub fn period(&mut self) -> Result<usize, String> {
        let value = self.next()?;
        if value.fract() == 0.0 && (1.0..=1e6).contains(&value) {
            Ok(value as usize)
        } else {
            Err(format!(
                "{}: a period is a whole number from 1 to 1000000, not {value}",
                self.name
            ))
        }
    }

    /// A positive factor.
    pub fn factor(&mut self) -> Result<f64, String> {
        let value = self.next()?;
        if value.is_finite() && value > 0.0 {
            Ok(value)
        } else {
            Err(format!(
                "{}: a factor is a positive number, not {value}",
                self.name
            ))
        }
    }

    fn next(&mut self) -> Result<f64, String> {
        let value = self.values.next().copied();
        value.ok_or_else(|| format!("{}: a parameter is missing", self.name))
    }
}

/// Make an indicator by name.
///
/// # Errors
/// Says which name or parameter is wrong.
pub fn make(name: &str, values: &[f64]) -> Result<Box<dyn Indicator>, String> {
    let mut given = Parameters {
        name,
        values: values.iter(),
    };
    let p = &mut given;
    let made: Box<dyn Indicator> = match name {
        "ema" => Box::new(averages::Ema::new(p.period()?)),
        "sma" => Box::new(averages::Sma::new(p.period()?)),
        "wma" => Box::new(averages::Wma::new(p.period()?)),
        "rsi" => Box::new(momentum::Rsi::new(p.period()?)),
        "roc" => Box::new(momentum::Roc::new(p.period()?)),
        "macd" => Box::new(momentum::Macd::new(p.period()?, p.period()?, p.period()?)?),
        "atr" => Box::new(volatility::Atr::new(p.period()?)),
        "bollinger" => Box::new(volatility::Bollinger::new(p.period()?, p.factor()?)),
        "donchian" => Box::new(volatility::Donchian::new(p.period()?)),
        "std_dev" => Box::new(volatility::StdDev::new(p.period()?)),
        "vwap" => Box::new(volume::Vwap::default()),
        _ => return Err(format!("there is no indicator {name}")),
    };
    match given.values.next() {
        None => Ok(made),
        Some(extra) => Err(format!("{name}: {extra} is a parameter too many")),
    }
}
