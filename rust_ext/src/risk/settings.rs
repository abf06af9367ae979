//! Limits that are changed while the run goes on.

use super::Risk;
use super::bound::Bound;
use super::controls::{Control, Holder, Rules};
use super::halts::{NamedScope, Scope};
use super::limits::Limit;
use crate::types::InstrumentIx;

const MAX_DIGITS: usize = 38; // below 2^127
const BPS_SCALE: u8 = 6;

/// A limit that was set at run time: a name of the config, whose, and the value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub scope: NamedScope,
    pub value: String,
}

/// Why a limit could not be set; nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetLimitError {
    /// No limit has this name.
    Name(String),
    /// The limit is not one of this scope, or the scope is not in this run.
    Scope(String),
    /// It is no decimal of 0 or more, or `"unlimited"` where that is refused.
    Value(String),
}

impl SetLimitError {
    /// The message for people.
    pub fn text(&self) -> &str {
        match self {
            SetLimitError::Name(text) | SetLimitError::Scope(text) | SetLimitError::Value(text) => {
                text
            }
        }
    }
}

/// A limit of single instruments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Collar,
    OrderValue,
    OrderQuantity,
    Position,
    Orders,
    DataAge,
    Duplicate,
}

impl Own {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "collar" | "max_deviation_bps" => Own::Collar,
            "max_order_value" => Own::OrderValue,
            "max_order_quantity" => Own::OrderQuantity,
            "max_position" => Own::Position,
            "max_orders" => Own::Orders,
            "max_data_age_ms" => Own::DataAge,
            "duplicate_ms" => Own::Duplicate,
            _ => return None,
        })
    }
}

/// A limit of a holder, or one of some instruments.
enum Target {
    Holder(Control, Holder),
    Instruments(Own, Vec<InstrumentIx>),
}

impl Risk {
    /// Sets a limit from now on; `value` is a decimal as in the config, or `unlimited`.
    ///
    /// Limits of single instruments take the scope of one, or of all.
    ///
    /// # Errors
    /// A name, scope or value that is none; nothing has changed then.
    pub fn set_limit(&mut self, setting: Setting) -> Result<(), SetLimitError> {
        let mut rules = self.rules.clone();
        self.apply(&mut rules, &setting)?;
        self.rules = rules;
        let same = |one: &Setting| (&one.name, &one.scope) == (&setting.name, &setting.scope);
        self.settings.retain(|one| !same(one));
        self.settings.push(setting);
        Ok(())
    }

    /// Whether a limit that is set would let more pass than the one in force.
    ///
    /// # Errors
    /// As `set_limit`.
    pub fn is_looser(&self, setting: &Setting) -> Result<bool, SetLimitError> {
        let mut rules = self.rules.clone();
        self.apply(&mut rules, setting)?;
        Ok(match self.target(setting)? {
            Target::Holder(control, holder) => {
                let (new, old) = (rules.controls.of(holder), self.rules.controls.of(holder));
                looser(&new[control], &old[control])
            }
            Target::Instruments(own, all) => all.into_iter().any(|ix| {
                let (new, old) = (rules.of(ix), self.rules.of(ix));
                match own {
                    Own::Collar => looser(&new.collar, &old.collar),
                    Own::OrderValue => looser_value(&new.max_order_value, &old.max_order_value),
                    Own::OrderQuantity => looser(&new.max_order_quantity, &old.max_order_quantity),
                    Own::Position => looser(&new.max_position, &old.max_position),
                    Own::Orders => looser(&new.max_orders, &old.max_orders),
                    Own::DataAge => looser(&new.max_data_age, &old.max_data_age),
                    // The longer it holds, the tighter it is; unlimited is off.
                    Own::Duplicate => match (&new.duplicate, &old.duplicate) {
                        (Limit::Units(new), Limit::Units(old)) => new < old,
                        (new, old) => looser(new, old),
                    },
                }
            }),
        })
    }

    /// What was set at run time and holds, oldest first.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The configured rules with settings on top; what is not in this run is passed over.
    pub(super) fn settled(&self, settings: &[Setting]) -> Rules {
        let mut rules = self.configured.clone();
        for setting in settings {
            let _ = self.apply(&mut rules, setting);
        }
        rules
    }

    fn apply(&self, rules: &mut Rules, setting: &Setting) -> Result<(), SetLimitError> {
        let value = self.number(setting)?;
        match self.target(setting)? {
            Target::Holder(control, holder) => {
                let scale = match control.is_money() {
                    true => rules.controls.money.1,
                    false => 0,
                };
                let limit = value.units(scale);
                rules.controls.of_mut(holder).set(control, limit);
            }
            Target::Instruments(own, all) => {
                for ix in all {
                    let limits = &mut rules.limits[ix as usize];
                    let size = limits.size_scale;
                    match own {
                        Own::Collar => limits.collar = value.units(BPS_SCALE),
                        Own::OrderValue => limits.max_order_value = self.bound(ix, &value),
                        Own::OrderQuantity => limits.max_order_quantity = value.units(size),
                        Own::Position => limits.max_position = value.units(size),
                        Own::Orders => limits.max_orders = value.units(0),
                        Own::DataAge => limits.max_data_age = value.units(0),
                        Own::Duplicate => limits.duplicate = value.units(0),
                    }
                }
            }
        }
        Ok(())
    }

