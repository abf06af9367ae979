//! What is latched, and why: the tables of halts and of reduce-only states that risk, the gate and a
//! failing core look at.
//!
//! A latch has a scope: everything, a strategy, a venue, an instrument, or a strategy in one of
//! these. It lasts until a resume of the same scope.

use super::Names;
use crate::ledger::BookIx;
use crate::types::{InstrumentIx, Nanos};

/// Number of a venue: its place in `Names::venues`.
pub type VenueIx = u32;

/// What a latch holds; None is all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub book: Option<BookIx>,
    pub venue: Option<VenueIx>,
    pub instrument: Option<InstrumentIx>,
}

impl Scope {
    /// Everything a strategy does.
    pub fn strategy(book: BookIx) -> Self {
        Self {
            book: Some(book),
            ..Self::default()
        }
    }

    /// Everything at a venue.
    pub fn venue(venue: VenueIx) -> Self {
        Self {
            venue: Some(venue),
            ..Self::default()
        }
    }

    /// Whether it holds what a strategy does in an instrument of a venue.
    #[inline]
    fn holds(&self, book: BookIx, venue: Option<VenueIx>, ix: InstrumentIx) -> bool {
        self.book.is_none_or(|one| one == book)
            && self.instrument.is_none_or(|one| one == ix)
            && (self.venue.is_none() || self.venue == venue)
    }

    /// Wide scopes sort before narrow ones.
    fn rank(&self) -> (bool, bool, bool) {
        let Self {
            book,
            venue,
            instrument,
        } = self;
        (instrument.is_some(), venue.is_some(), book.is_some())
    }
}

impl From<(Option<BookIx>, Option<InstrumentIx>)> for Scope {
    fn from((book, instrument): (Option<BookIx>, Option<InstrumentIx>)) -> Self {
        Self {
            book,
            instrument,
            venue: None,
        }
    }
}

/// A scope by names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedScope {
    pub strategy: Option<String>,
    pub venue: Option<String>,
    pub instrument: Option<String>,
}

impl NamedScope {
    /// The numbers of the names; None when one of them is not in this run.
    pub fn numbers(&self, names: &Names) -> Option<Scope> {
        let find = |name: &Option<String>, known: &dyn Fn(&str) -> Option<u32>| match name {
            None => Some(None),
            Some(name) => known(name).map(Some),
        };
        Some(Scope {
            book: find(&self.strategy, &|name| names.book(name))?,
            venue: find(&self.venue, &|name| names.venue(name))?,
            instrument: find(&self.instrument, &|name| names.instrument(name))?,
        })
    }

    /// The names of the numbers.
    pub fn of(scope: &Scope, names: &Names) -> Self {
        let name = |ix: Option<u32>, all: &[String]| ix.map(|ix| all[ix as usize].clone());
        Self {
            strategy: name(scope.book, &names.books),
            venue: name(scope.venue, &names.venues),
            instrument: name(scope.instrument, &names.instruments),
        }
    }

    /// As people read it: `all`, or what it names, like `strategy s1, instrument X.SIM`.
    pub fn text(&self) -> String {
        let parts = [
            ("strategy", &self.strategy),
            ("venue", &self.venue),
            ("instrument", &self.instrument),
        ];
        let named = parts.into_iter().filter_map(|(kind, name)| {
            let name = name.as_ref()?;
            Some(format!("{kind} {name}"))
        });
        let text = named.collect::<Vec<_>>().join(", ");
        if text.is_empty() { "all".into() } else { text }
    }
}

/// A latch by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHalt {
    pub scope: NamedScope,
    pub reason: String,
    /// Time of the input that called it first, ns UTC.
    pub since: Nanos,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Latch {
    scope: Scope,
    reason: String,
    since: Nanos,
}

/// The latches in force, in the order in which they were called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Halts {
    in_force: Vec<Latch>,
    /// Of names that are not in this run; kept, for they may come back.
    elsewhere: Vec<NamedHalt>,
    /// The venue of each instrument.
    venue_of: Vec<VenueIx>,
}

