//! A straight line through the last closes.

use super::{Archive, Candle, Indicator, Window};

/// Least squares through the last n closes: the line's end at the newest bar (`value`), its rise per
/// bar (`slope`), its start at the oldest bar (`intercept`), and the share of the variance that it
/// explains (`r_squared`, 0 to 1; 0 where nothing moved).
#[derive(Clone, Debug)]
pub struct LinearRegression {
    closes: Window,
    period: usize,
}

impl LinearRegression {
    /// At least two closes.
    pub fn new(period: usize) -> Self {
        Self {
            closes: Window::new(period),
            period,
        }
    }

    /// Sum of squares of the places 0, 1, 2... around their mean.
    fn spread(&self) -> f64 {
        let n = self.period as f64;
        n * (n * n - 1.0) / 12.0
    }

    /// Sum of products of places and closes, each around its mean.
    fn product(&self) -> f64 {
        let middle = (self.period as f64 - 1.0) / 2.0;
        let places = (0..self.period).map(|place| place as f64 - middle);
        let values = self.closes.from_newest().zip(places);
        values.map(|(value, place)| value * place).sum()
    }

    fn r_squared(&self) -> f64 {
        let mean = self.closes.mean_from_newest();
        let squares = self.closes.from_newest().map(|d| (d - mean) * (d - mean));
        let total = squares.sum::<f64>() * self.spread();
        if total == 0.0 {
            0.0
        } else {
            (self.product() * self.product() / total).min(1.0)
        }
    }
}

impl Indicator for LinearRegression {
    fn update(&mut self, bar: &Candle) {
        self.closes.push(bar.close);
    }
    fn output(&self, index: usize) -> f64 {
        let slope = self.product() / self.spread();
        let half = slope * (self.period as f64 - 1.0) / 2.0;
        match index {
            0 => self.closes.newest() + (self.closes.mean_from_newest() + half),
            1 => slope,
            2 => self.closes.newest() + (self.closes.mean_from_newest() - half),
            _ => self.r_squared(),
        }
    }
    fn warmup(&self) -> u64 {
        self.period as u64
    }
    fn archive(&mut self, archive: &mut Archive) {
        archive.window(&mut self.closes);
    }
}
