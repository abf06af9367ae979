//! Fractions of the value of a trade, rounded once. None stands for "does not fit".

use crate::fixed::{self, Rounding, pow10};
use crate::types::{Instrument, UNDEFINED};

/// Decimals of the fractions in the venue's config (fees, slippage) and of funding rates.
pub const FRACTION_SCALE: u8 = 12;
/// 1 in units of 10^-`FRACTION_SCALE`.
pub const ONE: i64 = 1_000_000_000_000;

/// a x b / divisor, each with its sign.
pub fn mul_div(a: i128, b: i128, divisor: i128, rounding: Rounding) -> Option<i128> {
    let magnitude = a.checked_abs()?;
    let (factor, below) = (b.unsigned_abs(), divisor.unsigned_abs());
    let result = fixed::mul_div(magnitude, factor, below, rounding).ok()?;
    let negative = (a < 0) ^ (b < 0) ^ (divisor < 0);
    Some(if negative { -result } else { result })
}

/// The value of `quantity` at `price` in units of the settlement currency, with the sign of both.
pub fn notional(
    instrument: &Instrument,
    money_scale: u8,
    price: i64,
    quantity: i64,
    rounding: Rounding,
) -> Option<i128> {
    fixed::notional(instrument, price, quantity, money_scale, rounding).ok()
}

/// `fraction` (units of 10^-fraction_scale) of the value of `quantity` at `price`, in units of
/// 10^-money_scale of the settlement currency. The sign is price x quantity x fraction.
pub fn fraction_of_value(
    instrument: &Instrument,
    money_scale: u8,
    price: i64,
    quantity: i64,
    fraction: (i64, u8),
    rounding: Rounding,
) -> Option<i128> {
    if price == UNDEFINED {
        return None;
    }
    let (fraction, fraction_scale) = fraction;
    let factor = i128::from(instrument.multiplier) * i128::from(fraction);
    let below = u32::from(instrument.size_scale)
        + u32::from(instrument.multiplier_scale)
        + u32::from(fraction_scale);
    let (above, prices) = (u32::from(money_scale), u32::from(instrument.price_scale));
    if instrument.inverse {
        let divisor = ten(below, above + prices)?.checked_mul(i128::from(price))?;
        let factor = factor.checked_mul(ten(above + prices, below)?)?;
        mul_div(i128::from(quantity), factor, divisor, rounding)
    } else {
        let product = i128::from(price) * i128::from(quantity);
        let factor = factor.checked_mul(ten(above, below + prices)?)?;
        mul_div(product, factor, ten(below + prices, above)?, rounding)
    }
}

/// 10^(a - b), 1 when b is larger.
fn ten(a: u32, b: u32) -> Option<i128> {
    i128::try_from(pow10(a.saturating_sub(b)).ok()?).ok()
}

/// How far the price must move for `quantity` to gain or lose `amount` settlement units, in price
/// units, rounded toward zero; `i64::MAX` when it is farther than a price can be.
pub fn price_move(
    instrument: &Instrument,
    money_scale: u8,
    amount: i128,
    quantity: i64,
) -> Option<i64> {
    let scales = u32::from(instrument.price_scale)
        + u32::from(instrument.size_scale)
        + u32::from(instrument.multiplier_scale);
    let money = u32::from(money_scale);
    let value = i128::from(quantity) * i128::from(instrument.multiplier);
    let divisor = value.checked_mul(ten(money, scales)?)?;
    let reach = mul_div(amount, ten(scales, money)?, divisor, Rounding::Down)?;
    Some(i64::try_from(reach).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::CurrencyIx;

    fn instrument(inverse: bool, price_scale: u8, size_scale: u8, multiplier: i64) -> Instrument {
        let settlement: CurrencyIx = 0;
        Instrument {
            id: "X.Y".into(),
            price_scale,
            size_scale,
            tick: 1,
            lot: 1,
            min_quantity: 1,
            max_quantity: i64::MAX,
            min_notional: 0,
            multiplier,
            multiplier_scale: 0,
            inverse,
            margined: true,
            base: None,
            quote: 0,
            settlement,
            margin_initial: 0,
            margin_maintenance: 0,
            shortable: true,
            tradable: true,
        }
    }

    #[test]
    fn a_fraction_of_a_value_is_rounded_once() {
        // 250,000 x 1.57603 x 0.00002 = 7.88015, of which cents are kept.
        let pair = instrument(false, 5, 0, 1);
        let fraction = (20_000_000, FRACTION_SCALE);
        let fee = |mode| fraction_of_value(&pair, 2, 157_603, 250_000, fraction, mode);
        assert_eq!(fee(Rounding::HalfEven), Some(788));
        assert_eq!(fee(Rounding::Up), Some(789));
        // 100 contracts of 100 USD at 50,000.0: 0.2 BTC, of which 1/1000.
        let inverse = instrument(true, 1, 0, 100);
        let tenth_percent = (ONE / 1_000, FRACTION_SCALE);
        let fee = fraction_of_value(&inverse, 8, 500_000, 100, tenth_percent, Rounding::HalfEven);
        assert_eq!(fee, Some(20_000));
    }

    #[test]
    fn a_price_move_costs_the_amount() {
        let contract = instrument(false, 2, 3, 10);
        // 2.000 contracts of 10 lose 5.00 when the price falls by 0.25.
        assert_eq!(price_move(&contract, 2, 500, 2_000), Some(25));
        assert_eq!(
            price_move(&contract, 2, i128::from(i64::MAX), 1),
            Some(i64::MAX)
        );
    }
}
