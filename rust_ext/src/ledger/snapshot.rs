//! A ledger as bytes: `OOLG`, version, digest of the lists it was made with, contents, checksum.
//!
//! Numbers are little-endian and fixed in width, so equal ledgers have equal bytes.

use super::{Book, Holding, Ledger, Leg};
use crate::types::{CurrencyIx, Instrument, InstrumentIx};

const MAGIC: &[u8; 4] = b"OOLG";
const VERSION: u8 = 1;
const SUM: usize = 32;

/// Bytes that are no snapshot of this ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// Truncated, altered, or never a snapshot.
    Damaged,
    /// Written by a newer version.
    TooNew(u8),
    /// Of a ledger with other currencies, instruments or books.
    OtherLists,
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let (head, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(SnapshotError::Damaged)?;
        self.0 = rest;
        Ok(*head)
    }

    fn money(&mut self) -> Result<i128, SnapshotError> {
        Ok(i128::from_le_bytes(self.take()?))
    }

    fn all_money(&mut self, count: usize) -> Result<Vec<i128>, SnapshotError> {
        (0..count).map(|_| self.money()).collect()
    }

    fn holding(&mut self) -> Result<Holding, SnapshotError> {
        let realized = self.money()?;
        let mut legs: Vec<(u64, Leg)> = Vec::new();
        for _ in 0..u32::from_le_bytes(self.take()?) {
            let number = u64::from_le_bytes(self.take()?);
            let quantity = i64::from_le_bytes(self.take()?);
            let in_order = legs.last().is_none_or(|(before, _)| *before < number);
            if quantity == 0 || quantity == i64::MIN || !in_order {
                return Err(SnapshotError::Damaged);
            }
            legs.push((
                number,
                Leg {
                    quantity,
                    cost: self.money()?,
                },
            ));
        }
        Ok(Holding { legs, realized })
    }
}

