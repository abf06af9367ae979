//! Books as bytes: `OOBK`, version, digest of the names, contents, checksum.
//!
//! Contents, with little-endian numbers of fixed width and texts by their length: for each venue its
//! ledger's snapshot; instruments ever held; names of legs; fees paid in coins; the last fills. Texts
//! stand as themselves, because their numbers mean something in one process only.

use super::recent::{REMEMBERED, Recent, Remembered};
use super::{Books, Venue};
use crate::directory::{Directory, Symbol};
use crate::ledger::{BookIx, SnapshotError};
use crate::orders::{FillEvent, VenueKey};
use crate::types::{CurrencyIx, InstrumentIx, Liquidity, Side, UNDEFINED};

const MAGIC: &[u8; 4] = b"OOBK";
const VERSION: u8 = 1;
const SUM: usize = 32;

impl Books {
    /// The whole state; equal books have equal bytes. `directory` is that of the construction.
    pub fn snapshot(&self, directory: &Directory) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.0.push(VERSION);
        out.0.extend(self.names_digest(directory));
        for venue in &self.venues {
            out.bytes(&venue.ledger.snapshot());
        }
        out.count(self.held.len());
        for ix in &self.held {
            out.0.extend(ix.to_le_bytes());
        }
        out.count(self.legs.len() - 1);
        for &name in &self.legs[1..] {
            out.bytes(directory.text(name).as_bytes());
        }
        out.count(self.coins.entries().count());
        for (book, ix, paid) in self.coins.entries() {
            out.0.extend(book.to_le_bytes());
            out.0.extend(ix.to_le_bytes());
            out.0.extend(paid.to_le_bytes());
        }
        out.count(self.recent.0.len());
        for fill in &self.recent.0 {
            out.remembered(directory, fill);
        }
        let sum = blake3::hash(&out.0);
        out.0.extend(sum.as_bytes());
        out.0
    }

    /// Replaces the state by that of a snapshot of books with the same names; on an error nothing has
    /// changed.
    pub fn restore(
        &mut self,
        bytes: &[u8],
        directory: &mut Directory,
    ) -> Result<(), SnapshotError> {
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
        if reader.take()? != self.names_digest(directory) {
            return Err(SnapshotError::OtherLists);
        }
        *self = self.read(&mut reader, directory)?;
        Ok(())
    }

    /// Digest (BLAKE3) of the whole state; equal for equal books however they were reached.
    pub fn digest(&self, directory: &Directory) -> [u8; 32] {
        *blake3::hash(&self.snapshot(directory)).as_bytes()
    }

    /// These books with the contents of a snapshot.
    fn read(
        &self,
        reader: &mut Reader<'_>,
        directory: &mut Directory,
    ) -> Result<Self, SnapshotError> {
        let mut books = self.clone();
        for venue in &mut books.venues {
            venue.ledger.restore(reader.bytes()?)?;
            venue.held.clear();
        }
        books.held.clear();
        books.was_held.fill(false);
        for _ in 0..reader.count()? {
            books.hold(reader.number()?)?;
        }
        books.legs.truncate(1);
        books.leg_of.clear();
        for leg in 1..=u64::from(reader.count()?) {
            let name = directory.symbol(reader.text()?);
            books.legs.push(name);
            if name == 0 || books.leg_of.insert(name, leg).is_some() {
                return Err(SnapshotError::Damaged);
            }
        }
        let mut paid: Vec<(BookIx, InstrumentIx, i128)> = Vec::new();
        for _ in 0..reader.count()? {
            paid.push((reader.number()?, reader.number()?, reader.money()?));
        }
        books.coins = self.coins.with(&paid).ok_or(SnapshotError::Damaged)?;
        books.recent = Recent::default();
        for _ in 0..reader.count()? {
            let fill = reader.remembered(directory, self.books)?;
            if books.recent.0.len() == REMEMBERED {
                return Err(SnapshotError::Damaged);
            }
            books.recent.push(fill);
        }
        if reader.0.is_empty() {
            Ok(books)
        } else {
            Err(SnapshotError::Damaged)
        }
    }

    fn hold(&mut self, ix: InstrumentIx) -> Result<(), SnapshotError> {
        let venue = self.venue_of.get(ix as usize).copied().flatten();
        let venue = venue.ok_or(SnapshotError::Damaged)?;
        if std::mem::replace(&mut self.was_held[ix as usize], true) {
            return Err(SnapshotError::Damaged);
        }
        self.held.push(ix);
        self.venues[venue].held.push(ix);
        Ok(())
    }

    /// What a snapshot must agree on beyond what the ledgers' snapshots do.
    fn names_digest(&self, directory: &Directory) -> [u8; 32] {
        let mut names = Writer(Vec::new());
        let code = &directory.currencies[usize::from(self.currency)].0;
        names.bytes(code.as_bytes());
        names.count(self.venues.len());
        for Venue { name, hedging, .. } in &self.venues {
            names.bytes(name.as_bytes());
            names.0.push(u8::from(*hedging));
        }
        for venue in &self.venue_of {
            names.count(venue.map_or(0, |number| number + 1));
        }
        for name in &directory.books {
            names.bytes(name.as_bytes());
        }
        *blake3::hash(&names.0).as_bytes()
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn count(&mut self, count: usize) {
        self.0.extend((count as u32).to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend(bytes);
    }

    fn key(&mut self, key: &VenueKey) {
        match key {
            VenueKey::Number(number) => {
                self.0.push(0);
                self.0.extend(number.to_le_bytes());
            }
            VenueKey::Text(text) => {
                self.0.push(1);
                self.bytes(text.as_bytes());
            }
        }
    }

    fn remembered(&mut self, directory: &Directory, known: &Remembered) {
        let fill = &known.fill;
        self.0.extend(known.book.to_le_bytes());
        self.0.extend(known.id.to_le_bytes());
        self.0.extend(known.instrument.to_le_bytes());
        for number in [known.ts_event, known.ts_received] {
            self.0.extend(number.to_le_bytes());
        }
        self.key(&fill.venue_order_id);
        self.key(&fill.fill_id);
        self.0.extend([
            u8::from(fill.side == Side::Buy),
            u8::from(fill.liquidity == Liquidity::Maker),
            fill.price_scale,
            fill.size_scale,
        ]);
        for number in [fill.price, fill.quantity, fill.cumulative] {
            self.0.extend(number.to_le_bytes());
        }
        self.0.extend(fill.fee.to_le_bytes());
        self.0.extend(fill.fee_currency.to_le_bytes());
        self.bytes(directory.text(fill.position).as_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let split = self.0.split_first_chunk::<N>();
        let (head, rest) = split.ok_or(SnapshotError::Damaged)?;
        self.0 = rest;
        Ok(*head)
    }

    fn number(&mut self) -> Result<u32, SnapshotError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn count(&mut self) -> Result<u32, SnapshotError> {
        self.number()
    }

    fn units(&mut self) -> Result<i64, SnapshotError> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    fn money(&mut self) -> Result<i128, SnapshotError> {
        Ok(i128::from_le_bytes(self.take()?))
    }

    fn bytes(&mut self) -> Result<&'a [u8], SnapshotError> {
        let length = self.count()? as usize;
        let split = self.0.split_at_checked(length);
        let (head, rest) = split.ok_or(SnapshotError::Damaged)?;
        self.0 = rest;
        Ok(head)
    }

    fn text(&mut self) -> Result<&'a str, SnapshotError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| SnapshotError::Damaged)
    }

    fn flag(&mut self) -> Result<bool, SnapshotError> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(SnapshotError::Damaged),
        }
    }

    fn key(&mut self) -> Result<VenueKey, SnapshotError> {
        if self.flag()? {
            return Ok(VenueKey::Text(self.text()?.into()));
        }
        Ok(VenueKey::Number(u64::from_le_bytes(self.take()?)))
    }

    fn remembered(
        &mut self,
        directory: &mut Directory,
        books: usize,
    ) -> Result<Remembered, SnapshotError> {
        let known = Remembered {
            book: self.number()?,
            id: u128::from_le_bytes(self.take()?),
            instrument: self.number()?,
            ts_event: self.units()?,
            ts_received: self.units()?,
            fill: self.fill(directory)?,
        };
        let fits = (known.book as usize) < books
            && (known.instrument as usize) < directory.instruments.len()
            && usize::from(known.fill.fee_currency) < directory.currencies.len()
            && known.fill.quantity > 0
            && known.fill.price != UNDEFINED
            && known.fill.fee != i128::MIN;
        if fits {
            Ok(known)
        } else {
            Err(SnapshotError::Damaged)
        }
    }

    fn fill(&mut self, directory: &mut Directory) -> Result<FillEvent, SnapshotError> {
        let (venue_order_id, fill_id) = (self.key()?, self.key()?);
        let (buy, maker) = (self.flag()?, self.flag()?);
        let [price_scale, size_scale] = self.take()?;
        Ok(FillEvent {
            venue_order_id,
            fill_id,
            side: if buy { Side::Buy } else { Side::Sell },
            liquidity: if maker {
                Liquidity::Maker
            } else {
                Liquidity::Taker
            },
            price_scale,
            size_scale,
            price: self.units()?,
            quantity: self.units()?,
            cumulative: self.units()?,
            fee: self.money()?,
            fee_currency: CurrencyIx::from_le_bytes(self.take()?),
            position: {
                let name = self.text()?;
                if name.is_empty() {
                    Symbol::default()
                } else {
                    directory.symbol(name)
                }
            },
        })
    }
}
