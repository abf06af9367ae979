//! Moments of a series of floats: what ratios of returns are made of.

/// Mean, sums of powers around it, and the sum of the squares of what is below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub mean: f64,
    pub squares: f64,
    pub cubes: f64,
    pub fourths: f64,
    pub losses: f64,
}

/// A sum whose rounding errors are carried along (Knuth's two-sum).
#[derive(Clone, Copy, Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    #[inline]
    fn add(&mut self, value: f64) {
        let total = self.high + value;
        let added = total - self.high;
        self.low += (self.high - (total - added)) + (value - added);
        self.high = total;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

impl Moments {
    /// Of a series; all zero when it is empty.
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mut total = Sum::default();
        for &value in values {
            total.add(value);
        }
        let mean = total.value() / values.len() as f64;
        let [mut squares, mut cubes, mut fourths, mut losses] = [Sum::default(); 4];
        for &value in values {
            let apart = value - mean;
            let square = apart * apart;
            squares.add(square);
            cubes.add(square * apart);
            fourths.add(square * square);
            let loss = value.min(0.0);
            losses.add(loss * loss);
        }
        Self {
            mean,
            squares: squares.value(),
            cubes: cubes.value(),
            fourths: fourths.value(),
            losses: losses.value(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_points_have_the_moments_of_a_calculation_by_hand() {
        let moments = Moments::of(&[3.0, -1.0, 3.0, -1.0]);
        let expected = Moments {
            mean: 1.0,
            squares: 16.0,
            cubes: 0.0,
            fourths: 64.0,
            losses: 2.0,
        };
        assert_eq!(moments, expected);
    }

    #[test]
    fn nothing_is_lost_beside_large_values() {
        let moments = Moments::of(&[1e16, 1.0, -1e16, 1.0]);
        assert_eq!(moments.mean, 0.5);
    }

    #[test]
    fn an_empty_series_has_none() {
        assert_eq!(Moments::of(&[]), Moments::default());
    }
}
