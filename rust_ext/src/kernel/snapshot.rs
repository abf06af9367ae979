//! The kernel as bytes: `OOKR`, version, what it is made of, contents, checksum.
//!
//! In it: the sequence number, the stamp and the moment reached, the counts, the digest of the inputs so
//! far; how far each feed was taken; the builders' open and complete bars and their scheduled closes;
//! the timers with their handles; the market. Not in it: rows that wait, which are pushed again from
//! `rows_taken` on; venues with their commands, reports and deadlines; who wants what.

use std::collections::VecDeque;

use super::agenda::{Agenda, Task};
use super::live::HELD;
use super::{Counts, Kernel};
use crate::bars::{BarState, bar_of, bar_words};
use crate::encode::Recorder;
use crate::failure::Failure;
use crate::feed::{Feed, FeedDefects, Taken};
use crate::market::{Market, SavedMarket};
use crate::merge::{Key, Merge, Phase};
use crate::snapshot::{Format, Reader, Writer};
use crate::types::{Bar, Nanos, PriceType};

const FORMAT: Format = Format {
    magic: *b"OOKR",
    version: 1,
    what: "the kernel",
};

/// How far a feed came.
struct SavedFeed {
    taken: Taken,
    /// The venue has seen the open of the bar at hand.
    opened: bool,
    last_bar: Option<Bar>,
}

struct SavedBuilder {
    bars: BarState,
    complete: VecDeque<Bar>,
}

struct SavedTimer {
    handle: u64,
    due: Nanos,
    ts: Nanos,
    owner: String,
    name: String,
}

struct Saved {
    seq: u64,
    now: Nanos,
    reached: Nanos,
    handles: u64,
    counts: Counts,
    inputs: Vec<u8>,
    feeds: Vec<SavedFeed>,
    builders: Vec<SavedBuilder>,
    /// Moments and builders.
    closes: Vec<[i64; 2]>,
    timers: Vec<SavedTimer>,
    market: SavedMarket,
}

impl Kernel {
    /// Everything that the inputs to come depend on, between two inputs.
    ///
    /// # Errors
    /// After the end, while messages from outside wait, or with news of the market not yet told.
    pub fn snapshot(&self, market: &Market) -> Result<Vec<u8>, Failure> {
        let waits = |task: &Task| matches!(task, Task::External { .. });
        let external = self.agenda.iter().any(|(_, task)| waits(task));
        let external = external || !self.numbered.is_empty();
        if self.end.is_some() || external || market.watch.has_fired() {
            return Err(Failure::State(
                "a snapshot is taken between inputs, before the end, with no message waiting"
                    .into(),
            ));
        }
        let mut out = Writer::new(FORMAT);
        out.bytes(&self.layout());
        out.count(self.seq);
        out.words([self.now, self.reached]);
        out.count(self.handles);
        let counts = self.counts.values();
        out.count(counts.len() as u64);
        counts.iter().for_each(|count| out.count(*count));
        out.bytes(&self.recorder.digest());
        for number in 0..self.feeds.len() {
            self.save_feed(number, &mut out);
        }
        for builder in &self.builders {
            builder.bars.save(&mut out);
            out.count(builder.complete.len() as u64);
            let bars = builder.complete.iter();
            bars.for_each(|bar| out.words(bar_words(bar)));
        }
        self.save_tasks(&mut out);
        market.save(&mut out);
        Ok(out.finish())
    }

    fn save_feed(&self, number: usize, out: &mut Writer) {
        let feed = &self.feeds[number];
        let taken = feed.taken();
        out.count(taken.rows);
        out.words([taken.last]);
        let defects = taken.defects;
        out.count(defects.time_backwards);
        out.count(defects.bad_level);
        out.count(defects.unterminated_message);
        out.flag(taken.gap_reported);
        let opened = self.started && feed.head().is_some() && self.opens[number].is_none();
        out.flag(opened && self.traded[number]);
        out.maybe(self.last_bars[number].as_ref().map(bar_words));
    }

    fn save_tasks(&self, out: &mut Writer) {
        let tasks = || self.agenda.iter();
        let closes = tasks().filter_map(|(key, task)| match task {
            Task::BarClose { builder } => Some([key.ts, *builder as i64]),
            _ => None,
        });
        let closes: Vec<_> = closes.collect();
        out.count(closes.len() as u64);
        closes.into_iter().for_each(|close| out.words(close));
        out.count(self.timers.len() as u64);
        for (key, task) in tasks() {
            if let Task::Timer { ts, owner, name } = task {
                out.count(key.order);
                out.words([key.ts, *ts]);
                out.text(owner);
                out.text(name);
            }
        }
    }

    /// Become the kernel that a snapshot was taken of: one with the same instruments, feeds and bars,
    /// before its first input. A recorded feed gives the rows from `rows_taken` on. On a failure
    /// nothing has changed.
    ///
    /// # Errors
    /// Bytes that are damaged or of a newer version, or a kernel that is made of something else.
    pub fn restore(&mut self, bytes: &[u8], market: &mut Market) -> Result<(), Failure> {
        if self.started {
            let text = "a kernel is restored before its first input";
            return Err(Failure::State(text.into()));
        }
        let mut reader = Reader::open(bytes, FORMAT)?;
        if reader.bytes()? != self.layout() {
            return Err(Failure::State(
                "the snapshot of the kernel is of other instruments, feeds or bars".into(),
            ));
        }
        let saved = self.read(&mut reader, market)?;
        reader.close()?;
        self.resume(saved, market);
        Ok(())
    }

