//! The last n values, and how indicators are saved and restored.

use std::collections::VecDeque;

/// The last `size` values, oldest first.
#[derive(Clone, Debug)]
pub struct Window {
    size: usize,
    values: VecDeque<f64>,
}

impl Window {
    pub fn new(size: usize) -> Self {
        Self {
            size,
            values: VecDeque::with_capacity(size.min(4096)),
        }
    }

    pub fn push(&mut self, value: f64) {
        if self.values.len() == self.size {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    pub fn is_full(&self) -> bool {
        self.values.len() == self.size
    }

    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().copied()
    }

    pub fn oldest(&self) -> f64 {
        self.values.front().copied().unwrap_or(f64::NAN)
    }

    pub fn newest(&self) -> f64 {
        self.values.back().copied().unwrap_or(f64::NAN)
    }

    pub fn mean(&self) -> f64 {
        self.iter().sum::<f64>() / self.values.len() as f64
    }

    /// Sum of the squared deviations from the mean.
    pub fn squares(&self) -> f64 {
        let mean = self.mean();
        self.iter().map(|v| (v - mean) * (v - mean)).sum()
    }

    /// Variance of the population, from the deviations themselves.
    pub fn variance(&self) -> f64 {
        self.squares() / self.values.len() as f64
    }

    /// Standard deviation of the population.
    pub fn deviation(&self) -> f64 {
        self.variance().sqrt()
    }

    /// The last `count` values, oldest first; all when there are fewer.
    pub fn last(&self, count: usize) -> impl Iterator<Item = f64> + '_ {
        self.values
            .range(self.values.len().saturating_sub(count)..)
            .copied()
    }

    /// How far each value lies from the newest, oldest first. Exact zeros where nothing moved, which
    /// distances from a rounded mean are not.
    pub fn from_newest(&self) -> impl Iterator<Item = f64> + '_ {
        let newest = self.newest();
        self.iter().map(move |value| value - newest)
    }

    /// Mean of what `from_newest` gives.
    pub fn mean_from_newest(&self) -> f64 {
        self.from_newest().sum::<f64>() / self.values.len() as f64
    }

    pub fn highest(&self) -> f64 {
        highest(self.iter())
    }

    pub fn lowest(&self) -> f64 {
        lowest(self.iter())
    }
}

pub fn highest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NEG_INFINITY, f64::max)
}

pub fn lowest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// Weighted mean of values, oldest first.
pub fn weighted(values: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) = values.fold((0.0, 0.0), |(s, w), (value, weight)| {
        (s + value * weight, w + weight)
    });
    sum / weights
}

/// Mean with the weights 1 (oldest), 2, 3...
pub fn rising(values: impl Iterator<Item = f64>) -> f64 {
    weighted(values.zip((1..).map(f64::from)))
}

/// State as little-endian 64-bit words, written or read in the order in which fields are named.
pub struct Archive {
    bytes: Vec<u8>,
    at: usize,
    loading: bool,
    failed: bool,
}

impl Archive {
    pub fn save() -> Self {
        Self {
            bytes: Vec::new(),
            at: 0,
            loading: false,
            failed: false,
        }
    }

    pub fn load(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.to_vec(),
            at: 0,
            loading: true,
            failed: false,
        }
    }

    /// What was saved.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether everything was read, and was there.
    pub fn is_complete(&self) -> bool {
        !self.failed && self.at == self.bytes.len()
    }

    fn word(&mut self, value: &mut u64) {
        if !self.loading {
            self.bytes.extend(value.to_le_bytes());
            return;
        }
        match self.bytes.get(self.at..self.at + 8) {
            Some(bytes) => {
                *value = bytes
                    .iter()
                    .rev()
                    .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                self.at += 8;
            }
            None => self.failed = true,
        }
    }

    pub fn count(&mut self, value: &mut u64) {
        self.word(value);
    }

    pub fn number(&mut self, value: &mut f64) {
        let mut bits = value.to_bits();
        self.word(&mut bits);
        *value = f64::from_bits(bits);
    }

    pub fn flag(&mut self, value: &mut bool) {
        let mut word = u64::from(*value);
        self.word(&mut word);
        *value = word == 1;
    }

    pub fn whole(&mut self, value: &mut i64) {
        let mut word = *value as u64;
        self.word(&mut word);
        *value = word as i64;
    }

    pub fn window(&mut self, window: &mut Window) {
        let mut count = window.values.len() as u64;
        self.word(&mut count);
        if count > window.size as u64 {
            self.failed = true;
            return;
        }
        window.values.resize(count as usize, f64::NAN);
        for value in &mut window.values {
            self.number(value);
        }
    }
}