impl Halts {
    /// No latches yet, of instruments at these venues.
    pub fn of(names: &Names) -> Self {
        Self {
            venue_of: names.venue_of.clone(),
            ..Self::default()
        }
    }

    /// Latches a scope; the latest reason stands, in its first place and since the first time.
    pub fn add(&mut self, scope: impl Into<Scope>, reason: &str, since: Nanos) {
        let scope = scope.into();
        match self.in_force.iter_mut().find(|one| one.scope == scope) {
            Some(known) => reason.clone_into(&mut known.reason),
            None => self.in_force.push(Latch {
                scope,
                reason: reason.to_owned(),
                since,
            }),
        }
    }

    /// Ends the latch of a scope, if there is one.
    pub fn lift(&mut self, scope: impl Into<Scope>) {
        let scope = scope.into();
        self.in_force.retain(|one| one.scope != scope);
    }

    /// Whether exactly this scope is latched.
    pub fn has(&self, scope: &Scope) -> bool {
        self.in_force.iter().any(|one| one.scope == *scope)
    }

    /// Whether a strategy is held in an instrument.
    #[inline]
    pub fn applies(&self, book: BookIx, ix: InstrumentIx) -> bool {
        !self.in_force.is_empty() && self.found(book, ix).next().is_some()
    }

    /// Why a strategy may not trade an instrument, each as `halted: why`: the reason of every halt
    /// that applies, the widest first.
    pub fn reasons(&self, book: BookIx, ix: InstrumentIx) -> Vec<String> {
        let said = |reason: &str| format!("halted: {reason}");
        self.all(book, ix).into_iter().map(said).collect()
    }

    /// The reason of every latch that holds a strategy in an instrument, the widest first.
    #[inline]
    pub fn all(&self, book: BookIx, ix: InstrumentIx) -> Vec<&str> {
        if self.in_force.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<&Latch> = self.found(book, ix).collect();
        found.sort_by_key(|one| one.scope.rank());
        found.into_iter().map(|one| one.reason.as_str()).collect()
    }

    fn found(&self, book: BookIx, ix: InstrumentIx) -> impl Iterator<Item = &Latch> {
        let venue = self.venue_of.get(ix as usize).copied();
        let all = self.in_force.iter();
        all.filter(move |one| one.scope.holds(book, venue, ix))
    }

    /// `add` by names. Names that are not in this run are kept and latch nothing here.
    pub fn add_named(&mut self, names: &Names, halt: NamedHalt) {
        match halt.scope.numbers(names) {
            Some(scope) => self.add(scope, &halt.reason, halt.since),
            None => {
                let mut known = self.elsewhere.iter_mut();
                match known.find(|one| one.scope == halt.scope) {
                    Some(one) => one.reason = halt.reason,
                    None => self.elsewhere.push(halt),
                }
            }
        }
    }

    /// `lift` by names.
    pub fn lift_named(&mut self, names: &Names, scope: &NamedScope) {
        match scope.numbers(names) {
            Some(scope) => self.lift(scope),
            None => self.elsewhere.retain(|one| one.scope != *scope),
        }
    }

    /// Every latch by names, in the order in which they were called; those of other runs last.
    pub fn named(&self, names: &Names) -> Vec<NamedHalt> {
        let name = |one: &Latch| NamedHalt {
            scope: NamedScope::of(&one.scope, names),
            reason: one.reason.clone(),
            since: one.since,
        };
        let here = self.in_force.iter().map(name);
        here.chain(self.elsewhere.iter().cloned()).collect()
    }

    /// Since when a control has latched a scope: its reasons begin with the control's name.
    pub fn latched_by(&self, control: &str, scope: &Scope) -> Option<Nanos> {
        let mut all = self.in_force.iter();
        let by = |one: &&Latch| {
            let rest = one.reason.strip_prefix(control);
            one.scope == *scope && rest.is_some_and(|rest| rest.starts_with(':'))
        };
        all.find(by).map(|one| one.since)
    }
}