    /// What a snapshot must agree on.
    fn layout(&self) -> Vec<u8> {
        let mut words: Vec<[i64; 5]> = Vec::new();
        words.push([self.slots.len() as i64, self.feeds.len() as i64, 0, 0, 0]);
        for slot in &self.slots {
            words.push([i64::from(slot.size_scale), 0, 0, 0, 0]);
        }
        let bars = |frame: crate::bars::Timeframe| [frame.unit as i64, frame.count];
        for feed in &self.feeds {
            let [unit, count] = feed.timeframe.map_or([-1, 0], bars);
            let (kind, ix) = (feed.kind as i64, i64::from(feed.instrument));
            words.push([kind, ix, feed.price_type as i64, unit, count]);
        }
        for builder in &self.builders {
            let [unit, count] = bars(builder.bars.timeframe());
            let price_type = builder.bars.price_type() as i64;
            words.push([-1, i64::from(builder.instrument), price_type, unit, count]);
        }
        let words = words.as_flattened().iter();
        words.flat_map(|word| word.to_le_bytes()).collect()
    }

    fn read(&self, reader: &mut Reader<'_>, market: &Market) -> Result<Saved, Failure> {
        let seq = reader.count()?;
        let [now, reached] = reader.words()?;
        let handles = reader.count()?;
        let counts = reader.list(Reader::count)?;
        Ok(Saved {
            seq,
            now,
            reached,
            handles,
            counts: Counts::of(&counts).ok_or_else(|| reader.damaged())?,
            inputs: reader.bytes()?.to_vec(),
            feeds: (self.feeds.iter())
                .map(|feed| read_feed(feed, reader))
                .collect::<Result<_, _>>()?,
            builders: (self.builders.iter())
                .map(|builder| {
                    let price_type = builder.bars.price_type();
                    Ok(SavedBuilder {
                        bars: builder.bars.read(reader)?,
                        complete: reader.list(|reader| read_bar(reader, price_type))?.into(),
                    })
                })
                .collect::<Result<_, Failure>>()?,
            closes: self.read_closes(reader)?,
            timers: reader.list(read_timer)?,
            market: market.read(reader)?,
        })
    }

    fn read_closes(&self, reader: &mut Reader<'_>) -> Result<Vec<[i64; 2]>, Failure> {
        let closes: Vec<[i64; 2]> = reader.list(Reader::words)?;
        let known = |builder: i64| (0..self.builders.len() as i64).contains(&builder);
        match closes.iter().all(|close| known(close[1])) {
            true => Ok(closes),
            false => Err(reader.damaged()),
        }
    }

    fn resume(&mut self, saved: Saved, market: &mut Market) {
        (self.seq, self.now, self.reached) = (saved.seq, saved.now, saved.reached);
        (self.handles, self.counts) = (saved.handles, saved.counts);
        self.recorder = Recorder::default();
        self.recorder.bytes(&saved.inputs);
        self.merge = Merge::default();
        for (number, (feed, saved)) in self.feeds.iter_mut().zip(saved.feeds).enumerate() {
            feed.resume(saved.taken);
            feed.head()
                .into_iter()
                .for_each(|head| self.merge.add(head));
            self.opened[number] = saved.opened;
            self.last_bars[number] = saved.last_bar;
        }
        for (builder, saved) in self.builders.iter_mut().zip(saved.builders) {
            builder.bars.resume(saved.bars);
            builder.complete = saved.complete;
        }
        self.agenda = Agenda::default();
        for [ts, builder] in saved.closes {
            let key = Key {
                ts,
                phase: Phase::BarClose,
                order: builder as u64,
            };
            let builder = builder as usize;
            self.agenda.add(key, Task::BarClose { builder });
        }
        self.timers.clear();
        for timer in saved.timers {
            let key = Key {
                ts: timer.due,
                phase: Phase::Timer,
                order: timer.handle,
            };
            let (ts, owner, name) = (timer.ts, timer.owner, timer.name);
            self.timers.insert(timer.handle, key);
            self.agenda.add(key, Task::Timer { ts, owner, name });
        }
        self.holding = self.agenda.iter().any(|(key, _)| key.ts == HELD);
        market.resume(saved.market);
    }
}

fn read_bar(reader: &mut Reader<'_>, price_type: PriceType) -> Result<Bar, Failure> {
    Ok(bar_of(reader.words()?, price_type))
}

fn read_feed(feed: &Feed, reader: &mut Reader<'_>) -> Result<SavedFeed, Failure> {
    let rows = reader.count()?;
    let [last] = reader.words()?;
    let defects = FeedDefects {
        time_backwards: reader.count()?,
        bad_level: reader.count()?,
        unterminated_message: reader.count()?,
    };
    let taken = Taken {
        rows,
        last,
        defects,
        gap_reported: reader.flag()?,
    };
    Ok(SavedFeed {
        taken,
        opened: reader.flag()?,
        last_bar: reader.maybe()?.map(|words| bar_of(words, feed.price_type)),
    })
}

fn read_timer(reader: &mut Reader<'_>) -> Result<SavedTimer, Failure> {
    let handle = reader.count()?;
    let [due, ts] = reader.words()?;
    Ok(SavedTimer {
        handle,
        due,
        ts,
        owner: reader.text()?.to_owned(),
        name: reader.text()?.to_owned(),
    })
}
