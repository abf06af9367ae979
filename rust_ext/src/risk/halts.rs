//! What is halted, and why: the one table that risk, the gate and a failing core look at.
//!
//! A halt has a scope: everything, a strategy, an instrument, or a strategy in an instrument. It
//! lasts until a resume of the same scope.

use super::Names;
use crate::ledger::BookIx;
use crate::types::InstrumentIx;

/// (strategy's book, instrument); None is all of them.
pub type Scope = (Option<BookIx>, Option<InstrumentIx>);

/// A halt by names: (strategy, instrument, reason).
pub type NamedHalt = (Option<String>, Option<String>, String);

/// The halts in force, in the order in which they were called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Halts {
    in_force: Vec<(Scope, String)>,
    /// Of strategies or instruments that are not in this run; kept, for they may come back.
    elsewhere: Vec<NamedHalt>,
}

impl Halts {
    /// Halts a scope; the latest reason stands, in its first place.
    pub fn add(&mut self, scope: Scope, reason: &str) {
        match self.in_force.iter_mut().find(|(one, _)| *one == scope) {
            Some((_, known)) => reason.clone_into(known),
            None => self.in_force.push((scope, reason.to_owned())),
        }
    }

    /// Ends the halt of a scope, if there is one.
    pub fn lift(&mut self, scope: Scope) {
        self.in_force.retain(|(one, _)| *one != scope);
    }

    /// Whether a strategy may not trade an instrument.
    #[inline]
    pub fn applies(&self, book: BookIx, ix: InstrumentIx) -> bool {
        !self.in_force.is_empty() && scopes(book, ix).iter().any(|&one| self.find(one).is_some())
    }

    /// Why a strategy may not trade an instrument, each as `halted: why`: the reason of every halt
    /// that applies, the widest first.
    pub fn reasons(&self, book: BookIx, ix: InstrumentIx) -> Vec<String> {
        if self.in_force.is_empty() {
            return Vec::new();
        }
        let found = scopes(book, ix)
            .into_iter()
            .filter_map(|one| self.find(one));
        found.map(|reason| format!("halted: {reason}")).collect()
    }

    /// `add` by names. Names that are not in this run are kept and halt nothing here.
    pub fn add_named(&mut self, names: &Names, halt: NamedHalt) {
        let (strategy, instrument, reason) = halt;
        match scope_of(names, strategy.as_deref(), instrument.as_deref()) {
            Some(scope) => self.add(scope, &reason),
            None => {
                let known = self.elsewhere.iter_mut();
                let mut same = known.filter(|one| (&one.0, &one.1) == (&strategy, &instrument));
                match same.next() {
                    Some(one) => one.2 = reason,
                    None => self.elsewhere.push((strategy, instrument, reason)),
                }
            }
        }
    }

    /// `lift` by names.
    pub fn lift_named(&mut self, names: &Names, strategy: Option<&str>, instrument: Option<&str>) {
        match scope_of(names, strategy, instrument) {
            Some(scope) => self.lift(scope),
            None => self
                .elsewhere
                .retain(|one| (one.0.as_deref(), one.1.as_deref()) != (strategy, instrument)),
        }
    }

    /// Every halt by names, in the order in which they were called; those of other runs last.
    pub fn named(&self, names: &Names) -> Vec<NamedHalt> {
        let name = |((book, ix), reason): &(Scope, String)| {
            (
                book.map(|book| names.books[book as usize].clone()),
                ix.map(|ix| names.instruments[ix as usize].clone()),
                reason.clone(),
            )
        };
        let here = self.in_force.iter().map(name);
        here.chain(self.elsewhere.iter().cloned()).collect()
    }

    fn find(&self, scope: Scope) -> Option<&str> {
        let mut all = self.in_force.iter();
        all.find(|(one, _)| *one == scope)
            .map(|(_, reason)| reason.as_str())
    }
}

/// The scopes that hold an order, the widest first.
fn scopes(book: BookIx, ix: InstrumentIx) -> [Scope; 4] {
    [
        (None, None),
        (Some(book), None),
        (None, Some(ix)),
        (Some(book), Some(ix)),
    ]
}

/// The numbers of a scope; None when a name is not in this run.
fn scope_of(names: &Names, strategy: Option<&str>, instrument: Option<&str>) -> Option<Scope> {
    let book = match strategy {
        None => None,
        Some(name) => Some(names.book(name)?),
    };
    let ix = match instrument {
        None => None,
        Some(id) => Some(names.instrument(id)?),
    };
    Some((book, ix))
}
