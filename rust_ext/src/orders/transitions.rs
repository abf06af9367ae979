//! What evidence may do to an order: the one table of legal transitions, for both of its dimensions.
//!
//! `next` is the first dimension. What a row calls `NO` contradicts the status: nothing changes and
//! the instrument is halted. Three rules stand beside the table, because they depend on quantities:
//!
//! - a fill that completes the order leads to `Filled` where the table says `PartiallyFilled`;
//! - `Canceled` and `Expired` are reached once the known fills sum to the report's cumulative quantity;
//! - a fill is booked whatever the status: after a terminal one it raises an alarm.
//!
//! `answers` is the second dimension: the requests that an event resolves. A terminal status resolves
//! all of them; `RequestUnknown` resolves none, and those that are out become unknown until one of
//! the others arrives.

use super::event::Kind;
use super::status::{OrderStatus, RequestKind};

#[derive(Clone, Copy)]
enum Cell {
    To(OrderStatus),
    Stays,
    Illegal,
}

const ACCEPTED: Cell = Cell::To(OrderStatus::Accepted);
const CANCELED: Cell = Cell::To(OrderStatus::Canceled);
const DENIED: Cell = Cell::To(OrderStatus::Denied);
const EXPIRED: Cell = Cell::To(OrderStatus::Expired);
const NOT_SENT: Cell = Cell::To(OrderStatus::NotSent);
const PARTLY: Cell = Cell::To(OrderStatus::PartiallyFilled);
const REJECTED: Cell = Cell::To(OrderStatus::Rejected);
const SUBMITTED: Cell = Cell::To(OrderStatus::Submitted);
const TRIGGER: Cell = Cell::To(OrderStatus::Triggered);
const STAYS: Cell = Cell::Stays;
const NO: Cell = Cell::Illegal;

/// A row per kind of event, a column per status, both in the order of their enums.
#[rustfmt::skip]
const TABLE: [[Cell; OrderStatus::COUNT]; Kind::COUNT] = [
    //                  Initialized Denied Submitted Accepted  Triggered Partly    Filled Canceled Expired Rejected NotSent
    /* Denied          */ [DENIED,    STAYS, NO,       NO,       NO,       NO,       NO,    NO,    NO,    NO,    NO],
    /* NotSent         */ [NOT_SENT,  NO,    NOT_SENT,  STAYS,    STAYS,    STAYS,    STAYS, STAYS, STAYS, STAYS, STAYS],
    /* Submitted       */ [SUBMITTED, NO,    STAYS,    STAYS,    STAYS,    STAYS,    STAYS, STAYS, STAYS, STAYS, NO],
    /* Accepted        */ [ACCEPTED,  NO,    ACCEPTED, STAYS,    STAYS,    STAYS,    STAYS, STAYS, STAYS, NO,    NO],
    /* Rejected        */ [REJECTED,  NO,    REJECTED, REJECTED, REJECTED, NO,       NO,    NO,    NO,    STAYS, NO],
    /* Triggered       */ [TRIGGER,   NO,    TRIGGER,  TRIGGER,  STAYS,    STAYS,    STAYS, STAYS, STAYS, NO,    NO],
    /* Filled          */ [PARTLY,    STAYS, PARTLY,   PARTLY,   PARTLY,   STAYS,    STAYS, STAYS, STAYS, STAYS, STAYS],
    /* Canceled        */ [CANCELED,  NO,    CANCELED, CANCELED, CANCELED, CANCELED, STAYS, STAYS, STAYS, NO,    NO],
    /* Expired         */ [EXPIRED,   NO,    EXPIRED,  EXPIRED,  EXPIRED,  EXPIRED,  STAYS, STAYS, STAYS, NO,    NO],
    /* Replaced        */ [ACCEPTED,  NO,    ACCEPTED, STAYS,    STAYS,    STAYS,    STAYS, STAYS, STAYS, NO,    NO],
    /* CancelRejected  */ [STAYS; OrderStatus::COUNT],
    /* ReplaceRejected */ [STAYS; OrderStatus::COUNT],
    /* Unknown         */ [STAYS; OrderStatus::COUNT],
    /* Busted          */ [STAYS; OrderStatus::COUNT],
    /* Corrected       */ [STAYS; OrderStatus::COUNT],
];

/// The status that follows when an event arrives; None where the event contradicts the status.
#[inline]
pub fn next(kind: Kind, status: OrderStatus) -> Option<OrderStatus> {
    match TABLE[kind as usize][status as usize] {
        Cell::To(after) => Some(after),
        Cell::Stays => Some(status),
        Cell::Illegal => None,
    }
}

/// The outstanding requests that an event resolves.
#[inline]
pub fn answers(kind: Kind) -> &'static [RequestKind] {
    use RequestKind::{Cancel, Replace, Submit};
    match kind {
        Kind::Accepted | Kind::Triggered | Kind::Filled => &[Submit],
        Kind::Rejected | Kind::Canceled | Kind::Expired => &[Submit, Cancel, Replace],
        Kind::Replaced => &[Submit, Replace],
        Kind::NotSent | Kind::ReplaceRejected => &[Replace],
        Kind::CancelRejected => &[Cancel],
        Kind::Denied | Kind::Submitted | Kind::Unknown | Kind::Busted | Kind::Corrected => &[],
    }
}
