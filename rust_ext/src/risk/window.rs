//! How often something happened within a window of time, exactly.

use std::collections::VecDeque;

use super::snapshot::{Reader, SnapshotError, Writer};
use crate::types::Nanos;

/// The stamps of the last happenings, oldest first; as many as its limit needs.
#[derive(Clone, Debug, Default)]
pub struct Window(VecDeque<Nanos>);

impl Window {
    /// Something happened; the last `kept` are remembered.
    #[inline]
    pub fn count(&mut self, kept: i128, now: Nanos) {
        self.0.push_back(now);
        while self.0.len() as i128 > kept.max(0) {
            self.0.pop_front();
        }
    }

    /// Whether `limit` happenings lie within the last `length` nanoseconds: one more is too much.
    #[inline]
    pub fn full(&self, limit: i128, length: Nanos, now: Nanos) -> bool {
        let Some(place) = (self.0.len() as i128)
            .checked_sub(limit)
            .filter(|&p| p >= 0)
        else {
            return false;
        };
        let oldest = self.0.get(place as usize);
        oldest.is_none_or(|&ts| now.saturating_sub(ts) < length)
    }

    /// How many happenings lie within the last `length` nanoseconds, of those remembered.
    pub fn used(&self, length: Nanos, now: Nanos) -> usize {
        let recent = self.0.iter().rev();
        recent
            .take_while(|&&ts| now.saturating_sub(ts) < length)
            .count()
    }

    /// Every stamp, oldest first.
    pub fn each(&self, see: impl FnMut(Nanos)) {
        self.0.iter().copied().for_each(see);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn write(&self, out: &mut Writer) {
        out.count(self.0.len());
        self.0.iter().for_each(|&ts| out.nanos(ts));
    }

    pub fn read(stored: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let mut stamps = VecDeque::new();
        for _ in 0..stored.count()? {
            stamps.push_back(stored.nanos()?);
        }
        Ok(Self(stamps))
    }
}
