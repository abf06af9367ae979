//! Units as the text of the decimal that they stand for.

/// `units` of 10^-`scale` as Python writes that `Decimal`: `0.05`, and `5E-8` below a millionth.
///
/// Texts of reasons and errors stay what they are whether Python or the engine writes them.
pub fn decimal_text(units: i128, scale: u8) -> String {
    let digits = units.unsigned_abs().to_string();
    let sign = if units < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    // Digits left of the point: what Python calls the adjusted exponent, plus one.
    let left = digits.len() as i64 - scale as i64;
    if left <= -6 {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{point}{rest}E{}", left - 1);
    }
    format!("{sign}{}", with_point(&digits, scale))
}

/// Half of `doubled` units of 10^-`scale`, with one decimal more where the half needs it.
pub fn half_text(doubled: i128, scale: u8) -> String {
    if doubled % 2 == 0 {
        return decimal_text(doubled / 2, scale);
    }
    match doubled.checked_mul(5) {
        Some(tenths) => decimal_text(tenths, scale + 1),
        None => decimal_text(doubled / 2, scale),
    }
}

/// `units` of 10^-`scale` without an exponent and without zeros at the end.
pub fn plain_text(units: i128, scale: u8) -> String {
    let text = with_point(&units.unsigned_abs().to_string(), usize::from(scale));
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{}{text}", if units < 0 { "-" } else { "" })
}

fn with_point(digits: &str, scale: usize) -> String {
    if scale == 0 {
        return digits.to_owned();
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, decimals) = padded.split_at(padded.len() - scale);
    format!("{whole}.{decimals}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every expectation is what Python 3.11 prints.
    #[test]
    fn decimals_are_written_as_python_writes_them() {
        for (units, scale, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (0, 6, "0.000000"),
            (0, 7, "0E-7"),
            (1, 6, "0.000001"),
            (1, 7, "1E-7"),
            (12, 8, "1.2E-7"),
            (12, 7, "0.0000012"),
            (-5, 8, "-5E-8"),
            (-1234, 2, "-12.34"),
            (100, 2, "1.00"),
            (1_000, 0, "1000"),
            (i128::MIN, 18, "-170141183460469231731.687303715884105728"),
        ] {
            assert_eq!(decimal_text(units, scale), text);
        }
    }

    #[test]
    fn a_half_gets_the_decimal_it_needs_and_no_more() {
        for (doubled, scale, text) in [
            (20_202, 2, "101.01"),
            (20_203, 2, "101.015"),
            (0, 2, "0.00"),
            (-3, 0, "-1.5"),
            (1, 6, "5E-7"),
        ] {
            assert_eq!(half_text(doubled, scale), text);
        }
    }

    #[test]
    fn plain_texts_have_no_zeros_at_the_end() {
        for (units, scale, text) in [
            (100_000_000, 6, "100"),
            (10_000, 6, "0.01"),
            (0, 6, "0"),
            (1, 18, "0.000000000000000001"),
            (-1_500_000, 6, "-1.5"),
            (100, 0, "100"),
        ] {
            assert_eq!(plain_text(units, scale), text);
        }
    }
}
