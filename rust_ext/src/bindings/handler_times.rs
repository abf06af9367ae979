//! How long handlers take, for a daemon's metrics: counted beside what happens, and read by nothing that decides.

use std::time::{Duration, Instant};

/// Counts by upper bound; the last one is for what lies above all of them.
pub struct HandlerTimes {
    bounds: Vec<Duration>,
    counts: Vec<u64>,
    total: Duration,
}

impl HandlerTimes {
    /// Bounds in nanoseconds, ascending.
    pub fn new(bounds: &[u64]) -> Self {
        Self {
            bounds: bounds.iter().copied().map(Duration::from_nanos).collect(),
            counts: vec![0; bounds.len() + 1],
            total: Duration::ZERO,
        }
    }

    /// A handler ran from then until now.
    pub fn ran_since(&mut self, started: Instant) {
        let took = started.elapsed();
        let bucket = self.bounds.partition_point(|bound| *bound < took);
        self.counts[bucket] += 1;
        self.total += took;
    }

    /// Counts, and the sum in nanoseconds.
    pub fn seen(&self) -> (Vec<u64>, u64) {
        let total = u64::try_from(self.total.as_nanos()).unwrap_or(u64::MAX);
        (self.counts.clone(), total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_handler_is_counted_once_by_its_upper_bound() {
        let mut times = HandlerTimes::new(&[0, 3_600_000_000_000]);
        times.ran_since(Instant::now());
        times.ran_since(Instant::now());
        let (counts, total) = times.seen();
        assert_eq!(counts.iter().sum::<u64>(), 2);
        assert_eq!(counts[2], 0);
        assert!(total < 3_600_000_000_000);
    }
}
