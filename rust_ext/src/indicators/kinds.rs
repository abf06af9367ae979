//! All indicators by name: what they read, what they give, and how they are made.

use super::averages::{Ema, Layered, Mean, Weights, Wilder};
use super::channels::{Bollinger, Donchian, Extreme, Ichimoku, Keltner, Record};
use super::momentum::{Change, Cmo, Rsi, Spread, Trix};
use super::oscillators::{Cci, StochRsi, Stochastic, Ultimate, WilliamsR};
use super::regression::LinearRegression;
use super::stops::{ParabolicSar, Supertrend};
use super::trend::{Adx, Adxr, Aroon, Dmi};
use super::volatility::{Atr, Dispersion, Measure, RealizedVolatility, TrueRange};
use super::volume::{AccumulationDistribution, Chaikin, Mfi, Obv, Vwap};
use super::{Indicator, adaptive};

type Boxed = Box<dyn Indicator>;

/// One kind of indicator.
pub struct Kind {
    pub name: &'static str,
    /// Columns of a bar that it reads.
    pub inputs: &'static [&'static str],
    /// Names of its outputs, the main one first.
    pub outputs: &'static [&'static str],
    make: fn(&mut Parameters) -> Result<Boxed, String>,
}

impl Kind {
    /// Place of an output by name; the main one is also called `value`.
    pub fn place(&self, output: &str) -> Option<usize> {
        let named = self.outputs.iter().position(|name| *name == output);
        named.or((output == "value").then_some(0))
    }
}

/// Parameters of an indicator by position, checked as they are taken.
pub struct Parameters<'a> {
    name: &'a str,
    values: std::slice::Iter<'a, f64>,
}

