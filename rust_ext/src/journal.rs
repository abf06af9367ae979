//! The decision record as it grows: numbered records, a digest over them, and a window for whoever
//! writes them to disk.
//!
//! Hashed is, for each record, its sequence number (8 bytes, little endian) and its bytes, in order.
//! Bytes go to BLAKE3 in large pieces, because it is several times faster on those.

use crate::chain::EXTERNAL;
use crate::directory::Directory;
use crate::failure::Failure;
use crate::record::Record;

/// Bytes that are hashed at once.
const PIECE: usize = 1 << 16;
/// First room of a batch that is handed to the journal's writer.
const BATCH: usize = 4096;
/// Everything, always: memory is as durable as it gets.
pub const ALWAYS: u64 = u64::MAX >> 1;

/// One record: what input caused it, whether it is that input and came from outside, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    pub seq: u64,
    pub external: bool,
    pub body: &'a [u8],
}

/// Records on their way to the disk, each as its sequence number (8 bytes), the length of its bytes (4
/// bytes, both little endian, flagged as in `chain`) and the bytes.
#[derive(Default)]
pub struct Batch {
    pub bytes: Vec<u8>,
    pub count: u64,
    pub first_seq: u64,
    pub last_seq: u64,
}

impl Batch {
    /// Each record.
    pub fn records(&self) -> impl Iterator<Item = Row<'_>> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            let (seq, after) = rest.split_first_chunk::<8>()?;
            let (length, after) = after.split_first_chunk::<4>()?;
            let length = u32::from_le_bytes(*length);
            let (body, after) = after.split_at((length & !EXTERNAL) as usize);
            rest = after;
            Some(Row {
                seq: u64::from_le_bytes(*seq),
                external: length & EXTERNAL != 0,
                body,
            })
        })
    }

    fn add(&mut self, row: Row<'_>) {
        let Row {
            seq,
            external,
            body,
        } = row;
        if self.count == 0 {
            self.bytes.reserve(BATCH);
            self.first_seq = seq;
        }
        self.count += 1;
        self.last_seq = seq;
        let flag = if external { EXTERNAL } else { 0 };
        self.bytes.extend_from_slice(&seq.to_le_bytes());
        self.bytes
            .extend_from_slice(&(body.len() as u32 | flag).to_le_bytes());
        self.bytes.extend_from_slice(body);
    }
}

pub struct Journal {
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    /// Sequence number and bytes of each record, for reading them back.
    kept: Option<Vec<(u64, Vec<u8>)>>,
    /// Records that nobody has written yet.
    outbox: Option<Batch>,
    pub count: u64,
    pub last_seq: u64,
    /// Everything caused by inputs up to this one survives a crash: for people and snapshots.
    pub durable_seq: u64,
    /// How many of the `count` records survive a crash: what the gate goes by, because an input may
    /// add records after its number was reported durable.
    pub durable_count: u64,
}

impl Journal {
    /// `keep` holds on to the records until they are taken.
    pub fn new(keep: bool, durable_seq: u64) -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            buffer: Vec::with_capacity(PIECE + 4096),
            kept: keep.then(Vec::new),
            outbox: None,
            count: 0,
            last_seq: 0,
            durable_seq,
            durable_count: ALWAYS,
        }
    }

    /// Hold records for whoever writes them to disk, from here on; numbers go on after `last_seq`.
    /// None of them is durable until the writer says so.
    pub fn with_outbox(mut self, last_seq: u64) -> Self {
        self.outbox = Some(Batch::default());
        self.durable_count = self.count;
        self.last_seq = last_seq;
        self
    }

    /// The records since the last time; None when there are none.
    pub fn hand_over(&mut self) -> Option<Batch> {
        let outbox = self.outbox.as_mut()?;
        (outbox.count > 0).then(|| std::mem::take(outbox))
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
        self.encode(seq, record, names, false)
    }

    /// Add an input that came from outside: a venue's report.
    ///
    /// # Errors
    /// As `record`.
    #[inline]
    pub fn record_input(
        &mut self,
        seq: u64,
        record: &Record<'_>,
        names: &Directory,
    ) -> Result<(), Failure> {
        self.encode(seq, record, names, true)
    }

    #[inline]
    fn encode(
        &mut self,
        seq: u64,
        record: &Record<'_>,
        names: &Directory,
        external: bool,
    ) -> Result<(), Failure> {
        let start = self.begin(seq);
        if let Err(failure) = record.encode(names, &mut self.buffer) {
            self.buffer.truncate(start - 8);
            return Err(failure);
        }
        self.end(seq, start, external);
        Ok(())
    }

    /// Add a record that is encoded already; `external` for an input that came from outside.
    pub fn append(&mut self, seq: u64, bytes: &[u8], external: bool) {
        let start = self.begin(seq);
        self.buffer.extend_from_slice(bytes);
        self.end(seq, start, external);
    }

    fn begin(&mut self, seq: u64) -> usize {
        debug_assert!(seq >= self.last_seq, "record {seq} after {}", self.last_seq);
        self.buffer.extend_from_slice(&seq.to_le_bytes());
        self.buffer.len()
    }

    fn end(&mut self, seq: u64, start: usize, external: bool) {
        self.last_seq = seq;
        self.count += 1;
        if let Some(kept) = &mut self.kept {
            kept.push((seq, self.buffer[start..].to_vec()));
        }
        if let Some(outbox) = &mut self.outbox {
            outbox.add(Row {
                seq,
                external,
                body: &self.buffer[start..],
            });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_over_is_what_was_added() {
        let mut journal = Journal::new(false, 0).with_outbox(6);
        assert!(journal.hand_over().is_none());
        journal.append(7, b"one", true);
        journal.append(9, b"", false);
        let batch = journal.hand_over().unwrap();
        assert!(journal.hand_over().is_none());
        let records: Vec<_> = batch
            .records()
            .map(|row| (row.seq, row.external, row.body))
            .collect();
        assert_eq!(records, [(7, true, &b"one"[..]), (9, false, &b""[..])]);
        assert_eq!((batch.count, batch.first_seq, batch.last_seq), (2, 7, 9));
    }
}
