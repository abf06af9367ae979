//! Interests: what wakes a strategy, decided without entering Python.
//!
//! The market's state tells each update to the watch of its instrument: bars to the indicators attached
//! to them and the lines that may have crossed, quotes to those who asked for some of them only, prices
//! to those who wait for a level. What fires is kept in order until it is taken, before the next
//! update. Live and replay update the same market, so both fire the same.

use crate::bars::Timeframe;
use crate::directory::Symbol;
use crate::indicators::cross::Cross;
use crate::indicators::{Candle, Shared, number};
use crate::ledger::BookIx;
use crate::types::{Bar, InstrumentIx, Nanos, PriceType, Quote, UNDEFINED};

/// What fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The book of the strategy that asked for it.
    pub book: BookIx,
    pub instrument: InstrumentIx,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Lines crossed, or a price reached its level from the other side.
    Crossed { name: Symbol, above: bool },
    /// A quote that its throttle let through.
    Quote,
}

/// Indicators and lines of one kind of bars.
#[derive(Clone)]
struct Bars {
    timeframe: Timeframe,
    price_type: PriceType,
    indicators: Vec<(BookIx, Shared)>,
    lines: Vec<(BookIx, Symbol, Cross)>,
}

/// Lets through a quote when enough time has passed and the mid has moved enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    book: BookIx,
    every: i64,
    /// Twice the distance in price units, because a mid may lie between two.
    doubled_move: i64,
    /// Time and doubled mid of the last quote that passed.
    last: Option<(Nanos, i128)>,
}

/// A price that somebody waits for, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub book: BookIx,
    pub name: Symbol,
    pub units: i64,
    /// Whether the price was at or above the level when it was set; None before there is a price.
    pub above: Option<bool>,
}

#[derive(Clone, Default)]
struct Slot {
    price_scale: u8,
    size_scale: u8,
    bars: Vec<Bars>,
    throttles: Vec<Throttle>,
    levels: Vec<Level>,
}

/// Everything that strategies wait for, in the order of their books: so a strategy that is taken out and
/// put back hears of things in the same turn as before.
#[derive(Clone, Default)]
pub struct Watch {
    slots: Vec<Slot>,
    fired: Vec<Fired>,
}

impl Watch {
    /// `scales` are price and size scale of each instrument.
    pub fn new(scales: impl Iterator<Item = (u8, u8)>) -> Self {
        let slot = |(price_scale, size_scale)| Slot {
            price_scale,
            size_scale,
            ..Slot::default()
        };
        Self {
            slots: scales.map(slot).collect(),
            fired: Vec::new(),
        }
    }

    /// Update an indicator with these bars, from the next one on; false when it is attached already,
    /// to whatever bars: fed twice a bar it would be wrong.
    pub fn attach(
        &mut self,
        ix: InstrumentIx,
        timeframe: Timeframe,
        price_type: PriceType,
        (book, indicator): (BookIx, Shared),
    ) -> bool {
        let mut all = self.slots.iter().flat_map(|slot| &slot.bars);
        if all.any(|bars| bars.indicators.iter().any(|one| one.1.is(&indicator))) {
            return false;
        }
        let bars = self.bars(ix, timeframe, price_type);
        bars.indicators.push((book, indicator));
        true
    }

    /// Tell when two lines cross, evaluated after each of these bars.
    pub fn cross(
        &mut self,
        ix: InstrumentIx,
        timeframe: Timeframe,
        price_type: PriceType,
        owner: (BookIx, Symbol),
        cross: Cross,
    ) {
        let line = (owner.0, owner.1, cross);
        let lines = &mut self.bars(ix, timeframe, price_type).lines;
        insert(lines, line, |line| line.0);
    }

    /// Let some quotes through: `every` nanoseconds at most one, and only after the mid has moved by
    /// `distance` price units.
    pub fn throttle(&mut self, ix: InstrumentIx, book: BookIx, every: i64, distance: i64) {
        let throttle = Throttle {
            book,
            every,
            doubled_move: distance.saturating_mul(2),
            last: None,
        };
        insert(&mut self.slots[ix as usize].throttles, throttle, |one| {
            one.book
        });
    }

