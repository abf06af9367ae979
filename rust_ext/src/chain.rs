//! What one record of the journal on disk is, and the chain that ties each to the one before.
//!
//! Little endian:
//!
//! | bytes | holds |
//! |---|---|
//! | 0..4 | length of the body; the top bit is set for an input that came from outside |
//! | 4..8 | CRC-32C of the record's number (8 bytes), its length, and everything from byte 8 on |
//! | 8..16 | sequence number of the input that caused it |
//! | 16..32 | hash of the record before |
//! | 32.. | body, as the codec writes it |
//!
//! The hash of a record is the first 128 bits of BLAKE3 over its number and all its bytes: a record
//! can't be changed, left out, moved or doubled without every later one saying so.

use std::fmt;

/// Bytes before the body.
pub const HEADER: usize = 32;
/// Set in the length of a record that is an input from outside: a command, a venue's report. All others
/// follow from inputs, and from market data on the tape, and a re-run makes them again.
pub const EXTERNAL: u32 = 1 << 31;
/// Longest body: the largest message of the codec.
pub const BODY_MAX: usize = 1 << 20;

pub type Hash = [u8; 16];

/// Where a chain stands: the last record's number, sequence number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub number: u64,
    pub seq: u64,
    pub hash: Hash,
}

/// Why bytes are not the next record.
#[derive(Debug, PartialEq, Eq)]
pub enum Damage {
    Short(usize),
    Length { stated: usize, found: usize },
    Checksum,
    Number { expected: u64, found: u64 },
    Chain,
    Order { seq: u64, after: u64 },
    TooLong(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(size) => write!(f, "{size} bytes are no whole record"),
            Self::Length { stated, found } => {
                write!(f, "its body has {found} bytes and should have {stated}")
            }
            Self::Checksum => write!(f, "its checksum is wrong"),
            Self::Number { expected, found } => {
                write!(f, "record {found} stands where {expected} belongs")
            }
            Self::Chain => write!(f, "it does not follow the record before it"),
            Self::Order { seq, after } => write!(f, "sequence {seq} after {after}"),
            Self::TooLong(size) => write!(f, "{size} bytes are more than {BODY_MAX}"),
        }
    }
}

impl Position {
    /// Append the next record to `out`; the position moves to it.
    ///
    /// # Errors
    /// A sequence number that steps back, or a body beyond `BODY_MAX`; then nothing changed.
    pub fn write(
        &mut self,
        seq: u64,
        external: bool,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Damage> {
        if seq < self.seq {
            let after = self.seq;
            return Err(Damage::Order { seq, after });
        }
        if body.len() > BODY_MAX {
            return Err(Damage::TooLong(body.len()));
        }
        let start = out.len();
        let number = self.number + 1;
        let flag = if external { EXTERNAL } else { 0 };
        out.extend_from_slice(&(body.len() as u32 | flag).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&seq.to_le_bytes());
        out.extend_from_slice(&self.hash);
        out.extend_from_slice(body);
        let sum = checksum(number, &out[start..]);
        out[start + 4..start + 8].copy_from_slice(&sum.to_le_bytes());
        *self = Self {
            number,
            seq,
            hash: hash(number, &out[start..]),
        };
        Ok(())
    }

    /// Check that `bytes` are the next record, move to it, and give its body.
    ///
    /// # Errors
    /// They are not; then the position stays.
    pub fn read<'a>(&mut self, number: u64, bytes: &'a [u8]) -> Result<&'a [u8], Damage> {
        let body = whole(number, bytes)?;
        if number != self.number + 1 {
            return Err(Damage::Number {
                expected: self.number + 1,
                found: number,
            });
        }
        if bytes[16..HEADER] != self.hash {
            return Err(Damage::Chain);
        }
        let seq = sequence(bytes);
        if seq < self.seq {
            let after = self.seq;
            return Err(Damage::Order { seq, after });
        }
        *self = Self::of(number, bytes);
        Ok(body)
    }

    /// The position at a record that `whole` accepts.
    pub fn of(number: u64, bytes: &[u8]) -> Self {
        Self {
            number,
            seq: sequence(bytes),
            hash: hash(number, bytes),
        }
    }
}

