//! The inputs of the decision core, and their canonical encoding.

use super::report::record_report;
use crate::bars::Timeframe;
use crate::encode::Recorder;
use crate::merge::Phase;
use crate::types::{Bar, InstrumentIx, Level, Nanos, Quote, Report, Side, Trade};

/// One input of the core.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Quote(InstrumentIx, Quote),
    Trade(InstrumentIx, Trade),
    Bar(InstrumentIx, Timeframe, Bar),
    /// The rarer kinds, with (`ts_event`, time received).
    Datum(InstrumentIx, (Nanos, Nanos), Datum),
    Report {
        venue: usize,
        report: Report,
        arrived: Nanos,
    },
    Timer {
        owner: String,
        name: String,
        ts: Nanos,
        late: i64,
    },
    /// A message from outside, which whoever gave it knows by its token.
    External {
        token: u64,
        phase: Phase,
        ts: Nanos,
        encoded: Box<[u8]>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datum {
    /// A book message; its levels stand in the kernel's `levels`.
    Book {
        update_id: i64,
        snapshot: bool,
    },
    BookInvalidated,
    Mark {
        mark: i64,
        index: i64,
    },
    Funding {
        rate: i64,
    },
    Split {
        numerator: i64,
        denominator: i64,
    },
    Dividend {
        amount: i64,
    },
}

/// The second word of a record, after the sequence number: kind and instrument, or venue.
fn head(kind: i64, number: u32) -> i64 {
    kind << 32 | i64::from(number)
}

/// Append an input to the record; `levels` are those of a book message.
#[inline]
pub fn record(out: &mut Recorder, seq: u64, input: &Input, levels: &[Level]) {
    let seq = seq as i64;
    match input {
        Input::Quote(ix, q) => record_quote(out, seq as u64, *ix, q),
        Input::Trade(ix, t) => record_trade(out, seq as u64, *ix, t),
        Input::Bar(ix, timeframe, b) => {
            out.words([seq, head(3, *ix), timeframe.unit as i64, timeframe.count]);
            out.words([b.price_type as i64, b.ts_open, b.ts_event, b.ts_received]);
            out.words([b.open, b.high, b.low, b.close, b.volume, b.count]);
        }
        Input::Datum(ix, stamps, datum) => {
            out.words([seq, head(datum.kind(), *ix), stamps.0, stamps.1]);
            record_datum(out, datum, levels);
        }
        Input::Report {
            venue,
            report,
            arrived,
        } => {
            out.words([seq, head(10, *venue as u32), *arrived]);
            record_report(out, report);
        }
        Input::Timer {
            owner,
            name,
            ts,
            late,
        } => {
            out.words([seq, head(11, 0), *ts, *late]);
            out.text(owner);
            out.text(name);
        }
        Input::External {
            phase, ts, encoded, ..
        } => {
            out.words([seq, head(12, u32::from(*phase == Phase::Control)), *ts]);
            out.bytes(encoded);
        }
    }
}

#[inline]
pub fn record_quote(out: &mut Recorder, seq: u64, ix: InstrumentIx, q: &Quote) {
    out.words([
        seq as i64,
        head(1, ix),
        q.ts_event,
        q.ts_received,
        q.bid,
        q.ask,
        q.bid_size,
        q.ask_size,
    ]);
}

#[inline]
pub fn record_trade(out: &mut Recorder, seq: u64, ix: InstrumentIx, t: &Trade) {
    out.words([
        seq as i64,
        head(2, ix),
        t.ts_event,
        t.ts_received,
        t.price,
        t.size,
        t.aggressor.map_or(0, Side::sign),
        t.trade_id,
    ]);
}

impl Datum {
    fn kind(&self) -> i64 {
        match self {
            Datum::Book { .. } => 4,
            Datum::BookInvalidated => 5,
            Datum::Mark { .. } => 6,
            Datum::Funding { .. } => 7,
            Datum::Split { .. } => 8,
            Datum::Dividend { .. } => 9,
        }
    }
}

fn record_datum(out: &mut Recorder, datum: &Datum, levels: &[Level]) {
    match *datum {
        Datum::Book {
            update_id,
            snapshot,
        } => {
            out.words([update_id, i64::from(snapshot), levels.len() as i64]);
            for level in levels {
                out.words([level.side.sign(), level.price, level.size]);
            }
        }
        Datum::BookInvalidated => {}
        Datum::Mark { mark, index } => out.words([mark, index]),
        Datum::Funding { rate } => out.words([rate]),
        Datum::Split {
            numerator,
            denominator,
        } => out.words([numerator, denominator]),
        Datum::Dividend { amount } => out.words([amount]),
    }
}
