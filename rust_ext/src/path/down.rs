//! Down the path: a wish becomes an approved command, or a denial.

use super::view::View;
use super::{Failed, OrderPath, Outgoing, Parts, Stage, Wish};
use crate::ledger::BookIx;
use crate::orders::{Ask, Event, Intent, NewTerms, What};
use crate::record::Record;
use crate::risk::{self, Note};
use crate::types::{InstrumentIx, Nanos, OrderType, Side, Submit, TimeInForce, TriggerSource};

/// Id and instrument of an order.
type OrderKey = (u128, InstrumentIx);
type Done = Result<(), Failed>;

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

    /// What risk would say of a new order at this moment; nothing is remembered of it.
    pub fn reasons(&self, intent: &Intent, parts: &Parts<'_>) -> Vec<String> {
        let added = i128::from(intent.submit.quantity);
        let view = View::new(self.now, parts.market, parts.books, parts.orders);
        parts.risk.reasons(intent, added, &view)
    }

    fn submit(&mut self, intent: Box<Intent>, parts: &mut Parts<'_>) -> Done {
        let reasons = self.reasons(&intent, parts);
        if !reasons.is_empty() {
            return self.deny(*intent, reasons, parts);
        }
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
        self.release(Outgoing::Submit(intent), parts)
    }

    fn deny(&mut self, intent: Intent, reasons: Vec<String>, parts: &mut Parts<'_>) -> Done {
        let what = What::Denied {
            reasons: reasons.clone(),
        };
        let event = self.event(intent.id(), intent.instrument(), what);
        let record = Record::Event(&event);
        let recorded = parts.journal.record(self.seq, &record, parts.names);
        recorded.map_err(|failure| Stage::Risk.failed(failure))?;
        let book = intent.book;
        if self.run_record.on {
            self.run_record.signals.push(intent.id());
            self.run_record.denied.push((intent, reasons));
        }
        let note = Note::Denied(book, event.instrument);
        self.tell(book, event);
        self.note(note, parts)
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

    fn ask(&mut self, order: OrderKey, ts: Nanos, ask: Ask, parts: &mut Parts<'_>) -> Done {
        let (id, instrument) = order;
        if let Ask::Replace(terms) = &ask
            && let Err(reasons) = self.measure(id, terms, parts)
        {
            let reason = risk::denial(&reasons).into();
            self.refuse(order, What::ReplaceRejected { reason }, parts)?;
            return self.note(Note::Denied(self.owner(id, parts), instrument), parts);
        }
        if let Err(reason) = parts.orders.request(id, &ask) {
            let what = match ask {
                Ask::Cancel => What::CancelRejected { reason },
                Ask::Replace(_) => What::ReplaceRejected { reason },
            };
            return self.refuse(order, what, parts);
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
        self.release(
            Outgoing::Ask {
                id,
                book,
                instrument,
                ts,
                ask,
            },
            parts,
        )
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

    /// Cancel, then close what the strategies hold, at market.
    ///
    /// What earlier closing orders will still do is counted, so that asking twice closes once.
    fn flatten(
        &mut self,
        ts: Nanos,
        book: Option<BookIx>,
        instrument: Option<InstrumentIx>,
        parts: &mut Parts<'_>,
    ) -> Done {
        let mut closing: Vec<(BookIx, InstrumentIx, i128)> = Vec::new();
        let mut cancels = Vec::new();
        for order in parts.orders.open(book, instrument) {
            let intent = &order.intent;
            if (intent.id() >> 64) & super::CLOSING_ORDERS != 0 {
                let change = i128::from(intent.submit.side.sign()) * order.exposure();
                closing.push((intent.book, intent.instrument(), change));
            } else {
                cancels.push(key_of(intent));
            }
        }
        for key in cancels {
            self.ask(key, ts, Ask::Cancel, parts)?;
        }
        let held: Vec<InstrumentIx> = parts.books.held().to_vec();
        for ix in held
            .into_iter()
            .filter(|ix| instrument.is_none_or(|one| one == *ix))
        {
            for number in 1..parts.names.books.len() as BookIx {
                if book.is_some_and(|one| one != number) {
                    continue;
                }
                let under_way: i128 = closing
                    .iter()
                    .filter(|(owner, item, _)| (*owner, *item) == (number, ix))
                    .map(|(_, _, change)| change)
                    .sum();
                let left = parts.books.position(number, ix) + under_way;
                if left != 0 {
                    self.close(ts, number, ix, left, parts)?;
                }
            }
        }
        Ok(())
    }

    fn close(
        &mut self,
        ts: Nanos,
        book: BookIx,
        instrument: InstrumentIx,
        held: i128,
        parts: &mut Parts<'_>,
    ) -> Done {
        let quantity = i64::try_from(held.unsigned_abs()).unwrap_or(i64::MAX);
        let side = if held > 0 { Side::Sell } else { Side::Buy };
        let intent = Intent {
            ts,
            book,
            submit: Submit {
                id: self.mint_closing(book),
                instrument,
                side,
                order_type: OrderType::Market,
                quantity,
                limit: None,
                trigger: None,
                trigger_source: TriggerSource::BidAsk,
                trailing_offset: None,
                trailing_bps: false,
                time_in_force: TimeInForce::Gtc,
                expire: None,
                post_only: false,
                reduce_only: false,
                parent: None,
                oco_group: 0,
                position: 0,
            },
            arrival: None,
            oco_group: 0,
            position: 0,
            tag: parts.names.symbol("flatten"),
        };
        self.submit(Box::new(intent), parts)
    }

    /// Hand a recorded command to the gate.
    fn release(&mut self, command: Outgoing, parts: &mut Parts<'_>) -> Done {
        match self.gate.pass(self.seq, parts.journal.durable_seq, command) {
            Some(command) => self.send(command, parts),
            None => Ok(()),
        }
    }

    /// The journal has become durable further: let out what may go, in order.
    ///
    /// # Errors
    /// As `commit`.
    pub fn on_durable(&mut self, parts: &mut Parts<'_>) -> Done {
        while let Some(command) = self.gate.next(parts.journal.durable_seq) {
            self.send(command, parts)?;
        }
        Ok(())
    }

    fn send(&mut self, command: Outgoing, parts: &mut Parts<'_>) -> Done {
        let (id, instrument) = (command.id(), command.instrument());
        if let Some(reason) = self.gate.refusal(&command, self.now, parts.risk) {
            let event = self.event(
                id,
                instrument,
                What::NotSent {
                    reason: reason.into(),
                },
            );
            parts.orders.apply(&event, parts.names);
            let recorded = parts
                .journal
                .record(self.seq, &Record::Event(&event), parts.names);
            recorded.map_err(|failure| Stage::Broker.failed(failure))?;
            self.tell(self.owner(id, parts), event);
            return Ok(());
        }
        if let Outgoing::Submit(_) = command {
            let event = self.event(id, instrument, What::Submitted);
            parts.orders.apply(&event, parts.names);
        }
        self.outgoing.push_back(command);
        Ok(())
    }
}

fn key_of(intent: &Intent) -> OrderKey {
    (intent.id(), intent.instrument())
}
