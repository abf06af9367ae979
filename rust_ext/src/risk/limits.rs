//! Limits as the checks use them: integers of one instrument, resolved once from the config.

use super::bound::Bound;
use crate::types::Nanos;

/// The reason when a limit is missing from the config.
pub const NO_LIMIT: &str = "no limit is set";
/// The reason when a limit is `"unlimited"` in live mode.
pub const UNLIMITED_LIVE: &str = "unlimited is refused in live mode";
/// The reason when a calculation would leave its integers: nothing wraps, nothing passes.
pub const NUMERIC_OVERFLOW: &str = "numeric overflow";

/// Nanoseconds of a millisecond.
pub const NANOS_PER_MS: Nanos = 1_000_000;

/// One resolved limit.
#[derive(Clone, Debug, PartialEq)]
pub enum Limit<T = i128> {
    Units(T),
    Unlimited,
    /// Nothing may pass, and why.
    Refused(String),
}

impl<T> Limit<T> {
    /// What a check says that finds no number to compare with.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Limit::Refused(why) => Some(why.clone()),
            Limit::Units(_) | Limit::Unlimited => None,
        }
    }
}

impl<T> Default for Limit<T> {
    /// A missing limit denies.
    fn default() -> Self {
        Limit::Refused(NO_LIMIT.to_owned())
    }
}

/// How old a reference price may be, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ages {
    pub quote: Nanos,
    pub trade: Nanos,
    pub bar: Nanos,
}

impl Ages {
    /// From milliseconds, as the config has them.
    pub fn of_ms(quote: i64, trade: i64, bar: i64) -> Self {
        let nanos = |ms: i64| ms.saturating_mul(NANOS_PER_MS);
        Self {
            quote: nanos(quote),
            trade: nanos(trade),
            bar: nanos(bar),
        }
    }
}

/// The limits of one instrument. `default()` has none set, so it denies every order.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Decimals of prices and quantities, for texts.
    pub price_scale: u8,
    pub size_scale: u8,
    pub ages: Ages,
    /// Deviation from the reference, in millionths of a basis point.
    pub collar: Limit,
    pub max_order_value: Limit<Bound>,
    /// In units of quantity, as `max_position`.
    pub max_order_quantity: Limit,
    pub max_position: Limit,
    /// Orders per window of `per_ms` milliseconds.
    pub max_orders: Limit,
    pub per_ms: i64,
    /// How old the last datum may be, in milliseconds.
    pub max_data_age: Limit,
    /// How long the same order may not come again, in milliseconds.
    pub duplicate: Limit,
}

impl Limits {
    /// The window of `max_orders`, in nanoseconds.
    #[inline]
    pub fn window(&self) -> Nanos {
        self.per_ms.saturating_mul(NANOS_PER_MS)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            price_scale: 0,
            size_scale: 0,
            ages: Ages::of_ms(60_000, 300_000, 172_800_000),
            collar: Limit::default(),
            max_order_value: Limit::default(),
            max_order_quantity: Limit::default(),
            max_position: Limit::default(),
            max_orders: Limit::default(),
            per_ms: 1000,
            max_data_age: Limit::Unlimited,
            duplicate: Limit::Unlimited,
        }
    }
}
