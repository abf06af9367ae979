//! What the evidence about fills does to an order: they are booked in every status.

use super::event::{FillEvent, Kind, VenueKey};
use super::evidence::Verdict;
use super::fills::KnownFill;
use super::order::Order;
use super::status::{FillState, OrderStatus, Outcome};
use crate::directory::Directory;
use crate::types::{InstrumentIx, Side};

impl Order {
    pub(super) fn filled(
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

    pub(super) fn busted(&mut self, id: &VenueKey) -> Outcome {
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

    pub(super) fn corrected(&mut self, id: &VenueKey, price: i64, quantity: i64) -> Verdict {
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
}
