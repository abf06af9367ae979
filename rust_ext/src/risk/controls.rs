//! Limits that concern more than one instrument: of the account, of each strategy, of each venue.

use std::ops::Index;

use super::halts::{Scope, VenueIx};
use super::limits::{Limit, Limits};
use super::{NANOS_PER_MS, Names};
use crate::fixed::decimal_text;
use crate::ledger::BookIx;
use crate::types::{InstrumentIx, Nanos};

const DAY: Nanos = 86_400_000 * NANOS_PER_MS;

/// What a limit of a holder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    GrossExposure,
    NetExposure,
    Messages,
    Executions,
    Rejects,
    DailyLossReduce,
    DailyLossHalt,
    DrawdownReduce,
    DrawdownHalt,
}

impl Control {
    pub const ALL: [Control; 9] = [
        Control::GrossExposure,
        Control::NetExposure,
        Control::Messages,
        Control::Executions,
        Control::Rejects,
        Control::DailyLossReduce,
        Control::DailyLossHalt,
        Control::DrawdownReduce,
        Control::DrawdownHalt,
    ];

    /// The key in the config.
    pub fn name(self) -> &'static str {
        match self {
            Control::GrossExposure => "max_gross_exposure",
            Control::NetExposure => "max_net_exposure",
            Control::Messages => "max_messages",
            Control::Executions => "max_executions",
            Control::Rejects => "max_rejects",
            Control::DailyLossReduce => "daily_loss_reduce",
            Control::DailyLossHalt => "daily_loss_halt",
            Control::DrawdownReduce => "drawdown_reduce",
            Control::DrawdownHalt => "drawdown_halt",
        }
    }

    /// Whether it counts units of the account currency.
    pub fn is_money(self) -> bool {
        !matches!(
            self,
            Control::Messages | Control::Executions | Control::Rejects
        )
    }
}

/// Who a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Account,
    Strategy(BookIx),
    Venue(VenueIx),
}

impl Holder {
    /// What a latch of this holder holds.
    pub fn scope(self) -> Scope {
        match self {
            Holder::Account => Scope::default(),
            Holder::Strategy(book) => Scope::strategy(book),
            Holder::Venue(venue) => Scope::venue(venue),
        }
    }

    /// The holder that a scope names, if it names one.
    pub fn of(scope: &Scope) -> Option<Self> {
        match (scope.book, scope.venue, scope.instrument) {
            (None, None, None) => Some(Holder::Account),
            (Some(book), None, None) => Some(Holder::Strategy(book)),
            (None, Some(venue), None) => Some(Holder::Venue(venue)),
            _ => None,
        }
    }

    /// As people read it.
    pub fn name(self, names: &Names) -> &str {
        match self {
            Holder::Account => "the account",
            Holder::Strategy(book) => &names.books[book as usize],
            Holder::Venue(venue) => &names.venues[venue as usize],
        }
    }
}

/// The limits of one holder; `default()` holds nothing back.
#[derive(Clone, Debug, PartialEq)]
pub struct HolderLimits {
    limits: [Limit; Control::ALL.len()],
    /// Windows, in milliseconds.
    pub messages_ms: i64,
    pub executions_ms: i64,
}

impl Default for HolderLimits {
    fn default() -> Self {
        Self {
            limits: [const { Limit::Unlimited }; Control::ALL.len()],
            messages_ms: 60_000,
            executions_ms: 60_000,
        }
    }
}

impl Index<Control> for HolderLimits {
    type Output = Limit;

    #[inline]
    fn index(&self, control: Control) -> &Limit {
        &self.limits[control as usize]
    }
}

impl HolderLimits {
    pub fn set(&mut self, control: Control, limit: Limit) {
        self.limits[control as usize] = limit;
    }

    /// The number of a limit, if it is one.
    #[inline]
    pub fn units(&self, control: Control) -> Option<i128> {
        match self[control] {
            Limit::Units(units) => Some(units),
            Limit::Unlimited | Limit::Refused(_) => None,
        }
    }

    /// Whether losses are limited.
    fn watches_losses(&self) -> bool {
        let losses = [
            Control::DailyLossReduce,
            Control::DailyLossHalt,
            Control::DrawdownReduce,
            Control::DrawdownHalt,
        ];
        losses.iter().any(|&one| self.units(one).is_some())
    }
}

/// When a day ends: at a time of a clock whose distance from UTC changes now and then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Nanoseconds after the clock's midnight.
    pub starts: Nanos,
    /// (from when, ns UTC; what the clock shows less UTC), by time.
    pub offsets: Vec<(Nanos, Nanos)>,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            starts: 0,
            offsets: vec![(Nanos::MIN, 0)],
        }
    }
}

impl Day {
    /// The number of the day that a moment belongs to.
    pub fn of(&self, now: Nanos) -> i64 {
        let place = self.offsets.partition_point(|&(from, _)| from <= now);
        let offset = place.checked_sub(1).map_or(0, |at| self.offsets[at].1);
        now.saturating_add(offset - self.starts).div_euclid(DAY)
    }
}

/// Limits beyond those of single instruments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Controls {
    pub account: HolderLimits,
    /// By book; the first is nobody's.
    pub strategies: Vec<HolderLimits>,
    pub venues: Vec<HolderLimits>,
    /// Code and scale of the account currency.
    pub money: (String, u8),
    pub day: Day,
    /// Whether `"unlimited"` is refused.
    pub live: bool,
}

impl Controls {
    /// Fills up the lists of holders with limits that hold nothing back.
    pub fn complete(&mut self, names: &Names) {
        let none = HolderLimits::default;
        self.strategies.resize_with(names.books.len(), none);
        self.venues.resize_with(names.venues.len(), none);
    }

    #[inline]
    pub fn of(&self, holder: Holder) -> &HolderLimits {
        match holder {
            Holder::Account => &self.account,
            Holder::Strategy(book) => &self.strategies[book as usize],
            Holder::Venue(venue) => &self.venues[venue as usize],
        }
    }

    pub fn of_mut(&mut self, holder: Holder) -> &mut HolderLimits {
        match holder {
            Holder::Account => &mut self.account,
            Holder::Strategy(book) => &mut self.strategies[book as usize],
            Holder::Venue(venue) => &mut self.venues[venue as usize],
        }
    }

    /// Whether the losses of a strategy's book are limited.
    pub fn watches(&self, book: BookIx) -> bool {
        self.strategies[book as usize].watches_losses()
    }

    /// An amount of the account currency as people read it.
    pub fn money_text(&self, units: i128) -> String {
        let (code, scale) = &self.money;
        format!("{} {code}", decimal_text(units, *scale))
    }

    /// A limit of a holder as people read it.
    pub fn text(&self, control: Control, units: i128) -> String {
        match control.is_money() {
            true => self.money_text(units),
            false => units.to_string(),
        }
    }

    /// Every holder: the account, the strategies, the venues.
    pub fn holders(&self) -> impl Iterator<Item = Holder> + use<> {
        let strategies = (1..self.strategies.len() as BookIx).map(Holder::Strategy);
        let venues = (0..self.venues.len() as VenueIx).map(Holder::Venue);
        std::iter::once(Holder::Account)
            .chain(strategies)
            .chain(venues)
    }
}

/// All limits of a run.
#[derive(Clone, Debug)]
pub struct Rules {
    /// By instrument.
    pub limits: Vec<Limits>,
    pub controls: Controls,
}

impl Rules {
    #[inline]
    pub fn of(&self, ix: InstrumentIx) -> &Limits {
        &self.limits[ix as usize]
    }
}
