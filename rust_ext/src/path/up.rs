//! Up the path: evidence changes the order, then the books; then the strategy hears of it.

use super::{Failed, FillRow, OrderPath, Parts, Stage};
use crate::books::BookError;
use crate::ledger::BookIx;
use crate::orders::{Event, FillEvent, Outcome, What};
use crate::record::Record;
use crate::types::InstrumentIx;

impl OrderPath {
    /// Take what a venue proved: record it, apply it, book it, pass it on.
    ///
    /// # Errors
    /// An actor of the path that cannot go on.
    pub fn on_event(&mut self, event: Event, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let recorded = parts.journal.record(self.seq, &Record::Event(&event), parts.names);
        recorded.map_err(|failure| Stage::Broker.failed(failure))?;
        let Some(applied) = parts.orders.apply(&event, parts.names) else {
            // Not ours, or forgotten: a fill is booked as unallocated, everything else is an alarm.
            self.alarm(&event, "an order nobody knows", parts)?;
            if let What::Filled(_) = event.what {
                return self.on_portfolio(event, parts);
            }
            return Ok(());
        };
        match applied.outcome {
            Outcome::Duplicate => return Ok(()),
            Outcome::Applied => {}
            Outcome::Illegal | Outcome::Alarm => {
                let illegal = applied.outcome == Outcome::Illegal;
                let word = if illegal { "illegal" } else { "alarm" };
                let why = format!("{word}: {}", applied.alarm.unwrap_or_default());
                self.alarm(&event, &why, parts)?;
                if illegal {
                    return Ok(());
                }
            }
        }
        self.on_portfolio(event, parts)
    }

    /// Have risk halt the instrument, with the evidence in hand.
    fn alarm(&mut self, event: &Event, what: &str, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let id = crate::record::hex(event.id);
        let id = String::from_utf8_lossy(&id);
        let reason = format!("{} of {id}: {what}", event.what.name());
        self.halt(&reason, None, Some(event.instrument), parts)
    }

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
        parts.risk.halts_mut().add(reason.to_owned(), book, instrument);
        self.record_halt(false, reason, book, instrument, parts)
    }

    /// Lift the halt of a scope.
    ///
    /// # Errors
    /// The resume could not be recorded.
    pub fn resume(
        &mut self,
        reason: &str,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        parts.risk.halts_mut().lift(book, instrument);
        self.record_halt(true, reason, book, instrument, parts)
    }

    fn record_halt(
        &mut self,
        resumed: bool,
        reason: &str,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        let record = Record::Halt { resumed, ts: self.now, reason, book, instrument };
        let done = parts.journal.record(self.seq, &record, parts.names);
        done.map_err(|failure| Stage::Risk.failed(failure))
    }

    fn on_portfolio(&mut self, event: Event, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let book = self.book_of(event.id);
        match &event.what {
            What::Filled(fill) => {
                let realized = self.book_fill(book, event.instrument, fill, parts)?;
                if self.run_record.on {
                    let row = FillRow { book, event: event.clone(), realized };
                    self.run_record.fills.push(row);
                }
                self.sample(parts)?;
            }
            What::Busted { fill_id, .. } => {
                if !self.undo(&event, fill_id, None, parts)? {
                    return Ok(());
                }
            }
            What::Corrected { fill_id, price, quantity, .. } => {
                let terms = Some((*price, *quantity));
                if !self.undo(&event, fill_id, terms, parts)? {
                    return Ok(());
                }
            }
            _ => {}
        }
        self.tell(book, event);
        Ok(())
    }
}
