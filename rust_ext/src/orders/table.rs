//! All orders of a run: found by id, listed while open, summed up while they may fill.
//!
//! Memory is bounded. Open orders are kept as they are, and so are the last `recent` closed ones;
//! older ones are packed into bytes, from which they come back whole when late evidence arrives, so
//! that a fill delivered twice is recognised however late it comes. Beyond `archived` packed orders
//! the oldest are forgotten and counted: evidence about one of those is evidence about an order that
//! nobody knows.
//!
//! Orders are shared with whoever looks at them and copied only when they change while somebody
//! still looks: a look is a snapshot that costs a reference count.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::codec;
use super::event::{Event, Text};
use super::intent::{Ask, Intent};
use super::lanes::{Lanes, Linked, Links, List, NONE, Of, Slot, UNLINKED, place};
use super::order::Order;
use super::status::Outcome;
use crate::directory::Directory;
use crate::failure::Failure;
use crate::ledger::BookIx;
use crate::types::InstrumentIx;

/// Orders that are looked at together: see `Order::touch`.
pub const TOGETHER: usize = 8;

/// Ids are our own counters, so a multiplication spreads them well enough.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u128(byte.into());
        }
    }

    #[inline]
    fn write_u128(&mut self, id: u128) {
        /// 2^64 divided by the golden ratio.
        const PHI: u64 = 0x9E37_79B9_7F4A_7C15;
        let folded = (id as u64) ^ ((id >> 64) as u64).wrapping_mul(PHI) ^ self.0;
        let wide = u128::from(folded) * u128::from(PHI);
        self.0 = (wide as u64) ^ (wide >> 64) as u64;
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

type Ids = HashMap<u128, Slot, BuildHasherDefault<IdHasher>>;

/// An order as the table keeps it; no bytes at all in a place that is free.
#[derive(Clone, Debug)]
enum Kept {
    Whole(Arc<Order>),
    /// Shared with whoever froze the table.
    Packed(Arc<[u8]>),
}

impl Default for Kept {
    fn default() -> Self {
        Kept::Packed(Arc::default())
    }
}

#[derive(Clone, Debug)]
struct Entry {
    kept: Kept,
    links: Links,
    /// What its lanes count of it.
    counted: i128,
}

#[derive(Clone, Debug, Default)]
struct Entries(Vec<Entry>);

impl Linked for Entries {
    fn links(&mut self, slot: Slot) -> &mut Links {
        &mut self.0[slot as usize].links
    }
}

/// What a piece of evidence did to an order of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    pub outcome: Outcome,
    /// The book that owns the order.
    pub book: BookIx,
    /// Whether this piece of evidence ended the order.
    pub ended: bool,
    /// Why the evidence was illegal or alarming.
    pub alarm: Option<String>,
}

#[derive(Clone, Debug)]
pub struct OrderTable {
    entries: Entries,
    free: Vec<Slot>,
    ids: Ids,
    open: List,
    lanes: Lanes,
    /// Whole orders that are over, then packed ones, in the order in which they closed.
    closed: VecDeque<Slot>,
    archive: VecDeque<Slot>,
    recent: usize,
    archived: usize,
    /// Orders that were closed so long ago that nothing is known of them.
    pub forgotten: u64,
}

impl OrderTable {
    /// A table that keeps `recent` closed orders whole and `archived` more packed.
    pub fn new(recent: usize, archived: usize) -> Self {
        Self {
            entries: Entries::default(),
            free: Vec::new(),
            ids: Ids::default(),
            open: List::default(),
            lanes: Lanes::default(),
            closed: VecDeque::new(),
            archive: VecDeque::new(),
            recent,
            archived,
            forgotten: 0,
        }
    }

    /// Orders known: open, closed and packed.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Create the order of an intent. Its id must be new: also to orders that are over.
    pub fn add(&mut self, intent: Intent) -> Result<(), Failure> {
        let id = intent.id();
        if self.ids.contains_key(&id) {
            return Err(Failure::Transition(format!(
                "client order id {id:032x} is used twice"
            )));
        }
        self.enter(Order::new(intent));
        Ok(())
    }

    /// The order as it is now: a snapshot, which does not change any more.
    pub fn get(&self, id: u128) -> Option<Arc<Order>> {
        let slot = *self.ids.get(&id)?;
        Some(self.entries.0[slot as usize].look())
    }