    fn bound(&self, ix: InstrumentIx, value: &Value<'_>) -> Limit<Bound> {
        let Value::Number {
            digits,
            decimals,
            text,
        } = *value
        else {
            return Limit::Unlimited;
        };
        let instrument = &self.instruments[ix as usize];
        let code = &self.codes[usize::from(instrument.settlement)];
        let bottom = 10u128.checked_pow(decimals);
        let bound = bottom
            .and_then(|bottom| Bound::new(instrument, digits, bottom, format!("{text} {code}")));
        bound.map_or_else(Limit::overflow, Limit::Units)
    }

    fn target(&self, setting: &Setting) -> Result<Target, SetLimitError> {
        let Setting { name, scope, .. } = setting;
        let whose = scope.text();
        let numbers = scope.numbers(&self.names);
        let numbers =
            numbers.ok_or_else(|| SetLimitError::Scope(format!("{whose} is not in this run")))?;
        let refuse = || SetLimitError::Scope(format!("{name} is no limit of {whose}"));
        if let Some(own) = Own::of(name) {
            let Scope {
                book: None,
                venue: None,
                instrument,
            } = numbers
            else {
                return Err(refuse());
            };
            let all = || (0..self.rules.limits.len() as InstrumentIx).collect();
            return Ok(Target::Instruments(
                own,
                instrument.map_or_else(all, |ix| vec![ix]),
            ));
        }
        let control = Control::ALL.into_iter().find(|one| one.name() == name);
        let control =
            control.ok_or_else(|| SetLimitError::Name(format!("there is no limit {name}")))?;
        let holder = Holder::of(&numbers).ok_or_else(refuse)?;
        match applies(control, holder) {
            true => Ok(Target::Holder(control, holder)),
            false => Err(refuse()),
        }
    }

    fn number<'a>(&self, setting: &'a Setting) -> Result<Value<'a>, SetLimitError> {
        let text = setting.value.as_str();
        if text == "unlimited" {
            return match self.rules.controls.live {
                true => Err(SetLimitError::Value(super::UNLIMITED_LIVE.to_owned())),
                false => Ok(Value::Unlimited),
            };
        }
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let read = || {
            if !plain(whole) || !plain(decimals) || whole.len() + decimals.len() > MAX_DIGITS {
                return None;
            }
            format!("{whole}{decimals}").parse::<i128>().ok()
        };
        match read() {
            Some(digits) => Ok(Value::Number {
                digits,
                decimals: decimals.len() as u32,
                text,
            }),
            None => {
                let shown: String = text.chars().take(MAX_DIGITS).collect();
                let why = format!("{shown:?} is no plain decimal of 0 or more");
                Err(SetLimitError::Value(why))
            }
        }
    }
}

/// Which limits a holder has.
pub(super) fn applies(control: Control, holder: Holder) -> bool {
    match control {
        Control::GrossExposure | Control::NetExposure => true,
        Control::Messages | Control::Rejects => holder != Holder::Account,
        Control::Executions => matches!(holder, Holder::Strategy(_)),
        Control::DailyLossReduce
        | Control::DailyLossHalt
        | Control::DrawdownReduce
        | Control::DrawdownHalt => !matches!(holder, Holder::Venue(_)),
    }
}

enum Value<'a> {
    Unlimited,
    /// `digits` / 10^`decimals`.
    Number {
        digits: i128,
        decimals: u32,
        text: &'a str,
    },
}

impl Value<'_> {
    /// A limit in units of 10^-`scale`, rounded down: a limit never grows.
    fn units(&self, scale: u8) -> Limit {
        let &Value::Number {
            digits, decimals, ..
        } = self
        else {
            return Limit::Unlimited;
        };
        let scale = u32::from(scale);
        let up = 10i128.checked_pow(scale.saturating_sub(decimals));
        let down = 10i128.checked_pow(decimals.saturating_sub(scale));
        let units = up.and_then(|up| digits.checked_mul(up)?.checked_div(down?));
        units.map_or_else(Limit::overflow, Limit::Units)
    }
}

impl<T> Limit<T> {
    /// Nothing may pass by a limit that does not fit.
    fn overflow() -> Self {
        Limit::Refused(super::NUMERIC_OVERFLOW.to_owned())
    }
}

/// Whether the first lets more pass; by a limit that refuses nothing passes.
fn looser(new: &Limit, old: &Limit) -> bool {
    match (new, old) {
        (Limit::Refused(_), _) | (Limit::Unlimited, Limit::Unlimited) => false,
        (_, Limit::Refused(_)) | (Limit::Unlimited, _) => true,
        (Limit::Units(_), Limit::Unlimited) => false,
        (Limit::Units(new), Limit::Units(old)) => new > old,
    }
}

fn looser_value(new: &Limit<Bound>, old: &Limit<Bound>) -> bool {
    match (new, old) {
        (Limit::Refused(_), _) | (Limit::Unlimited, Limit::Unlimited) => false,
        (_, Limit::Refused(_)) | (Limit::Unlimited, _) => true,
        (Limit::Units(_), Limit::Unlimited) => false,
        (Limit::Units(new), Limit::Units(old)) => new.allows_more(old),
    }
}
