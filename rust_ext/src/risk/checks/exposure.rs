//! Gross and net exposure: what everything held and asked for is worth at worst, at the marks.
//!
//! Of the account, of a venue (both as the account holds it) and of a strategy. Each instrument
//! counts with what it may come to when everything fills that works, is unknown or is asked for:
//! for the gross exposure on the side where that is more, unsigned; for the net exposure on the
//! order's side, signed, so that opposite holdings offset each other. Values are quantity x mark x
//! multiplier in the account currency; without a mark or a rate nothing may be added. Orders that
//! can only reduce are left out, and an order that at worst makes its instrument's part no larger is
//! never blocked.

use crate::risk::view::{Row, Viewing};
use crate::risk::{Asked, Check, Control, Holder, Limit, NUMERIC_OVERFLOW, Names, World};
use crate::types::{InstrumentIx, Side};

pub struct Exposure {
    pub net: bool,
}

/// Whose, and when: an order that adds to an instrument on a side.
#[derive(Clone, Copy)]
struct Added {
    ix: InstrumentIx,
    side: Side,
    units: i128,
}

enum Total {
    Units(i128),
    /// The order makes nothing larger.
    NoLarger,
    Unvalued(InstrumentIx),
    Overflow,
}

impl Exposure {
    fn control(&self) -> Control {
        match self.net {
            true => Control::NetExposure,
            false => Control::GrossExposure,
        }
    }

    /// What one instrument comes to at worst, in its units: unsigned, or signed towards the side.
    fn part(
        &self,
        world: &dyn World,
        holder: Holder,
        ix: InstrumentIx,
        side: Side,
    ) -> Option<i128> {
        let book = match holder {
            Holder::Strategy(book) => Some(book),
            Holder::Account | Holder::Venue(_) => None,
        };
        let position = world.position(book, ix);
        let (buying, selling) = world.working(book, ix);
        let long = position.checked_add(buying)?;
        let short = selling.checked_sub(position)?;
        Some(match (self.net, side) {
            (true, Side::Buy) => long,
            (true, Side::Sell) => short,
            (false, _) => long.max(short).max(0),
        })
    }

    fn grown(&self, world: &dyn World, holder: Holder, added: Added) -> Option<(i128, i128)> {
        let Added { ix, side, units } = added;
        let before = self.part(world, holder, ix, side)?;
        let own = Exposure { net: true }.part(world, holder, ix, side)?;
        let after = own.checked_add(units)?;
        Some(match self.net {
            true => (before.max(0), after.max(0)),
            false => (before, before.max(after)),
        })
    }

    fn total(&self, names: &Names, world: &dyn World, holder: Holder, added: Added) -> Total {
        let Some((before, after)) = self.grown(world, holder, added) else {
            return Total::Overflow;
        };
        if after <= before {
            return Total::NoLarger;
        }
        let own = match self.net {
            true => match self.part(world, holder, added.ix, added.side) {
                Some(part) => part + added.units,
                None => return Total::Overflow,
            },
            false => after,
        };
        self.sum(names, world, holder, added.side, Some((added.ix, own)))
    }

    /// Everything of a holder together; one instrument as it is given.
    fn sum(
        &self,
        names: &Names,
        world: &dyn World,
        holder: Holder,
        side: Side,
        given: Option<(InstrumentIx, i128)>,
    ) -> Total {
        let mut total = 0i128;
        for (ix, &venue) in (0..).zip(&names.venue_of) {
            if matches!(holder, Holder::Venue(own) if own != venue) {
                continue;
            }
            let part = match given {
                Some((own, units)) if own == ix => Some(units),
                _ => self.part(world, holder, ix, side),
            };
            let Some(part) = part else {
                return Total::Overflow;
            };
            if part == 0 {
                continue;
            }
            let Some(worth) = world.worth(ix, part) else {
                return Total::Unvalued(ix);
            };
            // A price below zero must not offset what is held elsewhere.
            let worth = if self.net {
                worth
            } else {
                worth.saturating_abs()
            };
            total = match total.checked_add(worth) {
                Some(total) => total,
                None => return Total::Overflow,
            };
        }
        Total::Units(total)
    }

    fn why_of(&self, asked: &Asked<'_>, holder: Holder) -> Option<String> {
        let controls = asked.controls();
        let limit = match &controls.of(holder)[self.control()] {
            Limit::Unlimited => return None,
            Limit::Refused(why) => return Some(why.clone()),
            &Limit::Units(limit) => limit,
        };
        let added = Added {
            ix: asked.instrument(),
            side: asked.side(),
            units: asked.added,
        };
        match self.total(asked.names, asked.world, holder, added) {
            Total::NoLarger => None,
            Total::Units(total) => (total > limit).then(|| {
                format!(
                    "{} could come to {}, allowed are {}",
                    holder.name(asked.names),
                    controls.money_text(total),
                    controls.money_text(limit),
                )
            }),
            Total::Unvalued(ix) => Some(format!(
                "{} has no price, or no rate to {}",
                asked.names.instruments[ix as usize], controls.money.0
            )),
            Total::Overflow => Some(NUMERIC_OVERFLOW.to_owned()),
        }
    }
}

impl Check for Exposure {
    fn name(&self) -> &'static str {
        match self.net {
            true => "net_exposure",
            false => "gross_exposure",
        }
    }

    fn why(&self, asked: &Asked<'_>) -> Option<String> {
        if asked.added <= 0 || asked.order.submit.reduce_only {
            return None;
        }
        let own = Holder::Strategy(asked.order.book);
        [Holder::Account, Holder::Venue(asked.venue()), own]
            .into_iter()
            .find_map(|holder| self.why_of(asked, holder))
    }

    fn rows(&self, viewing: &Viewing<'_>, rows: &mut Vec<Row>) {
        for holder in viewing.rules.controls.holders() {
            let sum = |side| self.sum(viewing.names, viewing.world, holder, side, None);
            let used = match (sum(Side::Buy), sum(Side::Sell)) {
                (Total::Units(long), Total::Units(short)) => {
                    viewing.rules.controls.money_text(long.max(short).max(0))
                }
                _ => "unknown".to_owned(),
            };
            rows.extend(viewing.held(self.name(), self.control(), holder, used));
        }
    }
}
