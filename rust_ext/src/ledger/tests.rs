//! The ledger's identity, its refusals and its snapshots, over random histories.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::*;
use crate::fixed::{Rounding, inverse_value};
use crate::types::Side;

const USD: CurrencyIx = 0;
const BTC: CurrencyIx = 1;
const BNB: CurrencyIx = 2;
const SPOT: InstrumentIx = 0;
const SHARE: InstrumentIx = 1;
const LINEAR: InstrumentIx = 2;
const INVERSE: InstrumentIx = 3;

fn currencies() -> Vec<(String, u8)> {
    vec![
        ("USD".to_owned(), 2),
        ("BTC".to_owned(), 8),
        ("BNB".to_owned(), 8),
    ]
}

fn instrument(id: &str) -> Instrument {
    Instrument {
        id: id.to_owned(),
        price_scale: 3,
        size_scale: 0,
        tick: 1,
        lot: 1,
        min_quantity: 1,
        max_quantity: i64::MAX,
        min_notional: 0,
        multiplier: 1,
        multiplier_scale: 0,
        inverse: false,
        margined: false,
        base: None,
        quote: USD,
        settlement: USD,
        margin_initial: 100_000_000,
        margin_maintenance: 50_000_000,
        shortable: true,
        tradable: true,
    }
}

fn instruments() -> Vec<Instrument> {
    let spot = Instrument {
        base: Some(BTC),
        size_scale: 9,
        ..instrument("SPOT.V")
    };
    let share = instrument("SHARE.V");
    let linear = Instrument {
        margined: true,
        multiplier: 25,
        multiplier_scale: 4,
        ..instrument("LINEAR.V")
    };
    let inverse = Instrument {
        inverse: true,
        margined: true,
        settlement: BTC,
        multiplier: 100,
        ..instrument("INVERSE.V")
    };
    vec![spot, share, linear, inverse]
}

fn ledger() -> Ledger {
    Ledger::new(currencies(), instruments(), 2).unwrap()
}

fn execution(
    instrument: InstrumentIx,
    side: Side,
    price: i64,
    quantity: i64,
    fee: i128,
    fee_currency: CurrencyIx,
) -> Execution {
    Execution {
        instrument,
        side,
        price,
        quantity,
        fee,
        fee_currency,
    }
}

