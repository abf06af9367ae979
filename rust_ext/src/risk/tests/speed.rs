//! How long an order takes that passes everything:
//! `cargo test --release --no-default-features risk::tests::speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::*;

struct Plain(Fake);

impl World for Plain {
    fn now(&self) -> Nanos {
        self.0.now
    }
    fn quote(&self, _: InstrumentIx) -> Option<Quote> {
        self.0.quote
    }
    fn trade(&self, _: InstrumentIx) -> Option<(Nanos, i64, i64)> {
        None
    }
    fn bar(&self, _: InstrumentIx) -> Option<(Nanos, i64)> {
        None
    }
    fn position(&self, _: Option<BookIx>, _: InstrumentIx) -> i128 {
        3
    }
    fn working(&self, _: Option<BookIx>, _: InstrumentIx) -> (i128, i128) {
        (1, 2)
    }
    fn worth(&self, _: InstrumentIx, units: i128) -> Option<i128> {
        Some(units * 100)
    }
    fn data_ts(&self, _: InstrumentIx) -> Option<Nanos> {
        Some(self.0.now)
    }
    fn book_lost(&self, _: InstrumentIx) -> bool {
        false
    }
    fn resting(
        &self,
        ix: InstrumentIx,
        side: Side,
        visit: &mut dyn FnMut(BookIx, i64) -> ControlFlow<()>,
    ) {
        self.0.resting(ix, side, visit);
    }
}

#[test]
#[ignore = "a measurement"]
fn an_order_that_passes_every_check() {
    let bound = Bound::new(&coin(), 12_345_678, 10, "1234567.8 USDT".into()).expect("it fits");
    let limits = Limits {
        collar: Limit::Units(100_000_000),
        max_order_value: Limit::Units(bound),
        max_order_quantity: Limit::Units(1_000),
        max_position: Limit::Units(1_000),
        max_orders: Limit::Units(5),
        max_data_age: Limit::Units(1_000),
        duplicate: Limit::Units(0),
        ..free()
    };
    let mut controls = Controls::default();
    controls.complete(risk(&free()).names());
    for holder in controls.holders() {
        for control in Control::ALL {
            controls
                .of_mut(holder)
                .set(control, Limit::Units(1_000_000_000));
        }
        controls.of_mut(holder).messages_ms = 1;
        controls
            .of_mut(holder)
            .set(Control::Messages, Limit::Units(1_000));
    }
    let mut risk = with(&limits, controls);
    let mut world = Plain(Fake::default());
    world.0.resting = vec![(Side::Sell, 2, 10_500), (Side::Buy, 2, 9_000)];
    for asked in [buy(), order(Side::Buy, OrderType::Market, 10, None)] {
        let each = fastest(|| {
            world.0.now += 1;
            world.0.quote = quote(world.0.now, 9_990, 10_010);
            let asked = black_box(&asked);
            assert!(risk.reasons(asked, 10, black_box(&world)).is_empty());
        });
        println!("{:?}: {each} ns", asked.submit.order_type);
    }
    let mut now = NOW;
    let each = fastest(|| {
        now += 1;
        risk.approved(black_box(&buy()), now);
    });
    println!("approved: {each} ns");
}

/// Nanoseconds of one call in the fastest of many short rounds: others use the machine too.
fn fastest(mut call: impl FnMut()) -> u128 {
    const CALLS: u128 = 2_000;
    let round = |_| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        start.elapsed().as_nanos() / CALLS
    };
    (0..1_000).map(round).min().unwrap_or(0)
}
