//! The place of a resting order in its level.

use super::*;
use Side::{Buy, Sell};

pub fn queued(passive: Passive, queue: Queue) -> Desk {
    let config = ExchangeConfig {
        passive,
        queue,
        ..config()
    };
    Desk::new(config, contract())
}

impl Desk {
    pub fn print(&mut self, price: i64, size: i64, aggressor: Option<Side>) -> Vec<Report> {
        let trade = Trade {
            ts_event: 0,
            ts_received: 0,
            price,
            size,
            aggressor,
            trade_id: 0,
        };
        self.step(|venue, ts, out| venue.on_trade(ts, 0, &trade, out))
    }

    /// Both sides of a book anew, as (price, size).
    pub fn book(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Vec<Report> {
        let mut book = Book::new();
        book.clear();
        for (side, levels) in [(Buy, bids), (Sell, asks)] {
            for &(price, size) in levels {
                book.apply(crate::types::Level { side, price, size });
            }
        }
        self.step(|venue, ts, out| venue.on_book(ts, 0, &book, out))
    }

    /// What stands before each bid, best first.
    pub fn ahead(&self) -> Vec<i64> {
        let buys = &self.venue.orders.desk(0).buys;
        buys.iter().map(|entry| entry.place.ahead()).collect()
    }
}

/// A book of 20 at 100 and 5 at 99 against 10 at 102, and a bid of 4 at 100.
fn behind_twenty(passive: Passive, queue: Queue) -> Desk {
    let mut desk = queued(passive, queue);
    show(&mut desk, 20);
    desk.send(limit(Buy, 4, 100));
    desk
}

fn show(desk: &mut Desk, size: i64) -> Vec<Report> {
    desk.book(&[(100, size), (99, 5)], &[(102, 10)])
}

fn conservative() -> Desk {
    behind_twenty(Passive::Trades, Queue::Conservative)
}

#[test]
fn an_order_fills_with_what_a_print_has_beyond_the_size_it_stands_behind() {
    let mut desk = conservative();
    assert_eq!(desk.ahead(), [20]);
    assert_eq!(fills(&desk.print(100, 18, Some(Sell))), []);
    assert_eq!(desk.ahead(), [2]);
    assert_eq!(fills(&desk.print(100, 2, Some(Sell))), []);
    assert_eq!(fills(&desk.print(100, 3, Some(Sell))), [(100, 3)]);
    let reports = desk.print(100, 3, Some(Sell));
    assert_eq!(fills(&reports), [(100, 1)]);
    assert!(is_maker(&reports));
}

#[test]
fn one_print_takes_what_is_ahead_and_then_the_order() {
    let mut desk = conservative();
    assert_eq!(fills(&desk.print(100, 22, Some(Sell))), [(100, 2)]);
    assert_eq!(desk.ahead(), [0]);
}

#[test]
fn nothing_is_ahead_at_an_empty_level_or_inside_the_spread() {
    let mut desk = queued(Passive::Trades, Queue::Conservative);
    show(&mut desk, 20);
    for price in [101, 98, 50] {
        desk.send(limit(Buy, 4, price));
    }
    assert_eq!(desk.ahead(), [0, 0, 0]);
    assert_eq!(fills(&desk.print(101, 1, Some(Sell))), [(101, 1)]);
    desk.book(&[(101, 7), (100, 20)], &[(102, 10)]);
    assert_eq!(desk.ahead(), [0, 0, 0], "who joins stands behind");
}

#[test]
fn a_print_through_the_limit_fills_all_of_it() {
    let mut desk = conservative();
    assert_eq!(fills(&desk.print(99, 1, Some(Sell))), [(100, 4)]);
}

#[test]
fn a_print_of_the_own_side_moves_nothing() {
    let mut desk = conservative();
    assert_eq!(fills(&desk.print(100, 50, Some(Buy))), []);
    assert_eq!(desk.ahead(), [20]);
}

#[test]
fn a_print_without_a_side_is_told_by_the_touch() {
    let mut desk = conservative();
    desk.send(limit(Sell, 4, 102));
    desk.print(102, 50, None);
    assert_eq!(desk.ahead(), [20]);
    assert_eq!(fills(&desk.print(100, 21, None)), [(100, 1)]);
    desk.send(limit(Buy, 4, 101));
    assert_eq!(
        fills(&desk.print(101, 3, None)),
        [(101, 3)],
        "either side's"
    );
}

#[test]
fn a_print_of_unknown_size_does_not_reach_who_waits() {
    let mut desk = conservative();
    assert_eq!(fills(&desk.print(100, UNDEFINED, Some(Sell))), []);
    assert_eq!(desk.ahead(), [20]);
}

#[test]
fn a_replace_keeps_the_place_only_when_nothing_but_the_size_shrinks() {
    let mut desk = conservative();
    desk.print(100, 15, Some(Sell));
    desk.replace(1, 3, 100);
    assert_eq!(desk.ahead(), [5]);
    desk.replace(1, 4, 100);
    assert_eq!(desk.ahead(), [20], "larger: the last again");
    desk.replace(1, 4, 99);
    assert_eq!(desk.ahead(), [5], "behind the other level");
}

#[test]
fn conservative_cancels_come_from_behind_first() {
    let mut desk = conservative();
    show(&mut desk, 30);
    assert_eq!(desk.ahead(), [20]);
    show(&mut desk, 20);
    assert_eq!(desk.ahead(), [20]);
    show(&mut desk, 12);
    assert_eq!(desk.ahead(), [12]);
    show(&mut desk, 0);
    assert_eq!(desk.ahead(), [0]);
    assert_eq!(fills(&show(&mut desk, 9)), [], "trades alone fill");
}

#[test]
fn proportional_cancels_are_spread_and_rounded_against_the_order() {
    let mut desk = behind_twenty(Passive::Trades, Queue::Proportional);
    show(&mut desk, 60);
    show(&mut desk, 57);
    assert_eq!(desk.ahead(), [19], "20 x 3 / 60 = 1 left");
    show(&mut desk, 55);
    assert_eq!(desk.ahead(), [19], "19 x 2 / 57 = 0.67 does not");
    show(&mut desk, 1);
    assert_eq!(desk.ahead(), [1], "19 x 54 / 55 = 18.65");
    show(&mut desk, 0);
    assert_eq!(desk.ahead(), [0]);
}

#[test]
fn proportional_shares_do_not_overflow() {
    let mut desk = queued(Passive::Trades, Queue::Proportional);
    let much = i64::MAX - 1;
    show(&mut desk, much);
    desk.send(limit(Buy, 4, 100));
    show(&mut desk, 1);
    assert_eq!(desk.ahead(), [1]);
}

#[test]
fn a_print_and_the_decrease_that_follows_it_are_one_volume() {
    let mut desk = behind_twenty(Passive::Trades, Queue::Proportional);
    show(&mut desk, 40);
    desk.print(100, 5, Some(Sell));
    assert_eq!(desk.ahead(), [15]);
    show(&mut desk, 35);
    assert_eq!(desk.ahead(), [15], "all of it was printed");
    desk.print(100, 5, Some(Sell));
    show(&mut desk, 24);
    assert_eq!(desk.ahead(), [8], "10 - 10 x 6 / 30");
}

#[test]
fn prints_are_settled_over_several_decreases_and_by_an_increase() {
    let mut desk = behind_twenty(Passive::Trades, Queue::Proportional);
    show(&mut desk, 40);
    desk.print(100, 4, Some(Sell));
    desk.print(100, 6, Some(Sell));
    show(&mut desk, 36);
    show(&mut desk, 36);
    show(&mut desk, 30);
    assert_eq!(desk.ahead(), [10]);
    desk.print(100, 5, Some(Sell));
    show(&mut desk, 50);
    show(&mut desk, 40);
    assert_eq!(desk.ahead(), [4], "5 - 5 x 10 / 50");
}

#[test]
fn own_orders_keep_their_order_and_share_a_print() {
    let mut desk = conservative();
    show(&mut desk, 23);
    desk.send(limit(Buy, 4, 100));
    assert_eq!(desk.ahead(), [20, 23]);
    let reports = desk.print(100, 25, Some(Sell));
    assert_eq!(fills(&reports), [(100, 4)], "2 + 4 are before the second");
    let filled = fills_of(&desk.print(100, 3, Some(Sell)));
    assert_eq!(
        filled
            .iter()
            .map(|f| (f.id, f.quantity))
            .collect::<Vec<_>>(),
        [(2, 3)]
    );
}

#[test]
fn a_level_deeper_than_a_quote_is_unknown_until_it_is_the_touch() {
    let mut desk = queued(Passive::Trades, Queue::Conservative);
    desk.quote(100, 20, 102, 10);
    desk.send(limit(Buy, 4, 99));
    desk.send(limit(Buy, 4, 101));
    assert_eq!(desk.ahead(), [0, i64::MAX]);
    desk.cancel(2);
    assert_eq!(fills(&desk.print(99, 50, Some(Sell))), []);
    desk.quote(99, 8, 102, 10);
    assert_eq!(desk.ahead(), [8]);
    desk.quote(100, 3, 102, 10);
    desk.quote(99, 6, 102, 10);
    assert_eq!(desk.ahead(), [6]);
    assert_eq!(fills(&desk.print(99, 7, Some(Sell))), [(99, 1)]);
}

#[test]
fn a_level_without_a_size_never_moves_an_order_up() {
    let mut desk = queued(Passive::Trades, Queue::Conservative);
    desk.quote(100, UNDEFINED, 102, UNDEFINED);
    desk.send(limit(Buy, 4, 100));
    assert_eq!(fills(&desk.print(100, 50, Some(Sell))), []);
    assert_eq!(fills(&desk.print(99, 1, Some(Sell))), [(100, 4)]);
}

#[test]
fn a_level_below_those_that_the_venue_keeps_is_unknown() {
    let mut desk = queued(Passive::Trades, Queue::Conservative);
    let bids: Vec<_> = (0..70).map(|n| (1_000 - n, 5)).collect();
    desk.book(&bids, &[(1_001, 5)]);
    desk.send(limit(Buy, 1, 1_000 - 63));
    desk.send(limit(Buy, 1, 1_000 - 64));
    assert_eq!(desk.ahead(), [5, i64::MAX]);
    desk.book(&bids[1..], &[(1_001, 5)]);
    assert_eq!(desk.ahead(), [5, 5]);
}

#[test]
fn a_gap_in_the_book_keeps_the_place() {
    let mut desk = conservative();
    desk.print(100, 5, Some(Sell));
    desk.venue.on_book_invalid(0);
    assert_eq!(desk.ahead(), [15]);
    show(&mut desk, 30);
    assert_eq!(desk.ahead(), [15]);
}

#[test]
fn with_both_streams_an_offer_at_the_limit_fills_too() {
    let mut desk = behind_twenty(Passive::Both, Queue::Conservative);
    assert_eq!(fills(&desk.print(100, 21, Some(Sell))), [(100, 1)]);
    let reports = desk.book(&[(99, 5)], &[(100, 2)]);
    assert_eq!(fills(&reports), [(100, 2)], "what the seller has left");
    assert_eq!(fills(&desk.book(&[(99, 5)], &[(100, 2)])), []);
    assert_eq!(
        fills(&desk.print(100, 2, Some(Buy))),
        [],
        "that offer again"
    );
    assert_eq!(fills(&desk.print(99, 2, Some(Buy))), []);
    assert_eq!(fills(&desk.print(99, 2, Some(Sell))), [(100, 1)]);
}

#[test]
fn with_both_streams_offers_at_a_locked_price_go_to_what_is_ahead_first() {
    let mut desk = behind_twenty(Passive::Both, Queue::Conservative);
    let reports = desk.book(&[(100, 20)], &[(100, 18)]);
    assert_eq!(fills(&reports), []);
    let reports = desk.book(&[(100, 20)], &[(100, 23)]);
    assert_eq!(fills(&reports), [(100, 3)]);
}

#[test]
fn fills_are_whole_lots_wherever_the_cancels_left_us() {
    let config = ExchangeConfig {
        passive: Passive::Trades,
        queue: Queue::Proportional,
        ..config()
    };
    let mut desk = Desk::new(
        config,
        Instrument {
            lot: 10,
            ..contract()
        },
    );
    show(&mut desk, 30);
    desk.send(limit(Buy, 20, 100));
    show(&mut desk, 60);
    show(&mut desk, 40);
    assert_eq!(desk.ahead(), [20]);
    show(&mut desk, 30);
    assert_eq!(desk.ahead(), [15]);
    assert_eq!(fills(&desk.print(100, 30, Some(Sell))), [(100, 10)]);
}

#[test]
fn bars_know_no_queue() {
    let mut desk = queued(Passive::Trades, Queue::Conservative);
    desk.send(limit(Buy, 4, 100));
    let (opened, closed) = desk.bar([102, 103, 99, 101], 50);
    assert_eq!((fills(&opened), fills(&closed)), (vec![], vec![(100, 4)]));
}
