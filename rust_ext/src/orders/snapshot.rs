//! A table as bytes: `OOOT`, version, contents by name, checksum.

use std::collections::HashSet;

use super::codec::{Defect, Reader, Writer};
use super::order::Order;
use super::table::OrderTable;
use crate::directory::Directory;
use crate::failure::Failure;

const MAGIC: &[u8; 4] = b"OOOT";
const VERSION: u8 = 1;
const SUM: usize = 32;

/// Bytes that are hashed in one go; BLAKE3 is several times faster on large pieces.
const PIECE: usize = 64 * 1024;

impl Order {
    /// The order by the names of its run: equal for equal orders, whatever their numbers.
    pub fn canonical(&self, names: &Directory) -> Vec<u8> {
        let mut writer = Writer::new(Some(names));
        writer.order(self);
        writer.bytes
    }
}

impl OrderTable {
    /// The whole table as bytes, for a table with the same or other bounds and the same names.
    ///
    /// Orders that are over stand in the order of their closing, open ones in that of their creation.
    pub fn snapshot(&self, names: &Directory) -> Vec<u8> {
        let mut writer = Writer::new(Some(names));
        writer.bytes.extend(MAGIC);
        writer.bytes.push(VERSION);
        writer.int(self.forgotten);
        writer.int(self.over().len() as i128);
        for order in self.over() {
            writer.order(&order);
        }
        writer.int(self.open(None, None).count() as i128);
        for order in self.open(None, None) {
            writer.order(order);
        }
        let sum = blake3::hash(&writer.bytes);
        writer.bytes.extend(sum.as_bytes());
        writer.bytes
    }

    /// Become the table that a snapshot was taken of; on a failure nothing has changed.
    pub fn restore(&mut self, bytes: &[u8], names: &mut Directory) -> Result<(), Failure> {
        let (forgotten, over, open) = read(bytes, names).map_err(|defect| match defect {
            Defect::Damaged => Failure::Codec("the snapshot of the orders is damaged".into()),
            Defect::Unlisted(name) => Failure::State(format!(
                "the snapshot has orders of {name}, which is not in this run"
            )),
            Defect::TooNew(version) => {
                Failure::Schema(format!("snapshot of the orders of version {version}"))
            }
        })?;
        let mut table = self.emptied();
        table.forgotten = forgotten;
        for order in over.into_iter().chain(open) {
            table.enter(order);
        }
        *self = table;
        Ok(())
    }

    /// Digest (BLAKE3) of every order by its id: the same for the same orders, however they are kept.
    pub fn digest(&self, names: &Directory) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let mut writer = Writer::new(Some(names));
        for id in self.sorted_ids() {
            match self.find(id) {
                Some(order) => writer.order(order),
                None => self.get(id).iter().for_each(|order| writer.order(order)),
            }
            if writer.bytes.len() >= PIECE {
                hasher.update(&writer.bytes);
                writer.bytes.clear();
            }
        }
        hasher.update(&writer.bytes);
        *hasher.finalize().as_bytes()
    }
}

type Contents = (u64, Vec<Order>, Vec<Order>);

fn read(bytes: &[u8], names: &mut Directory) -> Result<Contents, Defect> {
    let body = bytes.len().checked_sub(SUM).ok_or(Defect::Damaged)?;
    let (body, sum) = bytes.split_at(body);
    let mut reader = Reader::new(body, Some(names));
    if &reader.take()? != MAGIC || blake3::hash(body).as_bytes() != sum {
        return Err(Defect::Damaged);
    }
    let [version] = reader.take()?;
    if version > VERSION {
        return Err(Defect::TooNew(version));
    }
    let forgotten = reader.int()?;
    let mut seen = HashSet::new();
    let mut list = |is_final: bool| -> Result<Vec<Order>, Defect> {
        let count: u32 = reader.int()?;
        let mut orders = Vec::new();
        for _ in 0..count {
            let order = reader.order()?;
            if order.is_final() != is_final || !seen.insert(order.id()) {
                return Err(Defect::Damaged);
            }
            orders.push(order);
        }
        Ok(orders)
    };
    let (over, open) = (list(true)?, list(false)?);
    if !reader.is_done() {
        return Err(Defect::Damaged);
    }
    Ok((forgotten, over, open))
}