    /// Tell once when the price reaches a level from where it is, `doubled` when there is one;
    /// replaces the same name.
    pub fn wait_for(
        &mut self,
        ix: InstrumentIx,
        (book, name): (BookIx, Symbol),
        units: i64,
        doubled: Option<i128>,
    ) {
        self.forget(ix, book, name);
        let level = Level {
            book,
            name,
            units,
            above: doubled.map(|price| price >= 2 * i128::from(units)),
        };
        insert(&mut self.slots[ix as usize].levels, level, |one| one.book);
    }

    /// Wait no more for a level.
    pub fn forget(&mut self, ix: InstrumentIx, book: BookIx, name: Symbol) {
        let levels = &mut self.slots[ix as usize].levels;
        levels.retain(|level| (level.book, level.name) != (book, name));
    }

    /// Forget everything that a strategy declared.
    pub fn release(&mut self, book: BookIx) {
        for slot in &mut self.slots {
            for bars in &mut slot.bars {
                bars.indicators.retain(|one| one.0 != book);
                bars.lines.retain(|line| line.0 != book);
            }
            slot.throttles.retain(|one| one.book != book);
            slot.levels.retain(|level| level.book != book);
        }
    }

    fn bars(&mut self, ix: InstrumentIx, timeframe: Timeframe, price_type: PriceType) -> &mut Bars {
        let all = &mut self.slots[ix as usize].bars;
        let known = all
            .iter()
            .position(|b| b.timeframe == timeframe && b.price_type == price_type);
        let place = known.unwrap_or_else(|| {
            all.push(Bars {
                timeframe,
                price_type,
                indicators: Vec::new(),
                lines: Vec::new(),
            });
            all.len() - 1
        });
        &mut all[place]
    }

    /// Whether quotes of an instrument may fire something.
    #[inline]
    pub fn sees_quotes(&self, ix: InstrumentIx) -> bool {
        let slot = &self.slots[ix as usize];
        !slot.throttles.is_empty() || !slot.levels.is_empty()
    }

    /// Whether trades of an instrument may fire something.
    #[inline]
    pub fn sees_trades(&self, ix: InstrumentIx) -> bool {
        !self.slots[ix as usize].levels.is_empty()
    }

    /// A bar closed.
    #[inline]
    pub fn on_bar(&mut self, ix: InstrumentIx, timeframe: Timeframe, bar: &Bar) {
        let Self { slots, fired } = self;
        let slot = &mut slots[ix as usize];
        let (price, size) = (slot.price_scale, slot.size_scale);
        let mut same = slot.bars.iter_mut();
        let Some(watched) =
            same.find(|b| b.timeframe == timeframe && b.price_type == bar.price_type)
        else {
            return;
        };
        let candle = candle(bar, price, size);
        for (_, indicator) in &watched.indicators {
            indicator.lock().update(&candle);
        }
        for (book, name, cross) in &mut watched.lines {
            if let Some(above) = cross.evaluate(&candle) {
                fired.push(Fired {
                    book: *book,
                    instrument: ix,
                    what: What::Crossed { name: *name, above },
                });
            }
        }
    }

    /// A quote came.
    #[inline]
    pub fn on_quote(&mut self, ix: InstrumentIx, quote: &Quote) {
        if !self.sees_quotes(ix) || quote.bid == UNDEFINED || quote.ask == UNDEFINED {
            return;
        }
        let doubled = i128::from(quote.bid) + i128::from(quote.ask);
        let Self { slots, fired } = self;
        let slot = &mut slots[ix as usize];
        for throttle in &mut slot.throttles {
            if throttle.passes(quote.ts_received, doubled) {
                fired.push(Fired {
                    book: throttle.book,
                    instrument: ix,
                    what: What::Quote,
                });
            }
        }
        reach(&mut slot.levels, ix, doubled, fired);
    }

    /// A trade came of an instrument that has no quotes: those are what levels are compared with.
    #[inline]
    pub fn on_trade(&mut self, ix: InstrumentIx, price: i64) {
        let Self { slots, fired } = self;
        let levels = &mut slots[ix as usize].levels;
        reach(levels, ix, 2 * i128::from(price), fired);
    }

