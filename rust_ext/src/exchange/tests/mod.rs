//! What the venue does, behaviour by behaviour. `Desk` is one venue with one instrument.

mod bars;
mod cash;
mod corporate;
mod expiry;
mod fees;
mod groups;
mod ladders;
mod margin;
mod oracles;
mod passing;
mod properties;
mod queue;
mod queue_properties;
mod rejections;
mod slippage;
mod snapshots;
mod speed;
mod trades;
mod triggers;

use std::collections::BTreeMap;

use super::*;
use crate::failure::Failure;
use crate::fixed::Rounding;
use crate::types::{
    Bar, Command, Fill, Liquidity, OrderType, PriceType, Side, Submit, TimeInForce, TriggerSource,
};

pub const USD: CurrencyIx = 0;
pub const BTC: CurrencyIx = 1;
pub const BNB: CurrencyIx = 2;

/// A share: price scale 2, tick 0.01, whole lots, settled in USD with 2 decimals.
pub fn share() -> Instrument {
    Instrument {
        id: "XYZ.SIM".into(),
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
        quote: USD,
        settlement: USD,
        margin_initial: 0,
        margin_maintenance: 0,
        shortable: true,
        tradable: true,
    }
}

/// A linear contract on margin: as the share, but a fill moves only profit and fees.
pub fn contract() -> Instrument {
    Instrument {
        id: "PERP.SIM".into(),
        margined: true,
        ..share()
    }
}

/// A coin: size scale 3, lot 0.001, delivered.
pub fn coin() -> Instrument {
    Instrument {
        id: "BTCUSD.SIM".into(),
        size_scale: 3,
        base: Some(BTC),
        ..share()
    }
}

pub fn config() -> ExchangeConfig {
    ExchangeConfig {
        name: "SIM".into(),
        margin: true,
        hedging: false,
        leverage: 10_000_000_000,
        balances: vec![(USD, 100_000_000)],
        fees: Fees {
            maker: 0,
            taker: 0,
            per_share: 0,
            per_order: 0,
            minimum: 0,
            rounding: Rounding::HalfEven,
            currency: FeeCurrency::Settlement,
        },
        bar_fill: BarFill::NextOpen,
        passive: Passive::Book,
        queue: Queue::None,
        overflow: Overflow::Partial,
        consume: true,
        match_crossed: false,
        slippage: Slippage {
            model: SlippageModel::None,
            volume_limit: None,
        },
        sessions: BTreeMap::new(),
    }
}

/// A cash account with USD alone.
pub fn cash(usd: i128) -> ExchangeConfig {
    ExchangeConfig {
        margin: false,
        leverage: 1_000_000_000,
        balances: vec![(USD, usd)],
        ..config()
    }
}

pub struct Desk {
    pub venue: Exchange,
    pub ts: Nanos,
    last_id: u128,
}

/// An order as a test writes it.
pub fn order(side: Side, order_type: OrderType, quantity: i64) -> Submit {
    Submit {
        id: 0,
        instrument: 0,
        side,
        order_type,
        quantity,
        limit: None,
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
    }
}

pub fn market(side: Side, quantity: i64) -> Submit {
    order(side, OrderType::Market, quantity)
}

pub fn limit(side: Side, quantity: i64, price: i64) -> Submit {
    Submit {
        limit: Some(price),
        ..order(side, OrderType::Limit, quantity)
    }
}

pub fn stop(side: Side, quantity: i64, trigger: i64) -> Submit {
    Submit {
        trigger: Some(trigger),
        ..order(side, OrderType::Stop, quantity)
    }
}

/// A bar of which only the open is known.
pub fn opening(ts: Nanos, price_type: PriceType, open: i64, volume: i64) -> Bar {
    Bar {
        ts_open: ts,
        ts_event: ts + 1,
        ts_received: ts + 1,
        price_type,
        open,
        high: open,
        low: open,
        close: open,
        volume,
        count: 0,
    }
}

impl Desk {
    pub fn new(config: ExchangeConfig, instrument: Instrument) -> Self {
        Self::with(config, vec![instrument])
    }

    pub fn with(config: ExchangeConfig, instruments: Vec<Instrument>) -> Self {
        let venue = Exchange::new(config, instruments, vec![2, 8, 8]).expect("a sound config");
        Self {
            venue,
            ts: 1_000,
            last_id: 0,
        }
    }

    fn step(&mut self, act: impl FnOnce(&mut Exchange, Nanos, &mut Vec<Report>)) -> Vec<Report> {
        let mut out = Vec::new();
        self.ts += 1;
        act(&mut self.venue, self.ts, &mut out);
        out
    }

