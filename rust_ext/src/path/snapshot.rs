//! What the order path itself remembers as bytes: `OOPA`, version, contents by name, checksum.

use super::OrderPath;
use crate::directory::{Directory, Symbol};
use crate::failure::Failure;
use crate::ledger::BookIx;
use crate::snapshot::{Format, Reader, Writer};

const FORMAT: Format = Format {
    magic: *b"OOPA",
    version: 1,
    what: "the order path",
};

/// The clock's handle of a strategy's timer.
pub type TimerHandle = ((BookIx, Symbol), u64);

impl OrderPath {
    /// The epoch, the ids minted by each strategy and on its behalf, and the clock's handles of its
    /// timers, which their owner passes.
    ///
    /// # Errors
    /// While something is on its way through the path.
    pub fn snapshot(
        &self,
        names: &Directory,
        mut handles: Vec<TimerHandle>,
    ) -> Result<Vec<u8>, Failure> {
        let idle = self.wishes.is_empty()
            && self.outgoing.is_empty()
            && self.timers.is_empty()
            && self.news.is_empty();
        if !idle {
            let text = "a snapshot of the order path is taken between inputs";
            return Err(Failure::State(text.into()));
        }
        let mut out = Writer::new(FORMAT);
        out.count(self.epoch);
        out.count(self.counters.len() as u64);
        for (book, name) in names.books.iter().enumerate() {
            out.text(name);
            out.count(self.counters[book]);
            out.count(self.closing_counters[book]);
        }
        handles.sort_unstable_by_key(|handle| handle.1);
        out.count(handles.len() as u64);
        for ((book, name), handle) in handles {
            out.text(&names.books[book as usize]);
            out.text(names.text(name));
            out.count(handle);
        }
        Ok(out.finish())
    }

    /// Go on from a snapshot; gives the handles. On a failure nothing has changed.
    ///
    /// # Errors
    /// Bytes that are damaged or of a newer version, or a strategy that is not here.
    pub fn restore(
        &mut self,
        bytes: &[u8],
        names: &mut Directory,
    ) -> Result<Vec<TimerHandle>, Failure> {
        let mut reader = Reader::open(bytes, FORMAT)?;
        let epoch = reader.count()?;
        let book_of = |names: &Directory, name: &str| {
            names.book(name).ok_or_else(|| {
                Failure::State(format!(
                    "the snapshot of the order path has {name}, which is not in this run"
                ))
            })
        };
        let counters = reader.list(|reader| {
            let name = reader.text()?;
            let book = book_of(names, name)? as usize;
            Ok((book, reader.count()?, reader.count()?))
        })?;
        let named = reader.list(|reader| {
            let (owner, name) = (reader.text()?, reader.text()?);
            Ok((book_of(names, owner)?, name, reader.count()?))
        })?;
        reader.close()?;
        self.epoch = epoch;
        for (book, minted, closing) in counters {
            self.counters[book] = minted;
            self.closing_counters[book] = closing;
        }
        let handles = named.into_iter();
        let numbered = handles.map(|(book, name, handle)| ((book, names.symbol(name)), handle));
        Ok(numbered.collect())
    }
}
