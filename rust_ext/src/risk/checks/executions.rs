//! Repeated automated execution throttle: a strategy that fills too often is halted.
//!
//! So many fills in any window are allowed; the one beyond them halts the strategy, until a human
//! resumes it. Fills are never denied: they have happened.

use super::message_rate::{read_all, write_all};
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::window::Window;
use crate::risk::{
    Asked, Check, Control, Facts, Hears, Holder, Latched, Limit, NANOS_PER_MS, Names, Note, Rules,
    Scope, Trip,
};

const NAME: &str = "execution_throttle";

pub struct ExecutionThrottle {
    books: Vec<Window>,
}

impl ExecutionThrottle {
    pub fn new(names: &Names) -> Self {
        Self {
            books: vec![Window::default(); names.books.len()],
        }
    }
}

impl Check for ExecutionThrottle {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hears(&self) -> Hears {
        Hears {
            notes: true,
            ..Hears::default()
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let limits = asked.controls().of(Holder::Strategy(asked.order.book));
        limits[Control::Executions].refusal()
    }

    fn note(&mut self, note: Note, facts: &Facts<'_>, trips: &mut Vec<Trip>) {
        let Note::Filled(book, _) = note else {
            return;
        };
        let limits = &facts.rules.controls.strategies[book as usize];
        let &Limit::Units(limit) = &limits[Control::Executions] else {
            return;
        };
        let window = &mut self.books[book as usize];
        let beyond = limit.saturating_add(1);
        window.count(beyond, facts.now);
        let length = limits.executions_ms.saturating_mul(NANOS_PER_MS);
        if window.full(beyond, length, facts.now) {
            let ms = limits.executions_ms;
            trips.push(Trip {
                latched: Latched::Halt,
                scope: Scope::strategy(book),
                reason: format!("{NAME}: more than {limit} fills within {ms} ms"),
            });
        }
    }

    fn rearm(&mut self, scope: &Scope) {
        if let (Some(book), None, None) = (scope.book, scope.venue, scope.instrument) {
            self.books[book as usize].clear();
        }
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for (book, window) in (0..).zip(&self.books).skip(1) {
            let holder = Holder::Strategy(book);
            let ms = viewing.rules.controls.of(holder).executions_ms;
            let used = window.used(ms.saturating_mul(NANOS_PER_MS), viewing.now);
            rows.extend(viewing.held(NAME, Control::Executions, holder, used.to_string()));
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        write_all(&self.books, &names.books, Window::write, out);
    }

    fn restore(
        &mut self,
        names: &Names,
        _rules: &Rules,
        stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        *self = Self::new(names);
        read_all(
            &mut self.books,
            |name| names.book(name),
            Window::read,
            stored,
        )
    }
}
