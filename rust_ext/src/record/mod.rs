//! The decision record: messages as the bytes that `openoutcry.state.codec` writes, without Python.
//!
//! One message has one encoding: msgpack of a map with the class name first and then the fields in
//! their order, in an array behind the schema version. The codec is the oracle: a test compares the
//! bytes of every message here with its.

mod messages;
mod pack;
pub mod words;

pub use messages::{Change, Record};
pub use pack::{Packer, hex};

/// Version of all message layouts together; that of `openoutcry.state.codec`.
pub const SCHEMA_VERSION: u8 = 1;
