//! Legs of positions, by the names that strategies gave them.

use super::{ACCOUNT, Books};
use crate::directory::Symbol;
use crate::ledger::BookIx;
use crate::types::InstrumentIx;

/// An open leg of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLeg {
    /// 0 for the netted position.
    pub name: Symbol,
    /// Signed.
    pub quantity: i128,
}

impl Books {
    /// The open legs of a book; a position of one leg is less the fees paid in the coin itself.
    pub fn legs(&self, book: BookIx, ix: InstrumentIx) -> Vec<OpenLeg> {
        let Some(ledger) = self.ledger(ix) else {
            return Vec::new();
        };
        let mut legs: Vec<OpenLeg> = ledger
            .open(book, ix)
            .map(|(leg, quantity)| OpenLeg {
                name: self.legs[leg as usize],
                quantity: quantity.into(),
            })
            .collect();
        if let [only] = &mut legs[..] {
            only.quantity = self.position(book, ix);
        }
        legs.retain(|leg| leg.quantity != 0);
        legs
    }

    /// What the account holds of a leg, signed: all of it where the venue nets.
    pub fn account_leg(&self, ix: InstrumentIx, name: Symbol) -> i128 {
        let Some(ledger) = self.ledger(ix) else {
            return 0;
        };
        match self.is_hedging(ix) {
            true => ledger.quantity(ACCOUNT, ix, self.leg(name)).into(),
            false => ledger.net_quantity(ACCOUNT, ix),
        }
    }

    /// Whether the venue of an instrument keeps legs apart.
    pub fn is_hedging(&self, ix: InstrumentIx) -> bool {
        self.venue_of[ix as usize].is_some_and(|venue| self.venues[venue].hedging)
    }
}
