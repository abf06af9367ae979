//! What balances and residuals will be when everything has been checked; nothing is written before.

use super::{BookIx, Ledger, Posting};
use crate::fixed::{NumericError, add};
use crate::types::CurrencyIx;

/// A fill touches at most the fee's currency, the settlement currency and the delivered one.
const MOST: usize = 3;

#[derive(Clone, Copy, Default)]
struct Row {
    currency: CurrencyIx,
    balance: i128,
    residual: i128,
}

/// New balances of one book, and new residuals of the ledger.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    book: BookIx,
    rows: [Row; MOST],
    len: usize,
}

impl Sums {
    pub fn new(book: BookIx) -> Self {
        Self {
            book,
            rows: [Row::default(); MOST],
            len: 0,
        }
    }

    /// Adds a posting. `before` holds what another book will have added to the residuals by then.
    ///
    /// Postings of more than three currencies panic.
    #[inline]
    pub fn post(
        &mut self,
        ledger: &Ledger,
        before: Option<&Sums>,
        posting: &Posting,
    ) -> Result<(), NumericError> {
        let currency = posting.currency;
        let at = match self.find(currency) {
            Some(at) => at,
            None => {
                let earlier =
                    before.and_then(|sums| sums.find(currency).map(|at| sums.rows[at].residual));
                let residual = earlier.unwrap_or(ledger.residuals[usize::from(currency)]);
                let balance = ledger.balance(self.book, currency);
                self.rows[self.len] = Row {
                    currency,
                    balance,
                    residual,
                };
                self.len += 1;
                self.len - 1
            }
        };
        let row = &mut self.rows[at];
        row.balance = add(row.balance, posting.amount)?;
        row.residual = add(row.residual, posting.residual)?;
        Ok(())
    }

    #[inline]
    fn find(&self, currency: CurrencyIx) -> Option<usize> {
        self.rows[..self.len]
            .iter()
            .position(|row| row.currency == currency)
    }

    /// Makes it so.
    #[inline]
    pub fn write(&self, ledger: &mut Ledger) {
        let balances = &mut ledger.books[self.book as usize].balances;
        for row in &self.rows[..self.len] {
            balances[usize::from(row.currency)] = row.balance;
            ledger.residuals[usize::from(row.currency)] = row.residual;
        }
    }
}
