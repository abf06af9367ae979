//! Down the path: a wish becomes an approved command, or a denial.

use super::view::View;
use super::{Failed, OrderPath, Outgoing, Parts, Stage, Wish};
use crate::ledger::BookIx;
use crate::orders::{Ask, Event, Intent, NewTerms, Text, What};
use crate::record::Record;
use crate::risk::{self, Note};
use crate::types::{InstrumentIx, Nanos};

/// Id and instrument of an order.
pub type OrderKey = (u128, InstrumentIx);
pub(super) type Done = Result<(), Failed>;

impl OrderPath {
    /// The handler has returned: what it asked for goes its way, in order.
    ///
    /// # Errors
    /// An actor of the path that cannot go on; what was asked for after that is dropped.
    pub fn commit(&mut self, parts: &mut Parts<'_>) -> Done {
        let mut wishes = std::mem::take(&mut self.wishes);
        let mut done = Ok(());
        for wish in wishes.drain(..) {
            done = self.grant(wish, parts);
            if done.is_err() {
                break;
            }
        }
        self.wishes = wishes; // keeps its memory
        done
    }

    fn grant(&mut self, wish: Wish, parts: &mut Parts<'_>) -> Done {
        match wish {
            Wish::Submit(intent) => self.submit(intent, parts),
            Wish::Ask {
                id,
                instrument,
                ts,
                ask,
            } => self.ask((id, instrument), ts, ask, parts),
            Wish::CancelAll {
                ts,
                book,
                instrument,
            } => self.cancel_all(ts, book, instrument, parts),
            Wish::Flatten {
                ts,
                book,
                instrument,
            } => self.flatten(ts, book, instrument, parts),
            Wish::Timer(ask) => {
                self.timers.push_back(ask);
                Ok(())
            }
        }
    }

    fn submit(&mut self, intent: Box<Intent>, parts: &mut Parts<'_>) -> Done {
        match self.misaddressed(&intent, parts) {
            // No signal of a run: the id may be that of another order.
            Some(why) => self.answer_denied(&intent, vec![why], parts),
            None => self.check(intent, parts),
        }
    }

    /// Measure an order, and deny it or send it on.
    pub(super) fn check(&mut self, intent: Box<Intent>, parts: &mut Parts<'_>) -> Done {
        let reasons = self.reasons(&intent, parts);
        if !reasons.is_empty() {
            return self.deny(*intent, reasons, parts);
        }
        self.place(intent, parts)
    }

    /// What risk would say of a new order at this moment; nothing is remembered of it.
    #[inline]
    pub fn reasons(&self, intent: &Intent, parts: &Parts<'_>) -> Vec<String> {
        let added = i128::from(intent.submit.quantity);
        let view = View::new(self.now, parts.market, parts.books, parts.orders);
        parts.risk.reasons(intent, added, &view)
    }

    /// Why an order can't be what its message says.
    fn misaddressed(&self, intent: &Intent, parts: &Parts<'_>) -> Option<String> {
        let lane = (intent.id() >> 64) as u16 & !(super::OPERATOR_ORDERS as u16);
        if u32::from(lane) != intent.book {
            let names = &parts.names.books;
            let own = &names[intent.book as usize];
            return Some(format!("client_order_id: it is not one of {own}'s"));
        }
        if parts.books.venue_of(intent.instrument()).is_none() {
            let name = &parts.names.instruments[intent.instrument() as usize].id;
            return Some(format!("venue: there is no account for {name}"));
        }
        None
    }

    /// Take an approved order into the table, put it on record and hand it to the gate.
    pub(super) fn place(&mut self, intent: Box<Intent>, parts: &mut Parts<'_>) -> Done {
        parts.risk.approved(&intent, self.now);
        let broker = |failure| Stage::Broker.failed(failure);
        parts.orders.add((*intent).clone()).map_err(broker)?;
        if self.run_record.on {
            self.run_record.signals.push(intent.id());
        }
        let record = Record::Submit(&intent);
        parts
            .journal
            .record(self.seq, &record, parts.names)
            .map_err(broker)?;
        if let Some(why) = self.gate.too_old(intent.ts, self.now) {
            let what = What::NotSent { reason: why.into() };
            let event = self.event(intent.id(), intent.instrument(), what);
            parts.orders.apply(&event, parts.names);
            return self.answer(intent.book, event, parts);
        }
        self.release(Outgoing::Submit(intent), parts);
        Ok(())
    }

    /// Put an event of our own making on record, and tell its strategy.
    fn answer(&mut self, book: BookIx, event: Event, parts: &mut Parts<'_>) -> Done {
        let record = Record::Event(&event);
        let recorded = parts.journal.record(self.seq, &record, parts.names);
        recorded.map_err(|failure| Stage::Broker.failed(failure))?;
        self.tell(book, event);
        Ok(())
    }

    fn deny(&mut self, intent: Intent, reasons: Vec<String>, parts: &mut Parts<'_>) -> Done {
        self.answer_denied(&intent, reasons.clone(), parts)?;
        let note = Note::Denied(intent.book, intent.instrument());
        if self.run_record.on {
            self.run_record.signals.push(intent.id());
            self.run_record.denied.push((intent, reasons));
        }
        self.note(note, parts)
    }

