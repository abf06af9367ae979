//! What each piece of evidence does to an order: one function per kind.
//!
//! `transitions` says which status may follow; the functions here look at the rest of the evidence
//! (quantities, venue ids) and either take it or say what it contradicts; those about fills stand in
//! `booking`. They are the only place that changes an order. Entered through `Order::apply`.

use super::event::{Event, Kind, Text, VenueKey, What};
use super::order::Order;
use super::status::{OrderStatus, Outcome, RequestKind, RequestState};
use super::transitions::{answers, next};
use crate::directory::Directory;
use crate::types::Nanos;

/// What the evidence meant, or what it contradicts: then nothing has changed.
pub(super) type Verdict = Result<Outcome, String>;

impl Order {
    /// Take a piece of evidence. Fills are booked in every status; see `Outcome`.
    ///
    /// `names` knows the scale of the order's quantities and what an alarm calls an instrument.
    pub fn apply(&mut self, event: &Event, names: &Directory) -> Outcome {
        let kind = event.what.kind();
        let verdict = match next(kind, self.status) {
            Some(after) => self.take(event, kind, after, names),
            None => Err(format!("{} while {}", kind.name(), self.status.word())),
        };
        match verdict {
            Ok(outcome) => {
                self.ts_last = self.ts_last.max(event.ts_received);
                outcome
            }
            Err(why) => {
                self.alarm = Some(why);
                Outcome::Illegal
            }
        }
    }

    fn take(
        &mut self,
        event: &Event,
        kind: Kind,
        after: OrderStatus,
        names: &Directory,
    ) -> Verdict {
        let now = event.ts_received;
        match &event.what {
            What::Denied { reasons } => self.denied(after, reasons),
            What::NotSent { reason } => self.not_sent(kind, after, reason),
            What::Submitted => self.submitted(now, after),
            What::Accepted { venue_order_id } => self.accepted(now, kind, after, venue_order_id),
            What::Rejected { reason, text } => self.rejected(after, reason, text),
            What::Triggered => Ok(self.triggered(kind, after)),
            What::Filled(fill) => self.filled(event.instrument, fill, after, names),
            What::Canceled { cumulative, reason } | What::Expired { cumulative, reason } => {
                self.ended(kind, after, (*cumulative).into(), reason)
            }
            What::Replaced {
                quantity,
                limit,
                trigger,
            } => self.replaced(kind, after, (*quantity, *limit, *trigger)),
            What::CancelRejected { .. } => Ok(self.cancel_rejected(kind)),
            What::ReplaceRejected { .. } => Ok(self.replace_refused(kind)),
            What::Unknown { .. } => Ok(self.unknown()),
            What::Busted { fill_id, .. } => Ok(self.busted(fill_id)),
            What::Corrected {
                fill_id,
                price,
                quantity,
                ..
            } => self.corrected(fill_id, *price, *quantity),
        }
    }

    // --- before the venue -------------------------------------------------------------------
    fn denied(&mut self, after: OrderStatus, reasons: &[String]) -> Verdict {
        if self.status == after {
            return Ok(Outcome::Duplicate);
        }
        if self.submit_request.is_some() {
            return Err("denied although it may have left".into());
        }
        self.end(after, reasons.iter().cloned().map(Text::Owned).collect());
        Ok(Outcome::Applied)
    }

    fn not_sent(&mut self, kind: Kind, after: OrderStatus, reason: &Text) -> Verdict {
        if self.is_final() {
            return Ok(Outcome::Duplicate);
        }
        if self.status == OrderStatus::Submitted {
            // It was handed to the gate, which did not let it out.
            if self.submit_request.is_none() {
                return Err("not sent although the venue knows it".into());
            }
            self.end(after, vec![reason.clone()]);
            return Ok(Outcome::Applied);
        }
        if self.status != OrderStatus::Initialized {
            // Of an order that the venue knows, it was a replace: the order is as it was.
            if self.replace_request != Some(RequestState::Sent) {
                return Err("not sent although nothing was waiting to be sent".into());
            }
            return Ok(self.replace_refused(kind));
        }
        if self.submit_request.is_some() {
            return Err("not sent although it may have left".into());
        }
        self.end(after, vec![reason.clone()]);
        Ok(Outcome::Applied)
    }

    fn submitted(&mut self, now: Nanos, after: OrderStatus) -> Verdict {
        if self.status != OrderStatus::Initialized {
            return Ok(Outcome::Duplicate);
        }
        if self.submit_request.is_some() {
            return Err("sent again although it may have left".into());
        }
        self.status = after;
        self.submit_request = Some(RequestState::Sent);
        self.ts_submitted = Some(now);
        Ok(Outcome::Applied)
    }

    // --- words of the venue -----------------------------------------------------------------
    fn accepted(&mut self, now: Nanos, kind: Kind, after: OrderStatus, id: &VenueKey) -> Verdict {
        match &self.venue_order_id {
            // One id of ours for two orders of theirs: both may fill.
            Some(known) if known != id => return Err(format!("accepted as {id} and as {known}")),
            Some(_) if self.status == after && self.ts_accepted.is_some() => {
                return Ok(Outcome::Duplicate);
            }
            _ => {}
        }
        self.venue_order_id = Some(id.clone());
        self.ts_accepted = Some(now);
        Ok(self.proven(kind, after))
    }

