//! A bar builder's part of a snapshot.

use super::BarBuilder;
use crate::failure::Failure;
use crate::snapshot::{Reader, Writer};
use crate::types::{Bar, Nanos, PriceType};

/// What a builder is between two updates.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    open: Option<Bar>,
    closed: Nanos,
    late: u64,
    outside: u64,
}

impl BarBuilder {
    pub fn save(&self, out: &mut Writer) {
        out.maybe(self.open.as_ref().map(bar_words));
        out.words([self.closed]);
        out.count(self.late);
        out.count(self.outside);
    }

    /// # Errors
    /// Bytes that are no such state.
    pub fn read(&self, reader: &mut Reader<'_>) -> Result<State, Failure> {
        let open = reader.maybe()?.map(|words| bar_of(words, self.price_type));
        let [closed] = reader.words()?;
        Ok(State {
            open,
            closed,
            late: reader.count()?,
            outside: reader.count()?,
        })
    }

    /// Become the builder that was saved.
    pub fn resume(&mut self, state: State) {
        self.open = state.open;
        self.closed = state.closed;
        self.late = state.late;
        self.outside = state.outside;
    }
}

/// A bar as words, its price type apart.
pub fn bar_words(bar: &Bar) -> [i64; 9] {
    let stamps = [bar.ts_event, bar.ts_received, bar.ts_open];
    let [event, received, open] = stamps;
    let (high, low, close) = (bar.high, bar.low, bar.close);
    [
        event, received, open, bar.open, high, low, close, bar.volume, bar.count,
    ]
}

/// The bar of these words.
pub fn bar_of(words: [i64; 9], price_type: PriceType) -> Bar {
    let [
        ts_event,
        ts_received,
        ts_open,
        open,
        high,
        low,
        close,
        volume,
        count,
    ] = words;
    Bar {
        ts_event,
        ts_received,
        ts_open,
        price_type,
        open,
        high,
        low,
        close,
        volume,
        count,
    }
}
