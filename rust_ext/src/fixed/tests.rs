//! Arithmetic against integers without limits.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;

/// value x factor / divisor by schoolbook rules; the divisor is positive.
fn oracle(value: i128, factor: u128, divisor: u128, rounding: Rounding) -> BigInt {
    let product = BigInt::from(value) * factor;
    let divisor = BigInt::from(divisor);
    let (quotient, rest) = (&product / &divisor, &product % &divisor);
    let rest: BigInt = rest.magnitude().clone().into();
    let double: BigInt = &rest * 2;
    let away = match rounding {
        Rounding::Down => false,
        Rounding::Up => rest > BigInt::ZERO,
        Rounding::HalfUp => double >= divisor,
        Rounding::HalfEven => {
            double > divisor || (double == divisor && &quotient % 2 != BigInt::ZERO)
        }
    };
    match (away, value < 0) {
        (false, _) => quotient,
        (true, false) => quotient + 1,
        (true, true) => quotient - 1,
    }
}

/// Numbers of every size, not only the largest.
fn sized() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0..128u32).prop_map(|(number, shift)| number >> shift)
}

fn signed() -> impl Strategy<Value = i128> {
    (any::<i128>(), 0..127u32).prop_map(|(number, shift)| number >> shift)
}

fn rounding() -> impl Strategy<Value = Rounding> {
    prop_oneof![
        Just(Rounding::HalfEven),
        Just(Rounding::HalfUp),
        Just(Rounding::Up),
        Just(Rounding::Down)
    ]
}

fn instrument(inverse: bool, scales: (u8, u8, u8), multiplier: i64) -> Instrument {
    Instrument {
        id: "A.B".to_owned(),
        price_scale: scales.0,
        size_scale: scales.1,
        tick: 1,
        lot: 1,
        min_quantity: 1,
        max_quantity: i64::MAX,
        min_notional: 0,
        multiplier,
        multiplier_scale: scales.2,
        inverse,
        margined: true,
        base: None,
        quote: 0,
        settlement: 0,
        margin_initial: 0,
        margin_maintenance: 0,
        shortable: true,
        tradable: true,
    }
}

fn ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Every quotient that fits is the exact one, and one that does not fit is an overflow.
    #[test]
    fn mul_div_is_exact(
        value in signed(), factor in sized(), divisor in sized(), mode in rounding(),
    ) {
        prop_assume!(divisor > 0);
        let expected = oracle(value, factor, divisor, mode);
        match mul_div_rem(value, factor, divisor, mode) {
            Ok((quotient, rest)) => {
                prop_assert_eq!(BigInt::from(quotient), expected.clone());
                prop_assert_eq!(
                    BigInt::from(value) * factor,
                    BigInt::from(quotient) * divisor + rest
                );
            }
            Err(_) => {
                let too_large = i128::try_from(&expected).is_err();
                prop_assert!(too_large || divisor > i128::MAX.unsigned_abs());
            }
        }
    }

    /// Halves, which random numbers never hit, go to the even neighbour.
    #[test]
    fn halves_go_to_even(half in -(1i128 << 90)..1 << 90, divisor in 1u128..1 << 30) {
        let value = (2 * half + 1) * i128::try_from(divisor).unwrap();
        let rounded = mul_div(value, 1, 2 * divisor, Rounding::HalfEven).unwrap();
        prop_assert_eq!(rounded % 2, 0);
        prop_assert!((2 * rounded - (2 * half + 1)).abs() == 1);
    }

    /// A linear notional is price x quantity x multiplier, also where that takes 190 bits.
    #[test]
    fn a_linear_notional_is_exact(
        price in any::<i64>(), quantity in any::<i64>(), multiplier in 1..i64::MAX,
        scales in (0..=18u8, 0..=18u8, 0..=2u8), money in 0..=18u8, mode in rounding(),
    ) {
        prop_assume!(price != UNDEFINED);
        let down = u32::from(scales.0) + u32::from(scales.1) + u32::from(scales.2);
        let points = i128::from(price) * i128::from(quantity);
        let factor = u128::from(multiplier.unsigned_abs());
        let expected = if down > u32::from(money) {
            oracle(points, factor, 10u128.pow(down - u32::from(money)), mode)
        } else {
            BigInt::from(points) * factor * ten(u32::from(money) - down)
        };
        let found = notional(&instrument(false, scales, multiplier), price, quantity, money, mode);
        match found {
            Ok(found) => prop_assert_eq!(BigInt::from(found), expected),
            Err(error) => {
                prop_assert!(matches!(error, NumericError::Overflow(_)));
                prop_assert!(i128::try_from(&expected).is_err());
            }
        }
    }

    /// An inverse notional differs from the exact quotient by half a unit at most.
    #[test]
    fn an_inverse_notional_is_the_nearest(
        price in 1..i64::MAX, quantity in -(1i64 << 40)..1 << 40, multiplier in 1..1_000_000i64,
        scales in (0..=8u8, 0..=8u8, 0..=2u8), money in 0..=18u8,
    ) {
        let contract = instrument(true, scales, multiplier);
        let found = notional(&contract, price, quantity, money, Rounding::HalfEven).unwrap();
        let up = u32::from(money) + u32::from(scales.0);
        let down = u32::from(scales.1) + u32::from(scales.2);
        // |found x price x 10^down - quantity x multiplier x 10^up| <= half of price x 10^down
        let unit = BigInt::from(price) * ten(down);
        let error = BigInt::from(found) * &unit - BigInt::from(quantity) * multiplier * ten(up);
        prop_assert!(BigInt::from(error.magnitude().clone()) * 2 <= unit);
    }

    /// What is written with the scale's decimals, or fewer, or more zeros, reads as the same units.
    #[test]
    fn units_survive_text(units in -i64::MAX..=i64::MAX, scale in 0..=18u8, zeros in 0..4usize) {
        let digits = format!("{:0>width$}", units.unsigned_abs(), width = usize::from(scale) + 1);
        let (whole, decimals) = digits.split_at(digits.len() - usize::from(scale));
        let sign = if units < 0 { "-" } else { "" };
        let point = if decimals.is_empty() && zeros == 0 { "" } else { "." };
        let text = format!("{sign}{whole}{point}{decimals}{}", "0".repeat(zeros));
        prop_assert_eq!(parse_units(&text, scale), Ok(units));
    }

    /// No text whatever makes the parser panic, and what it accepts looks like a decimal.
    #[test]
    fn text_is_read_or_refused(text in "[-+0-9.eEnaif _]{0,45}|.{0,60}", scale in 0..=18u8) {
        if parse_units(&text, scale).is_ok() {
            prop_assert!(text.len() <= MAX_TEXT);
            prop_assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-'));
        }
    }
}

