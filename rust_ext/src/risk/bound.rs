//! The largest value of an order, compared by cross-multiplication so that nothing is rounded.

use crate::fixed::wide_mul;
use crate::types::Instrument;

/// High and low half of 256 bits; pairs compare as the numbers they are.
type Wide = (u128, u128);

const LARGEST: Wide = (u128::MAX, u128::MAX);

/// A limit on price x quantity x multiplier, or on quantity x multiplier / price when inverse.
///
/// An order passes while quantity x price x `left` <= `right`, or for inverse contracts while
/// quantity x `left` <= `right` x price; quantity in units, price in doubled units. The fraction
/// left / right is in its lowest terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    left: u128,
    /// Saturated for linear instruments: no product of 64, 65 and 128 bits reaches 256.
    right: Wide,
    negative: bool,
    inverse: bool,
    text: String,
}

impl Bound {
    /// The bound of an instrument by a value of `top` / `bottom` in its settlement currency.
    ///
    /// `text` is how people read the value. None when the numbers do not fit: nothing may pass then.
    pub fn new(instrument: &Instrument, top: i128, bottom: u128, text: String) -> Option<Self> {
        let power = |scale: u8| 10u128.checked_pow(u32::from(scale));
        let price_unit = power(instrument.price_scale)?;
        let mut left = [instrument.multiplier.unsigned_abs().into(), bottom, 1, 1];
        let mut right = [
            top.unsigned_abs(),
            power(instrument.multiplier_scale)?,
            power(instrument.size_scale)?,
            1,
            1,
        ];
        if left.contains(&0) {
            return None;
        }
        match instrument.inverse {
            true => left[2..].copy_from_slice(&[price_unit, 2]),
            false => right[3..].copy_from_slice(&[price_unit, 2]),
        }
        reduce(&mut left, &mut right);
        let left = left
            .iter()
            .try_fold(1u128, |all, &one| all.checked_mul(one))?;
        let right = right.iter().fold((0, 1), |all, &one| times(all, one));
        if instrument.inverse && right.0 != 0 {
            return None;
        }
        Some(Self {
            left,
            right,
            negative: top < 0,
            inverse: instrument.inverse,
            text,
        })
    }

    /// Whether an order of this signed quantity at this doubled price (its size counts, not its
    /// sign) is worth more; None when that does not fit.
    pub fn exceeded(&self, quantity: i64, doubled_price: i128) -> Option<bool> {
        let (size, price) = (
            u128::from(quantity.unsigned_abs()),
            doubled_price.unsigned_abs(),
        );
        let (worth, allowed) = match self.inverse {
            true => (wide_mul(size, self.left), wide_mul(self.right.1, price)),
            false => (wide_mul(size.checked_mul(price)?, self.left), self.right),
        };
        let worth_negative = quantity < 0 && worth != (0, 0);
        let allowed_negative = self.negative && allowed != (0, 0);
        Some(match (worth_negative, allowed_negative) {
            (false, false) => worth > allowed,
            (true, true) => worth < allowed,
            (false, true) => true,
            (true, false) => false,
        })
    }

    /// Whether it is larger than another bound of the same instrument.
    pub fn allows_more(&self, other: &Bound) -> bool {
        match (self.negative, other.negative) {
            (false, true) => return true,
            (true, false) => return false,
            _ => {}
        }
        // left / right in lowest terms: larger where right x other's left is larger. A saturated
        // right side is compared as it is, which calls an equal bound no larger.
        let mine = times(self.right, other.left);
        let others = times(other.right, self.left);
        match self.negative {
            true => mine < others,
            false => mine > others || (mine == LARGEST && self.text != other.text),
        }
    }

    /// The value as people read it, with its currency.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Divides out what both products have in common. A right side of 0 becomes 0 and ones.
fn reduce(left: &mut [u128], right: &mut [u128]) {
    for a in left {
        for b in &mut *right {
            let common = gcd(*a, *b);
            (*a, *b) = (*a / common, *b / common);
        }
    }
}

/// Greatest common divisor; `a` is not 0.
fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// A product that stays at `LARGEST` when it does not fit.
fn times((high, low): Wide, factor: u128) -> Wide {
    let (carry, low) = wide_mul(low, factor);
    let (beyond, high) = wide_mul(high, factor);
    match (beyond, high.checked_add(carry)) {
        (0, Some(high)) => (high, low),
        _ => LARGEST,
    }
}
