//! What reached a venue and what it did, in order: the list that its own log keeps.
//!
//! A turn's entries are one msgpack array; each is an array that begins with its kind and the venue's
//! time. Instruments and currencies stand there by name, and amounts of money, which have 128 bits, as
//! texts. The table of kinds and fields stands in `docs/reference/paper.md`; `openoutcry.replay.venue_entries` reads it.

use crate::exchange::Exchange;
use crate::record::{Packer, words};
use crate::types::{Command, CurrencyIx, Fill, InstrumentIx, Nanos, Report, Submit};

/// Something that happened at a venue.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// A command arrived.
    Command(Nanos, Command),
    Report(Report),
    /// An order of this group has filled: the group's name is used up.
    GroupDone(Nanos, u64),
    /// The venue came back after a time in which it saw no market.
    Returned(Nanos),
}

/// What stands for the indexes of a run.
#[derive(Clone, Debug)]
pub struct EntryNames {
    pub instruments: Vec<String>,
    pub currencies: Vec<String>,
}

/// The entries of one venue since they were taken.
#[derive(Debug)]
pub struct Entries {
    names: EntryNames,
    list: Vec<Entry>,
}

impl Entries {
    pub fn new(names: EntryNames) -> Self {
        let list = Vec::new();
        Self { names, list }
    }

    pub fn arrived(&mut self, ts: Nanos, command: &Command) {
        self.list.push(Entry::Command(ts, command.clone()));
    }

    pub fn returned(&mut self, ts: Nanos) {
        self.list.push(Entry::Returned(ts));
    }

    /// What the venue reports now.
    pub fn reported(&mut self, ts: Nanos, reports: &[Report], exchange: &mut Exchange) {
        let reports = reports.iter().cloned().map(Entry::Report);
        self.list.extend(reports);
        let groups = exchange.take_done_groups().into_iter();
        self.list.extend(groups.map(|g| Entry::GroupDone(ts, g)));
    }

    /// All of them as one array, no bytes where there are none; they are gone then.
    pub fn take(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.list.is_empty() {
            return out;
        }
        let mut writer = Writer {
            to: Packer { out: &mut out },
            names: &self.names,
        };
        writer.to.array(self.list.len());
        for entry in &self.list {
            writer.entry(entry);
        }
        self.list.clear();
        out
    }
}

struct Writer<'a> {
    to: Packer<'a>,
    names: &'a EntryNames,
}