    /// The order without a reference count, unless it is packed away or unknown.
    #[inline]
    pub fn find(&self, id: u128) -> Option<&Order> {
        let slot = *self.ids.get(&id)?;
        self.entries.0[slot as usize].whole().map(Arc::as_ref)
    }

    /// Note that a cancel or replace is on its way, or say why it can't be.
    pub fn request(&mut self, id: u128, ask: &Ask) -> Result<(), Text> {
        let Some(&slot) = self.ids.get(&id) else {
            return Err("no such order".into());
        };
        match &mut self.entries.0[slot as usize].kept {
            Kept::Whole(order) => Arc::make_mut(order).request(ask)?,
            Kept::Packed(bytes) => codec::unpack(bytes).request(ask)?,
        }
        self.recount(slot);
        Ok(())
    }

    /// Take evidence and keep lists and sums in step. None when nobody knows the order.
    pub fn apply(&mut self, event: &Event, names: &Directory) -> Option<Applied> {
        let slot = *self.ids.get(&event.id)?;
        match &mut self.entries.0[slot as usize].kept {
            Kept::Whole(order) => {
                let applied = take(Arc::make_mut(order), event, names);
                if applied.ended {
                    self.close(slot);
                } else {
                    self.recount(slot);
                }
                Some(applied)
            }
            Kept::Packed(bytes) => {
                let mut order = codec::unpack(bytes);
                let applied = take(&mut order, event, names);
                *bytes = codec::pack(&order).into();
                Some(applied)
            }
        }
    }

    /// Orders that are not final, oldest first, of one book and instrument where they are named.
    pub fn open(
        &self,
        book: Option<BookIx>,
        ix: Option<InstrumentIx>,
    ) -> impl Iterator<Item = &Arc<Order>> {
        let (list, of) = match ix {
            None => (Some(&self.open), Of::Everything),
            Some(ix) => {
                let of = if book.is_some() { Of::Own } else { Of::Account };
                (self.lanes.get(book, ix).map(|lane| &lane.open), of)
            }
        };
        let mut slot = list.map_or(NONE, |list| list.first);
        let all = std::iter::from_fn(move || {
            let entry = self.entries.0.get(slot as usize)?;
            slot = entry.links[of as usize].after;
            entry.whole()
        });
        all.filter(move |order| book.is_none_or(|book| order.intent.book == book))
    }

    /// What may still be bought and sold at worst, both unsigned, in units of quantity.
    ///
    /// Counts unsent, working and unknown orders, and the larger terms while a replace is out.
    /// Without `reduce_only`, orders that can only shrink a position are left out.
    #[inline]
    pub fn working(
        &self,
        book: Option<BookIx>,
        ix: InstrumentIx,
        reduce_only: bool,
    ) -> (i128, i128) {
        let lane = self.lanes.get(book, ix);
        lane.map_or((0, 0), |lane| lane.working(reduce_only))
    }

    /// Calls `see` with every order, the smallest id first.
    pub(super) fn each_by_id(&self, mut see: impl FnMut(&Order)) {
        let entries = self.entries.0.iter();
        let mut all: Vec<_> = entries.filter_map(|e| Some((e.id()?, e))).collect();
        // Stable, because they mostly stand in runs: each strategy counts up.
        all.sort_by_key(|&(id, _)| id);
        for some in all.chunks(TOGETHER) {
            let whole = some.iter().filter_map(|(_, entry)| entry.whole());
            whole.for_each(|order| order.touch());
            for (_, entry) in some {
                match &entry.kept {
                    Kept::Whole(order) => see(order),
                    Kept::Packed(bytes) => see(&codec::unpack(bytes)),
                }
            }
        }
    }

    /// Orders that are over, in the order in which they closed.
    pub(super) fn over(&self) -> impl ExactSizeIterator<Item = Arc<Order>> {
        let packed = self.archive.len();
        (0..packed + self.closed.len()).map(move |place| {
            let slot = match place.checked_sub(packed) {
                Some(place) => self.closed[place],
                None => self.archive[place],
            };
            self.entries.0[slot as usize].look()
        })
    }

