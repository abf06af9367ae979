//! The kernel: feeds, simulated venues, bars, timers and messages from outside as one ordered stream.
//!
//! It is the inlet of every mode. A replay plays recorded feeds to their end; a live session pushes rows
//! and plays up to a moment, again and again (`live`).
//!
//! Everything is ordered by (time, class, feed, row), see `merge::Phase`. A market input goes to its
//! venue first, then into the market state and the bars, then to the core, unless nobody there asked
//! for it: then it is numbered, recorded and counted all the same.

mod agenda;
mod bar_run;
mod bars;
mod burst;
mod counts;
mod entries;
mod input;
mod live;
mod numbered;
mod paper;
mod report;
mod rows;
mod snapshot;
mod timers;
mod venue;

use std::collections::{BTreeMap, VecDeque};

use crate::bars::BarBuilder;
use crate::encode::Recorder;
use crate::failure::Failure;
use crate::feed::{Feed, FeedKind, FeedSpec, Supply};
use crate::market::Market;
use crate::merge::{Key, Merge};
use crate::sessions::Sessions;
use crate::types::{Bar, Command, InstrumentIx, Level, Nanos, Report};

use agenda::{Agenda, Task};
pub use counts::Counts;
pub use entries::EntryNames;
pub use input::{Datum, Input};
use numbered::Numbered;
pub use paper::Kept;
pub use venue::Venue;

/// How far the kernel came.
#[derive(Debug)]
pub enum Step {
    Input(Input),
    /// There is more.
    Pause,
    /// Everything up to the horizon was played; more may come.
    Reached,
    End,
}

/// What the kernel knows of one instrument.
#[derive(Clone, Debug, Default)]
struct Slot {
    /// Whose instrument it is; None while the venues are inactive.
    venue: Option<usize>,
    home: Option<usize>,
    size_scale: u8,
    /// One bit per `FeedKind` that the core does not want to see.
    unwanted: u8,
    /// A quote, trade or book feed exists: its venue does not trade on bars.
    fine: bool,
    has_quotes: bool,
    sessions: Option<Sessions>,
    builders: Vec<usize>,
}

/// A bar builder of one instrument, and bars that are complete but whose class has not come yet.
struct Builder {
    instrument: InstrumentIx,
    bars: BarBuilder,
    complete: VecDeque<Bar>,
}

pub struct Kernel {
    slots: Vec<Slot>,
    venues: Vec<Venue>,
    venues_active: bool,
    feeds: Vec<Feed>,
    /// Per feed of bars: whether the venue trades on them.
    traded: Vec<bool>,
    /// Per feed of bars: where the open of the bar at hand stands on the agenda, until it came.
    opens: Vec<Option<Key>>,
    /// Per feed of bars: the venue has seen the open of the next row, before this kernel went on.
    opened: Vec<bool>,
    /// Per feed of bars that a venue trades on: the last of them.
    last_bars: Vec<Option<Bar>>,
    /// Feeds that rows are pushed to.
    live: usize,
    merge: Merge,
    agenda: Agenda,
    builders: Vec<Builder>,
    /// Commands without latency: at their venue before anything else happens.
    immediate: VecDeque<(usize, Command)>,
    /// Commands that would arrive after the last row.
    waiting: Vec<(Key, Task)>,
    timers: BTreeMap<u64, Key>,
    handles: u64,
    /// Messages from outside so far.
    tokens: u64,
    /// Messages from outside that come at their own sequence numbers.
    numbered: Numbered,
    started: bool,
    /// Time of the last recorded row, once there are no more.
    end: Option<Nanos>,
    seq: u64,
    now: Nanos,
    /// Nothing later is played now.
    horizon: Nanos,
    /// Nothing earlier, and nothing at this moment, can come any more.
    reached: Nanos,
    /// Since a jump: timers and closes of bars wait.
    holding: bool,
    counts: Counts,
    recorder: Recorder,
    levels: Vec<Level>,
    scratch: Vec<Report>,
}

