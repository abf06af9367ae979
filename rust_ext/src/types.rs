//! The values that flow between the modules of this crate. Integers only; no Python in here.

/// Nanoseconds since the epoch, UTC.
pub type Nanos = i64;
/// A price, quantity or size that is not known.
pub const UNDEFINED: i64 = i64::MIN;
/// Index of an instrument in the run's list; the list never changes within a run.
pub type InstrumentIx = u32;
/// Index of a currency in the run's list.
pub type CurrencyIx = u16;
/// Largest scale of a price, quantity, multiplier or currency: 18 decimals in 64 bits end at 9.2.
pub const MAX_SCALE: u8 = 18;

/// What the engine needs of an instrument. Prices count 10^-price_scale, quantities 10^-size_scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Instrument {
    pub id: String,
    pub price_scale: u8,
    pub size_scale: u8,
    pub tick: i64,
    pub lot: i64,
    pub min_quantity: i64,
    /// `i64::MAX` when unlimited.
    pub max_quantity: i64,
    /// In units of the settlement currency; 0 when there is none.
    pub min_notional: i128,
    /// Settlement currency per price point and unit of quantity: units of 10^-multiplier_scale.
    pub multiplier: i64,
    pub multiplier_scale: u8,
    pub inverse: bool,
    /// A fill moves only realised profit and fees, not the notional.
    pub margined: bool,
    /// The currency that quantity is (spot, delivered FX); None for shares and contracts.
    pub base: Option<CurrencyIx>,
    pub quote: CurrencyIx,
    pub settlement: CurrencyIx,
    /// Fractions of notional, 10^-9.
    pub margin_initial: i64,
    pub margin_maintenance: i64,
    pub shortable: bool,
    /// False for an index: observed only.
    pub tradable: bool,
}

impl Instrument {
    /// What makes these values impossible, if anything.
    pub fn defect(&self) -> Option<&'static str> {
        let scales = [self.price_scale, self.size_scale, self.multiplier_scale];
        if scales.iter().any(|&scale| scale > MAX_SCALE) {
            Some("a scale is not in 0..18")
        } else if self.tick <= 0 || self.lot <= 0 {
            Some("tick and lot must be positive")
        } else if self.min_quantity <= 0 || self.max_quantity < self.min_quantity {
            Some("the smallest order must be positive and not above the largest")
        } else if self.multiplier <= 0 {
            Some("the multiplier must be positive")
        } else if self.min_notional < 0 || self.margin_initial < 0 || self.margin_maintenance < 0 {
            Some("a limit or margin is negative")
        } else if self.inverse && !self.margined {
            Some("an inverse contract is always margined")
        } else if self.base.is_some() && (self.multiplier, self.multiplier_scale) != (1, 0) {
            Some("a delivered currency counts itself: its multiplier is 1")
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    pub fn sign(self) -> i64 {
        match self {
            Side::Buy => 1,
            Side::Sell => -1,
        }
    }
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

/// Same order as `openoutcry.state.enums.OrderType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderType {
    Market,
    Limit,
    Stop,
    StopLimit,
    TakeProfit,
    TakeProfitLimit,
    TrailingStop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeInForce {
    Gtc,
    Ioc,
    Fok,
    Gtd,
    Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerSource {
    BidAsk,
    Last,
    Mark,
    Mid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liquidity {
    Maker,
    Taker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceType {
    Last,
    Bid,
    Ask,
    Mid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    pub ts_event: Nanos,
    pub ts_received: Nanos,
    pub bid: i64,
    pub ask: i64,
    pub bid_size: i64,
    pub ask_size: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    pub ts_event: Nanos,
    pub ts_received: Nanos,
    pub price: i64,
    pub size: i64,
    pub aggressor: Option<Side>,
    /// Venue's numeric id, 0 when it has none.
    pub trade_id: i64,
}

impl Trade {
    /// The side that a recorded number names: 1 buyer, -1 seller, anything else not known.
    #[inline]
    pub fn aggressor_of(number: i64) -> Option<Side> {
        match number {
            1 => Some(Side::Buy),
            -1 => Some(Side::Sell),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Start of the interval.
    pub ts_open: Nanos,
    /// End of the interval.
    pub ts_event: Nanos,
    pub ts_received: Nanos,
    pub price_type: PriceType,
    pub open: i64,
    pub high: i64,
    pub low: i64,
    pub close: i64,
    pub volume: i64,
    pub count: i64,
}

/// One changed level; size 0 deletes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub side: Side,
    pub price: i64,
    pub size: i64,
}

/// An order as the venue receives it. `id` is the 128-bit client order id.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    pub id: u128,
    pub instrument: InstrumentIx,
    pub side: Side,
    pub order_type: OrderType,
    pub quantity: i64,
    pub limit: Option<i64>,
    pub trigger: Option<i64>,
    pub trigger_source: TriggerSource,
    pub trailing_offset: Option<i64>,
    pub trailing_bps: bool,
    pub time_in_force: TimeInForce,
    pub expire: Option<Nanos>,
    pub post_only: bool,
    pub reduce_only: bool,
    pub parent: Option<u128>,
    /// Hash of the OCO group's name, 0 for none.
    pub oco_group: u64,
    /// Position leg under hedging, 0 for the netting position.
    pub position: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Submit(Box<Submit>),
    Cancel {
        id: u128,
        instrument: InstrumentIx,
    },
    Replace {
        id: u128,
        instrument: InstrumentIx,
        quantity: Option<i64>,
        limit: Option<i64>,
        trigger: Option<i64>,
    },
}

/// What a venue reports. `ts` is the venue's time of the event.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    Accepted {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        venue_order_id: u64,
    },
    Rejected {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        reason: &'static str,
    },
    Triggered {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
    },
    Filled(Box<Fill>),
    Canceled {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        cumulative: i64,
        reason: &'static str,
    },
    Expired {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        cumulative: i64,
        reason: &'static str,
    },
    Replaced {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        quantity: i64,
        limit: Option<i64>,
        trigger: Option<i64>,
    },
    CancelRejected {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        reason: &'static str,
    },
    ReplaceRejected {
        id: u128,
        instrument: InstrumentIx,
        ts: Nanos,
        reason: &'static str,
    },
    Cash {
        instrument: Option<InstrumentIx>,
        ts: Nanos,
        currency: CurrencyIx,
        amount: i128,
        reason: &'static str,
    },
    Split {
        instrument: InstrumentIx,
        ts: Nanos,
        numerator: i64,
        denominator: i64,
    },
    Liquidated {
        ts: Nanos,
        reason: &'static str,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    pub id: u128,
    pub instrument: InstrumentIx,
    pub ts: Nanos,
    pub venue_order_id: u64,
    pub fill_id: u64,
    pub side: Side,
    pub price: i64,
    pub quantity: i64,
    pub cumulative: i64,
    /// Units of `fee_currency`; positive is paid.
    pub fee: i128,
    pub fee_currency: CurrencyIx,
    pub liquidity: Liquidity,
    pub position: u64,
}
