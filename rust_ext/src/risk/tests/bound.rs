//! The largest value of an order against integers without limits.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;

fn ten(scale: u8) -> BigInt {
    BigInt::from(10).pow(scale.into())
}

/// Whether |price| x quantity x multiplier (inverse: quantity x multiplier / |price|) > top / bottom.
fn oracle(item: &Instrument, top: i128, bottom: u128, quantity: i64, doubled: i128) -> bool {
    let price = BigInt::from(doubled.unsigned_abs());
    let face = BigInt::from(quantity) * item.multiplier * bottom;
    let units = ten(item.size_scale) * ten(item.multiplier_scale);
    if item.inverse {
        face * 2 * ten(item.price_scale) > top * units * price
    } else {
        face * price > top * units * ten(item.price_scale) * 2
    }
}

/// Numbers of every size, not only the largest.
fn sized() -> impl Strategy<Value = i128> {
    (any::<i128>(), 0..127u32).prop_map(|(number, shift)| number >> shift)
}

fn instrument() -> impl Strategy<Value = Instrument> {
    let scales = (0..=18u8, 0..=18u8, 0..=18u8);
    (scales, 1..=i64::MAX, 0..63u32, any::<bool>()).prop_map(|(scales, size, shift, inverse)| {
        Instrument {
            price_scale: scales.0,
            size_scale: scales.1,
            multiplier_scale: scales.2,
            multiplier: (size >> shift).max(1),
            inverse,
            ..coin()
        }
    })
}

proptest! {
    #[test]
    fn it_decides_as_exact_arithmetic_does(
        item in instrument(),
        top in sized(),
        decimals in 0..=28u32,
        quantity in any::<i64>(),
        shift in 0..63u32,
        price in -(1i128 << 65)..(1i128 << 65),
        small in 0..65u32,
    ) {
        let (quantity, price) = (quantity >> shift, price >> small);
        let bottom = 10u128.pow(decimals);
        // What does not fit denies, so there is nothing to compare then.
        if let Some(bound) = Bound::new(&item, top, bottom, String::new())
            && let Some(exceeded) = bound.exceeded(quantity, price)
        {
            prop_assert_eq!(exceeded, oracle(&item, top, bottom, quantity, price));
        }
    }

    /// At the limit itself, where one unit decides.
    #[test]
    fn it_is_exact_on_the_boundary(
        scales in (0..=9u8, 0..=9u8),
        quantity in 1..1i64 << 40,
        price in 1..1i64 << 40,
        off in -1..=1i128,
    ) {
        let item = Instrument { price_scale: scales.0, size_scale: scales.1, ..coin() };
        let worth = i128::from(quantity) * i128::from(price);
        let bottom = 10u128.pow((scales.0 + scales.1).into());
        let bound = Bound::new(&item, worth + off, bottom, String::new()).expect("it fits");
        prop_assert_eq!(bound.exceeded(quantity, 2 * i128::from(price)), Some(off < 0));
    }

    /// Ordinary numbers always fit: nobody is denied by arithmetic.
    #[test]
    fn ordinary_numbers_fit(
        item in instrument(),
        top in 0..1i128 << 70,
        quantity in any::<i64>(),
        price in -(1i128 << 64)..=1i128 << 64,
    ) {
        let item = Instrument { multiplier: item.multiplier % 1_000_000_000 + 1, ..item };
        let fits = match item.inverse {
            false => true,
            // top x 10^(size + multiplier scale) against 128 bits
            true => item.size_scale + item.multiplier_scale <= 17,
        };
        if fits {
            let bound = Bound::new(&item, top, 1_000_000, String::new());
            prop_assert!(bound.is_some_and(|bound| bound.exceeded(quantity, price).is_some()));
        }
    }
}

#[test]
fn what_does_not_fit_has_no_bound() {
    let widest = Instrument {
        multiplier: i64::MAX,
        ..coin()
    };
    assert_eq!(Bound::new(&widest, 1, u128::MAX, String::new()), None);
    assert_eq!(Bound::new(&coin(), 1, 0, String::new()), None);
    let inverse = Instrument {
        inverse: true,
        size_scale: 18,
        ..coin()
    };
    assert_eq!(Bound::new(&inverse, i128::MAX, 1, String::new()), None);
}

#[test]
fn the_check_says_what_the_order_is_worth_more_than() {
    let bound = Bound::new(&coin(), 999, 1, "999 USDT".into()).expect("it fits");
    let max_order_value = Limit::Units(bound);
    let risk = risk(&Limits {
        max_order_value,
        ..free()
    });
    let said = "max_order_value: it is worth more than 999 USDT";
    assert_eq!(why(&risk, &buy(), &Fake::default()), [said]);
    let at_the_bid = order(Side::Sell, OrderType::Market, 10, None);
    assert!(why(&risk, &at_the_bid, &Fake::default()).is_empty());
    let blind = Fake {
        quote: None,
        ..Fake::default()
    };
    let said = format!("max_order_value: {NO_REFERENCE}");
    assert_eq!(why(&risk, &at_the_bid, &blind), [said]);
}
