//! Risk against a world whose every answer is set by the test. Bid 99.90, ask 100.10.

mod bound;
mod checks;
mod controls;
mod halts;
mod latching;
mod properties;
mod resting;
mod settings;
mod speed;

use std::collections::HashMap;

use super::*;
use crate::types::{Instrument, OrderType, Submit, TimeInForce, TriggerSource};

pub const NOW: Nanos = 1_000_000_000_000_000_000;
pub const MS: Nanos = 1_000_000;

pub fn coin() -> Instrument {
    Instrument {
        id: "BTCUSDT.SIM".into(),
        price_scale: 2,
        size_scale: 0,
        tick: 1,
        lot: 1,
        min_quantity: 1,
        max_quantity: i64::MAX,
        min_notional: 0,
        multiplier: 1,
        multiplier_scale: 0,
        inverse: false,
        margined: false,
        base: None,
        quote: 0,
        settlement: 0,
        margin_initial: 0,
        margin_maintenance: 0,
        shortable: true,
        tradable: true,
    }
}

/// Coin and `ETHUSDT.SIM`, strategies s1 and s2.
pub fn directory() -> Directory {
    let other = Instrument {
        id: "ETHUSDT.SIM".into(),
        ..coin()
    };
    let strategies = vec!["s1".into(), "s2".into()];
    Directory::new(vec![coin(), other], vec![("USDT".into(), 8)], strategies)
}

/// No limit holds anything back.
pub fn free() -> Limits {
    Limits {
        price_scale: 2,
        collar: Limit::Unlimited,
        max_order_value: Limit::Unlimited,
        max_order_quantity: Limit::Unlimited,
        max_position: Limit::Unlimited,
        max_orders: Limit::Unlimited,
        ..Limits::default()
    }
}

pub fn risk(limits: &Limits) -> Risk {
    with(limits, Controls::default())
}

/// Money in cents.
pub fn with(limits: &Limits, controls: Controls) -> Risk {
    let controls = Controls {
        money: ("USDT".into(), 2),
        ..controls
    };
    Risk::new(&directory(), vec![limits.clone(), limits.clone()], controls)
}

/// One limit of a holder, and no other.
pub fn held(holder: Holder, control: Control, limit: i128) -> Risk {
    let mut controls = Controls::default();
    controls.complete(risk(&free()).names());
    let limits = controls.of_mut(holder);
    limits.set(control, Limit::Units(limit));
    (limits.messages_ms, limits.executions_ms) = (1000, 1000);
    with(&free(), controls)
}

/// The same risk after a restart.
pub fn restarted(risk: &Risk, fresh: Risk) -> Risk {
    let stored = risk.snapshot();
    let mut fresh = fresh;
    assert_eq!(fresh.restore(&stored), Ok(()));
    assert_eq!(fresh.snapshot(), stored);
    fresh
}

/// Ten coins at 100.00, bought by s1.
pub fn buy() -> Intent {
    order(Side::Buy, OrderType::Limit, 10, Some(10_000))
}

pub fn order(side: Side, order_type: OrderType, quantity: i64, limit: Option<i64>) -> Intent {
    Intent {
        ts: NOW,
        book: 1,
        submit: Submit {
            id: 1,
            instrument: 0,
            side,
            order_type,
            quantity,
            limit,
            trigger: None,
            trigger_source: TriggerSource::BidAsk,
            trailing_offset: None,
            trailing_bps: false,
            time_in_force: TimeInForce::Gtc,
            expire: None,
            post_only: false,
            reduce_only: false,
            parent: None,
            oco_group: 0,
            position: 0,
        },
        arrival: None,
        oco_group: None,
        position: 0,
        tag: 0,
    }
}

pub struct Fake {
    pub now: Nanos,
    pub quote: Option<Quote>,
    pub trade: Option<(Nanos, i64, i64)>,
    pub bar: Option<(Nanos, i64)>,
    pub positions: HashMap<Option<BookIx>, i128>,
    pub working: HashMap<Option<BookIx>, (i128, i128)>,
    pub resting: Vec<(Side, BookIx, i64)>,
    /// Of the second instrument.
    pub other: HashMap<Option<BookIx>, i128>,
    pub price: [Option<i128>; 2],
    pub heard: Option<Nanos>,
    pub lost: bool,
}

pub fn quote(ts: Nanos, bid: i64, ask: i64) -> Option<Quote> {
    Some(Quote {
        ts_event: ts,
        ts_received: ts,
        bid,
        ask,
        bid_size: 5,
        ask_size: 5,
    })
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            now: NOW,
            quote: quote(NOW, 9_990, 10_010),
            trade: None,
            bar: None,
            positions: HashMap::new(),
            working: HashMap::new(),
            resting: Vec::new(),
            other: HashMap::new(),
            price: [Some(100), Some(10)],
            heard: Some(NOW),
            lost: false,
        }
    }
}

impl World for Fake {
    fn now(&self) -> Nanos {
        self.now
    }
    fn quote(&self, _: InstrumentIx) -> Option<Quote> {
        self.quote
    }
    fn trade(&self, _: InstrumentIx) -> Option<(Nanos, i64, i64)> {
        self.trade
    }
    fn bar(&self, _: InstrumentIx) -> Option<(Nanos, i64)> {
        self.bar
    }
    fn worth(&self, ix: InstrumentIx, units: i128) -> Option<i128> {
        Some(units * self.price[ix as usize]?)
    }
    fn data_ts(&self, _: InstrumentIx) -> Option<Nanos> {
        self.heard
    }
    fn book_lost(&self, _: InstrumentIx) -> bool {
        self.lost
    }
    fn position(&self, book: Option<BookIx>, ix: InstrumentIx) -> i128 {
        if ix == 1 {
            return self.other.get(&book).copied().unwrap_or(0);
        }
        self.positions.get(&book).copied().unwrap_or(0)
    }
    fn working(&self, book: Option<BookIx>, ix: InstrumentIx) -> (i128, i128) {
        if ix == 1 {
            return (0, 0);
        }
        self.working.get(&book).copied().unwrap_or((0, 0))
    }
    fn resting(
        &self,
        _: InstrumentIx,
        side: Side,
        visit: &mut dyn FnMut(BookIx, i64) -> ControlFlow<()>,
    ) {
        for &(_, book, limit) in self.resting.iter().filter(|one| one.0 == side) {
            if visit(book, limit).is_break() {
                return;
            }
        }
    }
}

/// What speaks against an order as it is.
pub fn why(risk: &Risk, order: &Intent, world: &Fake) -> Vec<String> {
    risk.reasons(order, order.submit.quantity.into(), world)
}
