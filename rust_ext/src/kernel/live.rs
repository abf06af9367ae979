//! What a live session does with the kernel: rows are pushed, messages come from outside, and
//! everything is played up to a moment.
//!
//! What was played out is closed: nothing that comes later is stamped at or before that moment. So the
//! order of all inputs is a function of their stamps, and the same rows and messages played in one go,
//! or in other pieces, give the same inputs.

use super::agenda::Task;
use super::numbered::Message;
use super::{Input, Kernel, Step};
use crate::columns::Chunk;
use crate::failure::Failure;
use crate::feed::FeedKind;
use crate::market::Market;
use crate::merge::{Key, Merge, Phase};
use crate::types::Nanos;

/// Where tasks stand that are held back: no moment that is played.
pub(super) const HELD: Nanos = Nanos::MAX;

impl Kernel {
    /// The moment up to which everything was played; `i64::MIN` before the first.
    pub fn reached(&self) -> Nanos {
        self.reached
    }

    /// The present: no earlier than the last input, nor than what was played out.
    pub(super) fn present(&self) -> Nanos {
        self.now.max(self.reached)
    }

    /// The earliest stamp that anything new may have. After the end time stands still.
    pub(super) fn floor(&self) -> Nanos {
        match self.end {
            None => self.now.max(self.reached.saturating_add(1)),
            Some(_) => self.present(),
        }
    }

    /// Everything up to the horizon was played: what is left for it are messages whose number did not
    /// come, because inputs are missing.
    pub(super) fn reach(&mut self) -> Step {
        if let Some(input) = self.take_numbered() {
            return Step::Input(input);
        }
        if self.horizon != Nanos::MAX {
            self.reached = self.reached.max(self.horizon);
        }
        Step::Reached
    }

    /// Nothing is left.
    pub(super) fn stop(&mut self) -> Step {
        self.take_numbered().map_or(Step::End, Step::Input)
    }

    /// The rows are used up: time stands still at the last one. Reports under way still arrive;
    /// timers and deadlines later than this never come, and later commands wait for `finish`.
    pub(super) fn close(&mut self) {
        let end = self.present();
        self.end = Some(end);
        self.waiting = self.agenda.cut(end);
    }

    /// Leave the rows that were not played unplayed: the data ends here.
    pub fn cut(&mut self) {
        self.merge = Merge::default();
        if self.end.is_none() {
            self.close();
        }
    }

    /// Whether something at `ts` can still happen.
    pub(super) fn is_open_at(&self, ts: Nanos) -> bool {
        self.end.is_none_or(|end| ts <= end)
    }

    /// Add rows to a live feed, behind those that wait there. Rows of a moment that was played out
    /// already are stamped with the next one, and counted.
    ///
    /// # Errors
    /// No such feed, a recorded one, a part of a book message, or data that has ended.
    pub fn push(&mut self, number: usize, chunk: Chunk) -> Result<(), Failure> {
        if self.end.is_some() {
            return Err(Failure::Config("rows are pushed after the end".into()));
        }
        let floor = self.floor();
        let Some(feed) = self.feeds.get_mut(number) else {
            return Err(Failure::Config(format!("there is no feed {number}")));
        };
        if feed.push(chunk, floor)? {
            feed.head()
                .into_iter()
                .for_each(|head| self.merge.add(head));
            if self.started && self.feeds[number].kind == FeedKind::Bar {
                self.schedule_bar_open(number);
            }
        }
        Ok(())
    }

    /// The kind of a feed.
    pub fn feed_kind(&self, number: usize) -> Option<FeedKind> {
        self.feeds.get(number).map(|feed| feed.kind)
    }

    /// Rows of a feed that were taken: those at hand and behind it were not.
    pub fn rows_taken(&self, number: usize) -> Option<u64> {
        self.feeds.get(number).map(|feed| feed.rows_taken())
    }

    /// Put a message from outside in its place among the inputs, behind earlier ones of that place: the
    /// token that its input will have. A time that was played out already becomes the next moment.
    pub fn inject(&mut self, ts: Nanos, phase: Phase, encoded: Box<[u8]>) -> u64 {
        self.tokens += 1;
        let key = Key {
            ts: ts.max(self.floor()),
            phase,
            order: 0,
        };
        let token = self.tokens;
        self.agenda.add(key, Task::External { token, encoded });
        token
    }

