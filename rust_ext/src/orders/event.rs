//! Evidence about one order: the events of `openoutcry.state.events` without Python.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::directory::{Directory, Symbol};
use crate::types::{CurrencyIx, Fill, InstrumentIx, Liquidity, Nanos, Report, Side};

/// A venue's words. Those of the simulated venue are constants and cost nothing.
pub type Text = Cow<'static, str>;

/// An id as a venue writes it. A plain decimal number needs no text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VenueKey {
    Number(u64),
    Text(Arc<str>),
}

impl VenueKey {
    /// The one key of a text: a number exactly when `Display` gives the text back.
    pub fn parse(text: &str) -> Self {
        let plain = !text.is_empty()
            && text.len() <= 20
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        match text.parse() {
            Ok(number) if plain => VenueKey::Number(number),
            _ => VenueKey::Text(text.into()),
        }
    }
}

impl fmt::Display for VenueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VenueKey::Number(number) => number.fmt(f),
            VenueKey::Text(text) => f.write_str(text),
        }
    }
}

/// One piece of evidence about one order.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// 128-bit client order id.
    pub id: u128,
    pub instrument: InstrumentIx,
    /// The venue's time, and ours.
    pub ts_event: Nanos,
    pub ts_received: Nanos,
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Denied {
        reasons: Vec<String>,
    },
    NotSent {
        reason: Text,
    },
    Submitted,
    Accepted {
        venue_order_id: VenueKey,
    },
    Rejected {
        reason: Text,
        text: Text,
    },
    Triggered,
    Filled(Box<FillEvent>),
    Canceled {
        cumulative: i64,
        reason: Text,
    },
    Expired {
        cumulative: i64,
        reason: Text,
    },
    Replaced {
        quantity: i64,
        limit: Option<i64>,
        trigger: Option<i64>,
    },
    CancelRejected {
        reason: Text,
    },
    ReplaceRejected {
        reason: Text,
    },
    Unknown {
        reason: Text,
    },
    Busted {
        fill_id: VenueKey,
        reason: Text,
    },
    Corrected {
        fill_id: VenueKey,
        price: i64,
        quantity: i64,
        reason: Text,
    },
}

/// Our execution of (part of) an order; quantities are unsigned.
#[derive(Clone, Debug, PartialEq)]
pub struct FillEvent {
    pub venue_order_id: VenueKey,
    pub fill_id: VenueKey,
    pub side: Side,
    pub price: i64,
    pub quantity: i64,
    /// The order's filled quantity including this fill, as the venue says.
    pub cumulative: i64,
    pub price_scale: u8,
    pub size_scale: u8,
    /// Units of `fee_currency`; positive is paid.
    pub fee: i128,
    pub fee_currency: CurrencyIx,
    pub liquidity: Liquidity,
    /// Name of the leg under hedging, 0 for none.
    pub position: Symbol,
}

/// What an event is, without what it says; in the order of the table of transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Denied,
    NotSent,
    Submitted,
    Accepted,
    Rejected,
    Triggered,
    Filled,
    Canceled,
    Expired,
    Replaced,
    CancelRejected,
    ReplaceRejected,
    Unknown,
    Busted,
    Corrected,
}

impl Kind {
    pub const COUNT: usize = 15;

    /// The name of the Python class.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Denied => "OrderDenied",
            Kind::NotSent => "OrderNotSent",
            Kind::Submitted => "OrderSubmitted",
            Kind::Accepted => "OrderAccepted",
            Kind::Rejected => "OrderRejected",
            Kind::Triggered => "OrderTriggered",
            Kind::Filled => "OrderFilled",
            Kind::Canceled => "OrderCanceled",
            Kind::Expired => "OrderExpired",
            Kind::Replaced => "OrderReplaced",
            Kind::CancelRejected => "CancelRejected",
            Kind::ReplaceRejected => "ReplaceRejected",
            Kind::Unknown => "RequestUnknown",
            Kind::Busted => "FillBusted",
            Kind::Corrected => "FillCorrected",
        }
    }
}

impl What {
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            What::Denied { .. } => Kind::Denied,
            What::NotSent { .. } => Kind::NotSent,
            What::Submitted => Kind::Submitted,
            What::Accepted { .. } => Kind::Accepted,
            What::Rejected { .. } => Kind::Rejected,
            What::Triggered => Kind::Triggered,
            What::Filled(_) => Kind::Filled,
            What::Canceled { .. } => Kind::Canceled,
            What::Expired { .. } => Kind::Expired,
            What::Replaced { .. } => Kind::Replaced,
            What::CancelRejected { .. } => Kind::CancelRejected,
            What::ReplaceRejected { .. } => Kind::ReplaceRejected,
            What::Unknown { .. } => Kind::Unknown,
            What::Busted { .. } => Kind::Busted,
            What::Corrected { .. } => Kind::Corrected,
        }
    }

    /// The name of the Python class.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }
}

impl Event {
    /// The evidence in a report of the simulated venue that arrived at `ts_received`.
    ///
    /// None for reports about the account.
    pub fn of_report(report: Report, ts_received: Nanos, names: &Directory) -> Option<Event> {
        let (id, instrument) = report.order()?;
        let ts_event = report.ts();
        let what = match report {
            Report::Accepted { venue_order_id, .. } => What::Accepted {
                venue_order_id: VenueKey::Number(venue_order_id),
            },
            Report::Rejected { reason, .. } => What::Rejected {
                reason: reason.into(),
                text: "".into(),
            },
            Report::Triggered { .. } => What::Triggered,
            Report::Filled(fill) => {
                let position = names.symbol_of_hash(fill.position);
                let scales = names.scales(instrument);
                What::Filled(Box::new(FillEvent::new(&fill, scales, position)))
            }
            Report::Canceled {
                cumulative, reason, ..
            } => What::Canceled {
                cumulative,
                reason: reason.into(),
            },
            Report::Expired {
                cumulative, reason, ..
            } => What::Expired {
                cumulative,
                reason: reason.into(),
            },
            Report::Replaced {
                quantity,
                limit,
                trigger,
                ..
            } => What::Replaced {
                quantity,
                limit,
                trigger,
            },
            Report::CancelRejected { reason, .. } => What::CancelRejected {
                reason: reason.into(),
            },
            Report::ReplaceRejected { reason, .. } => What::ReplaceRejected {
                reason: reason.into(),
            },
            Report::Cash { .. } | Report::Split { .. } | Report::Liquidated { .. } => return None,
        };
        Some(Event {
            id,
            instrument,
            ts_event,
            ts_received,
            what,
        })
    }
}

impl FillEvent {
    fn new(fill: &Fill, scales: (u8, u8), position: Symbol) -> Self {
        FillEvent {
            venue_order_id: VenueKey::Number(fill.venue_order_id),
            fill_id: VenueKey::Number(fill.fill_id),
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            cumulative: fill.cumulative,
            price_scale: scales.0,
            size_scale: scales.1,
            fee: fill.fee,
            fee_currency: fill.fee_currency,
            liquidity: fill.liquidity,
            position,
        }
    }
}