    /// Whether the last update fired something.
    #[inline]
    pub fn has_fired(&self) -> bool {
        !self.fired.is_empty()
    }

    /// What fired, in order; it is told once.
    pub fn take_fired(&mut self) -> Vec<Fired> {
        std::mem::take(&mut self.fired)
    }

    /// What a strategy's interests remember: sides of lines, last quotes of throttles, levels.
    pub fn memory(&self, book: BookIx) -> Memory {
        let mut memory = Memory::default();
        for (ix, slot) in (0..).zip(&self.slots) {
            for (owner, _, cross) in slot.bars.iter().flat_map(|bars| &bars.lines) {
                if *owner == book {
                    memory.lines.push(cross.above());
                }
            }
            let own = slot.throttles.iter().filter(|one| one.book == book);
            memory.throttles.extend(own.map(|one| one.last));
            let own = slot.levels.iter().filter(|one| one.book == book);
            memory.levels.extend(own.map(|one| (ix, *one)));
        }
        memory
    }

    /// Remember what `memory` gave for a strategy that declared the same; false when it did not.
    pub fn remember(&mut self, book: BookIx, memory: Memory) -> bool {
        let now = self.memory(book);
        if (now.lines.len(), now.throttles.len()) != (memory.lines.len(), memory.throttles.len()) {
            return false;
        }
        let mut lines = memory.lines.into_iter();
        let mut throttles = memory.throttles.into_iter();
        for slot in &mut self.slots {
            for (owner, _, cross) in slot.bars.iter_mut().flat_map(|bars| &mut bars.lines) {
                if *owner == book
                    && let Some(above) = lines.next()
                {
                    cross.set_above(above);
                }
            }
            for throttle in slot.throttles.iter_mut().filter(|one| one.book == book) {
                throttle.last = throttles.next().flatten();
            }
            slot.levels.retain(|level| level.book != book);
        }
        for (ix, level) in memory.levels {
            insert(&mut self.slots[ix as usize].levels, level, |one| one.book);
        }
        true
    }
}

/// What the interests of one strategy remember.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    pub lines: Vec<Option<bool>>,
    pub throttles: Vec<Option<(Nanos, i128)>>,
    pub levels: Vec<(InstrumentIx, Level)>,
}

impl Throttle {
    fn passes(&mut self, ts: Nanos, doubled: i128) -> bool {
        if let Some((then, before)) = self.last {
            let still = (doubled - before).abs() < i128::from(self.doubled_move);
            if still || ts.saturating_sub(then) < self.every {
                return false;
            }
        }
        self.last = Some((ts, doubled));
        true
    }
}

/// Put an item behind those of its book and the books before.
fn insert<T>(items: &mut Vec<T>, item: T, book: impl Fn(&T) -> BookIx) {
    let place = items.partition_point(|one| book(one) <= book(&item));
    items.insert(place, item);
}

/// Compare a doubled price with the levels; a level that is reached is gone.
fn reach(levels: &mut Vec<Level>, ix: InstrumentIx, doubled: i128, fired: &mut Vec<Fired>) {
    levels.retain_mut(|level| {
        let units = 2 * i128::from(level.units);
        match level.above {
            None => {
                level.above = Some(doubled > units);
                doubled != units || level.fire(ix, true, fired)
            }
            Some(true) => doubled > units || level.fire(ix, false, fired),
            Some(false) => doubled < units || level.fire(ix, true, fired),
        }
    });
}

impl Level {
    /// Always false: the level is not kept.
    fn fire(&self, ix: InstrumentIx, above: bool, fired: &mut Vec<Fired>) -> bool {
        fired.push(Fired {
            book: self.book,
            instrument: ix,
            what: What::Crossed {
                name: self.name,
                above,
            },
        });
        false
    }
}

/// The prices of a bar as indicators take them.
fn candle(bar: &Bar, price_scale: u8, size_scale: u8) -> Candle {
    let price = |units| number(units, price_scale);
    Candle {
        ts_open: bar.ts_open,
        open: price(bar.open),
        high: price(bar.high),
        low: price(bar.low),
        close: price(bar.close),
        volume: match bar.volume {
            UNDEFINED => f64::NAN,
            units => number(units, size_scale),
        },
    }
}
