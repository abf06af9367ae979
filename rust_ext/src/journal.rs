//! The decision record as it grows: numbered records, a digest over them, and a window for whoever
//! writes them to disk.
//!
//! Hashed is, for each record, its sequence number (8 bytes, little endian) and its bytes, in order.
//! Bytes go to BLAKE3 in large pieces, because it is several times faster on those.

use crate::directory::Directory;
use crate::failure::Failure;
use crate::record::Record;

/// Bytes that are hashed at once.
const PIECE: usize = 1 << 16;
/// Everything, always: memory is as durable as it gets.
pub const ALWAYS: u64 = u64::MAX >> 1;

pub struct Journal {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    /// Sequence number and bytes of each record, for reading them back.
    kept: Option<Vec<(u64, Vec<u8>)>>,
    pub count: u64,
    pub last_seq: u64,
    /// Everything caused by inputs up to this one survives a crash.
    pub durable_seq: u64,
}

impl Journal {
    /// `keep` holds on to the records until they are taken.
    pub fn new(keep: bool, durable_seq: u64) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            buffer: Vec::with_capacity(PIECE + 4096),
            kept: keep.then(Vec::new),
            count: 0,
            last_seq: 0,
            durable_seq,
        }
    }

    /// Add a record caused by input `seq`; sequence numbers never step back.
    ///
    /// # Errors
    /// A number beyond 64 bits; then nothing was added.
    #[inline]
    pub fn record(
        &mut self,
        seq: u64,
        record: &Record<'_>,
        names: &Directory,
    ) -> Result<(), Failure> {
        let start = self.begin(seq);
        if let Err(failure) = record.encode(names, &mut self.buffer) {
            self.buffer.truncate(start - 8);
            return Err(failure);
        }
        self.end(seq, start);
        Ok(())
    }

    /// Add a record that is encoded already.
    pub fn append(&mut self, seq: u64, bytes: &[u8]) {
        let start = self.begin(seq);
        self.buffer.extend_from_slice(bytes);
        self.end(seq, start);
    }

    fn begin(&mut self, seq: u64) -> usize {
        debug_assert!(seq >= self.last_seq, "record {seq} after {}", self.last_seq);
        self.buffer.extend_from_slice(&seq.to_le_bytes());
        self.buffer.len()
    }

    fn end(&mut self, seq: u64, start: usize) {
        self.last_seq = seq;
        self.count += 1;
        if let Some(kept) = &mut self.kept {
            kept.push((seq, self.buffer[start..].to_vec()));
        }
        if self.buffer.len() > PIECE {
            self.flush();
        }
    }

    #[cold]
    fn flush(&mut self) {
        self.hasher.update(&self.buffer);
        self.buffer.clear();
    }

    /// BLAKE3 of everything so far.
    pub fn digest(&mut self) -> [u8; 32] {
        self.flush();
        *self.hasher.finalize().as_bytes()
    }

    /// The records that are kept; None when they are not.
    pub fn kept(&self) -> Option<&[(u64, Vec<u8>)]> {
        self.kept.as_deref()
    }
}