    /// Send an order, under the next id unless it has one.
    pub fn send(&mut self, mut submit: Submit) -> Vec<Report> {
        if submit.id == 0 {
            self.last_id += 1;
            submit.id = self.last_id;
        }
        self.command(Command::Submit(Box::new(submit)))
    }

    pub fn command(&mut self, command: Command) -> Vec<Report> {
        self.step(|venue, ts, out| venue.on_command(ts, command, out))
    }

    pub fn cancel(&mut self, id: u128) -> Vec<Report> {
        self.command(Command::Cancel { id, instrument: 0 })
    }

    pub fn replace(&mut self, id: u128, quantity: i64, price: i64) -> Vec<Report> {
        self.command(Command::Replace {
            id,
            instrument: 0,
            quantity: Some(quantity),
            limit: Some(price),
            trigger: None,
        })
    }

    /// A quote (bid, bid size, ask, ask size).
    pub fn quote(&mut self, bid: i64, bid_size: i64, ask: i64, ask_size: i64) -> Vec<Report> {
        let quote = Quote {
            ts_event: 0,
            ts_received: 0,
            bid,
            ask,
            bid_size,
            ask_size,
        };
        self.step(|venue, ts, out| venue.on_quote(ts, 0, &quote, out))
    }

    pub fn trade(&mut self, price: i64, size: i64) -> Vec<Report> {
        let trade = Trade {
            ts_event: 0,
            ts_received: 0,
            price,
            size,
            aggressor: None,
            trade_id: 0,
        };
        self.step(|venue, ts, out| venue.on_trade(ts, 0, &trade, out))
    }

    pub fn mark(&mut self, mark: i64) -> Vec<Report> {
        self.step(|venue, ts, out| venue.on_mark(ts, 0, mark, out))
    }

    /// A last-price bar: its open, then its end; what each of the two moments reports.
    pub fn bar(&mut self, prices: [i64; 4], volume: i64) -> (Vec<Report>, Vec<Report>) {
        let [open, high, low, close] = prices;
        let opened = self.step(|venue, ts, out| {
            venue.on_bar_open(ts, 0, &opening(ts, PriceType::Last, open, volume), out);
        });
        let bar = Bar {
            high,
            low,
            close,
            ..opening(self.ts, PriceType::Last, open, volume)
        };
        let closed = self.step(|venue, ts, out| venue.on_bar(ts, 0, &bar, out));
        (opened, closed)
    }

    pub fn time(&mut self, ts: Nanos) -> Vec<Report> {
        self.ts = ts;
        let mut out = Vec::new();
        self.venue.on_time(ts, &mut out);
        out
    }
}

/// The fills among reports as (price, quantity).
pub fn fills(reports: &[Report]) -> Vec<(i64, i64)> {
    fills_of(reports)
        .iter()
        .map(|fill| (fill.price, fill.quantity))
        .collect()
}

pub fn fills_of(reports: &[Report]) -> Vec<Fill> {
    let fill = |report: &Report| match report {
        Report::Filled(fill) => Some((**fill).clone()),
        _ => None,
    };
    reports.iter().filter_map(fill).collect()
}

/// Reports as words: `accepted`, `filled 100x5`, `canceled oco`, ...
pub fn words(reports: &[Report]) -> Vec<String> {
    let word = |report: &Report| match report {
        Report::Accepted { .. } => "accepted".into(),
        Report::Rejected { reason, .. } => format!("rejected {reason}"),
        Report::Triggered { .. } => "triggered".into(),
        Report::Filled(fill) => format!("filled {}x{}", fill.price, fill.quantity),
        Report::Canceled { reason, .. } => format!("canceled {reason}"),
        Report::Expired { reason, .. } => format!("expired {reason}"),
        Report::Replaced { .. } => "replaced".into(),
        Report::CancelRejected { reason, .. } => format!("cancel rejected {reason}"),
        Report::ReplaceRejected { reason, .. } => format!("replace rejected {reason}"),
        Report::Cash { amount, reason, .. } => format!("cash {amount} {reason}"),
        Report::Split { .. } => "split".into(),
        Report::Liquidated { reason, .. } => format!("liquidated {reason}"),
    };
    reports.iter().map(word).collect()
}

pub fn is_maker(reports: &[Report]) -> bool {
    fills_of(reports)
        .iter()
        .all(|fill| fill.liquidity == Liquidity::Maker)
}