    fn triggered(&mut self, kind: Kind, after: OrderStatus) -> Outcome {
        if self.status == after {
            return Outcome::Duplicate;
        }
        self.proven(kind, after)
    }

    fn rejected(&mut self, after: OrderStatus, reason: &Text, text: &Text) -> Verdict {
        if self.status == after {
            return Ok(Outcome::Duplicate);
        }
        if self.filled != 0 || self.claimed != 0 {
            return Err("rejected although it has fills".into());
        }
        let words = [reason, text];
        let said = if text.is_empty() { 1 } else { 2 };
        self.end(
            after,
            words[..said].iter().map(|&text| text.clone()).collect(),
        );
        Ok(Outcome::Applied)
    }

    fn ended(
        &mut self,
        kind: Kind,
        after: OrderStatus,
        cumulative: i128,
        reason: &Text,
    ) -> Verdict {
        let (word, claimed) = (after.word(), self.claimed);
        if cumulative < claimed {
            return Err(format!(
                "{word} with {cumulative} filled, but {claimed} are proven"
            ));
        }
        if self.is_final() {
            if cumulative == claimed {
                return Ok(Outcome::Duplicate);
            }
            return Err(format!(
                "{cumulative} filled, but it ended {word} with {claimed}"
            ));
        }
        if self.pending.is_some() && cumulative == claimed {
            return Ok(Outcome::Duplicate);
        }
        self.claimed = cumulative;
        self.pending = Some(after);
        self.reasons.clear();
        if !reason.is_empty() {
            self.reasons.push(reason.clone());
        }
        self.answer(kind);
        self.settle();
        Ok(Outcome::Applied)
    }

    fn replaced(
        &mut self,
        kind: Kind,
        after: OrderStatus,
        terms: (i64, Option<i64>, Option<i64>),
    ) -> Verdict {
        let quantity = terms.0;
        if self.is_final() {
            if self.status == OrderStatus::Filled && i128::from(quantity) > self.filled {
                return Err(format!("replaced to {quantity} after it was filled"));
            }
            return Ok(Outcome::Duplicate);
        }
        if quantity <= 0 || i128::from(quantity) < self.filled {
            let filled = self.filled;
            return Err(format!("replaced to {quantity}, but {filled} are filled"));
        }
        let known = (self.quantity, self.limit, self.trigger);
        if self.replace_request.is_none() && self.status == after && terms == known {
            return Ok(Outcome::Duplicate);
        }
        (self.quantity, self.limit, self.trigger) = terms;
        self.replaced = true;
        Ok(self.proven(kind, after))
    }

    fn cancel_rejected(&mut self, kind: Kind) -> Outcome {
        if self.cancel_request.is_none() {
            return Outcome::Duplicate;
        }
        self.answer(kind);
        Outcome::Applied
    }

    fn replace_refused(&mut self, kind: Kind) -> Outcome {
        if self.replace_request.is_none() {
            return Outcome::Duplicate;
        }
        self.answer(kind);
        self.settle();
        Outcome::Applied
    }

    fn unknown(&mut self) -> Outcome {
        if self.is_final() {
            return Outcome::Duplicate;
        }
        let sent = Some(RequestState::Sent);
        let unknown = Some(RequestState::Unknown);
        let mut outcome = Outcome::Duplicate;
        // A restart can't tell whether an order that never said `submitted` had left.
        let unsaid = self.status == OrderStatus::Initialized && self.submit_request.is_none();
        if unsaid || self.submit_request == sent {
            self.submit_request = unknown;
            outcome = Outcome::Applied;
        }
        for request in [&mut self.cancel_request, &mut self.replace_request] {
            if *request == sent {
                *request = unknown;
                outcome = Outcome::Applied;
            }
        }
        outcome
    }

    // --- shared -----------------------------------------------------------------------------
    /// Take the status that the table names, and what the event answers.
    pub(super) fn proven(&mut self, kind: Kind, after: OrderStatus) -> Outcome {
        self.status = after;
        self.answer(kind);
        self.settle();
        Outcome::Applied
    }

    fn answer(&mut self, kind: Kind) {
        for request in answers(kind) {
            match request {
                RequestKind::Submit => self.submit_request = None,
                RequestKind::Cancel => self.cancel_request = None,
                RequestKind::Replace => (self.replace_request, self.asked) = (None, None),
            }
        }
    }

    /// Close when the fills prove it. A larger quantity that was asked for keeps it open.
    pub(super) fn settle(&mut self) {
        if self.is_final() {
            return;
        }
        if let Some(end) = self.pending {
            if self.filled >= self.claimed {
                self.close(end);
            }
        } else if self.filled != 0 && self.filled >= self.worst().into() {
            self.close(OrderStatus::Filled);
        }
    }

    fn end(&mut self, status: OrderStatus, reasons: Vec<Text>) {
        self.reasons = reasons;
        self.close(status);
    }

    /// The reasons stay as they are.
    fn close(&mut self, status: OrderStatus) {
        self.status = status;
        self.pending = None;
        self.submit_request = None;
        self.cancel_request = None;
        (self.replace_request, self.asked) = (None, None);
    }
}
