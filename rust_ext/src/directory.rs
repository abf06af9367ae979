//! Names and numbers of one run: instruments, strategies, currencies and free texts.
//!
//! Inside the engine everything is a number; this is the one place that knows what each stands for.
//! Lists are fixed when a run begins; texts (tags, position legs, names of timers) are numbered as they
//! come, and the number of a text never leaves the process. They are never forgotten, so texts that are
//! new with every order (groups of brackets) go with their order instead.

use std::collections::HashMap;

use crate::ledger::BookIx;
use crate::types::{CurrencyIx, Instrument, InstrumentIx};

/// Number of a text in the directory; 0 is none, which is also the empty text.
pub type Symbol = u32;

/// The name of book 0: the account, and what belongs to no strategy.
pub const UNALLOCATED: &str = "unallocated";

#[derive(Clone, Debug)]
pub struct Directory {
    pub instruments: Vec<Instrument>,
    /// Codes and scales.
    pub currencies: Vec<(String, u8)>,
    /// Names of the books: `UNALLOCATED`, then the strategies.
    pub books: Vec<String>,
    texts: Vec<String>,
    hashes: Vec<u64>,
    symbols: HashMap<String, Symbol>,
    /// Symbols of position legs by the hash that venues know them by.
    by_hash: HashMap<u64, Symbol>,
    instrument_ix: HashMap<String, InstrumentIx>,
    currency_ix: HashMap<String, CurrencyIx>,
    book_ix: HashMap<String, BookIx>,
}

impl Directory {
    pub fn new(
        instruments: Vec<Instrument>,
        currencies: Vec<(String, u8)>,
        strategies: Vec<String>,
    ) -> Self {
        let books: Vec<String> = std::iter::once(UNALLOCATED.to_owned())
            .chain(strategies)
            .collect();
        let numbered = |names: Vec<&String>| -> Vec<(String, u32)> {
            let named = names.into_iter().cloned();
            named.zip(0..).collect()
        };
        Self {
            instrument_ix: numbered(instruments.iter().map(|item| &item.id).collect())
                .into_iter()
                .collect(),
            currency_ix: numbered(currencies.iter().map(|(code, _)| code).collect())
                .into_iter()
                .map(|(code, ix)| (code, ix as CurrencyIx))
                .collect(),
            book_ix: numbered(books.iter().collect()).into_iter().collect(),
            instruments,
            currencies,
            books,
            texts: vec![String::new()],
            hashes: vec![0],
            symbols: HashMap::from([(String::new(), 0)]),
            by_hash: HashMap::from([(0, 0)]),
        }
    }

    /// The number of a text; a new one is given to a new text.
    pub fn symbol(&mut self, text: &str) -> Symbol {
        if let Some(&known) = self.symbols.get(text) {
            return known;
        }
        let number = self.texts.len() as Symbol;
        let hash = hash_of(text);
        self.texts.push(text.to_owned());
        self.hashes.push(hash);
        self.symbols.insert(text.to_owned(), number);
        self.by_hash.insert(hash, number);
        number
    }

    /// The text of a symbol.
    pub fn text(&self, symbol: Symbol) -> &str {
        &self.texts[symbol as usize]
    }

    /// 64 bits of a text, the same in every run; 0 for none.
    pub fn hash(&self, symbol: Symbol) -> u64 {
        self.hashes[symbol as usize]
    }

    /// 64 bits of a group's name; 0 for none. A group is its strategy's own: another may use the name.
    pub fn group_hash(book: BookIx, group: Option<&str>) -> u64 {
        group.map_or(0, |name| hash_of(&format!("{book}/{name}")))
    }

    /// Texts that are numbered so far: they are kept for ever.
    pub fn texts(&self) -> usize {
        self.texts.len()
    }

    /// The symbol whose text has this hash; none when nobody named it.
    pub fn symbol_of_hash(&self, hash: u64) -> Symbol {
        self.by_hash.get(&hash).copied().unwrap_or(0)
    }

    pub fn instrument(&self, id: &str) -> Option<InstrumentIx> {
        self.instrument_ix.get(id).copied()
    }

    pub fn currency(&self, code: &str) -> Option<CurrencyIx> {
        self.currency_ix.get(code).copied()
    }

    pub fn book(&self, strategy: &str) -> Option<BookIx> {
        self.book_ix.get(strategy).copied()
    }

    /// Price and size scale of an instrument.
    #[inline]
    pub fn scales(&self, ix: InstrumentIx) -> (u8, u8) {
        let item = &self.instruments[ix as usize];
        (item.price_scale, item.size_scale)
    }
}

/// The first 64 bits of BLAKE3, which do not collide by accident; never 0.
pub fn hash_of(text: &str) -> u64 {
    let digest = blake3::hash(text.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_le_bytes(first).max(1)
}
