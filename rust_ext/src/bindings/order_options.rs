//! The options of an order as a strategy writes them.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyDict;

use super::names::{Names, raise};
use super::order_messages::order_id;
use crate::types::{OrderType, TimeInForce, TriggerSource};

/// What the options of an order say.
#[derive(Default)]
pub struct Options<'py> {
    pub limit: Option<Bound<'py, PyAny>>,
    pub stop: Option<Bound<'py, PyAny>>,
    pub take_profit: Option<Bound<'py, PyAny>>,
    pub trail: Option<Bound<'py, PyAny>>,
    pub trail_bps: Option<i64>,
    pub trigger_source: Option<TriggerSource>,
    pub time_in_force: Option<TimeInForce>,
    pub expire: Option<i64>,
    pub post_only: bool,
    pub reduce_only: bool,
    pub parent: Option<u128>,
    pub oco_group: Option<Bound<'py, PyAny>>,
    pub position: Option<Bound<'py, PyAny>>,
    pub tag: Option<Bound<'py, PyAny>>,
}

impl<'py> Options<'py> {
    pub fn read(n: &Names, given: &Bound<'py, PyDict>) -> PyResult<Self> {
        let mut options = Self::default();
        for (name, value) in given.iter() {
            let name: PyBackedStr = name.extract()?;
            if value.is_none() {
                continue;
            }
            match &*name {
                "limit" => options.limit = Some(value),
                "stop" => options.stop = Some(value),
                "take_profit" => options.take_profit = Some(value),
                "trail" => options.trail = Some(value),
                "trail_bps" => options.trail_bps = Some(whole(&name, &value)?),
                "trigger_source" => options.trigger_source = Some(n.trigger_source.value(&value)?),
                "time_in_force" => options.time_in_force = Some(n.time_in_force.value(&value)?),
                "expire_ts" => options.expire = Some(whole(&name, &value)?),
                "post_only" => options.post_only = value.is_truthy()?,
                "reduce_only" => options.reduce_only = value.is_truthy()?,
                "parent" => options.parent = Some(parent(&value)?),
                "oco_group" => options.oco_group = Some(value),
                "position" => options.position = Some(value),
                "tag" => options.tag = Some(value),
                unknown => {
                    let text = format!("an order has no option {unknown:?}");
                    return Err(raise(given.py(), |n| &n.strategy_error, text));
                }
            }
        }
        Ok(options)
    }

    /// The type that the given prices mean.
    pub fn order_type(&self, py: Python<'_>) -> PyResult<OrderType> {
        let refuse = |text: &str| Err(raise(py, |n| &n.strategy_error, text));
        let trails = self.trail.is_some() || self.trail_bps.is_some();
        let triggers = [self.stop.is_some(), self.take_profit.is_some(), trails];
        let several = triggers.iter().filter(|given| **given).count() > 1;
        if several || (self.trail.is_some() && self.trail_bps.is_some()) {
            return refuse("an order has one of stop, take_profit, trail and trail_bps");
        }
        let limited = self.limit.is_some();
        if trails {
            return match limited {
                true => refuse("a trailing stop takes no limit"),
                false => Ok(OrderType::TrailingStop),
            };
        }
        Ok(match (triggers, limited) {
            ([true, ..], true) => OrderType::StopLimit,
            ([true, ..], false) => OrderType::Stop,
            ([_, true, _], true) => OrderType::TakeProfitLimit,
            ([_, true, _], false) => OrderType::TakeProfit,
            (_, true) => OrderType::Limit,
            (_, false) => OrderType::Market,
        })
    }
}

/// An option that is an integer of 64 bits.
fn whole(name: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let py = value.py();
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(py) {
            let text = format!("{name} {value} does not fit 64 bits");
            return raise(py, |n| &n.numeric_overflow, text);
        }
        error
    })
}

/// The order that this one waits for.
fn parent(value: &Bound<'_, PyAny>) -> PyResult<u128> {
    let py = value.py();
    order_id(value).map_err(|error| {
        if error.is_instance_of::<PyValueError>(py) {
            let text = format!("the parent {value:?} is no client order id");
            return raise(py, |n| &n.strategy_error, text);
        }
        error
    })
}
