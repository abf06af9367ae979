//! One order: what was asked, what is proven, and what may still happen.
//!
//! Its first dimension is the status, its second the requests that were sent and not answered; both
//! follow `transitions`. A timeout proves nothing: the request becomes unknown, what it may do stays
//! counted in `exposure`, and only a report or the answer to a query resolves it.

use super::event::{Text, VenueKey};
use super::fills::Fills;
use super::intent::{Ask, Intent, NewTerms};
use super::status::{OrderStatus, RequestKind, RequestState};
use crate::types::Nanos;

/// Everything known of one order; quantities count 10^-size_scale of its instrument.
///
/// Sums of fills are 128 bits wide: a verified fill is booked even when it makes no sense, and no
/// number of 64-bit fills that fits a memory overflows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub intent: Intent,
    /// The terms proven to be in force, which a replace changes.
    pub quantity: i64,
    pub limit: Option<i64>,
    pub trigger: Option<i64>,
    pub status: OrderStatus,
    pub filled: i128,
    /// The largest cumulative quantity that the venue has named: beyond `filled`, fills are missing.
    pub claimed: i128,
    pub fills: Fills,
    pub venue_order_id: Option<VenueKey>,
    pub submit_request: Option<RequestState>,
    pub cancel_request: Option<RequestState>,
    pub replace_request: Option<RequestState>,
    /// The terms that the outstanding replace asks for.
    pub asked: Option<NewTerms>,
    pub replaced: bool,
    /// The end that the venue reported while fills were still missing.
    pub pending: Option<OrderStatus>,
    /// The words of a denial, rejection, cancel or expiry.
    pub reasons: Vec<Text>,
    /// Why the last piece of evidence that was illegal or alarming was.
    pub alarm: Option<String>,
    pub ts_submitted: Option<Nanos>,
    pub ts_accepted: Option<Nanos>,
    /// When the last evidence that counted was received.
    pub ts_last: Nanos,
}

impl Order {
    /// The order that an intent asks for; nothing has happened to it yet.
    pub fn new(intent: Intent) -> Self {
        Self {
            quantity: intent.submit.quantity,
            limit: intent.submit.limit,
            trigger: intent.submit.trigger,
            status: OrderStatus::Initialized,
            filled: 0,
            claimed: 0,
            fills: Fills::default(),
            venue_order_id: None,
            submit_request: None,
            cancel_request: None,
            replace_request: None,
            asked: None,
            replaced: false,
            pending: None,
            reasons: Vec::new(),
            alarm: None,
            ts_submitted: None,
            ts_accepted: None,
            ts_last: intent.ts,
            intent,
        }
    }

    /// 128-bit client order id.
    #[inline]
    pub fn id(&self) -> u128 {
        self.intent.id()
    }

    /// Looks at every part. Orders of long ago are far away in memory: looked at together, the parts
    /// of several come at once, where one part after the other would be waited for.
    #[inline]
    pub fn touch(&self) {
        let submit = &self.intent.submit;
        let parts = [
            self.intent.ts,
            self.intent.arrival.unwrap_or(0),
            self.intent.tag.into(),
            submit.id as i64,
            submit.quantity,
            submit.limit.unwrap_or(0),
            submit.expire.unwrap_or(0),
            submit.parent.is_some().into(),
            submit.position as i64,
            self.quantity,
            self.filled as i64,
            self.claimed as i64,
            self.fills.len() as i64,
            self.venue_order_id.is_some().into(),
            self.asked.is_some().into(),
            self.reasons.len() as i64,
            self.alarm.is_some().into(),
            self.ts_submitted.unwrap_or(0),
            self.ts_last,
        ];
        std::hint::black_box(parts.iter().fold(0, |all, part| all ^ part));
    }

    /// Whether the status is terminal and, by that, nothing more is expected.
    #[inline]
    pub fn is_final(&self) -> bool {
        self.status.is_terminal()
    }

    /// The request that waits for an answer; of several, the one that would end or change most.
    pub fn outstanding(&self) -> Option<(RequestKind, RequestState)> {
        let cancel = self
            .cancel_request
            .map(|state| (RequestKind::Cancel, state));
        let replace = self
            .replace_request
            .map(|state| (RequestKind::Replace, state));
        let submit = self
            .submit_request
            .map(|state| (RequestKind::Submit, state));
        cancel.or(replace).or(submit)
    }

    /// Whether any request may or may not have reached the venue.
    pub fn is_unknown(&self) -> bool {
        let requests = [
            self.submit_request,
            self.cancel_request,
            self.replace_request,
        ];
        requests.contains(&Some(RequestState::Unknown))
    }

    /// What may still fill under the terms in force; 0 when final.
    pub fn leaves(&self) -> i128 {
        self.left_of(self.quantity)
    }

    /// What may still fill at worst: the larger of old and asked-for terms; 0 when final.
    #[inline]
    pub fn exposure(&self) -> i128 {
        self.left_of(self.worst())
    }

    #[inline]
    fn left_of(&self, quantity: i64) -> i128 {
        if self.is_final() {
            return 0;
        }
        let total = match self.pending {
            Some(_) => self.claimed,
            None => quantity.into(),
        };
        (total - self.filled).max(0)
    }

    /// The total quantity at worst: the larger of the terms in force and those asked for.
    #[inline]
    pub fn worst(&self) -> i64 {
        let asked = self.asked.and_then(|asked| asked.quantity);
        asked.map_or(self.quantity, |asked| asked.max(self.quantity))
    }

    /// What the venue says was filled beyond the fills that are known.
    pub fn missing(&self) -> i128 {
        (self.claimed - self.filled).max(0)
    }

    /// The order as it would be submitted today, with the terms that are in force.
    pub fn terms(&self) -> Intent {
        let mut intent = self.intent.clone();
        intent.submit.quantity = self.quantity;
        intent.submit.limit = self.limit;
        intent.submit.trigger = self.trigger;
        intent
    }

    /// Note that a cancel or replace is on its way; from now on it counts.
    ///
    /// Says why when it can't be asked; nothing is noted then.
    pub fn request(&mut self, ask: &Ask) -> Result<(), Text> {
        if self.is_final() {
            return Err(format!("the order is {}", self.status.word()).into());
        }
        match ask {
            Ask::Cancel => self.cancel_request = Some(RequestState::Sent),
            Ask::Replace(terms) => {
                if let Some(end) = self.pending {
                    return Err(format!("the order is ending ({})", end.word()).into());
                }
                if let Some(state) = self.replace_request {
                    return Err(format!("another replace is {}", state.word()).into());
                }
                self.replace_request = Some(RequestState::Sent);
                self.asked = Some(*terms);
            }
        }
        Ok(())
    }
}
