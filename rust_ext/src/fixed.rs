//! Exact numbers: checked integers, named rounding, products of up to 256 bits.
//!
//! A number is an integer count of 10^-scale; scales reach `MAX_SCALE` (18). Nothing wraps and
//! nothing is a float: what does not fit is a `NumericError`.

use crate::float_money;
use crate::types::{Instrument, UNDEFINED};

mod text;

pub use text::{decimal_text, half_text, plain_text};

/// What a calculation could not do. Becomes the Python error of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumericError {
    /// Beyond 64-bit units or 128-bit money.
    Overflow(String),
    /// Not a plain decimal, more decimals than the scale, or a sign that makes no sense.
    NotRepresentable(String),
    /// A price that is needed is not known.
    MissingPrice(String),
}

/// How a value between two units becomes one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest unit, exact halves to the even one: settlement and valuation.
    HalfEven,
    /// To the nearest unit, exact halves away from zero: fees of venues that say so.
    HalfUp,
    /// Away from zero: what is asked of the account holder (fees, margins).
    Up,
    /// Toward zero: what is given (rebates, quantities after a split).
    Down,
}

/// Longest text that `parse_units` reads.
pub const MAX_TEXT: usize = 40;

const POWERS: [u128; 39] = {
    let mut powers = [1; 39];
    let mut i = 1;
    while i < 39 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};

/// The error of a value that has outgrown its integer.
pub fn overflow(what: &str) -> NumericError {
    NumericError::Overflow(format!("{what} does not fit its integer"))
}

/// 10^exponent; an overflow above 10^38.
pub fn pow10(exponent: u32) -> Result<u128, NumericError> {
    let power = POWERS.get(exponent as usize);
    power.copied().ok_or_else(|| overflow("a power of ten"))
}

/// a x b as (high, low) halves of 256 bits; such pairs compare as the numbers they are.
pub(crate) fn wide_mul(a: u128, b: u128) -> (u128, u128) {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0) = (a >> 64, a & LOW);
    let (b1, b0) = (b >> 64, b & LOW);
    let low = a0 * b0;
    let (middle, carried) = (a1 * b0).overflowing_add(a0 * b1);
    let carry = u128::from(carried) << 64;
    let (low, borrowed) = low.overflowing_add(middle << 64);
    (a1 * b1 + (middle >> 64) + carry + u128::from(borrowed), low)
}

/// Quotient and remainder. Most numbers have 64 bits, for which there is one fast instruction.
#[inline]
fn narrow_div(value: u128, divisor: u128) -> (u128, u128) {
    if (value | divisor) >> 64 == 0 {
        let (value, divisor) = (value as u64, divisor as u64);
        return (u128::from(value / divisor), u128::from(value % divisor));
    }
    let quotient = value / divisor;
    (quotient, value - quotient * divisor)
}

/// (high, low) / divisor as (quotient, remainder); None when the quotient exceeds 128 bits.
#[inline]
fn wide_div(high: u128, low: u128, divisor: u128) -> Option<(u128, u128)> {
    if high >= divisor {
        return None;
    }
    if high == 0 {
        return Some(narrow_div(low, divisor));
    }
    let (mut remainder, mut quotient) = (high, 0u128);
    for bit in (0..128).rev() {
        let carry = remainder >> 127 == 1;
        remainder = remainder << 1 | (low >> bit & 1);
        quotient <<= 1;
        if carry || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1;
        }
    }
    Some((quotient, remainder))
}

/// value x factor / divisor and its remainder: `value x factor = quotient x divisor + remainder`.
///
/// The product may take 256 bits. The remainder has the sign of the value under `Down` and either
/// sign otherwise, and is smaller than the divisor. A divisor of 0 is an overflow.
pub fn mul_div_rem(
    value: i128,
    factor: u128,
    divisor: u128,
    rounding: Rounding,
) -> Result<(i128, i128), NumericError> {
    if cfg!(feature = "float-money") {
        return float_money::mul_div_rem(value, factor, divisor);
    }
    let (high, low) = wide_mul(value.unsigned_abs(), factor);
    let (quotient, remainder) =
        wide_div(high, low, divisor).ok_or_else(|| overflow("a quotient"))?;
    let away = match rounding {
        Rounding::Down => false,
        Rounding::Up => remainder > 0,
        Rounding::HalfUp => remainder >= divisor - remainder,
        Rounding::HalfEven => {
            let rest = divisor - remainder;
            remainder > rest || (remainder == rest && quotient % 2 == 1)
        }
    };
    let signed = |magnitude: u128| -> Result<i128, NumericError> {
        let magnitude = i128::try_from(magnitude).map_err(|_| overflow("a quotient"))?;
        Ok(if value < 0 { -magnitude } else { magnitude })
    };
    if !away {
        return Ok((signed(quotient)?, signed(remainder)?));
    }
    let quotient = quotient
        .checked_add(1)
        .ok_or_else(|| overflow("a quotient"))?;
    Ok((signed(quotient)?, -signed(divisor - remainder)?))
}

