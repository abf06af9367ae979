//! The outbound gate: nothing leaves before the record of it is durable.
//!
//! The core applies inputs at once and hands every approved command to the gate, which holds it until
//! the journal has made its record durable. From then on an order counts as submitted: what the gate
//! does is never a change of the core's state, for a re-run could not know when the disk answered.
//! When a command may leave, the gate asks again: is trading halted, is the intent too old, is the
//! data behind it stale? What it does not let out becomes a *notice*: `OrderNotSent` for an order that
//! never left, `ReplaceRejected` for new terms. Notices come back through the inlet like evidence of a
//! venue, with a sequence number, and change the order then.
//!
//! Cancels never wait: they only ever reduce risk, and a venue reports what they did. A cancel of an
//! order that still waits takes it out of the gate, and neither leaves.

use std::collections::{HashSet, VecDeque};

use super::CLOSING_ORDERS;
use crate::ledger::BookIx;
use crate::orders::{Ask, Event, Intent, What};
use crate::types::{Command, InstrumentIx, Nanos};

const CANCELED: &str = "canceled before it left";
const OVERTAKEN: &str = "a cancel of the order left first";
const ORPHAN: &str = "its parent was not sent";
/// Suppressed commands that are kept before those with an answer are looked for.
const MANY: usize = 1024;

/// An approved command on its way to a venue.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    Submit(Box<Intent>),
    Ask {
        id: u128,
        book: BookIx,
        instrument: InstrumentIx,
        ts: Nanos,
        ask: Ask,
    },
}

impl Outgoing {
    pub fn id(&self) -> u128 {
        match self {
            Outgoing::Submit(intent) => intent.id(),
            Outgoing::Ask { id, .. } => *id,
        }
    }

    pub fn instrument(&self) -> InstrumentIx {
        match self {
            Outgoing::Submit(intent) => intent.instrument(),
            Outgoing::Ask { instrument, .. } => *instrument,
        }
    }

    /// Whether it only takes an order back: that passes in every state.
    pub fn is_cancel(&self) -> bool {
        matches!(
            self,
            Outgoing::Ask {
                ask: Ask::Cancel,
                ..
            }
        )
    }

    /// Whether it closes a position on an operator's word, and can do nothing else.
    pub fn closes(&self) -> bool {
        matches!(self, Outgoing::Submit(intent) if intent.submit.reduce_only
            && (intent.id() >> 64) & CLOSING_ORDERS != 0)
    }

    /// When it was asked for.
    pub fn asked_at(&self) -> Nanos {
        match self {
            Outgoing::Submit(intent) => intent.ts,
            Outgoing::Ask { ts, .. } => *ts,
        }
    }

    pub fn book(&self) -> BookIx {
        match self {
            Outgoing::Submit(intent) => intent.book,
            Outgoing::Ask { book, .. } => *book,
        }
    }

    /// The command as the simulated venue takes it.
    pub fn command(self) -> Command {
        match self {
            Outgoing::Submit(intent) => Command::Submit(Box::new(intent.submit)),
            Outgoing::Ask {
                id,
                instrument,
                ask,
                ..
            } => match ask {
                Ask::Cancel => Command::Cancel { id, instrument },
                Ask::Replace(terms) => Command::Replace {
                    id,
                    instrument,
                    quantity: terms.quantity,
                    limit: terms.limit,
                    trigger: terms.trigger,
                },
            },
        }
    }
}

/// What the edge knows and the core must hear as inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    Event(Event),
    /// Nobody can trade: the venue's port is broken.
    Halt {
        ts: Nanos,
        reason: String,
    },
}

/// Commands that wait for the journal.
pub struct Gate {
    /// Each with the number of records that must be durable.
    waiting: VecDeque<(u64, Outgoing)>,
    max_age_ns: i64,
    notices: Vec<Notice>,
    /// Orders that never left, until the core has heard of it.
    gone: HashSet<u128>,
    /// Why nothing but cancels leaves until the core has halted.
    closed: Option<String>,
    /// While state is rebuilt nothing leaves: it may have left before.
    suppressing: bool,
    suppressed: Vec<Outgoing>,
    look_at: usize,
}

impl Gate {
    /// An order older than `max_age_ns` when it may leave is dropped.
    pub fn new(max_age_ns: i64) -> Self {
        Self {
            waiting: VecDeque::new(),
            max_age_ns,
            notices: Vec::new(),
            gone: HashSet::new(),
            closed: None,
            suppressing: false,
            suppressed: Vec::new(),
            look_at: MANY,
        }
    }

    /// Commands held back until the journal is durable.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Take a command whose record is the last of `records`; it comes back when it may leave at once.
    #[inline]
    pub fn hand(
        &mut self,
        records: u64,
        durable: u64,
        now: Nanos,
        command: Outgoing,
    ) -> Option<Outgoing> {
        let plain = self.waiting.is_empty()
            && self.gone.is_empty()
            && !self.suppressing
            && self.closed.is_none();
        if plain && (durable >= records || command.is_cancel()) {
            return Some(command);
        }
        self.hold(records, durable, now, command)
    }

