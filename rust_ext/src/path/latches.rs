//! Halts and reduce-only states on their way into the record, whoever calls them.

use super::{Failed, OrderPath, Parts, Stage};
use crate::ledger::BookIx;
use crate::record::{Change, Record};
use crate::risk::{Latched, Note, Scope, Trip};
use crate::types::InstrumentIx;

impl OrderPath {
    /// Deny new orders in a scope from now on, and stop what waits at the gate.
    ///
    /// # Errors
    /// The halt could not be recorded; it holds all the same.
    pub fn halt(
        &mut self,
        reason: &str,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        self.latch(Latched::Halt, (book, instrument).into(), reason, parts)
    }

    /// Latch a scope from now on.
    ///
    /// # Errors
    /// As `halt`.
    pub fn latch(
        &mut self,
        latched: Latched,
        scope: Scope,
        reason: &str,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        parts.risk.latch(latched, scope, reason, self.now);
        if latched == Latched::Halt && scope == Scope::default() {
            self.gate.halted();
        }
        let change = match latched {
            Latched::Halt => Change::Halted,
            Latched::ReduceOnly => Change::Restricted,
        };
        self.record_latch(change, scope, reason, parts)
    }

    /// Lift every latch of a scope; what led to them is forgotten.
    ///
    /// # Errors
    /// The resume could not be recorded.
    pub fn resume(
        &mut self,
        reason: &str,
        scope: Scope,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        parts.risk.rearm(scope);
        self.record_latch(Change::Resumed, scope, reason, parts)
    }

    /// Let the controls count what happened, and latch what they say.
    #[inline]
    pub(super) fn note(&mut self, note: Note, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let trips = parts.risk.noted(note, self.now);
        self.trip(trips, parts)
    }

    /// The feed of an instrument is silent, or is back.
    ///
    /// # Errors
    /// As `halt`.
    pub fn feed_stale(
        &mut self,
        instrument: InstrumentIx,
        silent: bool,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        self.note(Note::Stale(instrument, silent), parts)
    }

    /// Let the controls look at an equity sample.
    pub(super) fn watch_losses(
        &mut self,
        equity: i128,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        let (books, market) = (&*parts.books, parts.market);
        let value = |book| books.book_equity(book, market).ok();
        let trips = parts.risk.sampled(equity, self.now, value);
        self.trip(trips, parts)
    }

    #[inline]
    fn trip(&mut self, trips: Vec<Trip>, parts: &mut Parts<'_>) -> Result<(), Failed> {
        for trip in trips {
            self.latch(trip.latched, trip.scope, &trip.reason, parts)?;
        }
        Ok(())
    }

    fn record_latch(
        &mut self,
        change: Change,
        scope: Scope,
        reason: &str,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        let names = parts.risk.names();
        let record = Record::Latch {
            change,
            ts: self.now,
            reason,
            book: scope.book,
            venue: scope.venue.map(|venue| &*names.venues[venue as usize]),
            instrument: scope.instrument,
        };
        let done = parts.journal.record(self.seq, &record, parts.names);
        done.map_err(|failure| Stage::Risk.failed(failure))
    }
}
