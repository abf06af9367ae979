//! Up the path: evidence changes the order, then the books; then the strategy hears of it.

use super::{Failed, OrderPath, Parts, Stage};
use crate::books::{Booked, Unvalued};
use crate::failure::Failure;
use crate::ledger::BookIx;
use crate::orders::{Event, Outcome, VenueKey, What};
use crate::record::Record;
use crate::risk::Note;

impl OrderPath {
    /// Take what a venue proved: record it, apply it, book it, pass it on.
    ///
    /// # Errors
    /// An actor of the path that cannot go on.
    pub fn on_event(&mut self, event: Event, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let recorded = parts
            .journal
            .record_input(self.seq, &Record::Event(&event), parts.names);
        recorded.map_err(|failure| Stage::Broker.failed(failure))?;
        if let What::NotSent { .. } = event.what {
            self.gate.heard(event.id);
        }
        let Some(applied) = parts.orders.apply(&event, parts.names) else {
            return self.on_stray(event, parts);
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
        self.on_portfolio(applied.book, event, parts)
    }

    /// Evidence about an order that is not ours, or was forgotten: an alarm, unless it repeats a fill
    /// that is booked. Fills are booked all the same, and taken back.
    fn on_stray(&mut self, event: Event, parts: &mut Parts<'_>) -> Result<(), Failed> {
        if let What::Filled(fill) = &event.what
            && parts.books.remembers(event.instrument, &fill.fill_id)
        {
            return Ok(());
        }
        self.alarm(&event, "an order nobody knows", parts)?;
        let booked = match &event.what {
            What::Filled(_) => true,
            What::Busted { fill_id, .. } | What::Corrected { fill_id, .. } => {
                parts.books.remembers(event.instrument, fill_id)
            }
            _ => false,
        };
        match booked {
            true => self.on_portfolio(self.book_of(event.id), event, parts),
            false => Ok(()),
        }
    }

    /// Have risk halt the instrument, with the evidence in hand.
    fn alarm(&mut self, event: &Event, what: &str, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let id = crate::record::hex(event.id);
        let id = String::from_utf8_lossy(&id);
        let reason = format!("{} of {id}: {what}", event.what.name());
        self.halt(&reason, None, Some(event.instrument), parts)
    }

    fn on_portfolio(
        &mut self,
        book: BookIx,
        event: Event,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        if let Some(note) = noted(book, &event) {
            self.note(note, parts)?;
        }
        match &event.what {
            What::Filled(fill) => {
                let realized = parts.books.on_fill(book, &event, fill);
                let realized = realized.map_err(|error| Stage::Portfolio.failed(error))?;
                if self.run_record.on {
                    let event = event.clone();
                    self.run_record.fills.push(Booked {
                        book,
                        event,
                        realized,
                    });
                }
                self.sample(parts)?;
            }
            What::Busted { fill_id, .. } => self.take_back(&event, fill_id, None, parts)?,
            What::Corrected {
                fill_id,
                price,
                quantity,
                ..
            } => {
                self.take_back(&event, fill_id, Some((*price, *quantity)), parts)?;
            }
            _ => {}
        }
        self.tell(book, event);
        Ok(())
    }

    /// Book the opposite of the fill as it stands, and the corrected one.
    ///
    /// A fill that is not remembered can't be taken back: the instrument is halted with the evidence.
    fn take_back(
        &mut self,
        event: &Event,
        fill_id: &VenueKey,
        corrected: Option<(i64, i64)>,
        parts: &mut Parts<'_>,
    ) -> Result<(), Failed> {
        let taken = parts.books.take_back(event.instrument, fill_id, corrected);
        let Some(taken) = taken.map_err(|error| Stage::Portfolio.failed(error))? else {
            let name = event.what.name();
            let reason = format!("{name} of fill {fill_id}, which is not among the last booked");
            return self.halt(&reason, None, Some(event.instrument), parts);
        };
        if self.run_record.on {
            self.run_record.fills.push(taken.opposite);
            self.run_record.fills.extend(taken.corrected);
        }
        self.sample(parts)
    }

    /// Take an equity sample; nothing when something held has no price yet.
    ///
    /// # Errors
    /// A number beyond its integer, or a balance that no rate converts.
    pub fn sample(&mut self, parts: &mut Parts<'_>) -> Result<(), Failed> {
        let failed = |failure: Failure| Stage::Portfolio.failed(failure);
        let units = match parts.books.equity(parts.market) {
            Ok(units) => units,
            Err(reason) if reason.is_missing() => return Ok(()),
            Err(Unvalued::Number(error)) => return Err(failed(error.into())),
            Err(other) => {
                let text = other.text(parts.names, parts.books.account_currency());
                return Err(failed(Failure::Currency(text)));
            }
        };
        if self.run_record.on {
            self.run_record.equity.push((self.now, units));
        }
        let record = Record::Equity {
            ts: self.now,
            units,
        };
        parts
            .journal
            .record(self.seq, &record, parts.names)
            .map_err(failed)?;
        self.watch_losses(units, parts)
    }
}

/// What of an event risk counts.
fn noted(book: BookIx, event: &Event) -> Option<Note> {
    let ix = event.instrument;
    Some(match event.what {
        What::Accepted { .. } | What::Replaced { .. } => Note::Accepted(book, ix),
        What::Filled(_) => Note::Filled(book, ix),
        What::Rejected { .. } | What::ReplaceRejected { .. } => Note::Rejected(book, ix),
        _ => return None,
    })
}
