//! What each piece of evidence does to an order: one function per kind.
//!
//! `transitions` says which status may follow; the functions here look at the rest of the evidence
//! (quantities, fill ids, venue ids) and either take it or say what it contradicts. They are the only
//! place that changes an order. Entered through `Order::apply`.

use super::event::{Event, FillEvent, Kind, Text, VenueKey, What};
use super::fills::KnownFill;
use super::order::Order;
use super::status::{FillState, OrderStatus, Outcome, RequestKind, RequestState};
use super::transitions::{answers, next};
use crate::directory::Directory;
use crate::types::{InstrumentIx, Nanos, Side};

/// What the evidence meant, or what it contradicts: then nothing has changed.
type Verdict = Result<Outcome, String>;

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
        if self.status != OrderStatus::Initialized {
            // The gate dropped a replace: the order is as it was.
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

    // --- fills ------------------------------------------------------------------------------
    fn filled(
        &mut self,
        instrument: InstrumentIx,
        fill: &FillEvent,
        after: OrderStatus,
        names: &Directory,
    ) -> Verdict {
        let (id, quantity) = (&fill.fill_id, fill.quantity);
        if quantity <= 0 || fill.size_scale != names.scales(self.intent.instrument()).1 {
            let scale = fill.size_scale;
            return Err(format!("fill {id} of {quantity} x 10^-{scale}"));
        }
        if let Some(&known) = self.fills.get(id) {
            return self.seen(known, fill, after);
        }
        let filled = self.filled + i128::from(quantity);
        let counted = filled.max(fill.cumulative.into()); // fills out of order name smaller sums
        let why = self.doubt(instrument, fill, counted, names);
        let known = KnownFill {
            price: fill.price,
            quantity,
            state: FillState::Booked,
        };
        self.fills.push(id.clone(), known);
        self.filled = filled;
        self.claimed = self.claimed.max(counted);
        if self.venue_order_id.is_none() || self.replaced {
            self.venue_order_id = Some(fill.venue_order_id.clone());
        }
        self.proven(Kind::Filled, after);
        let Some(why) = why else {
            return Ok(Outcome::Applied);
        };
        self.alarm = Some(format!("fill {id} of {quantity} booked: {why}"));
        Ok(Outcome::Alarm)
    }

    /// Why a fill that is booked should not have happened.
    fn doubt(
        &self,
        instrument: InstrumentIx,
        fill: &FillEvent,
        counted: i128,
        names: &Directory,
    ) -> Option<String> {
        if self.is_final() {
            return Some(format!("the order was {}", self.status.word()));
        }
        let most = match self.pending {
            Some(_) => self.claimed,
            None => self.worst().into(),
        };
        if counted > most {
            return Some(format!("{counted} filled of {most}"));
        }
        let ours = &self.intent.submit;
        if fill.side != ours.side || instrument != ours.instrument {
            let side = match fill.side {
                Side::Buy => "buy",
                Side::Sell => "sell",
            };
            let name = &names.instruments[instrument as usize].id;
            return Some(format!("it is a {side} of {name}"));
        }
        match &self.venue_order_id {
            Some(known) if *known != fill.venue_order_id && !self.replaced => {
                let id = &fill.venue_order_id;
                Some(format!("it belongs to venue order {id}, not {known}"))
            }
            _ => None,
        }
    }

    /// A fill id that is known: a repetition, or the fill that a bust ran ahead of.
    fn seen(&mut self, known: KnownFill, fill: &FillEvent, after: OrderStatus) -> Verdict {
        let (id, quantity) = (&fill.fill_id, i128::from(fill.quantity));
        let same = (fill.price, fill.quantity) == (known.price, known.quantity);
        match known.state {
            FillState::BustedUnseen => {
                // Nothing to book, but the order and its counts end as if the fill had come first.
                self.amend(id, fill.price, fill.quantity, FillState::Busted);
                let counted = (self.filled + quantity).max(fill.cumulative.into());
                self.claimed = self.claimed.max(counted) - quantity;
                self.proven(Kind::Filled, after);
            }
            FillState::Booked if !same => {
                return Err(format!("fill {id} repeated with another price or quantity"));
            }
            _ => {}
        }
        Ok(Outcome::Duplicate)
    }

    fn busted(&mut self, id: &VenueKey) -> Outcome {
        let Some(&known) = self.fills.get(id) else {
            // It ran ahead of its fill: nothing was booked, so there is nothing to take back.
            let unseen = KnownFill {
                price: 0,
                quantity: 0,
                state: FillState::BustedUnseen,
            };
            self.fills.push(id.clone(), unseen);
            return Outcome::Duplicate;
        };
        if !known.state.counts() {
            return Outcome::Duplicate;
        }
        self.amend(id, known.price, known.quantity, FillState::Busted);
        self.recount(-i128::from(known.quantity));
        Outcome::Applied
    }

    fn corrected(&mut self, id: &VenueKey, price: i64, quantity: i64) -> Verdict {
        let known = match self.fills.get(id) {
            Some(&known) if known.state.counts() => known,
            Some(_) => return Err(format!("correction of fill {id}, which is busted")),
            None => return Err(format!("correction of fill {id}, which is unknown")),
        };
        if quantity <= 0 {
            return Err(format!("fill {id} corrected to {quantity}"));
        }
        if (price, quantity) == (known.price, known.quantity) {
            return Ok(Outcome::Duplicate);
        }
        self.amend(id, price, quantity, FillState::Corrected);
        self.recount(i128::from(quantity) - i128::from(known.quantity));
        if self.filled <= self.worst().into() {
            return Ok(Outcome::Applied);
        }
        let (filled, worst) = (self.filled, self.worst());
        self.alarm = Some(format!("{filled} filled of {worst} after a correction"));
        Ok(Outcome::Alarm)
    }

    // --- shared -----------------------------------------------------------------------------
    fn amend(&mut self, id: &VenueKey, price: i64, quantity: i64, state: FillState) {
        if let Some(fill) = self.fills.get_mut(id) {
            *fill = KnownFill {
                price,
                quantity,
                state,
            };
        }
    }

    /// Fills changed after the fact: what the venue had counted changes with them.
    fn recount(&mut self, change: i128) {
        self.filled += change;
        self.claimed += change;
        self.settle();
    }

    /// Take the status that the table names, and what the event answers.
    fn proven(&mut self, kind: Kind, after: OrderStatus) -> Outcome {
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
    fn settle(&mut self) {
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