impl Ledger {
    /// The whole state, for `restore` of a ledger made with the same lists.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(self.lists_digest());
        bytes.extend(self.residuals.iter().flat_map(|value| value.to_le_bytes()));
        for book in &self.books {
            let money = book.balances.iter().chain(&book.fees);
            bytes.extend(money.flat_map(|value| value.to_le_bytes()));
            for holding in &book.holdings {
                bytes.extend(holding.realized.to_le_bytes());
                bytes.extend((holding.legs.len() as u32).to_le_bytes());
                for (number, leg) in &holding.legs {
                    bytes.extend(number.to_le_bytes());
                    bytes.extend(leg.quantity.to_le_bytes());
                    bytes.extend(leg.cost.to_le_bytes());
                }
            }
        }
        let sum = blake3::hash(&bytes);
        bytes.extend(sum.as_bytes());
        bytes
    }

    /// Replaces the state by that of a snapshot; on an error nothing has changed.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let body = bytes.len().checked_sub(SUM).ok_or(SnapshotError::Damaged)?;
        let (body, sum) = bytes.split_at(body);
        let mut reader = Reader(body);
        if &reader.take()? != MAGIC || blake3::hash(body).as_bytes() != sum {
            return Err(SnapshotError::Damaged);
        }
        let [version] = reader.take()?;
        if version > VERSION {
            return Err(SnapshotError::TooNew(version));
        }
        if reader.take()? != self.lists_digest() {
            return Err(SnapshotError::OtherLists);
        }
        let currencies = self.currencies.len();
        let residuals = reader.all_money(currencies)?;
        let mut books = Vec::with_capacity(self.books.len());
        for _ in &self.books {
            let balances = reader.all_money(currencies)?;
            let fees = reader.all_money(currencies)?;
            let holdings: Result<_, _> = self.terms.iter().map(|_| reader.holding()).collect();
            books.push(Book {
                balances,
                fees,
                holdings: holdings?,
            });
        }
        if !reader.0.is_empty() {
            return Err(SnapshotError::Damaged);
        }
        (self.residuals, self.books) = (residuals, books);
        Ok(())
    }

    /// Replaces the state by that of a snapshot of a ledger with fewer instruments or currencies: the
    /// lists give the number here of each one there. What is new is empty. On an error nothing has
    /// changed.
    pub fn restore_part(
        &mut self,
        bytes: &[u8],
        instruments: &[InstrumentIx],
        currencies: &[CurrencyIx],
    ) -> Result<(), SnapshotError> {
        let mut part = self.part(instruments, currencies)?;
        part.restore(bytes)?;
        let mut whole = Self::new(
            self.currencies.clone(),
            self.instruments.clone(),
            self.books.len(),
        )
        .map_err(|_| SnapshotError::OtherLists)?;
        for (from, &to) in currencies.iter().enumerate() {
            let to = usize::from(to);
            let finer = whole.residual_scales[to].checked_sub(part.residual_scales[from]);
            let factor = finer.and_then(|digits| 10i128.checked_pow(digits.into()));
            let residual = factor.and_then(|factor| part.residuals[from].checked_mul(factor));
            whole.residuals[to] = residual.ok_or(SnapshotError::OtherLists)?;
            for (book, old) in whole.books.iter_mut().zip(&part.books) {
                book.balances[to] = old.balances[from];
                book.fees[to] = old.fees[from];
            }
        }
        for (book, old) in whole.books.iter_mut().zip(part.books) {
            for (&to, holding) in instruments.iter().zip(old.holdings) {
                book.holdings[to as usize] = holding;
            }
        }
        *self = whole;
        Ok(())
    }

    /// An empty ledger of some of the instruments and currencies.
    fn part(
        &self,
        instruments: &[InstrumentIx],
        currencies: &[CurrencyIx],
    ) -> Result<Self, SnapshotError> {
        let number = |whole: CurrencyIx| {
            let place = currencies.iter().position(|&ix| ix == whole);
            place
                .map(|ix| ix as CurrencyIx)
                .ok_or(SnapshotError::OtherLists)
        };
        let some = |ix: &InstrumentIx| {
            let found = self.instruments.get(*ix as usize);
            let item = found.ok_or(SnapshotError::OtherLists)?.clone();
            Ok(Instrument {
                base: item.base.map(number).transpose()?,
                quote: number(item.quote)?,
                settlement: number(item.settlement)?,
                ..item
            })
        };
        let chosen: Result<Vec<_>, _> = instruments.iter().map(some).collect();
        let codes: Option<Vec<_>> = currencies
            .iter()
            .map(|&ix| self.currencies.get(usize::from(ix)).cloned())
            .collect();
        let codes = codes.ok_or(SnapshotError::OtherLists)?;
        Self::new(codes, chosen?, self.books.len()).map_err(|_| SnapshotError::OtherLists)
    }

    /// Digest (BLAKE3) of the whole state; equal for equal ledgers however they were reached.
    pub fn digest(&self) -> [u8; 32] {
        *blake3::hash(&self.snapshot()).as_bytes()
    }

    /// What a snapshot must agree on: everything that gives its numbers a meaning.
    fn lists_digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let text = |hasher: &mut blake3::Hasher, text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        hasher.update(&(self.currencies.len() as u64).to_le_bytes());
        for (code, scale) in &self.currencies {
            text(&mut hasher, code);
            hasher.update(&[*scale]);
        }
        hasher.update(&(self.instruments.len() as u64).to_le_bytes());
        for (instrument, terms) in self.instruments.iter().zip(&self.terms) {
            text(&mut hasher, &instrument.id);
            let (multiplier, scale) = terms.cost_factor;
            let kind = u8::from(instrument.inverse) << 1 | u8::from(instrument.margined);
            hasher.update(&[instrument.price_scale, instrument.size_scale, scale, kind]);
            hasher.update(&multiplier.to_le_bytes());
            hasher.update(&instrument.settlement.to_le_bytes());
            hasher.update(&instrument.base.map_or(-1, i32::from).to_le_bytes());
        }
        hasher.update(&(self.books.len() as u64).to_le_bytes());
        *hasher.finalize().as_bytes()
    }
}
