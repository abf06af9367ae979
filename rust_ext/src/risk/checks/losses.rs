//! Daily loss and drawdown: of the account and of each strategy, in the account currency.
//!
//! Both look at equity (realised and unrealised, after fees) whenever it is sampled: at each fill and
//! on the grid. The daily loss is measured from the last sample before the day began (the first one
//! of all when there is none), the drawdown from the highest sample. More than the first limit
//! latches reduce-only, more than the second halts. A resume of the same scope starts the measure
//! anew, at the next sample.

use super::message_rate::{read_all, write_all};
use crate::ledger::BookIx;
use crate::risk::snapshot::{Reader, SnapshotError, Writer};
use crate::risk::view::{Row, Viewing};
use crate::risk::{
    Asked, Check, Control, Controls, Facts, Hears, Holder, Latched, Names, Rules, Sample, Scope,
    Trip,
};

/// What a loss is measured from.
#[derive(Clone, Copy, Debug)]
struct Measure {
    day: i64,
    from: i128,
    last: i128,
}

pub struct Losses {
    daily: bool,
    /// By book, the account first; None before the first sample.
    books: Vec<Option<Measure>>,
}

impl Losses {
    /// The daily loss.
    pub fn daily(names: &Names) -> Self {
        Self {
            daily: true,
            books: vec![None; names.books.len()],
        }
    }

    /// The drawdown.
    pub fn drawdown(names: &Names) -> Self {
        Self {
            daily: false,
            ..Self::daily(names)
        }
    }

    /// The limits, the tighter latch first.
    fn limits(&self) -> [(Control, Latched); 2] {
        match self.daily {
            true => [
                (Control::DailyLossReduce, Latched::ReduceOnly),
                (Control::DailyLossHalt, Latched::Halt),
            ],
            false => [
                (Control::DrawdownReduce, Latched::ReduceOnly),
                (Control::DrawdownHalt, Latched::Halt),
            ],
        }
    }

    /// The measure after a sample.
    fn moved(&self, before: Option<Measure>, day: i64, equity: i128) -> Measure {
        let from = match before {
            None => equity,
            Some(one) if !self.daily => one.from.max(equity),
            Some(one) if one.day == day => one.from,
            Some(one) => one.last,
        };
        Measure {
            day,
            from,
            last: equity,
        }
    }
}

fn holder(book: BookIx) -> Holder {
    match book {
        0 => Holder::Account,
        _ => Holder::Strategy(book),
    }
}

fn loss(measure: &Measure) -> i128 {
    measure.from.saturating_sub(measure.last)
}

impl Check for Losses {
    fn name(&self) -> &'static str {
        match self.daily {
            true => "daily_loss",
            false => "drawdown",
        }
    }

    fn hears(&self) -> Hears {
        Hears {
            samples: true,
            ..Hears::default()
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        let limits = self.limits();
        let controls = asked.controls();
        let of = |holder: Holder| {
            let all = limits.iter();
            all.copied()
                .find_map(|(control, _)| controls.of(holder)[control].refusal())
        };
        of(Holder::Account).or_else(|| of(Holder::Strategy(asked.order.book)))
    }

    fn sampled(&mut self, sample: Sample<'_>, facts: &Facts<'_>, trips: &mut Vec<Trip>) {
        let controls: &Controls = &facts.rules.controls;
        let day = controls.day.of(sample.now);
        for (book, equity) in (0..).zip(sample.equities) {
            let Some(equity) = *equity else {
                continue;
            };
            let measure = self.moved(self.books[book as usize], day, equity);
            self.books[book as usize] = Some(measure);
            let (holder, lost) = (holder(book), loss(&measure));
            for (control, latched) in self.limits() {
                let limit = controls.of(holder).units(control);
                if let Some(limit) = limit.filter(|&limit| lost > limit) {
                    let (lost, limit) = (controls.money_text(lost), controls.money_text(limit));
                    let reason = format!("{}: {lost}, allowed are {limit}", self.name());
                    trips.push(Trip {
                        latched,
                        scope: holder.scope(),
                        reason,
                    });
                }
            }
        }
    }

    fn rearm(&mut self, scope: &Scope) {
        match Holder::of(scope) {
            Some(Holder::Account) => self.books[0] = None,
            Some(Holder::Strategy(book)) => self.books[book as usize] = None,
            Some(Holder::Venue(_)) | None => {}
        }
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for (book, measure) in (0..).zip(&self.books) {
            let lost = measure.as_ref().map(loss);
            let used = lost.map(|lost| viewing.rules.controls.money_text(lost.max(0)));
            for (control, _) in self.limits() {
                let used = used.clone().unwrap_or_default();
                rows.extend(viewing.held(self.name(), control, holder(book), used));
            }
        }
    }

    fn snapshot(&self, names: &Names, out: &mut Writer) {
        let write = |measure: &Option<Measure>, out: &mut Writer| {
            out.count(usize::from(measure.is_some()));
            if let Some(Measure { day, from, last }) = measure {
                out.nanos(*day);
                out.wide(*from);
                out.wide(*last);
            }
        };
        write_all(&self.books, &names.books, write, out);
    }

    fn restore(
        &mut self,
        names: &Names,
        _rules: &Rules,
        stored: &mut Reader<'_>,
    ) -> Result<(), SnapshotError> {
        self.books = vec![None; names.books.len()];
        let read = |stored: &mut Reader<'_>| {
            if stored.count()? == 0 {
                return Ok(None);
            }
            Ok(Some(Measure {
                day: stored.nanos()?,
                from: stored.wide()?,
                last: stored.wide()?,
            }))
        };
        read_all(&mut self.books, |name| names.book(name), read, stored)
    }
}
