//! The canonical form of inputs: what two runs must agree on, bit for bit.
//!
//! A record is a sequence of 64-bit little-endian words; a text is its length in bytes and then its
//! bytes, padded with zeros to whole words. Words go to BLAKE3 in large pieces, because it is several
//! times faster on those.

/// Words per piece: 64 KiB.
const PIECE: usize = 8192;

#[derive(Clone)]
pub struct Recorder {
    hasher: blake3::Hasher,
    words: Vec<[u8; 8]>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            hasher: blake3::Hasher::new(),
            words: Vec::new(),
        }
    }
}

impl Recorder {
    /// Append words.
    #[inline]
    pub fn words<const N: usize>(&mut self, words: [i64; N]) {
        if self.words.len() >= PIECE {
            self.flush();
        }
        self.words.extend_from_slice(&words.map(i64::to_le_bytes));
    }

    /// Append a 128-bit number, low word first.
    pub fn wide(&mut self, value: i128) {
        self.words([value as i64, (value >> 64) as i64]);
    }

    /// Append a text.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Append bytes as a text.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.words([bytes.len() as i64]);
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.words([i64::from_le_bytes(word)]);
        }
    }

    /// Hash the whole pieces; what is left over goes to the front. Pieces that begin at multiples of
    /// their length are whole trees to BLAKE3, which then never hashes a block by itself.
    #[cold]
    fn flush(&mut self) {
        let whole = self.words.len() / PIECE * PIECE;
        self.hasher.update(self.words[..whole].as_flattened());
        self.words.drain(..whole);
    }

    /// Digest of everything so far.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = self.hasher.clone();
        hasher.update(self.words.as_flattened());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_blake3_of_little_endian_words_whatever_the_pieces() {
        let mut recorder = Recorder::default();
        let mut plain = Vec::new();
        for n in 0..20_000i64 {
            recorder.words([n, -n]);
            plain.extend(n.to_le_bytes());
            plain.extend((-n).to_le_bytes());
        }
        recorder.text("nine char");
        plain.extend(9i64.to_le_bytes());
        plain.extend(b"nine char\0\0\0\0\0\0\0");
        assert_eq!(recorder.digest(), *blake3::hash(&plain).as_bytes());
    }
}