/// The body of a record that is undamaged in itself, wherever it belongs.
///
/// # Errors
/// Its length or checksum is wrong.
pub fn whole(number: u64, bytes: &[u8]) -> Result<&[u8], Damage> {
    if bytes.len() < HEADER {
        return Err(Damage::Short(bytes.len()));
    }
    let found = bytes.len() - HEADER;
    let stated = (word(bytes, 0) & !EXTERNAL) as usize;
    if stated != found {
        return Err(Damage::Length { stated, found });
    }
    if checksum(number, bytes) != word(bytes, 4) {
        return Err(Damage::Checksum);
    }
    Ok(&bytes[HEADER..])
}

/// Whether a whole record is an input from outside.
pub fn is_external(bytes: &[u8]) -> bool {
    word(bytes, 0) & EXTERNAL != 0
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn sequence(bytes: &[u8]) -> u64 {
    u64::from(word(bytes, 8)) | u64::from(word(bytes, 12)) << 32
}

fn hash(number: u64, bytes: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&number.to_le_bytes());
    hasher.update(bytes);
    let mut first = Hash::default();
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    first
}

fn checksum(number: u64, bytes: &[u8]) -> u32 {
    let sum = crc32c(!0, &number.to_le_bytes());
    let sum = crc32c(sum, &bytes[..4]);
    !crc32c(sum, &bytes[8..])
}

/// Tables of CRC-32C (Castagnoli, reflected) for eight bytes at a time.
const TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut i = 0;
    while i < 256 {
        let mut sum = i as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ (if sum & 1 == 1 { 0x82F6_3B78 } else { 0 });
            bit += 1;
        }
        tables[0][i] = sum;
        i += 1;
    }
    let mut t = 1;
    while t < 8 {
        let mut i = 0;
        while i < 256 {
            let before = tables[t - 1][i];
            tables[t][i] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            i += 1;
        }
        t += 1;
    }
    tables
}

/// CRC-32C without the inversions at its ends.
pub(crate) fn crc32c(mut sum: u32, bytes: &[u8]) -> u32 {
    let mut eights = bytes.chunks_exact(8);
    for eight in &mut eights {
        let low = sum ^ word(eight, 0);
        let high = word(eight, 4);
        let at =
            |table: usize, word: u32, shift: u32| TABLES[table][(word >> shift & 0xFF) as usize];
        sum = at(7, low, 0) ^ at(6, low, 8) ^ at(5, low, 16) ^ at(4, low, 24);
        sum ^= at(3, high, 0) ^ at(2, high, 8) ^ at(1, high, 16) ^ at(0, high, 24);
    }
    for byte in eights.remainder() {
        sum = (sum >> 8) ^ TABLES[0][((sum ^ u32::from(*byte)) & 0xFF) as usize];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_castagnoli_one() {
        assert_eq!(!crc32c(!0, b"123456789"), 0xE306_9283);
        assert_eq!(!crc32c(!0, &[0; 32]), 0x8A91_36AA);
    }

    #[test]
    fn every_flipped_bit_of_a_record_is_found() {
        let start = Position {
            number: 41,
            seq: 7,
            hash: [3; 16],
        };
        let mut end = start;
        let mut bytes = Vec::new();
        end.write(9, true, b"some body", &mut bytes).unwrap();
        let mut again = start;
        assert_eq!(again.read(42, &bytes), Ok(&b"some body"[..]));
        assert_eq!(again, end);
        assert!(is_external(&bytes));
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(start.clone().read(42, &bad).is_err(), "bit {bit}");
        }
        assert!(start.clone().read(43, &bytes).is_err());
    }

    #[test]
    fn a_sequence_number_that_steps_back_is_refused() {
        let mut position = Position {
            number: 0,
            seq: 5,
            hash: [0; 16],
        };
        let mut out = Vec::new();
        let refused = position.write(4, false, b"", &mut out);
        assert_eq!(refused, Err(Damage::Order { seq: 4, after: 5 }));
        assert!(out.is_empty());
    }
}