#[test]
fn what_is_no_plain_decimal_is_refused() {
    for text in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "+1",
        "1e3",
        "1E+999999",
        "NaN",
        "inf",
        "-inf",
        " 1",
        "1 ",
        "1_0",
        "--1",
        "1.2.3",
        "0x10",
        "١",
        "1,5",
        "\u{2212}1",
    ] {
        assert!(
            matches!(parse_units(text, 8), Err(NumericError::NotRepresentable(_))),
            "{text:?} was read"
        );
    }
    let long = "0".repeat(MAX_TEXT + 1);
    assert!(matches!(
        parse_units(&long, 8),
        Err(NumericError::NotRepresentable(_))
    ));
}

#[test]
fn what_leaves_64_bits_is_an_overflow() {
    assert_eq!(parse_units("9223372036854775807", 0), Ok(i64::MAX));
    assert_eq!(parse_units("-9223372036854775807", 0), Ok(-i64::MAX));
    assert_eq!(parse_units("9.223372036854775807", 18), Ok(i64::MAX));
    for (text, scale) in [
        ("9223372036854775808", 0),
        ("-9223372036854775808", 0), // this is how "not known" is written
        ("9.3", 18),
        ("99999999999999999999999999999999999999", 0),
    ] {
        assert!(
            matches!(parse_units(text, scale), Err(NumericError::Overflow(_))),
            "{text} at scale {scale}"
        );
    }
}

#[test]
fn more_decimals_than_the_scale_are_refused_unless_they_are_zeros() {
    assert_eq!(parse_units("0.00100000", 3), Ok(1));
    assert_eq!(parse_units("-0", 3), Ok(0));
    assert!(matches!(
        parse_units("0.0015", 3),
        Err(NumericError::NotRepresentable(_))
    ));
}

#[test]
fn a_rate_takes_its_part_and_rounds_by_name() {
    // 3.5 basis points of 1001 units are 0.35035 units.
    assert_eq!(fraction(1001, 350_000, Rounding::Up), Ok(1));
    assert_eq!(fraction(1001, 350_000, Rounding::Down), Ok(0));
    assert_eq!(fraction(1001, -350_000, Rounding::Up), Ok(-1));
    assert_eq!(fraction(-1001, 350_000, Rounding::HalfEven), Ok(0));
}

#[test]
fn a_zero_divisor_and_a_hopeless_scale_are_overflows() {
    assert!(mul_div(1, 1, 0, Rounding::Down).is_err());
    assert!(mul_div(0, 0, 0, Rounding::Down).is_err());
    assert_eq!(rescale(15, 1, 0, Rounding::HalfEven), Ok(2));
    assert_eq!(rescale(25, 1, 0, Rounding::HalfEven), Ok(2));
    assert!(rescale(1, 0, 39, Rounding::Down).is_err());
}
