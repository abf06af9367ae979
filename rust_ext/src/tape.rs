//! Frames of the tape: the rows that one turn of the core brought, of any streams, as raw columns.
//!
//! A frame, all numbers little-endian and every column at a multiple of 8 bytes:
//!
//! ```text
//! 4 magic "OOTF"   4 CRC-32C of all that follows   8 length of what follows the 40 bytes
//! 4 blocks         4 zero                          8 sequence number   8 time of the turn
//! for each block:  4 number of the stream          4 rows              rows x 8 for each column
//! ```
//!
//! A frame is whole or it is not there: its sum covers every block, so a turn is never half kept.

use crate::chain::crc32c;
use crate::types::Nanos;

pub const HEAD: usize = 40;
const BLOCK: usize = 8;
const MAGIC: [u8; 4] = *b"OOTF";
/// The column whose numbers never step back.
pub const RECEIVED: &str = "ts_received";

/// One stream as frames hold it.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Columns of a row.
    pub width: usize,
    /// Which of them is the time of receipt.
    pub received: usize,
}

/// Collects the rows of a turn.
pub struct Frames {
    shapes: Vec<Shape>,
    /// The frame so far, with room for its head.
    bytes: Vec<u8>,
    blocks: u32,
    /// Rows of each stream up to now, and up to the last frame that was taken or dropped.
    rows: Vec<u64>,
    before: Vec<u64>,
    /// The last time of receipt of each stream: the kernel never steps back, so neither does the tape.
    stamps: Vec<Nanos>,
}

impl Frames {
    /// Streams with the rows and last times of receipt that they begin at.
    pub fn new(shapes: Vec<Shape>, rows: Vec<u64>, stamps: Vec<Nanos>) -> Self {
        Self {
            shapes,
            bytes: vec![0; HEAD],
            blocks: 0,
            before: rows.clone(),
            rows,
            stamps,
        }
    }

    pub fn shape(&self, stream: usize) -> Option<Shape> {
        self.shapes.get(stream).copied()
    }

    pub fn blocks(&self) -> u32 {
        self.blocks
    }

    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    pub fn before(&self) -> &[u64] {
        &self.before
    }

    pub fn stamps(&self) -> &[Nanos] {
        &self.stamps
    }

    /// Add equally long columns of a stream; those of the time of receipt become the running maximum.
    pub fn push(&mut self, stream: usize, columns: &[&[i64]]) {
        let shape = self.shapes[stream];
        assert_eq!(columns.len(), shape.width, "columns of stream {stream}");
        let rows = columns.first().map_or(0, |column| column.len());
        if rows == 0 {
            return;
        }
        self.bytes.reserve(BLOCK + rows * 8 * shape.width);
        self.put(u32::try_from(stream).unwrap_or(u32::MAX));
        self.put(u32::try_from(rows).unwrap_or(u32::MAX));
        for (number, column) in columns.iter().enumerate() {
            assert_eq!(column.len(), rows, "columns of different lengths");
            let at = self.bytes.len();
            self.bytes.resize(at + rows * 8, 0);
            let words = self.bytes[at..].chunks_exact_mut(8).zip(*column);
            if number == shape.received {
                let last = &mut self.stamps[stream];
                for (word, &stamp) in words {
                    *last = stamp.max(*last);
                    word.copy_from_slice(&last.to_le_bytes());
                }
            } else {
                words.for_each(|(word, value)| word.copy_from_slice(&value.to_le_bytes()));
            }
        }
        self.blocks += 1;
        self.rows[stream] += rows as u64;
    }

