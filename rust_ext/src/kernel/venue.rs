//! The kernel's side of the simulated venues: commands on their way there, reports on their way back.

use super::agenda::Task;
use super::entries::Entries;
use super::{Input, Kernel};
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::merge::{Key, Phase};
use crate::types::{Command, InstrumentIx, Nanos, Report};

/// One venue account, and how far away it is.
pub struct Venue {
    pub exchange: Exchange,
    pub instruments: Vec<InstrumentIx>,
    /// Nanoseconds from the core to the venue.
    pub order_latency: i64,
    /// Nanoseconds from the venue to the core.
    pub report_latency: i64,
    deadline: Option<Key>,
    /// What happened here, where that is asked for.
    pub(super) entries: Option<Entries>,
}

impl Venue {
    pub fn new(
        exchange: Exchange,
        instruments: Vec<InstrumentIx>,
        order_latency: i64,
        report_latency: i64,
    ) -> Self {
        Self {
            exchange,
            instruments,
            order_latency,
            report_latency,
            deadline: None,
            entries: None,
        }
    }

    pub(super) fn forget_deadline(&mut self) {
        self.deadline = None;
    }

    /// Whether the agenda does not show the venue's next deadline.
    #[inline]
    pub(super) fn deadline_moved(&self) -> bool {
        self.exchange.next_deadline() != self.deadline.map(|key| key.ts)
    }
}

impl Kernel {
    /// Send a command to the venue of its instrument, counted from the later of `now` and `reached`.
    /// Inactive venues take none. Without latency it is handled there before
    /// anything else happens; otherwise when it arrives, after the market data of that instant.
    ///
    /// # Errors
    /// When no venue trades the instrument.
    pub fn submit(&mut self, command: Command) -> Result<(), Failure> {
        let ix = command.instrument();
        let slot = self.slot(ix)?;
        if slot.home.is_none() {
            return Err(Failure::Config(format!("no venue trades instrument {ix}")));
        }
        // Inactive venues: nobody takes it.
        let Some(venue) = slot.venue else {
            return Ok(());
        };
        let latency = self.venues[venue].order_latency;
        if latency == 0 {
            self.immediate.push_back((venue, command));
            return Ok(());
        }
        let ts = self.present().saturating_add(latency);
        let key = Key {
            ts,
            phase: Phase::Command,
            order: 0,
        };
        let task = Task::Command { venue, command };
        match self.is_open_at(ts) {
            true => self.agenda.add(key, task),
            false => self.waiting.push((key, task)),
        }
        Ok(())
    }

    #[inline]
    pub(super) fn send_immediate(&mut self) {
        while let Some((venue, command)) = self.immediate.pop_front() {
            self.deliver(venue, self.present(), command);
        }
    }

    pub(super) fn deliver(&mut self, venue: usize, ts: Nanos, command: Command) {
        if let Some(entries) = &mut self.venues[venue].entries {
            entries.arrived(ts, &command);
        }
        self.at_venue(venue, ts, |exchange, out| {
            exchange.on_command(ts, command, out)
        });
    }

    pub(super) fn deadline(&mut self, venue: usize, ts: Nanos) {
        self.venues[venue].deadline = None;
        self.at_venue(venue, ts, |exchange, out| exchange.on_time(ts, out));
    }

    /// Let the venue of an instrument do something, and send out what it reports.
    #[inline]
    pub(super) fn at_venue_of(
        &mut self,
        ix: InstrumentIx,
        ts: Nanos,
        act: impl FnOnce(&mut Exchange, &mut Vec<Report>),
    ) {
        if let Some(venue) = self.slots[ix as usize].venue {
            self.at_venue(venue, ts, act);
        }
    }

    #[inline]
    pub(super) fn at_venue(
        &mut self,
        number: usize,
        ts: Nanos,
        act: impl FnOnce(&mut Exchange, &mut Vec<Report>),
    ) {
        let venue = &mut self.venues[number];
        act(&mut venue.exchange, &mut self.scratch);
        self.after_venue(number, ts);
    }

    /// The venue did something: take its deadline over, and send out what it reports.
    #[inline]
    pub(super) fn after_venue(&mut self, number: usize, ts: Nanos) {
        let venue = &self.venues[number];
        if venue.deadline_moved() {
            self.move_deadline(number, ts, venue.exchange.next_deadline());
        }
        if !self.scratch.is_empty() {
            self.send_reports(number);
        }
    }

    /// A deadline that is due already was handled just now, by the venue itself or as a task.
    fn move_deadline(&mut self, number: usize, ts: Nanos, next: Option<Nanos>) {
        if let Some(old) = self.venues[number].deadline.take() {
            self.agenda.remove(old);
        }
        if let Some(due) = next.filter(|due| *due > ts && self.is_open_at(*due)) {
            let key = Key {
                ts: due,
                phase: Phase::Deadline,
                order: number as u64,
            };
            self.venues[number].deadline = Some(key);
            self.agenda.add(key, Task::Deadline { venue: number });
        }
    }

    fn send_reports(&mut self, number: usize) {
        let (latency, floor) = (self.venues[number].report_latency, self.floor());
        self.venues[number].note_reports(self.now, &self.scratch);
        for report in self.scratch.drain(..) {
            let ts = report.ts().saturating_add(latency).max(floor);
            let key = Key {
                ts,
                phase: Phase::Report,
                order: 0,
            };
            self.agenda.add(
                key,
                Task::Report {
                    venue: number,
                    report,
                },
            );
        }
    }

    pub(super) fn report(&mut self, venue: usize, report: Report, ts: Nanos) -> Input {
        self.counts.report += 1;
        self.sequence(
            ts,
            Input::Report {
                venue,
                report,
                arrived: ts,
            },
        )
    }

    /// End of data: commands still under way arrive, then every venue cancels what works. What they
    /// report are the next and last inputs.
    pub fn finish(&mut self) {
        self.send_immediate();
        let mut ts = self.present();
        let mut commands = self.agenda.take(Phase::Command);
        commands.append(&mut self.waiting);
        for (key, task) in commands {
            if let Task::Command { venue, command } = task {
                ts = ts.max(key.ts);
                self.deliver(venue, ts, command);
            }
        }
        for venue in 0..self.active_venues() {
            self.at_venue(venue, ts, |exchange, out| exchange.on_finish(ts, out));
        }
    }
}
