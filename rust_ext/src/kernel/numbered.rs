//! Messages from outside that had a sequence number once: a run that is repeated gives it to them again.
//!
//! What caused an input within the same instant need not be visible in its stamp: a venue without latency
//! reports between two timers of one moment. Its number says it all.

use std::collections::BTreeMap;

use crate::merge::Phase;
use crate::types::Nanos;

#[derive(Debug)]
pub struct Message {
    pub ts: Nanos,
    pub phase: Phase,
    pub token: u64,
    pub encoded: Box<[u8]>,
}

#[derive(Debug)]
pub struct Numbered {
    messages: BTreeMap<u64, Message>,
    /// Number of the first.
    next: u64,
}

impl Default for Numbered {
    fn default() -> Self {
        Self {
            messages: BTreeMap::new(),
            next: u64::MAX,
        }
    }
}

impl Numbered {
    /// False when a message has this number already.
    pub fn add(&mut self, seq: u64, message: Message) -> bool {
        if self.messages.contains_key(&seq) {
            return false;
        }
        self.messages.insert(seq, message);
        self.next = self.next.min(seq);
        true
    }

    /// How many inputs may come before the first of them, after input `seq`.
    #[inline]
    pub fn room(&self, seq: u64) -> u64 {
        self.next.saturating_sub(seq + 1)
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The first, unless it is later than `until`.
    pub fn take(&mut self, until: Nanos) -> Option<Message> {
        let first = self.messages.first_entry()?;
        if first.get().ts > until {
            return None;
        }
        let message = first.remove();
        let next = self.messages.first_key_value();
        self.next = next.map_or(u64::MAX, |(seq, _)| *seq);
        Some(message)
    }
}
