//! What a currency is worth in the account's: for marks and limits only, never for booking.
//!
//! A rate is the last valuation price of an instrument of this run whose base and quote are the two
//! currencies, taken directly, inverted, or over one currency between. There is no built-in rate, not
//! even between a dollar and its stablecoins: a missing rate is an error with a name.

use super::worth::Unvalued;
use crate::directory::Directory;
use crate::fixed::{NumericError, Rounding, mul_div, overflow, pow10};
use crate::market::Market;
use crate::types::{CurrencyIx, Instrument, InstrumentIx};

/// An instrument on the way, and whether its price divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    instrument: InstrumentIx,
    inverted: bool,
}

/// From one currency to the account's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    steps: Vec<Step>,
    /// Power of ten that the scales of prices and currencies come to.
    exponent: i32,
}

#[derive(Clone, Debug)]
pub(super) struct Rates {
    /// By currency; none without a rate.
    ways: Vec<Option<Way>>,
}

impl Rates {
    pub fn new(directory: &Directory, target: CurrencyIx) -> Self {
        let currencies = 0..directory.currencies.len() as CurrencyIx;
        let way = |currency| {
            let steps = path(&directory.instruments, currency, target)?;
            let scale = |code: CurrencyIx| i32::from(directory.currencies[usize::from(code)].1);
            let mut exponent = scale(target) - scale(currency);
            for step in &steps {
                let price = &directory.instruments[step.instrument as usize];
                let scale = i32::from(price.price_scale);
                exponent += if step.inverted { scale } else { -scale };
            }
            Some(Way { steps, exponent })
        };
        Self {
            ways: currencies.map(way).collect(),
        }
    }

    /// Units of a currency as units of the account's, rounded half to even.
    ///
    /// A rate whose exact numerator or denominator exceeds 128 bits is an overflow.
    pub fn convert(
        &self,
        market: &Market,
        units: i128,
        currency: CurrencyIx,
    ) -> Result<i128, Unvalued> {
        let Some(way) = &self.ways[usize::from(currency)] else {
            return Err(Unvalued::NoRate(currency));
        };
        let (mut factor, mut divisor) = (1u128, 1u128);
        for step in &way.steps {
            let instrument = step.instrument;
            let price = market.valuation(instrument, 0).filter(|&price| price > 0);
            let price = price.ok_or(Unvalued::NoConversion {
                instrument,
                currency,
            })?;
            let side = if step.inverted {
                &mut divisor
            } else {
                &mut factor
            };
            *side = times(*side, u128::from(price.unsigned_abs()))?;
        }
        let power = pow10(way.exponent.unsigned_abs())?;
        if way.exponent < 0 {
            divisor = times(divisor, power)?;
        } else {
            factor = times(factor, power)?;
        }
        Ok(mul_div(units, factor, divisor, Rounding::HalfEven)?)
    }
}

fn times(a: u128, b: u128) -> Result<u128, NumericError> {
    a.checked_mul(b).ok_or_else(|| overflow("a rate"))
}

/// The shortest way between two currencies, over one other at most; of equals the first found.
fn path(instruments: &[Instrument], from: CurrencyIx, to: CurrencyIx) -> Option<Vec<Step>> {
    if from == to {
        return Some(Vec::new());
    }
    let mut seen = vec![from];
    let mut frontier = vec![(from, Vec::new())];
    for _ in 0..2 {
        let mut found = Vec::new();
        for (code, steps) in frontier {
            for (instrument, item) in (0..).zip(instruments) {
                let Some(other) = other_end(item, code, &seen) else {
                    continue;
                };
                let mut way: Vec<Step> = steps.clone();
                way.push(Step {
                    instrument,
                    inverted: code == item.quote,
                });
                if other == to {
                    return Some(way);
                }
                seen.push(other);
                found.push((other, way));
            }
        }
        frontier = found;
    }
    None
}

/// The other currency of an instrument between `code` and one that was not reached yet.
fn other_end(item: &Instrument, code: CurrencyIx, seen: &[CurrencyIx]) -> Option<CurrencyIx> {
    let base = item.base.filter(|_| !item.inverse)?;
    let other = match code {
        _ if code == item.quote => base,
        _ if code == base => item.quote,
        _ => return None,
    };
    (!seen.contains(&other)).then_some(other)
}