impl Writer<'_> {
    fn entry(&mut self, entry: &Entry) {
        match entry {
            Entry::Command(ts, command) => self.command(*ts, command),
            Entry::Report(report) => self.report(report),
            Entry::Returned(ts) => self.head(2, "returned", *ts),
            Entry::GroupDone(ts, group) => {
                self.head(3, "group_done", *ts);
                self.to.wide(*group);
            }
        }
    }

    fn head(&mut self, fields: usize, kind: &str, ts: Nanos) {
        self.to.array(fields);
        self.to.text(kind);
        self.to.int(ts);
    }

    /// What all entries about an order begin with.
    fn order(&mut self, fields: usize, kind: &str, ts: Nanos, order: (u128, InstrumentIx)) {
        self.head(4 + fields, kind, ts);
        self.to.id(order.0);
        self.instrument(order.1);
    }

    fn instrument(&mut self, ix: InstrumentIx) {
        self.to.text(&self.names.instruments[ix as usize]);
    }

    fn currency(&mut self, ix: CurrencyIx) {
        self.to.text(&self.names.currencies[usize::from(ix)]);
    }

    fn money(&mut self, amount: i128) {
        self.to.text(&amount.to_string());
    }

    fn command(&mut self, ts: Nanos, command: &Command) {
        match command {
            Command::Submit(submit) => self.submit(ts, submit),
            Command::Cancel { id, instrument } => self.order(0, "cancel", ts, (*id, *instrument)),
            Command::Replace {
                id,
                instrument,
                quantity,
                limit,
                trigger,
            } => {
                self.order(3, "replace", ts, (*id, *instrument));
                for term in [quantity, limit, trigger] {
                    self.to.optional(*term);
                }
            }
        }
    }

    fn submit(&mut self, ts: Nanos, submit: &Submit) {
        self.order(15, "submit", ts, (submit.id, submit.instrument));
        self.to.text(words::side(submit.side));
        self.to.text(words::order_type(submit.order_type));
        self.to.int(submit.quantity);
        self.to.optional(submit.limit);
        self.to.optional(submit.trigger);
        self.to.text(words::trigger_source(submit.trigger_source));
        self.to.optional(submit.trailing_offset);
        self.to.text(words::trailing_kind(submit.trailing_bps));
        self.to.text(words::time_in_force(submit.time_in_force));
        self.to.optional(submit.expire);
        self.to.bool(submit.post_only);
        self.to.bool(submit.reduce_only);
        match submit.parent {
            Some(id) => self.to.id(id),
            None => self.to.nil(),
        }
        self.to.wide(submit.oco_group);
        self.to.wide(submit.position);
    }

    fn report(&mut self, report: &Report) {
        let (ts, kind) = (report.ts(), word(report));
        let order = report.order().unwrap_or_default();
        match report {
            Report::Accepted { venue_order_id, .. } => {
                self.order(1, kind, ts, order);
                self.to.digits(*venue_order_id);
            }
            Report::Triggered { .. } => self.order(0, kind, ts, order),
            Report::Rejected { reason, .. }
            | Report::CancelRejected { reason, .. }
            | Report::ReplaceRejected { reason, .. } => {
                self.order(1, kind, ts, order);
                self.to.text(reason);
            }
            Report::Filled(fill) => self.fill(fill),
            Report::Canceled {
                cumulative, reason, ..
            }
            | Report::Expired {
                cumulative, reason, ..
            } => {
                self.order(2, kind, ts, order);
                self.to.int(*cumulative);
                self.to.text(reason);
            }
            Report::Replaced {
                quantity,
                limit,
                trigger,
                ..
            } => {
                self.order(3, kind, ts, order);
                self.to.int(*quantity);
                self.to.optional(*limit);
                self.to.optional(*trigger);
            }
            Report::Cash { .. } | Report::Split { .. } | Report::Liquidated { .. } => {
                self.account(report);
            }
        }
    }

    fn fill(&mut self, fill: &Fill) {
        self.order(10, "filled", fill.ts, (fill.id, fill.instrument));
        self.to.digits(fill.venue_order_id);
        self.to.digits(fill.fill_id);
        self.to.text(words::side(fill.side));
        self.to.int(fill.price);
        self.to.int(fill.quantity);
        self.to.int(fill.cumulative);
        self.money(fill.fee);
        self.currency(fill.fee_currency);
        self.to.text(words::liquidity(fill.liquidity));
        self.to.wide(fill.position);
    }

    fn account(&mut self, report: &Report) {
        let (ts, kind) = (report.ts(), word(report));
        match report {
            Report::Cash {
                instrument,
                currency,
                amount,
                reason,
                ..
            } => {
                self.head(6, kind, ts);
                match instrument {
                    Some(ix) => self.instrument(*ix),
                    None => self.to.nil(),
                }
                self.currency(*currency);
                self.money(*amount);
                self.to.text(reason);
            }
            Report::Split {
                instrument,
                numerator,
                denominator,
                ..
            } => {
                self.head(5, kind, ts);
                self.instrument(*instrument);
                self.to.int(*numerator);
                self.to.int(*denominator);
            }
            Report::Liquidated { reason, .. } => {
                self.head(3, kind, ts);
                self.to.text(reason);
            }
            _ => {}
        }
    }
}

fn word(report: &Report) -> &'static str {
    match report {
        Report::Accepted { .. } => "accepted",
        Report::Rejected { .. } => "rejected",
        Report::Triggered { .. } => "triggered",
        Report::Filled(_) => "filled",
        Report::Canceled { .. } => "canceled",
        Report::Expired { .. } => "expired",
        Report::Replaced { .. } => "replaced",
        Report::CancelRejected { .. } => "cancel_rejected",
        Report::ReplaceRejected { .. } => "replace_rejected",
        Report::Cash { .. } => "cash",
        Report::Split { .. } => "split",
        Report::Liquidated { .. } => "liquidated",
    }
}
