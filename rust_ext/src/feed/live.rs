//! Rows that are pushed, and a feed that goes on where another left off.

use super::{Feed, FeedDefects, FeedKind, LAST, Supply};
use crate::columns::Chunk;
use crate::failure::Failure;
use crate::types::Nanos;

/// How far a feed came: what is needed to go on with the rows that follow.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Rows before the one at hand.
    pub rows: u64,
    /// No row that follows is received earlier.
    pub last: Nanos,
    /// Found in the rows taken.
    pub defects: FeedDefects,
    /// The gap before the row at hand was reported.
    pub gap_reported: bool,
}

impl Feed {
    /// Add rows behind those that wait; true when the feed had none at hand, and has now. Then none of
    /// them is received before `floor`.
    ///
    /// # Errors
    /// A recorded feed, or a part of a book message.
    pub fn push(&mut self, chunk: Chunk, floor: Nanos) -> Result<bool, Failure> {
        let Supply::Live(waiting) = &mut self.supply else {
            return Err(Failure::Config(
                "rows are pushed to live feeds only: this one is recorded".into(),
            ));
        };
        let Some(end) = chunk.rows().checked_sub(1) else {
            return Ok(false);
        };
        if self.kind == FeedKind::Book && chunk.get(6, end) & LAST == 0 {
            return Err(Failure::Data(
                "the rows pushed end inside a book message: push whole ones".into(),
            ));
        }
        waiting.push_back(chunk);
        if self.stamp.is_some() {
            return Ok(false);
        }
        self.stamp = Some(self.last.max(floor));
        self.settle()?;
        Ok(true)
    }

    /// Rows before the one at hand.
    pub fn rows_taken(&self) -> u64 {
        self.before + self.row as u64
    }

    /// How far the feed came. The row at hand counts as not seen at all.
    pub fn taken(&self) -> Taken {
        let mut defects = self.defects;
        if let Some(stamp) = self.stamp {
            let received = self.received_ahead(0);
            defects.time_backwards -= u64::from(received < stamp);
        }
        Taken {
            rows: self.rows_taken(),
            last: self.stamp.unwrap_or(self.last),
            defects,
            gap_reported: self.gap_reported,
        }
    }

    /// Go on behind the rows that another feed took: the row at hand here, if any, follows them.
    pub fn resume(&mut self, taken: Taken) {
        self.before = taken.rows;
        self.last = taken.last;
        self.defects = taken.defects;
        self.gap_reported = taken.gap_reported;
        if self.stamp.is_some() {
            let received = self.received_ahead(0);
            self.defects.time_backwards += u64::from(received < taken.last);
            self.stamp = Some(received.max(taken.last));
        }
    }
}
