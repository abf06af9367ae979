//! What is going to happen apart from recorded rows: one ordered list of tasks.

use std::collections::BTreeMap;

use crate::merge::{Key, Phase};
use crate::types::{Command, Nanos, Report};

#[derive(Debug)]
pub enum Task {
    Deadline {
        venue: usize,
    },
    Command {
        venue: usize,
        command: Command,
    },
    BarClose {
        builder: usize,
    },
    Report {
        venue: usize,
        report: Report,
    },
    Timer {
        ts: Nanos,
        owner: String,
        name: String,
    },
    BarOpen {
        feed: usize,
    },
    /// A message from outside: a command of an operator, or the report of a live venue.
    External {
        token: u64,
        encoded: Box<[u8]>,
    },
}

/// Tasks by their place in the total order; equal places keep the order in which they were added.
#[derive(Debug, Default)]
pub struct Agenda {
    tasks: BTreeMap<(Key, u64), Task>,
    first: Option<Key>,
    added: u64,
}

impl Agenda {
    pub fn add(&mut self, key: Key, task: Task) {
        self.added += 1;
        self.tasks.insert((key, self.added), task);
        self.first = self.first.map_or(Some(key), |first| Some(first.min(key)));
    }

    /// Place of the next task.
    #[inline]
    pub fn first(&self) -> Option<Key> {
        self.first
    }

    pub fn pop(&mut self) -> Option<(Key, Task)> {
        let ((key, _), task) = self.tasks.pop_first()?;
        self.refresh();
        Some((key, task))
    }

    /// Remove the tasks at exactly this place.
    pub fn remove(&mut self, key: Key) {
        let found: Vec<_> = self
            .tasks
            .range((key, 0)..=(key, u64::MAX))
            .map(|(k, _)| *k)
            .collect();
        for place in found {
            self.tasks.remove(&place);
        }
        self.refresh();
    }

    /// Forget what would happen after `end`, except reports and messages from outside, which stay, and
    /// commands, which are handed out in order.
    pub fn cut(&mut self, end: Nanos) -> Vec<(Key, Task)> {
        let stays = |key: &Key| matches!(key.phase, Phase::Report | Phase::Control);
        let later = self.extract(|key| key.ts > end && !stays(key));
        later
            .into_iter()
            .filter(|(key, _)| key.phase == Phase::Command)
            .collect()
    }

    /// Take out all tasks of one phase, in order.
    pub fn take(&mut self, phase: Phase) -> Vec<(Key, Task)> {
        self.extract(|key| key.phase == phase)
    }

    /// Take out what is due before a moment, in order.
    pub fn before(&mut self, ts: Nanos) -> Vec<(Key, Task)> {
        self.extract(|key| key.ts < ts)
    }

    /// Take out what stands at a moment, in order.
    pub fn at(&mut self, ts: Nanos) -> Vec<(Key, Task)> {
        self.extract(|key| key.ts == ts)
    }

    /// Every task with its place, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Task)> {
        self.tasks.iter().map(|((key, _), task)| (key, task))
    }

    fn extract(&mut self, wanted: impl Fn(&Key) -> bool) -> Vec<(Key, Task)> {
        let mut taken = Vec::new();
        for (place, task) in std::mem::take(&mut self.tasks) {
            if wanted(&place.0) {
                taken.push((place.0, task));
            } else {
                self.tasks.insert(place, task);
            }
        }
        self.refresh();
        taken
    }

    fn refresh(&mut self) {
        self.first = self.tasks.first_key_value().map(|((key, _), _)| *key);
    }
}
