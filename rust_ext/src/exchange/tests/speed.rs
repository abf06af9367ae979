//! What the venue costs by event and by order. Run by hand:
//! `cargo test --release --no-default-features exchange::tests::speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::*;
use crate::types::Level;
use Side::{Buy, Sell};

const ROUNDS: usize = 1_000;
const BATCH: usize = 200;

/// Fastest of many short rounds, nanoseconds a call.
fn fastest(mut call: impl FnMut(usize)) -> u128 {
    let round = |_| {
        let start = Instant::now();
        (0..BATCH).for_each(&mut call);
        start.elapsed().as_nanos() / BATCH as u128
    };
    (0..ROUNDS).map(round).min().unwrap_or(0)
}

fn desk(queue: Queue) -> Desk {
    let passive = if queue == Queue::None {
        Passive::Trades
    } else {
        Passive::Both
    };
    let balances = vec![(USD, 1_000_000_000_000)];
    let config = ExchangeConfig {
        passive,
        queue,
        balances,
        ..config()
    };
    Desk::new(config, contract())
}

fn book(depth: i64, size: i64) -> Book {
    let mut book = Book::new();
    book.clear();
    for n in 0..depth {
        book.apply(Level {
            side: Buy,
            price: 1_000 - n,
            size,
        });
        book.apply(Level {
            side: Sell,
            price: 1_001 + n,
            size,
        });
    }
    book
}

fn show(desk: &mut Desk, books: &[Book; 2]) -> u128 {
    let mut out = Vec::new();
    fastest(|n| {
        desk.ts += 1;
        desk.venue
            .on_book(desk.ts, 0, black_box(&books[n % 2]), &mut out);
        assert!(out.is_empty());
    })
}

fn print(desk: &mut Desk, price: i64) -> u128 {
    let mut out = Vec::new();
    let trade = Trade {
        ts_event: 0,
        ts_received: 0,
        price,
        size: 1,
        aggressor: Some(Sell),
        trade_id: 0,
    };
    fastest(|_| {
        desk.ts += 1;
        desk.venue.on_trade(desk.ts, 0, black_box(&trade), &mut out);
        assert!(out.is_empty());
    })
}

#[test]
#[ignore = "measures"]
fn speed() {
    for queue in [Queue::None, Queue::Conservative, Queue::Proportional] {
        for depth in [1, 20] {
            let mut desk = desk(queue);
            let large = 1 << 40;
            let books = [book(depth, large), book(depth, large - 1)];
            let idle = show(&mut desk, &books);
            let idle_trade = print(&mut desk, 1_000);
            desk.send(limit(Buy, 1, 1_000 - depth + 1));
            desk.send(limit(Sell, 1, 1_000 + depth));
            let resting = show(&mut desk, &books);
            // Without a queue a print at the level would fill: one above it then.
            let plain = queue == Queue::None;
            let at = 1_000 - depth + 1 + i64::from(plain);
            if plain {
                desk.cancel(2);
            }
            let trade = print(&mut desk, at);
            eprintln!(
                "{queue:?}, {depth} levels: book {idle} ns idle, {resting} ns with two orders; print {idle_trade} ns idle, {trade} ns"
            );
        }
    }
    let mut desk = desk(Queue::Conservative);
    desk.book(&[(1_000, 50)], &[(1_001, 50)]);
    desk.send(limit(Buy, 1, 999));
    let mut out = Vec::new();
    let mut id = 10;
    let submit = |id| {
        Box::new(Submit {
            id,
            ..limit(Sell, 1, 1_002)
        })
    };
    let cancel = fastest(|_| {
        id += 1;
        desk.ts += 1;
        out.clear();
        desk.venue
            .on_command(desk.ts, Command::Submit(submit(id)), &mut out);
        desk.venue
            .on_command(desk.ts, Command::Cancel { id, instrument: 0 }, &mut out);
    });
    let mut side = Buy;
    let fill = fastest(|_| {
        id += 1;
        desk.ts += 1;
        out.clear();
        side = side.opposite();
        let price = if side == Buy { 999 } else { 1_002 };
        let order = Submit {
            id,
            ..limit(side, 1, price)
        };
        desk.venue
            .on_command(desk.ts, Command::Submit(Box::new(order)), &mut out);
        let trade = Trade {
            ts_event: 0,
            ts_received: 0,
            price: price - side.sign(),
            size: 1,
            aggressor: Some(side.opposite()),
            trade_id: 0,
        };
        desk.venue.on_trade(desk.ts, 0, &trade, &mut out);
    });
    eprintln!("submit and cancel {cancel} ns, submit and fill {fill} ns");
}
