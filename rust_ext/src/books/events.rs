//! What moves cash or holdings without a fill.

use super::{ACCOUNT, Books};
use crate::fixed::{NumericError, Rounding, add, mul_div, overflow};
use crate::ledger::BookIx;
use crate::types::{CurrencyIx, InstrumentIx};

impl Books {
    /// Books cash that moved at a venue without a fill; on an error nothing has changed.
    ///
    /// Of cash for an instrument each strategy has its share by what it holds, rounded toward zero;
    /// the rest is unallocated.
    pub fn apply_cash(
        &mut self,
        venue: usize,
        instrument: Option<InstrumentIx>,
        currency: CurrencyIx,
        amount: i128,
    ) -> Result<(), NumericError> {
        let ledger = &self.venues[venue].ledger;
        let mut shares = vec![(ACCOUNT, amount)];
        if let Some(ix) = instrument {
            let total = ledger.net_quantity(ACCOUNT, ix);
            for book in 1..self.books as BookIx {
                let quantity = ledger.net_quantity(book, ix);
                if quantity != 0 && total != 0 {
                    shares.push((book, share(amount, quantity, total)?));
                }
            }
        }
        for &(book, share) in &shares {
            add(ledger.balance(book, currency), share)?;
        }
        let ledger = &mut self.venues[venue].ledger;
        for (book, share) in shares {
            ledger.adjust_cash(book, currency, share)?;
        }
        Ok(())
    }

    /// Scales the holdings; every book keeps whole lots. On an error nothing has changed.
    ///
    /// The cash for the account's fraction of a lot comes as a cash event of the venue.
    pub fn apply_split(
        &mut self,
        ix: InstrumentIx,
        numerator: i64,
        denominator: i64,
    ) -> Result<(), NumericError> {
        let venue = self.venue_number(ix)?;
        let mut after = self.venues[venue].ledger.clone();
        for book in 0..self.books as BookIx {
            after.split(book, ix, numerator, denominator, 0)?;
        }
        self.venues[venue].ledger = after;
        Ok(())
    }
}

/// amount x quantity / total, toward zero.
fn share(amount: i128, quantity: i128, total: i128) -> Result<i128, NumericError> {
    let part = mul_div(
        amount,
        quantity.unsigned_abs(),
        total.unsigned_abs(),
        Rounding::Down,
    )?;
    if (quantity < 0) == (total < 0) {
        return Ok(part);
    }
    part.checked_neg().ok_or_else(|| overflow("a share"))
}
