//! The journal ahead of a re-run, and what the re-run makes compared with it, byte for byte.

use std::collections::VecDeque;

use crate::chain::{Damage, Position, is_external};
use crate::journal::Row;

/// A record of the journal, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub number: u64,
    pub seq: u64,
    pub external: bool,
    pub body: Box<[u8]>,
}

impl Recorded {
    /// The class name of its message; see `kind_of` in `state/codec.py`.
    pub fn kind(&self) -> &[u8] {
        kind(&self.body)
    }
}

/// The class name of the message in bytes of the codec; nothing where they are none.
pub fn kind(body: &[u8]) -> &[u8] {
    let Some(map) = body.get(2) else {
        return &[];
    };
    let at = if map & 0xF0 == 0x80 { 8 } else { 10 };
    let size = usize::from(body.get(at).map_or(0, |head| head & 0x1F));
    body.get(at + 1..at + 1 + size).unwrap_or_default()
}

/// Read the next records as far as they follow; an error when the first does not.
///
/// # Errors
/// Why it does not.
pub fn follow<'a>(
    position: &mut Position,
    records: impl Iterator<Item = (u64, &'a [u8])>,
) -> Result<Vec<Recorded>, Damage> {
    let mut rows = Vec::with_capacity(records.size_hint().0);
    for (number, bytes) in records {
        match position.read(number, bytes) {
            Ok(body) => rows.push(Recorded {
                number,
                seq: position.seq,
                external: is_external(bytes),
                body: body.into(),
            }),
            Err(damage) if rows.is_empty() => return Err(damage),
            Err(_) => break,
        }
    }
    Ok(rows)
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Everything was equal.
    Equal,
    /// Equal as far as records were read; more must be.
    Short,
    /// The next made record is not the next of the journal.
    Differs,
}

/// Records that were read and not yet made again.
#[derive(Default)]
pub struct Ahead {
    pub rows: VecDeque<Recorded>,
    /// Kinds of records about the journal itself, which no re-run makes.
    pub notes: Vec<Box<[u8]>>,
    /// What was equal so far: records, intents, and those intents that are orders.
    pub counts: [u64; 3],
}

const INTENT: &[u8] = b"RiskApproved";
const ORDER: &[u8] = b"SubmitOrder";
/// Where the class of an intent's command stands.
const HEAD: usize = 64;

impl Ahead {
    /// Drop notes that come next.
    pub fn skip_notes(&mut self) {
        while let Some(row) = self.rows.front() {
            if !self.notes.iter().any(|note| **note == *row.kind()) {
                return;
            }
            self.rows.pop_front();
        }
    }

    /// Take as many records as are equal to the made ones; how many that were.
    pub fn compare<'a>(&mut self, made: impl Iterator<Item = Row<'a>>) -> (usize, Compared) {
        let mut count = 0;
        for row in made {
            self.skip_notes();
            let Some(recorded) = self.rows.front() else {
                return (count, Compared::Short);
            };
            if (recorded.seq, &*recorded.body) != (row.seq, row.body) {
                return (count, Compared::Differs);
            }
            self.count(row.body);
            self.rows.pop_front();
            count += 1;
        }
        (count, Compared::Equal)
    }

    /// Count a record that was made again.
    pub fn count(&mut self, body: &[u8]) {
        self.counts[0] += 1;
        if kind(body) == INTENT {
            self.counts[1] += 1;
            let head = &body[..body.len().min(HEAD)];
            let is_order = head.windows(ORDER.len()).any(|part| part == ORDER);
            self.counts[2] += u64::from(is_order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(seq: u64, body: &[u8]) -> Recorded {
        Recorded {
            number: seq,
            seq,
            external: false,
            body: body.into(),
        }
    }

    fn row(seq: u64, body: &[u8]) -> Row<'_> {
        Row {
            seq,
            external: false,
            body,
        }
    }

    #[test]
    fn a_comparison_stops_at_what_differs_and_at_the_end() {
        let mut ahead = Ahead::default();
        ahead.rows.extend([recorded(1, b"a"), recorded(2, b"b")]);
        let made = [row(1, b"a"), row(2, b"c")];
        assert_eq!(ahead.compare(made.into_iter()), (1, Compared::Differs));
        let made = [row(2, b"b"), row(3, b"d")];
        assert_eq!(ahead.compare(made.into_iter()), (1, Compared::Short));
        assert_eq!(ahead.counts, [2, 0, 0]);
    }

    #[test]
    fn what_follows_is_read_and_what_does_not_is_an_error_at_its_turn() {
        let mut writer = Position {
            number: 0,
            seq: 0,
            hash: [7; 16],
        };
        let mut reader = writer;
        let mut first = Vec::new();
        writer.write(3, true, b"one", &mut first).unwrap();
        let mut second = Vec::new();
        writer.write(4, false, b"two", &mut second).unwrap();
        second[33] ^= 1;
        let records = [(1, &first[..]), (2, &second[..])];
        let read = follow(&mut reader, records.into_iter()).unwrap();
        let row = &read[0];
        assert_eq!(
            (read.len(), row.seq, row.external, &*row.body),
            (1, 3, true, &b"one"[..])
        );
        let again = follow(&mut reader, records[1..].iter().copied());
        assert_eq!(again, Err(Damage::Checksum));
    }
}