#[derive(Clone, Debug)]
enum Event {
    Fill {
        book: BookIx,
        instrument: InstrumentIx,
        leg: u64,
        buy: bool,
        price: i64,
        quantity: i64,
        fee: i128,
        fee_currency: CurrencyIx,
    },
    Cash {
        book: BookIx,
        currency: CurrencyIx,
        amount: i128,
    },
    Split {
        instrument: InstrumentIx,
        numerator: i64,
        denominator: i64,
        price: i64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let small = (1..200_000i64, 1..40i64);
    let fill = (
        0..2u32,
        0..4u32,
        0..3u64,
        any::<bool>(),
        small,
        -50..200i128,
        0..3u16,
    )
        .prop_map(
            |(book, instrument, leg, buy, (price, quantity), fee, fee_currency)| Event::Fill {
                book,
                instrument,
                leg,
                buy,
                price,
                quantity,
                fee,
                fee_currency,
            },
        );
    let cash =
        (0..2u32, 0..3u16, -1_000..1_000i128).prop_map(|(book, currency, amount)| Event::Cash {
            book,
            currency,
            amount,
        });
    let split = (SHARE..=LINEAR, 1..8i64, 1..8i64, 1..200_000i64).prop_map(
        |(instrument, numerator, denominator, price)| Event::Split {
            instrument,
            numerator,
            denominator,
            price,
        },
    );
    prop_oneof![12 => fill, 2 => cash, 1 => split]
}

fn side(buy: bool) -> Side {
    if buy { Side::Buy } else { Side::Sell }
}

fn apply(ledger: &mut Ledger, event: &Event) -> Result<(), NumericError> {
    match *event {
        Event::Fill {
            book,
            instrument,
            leg,
            buy,
            price,
            quantity,
            fee,
            fee_currency,
        } => ledger
            .apply_fill(
                book,
                leg,
                &execution(instrument, side(buy), price, quantity, fee, fee_currency),
            )
            .map(drop),
        Event::Cash {
            book,
            currency,
            amount,
        } => ledger.adjust_cash(book, currency, amount),
        Event::Split {
            instrument,
            numerator,
            denominator,
            price,
        } => (0..2).try_for_each(|book| {
            ledger
                .split(book, instrument, numerator, denominator, price)
                .map(drop)
        }),
    }
}

/// Residual units of a currency in one of its units.
fn fine(ledger: &Ledger, currency: CurrencyIx) -> i128 {
    let unit = ledger.currencies()[usize::from(currency)].1;
    10i128.pow(u32::from(ledger.residual(currency).1 - unit))
}

/// What the identity in the module's text says a currency must hold, in residual units.
#[derive(Default)]
struct Expected([i128; 3]);

impl Expected {
    fn add(&mut self, ledger: &Ledger, event: &Event) {
        match *event {
            Event::Cash {
                currency, amount, ..
            } => {
                self.0[usize::from(currency)] += amount * fine(ledger, currency);
            }
            Event::Fill {
                instrument,
                buy,
                price,
                quantity,
                fee,
                fee_currency,
                ..
            } => {
                self.0[usize::from(fee_currency)] -= fee * fine(ledger, fee_currency);
                let sign = i128::from(side(buy).sign());
                let traded = &ledger.instruments()[instrument as usize];
                if instrument == INVERSE {
                    let value = inverse_value(traded, price, quantity, 20, Rounding::HalfEven);
                    self.0[1] += sign * value.unwrap() * (fine(ledger, BTC) / 10i128.pow(12));
                } else {
                    self.0[0] -= sign * points(ledger, instrument, price.into(), quantity.into());
                }
                if instrument == SPOT {
                    self.0[1] += sign * i128::from(quantity) * (fine(ledger, BTC) / 10);
                }
            }
            Event::Split { .. } => unreachable!("what a split pays is read off the ledger"),
        }
    }
}

/// price x quantity x multiplier in residual units of USD.
fn points(ledger: &Ledger, instrument: InstrumentIx, price: i128, quantity: i128) -> i128 {
    let (multiplier, scale) = ledger.cost_factor(instrument);
    let (_, finest) = ledger.residual(USD);
    price * quantity * i128::from(multiplier) * 10i128.pow(u32::from(finest - scale))
}

/// Cost of what is open of a margined instrument, in residual units.
fn open_cost(ledger: &Ledger, instrument: InstrumentIx) -> i128 {
    let cost = |book, leg| ledger.cost(book, instrument, leg);
    let total: i128 = (0..2)
        .flat_map(|book| (0..3).map(move |leg| cost(book, leg)))
        .sum();
    if instrument == INVERSE {
        total * (fine(ledger, BTC) / 10i128.pow(12))
    } else {
        points(ledger, instrument, total, 1)
    }
}

fn held(ledger: &Ledger, currency: CurrencyIx) -> i128 {
    let units = ledger.balance(0, currency) + ledger.balance(1, currency);
    units * fine(ledger, currency) + ledger.residual(currency).0
}

/// Balances and residual less what is still in the open cost of margined legs.
fn settled(ledger: &Ledger) -> [i128; 3] {
    [
        held(ledger, USD) - open_cost(ledger, LINEAR),
        held(ledger, BTC) + open_cost(ledger, INVERSE),
        held(ledger, BNB),
    ]
}

/// The value of the fractions that a split pays out, in residual units of USD.
fn paid_out(before: &Ledger, event: &Event) -> i128 {
    let Event::Split {
        instrument,
        numerator,
        denominator,
        price,
    } = *event
    else {
        return 0;
    };
    let mut total = 0;
    for book in 0..2 {
        for (_, quantity) in before.open(book, instrument) {
            let fraction = i128::from(quantity) * i128::from(numerator) % i128::from(denominator);
            let value = crate::fixed::mul_div(
                fraction * i128::from(price),
                1,
                denominator.unsigned_abs().into(),
                Rounding::HalfEven,
            );
            total += points(before, instrument, value.unwrap(), 1);
        }
    }
    total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// After every event, every currency holds what was put in, exactly, with the residual.
    #[test]
    fn nothing_is_lost_or_made(events in prop::collection::vec(event(), 1..60)) {
        let mut ledger = ledger();
        let mut expected = Expected::default();
        for event in &events {
            if matches!(event, Event::Split { .. }) {
                expected.0[0] += paid_out(&ledger, event);
            } else {
                expected.add(&ledger, event);
            }
            apply(&mut ledger, event).unwrap();
            prop_assert_eq!(settled(&ledger), expected.0);
        }
    }

    /// Rounding leaves no more than half a currency unit per fill.
    #[test]
    fn each_settlement_leaves_half_a_unit_at_most(event in event()) {
        prop_assume!(!matches!(event, Event::Split { .. }));
        let mut ledger = ledger();
        apply(&mut ledger, &event).unwrap();
        for currency in [USD, BTC, BNB] {
            prop_assert!(2 * ledger.residual(currency).0.abs() <= fine(&ledger, currency));
        }
    }

    /// A fill through zero is a close and an open: same leg, same profit, same cash.
    #[test]
    fn a_flip_is_a_close_and_an_open(
        instrument in 0..4u32, buy in any::<bool>(), held in 1..50i64, more in 1..50i64,
        prices in (1..200_000i64, 1..200_000i64),
    ) {
        let mut once = ledger();
        once.apply_fill(0, 0, &execution(instrument, side(buy), prices.0, held, 0, USD)).unwrap();
        let mut twice = once.clone();
        let profit =
            once.apply_fill(0, 0, &execution(instrument, side(!buy), prices.1, held + more, 0, USD)).unwrap();
        let closing =
            twice.apply_fill(0, 0, &execution(instrument, side(!buy), prices.1, held, 0, USD)).unwrap();
        prop_assert_eq!(twice.cost(0, instrument, 0), 0);
        let opening =
            twice.apply_fill(0, 0, &execution(instrument, side(!buy), prices.1, more, 0, USD)).unwrap();
        prop_assert_eq!((profit, 0), (closing, opening));
        prop_assert_eq!(once.quantity(0, instrument, 0), twice.quantity(0, instrument, 0));
        // Of an inverse contract the whole fill's value is rounded once, not twice.
        let apart = once.cost(0, instrument, 0) - twice.cost(0, instrument, 0);
        prop_assert!(apart.abs() <= i128::from(instrument == INVERSE));
    }

    /// What overflows is refused by name and changes nothing, whatever the numbers.
    #[test]
    fn a_refusal_changes_nothing(
        fills in prop::collection::vec(
            (0..4u32, any::<bool>(), any::<i64>(), any::<i64>(), any::<i128>(), 0..3u16), 1..12,
        ),
        ratio in (any::<i64>(), any::<i64>()),
        amount in any::<i128>(),
    ) {
        let mut ledger = ledger();
        for (instrument, buy, price, quantity, fee, currency) in fills {
            for shift in [0, 30] {
                let before = ledger.digest();
                let (price, quantity, fee) = (price >> shift, quantity >> shift, fee >> shift);
                let filled =
                    ledger.apply_fill(0, 0, &execution(instrument, side(buy), price, quantity, fee, currency));
                prop_assert!(filled.is_ok() || ledger.digest() == before);
                let before = ledger.digest();
                let split = ledger.split(0, instrument, ratio.0 >> shift, ratio.1 >> shift, price);
                prop_assert!(split.is_ok() || ledger.digest() == before);
                let before = ledger.digest();
                let adjusted = ledger.adjust_cash(0, currency, amount);
                prop_assert!(adjusted.is_ok() || ledger.digest() == before);
                let _ = ledger.unrealized(0, instrument, price);
                let _ = ledger.margin(0, Margin::Initial, |_| Some(price));
            }
        }
    }

    /// A snapshot restores everything and the two go on alike; its bytes are canonical.
    #[test]
    fn a_snapshot_restores_everything(
        before in prop::collection::vec(event(), 0..30),
        after in prop::collection::vec(event(), 0..10),
    ) {
        let mut original = ledger();
        before.iter().for_each(|event| apply(&mut original, event).unwrap());
        let mut copy = ledger();
        after.iter().for_each(|event| apply(&mut copy, event).unwrap());
        copy.restore(&original.snapshot()).unwrap();
        for event in &after {
            apply(&mut original, event).unwrap();
            apply(&mut copy, event).unwrap();
        }
        prop_assert_eq!(original.snapshot(), copy.snapshot());
        prop_assert_eq!(original.digest(), copy.digest());
    }

    /// A damaged snapshot is refused and changes nothing.
    #[test]
    fn a_damaged_snapshot_is_refused(
        events in prop::collection::vec(event(), 1..10), at in any::<prop::sample::Index>(),
        flip in 1..=255u8, cut in any::<bool>(),
    ) {
        let mut ledger = ledger();
        events.iter().for_each(|event| apply(&mut ledger, event).unwrap());
        let mut bytes = ledger.snapshot();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        let before = ledger.digest();
        prop_assert_eq!(ledger.restore(&bytes), Err(SnapshotError::Damaged));
        prop_assert_eq!(ledger.digest(), before);
    }

    /// No bytes whatever make `restore` panic.
    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(ledger().restore(&bytes).is_err());
    }