impl Kernel {
    /// `size_scales` has one entry per instrument.
    ///
    /// # Errors
    /// An instrument that belongs to two venues.
    pub fn new(size_scales: &[u8], venues: Vec<Venue>) -> Result<Self, Failure> {
        let mut slots: Vec<Slot> = size_scales
            .iter()
            .map(|&size_scale| Slot {
                size_scale,
                ..Slot::default()
            })
            .collect();
        for (number, venue) in venues.iter().enumerate() {
            for &ix in &venue.instruments {
                let slot = slots.get_mut(ix as usize).ok_or_else(|| unknown(ix))?;
                slot.home = Some(number);
                if slot.venue.replace(number).is_some() {
                    return Err(Failure::Config(format!(
                        "instrument {ix} belongs to two venues"
                    )));
                }
            }
        }
        Ok(Self {
            slots,
            venues,
            venues_active: true,
            feeds: Vec::new(),
            traded: Vec::new(),
            opens: Vec::new(),
            opened: Vec::new(),
            last_bars: Vec::new(),
            live: 0,
            merge: Merge::default(),
            agenda: Agenda::default(),
            builders: Vec::new(),
            immediate: VecDeque::new(),
            waiting: Vec::new(),
            timers: BTreeMap::new(),
            handles: 0,
            tokens: 0,
            numbered: Numbered::default(),
            started: false,
            end: None,
            seq: 0,
            now: Nanos::MIN,
            horizon: Nanos::MAX,
            reached: Nanos::MIN,
            holding: false,
            counts: Counts::default(),
            recorder: Recorder::default(),
            levels: Vec::new(),
            scratch: Vec::new(),
        })
    }

    fn slot(&mut self, ix: InstrumentIx) -> Result<&mut Slot, Failure> {
        self.slots.get_mut(ix as usize).ok_or_else(|| unknown(ix))
    }

    /// Sequence number of the last input.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Time of the last input; `i64::MIN` before the first.
    pub fn now(&self) -> Nanos {
        self.now
    }

    /// Levels of the book message that `advance` returned last.
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    pub fn venues(&self) -> &[Venue] {
        &self.venues
    }

    /// Where the clock stands before the first input (else `i64::MIN`): rows received earlier are
    /// stamped with it, and counted.
    ///
    /// # Errors
    /// When there are feeds already.
    pub fn set_clock(&mut self, ts: Nanos) -> Result<(), Failure> {
        if !self.feeds.is_empty() {
            return Err(Failure::Config(
                "the clock is set before feeds are added".into(),
            ));
        }
        self.now = ts;
        Ok(())
    }

    /// Add a feed; its place among the feeds, which is returned, breaks ties of time.
    ///
    /// # Errors
    /// When the run has begun, a bar feed has no time frame, or the first chunk cannot be read.
    pub fn add_feed(&mut self, spec: FeedSpec, supply: Supply) -> Result<usize, Failure> {
        if self.started {
            return Err(Failure::Config(
                "feeds are added before the first input is taken".into(),
            ));
        }
        let kind = spec.kind;
        if (kind == FeedKind::Bar) != spec.bar.is_some() {
            let needs = if spec.bar.is_some() {
                "has no"
            } else {
                "needs a"
            };
            let text = format!(
                "a feed of kind {} {needs} time frame and price type",
                kind.name()
            );
            return Err(Failure::Config(text));
        }
        let slot = self.slot(spec.instrument)?;
        slot.fine |= matches!(kind, FeedKind::Quote | FeedKind::Trade | FeedKind::Book);
        slot.has_quotes |= kind == FeedKind::Quote;
        let number = self.feeds.len();
        self.live += usize::from(matches!(supply, Supply::Live(_)));
        let feed = Feed::new(spec, number as u64, self.now, supply)?;
        if let Some(head) = feed.head() {
            self.merge.add(head);
        }
        self.feeds.push(feed);
        self.traded.push(false);
        self.opens.push(None);
        self.opened.push(false);
        self.last_bars.push(None);
        Ok(number)
    }

    /// Whether `advance` returns market data of this kind. All of it is wanted at first.
    pub fn set_interest(
        &mut self,
        kind: FeedKind,
        ix: InstrumentIx,
        wanted: bool,
    ) -> Result<(), Failure> {
        let slot = self.slot(ix)?;
        let bit = 1 << kind as u8;
        slot.unwanted = if wanted {
            slot.unwanted & !bit
        } else {
            slot.unwanted | bit
        };
        Ok(())
    }

