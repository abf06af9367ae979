//! Every limit, and what of it is used: for people.

use super::check::Latched;
use super::controls::{Control, Holder, Rules};
use super::halts::{Halts, NamedScope, Scope};
use super::limits::{Limit, Limits};
use super::{Names, Risk, World};
use crate::fixed::{decimal_text, plain_text};
use crate::types::{InstrumentIx, Nanos};

/// One control of one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub control: &'static str,
    pub scope: NamedScope,
    pub limit: String,
    /// What of the limit is used now; empty where a control looks at single orders only.
    pub used: String,
    /// `ok`, `off`, `denies`, `halted` or `reduce_only`.
    pub state: &'static str,
    /// Since when it is latched, ns UTC.
    pub since: Option<Nanos>,
}

/// What the rows are made of.
#[derive(Clone, Copy)]
pub struct Viewing<'a> {
    pub names: &'a Names,
    pub rules: &'a Rules,
    pub halts: &'a Halts,
    pub reducing: &'a Halts,
    pub world: &'a dyn World,
    pub now: Nanos,
}

impl Viewing<'_> {
    /// A row of a control that holds nothing back at the moment, unless it has latched its scope.
    pub fn row(&self, control: &'static str, scope: Scope, limit: String, used: String) -> Row {
        let halted = self.halts.latched_by(control, &scope);
        let reducing = self.reducing.latched_by(control, &scope);
        let state = match (halted, reducing) {
            (Some(_), _) => "halted",
            (None, Some(_)) => "reduce_only",
            (None, None) => "ok",
        };
        Row {
            control,
            scope: NamedScope::of(&scope, self.names),
            limit,
            used,
            state,
            since: halted.or(reducing),
        }
    }

    /// A row of a limit, whatever it is.
    pub fn limited<T>(
        &self,
        control: &'static str,
        scope: Scope,
        limit: &Limit<T>,
        text: impl FnOnce(&T) -> String,
        used: String,
    ) -> Row {
        let words = match limit {
            Limit::Units(units) => text(units),
            Limit::Unlimited => "unlimited".to_owned(),
            Limit::Refused(why) => why.clone(),
        };
        let row = self.row(control, scope, words, used);
        let state = match limit {
            Limit::Refused(_) => "denies",
            Limit::Unlimited if row.state == "ok" => "off",
            _ => row.state,
        };
        Row { state, ..row }
    }

    /// A row of a holder's limit; none where the limit is off.
    pub fn held(
        &self,
        name: &'static str,
        control: Control,
        holder: Holder,
        used: String,
    ) -> Option<Row> {
        let controls = &self.rules.controls;
        let limit = &controls.of(holder)[control];
        let text = |units: &i128| controls.text(control, *units);
        let row = self.limited(name, holder.scope(), limit, text, used);
        (*limit != Limit::Unlimited || row.since.is_some()).then_some(row)
    }
}

impl Risk {
    /// Every limit with its use, the checks in their order; then the latches that people called.
    pub fn view(&self, world: &dyn World) -> Vec<Row> {
        let viewing = Viewing {
            names: &self.names,
            rules: &self.rules,
            halts: &self.halts,
            reducing: &self.reducing,
            world,
            now: world.now(),
        };
        let mut rows = Vec::new();
        for (ix, limits) in (0..).zip(&self.rules.limits) {
            instrument_rows(&viewing, ix, limits, &mut rows);
        }
        for check in &self.checks {
            check.rows(&viewing, &mut rows);
        }
        for (latched, state) in [
            (Latched::Halt, "halted"),
            (Latched::ReduceOnly, "reduce_only"),
        ] {
            for latch in self.latched(latched) {
                rows.push(Row {
                    control: state,
                    scope: latch.scope,
                    limit: latch.reason,
                    used: String::new(),
                    state,
                    since: Some(latch.since),
                });
            }
        }
        rows
    }
}

/// The limits of single orders, and the position.
fn instrument_rows(viewing: &Viewing<'_>, ix: InstrumentIx, limits: &Limits, rows: &mut Vec<Row>) {
    let scope = Scope::from((None, Some(ix)));
    let none = String::new;
    let size = |units: &i128| decimal_text(*units, limits.size_scale);
    let bps = |units: &i128| format!("{} bp", plain_text(*units, 6));
    let ms = |units: &i128| format!("{units} ms");
    let orders = |units: &i128| format!("{units} in {} ms", limits.per_ms);
    let worst = worst(viewing.world, ix).map_or_else(none, |units| size(&units));
    let age = viewing.world.data_ts(ix).map_or_else(none, |ts| {
        format!(
            "{} ms",
            viewing.now.saturating_sub(ts) / super::NANOS_PER_MS
        )
    });
    let limited = |name, limit, text: &dyn Fn(&i128) -> String, used| {
        viewing.limited(name, scope, limit, text, used)
    };
    rows.push(limited("price_collar", &limits.collar, &bps, none()));
    let value = &limits.max_order_value;
    rows.push(viewing.limited(
        "max_order_value",
        scope,
        value,
        |b| b.text().to_owned(),
        none(),
    ));
    rows.extend([
        limited(
            "max_order_quantity",
            &limits.max_order_quantity,
            &size,
            none(),
        ),
        limited("max_position", &limits.max_position, &size, worst),
        limited("order_rate", &limits.max_orders, &orders, none()),
        limited("stale_data", &limits.max_data_age, &ms, age),
        limited("duplicate_order", &limits.duplicate, &ms, none()),
    ]);
}

/// The most that the account could hold of an instrument, unsigned.
fn worst(world: &dyn World, ix: InstrumentIx) -> Option<i128> {
    let position = world.position(None, ix);
    let (buying, selling) = world.working(None, ix);
    let (long, short) = (
        position.checked_add(buying)?,
        selling.checked_sub(position)?,
    );
    Some(long.max(short).max(0))
}
