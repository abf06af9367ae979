//! What the venue remembers of ids and groups: enough never to take one twice, in bounded memory.
//!
//! An id is a lane (its upper half: who minted it) and a counter that only grows within the lane. Ids of
//! orders that ended are kept one by one for the last `REMEMBERED`; of older ones only the highest
//! counter of the lane is, and every id up to it counts as used. Groups that are done are kept for the
//! last `REMEMBERED`, too; after that the name is free again.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::BuildHasherDefault;

use super::orders::Key;
use crate::orders::IdHasher;

/// Ended orders, and groups that are done, that are remembered one by one.
pub const REMEMBERED: usize = 1 << 17;

/// What is known of a client order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    Live(Key),
    Closed { cumulative: i64 },
}

#[derive(Clone, Debug, Default)]
pub struct Ids {
    all: HashMap<u128, Known, BuildHasherDefault<IdHasher>>,
    /// In the order in which they ended.
    ended: VecDeque<u128>,
    /// The highest counter of each lane that is not remembered by itself.
    forgotten: BTreeMap<u64, u64>,
}

impl Ids {
    pub fn get(&self, id: u128) -> Option<Known> {
        let known = self.all.get(&id).copied();
        known.or_else(|| {
            let highest = *self.forgotten.get(&lane(id))?;
            (id as u64 <= highest).then_some(Known::Closed { cumulative: 0 })
        })
    }

    pub fn open(&mut self, id: u128, key: Key) {
        self.all.insert(id, Known::Live(key));
    }

    /// An id whose order ended, or was refused.
    pub fn end(&mut self, id: u128, cumulative: i64) {
        let before = self.all.insert(id, Known::Closed { cumulative });
        if matches!(before, Some(Known::Closed { .. })) {
            return;
        }
        self.ended.push_back(id);
        while self.ended.len() > REMEMBERED {
            let Some(oldest) = self.ended.pop_front() else {
                return;
            };
            self.all.remove(&oldest);
            let highest = self.forgotten.entry(lane(oldest)).or_default();
            *highest = (*highest).max(oldest as u64);
        }
    }

    /// Entries of any kind.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        self.all.len() + self.ended.len() + self.forgotten.len()
    }
}

fn lane(id: u128) -> u64 {
    (id >> 64) as u64
}

#[derive(Clone, Debug, Default)]
struct Group {
    members: Vec<Key>,
    done: bool,
}

/// Groups of orders that cancel each other; 0 is none.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    all: BTreeMap<u64, Group>,
    /// In the order in which they were done.
    done: VecDeque<u64>,
}

impl Groups {
    pub fn join(&mut self, group: u64, key: Key) {
        if group != 0 {
            self.all.entry(group).or_default().members.push(key);
        }
    }

    pub fn leave(&mut self, group: u64, key: Key) {
        if let Some(known) = self.all.get_mut(&group) {
            known.members.retain(|member| *member != key);
            if known.members.is_empty() && !known.done {
                self.all.remove(&group);
            }
        }
    }

    /// Live orders of a group, in order of arrival.
    pub fn members(&self, group: u64) -> &[Key] {
        let known = self.all.get(&group);
        known.map_or(&[], |known| known.members.as_slice())
    }

    /// One of the group has filled: its name is used up.
    pub fn finish(&mut self, group: u64) {
        if group == 0 {
            return;
        }
        let known = self.all.entry(group).or_default();
        if std::mem::replace(&mut known.done, true) {
            return;
        }
        self.done.push_back(group);
        if self.done.len() > REMEMBERED
            && let Some(oldest) = self.done.pop_front()
        {
            match self.members(oldest).is_empty() {
                true => drop(self.all.remove(&oldest)),
                false => self.done.push_back(oldest), // its live orders still need each other
            }
        }
    }

    pub fn is_done(&self, group: u64) -> bool {
        group != 0 && self.all.get(&group).is_some_and(|known| known.done)
    }

    /// Entries of any kind.
    #[cfg(test)]
    pub fn entries(&self) -> usize {
        self.all.len() + self.done.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(lane: u64, counter: u64) -> u128 {
        u128::from(lane) << 64 | u128::from(counter)
    }

    #[test]
    fn a_million_brackets_leave_a_bounded_memory_and_no_id_is_free_again() {
        let (mut ids, mut groups) = (Ids::default(), Groups::default());
        let mut sizes = Vec::new();
        for bracket in 0..1_000_000u64 {
            for leg in 1..=3 {
                let number = 3 * bracket + leg;
                ids.open(id(1, number), number);
                groups.join(bracket + 1, number);
            }
            for leg in 1..=3 {
                let number = 3 * bracket + leg;
                ids.end(id(1, number), 1);
                groups.leave(bracket + 1, number);
            }
            if bracket % 2 == 0 {
                groups.finish(bracket + 1);
            }
            if bracket % 250_000 == 249_999 {
                sizes.push((ids.entries(), groups.entries()));
            }
        }
        println!("entries after each quarter: {sizes:?}");
        assert!(
            sizes
                .iter()
                .all(|size| *size == sizes[1] || size == &sizes[0])
        );
        assert!(sizes.iter().all(|size| size.0 <= 2 * REMEMBERED + 1));
        for counter in [1, 2, 1_500_000, 3_000_000] {
            assert!(ids.get(id(1, counter)).is_some(), "{counter} was used");
        }
        assert_eq!(ids.get(id(1, 3_000_001)), None);
        assert_eq!(ids.get(id(2, 1)), None, "another strategy's");
    }

    #[test]
    fn a_group_without_members_that_never_filled_is_forgotten_at_once() {
        let mut groups = Groups::default();
        groups.join(7, 1);
        groups.leave(7, 1);
        assert_eq!(groups.entries(), 0);
        groups.join(7, 2);
        groups.finish(7);
        groups.leave(7, 2);
        assert!(groups.is_done(7));
    }
}