    fn put(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// The frame of this turn, until `clear`; None when nothing was pushed.
    pub fn frame(&mut self, seq: u64, now: Nanos) -> Option<&[u8]> {
        if self.blocks == 0 {
            return None;
        }
        let length = (self.bytes.len() - HEAD) as u64;
        self.bytes[0..4].copy_from_slice(&MAGIC);
        self.bytes[8..16].copy_from_slice(&length.to_le_bytes());
        self.bytes[16..20].copy_from_slice(&self.blocks.to_le_bytes());
        self.bytes[24..32].copy_from_slice(&seq.to_le_bytes());
        self.bytes[32..40].copy_from_slice(&now.to_le_bytes());
        let sum = !crc32c(!0, &self.bytes[8..]);
        self.bytes[4..8].copy_from_slice(&sum.to_le_bytes());
        Some(&self.bytes)
    }

    /// Begin the next turn.
    pub fn clear(&mut self) {
        self.bytes.truncate(HEAD);
        // A turn may have brought a million rows; the next ones won't.
        self.bytes.shrink_to(1 << 20);
        self.blocks = 0;
        self.before.copy_from_slice(&self.rows);
    }
}

/// Why a piece ends where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a frame.
    Whole,
    /// In a frame, of which so many bytes are needed.
    Short(usize),
    /// In what is no frame, or not as it was written.
    Damaged,
}

/// The frames of a piece of a file, taken apart.
#[derive(Debug)]
pub struct Piece {
    /// Bytes of whole frames from the beginning on.
    pub consumed: usize,
    pub end: End,
    pub frames: u64,
    /// Sequence number and time of the last frame.
    pub seq: u64,
    pub now: Nanos,
    /// Of each stream.
    pub rows: Vec<u64>,
    pub stamps: Vec<Option<Nanos>>,
    /// Of each stream, its columns as bytes; empty of a stream that was not asked for.
    pub columns: Vec<Vec<Vec<u8>>>,
}

/// Take a piece apart. `wanted`: columns of one stream, of all (`None`), or only counts (out of range).
pub fn split(data: &[u8], shapes: &[Shape], wanted: Option<usize>) -> Piece {
    let empty = |number: usize, shape: &Shape| match wanted {
        Some(only) if only != number => Vec::new(),
        _ => vec![Vec::new(); shape.width],
    };
    let mut piece = Piece {
        consumed: 0,
        end: End::Whole,
        frames: 0,
        seq: 0,
        now: 0,
        rows: vec![0; shapes.len()],
        stamps: vec![None; shapes.len()],
        columns: shapes
            .iter()
            .enumerate()
            .map(|(n, s)| empty(n, s))
            .collect(),
    };
    while piece.consumed < data.len() {
        let rest = &data[piece.consumed..];
        match whole(rest, shapes) {
            Ok(length) => {
                piece.take(&rest[..length], shapes);
                piece.consumed += length;
            }
            Err(end) => {
                piece.end = end;
                break;
            }
        }
    }
    piece
}

impl Piece {
    /// Add a frame that was found whole.
    fn take(&mut self, frame: &[u8], shapes: &[Shape]) {
        self.frames += 1;
        self.seq = u64_at(frame, 24);
        self.now = i64_at(frame, 32);
        let mut at = HEAD;
        while at < frame.len() {
            let (stream, rows) = (u32_at(frame, at) as usize, u32_at(frame, at + 4) as usize);
            at += BLOCK;
            self.rows[stream] += rows as u64;
            for column in 0..shapes[stream].width {
                let bytes = &frame[at..at + rows * 8];
                at += rows * 8;
                if column == shapes[stream].received {
                    let last = i64_at(bytes, bytes.len() - 8);
                    self.stamps[stream] = Some(last);
                }
                if let Some(kept) = self.columns[stream].get_mut(column) {
                    kept.extend_from_slice(bytes);
                }
            }
        }
    }
}

/// Length of the frame that the data begins with.
fn whole(data: &[u8], shapes: &[Shape]) -> Result<usize, End> {
    let magic = data.len().min(4);
    if data[..magic] != MAGIC[..magic] {
        return Err(End::Damaged);
    }
    if data.len() < HEAD {
        return Err(End::Short(HEAD));
    }
    let length = usize::try_from(u64_at(data, 8)).ok();
    let Some(length) = length.and_then(|length| length.checked_add(HEAD)) else {
        return Err(End::Damaged);
    };
    if data.len() < length {
        return Err(End::Short(length));
    }
    let frame = &data[..length];
    if !crc32c(!0, &frame[8..]) != u32_at(frame, 4) || !fits(frame, shapes) {
        return Err(End::Damaged);
    }
    Ok(length)
}

