//! The messages that the order path records.

use super::pack::Packer;
use super::{SCHEMA_VERSION, words};
use crate::directory::{Directory, Symbol};
use crate::failure::Failure;
use crate::ledger::BookIx;
use crate::orders::{Ask, Event, FillEvent, Intent, VenueKey, What};
use crate::types::{InstrumentIx, Nanos};

/// Something that goes on record. Names come from the directory.
pub enum Record<'a> {
    /// `RiskApproved[SubmitOrder]`
    Submit(&'a Intent),
    /// `RiskApproved[CancelOrder]` or `RiskApproved[ReplaceOrder]`
    Ask {
        intent: &'a Intent,
        ts: Nanos,
        ask: &'a Ask,
    },
    /// Any order event.
    Event(&'a Event),
    /// `EquitySampled`
    Equity { ts: Nanos, units: i128 },
    /// `TimerFired`
    Timer {
        owner: &'a str,
        name: &'a str,
        ts: Nanos,
        late: i64,
    },
    /// `TradingHalted`, `TradingRestricted` or `TradingResumed` of a scope.
    Latch {
        change: Change,
        ts: Nanos,
        reason: &'a str,
        book: Option<BookIx>,
        venue: Option<&'a str>,
        instrument: Option<InstrumentIx>,
    },
}

/// What happened to the latches of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Halted,
    Restricted,
    Resumed,
}

impl Record<'_> {
    /// Append the encoded message.
    ///
    /// # Errors
    /// A number beyond 64 bits.
    pub fn encode(&self, names: &Directory, out: &mut Vec<u8>) -> Result<(), Failure> {
        let mut writer = Writer {
            to: Packer { out },
            names,
        };
        writer.to.array(2);
        writer.to.int(i64::from(SCHEMA_VERSION));
        match self {
            Record::Submit(intent) => {
                writer.approved();
                writer.submit(intent);
            }
            Record::Ask { intent, ts, ask } => {
                writer.approved();
                writer.ask(intent, *ts, ask);
            }
            Record::Event(event) => writer.event(event)?,
            Record::Equity { ts, units } => {
                writer.class(3, "EquitySampled");
                writer.int("ts", *ts);
                writer.wide("units", *units, "EquitySampled")?;
            }
            Record::Timer {
                owner,
                name,
                ts,
                late,
            } => {
                writer.class(5, "TimerFired");
                writer.text("owner", owner);
                writer.text("name", name);
                writer.int("ts", *ts);
                writer.int("late_ns", *late);
            }
            Record::Latch {
                change,
                ts,
                reason,
                book,
                venue,
                instrument,
            } => {
                let class = match change {
                    Change::Halted => "TradingHalted",
                    Change::Restricted => "TradingRestricted",
                    Change::Resumed => "TradingResumed",
                };
                writer.class(6, class);
                writer.int("ts", *ts);
                writer.text("reason", reason);
                writer.optional_text("strategy", book.map(|book| &*names.books[book as usize]));
                let instrument = instrument.map(|ix| &*names.instruments[ix as usize].id);
                writer.optional_text("instrument", instrument);
                writer.optional_text("venue", *venue);
            }
        }
        Ok(())
    }
}

struct Writer<'a> {
    to: Packer<'a>,
    names: &'a Directory,
}

