//! How a simulated venue behaves. Everything is an integer; Python has converted the decimals.

use std::collections::BTreeMap;

use crate::fixed::Rounding;
use crate::sessions::Sessions;
use crate::types::{CurrencyIx, InstrumentIx};

/// What happens to orders on data that has bars only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarFill {
    /// Market orders wait for the next bar's open.
    NextOpen,
    /// Market orders fill at the close of the last bar.
    Close,
    /// Each bar is four quotes (open, high, low, close) of a quarter of the volume.
    Path,
}

/// Which stream fills resting orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passive {
    Book,
    Trades,
    /// Prints in the order's turn, and displayed offers that reach its limit. Needs a queue.
    Both,
}

/// What is known of an order's place in its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// Nothing: an order is the first of its level.
    None,
    /// A decrease of the level without a print comes from behind the order first.
    Conservative,
    /// Such a decrease is spread evenly over the level.
    Proportional,
}

/// What is left of a taker beyond all displayed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    OneTick,
    Partial,
    Touch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeCurrency {
    /// The settlement currency.
    Settlement,
    /// What is bought; sells and instruments without a base currency pay in settlement.
    Base,
    Other(CurrencyIx),
}

/// Amounts are units of 10^-12: fractions of notional, or of the settlement currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    pub maker: i64,
    pub taker: i64,
    pub per_share: i64,
    pub per_order: i64,
    pub minimum: i64,
    pub currency: FeeCurrency,
    pub rounding: Rounding,
}

/// How a taker's price worsens where the data has no sizes to walk. Fractions are 10^-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlippageModel {
    None,
    /// This fraction of the price.
    Fixed {
        fraction: i64,
    },
    /// This fraction of the spread; `ticks` where no spread is known.
    Spread {
        fraction: i64,
        ticks: i64,
    },
    /// `impact` x (share of the bar's volume)^2 of the price.
    VolumeShare {
        impact: i64,
    },
    OneTick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slippage {
    pub model: SlippageModel,
    /// Largest share of a bar's volume that fills, 10^-12; None without a limit.
    pub volume_limit: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ExchangeConfig {
    pub name: String,
    /// A margin account; a cash account pays in full and never borrows.
    pub margin: bool,
    /// Fills form legs (`Submit::position`); otherwise one netting position.
    pub hedging: bool,
    /// Units of 10^-9.
    pub leverage: i64,
    pub balances: Vec<(CurrencyIx, i128)>,
    pub fees: Fees,
    pub bar_fill: BarFill,
    pub passive: Passive,
    pub queue: Queue,
    pub overflow: Overflow,
    /// Size taken from a level stays taken until the level's price or size changes.
    pub consume: bool,
    /// Match on quotes whose bid is above their ask, instead of waiting for sound ones.
    pub match_crossed: bool,
    pub slippage: Slippage,
    /// Trading hours; an instrument that is not here never closes.
    pub sessions: BTreeMap<InstrumentIx, Sessions>,
}
