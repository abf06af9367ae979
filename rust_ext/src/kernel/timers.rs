//! Timers: set by strategies and by the core itself, and inputs when they fire.

use super::agenda::Task;
use super::{Input, Kernel};
use crate::merge::{Key, Phase};
use crate::types::Nanos;

impl Kernel {
    /// Schedule a timer; one that lies in the past fires as soon as possible.
    pub fn set_timer(&mut self, ts: Nanos, owner: String, name: String) -> u64 {
        self.handles += 1;
        let key = Key {
            ts: ts.max(self.floor()),
            phase: Phase::Timer,
            order: self.handles,
        };
        if self.is_open_at(key.ts) {
            self.timers.insert(self.handles, key);
            self.agenda.add(key, Task::Timer { ts, owner, name });
        }
        self.handles
    }

    /// Forget a timer; unknown handles are ignored.
    pub fn cancel_timer(&mut self, handle: u64) {
        if let Some(key) = self.timers.remove(&handle) {
            self.agenda.remove(key);
        }
    }

    /// A timer fires.
    pub(super) fn timer(&mut self, key: Key, ts: Nanos, owner: String, name: String) -> Input {
        self.timers.remove(&key.order);
        self.counts.timer += 1;
        let late = key.ts.saturating_sub(ts.min(key.ts));
        self.sequence(
            key.ts,
            Input::Timer {
                owner,
                name,
                ts,
                late,
            },
        )
    }
}
