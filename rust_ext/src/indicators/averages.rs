//! Moving averages of the close.

use super::window::{rising, weighted};
use super::{Archive, Candle, Indicator, Window};

/// Exponential moving average: alpha = 2/(n+1), seeded with the first value.
#[derive(Clone, Debug)]
pub struct Ema {
    alpha: f64,
    period: u64,
    average: f64,
}

impl Ema {
    pub fn new(period: usize) -> Self {
        Self {
            alpha: 2.0 / (period as f64 + 1.0),
            period: period as u64,
            average: f64::NAN,
        }
    }

    /// Take the next value of any series; returns the average.
    #[inline]
    pub fn push(&mut self, value: f64) -> f64 {
        if self.average.is_nan() {
            self.average = value;
        } else {
            self.average += self.alpha * (value - self.average);
        }
        self.average
    }

    /// The average; NaN before the first value.
    #[inline]
    pub fn average(&self) -> f64 {
        self.average
    }
}

impl Indicator for Ema {
    fn update(&mut self, bar: &Candle) {
        self.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        self.average
    }
    fn warmup(&self) -> u64 {
        self.period
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.average);
    }
}

/// EMAs of EMAs: the double (DEMA) and the triple (TEMA) one, which lag less than one EMA.
///
/// Source: P. Mulloy, Smoothing Data with Faster Moving Averages (1994).
#[derive(Clone, Debug)]
pub struct Layered {
    stages: Vec<Ema>,
}

impl Layered {
    pub fn double(period: usize) -> Self {
        Self {
            stages: vec![Ema::new(period); 2],
        }
    }

    pub fn triple(period: usize) -> Self {
        Self {
            stages: vec![Ema::new(period); 3],
        }
    }

    /// Take the next value of any series; returns the EMA of the EMA (of the EMA).
    pub fn push(&mut self, value: f64) -> f64 {
        self.stages
            .iter_mut()
            .fold(value, |value, stage| stage.push(value))
    }
}

impl Indicator for Layered {
    fn update(&mut self, bar: &Candle) {
        self.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        match &self.stages[..] {
            [one, two] => 2.0 * one.average() - two.average(),
            [one, two, three] => 3.0 * one.average() - 3.0 * two.average() + three.average(),
            _ => f64::NAN,
        }
    }
    fn warmup(&self) -> u64 {
        self.stages
            .iter()
            .fold(1, |bars, stage| bars + stage.period - 1)
    }
    fn archive(&mut self, archive: &mut Archive) {
        for stage in &mut self.stages {
            stage.archive(archive);
        }
    }
}

/// Wilder's smoothing: the mean of the first n values, then (n-1)/n of the old and 1/n of the new.
///
/// Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978).
#[derive(Clone, Debug)]
pub struct Wilder {
    period: f64,
    count: u64,
    average: f64,
}

impl Wilder {
    pub fn new(period: usize) -> Self {
        Self {
            period: period as f64,
            count: 0,
            average: 0.0,
        }
    }

    #[inline]
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        let weight = self.period.min(self.count as f64);
        self.average += (value - self.average) / weight;
    }

    #[inline]
    pub fn average(&self) -> f64 {
        self.average
    }

    /// Whether n values were taken.
    pub fn is_full(&self) -> bool {
        self.count as f64 >= self.period
    }
}

impl Indicator for Wilder {
    fn update(&mut self, bar: &Candle) {
        self.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        self.average
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.count(&mut self.count);
        archive.number(&mut self.average);
    }
}

/// How a mean of the last n closes weighs them.
#[derive(Clone, Copy, Debug)]
pub enum Weights {
    /// All the same: SMA.
    Equal,
    /// 1 (oldest) to n (newest): WMA.
    Rising,
    /// Rising to the middle and falling again: TRIMA.
    Triangle,
}

/// Mean of the last n closes, with weights.
#[derive(Clone, Debug)]
pub struct Mean {
    closes: Window,
    period: usize,
    weights: Weights,
}

impl Mean {
    pub fn new(period: usize, weights: Weights) -> Self {
        Self {
            closes: Window::new(period),
            period,
            weights,
        }
    }

    fn triangle(&self) -> f64 {
        let weight = |index: usize| (index + 1).min(self.period - index) as f64;
        weighted(self.closes.iter().zip((0..self.period).map(weight)))
    }
}

impl Indicator for Mean {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn output(&self, _index: usize) -> f64 {
        match self.weights {
            Weights::Equal => self.closes.mean(),
            Weights::Rising => rising(self.closes.iter()),
            Weights::Triangle => self.triangle(),
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}