    #[inline]
    fn wants(&self, kind: FeedKind, ix: InstrumentIx) -> bool {
        self.slots[ix as usize].unwanted & (1 << kind as u8) == 0
    }

    /// The next input that the core wants; None when nothing is left.
    pub fn advance(&mut self, market: &mut Market) -> Result<Option<Input>, Failure> {
        loop {
            match self.advance_within(market, usize::MAX, Nanos::MAX)? {
                Step::Input(input) => return Ok(Some(input)),
                Step::End | Step::Reached => return Ok(None),
                Step::Pause => {}
            }
        }
    }

    /// As `advance`, but pause after about `most` events that the core does not want, and stop where
    /// everything is later than `horizon`.
    pub fn advance_within(
        &mut self,
        market: &mut Market,
        most: usize,
        horizon: Nanos,
    ) -> Result<Step, Failure> {
        if !self.started {
            self.prepare();
        }
        self.horizon = horizon;
        let mut left = most;
        while left > 0 {
            self.send_immediate();
            let room = self.numbered.room(self.seq);
            if room == 0
                && let Some(input) = self.take_numbered()
            {
                return Ok(Step::Input(input));
            }
            let row = self.merge.first();
            let task = self.agenda.first();
            let input = match (row, task) {
                (Some(row), task) if task.is_none_or(|task| row < task) => {
                    if row.ts > horizon {
                        return Ok(self.reach());
                    }
                    let most = left.min(usize::try_from(room).unwrap_or(left)).max(1);
                    let (taken, woke) = self.burst(row, most, market)?;
                    if let Some(input) = woke {
                        return Ok(Step::Input(input));
                    }
                    if taken > 0 {
                        left -= taken;
                        continue;
                    }
                    self.take_row(row, market)?
                }
                (None, _) if self.end.is_none() && self.live == 0 && !self.feeds.is_empty() => {
                    self.close();
                    None
                }
                (None, None) if self.end.is_some() || self.live == 0 => return Ok(self.stop()),
                (_, task) if task.is_none_or(|task| task.ts > horizon) => return Ok(self.reach()),
                _ => self.take_task(market)?,
            };
            if let Some(input) = input {
                return Ok(Step::Input(input));
            }
            left -= 1;
        }
        Ok(Step::Pause)
    }

    /// The first moment of the replay: which bars venues trade on, and when they open.
    fn prepare(&mut self) {
        self.started = true;
        for feed in 0..self.feeds.len() {
            self.traded[feed] = self.is_traded(feed);
            self.schedule_bar_open(feed);
        }
    }

    fn take_task(&mut self, market: &mut Market) -> Result<Option<Input>, Failure> {
        let Some((key, task)) = self.agenda.pop() else {
            return Ok(None);
        };
        if self.holds(&task) {
            self.put(key, task);
            return Ok(None);
        }
        match task {
            Task::Deadline { venue } => self.deadline(venue, key.ts),
            Task::Command { venue, command } => self.deliver(venue, key.ts, command),
            Task::BarOpen { feed } => self.bar_open(feed, key.ts),
            Task::BarClose { builder } => return Ok(self.bar_close(builder, key.ts, market)),
            Task::Report { venue, report } => return Ok(Some(self.report(venue, report, key.ts))),
            Task::Timer { ts, owner, name } => {
                return Ok(Some(self.timer(key, ts, owner, name)));
            }
            Task::External { token, encoded } => {
                return Ok(Some(self.external(key, token, encoded)));
            }
        }
        Ok(None)
    }

    /// Give an input its number and put it on record.
    #[inline]
    fn sequence(&mut self, ts: Nanos, input: Input) -> Input {
        debug_assert!(ts >= self.now, "time stepped back");
        self.now = ts;
        self.seq += 1;
        input::record(&mut self.recorder, self.seq, &input, &self.levels);
        input
    }

    /// Digest of every input so far.
    pub fn digest(&self) -> [u8; 32] {
        self.recorder.digest()
    }

    /// Everything counted so far: inputs by kind, and defects.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        self.feeds
            .iter()
            .for_each(|feed| counts.add_feed(&feed.defects));
        counts.outside_session = self.builders.iter().map(|b| b.bars.outside()).sum();
        counts
    }
}

fn unknown(ix: InstrumentIx) -> Failure {
    Failure::Config(format!("there is no instrument with index {ix}"))
}
