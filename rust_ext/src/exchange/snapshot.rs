//! The venue as bytes: everything but the market data that it was shown, and the orders that ended.
//!
//! `OOEX`, version, kind of account, orders, account, checksum. Written after every turn in which
//! something happened, so it holds what matching needs and nothing else: ended orders are known from
//! the list of what the venue did (`kernel/entries.rs`), which is the longer and the slower one.

use super::Exchange;
use super::config::Queue;
use super::margin::Band;
use super::orders::{Key, OrderTable};
use super::queue::Place;
use crate::failure::Failure;
use crate::ledger::SnapshotError;
use crate::orders::codec::{Defect, Reader, Writer};
use crate::types::{CurrencyIx, InstrumentIx, Nanos, Report};

const MAGIC: &[u8; 4] = b"OOEX";
const VERSION: u8 = 1;
const SUM: usize = 32;

/// The numbers here of the instruments and currencies that a snapshot was written with.
#[derive(Clone, Debug)]
pub struct Numbers {
    pub instruments: Vec<InstrumentIx>,
    pub currencies: Vec<CurrencyIx>,
}

/// What a snapshot holds, before anything of the venue has changed.
struct Contents {
    last_fill: u64,
    liquidated: bool,
    released: Vec<Key>,
    orders: OrderTable,
    account: Vec<u8>,
}

/// What a venue says of an order that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    pub id: u128,
    pub instrument: InstrumentIx,
    pub venue_order_id: Key,
    pub quantity: i64,
    pub cumulative: i64,
}

impl Exchange {
    /// The whole state but the market, for `restore` of a venue that has these instruments and
    /// currencies, and this kind of account.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut to = Writer::new(None);
        to.bytes.extend(MAGIC);
        to.bytes.push(VERSION);
        to.bytes.push(self.kind());
        to.int(self.last_fill as i128);
        to.bytes.push(self.liquidated.into());
        to.int(self.released.len() as i128);
        for key in &self.released {
            to.int(*key as i128);
        }
        self.orders.write(&mut to);
        to.bytes.extend(self.account.snapshot());
        let sum = blake3::hash(&to.bytes);
        to.bytes.extend(sum.as_bytes());
        to.bytes
    }

    /// Become the venue that a snapshot was taken of, but for the market: that stays as it is.
    ///
    /// # Errors
    /// `Codec` for bytes that are no whole snapshot, `Schema` for those of a newer version, `State`
    /// for those of another venue. Nothing has changed then.
    pub fn restore(&mut self, bytes: &[u8], numbers: &Numbers) -> Result<(), Failure> {
        let name = &self.config.name;
        let damaged = || Failure::Codec(format!("the state of the venue {name} is damaged"));
        let contents = self.read(bytes, numbers).map_err(|defect| match defect {
            Defect::TooNew(version) => Failure::Schema(format!(
                "the state of the venue {name} has version {version}"
            )),
            Defect::Unlisted(what) => {
                Failure::State(format!("the state of the venue {name} is of {what}"))
            }
            Defect::Damaged => damaged(),
        })?;
        let restored =
            self.account
                .restore(&contents.account, &numbers.instruments, &numbers.currencies);
        restored.map_err(|error| match error {
            SnapshotError::OtherLists => Failure::State(format!(
                "the state of the venue {name} is of other instruments or currencies"
            )),
            SnapshotError::TooNew(version) => Failure::Schema(format!(
                "the account of the venue {name} has version {version}"
            )),
            SnapshotError::Damaged => damaged(),
        })?;
        self.orders = contents.orders;
        self.released = contents.released.into();
        (self.last_fill, self.liquidated) = (contents.last_fill, contents.liquidated);
        self.bands.fill(Band::EMPTY);
        Ok(())
    }

    fn read(&self, bytes: &[u8], numbers: &Numbers) -> Result<Contents, Defect> {
        let body = bytes.len().checked_sub(SUM).ok_or(Defect::Damaged)?;
        let (body, sum) = bytes.split_at(body);
        if blake3::hash(body).as_bytes() != sum {
            return Err(Defect::Damaged);
        }
        let mut from = Reader::new(body, None);
        let [version] = match from.take()? == *MAGIC {
            true => from.take()?,
            false => return Err(Defect::Damaged),
        };
        if version > VERSION {
            return Err(Defect::TooNew(version));
        }
        if from.take()? != [self.kind()] {
            return Err(Defect::Unlisted("another kind of account".into()));
        }
        let last_fill = from.int()?;
        let liquidated = from.flag()?;
        let count: u32 = from.int()?;
        let released: Result<Vec<Key>, _> = (0..count).map(|_| from.int()).collect();
        Ok(Contents {
            last_fill,
            liquidated,
            released: released?,
            orders: OrderTable::read(&mut from, &self.instruments, &numbers.instruments)?,
            account: from.rest().to_vec(),
        })
    }

    /// Margin or cash, legs or one position: what gives the account its meaning.
    fn kind(&self) -> u8 {
        u8::from(self.config.margin) << 1 | u8::from(self.config.hedging)
    }

    /// From now on what no report tells is noted: groups that are used up, and triggers that moved.
    pub fn note_changes(&mut self) {
        self.done_groups.get_or_insert_default();
    }

    /// The groups that were used up since the last time.
    pub fn take_done_groups(&mut self) -> Vec<u64> {
        let noted = self.done_groups.as_mut();
        noted.map(std::mem::take).unwrap_or_default()
    }

    /// A group is used up.
    pub(super) fn finish_group(&mut self, group: u64) {
        if group != 0 && !self.orders.group_done(group) {
            self.done_groups
                .iter_mut()
                .for_each(|done| done.push(group));
        }
        self.orders.finish_group(group);
    }

    /// Whether the trigger of a trailing stop moved since the last time.
    pub fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// Orders that have not ended, in order of arrival.
    pub fn open_orders(&self) -> impl Iterator<Item = OpenOrder> + '_ {
        self.orders.iter().map(|order| OpenOrder {
            id: order.submit.id,
            instrument: order.submit.instrument,
            venue_order_id: order.key,
            quantity: order.submit.quantity,
            cumulative: order.cumulative,
        })
    }

    /// Open positions as (instrument, leg, signed quantity).
    pub fn holdings(&self) -> Vec<(InstrumentIx, u64, i64)> {
        let legs = |ix| self.account.legs_of(ix).map(move |(leg, q)| (ix, leg, q));
        self.account.held().flat_map(legs).collect()
    }

    /// The numbers of a snapshot of a venue with the same lists.
    pub fn own_numbers(&self) -> Numbers {
        Numbers {
            instruments: (0..self.instruments.len() as InstrumentIx).collect(),
            currencies: (0..self.scales.len() as CurrencyIx).collect(),
        }
    }

    /// Remember orders that ended, with what they filled, and groups of which one has filled.
    pub fn remember(
        &mut self,
        ended: impl IntoIterator<Item = (u128, i64)>,
        groups: impl IntoIterator<Item = u64>,
    ) {
        for (id, cumulative) in ended {
            self.orders.remember(id, cumulative);
        }
        for group in groups {
            self.finish_group(group);
        }
    }

    /// The venue is back after a time in which it saw no market. Orders work on from here, at the
    /// back of their levels; those that were to end meanwhile end now.
    pub fn come_back(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        let place = match self.config.queue {
            Queue::None => Place::default(),
            _ => Place::behind(None),
        };
        self.orders.come_back(ts, place);
        self.now(ts, out);
    }
}