    fn hold(
        &mut self,
        records: u64,
        durable: u64,
        now: Nanos,
        command: Outgoing,
    ) -> Option<Outgoing> {
        if self.suppressing {
            self.suppressed.push(command);
            return None;
        }
        if self.gone.contains(&command.id()) {
            return None; // the order's end is on its way
        }
        if command.is_cancel() {
            return (!self.withdraw(command.id(), now)).then_some(command);
        }
        if let Outgoing::Submit(intent) = &command
            && intent
                .submit
                .parent
                .is_some_and(|id| self.gone.contains(&id))
        {
            self.refuse(command, now, ORPHAN);
            return None;
        }
        if let Some(why) = self.closed.clone()
            && !command.closes()
        {
            self.refuse(command, now, &why);
            return None;
        }
        if self.waiting.is_empty() && durable >= records {
            return Some(command);
        }
        self.waiting.push_back((records, command));
        None
    }

    /// The next command whose record is durable.
    pub fn next(&mut self, durable: u64) -> Option<Outgoing> {
        let (records, _) = self.waiting.front()?;
        if *records > durable {
            return None;
        }
        self.waiting.pop_front().map(|(_, command)| command)
    }

    /// Why a command has become too old, if it has.
    #[inline]
    pub fn too_old(&self, asked_at: Nanos, now: Nanos) -> Option<String> {
        (now.saturating_sub(asked_at) > self.max_age_ns).then(|| {
            let limit = self.max_age_ns / 1_000_000;
            format!("older than {limit} ms when it could leave")
        })
    }

    /// A cancel is about to leave: what waits of its order does not. Whether that is the order itself.
    fn withdraw(&mut self, id: u128, now: Nanos) -> bool {
        let own = self.take_waiting(|command| command.id() == id);
        let mut never_left = false;
        for command in own {
            never_left |= matches!(command, Outgoing::Submit(_));
            match never_left {
                true => self.refuse(command, now, CANCELED),
                false => self.refuse(command, now, OVERTAKEN),
            }
        }
        never_left
    }

    /// Note that a command does not leave, nor what hangs on it.
    pub fn refuse(&mut self, command: Outgoing, now: Nanos, why: &str) {
        let mut lost = vec![(command, why)];
        while let Some((command, why)) = lost.pop() {
            let (id, ix) = (command.id(), command.instrument());
            match command {
                Outgoing::Submit(_) => {
                    self.gone.insert(id);
                    self.note(
                        id,
                        ix,
                        now,
                        What::NotSent {
                            reason: why.to_owned().into(),
                        },
                    );
                    self.take_waiting(|other| other.id() == id);
                    let orphans = self.take_waiting(|other| {
                        matches!(other, Outgoing::Submit(child) if child.submit.parent == Some(id))
                    });
                    lost.extend(orphans.into_iter().rev().map(|child| (child, ORPHAN)));
                }
                // The order itself has its end noted, or goes on as it was.
                Outgoing::Ask { .. } if self.gone.contains(&id) => {}
                Outgoing::Ask {
                    ask: Ask::Replace(_),
                    ..
                } => {
                    let reason = format!("not sent: {why}").into();
                    self.note(id, ix, now, What::ReplaceRejected { reason });
                }
                Outgoing::Ask {
                    ask: Ask::Cancel, ..
                } => {}
            }
        }
    }

    fn take_waiting(&mut self, mut which: impl FnMut(&Outgoing) -> bool) -> Vec<Outgoing> {
        if !self.waiting.iter().any(|(_, command)| which(command)) {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.waiting);
        let (taken, kept): (VecDeque<_>, _) =
            all.into_iter().partition(|(_, command)| which(command));
        self.waiting = kept;
        taken.into_iter().map(|(_, command)| command).collect()
    }

    fn note(&mut self, id: u128, instrument: InstrumentIx, now: Nanos, what: What) {
        self.notices.push(Notice::Event(Event {
            id,
            instrument,
            ts_event: now,
            ts_received: now,
            what,
        }));
    }

    /// The venue's port failed at a command: it may have left. Nothing but cancels leaves from now on.
    pub fn broke(&mut self, id: u128, instrument: InstrumentIx, now: Nanos, why: &str) {
        if self.closed.is_none() {
            self.closed = Some(why.to_owned());
            let reason = why.to_owned();
            self.notices.push(Notice::Halt { ts: now, reason });
        }
        let reason = why.to_owned().into();
        self.note(id, instrument, now, What::Unknown { reason });
    }

    /// The core has halted everything: that stands for what the port did.
    pub fn halted(&mut self) {
        self.closed = None;
    }

    /// The core has heard that an order never left.
    #[inline]
    pub fn heard(&mut self, id: u128) {
        if !self.gone.is_empty() {
            self.gone.remove(&id);
        }
    }

    /// What the core must hear, in order; once.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Let nothing out: what would leave may have left before.
    pub fn suppress(&mut self, on: bool) {
        self.suppressing = on;
    }

    /// Commands that were suppressed, in order; those that `is_out` says no to are left out.
    pub fn take_suppressed(&mut self, is_out: impl FnMut(&Outgoing) -> bool) -> Vec<Outgoing> {
        self.suppressed.retain(is_out);
        self.look_at = MANY;
        std::mem::take(&mut self.suppressed)
    }

    /// Forget suppressed commands that have their answer, now and then: a re-run has millions.
    #[inline]
    pub fn trim(&mut self, is_out: impl FnMut(&Outgoing) -> bool) {
        if self.suppressed.len() >= self.look_at {
            self.suppressed.retain(is_out);
            self.look_at = MANY + 2 * self.suppressed.len();
        }
    }
}
