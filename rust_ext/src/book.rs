//! An L2 order book: integer price levels per side, best first.
//!
//! Two ordered maps: every change is O(log n), and the top is the end of a map. A book that is not
//! valid (never filled by a snapshot, or behind a gap) is empty and ignores changes, so nobody can
//! trade on half of a book by accident.

use std::collections::BTreeMap;

use crate::types::{Level, Side};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    valid: bool,
}

impl Book {
    /// An empty book, invalid until `clear` starts a snapshot.
    pub fn new() -> Self {
        Self::default()
    }

    /// Highest bid as (price, size).
    pub fn best_bid(&self) -> Option<(i64, i64)> {
        self.bids.last_key_value().map(|(p, s)| (*p, *s))
    }

    /// Lowest ask as (price, size).
    pub fn best_ask(&self) -> Option<(i64, i64)> {
        self.asks.first_key_value().map(|(p, s)| (*p, *s))
    }

    /// (price, size) from the highest bid down.
    pub fn bids(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + '_ {
        self.bids.iter().rev().map(|(p, s)| (*p, *s))
    }

    /// (price, size) from the lowest ask up.
    pub fn asks(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + '_ {
        self.asks.iter().map(|(p, s)| (*p, *s))
    }

    /// Number of price levels on a side.
    pub fn depth(&self, side: Side) -> usize {
        match side {
            Side::Buy => self.bids.len(),
            Side::Sell => self.asks.len(),
        }
    }

    /// Set a level to a new size; size 0 deletes it. Ignored while the book is invalid.
    pub fn apply(&mut self, level: Level) {
        if !self.valid {
            return;
        }
        let side = match level.side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if level.size == 0 {
            side.remove(&level.price);
        } else {
            side.insert(level.price, level.size);
        }
    }

    /// Start a snapshot: no levels, valid.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
        self.valid = true;
    }

    /// A gap: nothing is known until the next snapshot.
    pub fn invalidate(&mut self) {
        self.clear();
        self.valid = false;
    }

    pub fn is_valid(&self) -> bool {
        self.valid
    }

    /// Whether the best bid is above the best ask: a defect of the data.
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some((bid, _)), Some((ask, _))) if bid > ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn level(side: Side, price: i64, size: i64) -> Level {
        Level { side, price, size }
    }

    #[test]
    fn a_book_is_empty_and_deaf_until_a_snapshot() {
        let mut book = Book::new();
        book.apply(level(Side::Buy, 100, 1));
        assert!(!book.is_valid());
        assert_eq!(book.best_bid(), None);
        book.clear();
        book.apply(level(Side::Buy, 100, 1));
        assert_eq!(book.best_bid(), Some((100, 1)));
        book.invalidate();
        assert_eq!(book, Book::new());
    }

    #[test]
    fn levels_come_best_first() {
        let mut book = Book::new();
        book.clear();
        for price in [99, 101, 100] {
            book.apply(level(Side::Buy, price, price));
            book.apply(level(Side::Sell, price + 10, price));
        }
        assert_eq!(book.bids().map(|l| l.0).collect::<Vec<_>>(), [101, 100, 99]);
        assert_eq!(
            book.asks().map(|l| l.0).collect::<Vec<_>>(),
            [109, 110, 111]
        );
        assert!(!book.is_crossed());
        book.apply(level(Side::Buy, 110, 1));
        assert!(book.is_crossed());
    }

    proptest! {
        /// The book equals a plain list of levels sorted at the end.
        #[test]
        fn a_book_is_the_last_size_of_each_level(
            changes in proptest::collection::vec((any::<bool>(), 1i64..40, 0i64..5), 0..200)
        ) {
            let mut book = Book::new();
            book.clear();
            let mut plain: Vec<(bool, i64, i64)> = Vec::new();
            for &(bid, price, size) in &changes {
                book.apply(level(if bid { Side::Buy } else { Side::Sell }, price, size));
                plain.retain(|l| (l.0, l.1) != (bid, price));
                if size > 0 {
                    plain.push((bid, price, size));
                }
            }
            let mut bids: Vec<_> = plain.iter().filter(|l| l.0).map(|l| (l.1, l.2)).collect();
            bids.sort_by_key(|l| -l.0);
            let mut asks: Vec<_> = plain.iter().filter(|l| !l.0).map(|l| (l.1, l.2)).collect();
            asks.sort();
            prop_assert_eq!(book.best_bid(), bids.first().copied());
            prop_assert_eq!(book.best_ask(), asks.first().copied());
            prop_assert_eq!(book.bids().collect::<Vec<_>>(), bids);
            prop_assert_eq!(book.asks().collect::<Vec<_>>(), asks);
        }
    }
}
