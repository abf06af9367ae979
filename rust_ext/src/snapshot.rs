//! State as bytes: four letters, a version, contents, checksum.
//!
//! Numbers are 64-bit little-endian words, a value that may be absent stands after a 0 or 1, lists and
//! texts after their length. Whatever is not exactly what was written is an error.

use crate::failure::Failure;

const SUM: usize = 32;

/// What a snapshot is of.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    pub magic: [u8; 4],
    pub version: u8,
    /// For errors: the snapshot of what.
    pub what: &'static str,
}

pub struct Writer(Vec<u8>);

impl Writer {
    pub fn new(format: Format) -> Self {
        let mut bytes = format.magic.to_vec();
        bytes.push(format.version);
        Self(bytes)
    }

    pub fn words<const N: usize>(&mut self, words: [i64; N]) {
        words
            .iter()
            .for_each(|word| self.0.extend(word.to_le_bytes()));
    }

    pub fn count(&mut self, count: u64) {
        self.0.extend(count.to_le_bytes());
    }

    pub fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn maybe<const N: usize>(&mut self, words: Option<[i64; N]>) {
        self.flag(words.is_some());
        words.into_iter().for_each(|words| self.words(words));
    }

    /// All of it, with its checksum.
    pub fn finish(mut self) -> Vec<u8> {
        let sum = blake3::hash(&self.0);
        self.0.extend(sum.as_bytes());
        self.0
    }
}

pub struct Reader<'a> {
    bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// Bytes that are damaged, or of a newer version.
    pub fn open(bytes: &'a [u8], format: Format) -> Result<Self, Failure> {
        let what = format.what;
        let mut reader = Self { bytes: &[], what };
        let body = bytes.len().checked_sub(SUM);
        let (body, sum) = bytes.split_at(body.ok_or_else(|| reader.damaged())?);
        reader.bytes = body;
        if reader.take()? != format.magic || blake3::hash(body).as_bytes() != sum {
            return Err(reader.damaged());
        }
        match reader.take()? {
            [version] if version > format.version => Err(Failure::Schema(format!(
                "snapshot of {what} of version {version}"
            ))),
            [version] if version < format.version => Err(reader.damaged()),
            _ => Ok(reader),
        }
    }

    pub fn damaged(&self) -> Failure {
        Failure::Codec(format!("the snapshot of {} is damaged", self.what))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let split = self.bytes.split_first_chunk();
        let (head, rest) = split.ok_or_else(|| self.damaged())?;
        self.bytes = rest;
        Ok(*head)
    }

    pub fn words<const N: usize>(&mut self) -> Result<[i64; N], Failure> {
        let mut words = [0; N];
        for word in &mut words {
            *word = i64::from_le_bytes(self.take()?);
        }
        Ok(words)
    }

    pub fn count(&mut self) -> Result<u64, Failure> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    pub fn flag(&mut self) -> Result<bool, Failure> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(self.damaged()),
        }
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Failure> {
        let length = usize::try_from(self.count()?).map_err(|_| self.damaged())?;
        let split = self.bytes.split_at_checked(length);
        let (head, rest) = split.ok_or_else(|| self.damaged())?;
        self.bytes = rest;
        Ok(head)
    }

    pub fn text(&mut self) -> Result<&'a str, Failure> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged())
    }

    pub fn maybe<const N: usize>(&mut self) -> Result<Option<[i64; N]>, Failure> {
        match self.flag()? {
            true => self.words().map(Some),
            false => Ok(None),
        }
    }

    /// A list of items that `item` reads.
    pub fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut items = Vec::new();
        for _ in 0..self.count()? {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// # Errors
    /// When something is left.
    pub fn close(self) -> Result<(), Failure> {
        match self.bytes {
            [] => Ok(()),
            _ => Err(self.damaged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format {
        magic: *b"TEST",
        version: 2,
        what: "a test",
    };

    fn read(bytes: &[u8]) -> Result<Vec<i64>, Failure> {
        let mut reader = Reader::open(bytes, FORMAT)?;
        let listed: Vec<[i64; 1]> = reader.list(Reader::words)?;
        let known: Option<[i64; 2]> = reader.maybe()?;
        reader.close()?;
        let known = known.into_iter().flatten();
        Ok(listed.into_iter().flatten().chain(known).collect())
    }

    fn written(format: Format) -> Vec<u8> {
        let mut writer = Writer::new(format);
        writer.count(2);
        writer.words([5, -6]);
        writer.maybe(Some([7, 8]));
        writer.finish()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&written(FORMAT)).unwrap(), [5, -6, 7, 8]);
    }

    #[test]
    fn any_other_bytes_are_an_error() {
        let whole = written(FORMAT);
        for at in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            assert!(matches!(read(&flipped), Err(Failure::Codec(_))), "{at}");
            assert!(matches!(read(&whole[..at]), Err(Failure::Codec(_))), "{at}");
        }
        let longer = [whole.as_slice(), &[0]].concat();
        assert!(matches!(read(&longer), Err(Failure::Codec(_))));
    }

    #[test]
    fn a_newer_version_is_named() {
        let newer = written(Format {
            version: 3,
            ..FORMAT
        });
        let error = read(&newer).unwrap_err();
        assert!(matches!(error, Failure::Schema(text) if text.contains("a test of version 3")));
    }
}