    /// The last orders that ended, the latest first, of one book and instrument where they are named.
    pub fn ended(
        &self,
        book: Option<BookIx>,
        ix: Option<InstrumentIx>,
    ) -> impl Iterator<Item = Arc<Order>> {
        let all = self.closed.iter().rev();
        let whole = all.filter_map(|&slot| self.entries.0[slot as usize].whole());
        let named = move |order: &&Arc<Order>| {
            book.is_none_or(|book| order.intent.book == book)
                && ix.is_none_or(|ix| order.intent.instrument() == ix)
        };
        whole.filter(named).cloned()
    }

    /// An empty table with the same bounds.
    pub(super) fn emptied(&self) -> Self {
        Self::new(self.recent, self.archived)
    }

    /// Puts an order with a new id in: an open one into the lists, another among the closed.
    pub(super) fn enter(&mut self, order: Order) {
        let (id, is_final, place) = (order.id(), order.is_final(), place(&order.intent));
        let entry = Entry {
            kept: Kept::Whole(Arc::new(order)),
            links: UNLINKED,
            counted: 0,
        };
        let entries = &mut self.entries;
        let slot = match self.free.pop() {
            Some(slot) => {
                entries.0[slot as usize] = entry;
                slot
            }
            None => {
                entries.0.push(entry);
                (entries.0.len() - 1) as Slot
            }
        };
        self.ids.insert(id, slot);
        if is_final {
            self.retire(slot);
        } else {
            self.open.push(entries, Of::Everything, slot);
            self.lanes.push(entries, place, slot);
            self.recount(slot);
        }
    }

    /// Brings the sums of an order's lanes in step with what it may still fill.
    #[inline]
    fn recount(&mut self, slot: Slot) {
        let entry = &mut self.entries.0[slot as usize];
        let Kept::Whole(order) = &entry.kept else {
            return;
        };
        let change = order.exposure() - entry.counted;
        if change != 0 {
            entry.counted += change;
            self.lanes.count(&order.intent, change);
        }
    }

    /// Takes an order that has just ended off the lists of open ones.
    fn close(&mut self, slot: Slot) {
        self.recount(slot);
        if let Some(order) = self.entries.0[slot as usize].whole() {
            let place = place(&order.intent);
            self.open.remove(&mut self.entries, Of::Everything, slot);
            self.lanes.remove(&mut self.entries, place, slot);
            self.retire(slot);
        }
    }

    /// Keeps an order that is over as long as the bounds allow.
    fn retire(&mut self, slot: Slot) {
        self.closed.push_back(slot);
        if self.closed.len() > self.recent {
            self.archive
                .extend(self.closed.pop_front().inspect(|&slot| {
                    self.entries.0[slot as usize].pack();
                }));
            if self.archive.len() > self.archived {
                self.forget();
            }
        }
    }

    /// Lets go of the order that closed first.
    fn forget(&mut self) {
        if let Some(slot) = self.archive.pop_front() {
            let entry = &mut self.entries.0[slot as usize];
            if let Kept::Packed(bytes) = std::mem::take(&mut entry.kept) {
                codec::id_of(&bytes).and_then(|id| self.ids.remove(&id));
            }
            self.free.push(slot);
            self.forgotten += 1;
        }
    }
}

impl Entry {
    fn whole(&self) -> Option<&Arc<Order>> {
        match &self.kept {
            Kept::Whole(order) => Some(order),
            Kept::Packed(_) => None,
        }
    }

    /// The id of the order; none in a place that is free.
    fn id(&self) -> Option<u128> {
        match &self.kept {
            Kept::Whole(order) => Some(order.id()),
            Kept::Packed(bytes) => codec::id_of(bytes),
        }
    }

    fn look(&self) -> Arc<Order> {
        match &self.kept {
            Kept::Whole(order) => order.clone(),
            Kept::Packed(bytes) => Arc::new(codec::unpack(bytes)),
        }
    }

    fn pack(&mut self) {
        if let Kept::Whole(order) = &self.kept {
            self.kept = Kept::Packed(codec::pack(order).into());
        }
    }
}

fn take(order: &mut Order, event: &Event, names: &Directory) -> Applied {
    let was_final = order.is_final();
    let outcome = order.apply(event, names);
    let alarmed = matches!(outcome, Outcome::Illegal | Outcome::Alarm);
    Applied {
        outcome,
        book: order.intent.book,
        ended: order.is_final() && !was_final,
        alarm: order.alarm.clone().filter(|_| alarmed),
    }
}
