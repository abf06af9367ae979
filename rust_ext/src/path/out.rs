//! Out: what was approved is handed to the gate, and leaves when its record is durable.

use super::down::OrderKey;
use super::gate::Notice;
use super::view::View;
use super::{Failed, OrderPath, Outgoing, Parts};
use crate::orders::{Ask, OrderTable, What};
use crate::types::Nanos;

/// The reason when what an order was measured against has grown too old in the gate.
const STALE: &str = "no quote, trade or bar was fresh enough when it could leave";

impl OrderPath {
    /// Hand a recorded command to the gate: from now on it may have left.
    #[inline]
    pub(super) fn release(&mut self, command: Outgoing, parts: &mut Parts<'_>) {
        if let Outgoing::Submit(_) = command {
            let event = self.event(command.id(), command.instrument(), What::Submitted);
            parts.orders.apply(&event, parts.names);
        }
        let (records, durable) = (parts.journal.count, parts.journal.durable_count);
        if let Some(command) = self.gate.hand(records, durable, self.now, command) {
            self.outgoing.push_back(command);
        } else {
            self.gate.trim(|command| is_out(parts.orders, command));
        }
    }

    /// The journal has become durable further: let out what may go at this moment, in order.
    ///
    /// # Errors
    /// None at present; as `commit`.
    pub fn on_durable(&mut self, now: Nanos, parts: &mut Parts<'_>) -> Result<(), Failed> {
        self.moment = self.moment.max(now);
        let now = self.moment();
        while let Some(command) = self.gate.next(parts.journal.durable_count) {
            if !is_out(parts.orders, &command) {
                continue; // somebody has proven its end meanwhile
            }
            match self.refusal(&command, now, parts) {
                Some(why) => self.gate.refuse(command, now, &why),
                None => self.outgoing.push_back(command),
            }
        }
        Ok(())
    }

    /// Why a command may not leave after its wait.
    fn refusal(&self, command: &Outgoing, now: Nanos, parts: &Parts<'_>) -> Option<String> {
        if let Some(why) = self.gate.too_old(command.asked_at(), now) {
            return Some(why);
        }
        if command.closes() {
            return None;
        }
        let halted = (parts.risk.halts).reasons(command.book(), command.instrument());
        if !halted.is_empty() {
            return Some(halted.join("; "));
        }
        let view = View::new(now, parts.market, parts.books, parts.orders);
        let lacks = match command {
            Outgoing::Submit(intent) => parts.risk.lacks_reference(intent, &view),
            Outgoing::Ask { id, .. } => (parts.orders.find(*id))
                .is_some_and(|order| parts.risk.lacks_reference(&order.intent, &view)),
        };
        lacks.then(|| STALE.to_owned())
    }

    /// The venue's port failed at a command: what it did is unknown, and of what stood behind it
    /// only cancels leave.
    pub fn on_broken_port(&mut self, (id, instrument): OrderKey, why: &str) {
        let now = self.moment();
        self.gate.broke(id, instrument, now, why);
        for command in std::mem::take(&mut self.outgoing) {
            match command.is_cancel() {
                true => self.outgoing.push_back(command),
                false => self.gate.refuse(command, now, why),
            }
        }
    }

    /// What the gate has to tell the core: to be injected as inputs, in this order.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        self.gate.take_notices()
    }

    /// Commands that were suppressed and have no answer yet, in order.
    pub fn take_suppressed(&mut self, orders: &OrderTable) -> Vec<Outgoing> {
        self.gate.take_suppressed(|command| is_out(orders, command))
    }

    /// The latest moment that anybody told.
    fn moment(&self) -> Nanos {
        self.now.max(self.moment)
    }
}

/// Whether a command may still do something: its order is open, its request without an answer.
fn is_out(orders: &OrderTable, command: &Outgoing) -> bool {
    let Some(order) = orders.find(command.id()).filter(|order| !order.is_final()) else {
        return false;
    };
    let request = match command {
        Outgoing::Submit(_) => order.submit_request,
        Outgoing::Ask {
            ask: Ask::Cancel, ..
        } => order.cancel_request,
        Outgoing::Ask {
            ask: Ask::Replace(_),
            ..
        } => order.replace_request,
    };
    request.is_some()
}
