//! `cargo test --release --no-default-features orders::tests::speed -- --ignored --nocapture \
//! --test-threads=1`

use super::*;

/// Nanoseconds that this thread has run for: other programs do not count (Linux).
fn cpu() -> u128 {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    spent.split(' ').next().unwrap().parse().unwrap()
}

/// Limit buy: added, sent, accepted, filled and by that closed. One order after the other.
fn life(table: &mut OrderTable, names: &Directory, id: u128) {
    table.add(intent(id)).unwrap();
    for what in [What::Submitted, accepted(), fill(SIZE, id as u64, 0)] {
        table.apply(&event(id, what), names).unwrap();
    }
}

#[test]
#[ignore = "a measurement"]
fn nanoseconds_per_order() {
    const ORDERS: u128 = 200_000;
    let names = names();
    for (label, recent) in [("all kept whole", usize::MAX), ("1000 kept whole", 1000)] {
        for open in [0, 100] {
            let mut table = OrderTable::new(recent, 10_000);
            for id in 0..open {
                table.add(intent(1 << 100 | id)).unwrap();
            }
            let start = cpu();
            for id in 1..=ORDERS {
                life(&mut table, &names, 7 << 64 | id);
            }
            let spent = (cpu() - start) / ORDERS;
            println!("{label}, {open} others open: {spent} ns per order of 4 steps");
        }
    }
    let mut table = OrderTable::new(usize::MAX, 0);
    (1..=ORDERS).for_each(|id| life(&mut table, &names, 7 << 64 | id));
    let start = cpu();
    let found = (1..=ORDERS).filter(|id| table.find(7 << 64 | id).is_some());
    let found = found.count() as u128;
    println!("find: {} ns", (cpu() - start) / found);
    let start = cpu();
    table.digest(&names);
    println!("digest: {} ns per order", (cpu() - start) / found);
    println!("an order is {} bytes", size_of::<Order>());
}