    fn answer_denied(
        &mut self,
        intent: &Intent,
        reasons: Vec<String>,
        parts: &mut Parts<'_>,
    ) -> Done {
        let what = What::Denied { reasons };
        let event = self.event(intent.id(), intent.instrument(), what);
        let record = Record::Event(&event);
        let recorded = parts.journal.record(self.seq, &record, parts.names);
        recorded.map_err(|failure| Stage::Risk.failed(failure))?;
        self.tell(intent.book, event);
        Ok(())
    }

    /// An event of our own making, at this moment.
    pub(super) fn event(&self, id: u128, instrument: InstrumentIx, what: What) -> Event {
        Event {
            id,
            instrument,
            ts_event: self.now,
            ts_received: self.now,
            what,
        }
    }

    pub(super) fn ask(
        &mut self,
        order: OrderKey,
        ts: Nanos,
        ask: Ask,
        parts: &mut Parts<'_>,
    ) -> Done {
        let (id, instrument) = order;
        if let Some(known) = parts.orders.find(id).map(|order| order.intent.instrument())
            && known != instrument
        {
            let named = |ix: InstrumentIx| &parts.names.instruments[ix as usize].id;
            let reason = format!(
                "the order is of {}, not of {}",
                named(known),
                named(instrument)
            );
            return self.refuse((id, known), refused(&ask, reason.into()), parts);
        }
        if let Ask::Replace(terms) = &ask {
            if let Some(why) = self.gate.too_old(ts, self.now) {
                let why = format!("not sent: {why}");
                return self.refuse(order, refused(&ask, why.into()), parts);
            }
            if let Err(reasons) = self.measure(id, terms, parts) {
                let why = risk::denial(&reasons);
                self.refuse(order, refused(&ask, why.into()), parts)?;
                return self.note(Note::Denied(self.owner(id, parts), instrument), parts);
            }
        }
        if let Err(reason) = parts.orders.request(id, &ask) {
            return self.refuse(order, refused(&ask, reason), parts);
        }
        let book = self.owner(id, parts);
        if ask == Ask::Cancel {
            self.note(Note::Canceled(book, instrument), parts)?;
        }
        if let Some(order) = parts.orders.find(id) {
            let intent = &order.intent;
            let record = Record::Ask {
                intent,
                ts,
                ask: &ask,
            };
            let recorded = parts.journal.record(self.seq, &record, parts.names);
            recorded.map_err(|failure| Stage::Broker.failed(failure))?;
        }
        let command = Outgoing::Ask {
            id,
            book,
            instrument,
            ts,
            ask,
        };
        self.release(command, parts);
        Ok(())
    }

    /// New terms are measured like a new order with those terms.
    fn measure(
        &mut self,
        id: u128,
        terms: &NewTerms,
        parts: &mut Parts<'_>,
    ) -> Result<(), Vec<String>> {
        let Some(order) = parts.orders.get(id) else {
            return Err(vec![risk::NO_SUCH_ORDER.to_owned()]);
        };
        let intent = risk::new_terms(&order.terms(), terms);
        let added = risk::added(intent.submit.quantity, order.filled, order.exposure());
        let view = View::new(self.now, parts.market, parts.books, parts.orders);
        let reasons = parts.risk.reasons(&intent, added, &view);
        if !reasons.is_empty() {
            return Err(reasons);
        }
        parts.risk.approved(&intent, self.now);
        Ok(())
    }

    /// The book of an order: an earlier epoch may have minted its id.
    fn owner(&self, id: u128, parts: &Parts<'_>) -> BookIx {
        let known = parts.orders.get(id).map(|order| order.intent.book);
        known.unwrap_or_else(|| self.book_of(id))
    }

    /// A cancel or replace that is answered here: it never leaves.
    fn refuse(&mut self, order: OrderKey, what: What, parts: &mut Parts<'_>) -> Done {
        let event = self.event(order.0, order.1, what);
        let recorded = parts
            .journal
            .record(self.seq, &Record::Event(&event), parts.names);
        recorded.map_err(|failure| Stage::Risk.failed(failure))?;
        self.tell(self.owner(order.0, parts), event);
        Ok(())
    }

    fn cancel_all(
        &mut self,
        ts: Nanos,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
        parts: &mut Parts<'_>,
    ) -> Done {
        let open = parts.orders.open(book, instrument);
        let keys: Vec<OrderKey> = open.map(|order| key_of(&order.intent)).collect();
        for key in keys {
            self.ask(key, ts, Ask::Cancel, parts)?;
        }
        Ok(())
    }
}

pub(super) fn key_of(intent: &Intent) -> OrderKey {
    (intent.id(), intent.instrument())
}

/// The answer to a cancel or replace that goes no further.
fn refused(ask: &Ask, reason: Text) -> What {
    match ask {
        Ask::Cancel => What::CancelRejected { reason },
        Ask::Replace(_) => What::ReplaceRejected { reason },
    }
}