    /// The same of a message that had its number in the run that is repeated: it is input `seq`, as soon
    /// as all before it came, or when nothing else is left up to the horizon.
    ///
    /// # Errors
    /// A number that was given already, or that another message waits for.
    pub fn inject_numbered(
        &mut self,
        seq: u64,
        ts: Nanos,
        phase: Phase,
        encoded: Box<[u8]>,
    ) -> Result<u64, Failure> {
        self.tokens += 1;
        let token = self.tokens;
        let message = Message {
            ts,
            phase,
            token,
            encoded,
        };
        match seq > self.seq && self.numbered.add(seq, message) {
            true => Ok(token),
            false => Err(Failure::Config(format!(
                "input {seq} came or waits already"
            ))),
        }
    }

    /// The next message with a number of its own, unless it lies behind the horizon.
    pub(super) fn take_numbered(&mut self) -> Option<Input> {
        let message = self.numbered.take(self.horizon)?;
        let key = Key {
            ts: message.ts.max(self.floor()),
            phase: message.phase,
            order: 0,
        };
        Some(self.external(key, message.token, message.encoded))
    }

    pub(super) fn external(&mut self, key: Key, token: u64, encoded: Box<[u8]>) -> Input {
        match key.phase {
            Phase::Report => self.counts.report += 1,
            _ => self.counts.control += 1,
        }
        self.sequence(
            key.ts,
            Input::External {
                token,
                phase: key.phase,
                ts: key.ts,
                encoded,
            },
        )
    }

    /// When the next timer, bar, report or message is due, rows apart.
    pub fn next_task(&self) -> Option<Nanos> {
        self.agenda.first().map(|key| key.ts)
    }

    /// Nobody listened until `ts`: what came due meanwhile comes late, once, in its order. Timers and the
    /// closes of bars wait for `release`, others come then. Venues are inactive, and every row that was
    /// pushed is played.
    pub fn jump(&mut self, ts: Nanos) {
        debug_assert!(!self.venues_active, "a venue does not jump");
        let ts = ts.max(self.floor());
        self.holding = true;
        for (key, task) in self.agenda.before(ts) {
            self.put(Key { ts, ..key }, task);
        }
        self.reached = self.reached.max(ts.saturating_sub(1));
    }

    /// What came due since the jump comes now: whoever hears of it knows what happened meanwhile.
    pub fn release(&mut self) {
        self.holding = false;
        let ts = self.floor();
        let held = self.agenda.at(HELD);
        // Messages with numbers of their own overtake what was due: it was not looked at.
        let overtaken = self.agenda.before(ts);
        for (key, task) in held.into_iter().chain(overtaken) {
            self.put(Key { ts, ..key }, task);
        }
    }

    /// Put a task on the agenda, where it is held back if nobody may hear of it yet.
    pub(super) fn put(&mut self, mut key: Key, task: Task) {
        if self.holds(&task) {
            key.ts = HELD;
        }
        if let Task::Timer { .. } = task {
            self.timers.insert(key.order, key);
        }
        self.agenda.add(key, task);
    }

    /// Whether a task that is due waits for `release`.
    pub(super) fn holds(&self, task: &Task) -> bool {
        self.holding && matches!(task, Task::Timer { .. } | Task::BarClose { .. })
    }

    /// Whether the venues take part. Inactive ones see no market data, get no commands, and nothing
    /// falls due there; what they reported before still arrives. Activated, they are shown the market
    /// as it stands, without matching anything, and let expire what has fallen due.
    pub fn set_venues_active(&mut self, active: bool, market: &Market) {
        if active == self.venues_active {
            return;
        }
        self.venues_active = active;
        for slot in &mut self.slots {
            slot.venue = slot.home.filter(|_| active);
        }
        if active {
            self.show_market(market);
        } else {
            self.forget_venue_tasks();
        }
    }

    /// How many venues take part: all or none.
    pub(super) fn active_venues(&self) -> usize {
        match self.venues_active {
            true => self.venues.len(),
            false => 0,
        }
    }

    fn forget_venue_tasks(&mut self) {
        self.immediate.clear();
        self.waiting.clear();
        self.agenda.take(Phase::Command);
        self.agenda.take(Phase::Deadline);
        for venue in &mut self.venues {
            venue.forget_deadline();
        }
    }

    fn show_market(&mut self, market: &Market) {
        for number in 0..self.venues.len() {
            for place in 0..self.venues[number].instruments.len() {
                let ix = self.venues[number].instruments[place];
                let bars: Vec<_> = (self.feeds.iter().zip(&self.last_bars))
                    .filter(|(feed, _)| feed.instrument == ix)
                    .filter_map(|(_, bar)| *bar)
                    .collect();
                self.venues[number]
                    .exchange
                    .show(ix, &market.view(ix), &bars);
            }
            let ts = self.present();
            self.at_venue(number, ts, |exchange, out| exchange.on_time(ts, out));
        }
    }
}
