//! What the account holds at the venue: one book of a ledger, and which instruments are open.

use crate::fixed::NumericError;
use crate::ledger::{Execution, Ledger, SnapshotError};
use crate::types::{CurrencyIx, Fill, Instrument, InstrumentIx};

use super::money::notional;
use crate::fixed::Rounding;

const BOOK: u32 = 0;

#[derive(Clone, Debug)]
pub struct Account {
    ledger: Ledger,
    /// By instrument: whether a leg is open. Asked at every market event.
    held: Vec<bool>,
}

impl Account {
    pub fn new(
        instruments: &[Instrument],
        scales: &[u8],
        balances: &[(CurrencyIx, i128)],
    ) -> Result<Self, NumericError> {
        // The codes are for people; the engine knows currencies by index.
        let currencies = scales.iter().map(|scale| (String::new(), *scale)).collect();
        let mut ledger = Ledger::new(currencies, instruments.to_vec(), 1)?;
        for (currency, amount) in balances {
            ledger.adjust_cash(BOOK, *currency, *amount)?;
        }
        Ok(Self {
            ledger,
            held: vec![false; instruments.len()],
        })
    }

    pub fn balance(&self, currency: CurrencyIx) -> i128 {
        self.ledger.balance(BOOK, currency)
    }

    /// Signed quantity of a leg.
    pub fn quantity(&self, ix: InstrumentIx, leg: u64) -> i64 {
        self.ledger.quantity(BOOK, ix, leg)
    }

    /// Sum over legs, at most what 64 bits hold.
    pub fn net(&self, ix: InstrumentIx) -> i64 {
        let legs = self.legs_of(ix).map(|(_, quantity)| quantity);
        legs.fold(0, i64::saturating_add)
    }

    /// Whether any leg of the instrument is open.
    pub fn holds(&self, ix: InstrumentIx) -> bool {
        self.held[ix as usize]
    }

    /// Instruments with an open leg, ascending.
    pub fn held(&self) -> impl Iterator<Item = InstrumentIx> + '_ {
        (0..)
            .zip(&self.held)
            .filter(|(_, held)| **held)
            .map(|(ix, _)| ix)
    }

    /// Open legs of an instrument as (leg, signed quantity), ascending.
    pub fn legs_of(&self, ix: InstrumentIx) -> impl Iterator<Item = (u64, i64)> + '_ {
        self.ledger.open(BOOK, ix)
    }

    pub fn adjust(&mut self, currency: CurrencyIx, amount: i128) -> Result<(), NumericError> {
        self.ledger.adjust_cash(BOOK, currency, amount)
    }

    /// What the open position adds to the balance of its settlement currency.
    ///
    /// Unlike the ledger's own figure this counts what was bought of a coin too: it secures the
    /// account's debt. The coins that the account began with do not.
    pub fn market_value(&self, ix: InstrumentIx, price: i64) -> Option<i128> {
        let instrument = &self.ledger.instruments()[ix as usize];
        if instrument.base.is_none() {
            return self.ledger.market_value(BOOK, ix, price).ok();
        }
        let scale = self.ledger.currencies()[usize::from(instrument.settlement)].1;
        notional(instrument, scale, price, self.net(ix), Rounding::HalfEven)
    }

    /// Book a fill. An error has changed nothing.
    pub fn apply(&mut self, fill: &Fill) -> Result<(), NumericError> {
        let booked = Execution {
            instrument: fill.instrument,
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            fee: fill.fee,
            fee_currency: fill.fee_currency,
        };
        self.ledger.apply_fill(BOOK, fill.position, &booked)?;
        self.note(fill.instrument);
        Ok(())
    }

    /// Split every leg; returns the cash in lieu of fractions of a lot at `price`, already booked.
    pub fn split(
        &mut self,
        ix: InstrumentIx,
        numerator: i64,
        denominator: i64,
        price: i64,
    ) -> Result<i128, NumericError> {
        let cash = self.ledger.split(BOOK, ix, numerator, denominator, price)?;
        self.note(ix);
        Ok(cash)
    }

    /// The exact state, for `restore` of an account that has these currencies and instruments.
    pub fn snapshot(&self) -> Vec<u8> {
        self.ledger.snapshot()
    }

    /// Become the account of a snapshot, whose instruments and currencies have these numbers here; an
    /// error has changed nothing.
    pub fn restore(
        &mut self,
        bytes: &[u8],
        instruments: &[InstrumentIx],
        currencies: &[CurrencyIx],
    ) -> Result<(), SnapshotError> {
        self.ledger.restore_part(bytes, instruments, currencies)?;
        for ix in 0..self.held.len() {
            self.note(ix as InstrumentIx);
        }
        Ok(())
    }

    fn note(&mut self, ix: InstrumentIx) {
        let holds = self.legs_of(ix).next().is_some();
        self.held[ix as usize] = holds;
    }
}
