//! Exact products and quotients of units, 256 bits wide inside, rounded once.

use crate::types::{Instrument, UNDEFINED};

/// Scale of the fractions in the venue's config (fees, margins, slippage, funding).
pub const FRACTION_SCALE: i32 = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    HalfEven,
    /// Away from zero.
    Up,
    /// Toward zero.
    Down,
}

/// 10^`power`, None beyond 128 bits.
pub fn power_of_ten(power: i32) -> Option<i128> {
    10i128.checked_pow(u32::try_from(power).ok()?)
}

/// a x b as (high, low) 128-bit halves.
fn wide_product(a: u128, b: u128) -> (u128, u128) {
    let mask = u128::from(u64::MAX);
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & mask, b >> 64, b & mask);
    let low = a_low * b_low;
    let middle = a_high * b_low + (low >> 64);
    let cross = a_low * b_high + (middle & mask);
    let high = a_high * b_high + (middle >> 64) + (cross >> 64);
    (high, (cross << 64) | (low & mask))
}

/// (high, low) / divisor as (quotient, remainder); None when the quotient needs more than 128 bits.
fn wide_divide(high: u128, low: u128, divisor: u128) -> Option<(u128, u128)> {
    if high == 0 {
        return Some((low / divisor, low % divisor));
    }
    if high >= divisor {
        return None;
    }
    let (mut quotient, mut remainder) = (0u128, high);
    for bit in (0..128).rev() {
        let carry = remainder >> 127;
        remainder = (remainder << 1) | ((low >> bit) & 1);
        if carry == 1 || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1 << bit;
        }
    }
    Some((quotient, remainder))
}

/// a x b / divisor, rounded once. None when the result does not fit or the divisor is 0.
pub fn mul_div(a: i128, b: i128, divisor: i128, rounding: Rounding) -> Option<i128> {
    if divisor == 0 {
        return None;
    }
    let negative = (a < 0) ^ (b < 0) ^ (divisor < 0);
    let divisor = divisor.unsigned_abs();
    let (high, low) = wide_product(a.unsigned_abs(), b.unsigned_abs());
    let (quotient, remainder) = wide_divide(high, low, divisor)?;
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Up => remainder > 0,
        Rounding::HalfEven => {
            let rest = divisor - remainder;
            remainder > rest || (remainder == rest && quotient & 1 == 1)
        }
    };
    let magnitude = i128::try_from(quotient.checked_add(u128::from(up))?).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}

/// a x b x 10^power / divisor, rounded once.
fn scaled(a: i128, b: i128, power: i32, divisor: i128, rounding: Rounding) -> Option<i128> {
    if power >= 0 {
        mul_div(a, b.checked_mul(power_of_ten(power)?)?, divisor, rounding)
    } else {
        mul_div(a, b, divisor.checked_mul(power_of_ten(-power)?)?, rounding)
    }
}

/// `fraction` (units of 10^-fraction_scale) of the value of `quantity` at `price`, in units of
/// 10^-money_scale of the settlement currency. The sign is price x quantity x fraction.
pub fn fraction_of_value(
    instrument: &Instrument,
    money_scale: u8,
    price: i64,
    quantity: i64,
    fraction: (i64, i32),
    rounding: Rounding,
) -> Option<i128> {
    if price == UNDEFINED {
        return None;
    }
    let (fraction, fraction_scale) = fraction;
    let factor = i128::from(instrument.multiplier) * i128::from(fraction);
    let sizes = i32::from(instrument.size_scale) + i32::from(instrument.multiplier_scale);
    let power = i32::from(money_scale) - sizes - fraction_scale;
    let prices = i32::from(instrument.price_scale);
    if instrument.inverse {
        scaled(
            i128::from(quantity),
            factor,
            power + prices,
            i128::from(price),
            rounding,
        )
    } else {
        let product = i128::from(price) * i128::from(quantity);
        scaled(product, factor, power - prices, 1, rounding)
    }
}

/// The value of `quantity` at `price` in units of the settlement currency.
pub fn notional(
    instrument: &Instrument,
    money_scale: u8,
    price: i64,
    quantity: i64,
    rounding: Rounding,
) -> Option<i128> {
    fraction_of_value(instrument, money_scale, price, quantity, (1, 0), rounding)
}

/// `units` of 10^-from as units of 10^-to.
pub fn rescale(units: i128, from: i32, to: i32, rounding: Rounding) -> Option<i128> {
    scaled(units, 1, to - from, 1, rounding)
}

/// How far the price must move for `quantity` to gain or lose `amount` settlement units, in price
/// units, rounded toward zero; `i64::MAX` when it is farther than a price can be.
pub fn price_move(
    instrument: &Instrument,
    money_scale: u8,
    amount: i128,
    quantity: i64,
) -> Option<i64> {
    let scales = i32::from(instrument.price_scale)
        + i32::from(instrument.size_scale)
        + i32::from(instrument.multiplier_scale);
    let divisor = i128::from(quantity) * i128::from(instrument.multiplier);
    let reach = scaled(
        amount,
        1,
        scales - i32::from(money_scale),
        divisor,
        Rounding::Down,
    )?;
    Some(i64::try_from(reach).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        for (a, expected) in [(5, 2), (15, 8), (-5, -2), (-15, -8), (25, 12), (26, 13)] {
            assert_eq!(
                mul_div(a, 5, 10, Rounding::HalfEven),
                Some(expected),
                "{a} / 2"
            );
        }
    }

    #[test]
    fn products_beyond_128_bits_divide_exactly() {
        let big = 10i128.pow(30);
        assert_eq!(mul_div(big, big, big, Rounding::Down), Some(big));
        assert_eq!(mul_div(big, big, big - 1, Rounding::Down), Some(big + 1));
        assert_eq!(mul_div(i128::MAX, i128::MAX, 1, Rounding::Down), None);
        assert_eq!(mul_div(1, 1, 0, Rounding::Down), None);
    }

    proptest! {
        /// Where the plain product fits, the wide one agrees with it.
        #[test]
        fn wide_and_plain_division_agree(a in any::<i64>(), b in any::<i64>(), d in 1i64..i64::MAX) {
            let (a, b, d) = (i128::from(a), i128::from(b), i128::from(d));
            prop_assert_eq!(mul_div(a, b, d, Rounding::Down), Some(a * b / d));
        }

        /// quotient x divisor + remainder is the product again.
        #[test]
        fn wide_division_loses_nothing(a in any::<u128>(), b in any::<u64>(), d in 1u128..) {
            let (high, low) = wide_product(a, u128::from(b));
            if let Some((quotient, remainder)) = wide_divide(high, low, d) {
                prop_assert!(remainder < d);
                let (h, l) = wide_product(quotient, d);
                let (sum, carry) = l.overflowing_add(remainder);
                prop_assert_eq!((h + u128::from(carry), sum), (high, low));
            }
        }
    }
}
