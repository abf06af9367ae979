//! The inputs of the decision core, and their canonical encoding.

use crate::bars::Timeframe;
use crate::encode::Recorder;
use crate::types::{
    Bar, Command, Fill, InstrumentIx, Level, Liquidity, Nanos, Quote, Report, Side, Trade,
    UNDEFINED,
};

/// One input of the core. The levels of a `Book` stand in the kernel's `levels`.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Quote {
        instrument: InstrumentIx,
        quote: Quote,
    },
    Trade {
        instrument: InstrumentIx,
        trade: Trade,
    },
    Bar {
        instrument: InstrumentIx,
        timeframe: Timeframe,
        bar: Bar,
    },
    Book {
        instrument: InstrumentIx,
        stamps: (Nanos, Nanos),
        update_id: i64,
        snapshot: bool,
    },
    BookInvalidated {
        instrument: InstrumentIx,
        stamps: (Nanos, Nanos),
    },
    Mark {
        instrument: InstrumentIx,
        stamps: (Nanos, Nanos),
        mark: i64,
        index: i64,
    },
    Funding {
        instrument: InstrumentIx,
        stamps: (Nanos, Nanos),
        rate: i64,
    },
    Split {
        instrument: InstrumentIx,
        stamps: (Nanos, Nanos),
        numerator: i64,
        denominator: i64,
    },
    Dividend {
        instrument: InstrumentIx,
        stamps: (Nanos, Nanos),
        amount: i64,
    },
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
}

/// Append an input to the record; `levels` are those of a book message.
#[inline]
pub fn record(out: &mut Recorder, seq: u64, input: &Input, levels: &[Level]) {
    let seq = seq as i64;
    // The first words of every record: sequence number, kind, instrument.
    let head = |kind: i64, instrument: InstrumentIx| kind << 32 | i64::from(instrument);
    match input {
        Input::Quote {
            instrument: ix,
            quote: q,
        } => out.words([
            seq,
            head(1, *ix),
            q.ts_event,
            q.ts_received,
            q.bid,
            q.ask,
            q.bid_size,
            q.ask_size,
        ]),
        Input::Trade {
            instrument: ix,
            trade: t,
        } => {
            let aggressor = t.aggressor.map_or(0, Side::sign);
            out.words([
                seq,
                head(2, *ix),
                t.ts_event,
                t.ts_received,
                t.price,
                t.size,
                aggressor,
                t.trade_id,
            ]);
        }
        Input::Bar {
            instrument: ix,
            timeframe,
            bar: b,
        } => {
            out.words([seq, head(3, *ix), timeframe.unit as i64, timeframe.count]);
            out.words([b.price_type as i64, b.ts_open, b.ts_event, b.ts_received]);
            out.words([b.open, b.high, b.low, b.close, b.volume, b.count]);
        }
        Input::Book {
            instrument: ix,
            stamps,
            update_id,
            snapshot,
        } => {
            out.words([
                seq,
                head(4, *ix),
                stamps.0,
                stamps.1,
                *update_id,
                i64::from(*snapshot),
            ]);
            out.words([levels.len() as i64]);
            for level in levels {
                out.words([level.side.sign(), level.price, level.size]);
            }
        }
        Input::BookInvalidated {
            instrument: ix,
            stamps,
        } => {
            out.words([seq, head(5, *ix), stamps.0, stamps.1]);
        }
        Input::Mark {
            instrument: ix,
            stamps,
            mark,
            index,
        } => {
            out.words([seq, head(6, *ix), stamps.0, stamps.1, *mark, *index]);
        }
        Input::Funding {
            instrument: ix,
            stamps,
            rate,
        } => {
            out.words([seq, head(7, *ix), stamps.0, stamps.1, *rate]);
        }
        Input::Split {
            instrument: ix,
            stamps,
            numerator,
            denominator,
        } => {
            out.words([
                seq,
                head(8, *ix),
                stamps.0,
                stamps.1,
                *numerator,
                *denominator,
            ]);
        }
        Input::Dividend {
            instrument: ix,
            stamps,
            amount,
        } => {
            out.words([seq, head(9, *ix), stamps.0, stamps.1, *amount]);
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
    }
}

fn record_report(out: &mut Recorder, report: &Report) {
    let head = |out: &mut Recorder, kind: i64, id: &u128, ix: &InstrumentIx, ts: &Nanos| {
        out.words([kind << 32 | i64::from(*ix), *ts]);
        out.wide(*id as i128);
    };
    let optional = |value: &Option<i64>| value.unwrap_or(UNDEFINED);
    match report {
        Report::Accepted {
            id,
            instrument,
            ts,
            venue_order_id,
        } => {
            head(out, 1, id, instrument, ts);
            out.words([*venue_order_id as i64]);
        }
        Report::Rejected {
            id,
            instrument,
            ts,
            reason,
        } => {
            head(out, 2, id, instrument, ts);
            out.text(reason);
        }
        Report::Triggered { id, instrument, ts } => head(out, 3, id, instrument, ts),
        Report::Filled(fill) => {
            head(out, 4, &fill.id, &fill.instrument, &fill.ts);
            record_fill(out, fill);
        }
        Report::Canceled {
            id,
            instrument,
            ts,
            cumulative,
            reason,
        } => {
            head(out, 5, id, instrument, ts);
            out.words([*cumulative]);
            out.text(reason);
        }
        Report::Expired {
            id,
            instrument,
            ts,
            cumulative,
            reason,
        } => {
            head(out, 6, id, instrument, ts);
            out.words([*cumulative]);
            out.text(reason);
        }
        Report::Replaced {
            id,
            instrument,
            ts,
            quantity,
            limit,
            trigger,
        } => {
            head(out, 7, id, instrument, ts);
            out.words([*quantity, optional(limit), optional(trigger)]);
        }
        Report::CancelRejected {
            id,
            instrument,
            ts,
            reason,
        } => {
            head(out, 8, id, instrument, ts);
            out.text(reason);
        }
        Report::ReplaceRejected {
            id,
            instrument,
            ts,
            reason,
        } => {
            head(out, 9, id, instrument, ts);
            out.text(reason);
        }
        Report::Cash {
            instrument,
            ts,
            currency,
            amount,
            reason,
        } => {
            let ix = instrument.map_or(-1, i64::from);
            out.words([10 << 32, ix, *ts, i64::from(*currency)]);
            out.wide(*amount);
            out.text(reason);
        }
        Report::Split {
            instrument,
            ts,
            numerator,
            denominator,
        } => {
            out.words([
                11 << 32 | i64::from(*instrument),
                *ts,
                *numerator,
                *denominator,
            ]);
        }
        Report::Liquidated { ts, reason } => {
            out.words([12 << 32, *ts]);
            out.text(reason);
        }
    }
}

fn record_fill(out: &mut Recorder, fill: &Fill) {
    let maker = i64::from(fill.liquidity == Liquidity::Maker);
    out.words([
        fill.venue_order_id as i64,
        fill.fill_id as i64,
        fill.side.sign(),
        fill.price,
    ]);
    out.words([
        fill.quantity,
        fill.cumulative,
        i64::from(fill.fee_currency),
        maker,
        fill.position as i64,
    ]);
    out.wide(fill.fee);
}

/// The venue's time of a report.
pub fn report_ts(report: &Report) -> Nanos {
    match report {
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

/// The instrument a command is about.
pub fn command_instrument(command: &Command) -> InstrumentIx {
    match command {
        Command::Submit(submit) => submit.instrument,
        Command::Cancel { instrument, .. } | Command::Replace { instrument, .. } => *instrument,
    }
}
