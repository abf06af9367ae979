//! One order as bytes: packed inside a table by numbers, stored and hashed by names.
//!
//! Integers are written as LEB128 after zigzag, texts by their length and bytes, a value that may be
//! absent after a 0 or 1. Equal orders have equal bytes. Books, instruments and texts are numbers in a
//! table and names in what leaves the process, because their numbers mean something else elsewhere.

mod reader;
mod writer;

pub use reader::{Defect, Reader, SIDES, SOURCES, TIMES, TYPES};
pub use writer::Writer;

use super::order::Order;

/// Bytes that most packed orders fit.
const PACKED: usize = 256;

/// The bytes of an order inside its table.
pub fn pack(order: &Order) -> Box<[u8]> {
    let mut writer = Writer::new(None);
    writer.bytes.reserve(PACKED);
    writer.order(order);
    writer.bytes.into_boxed_slice()
}

/// The order of bytes from `pack`.
pub fn unpack(bytes: &[u8]) -> Order {
    let mut reader = Reader::new(bytes, None);
    match reader.order() {
        Ok(order) => order,
        Err(defect) => unreachable!("an order packed here: {defect:?}"),
    }
}

/// The id of an order in bytes from `pack`.
pub fn id_of(bytes: &[u8]) -> Option<u128> {
    let (id, _) = bytes.split_first_chunk()?;
    Some(u128::from_le_bytes(*id))
}
