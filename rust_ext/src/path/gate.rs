//! The outbound gate: nothing leaves before what caused it is durable.
//!
//! The core applies inputs at once; the gate holds every approved command until the journal is durable
//! up to the input that caused it. Durability is never an input of the core. After a wait, just before
//! a command leaves, the gate asks again: is trading halted, is the intent too old? What it drops
//! becomes `OrderNotSent`. Cancels pass a halt: they only ever reduce risk.

use std::collections::VecDeque;

use crate::ledger::BookIx;
use crate::orders::{Ask, Intent};
use crate::risk::Risk;
use crate::types::{Command, InstrumentIx, Nanos};

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

    fn book(&self) -> BookIx {
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

/// Commands that wait for the journal.
pub struct Gate {
    waiting: VecDeque<(u64, Outgoing)>,
    max_age_ns: i64,
}

impl Gate {
    /// An order older than `max_age_ns` when it may leave is dropped.
    pub fn new(max_age_ns: i64) -> Self {
        Self {
            waiting: VecDeque::new(),
            max_age_ns,
        }
    }

    /// Commands held back until the journal is durable.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Take a command caused by input `seq`; it comes back when it may leave at once.
    #[inline]
    pub fn pass(&mut self, seq: u64, durable: u64, command: Outgoing) -> Option<Outgoing> {
        if self.waiting.is_empty() && durable >= seq {
            return Some(command);
        }
        self.waiting.push_back((seq, command));
        None
    }

    /// The next command that may leave now that the journal is durable up to `durable`.
    pub fn next(&mut self, durable: u64) -> Option<Outgoing> {
        let (seq, _) = self.waiting.front()?;
        if *seq > durable {
            return None;
        }
        self.waiting.pop_front().map(|(_, command)| command)
    }

    /// Why a command may not leave after all.
    #[inline]
    pub fn refusal(&self, command: &Outgoing, now: Nanos, risk: &Risk) -> Option<String> {
        if let Outgoing::Ask {
            ask: Ask::Cancel, ..
        } = command
        {
            return None;
        }
        let halted = risk.halts.reasons(command.book(), command.instrument());
        if !halted.is_empty() {
            return Some(halted.join("; "));
        }
        let asked = match command {
            Outgoing::Submit(intent) => intent.ts,
            Outgoing::Ask { ts, .. } => *ts,
        };
        match now.saturating_sub(asked) > self.max_age_ns {
            true => {
                let limit = self.max_age_ns / 1_000_000;
                Some(format!("older than {limit} ms when it could leave"))
            }
            false => None,
        }
    }
}
