//! Prices weighted by volume.

use super::{Archive, Candle, Indicator};

/// A sum that keeps what rounding lost, so that a long one does not drift.
///
/// Source: A. Neumaier, Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen (1974).
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let total = self.total + value;
        self.lost += if self.total.abs() >= value.abs() {
            (self.total - total) + value
        } else {
            (value - total) + self.total
        };
        self.total = total;
    }

    fn value(self) -> f64 {
        self.total + self.lost
    }

    fn archive(&mut self, archive: &mut Archive) {
        archive.number(&mut self.total);
        archive.number(&mut self.lost);
    }
}

/// Volume-weighted mean of the typical price (high + low + close)/3 since the start. Bars without a
/// known volume change nothing; ready once something was traded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vwap {
    value: Sum,
    volume: Sum,
}

impl Indicator for Vwap {
    fn update(&mut self, bar: &Candle) {
        if bar.volume > 0.0 {
            self.value
                .add((bar.high + bar.low + bar.close) / 3.0 * bar.volume);
            self.volume.add(bar.volume);
        }
    }
    fn value(&self) -> f64 {
        self.value.value() / self.volume.value()
    }
    fn ready(&self) -> bool {
        self.volume.value() > 0.0
    }
    fn archive(&mut self, archive: &mut Archive) {
        self.value.archive(archive);
        self.volume.archive(archive);
    }
}