/// Whether the blocks of a frame are of known streams and fill it.
fn fits(frame: &[u8], shapes: &[Shape]) -> bool {
    let mut at = HEAD;
    for _ in 0..u32_at(frame, 16) {
        if frame.len() < at + BLOCK {
            return false;
        }
        let (stream, rows) = (u32_at(frame, at) as usize, u32_at(frame, at + 4) as usize);
        let Some(shape) = shapes.get(stream) else {
            return false;
        };
        if rows == 0 {
            return false;
        }
        at += BLOCK + rows * 8 * shape.width;
    }
    at == frame.len()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [Shape; 2] = [
        Shape {
            width: 2,
            received: 1,
        },
        Shape {
            width: 3,
            received: 2,
        },
    ];

    fn frames() -> Frames {
        Frames::new(SHAPES.to_vec(), vec![0, 5], vec![0, 0])
    }

    /// Three turns of both streams.
    fn written() -> Vec<u8> {
        let mut frames = frames();
        let mut file = Vec::new();
        for turn in 1..4 {
            frames.push(0, &[&[turn, turn + 1], &[turn * 10, turn * 10 + 1]]);
            frames.push(1, &[&[7], &[8], &[turn]]);
            file.extend(frames.frame(turn as u64 * 100, turn * 1000).unwrap());
            frames.clear();
        }
        assert_eq!(frames.rows(), [6, 8]);
        file
    }

    fn numbers(bytes: &[u8]) -> Vec<i64> {
        let words = bytes.chunks_exact(8);
        words.map(|word| i64_at(word, 0)).collect()
    }

    #[test]
    fn what_was_pushed_comes_back_in_order() {
        let piece = split(&written(), &SHAPES, None);
        assert_eq!((piece.end, piece.frames), (End::Whole, 3));
        assert_eq!((piece.seq, piece.now), (300, 3000));
        assert_eq!(piece.rows, [6, 3]);
        assert_eq!(piece.stamps, [Some(31), Some(3)]);
        assert_eq!(numbers(&piece.columns[0][0]), [1, 2, 2, 3, 3, 4]);
        assert_eq!(numbers(&piece.columns[1][2]), [1, 2, 3]);
        let one = split(&written(), &SHAPES, Some(1));
        assert!(one.columns[0].is_empty());
        assert_eq!(one.columns[1], piece.columns[1]);
    }

    #[test]
    fn a_cut_leaves_the_whole_turns_before_it() {
        let file = written();
        let frame = file.len() / 3;
        for length in 0..=file.len() {
            let piece = split(&file[..length], &SHAPES, None);
            assert_eq!(piece.consumed, length / frame * frame);
            assert_eq!(piece.frames as usize, length / frame);
            match piece.end {
                End::Whole => assert_eq!(length % frame, 0),
                End::Short(needed) => assert!([HEAD, frame].contains(&needed)),
                End::Damaged => panic!("a cut at {length} is no damage"),
            }
        }
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let file = written();
        let frame = file.len() / 3;
        for bit in frame * 8..frame * 16 {
            let mut bad = file.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let piece = split(&bad, &SHAPES, None);
            assert_ne!(piece.end, End::Whole, "bit {bit}");
            assert_eq!(piece.frames, 1);
        }
    }

    #[test]
    fn a_stamp_that_steps_back_becomes_the_running_maximum() {
        let mut frames = frames();
        frames.push(0, &[&[1, 1, 1], &[5, 3, 6]]);
        frames.push(0, &[&[1], &[2]]);
        let piece = split(frames.frame(1, 1).unwrap(), &SHAPES, None);
        assert_eq!(numbers(&piece.columns[0][1]), [5, 5, 6, 6]);
    }
}
