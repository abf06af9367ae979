//! What all venue reports have, and their canonical encoding.

use crate::encode::Recorder;
use crate::types::{Command, Fill, InstrumentIx, Liquidity, Nanos, Report, UNDEFINED};

impl Report {
    /// The order that a report is about; None for reports about the account.
    pub fn order(&self) -> Option<(u128, InstrumentIx)> {
        match self {
            Report::Accepted { id, instrument, .. }
            | Report::Rejected { id, instrument, .. }
            | Report::Triggered { id, instrument, .. }
            | Report::Canceled { id, instrument, .. }
            | Report::Expired { id, instrument, .. }
            | Report::Replaced { id, instrument, .. }
            | Report::CancelRejected { id, instrument, .. }
            | Report::ReplaceRejected { id, instrument, .. } => Some((*id, *instrument)),
            Report::Filled(fill) => Some((fill.id, fill.instrument)),
            Report::Cash { .. } | Report::Split { .. } | Report::Liquidated { .. } => None,
        }
    }

    /// The venue's time of the event.
    pub fn ts(&self) -> Nanos {
        match self {
            Report::Accepted { ts, .. }
            | Report::Rejected { ts, .. }
            | Report::Triggered { ts, .. }
            | Report::Canceled { ts, .. }
            | Report::Expired { ts, .. }
            | Report::Replaced { ts, .. }
            | Report::CancelRejected { ts, .. }
            | Report::ReplaceRejected { ts, .. }
            | Report::Cash { ts, .. }
            | Report::Split { ts, .. }
            | Report::Liquidated { ts, .. } => *ts,
            Report::Filled(fill) => fill.ts,
        }
    }

    fn kind(&self) -> i64 {
        match self {
            Report::Accepted { .. } => 1,
            Report::Rejected { .. } => 2,
            Report::Triggered { .. } => 3,
            Report::Filled(_) => 4,
            Report::Canceled { .. } => 5,
            Report::Expired { .. } => 6,
            Report::Replaced { .. } => 7,
            Report::CancelRejected { .. } => 8,
            Report::ReplaceRejected { .. } => 9,
            Report::Cash { .. } => 10,
            Report::Split { .. } => 11,
            Report::Liquidated { .. } => 12,
        }
    }
}

/// Append a report to the record.
pub fn record_report(out: &mut Recorder, report: &Report) {
    out.words([report.kind(), report.ts()]);
    if let Some((id, instrument)) = report.order() {
        out.words([i64::from(instrument)]);
        out.wide(id as i128);
    }
    match report {
        Report::Accepted { venue_order_id, .. } => out.words([*venue_order_id as i64]),
        Report::Rejected { reason, .. }
        | Report::CancelRejected { reason, .. }
        | Report::ReplaceRejected { reason, .. }
        | Report::Liquidated { reason, .. } => out.text(reason),
        Report::Triggered { .. } => {}
        Report::Filled(fill) => record_fill(out, fill),
        Report::Canceled {
            cumulative, reason, ..
        }
        | Report::Expired {
            cumulative, reason, ..
        } => {
            out.words([*cumulative]);
            out.text(reason);
        }
        Report::Replaced {
            quantity,
            limit,
            trigger,
            ..
        } => {
            let optional = |value: &Option<i64>| value.unwrap_or(UNDEFINED);
            out.words([*quantity, optional(limit), optional(trigger)]);
        }
        Report::Cash {
            instrument,
            currency,
            amount,
            reason,
            ..
        } => {
            out.words([instrument.map_or(-1, i64::from), i64::from(*currency)]);
            out.wide(*amount);
            out.text(reason);
        }
        Report::Split {
            instrument,
            numerator,
            denominator,
            ..
        } => out.words([i64::from(*instrument), *numerator, *denominator]),
    }
}

fn record_fill(out: &mut Recorder, fill: &Fill) {
    let maker = i64::from(fill.liquidity == Liquidity::Maker);
    out.words([fill.venue_order_id as i64, fill.fill_id as i64]);
    out.words([fill.side.sign(), fill.price, fill.quantity, fill.cumulative]);
    out.words([i64::from(fill.fee_currency), maker, fill.position as i64]);
    out.wide(fill.fee);
}

impl Command {
    /// The instrument a command is about.
    pub fn instrument(&self) -> InstrumentIx {
        match self {
            Command::Submit(submit) => submit.instrument,
            Command::Cancel { instrument, .. } | Command::Replace { instrument, .. } => *instrument,
        }
    }
}
