//! Fills: booked, taken back, corrected.

use super::coins::Paid;
use super::recent::Remembered;
use super::{ACCOUNT, Books};
use crate::directory::Symbol;
use crate::fixed::NumericError;
use crate::ledger::{BookIx, Execution};
use crate::orders::{Event, FillEvent, VenueKey, What};
use crate::types::InstrumentIx;

/// A fill that was booked.
#[derive(Clone, Debug, PartialEq)]
pub struct Booked {
    pub book: BookIx,
    /// `What::Filled`.
    pub event: Event,
    /// In settlement units, fees apart.
    pub realized: i128,
}

/// What became of a fill that was busted or corrected.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenBack {
    /// The opposite of the fill as it stood.
    pub opposite: Booked,
    /// The fill as it stands now; none when it is busted.
    pub corrected: Option<Booked>,
}

impl Books {
    /// Books a fill in the account and in the strategy's book, or in neither; returns the profit that
    /// it realised in the strategy's book, in settlement units, fees apart.
    ///
    /// Book 0 is for what belongs to no strategy. The fill is not remembered: see `on_fill`.
    pub fn apply_fill(
        &mut self,
        book: BookIx,
        ix: InstrumentIx,
        fill: &FillEvent,
    ) -> Result<i128, NumericError> {
        let venue = self.venue_number(ix)?;
        let leg = self.leg(fill.position);
        let in_coin = fill.fee != 0 && self.coins.is_coin(ix, fill.fee_currency);
        let paid = if in_coin {
            Some(self.paid_after(book, ix, fill.fee)?)
        } else {
            None
        };
        let at = &mut self.venues[venue];
        let account = (ACCOUNT, if at.hedging { leg } else { 0 });
        let execution = Execution {
            instrument: ix,
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            fee: fill.fee,
            fee_currency: fill.fee_currency,
        };
        let realized = if book == ACCOUNT {
            at.ledger.apply_fill(account.0, account.1, &execution)?
        } else {
            let own = (book, leg);
            at.ledger.apply_fill_twice(account, own, &execution)?.1
        };
        if !self.was_held[ix as usize] {
            self.was_held[ix as usize] = true;
            self.held.push(ix);
            at.held.push(ix);
        }
        if leg as usize == self.legs.len() {
            self.legs.push(fill.position);
            self.leg_of.insert(fill.position, leg);
        }
        if let Some((account, own)) = paid {
            self.coins.set(ACCOUNT, ix, account);
            self.coins.set(book, ix, own);
        }
        Ok(realized)
    }

    /// Books the fill of an event, and remembers it so that it can be taken back.
    pub fn on_fill(
        &mut self,
        book: BookIx,
        event: &Event,
        fill: &FillEvent,
    ) -> Result<i128, NumericError> {
        let realized = self.apply_fill(book, event.instrument, fill)?;
        self.recent.push(Remembered {
            book,
            id: event.id,
            instrument: event.instrument,
            ts_event: event.ts_event,
            ts_received: event.ts_received,
            fill: fill.clone(),
        });
        Ok(realized)
    }

    /// Whether a fill is among the last booked.
    pub fn remembers(&self, ix: InstrumentIx, fill_id: &VenueKey) -> bool {
        self.recent.find(ix, fill_id).is_some()
    }

    /// Books the opposite of a remembered fill as it stands and, when `corrected` gives a price and a
    /// quantity, the fill with those.
    ///
    /// None for a fill that is not remembered: it can't be taken back, the caller halts the instrument.
    /// On an error nothing has changed.
    pub fn take_back(
        &mut self,
        ix: InstrumentIx,
        fill_id: &VenueKey,
        corrected: Option<(i64, i64)>,
    ) -> Result<Option<TakenBack>, NumericError> {
        let Some(known) = self.recent.find(ix, fill_id).cloned() else {
            return Ok(None);
        };
        let venue = self.venue_number(ix)?;
        let before = (self.venues[venue].ledger.clone(), self.coins.clone());
        let taken = self.exchange(&known, corrected);
        match &taken {
            Err(_) => (self.venues[venue].ledger, self.coins) = before,
            Ok(_) => {
                self.recent.forget(ix, fill_id);
                if let Some((price, quantity)) = corrected {
                    let mut stands = known;
                    (stands.fill.price, stands.fill.quantity) = (price, quantity);
                    self.recent.push(stands);
                }
            }
        }
        taken.map(Some)
    }

    fn exchange(
        &mut self,
        known: &Remembered,
        corrected: Option<(i64, i64)>,
    ) -> Result<TakenBack, NumericError> {
        let opposite = FillEvent {
            side: known.fill.side.opposite(),
            fee: -known.fill.fee,
            ..known.fill.clone()
        };
        let opposite = self.book(known, opposite)?;
        let corrected = match corrected {
            None => None,
            Some((price, quantity)) => {
                let fill = FillEvent {
                    price,
                    quantity,
                    ..known.fill.clone()
                };
                Some(self.book(known, fill)?)
            }
        };
        Ok(TakenBack {
            opposite,
            corrected,
        })
    }

    fn book(&mut self, known: &Remembered, fill: FillEvent) -> Result<Booked, NumericError> {
        let realized = self.apply_fill(known.book, known.instrument, &fill)?;
        Ok(Booked {
            book: known.book,
            event: Event {
                id: known.id,
                instrument: known.instrument,
                ts_event: known.ts_event,
                ts_received: known.ts_received,
                what: What::Filled(Box::new(fill)),
            },
            realized,
        })
    }

    /// The number of a leg; that of a new name is given to it by the fill that opens it.
    #[inline]
    pub(super) fn leg(&self, name: Symbol) -> u64 {
        if name == 0 {
            return 0;
        }
        let known = self.leg_of.get(&name).copied();
        known.unwrap_or(self.legs.len() as u64)
    }

    fn paid_after(
        &self,
        book: BookIx,
        ix: InstrumentIx,
        fee: i128,
    ) -> Result<(Paid, Paid), NumericError> {
        let account = self.coins.after(ACCOUNT, ix, fee)?;
        Ok((account, self.coins.after(book, ix, fee)?))
    }
}