/// value x factor / divisor, rounded; the product may take 256 bits.
pub fn mul_div(
    value: i128,
    factor: u128,
    divisor: u128,
    rounding: Rounding,
) -> Result<i128, NumericError> {
    Ok(mul_div_rem(value, factor, divisor, rounding)?.0)
}

/// Units of 10^-from as units of 10^-to.
pub fn rescale(value: i128, from: u8, to: u8, rounding: Rounding) -> Result<i128, NumericError> {
    let factor = pow10(u32::from(to.saturating_sub(from)))?;
    let divisor = pow10(u32::from(from.saturating_sub(to)))?;
    mul_div(value, factor, divisor, rounding)
}

/// Sum of two amounts of money.
pub fn add(a: i128, b: i128) -> Result<i128, NumericError> {
    a.checked_add(b).ok_or_else(|| overflow("a sum of money"))
}

/// Quantity x multiplier / price of an inverse contract, in units of 10^-scale of the base currency.
///
/// A price that is not positive has no inverse and is `NotRepresentable`.
pub fn inverse_value(
    instrument: &Instrument,
    price: i64,
    quantity: i64,
    scale: u8,
    rounding: Rounding,
) -> Result<i128, NumericError> {
    if price <= 0 {
        let message = format!("{}: price {price} has no inverse", instrument.id);
        return Err(NumericError::NotRepresentable(message));
    }
    let up = u32::from(scale) + u32::from(instrument.price_scale);
    let down = u32::from(instrument.size_scale) + u32::from(instrument.multiplier_scale);
    let divisor = pow10(down.saturating_sub(up))?.checked_mul(u128::from(price.unsigned_abs()));
    mul_div(
        i128::from(quantity) * i128::from(instrument.multiplier),
        pow10(up.saturating_sub(down))?,
        divisor.ok_or_else(|| overflow("a divisor"))?,
        rounding,
    )
}

/// Signed price x quantity x multiplier (inverse: quantity x multiplier / price) in units of
/// 10^-`money_scale` of the settlement currency.
pub fn notional(
    instrument: &Instrument,
    price: i64,
    quantity: i64,
    money_scale: u8,
    rounding: Rounding,
) -> Result<i128, NumericError> {
    if price == UNDEFINED {
        let message = format!("{}: there is no price", instrument.id);
        return Err(NumericError::MissingPrice(message));
    }
    if instrument.inverse {
        return inverse_value(instrument, price, quantity, money_scale, rounding);
    }
    let down = u32::from(instrument.price_scale)
        + u32::from(instrument.size_scale)
        + u32::from(instrument.multiplier_scale);
    let up = u32::from(money_scale);
    let factor = pow10(up.saturating_sub(down))?
        .checked_mul(u128::from(instrument.multiplier.unsigned_abs()));
    mul_div(
        i128::from(price) * i128::from(quantity),
        factor.ok_or_else(|| overflow("a factor"))?,
        pow10(down.saturating_sub(up))?,
        rounding,
    )
}

/// The part `billionths` x 10^-9 of an amount: rates of fees and margins.
pub fn fraction(amount: i128, billionths: i64, rounding: Rounding) -> Result<i128, NumericError> {
    let part = mul_div(
        amount,
        u128::from(billionths.unsigned_abs()),
        POWERS[9],
        rounding,
    )?;
    Ok(if billionths < 0 { -part } else { part })
}

/// Units of 10^-scale of a plain decimal: `-`, digits, and digits after a point if there is one.
///
/// No exponents, NaN, infinities, blanks or `+`; at most `MAX_TEXT` characters. Decimals beyond the
/// scale must be zeros. -2^63 stands for "not known" and is an overflow.
pub fn parse_units(text: &str, scale: u8) -> Result<i64, NumericError> {
    let refuse = |why: &str| {
        let shown: String = text.chars().take(MAX_TEXT).collect();
        NumericError::NotRepresentable(format!("{shown:?} {why}"))
    };
    if text.len() > MAX_TEXT {
        return Err(refuse("... is longer than a number can be"));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) {
        return Err(refuse("is not a plain decimal"));
    }
    let decimals = decimals.trim_end_matches('0');
    let missing = usize::from(scale).checked_sub(decimals.len());
    let missing = missing.ok_or_else(|| refuse(&format!("has more than {scale} decimals")))?;
    let too_large =
        || NumericError::Overflow(format!("{text} does not fit 64 bits at scale {scale}"));
    let mut units = 0u64;
    let zeros = std::iter::repeat_n(b'0', missing);
    for digit in whole.bytes().chain(decimals.bytes()).chain(zeros) {
        units = units
            .checked_mul(10)
            .and_then(|units| units.checked_add(u64::from(digit - b'0')))
            .ok_or_else(too_large)?;
    }
    let units = i64::try_from(units).map_err(|_| too_large())?;
    Ok(if text.starts_with('-') { -units } else { units })
}

#[cfg(test)]
mod tests;
