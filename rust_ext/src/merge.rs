//! The order of everything that happens, and the merge of feeds by it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::types::Nanos;

/// What comes first at one instant. The numbered classes are the ones the core sees; the others
/// happen at a venue only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A venue's own deadline: an order that is good till `t` does not trade at `t`.
    Deadline,
    /// Class 0: splits and dividends.
    Corporate,
    /// Class 1.
    Market,
    /// A command reaches its venue, whose book includes this instant.
    Command,
    /// Class 2.
    BarClose,
    /// Class 3: venue reports.
    Report,
    /// Class 4.
    Timer,
    /// Class 5: commands of an operator, and whatever else comes from outside.
    Control,
    /// Class 6: a recorded bar opens, for the venue only, after every decision of this instant.
    BarOpen,
}

/// Place of an input in the total order. `order` is the feed, venue, builder or timer handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub ts: Nanos,
    pub phase: Phase,
    pub order: u64,
}

/// The heads of all feeds; the smallest is at hand, and a run of one feed costs one comparison a row.
#[derive(Debug, Default)]
pub struct Merge {
    first: Option<Key>,
    rest: BinaryHeap<Reverse<Key>>,
}

impl Merge {
    /// Add the head of another feed.
    pub fn add(&mut self, head: Key) {
        if let Some(first) = self.first.replace(head) {
            self.rest.push(Reverse(first));
            self.restore();
        }
    }

    /// The smallest head.
    #[inline]
    pub fn first(&self) -> Option<Key> {
        self.first
    }

    /// The smallest head but the first.
    #[inline]
    pub fn rival(&self) -> Option<Key> {
        self.rest.peek().map(|head| head.0)
    }

    /// The first feed moved on to its next row; None when it has no more.
    #[inline]
    pub fn replace_first(&mut self, next: Option<Key>) {
        self.first = next;
        if next.is_none() {
            self.first = self.rest.pop().map(|head| head.0);
        } else {
            self.restore();
        }
    }

    #[inline]
    fn restore(&mut self) {
        let (Some(first), Some(mut rival)) = (&mut self.first, self.rest.peek_mut()) else {
            return;
        };
        if rival.0 < *first {
            std::mem::swap(&mut rival.0, first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Merging sorted feeds is sorting all rows by (ts, class, feed), stable in the rows.
        #[test]
        fn the_merge_is_a_stable_sort(
            feeds in proptest::collection::vec(
                (any::<bool>(), proptest::collection::vec(0i64..20, 0..30)), 0..6)
        ) {
            let mut rows: Vec<Vec<Key>> = Vec::new();
            for (order, (corporate, stamps)) in feeds.into_iter().enumerate() {
                let phase = if corporate { Phase::Corporate } else { Phase::Market };
                let mut stamps = stamps;
                stamps.sort();
                rows.push(stamps.iter().map(|&ts| Key { ts, phase, order: order as u64 }).collect());
            }
            let mut expected: Vec<Key> = rows.concat();
            expected.sort();
            let mut next = vec![1usize; rows.len()];
            let mut merge = Merge::default();
            rows.iter().filter_map(|feed| feed.first()).for_each(|head| merge.add(*head));
            let mut merged = Vec::new();
            while let Some(head) = merge.first() {
                merged.push(head);
                let feed = head.order as usize;
                merge.replace_first(rows[feed].get(next[feed]).copied());
                next[feed] += 1;
            }
            prop_assert_eq!(merged, expected);
        }
    }
}