impl Parameters<'_> {
    /// A number of bars.
    fn period(&mut self) -> Result<usize, String> {
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

    /// A number of bars, of which one is not enough.
    fn several(&mut self) -> Result<usize, String> {
        let period = self.period()?;
        if period > 1 {
            Ok(period)
        } else {
            Err(format!("{}: a period of 1 is too short", self.name))
        }
    }

    /// A fast period and a slow one.
    fn pair(&mut self) -> Result<(usize, usize), String> {
        let (fast, slow) = (self.period()?, self.period()?);
        if fast < slow {
            Ok((fast, slow))
        } else {
            Err(format!(
                "{}: the fast period {fast} is not below the slow one {slow}",
                self.name
            ))
        }
    }

    /// Three periods, ascending.
    fn three(&mut self) -> Result<[usize; 3], String> {
        let periods = [self.period()?, self.period()?, self.period()?];
        if periods[0] < periods[1] && periods[1] < periods[2] {
            Ok(periods)
        } else {
            Err(format!(
                "{}: the periods {periods:?} do not rise",
                self.name
            ))
        }
    }

    /// A positive factor.
    fn factor(&mut self) -> Result<f64, String> {
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

const CLOSE: &[&str] = &["close"];
const HIGH_LOW: &[&str] = &["high", "low"];
const PRICES: &[&str] = &["high", "low", "close"];
const FLOWS: &[&str] = &["high", "low", "close", "volume"];
const VALUE: &[&str] = &["value"];
const LINES: &[&str] = &["line", "signal", "histogram"];
const BANDS: &[&str] = &["middle", "upper", "lower"];
const STOP: &[&str] = &["value", "direction"];
const CLOUD: &[&str] = &[
    "conversion",
    "base",
    "span_a",
    "span_b",
    "ahead_a",
    "ahead_b",
];

/// A row of the table below.
macro_rules! kind {
    ($name:literal, $inputs:expr, $outputs:expr, $p:ident, $made:expr) => {
        Kind {
            name: $name,
            inputs: $inputs,
            outputs: $outputs,
            make: |$p| Ok(Box::new($made)),
        }
    };
}

/// Every indicator there is.
#[rustfmt::skip]
pub const KINDS: &[Kind] = &[
    kind!("ema", CLOSE, VALUE, p, Ema::new(p.period()?)),
    kind!("sma", CLOSE, VALUE, p, Mean::new(p.period()?, Weights::Equal)),
    kind!("wma", CLOSE, VALUE, p, Mean::new(p.period()?, Weights::Rising)),
    kind!("trima", CLOSE, VALUE, p, Mean::new(p.period()?, Weights::Triangle)),
    kind!("dema", CLOSE, VALUE, p, Layered::double(p.period()?)),
    kind!("tema", CLOSE, VALUE, p, Layered::triple(p.period()?)),
    kind!("rma", CLOSE, VALUE, p, Wilder::new(p.period()?)),
    kind!("kama", CLOSE, VALUE, p, { let n = p.period()?; let (fast, slow) = p.pair()?; adaptive::Kama::new(n, fast, slow) }),
    kind!("hma", CLOSE, VALUE, p, adaptive::Hma::new(p.period()?)),
    kind!("vwap", &["high", "low", "close", "volume", "ts_open"], VALUE, _p, Vwap::default()),
    kind!("rsi", CLOSE, VALUE, p, Rsi::new(p.period()?)),
    kind!("roc", CLOSE, VALUE, p, Change::new(p.period()?, true)),
    kind!("momentum", CLOSE, VALUE, p, Change::new(p.period()?, false)),
    kind!("macd", CLOSE, LINES, p, Spread::new(p.pair()?, p.period()?, false)),
    kind!("ppo", CLOSE, LINES, p, Spread::new(p.pair()?, p.period()?, true)),
    kind!("apo", CLOSE, VALUE, p, Spread::new(p.pair()?, 1, false)),
    kind!("trix", CLOSE, VALUE, p, Trix::new(p.period()?)),
    kind!("cmo", CLOSE, VALUE, p, Cmo::new(p.period()?)),
    kind!("stochastic", PRICES, &["k", "d"], p, Stochastic::new(p.period()?, p.period()?, p.period()?)),
    kind!("stoch_rsi", CLOSE, &["k", "d"], p, StochRsi::new(p.period()?, p.period()?, p.period()?, p.period()?)),
    kind!("williams_r", PRICES, VALUE, p, WilliamsR::new(p.period()?)),
    kind!("cci", PRICES, VALUE, p, Cci::new(p.period()?)),
    kind!("ultimate", PRICES, VALUE, p, Ultimate::new(p.three()?)),
    kind!("true_range", PRICES, VALUE, _p, TrueRange::default()),
    kind!("atr", PRICES, VALUE, p, Atr::new(p.period()?, false)),
    kind!("natr", PRICES, VALUE, p, Atr::new(p.period()?, true)),
    kind!("std_dev", CLOSE, VALUE, p, Dispersion::new(p.period()?, Measure::Deviation)),
    kind!("variance", CLOSE, VALUE, p, Dispersion::new(p.period()?, Measure::Variance)),
    kind!("z_score", CLOSE, VALUE, p, Dispersion::new(p.several()?, Measure::Score)),
    kind!("realized_volatility", CLOSE, VALUE, p, RealizedVolatility::new(p.several()?, p.factor()?)),
    kind!("linear_regression", CLOSE, &["value", "slope", "intercept", "r_squared"], p, LinearRegression::new(p.several()?)),
    kind!("bollinger", CLOSE, BANDS, p, Bollinger::new(p.period()?, p.factor()?)),
    kind!("keltner", PRICES, BANDS, p, Keltner::new(p.period()?, p.period()?, p.factor()?)),
    kind!("donchian", HIGH_LOW, BANDS, p, Donchian::new(p.period()?)),
    kind!("highest", &["high"], VALUE, p, Record::new(p.period()?, Extreme::High)),
    kind!("lowest", &["low"], VALUE, p, Record::new(p.period()?, Extreme::Low)),
    kind!("midpoint", CLOSE, VALUE, p, Record::new(p.period()?, Extreme::MiddleOfCloses)),
    kind!("midprice", HIGH_LOW, VALUE, p, Donchian::new(p.period()?)),
    kind!("ichimoku", HIGH_LOW, CLOUD, p, Ichimoku::new(p.three()?, p.period()?)),
    kind!("dmi", PRICES, &["dx", "plus_di", "minus_di"], p, Dmi::new(p.period()?)),
    kind!("adx", PRICES, &["adx", "plus_di", "minus_di"], p, Adx::new(p.period()?)),
    kind!("adxr", PRICES, VALUE, p, Adxr::new(p.period()?)),
    kind!("aroon", HIGH_LOW, &["oscillator", "up", "down"], p, Aroon::new(p.period()?)),
    kind!("parabolic_sar", HIGH_LOW, STOP, p, ParabolicSar::new(p.factor()?, p.factor()?)),
    kind!("supertrend", PRICES, STOP, p, Supertrend::new(p.period()?, p.factor()?)),
    kind!("obv", &["close", "volume"], VALUE, _p, Obv::default()),
    kind!("mfi", FLOWS, VALUE, p, Mfi::new(p.period()?)),
    kind!("accumulation_distribution", FLOWS, VALUE, _p, AccumulationDistribution::default()),
    kind!("chaikin", FLOWS, VALUE, p, Chaikin::new(p.pair()?)),
];

/// Make an indicator by name.
///
/// # Errors
/// Says which name or parameter is wrong.
pub fn make(name: &str, values: &[f64]) -> Result<(&'static Kind, Boxed), String> {
    let kind = KINDS.iter().find(|kind| kind.name == name);
    let kind = kind.ok_or_else(|| format!("there is no indicator {name}"))?;
    let mut given = Parameters {
        name,
        values: values.iter(),
    };
    let made = (kind.make)(&mut given)?;
    match given.values.next() {
        None => Ok((kind, made)),
        Some(extra) => Err(format!("{name}: {extra} is a parameter too many")),
    }
}
