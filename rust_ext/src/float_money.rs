//! Money worked out in floats, to measure what exactness costs: only with the feature `float-money`,
//! which no build of ours but the benchmark's uses.

use crate::fixed::{NumericError, overflow};

/// value x factor / divisor as a float, to the nearest unit; nothing is left over.
pub fn mul_div_rem(value: i128, factor: u128, divisor: u128) -> Result<(i128, i128), NumericError> {
    let quotient = (signed(value) * unsigned(factor) / unsigned(divisor)).round();
    if quotient.abs() < i64::MAX as f64 {
        Ok((i128::from(quotient as i64), 0))
    } else if quotient.abs() < i128::MAX as f64 {
        Ok((quotient as i128, 0))
    } else {
        Err(overflow("a quotient"))
    }
}

// The machine converts 64 bits by itself; 128 take a function, which a kernel of floats would not need.
fn signed(value: i128) -> f64 {
    i64::try_from(value).map_or(value as f64, |small| small as f64)
}

fn unsigned(value: u128) -> f64 {
    u64::try_from(value).map_or(value as f64, |small| small as f64)
}