    /// A position of the largest scales is exact, where 128 bits after the multiplier are not enough.
    #[test]
    fn eighteen_decimals_are_exact(price in 1..i64::MAX, quantity in 1..i64::MAX, mark in 1..i64::MAX) {
        let finest = Instrument {
            margined: true, price_scale: 18, size_scale: 18, multiplier: i64::MAX, multiplier_scale: 12,
            ..instrument("FINEST.V")
        };
        let mut ledger = Ledger::new(vec![("USD".to_owned(), 18)], vec![finest], 1).unwrap();
        ledger.apply_fill(0, 0, &execution(0, Side::Buy, price, quantity, 0, 0)).unwrap();
        let exact = (BigInt::from(mark) - price) * quantity * i64::MAX;
        let found = BigInt::from(ledger.unrealized(0, 0, mark).unwrap());
        let error = found * BigInt::from(10).pow(30) - exact;
        prop_assert!(BigInt::from(error.magnitude().clone()) * 2 <= BigInt::from(10).pow(30));
    }
}

#[test]
fn a_snapshot_of_other_lists_or_of_a_newer_version_is_refused() {
    let mut ledger = ledger();
    let other = Ledger::new(currencies(), instruments(), 3).unwrap();
    assert_eq!(
        ledger.restore(&other.snapshot()),
        Err(SnapshotError::OtherLists)
    );
    let mut renamed = currencies();
    renamed[2].0 = "BUSD".to_owned();
    let other = Ledger::new(renamed, instruments(), 2).unwrap();
    assert_eq!(
        ledger.restore(&other.snapshot()),
        Err(SnapshotError::OtherLists)
    );

    let mut newer = ledger.snapshot();
    newer.truncate(newer.len() - 32);
    newer[4] = 200;
    let sum = blake3::hash(&newer);
    newer.extend(sum.as_bytes());
    assert_eq!(ledger.restore(&newer), Err(SnapshotError::TooNew(200)));
}

#[test]
fn scales_beyond_the_residual_are_refused_at_construction() {
    let too_fine = Instrument {
        price_scale: 18,
        size_scale: 15,
        ..instrument("FINE.V")
    };
    let made = Ledger::new(currencies(), vec![too_fine], 1);
    assert!(matches!(made, Err(NumericError::Overflow(_))));
}

#[test]
fn margin_is_rounded_up_and_counts_every_leg() {
    let mut ledger = ledger();
    ledger
        .apply_fill(0, 1, &execution(LINEAR, Side::Buy, 100_003, 3, 0, USD))
        .unwrap();
    ledger
        .apply_fill(0, 2, &execution(LINEAR, Side::Sell, 100_003, 1, 0, USD))
        .unwrap();
    // 100.003 x 3 x 0.0025 = 0.7500225 -> 0.76, a tenth is 0.076 -> 0.08; the short 0.26 -> 0.03.
    let initial = ledger
        .margin(0, Margin::Initial, |_| Some(100_003))
        .unwrap();
    assert_eq!(initial, [11, 0, 0]);
    let missing = ledger.margin(0, Margin::Initial, |_| None);
    assert!(matches!(missing, Err(NumericError::MissingPrice(_))));
}