impl Writer<'_> {
    fn class(&mut self, fields: u16, name: &str) {
        self.to.map(fields);
        self.text("type", name);
    }

    fn int(&mut self, key: &str, value: i64) {
        self.to.text(key);
        self.to.int(value);
    }

    fn optional(&mut self, key: &str, value: Option<i64>) {
        self.to.text(key);
        self.to.optional(value);
    }

    fn wide(&mut self, key: &str, value: i128, class: &str) -> Result<(), Failure> {
        let value = i64::try_from(value)
            .map_err(|_| Failure::Overflow(format!("{key} of a {class} does not fit 64 bits")))?;
        self.int(key, value);
        Ok(())
    }

    fn text(&mut self, key: &str, value: &str) {
        self.to.text(key);
        self.to.text(value);
    }

    fn optional_text(&mut self, key: &str, value: Option<&str>) {
        self.to.text(key);
        match value {
            Some(value) => self.to.text(value),
            None => self.to.nil(),
        }
    }

    fn symbol(&mut self, key: &str, symbol: Symbol) {
        let names = self.names;
        self.optional_text(key, (symbol != 0).then(|| names.text(symbol)));
    }

    fn flag(&mut self, key: &str, value: bool) {
        self.to.text(key);
        self.to.bool(value);
    }

    fn key(&mut self, key: &str, value: &VenueKey) {
        self.to.text(key);
        match value {
            VenueKey::Number(number) => self.to.digits(*number),
            VenueKey::Text(text) => self.to.text(text),
        }
    }

    fn approved(&mut self) {
        self.class(2, "RiskApproved");
        self.to.text("command");
    }

    fn submit(&mut self, intent: &Intent) {
        let s = &intent.submit;
        let names = self.names;
        let scales = names.scales(s.instrument);
        self.class(24, "SubmitOrder");
        self.command(intent, intent.ts);
        self.text("side", words::side(s.side));
        self.text("order_type", words::order_type(s.order_type));
        self.int("quantity_units", s.quantity);
        self.int("price_scale", i64::from(scales.0));
        self.int("size_scale", i64::from(scales.1));
        self.optional("limit_units", s.limit);
        self.optional("trigger_units", s.trigger);
        self.text("trigger_source", words::trigger_source(s.trigger_source));
        self.optional("trailing_offset_units", s.trailing_offset);
        self.text("trailing_kind", words::trailing_kind(s.trailing_bps));
        self.text("time_in_force", words::time_in_force(s.time_in_force));
        self.optional("expire_ts", s.expire);
        self.flag("post_only", s.post_only);
        self.flag("reduce_only", s.reduce_only);
        self.to.text("parent");
        match s.parent {
            Some(id) => self.to.id(id),
            None => self.to.nil(),
        }
        self.to.text("oco_group");
        match &intent.oco_group {
            Some(name) => self.to.text(name),
            None => self.to.nil(),
        }
        self.symbol("position", intent.position);
        self.optional("arrival_units", intent.arrival);
        self.text("tag", names.text(intent.tag));
    }

    /// What all commands about an order begin with.
    fn command(&mut self, intent: &Intent, ts: Nanos) {
        let names = self.names;
        self.int("ts", ts);
        self.to.text("client_order_id");
        self.to.id(intent.id());
        self.text("strategy", &names.books[intent.book as usize]);
        let ix = intent.instrument() as usize;
        self.text("instrument", &names.instruments[ix].id);
    }

    fn ask(&mut self, intent: &Intent, ts: Nanos, ask: &Ask) {
        match ask {
            Ask::Cancel => {
                self.class(5, "CancelOrder");
                self.command(intent, ts);
            }
            Ask::Replace(terms) => {
                self.class(8, "ReplaceOrder");
                self.command(intent, ts);
                self.optional("quantity_units", terms.quantity);
                self.optional("limit_units", terms.limit);
                self.optional("trigger_units", terms.trigger);
            }
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), Failure> {
        let names = self.names;
        let what = &event.what;
        self.class(5 + fields(what), what.name());
        self.to.text("client_order_id");
        self.to.id(event.id);
        let ix = event.instrument as usize;
        self.text("instrument", &names.instruments[ix].id);
        self.int("ts_event", event.ts_event);
        self.int("ts_received", event.ts_received);
        match what {
            What::Submitted | What::Triggered => {}
            What::Denied { reasons } => {
                self.to.text("reasons");
                self.to.array(reasons.len());
                reasons.iter().for_each(|reason| self.to.text(reason));
            }
            What::NotSent { reason }
            | What::CancelRejected { reason }
            | What::ReplaceRejected { reason }
            | What::Unknown { reason } => self.text("reason", reason),
            What::Accepted { venue_order_id } => self.key("venue_order_id", venue_order_id),
            What::Rejected { reason, text } => {
                self.text("reason", reason);
                self.text("text", text);
            }
            What::Filled(fill) => self.fill(fill)?,
            What::Canceled { cumulative, reason } | What::Expired { cumulative, reason } => {
                self.int("cumulative_units", *cumulative);
                self.text("reason", reason);
            }
            What::Replaced {
                quantity,
                limit,
                trigger,
            } => {
                self.int("quantity_units", *quantity);
                self.optional("limit_units", *limit);
                self.optional("trigger_units", *trigger);
            }
            What::Busted { fill_id, reason } => {
                self.key("fill_id", fill_id);
                self.text("reason", reason);
            }
            What::Corrected {
                fill_id,
                price,
                quantity,
                reason,
            } => {
                self.key("fill_id", fill_id);
                self.int("price_units", *price);
                self.int("quantity_units", *quantity);
                self.text("reason", reason);
            }
        }
        Ok(())
    }

    fn fill(&mut self, fill: &FillEvent) -> Result<(), Failure> {
        let names = self.names;
        let (code, scale) = &names.currencies[usize::from(fill.fee_currency)];
        self.key("venue_order_id", &fill.venue_order_id);
        self.key("fill_id", &fill.fill_id);
        self.text("side", words::side(fill.side));
        self.int("price_units", fill.price);
        self.int("quantity_units", fill.quantity);
        self.int("cumulative_units", fill.cumulative);
        self.int("price_scale", i64::from(fill.price_scale));
        self.int("size_scale", i64::from(fill.size_scale));
        self.wide("fee_units", fill.fee, "OrderFilled")?;
        self.int("fee_scale", i64::from(*scale));
        self.text("fee_currency", code);
        self.text("liquidity", words::liquidity(fill.liquidity));
        self.symbol("position", fill.position);
        Ok(())
    }
}

/// Fields of an event beyond the class and the four that all have.
fn fields(what: &What) -> u16 {
    match what {
        What::Submitted | What::Triggered => 0,
        What::Denied { .. }
        | What::NotSent { .. }
        | What::CancelRejected { .. }
        | What::ReplaceRejected { .. }
        | What::Unknown { .. }
        | What::Accepted { .. } => 1,
        What::Rejected { .. }
        | What::Canceled { .. }
        | What::Expired { .. }
        | What::Busted { .. } => 2,
        What::Replaced { .. } => 3,
        What::Corrected { .. } => 4,
        What::Filled(_) => 13,
    }
}
