//! When one line crosses another: what the kernel asks after each bar, without entering Python.

use super::{Archive, Candle, Shared};

/// What is compared: an output of an indicator, or a constant level.
#[derive(Clone)]
pub enum Line {
    Output { of: Shared, index: usize },
    Level(f64),
}

impl Line {
    /// The line now; NaN until its indicator is ready.
    #[inline]
    fn now(&self) -> f64 {
        match self {
            Self::Output { of, index } => of.lock().output(*index),
            Self::Level(level) => *level,
        }
    }
}

/// Tells when `fast >= slow` is no longer what it was on the last evaluated bar.
///
/// A bar is evaluated once both lines are ready; the first one counts as a change. With `skip_flat`,
/// bars whose high equals their low are not evaluated, though the indicators took them.
#[derive(Clone)]
pub struct Cross {
    fast: Line,
    slow: Line,
    skip_flat: bool,
    above: Option<bool>,
}

impl Cross {
    pub fn new(fast: Line, slow: Line, skip_flat: bool) -> Self {
        Self {
            fast,
            slow,
            skip_flat,
            above: None,
        }
    }

    /// Whether `fast >= slow`, if this bar changed it. Called after the indicators took the bar.
    #[inline]
    pub fn evaluate(&mut self, bar: &Candle) -> Option<bool> {
        if self.skip_flat && bar.high == bar.low {
            return None;
        }
        let (fast, slow) = (self.fast.now(), self.slow.now());
        if fast.is_nan() || slow.is_nan() {
            return None;
        }
        let above = Some(fast >= slow);
        if above == self.above {
            return None;
        }
        self.above = above;
        above
    }

    /// Whether `fast >= slow` on the last evaluated bar; None before there was one.
    pub fn above(&self) -> Option<bool> {
        self.above
    }

    /// Go on from an earlier answer.
    pub fn set_above(&mut self, above: Option<bool>) {
        self.above = above;
    }

    /// Write the last answer to the archive or read it from there; the lines save themselves.
    pub fn archive(&mut self, archive: &mut Archive) {
        let mut word = self.above.map_or(2, u64::from);
        archive.count(&mut word);
        self.above = (word < 2).then_some(word == 1);
    }
}
