//! The Python classes that the engine raises and builds, given once by `openoutcry.state.binding`.
//!
//! Held as plain fields of one static struct: building a message costs no lookup.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use super::members::Members;
use crate::orders::{FillState, OrderStatus, Outcome, RequestKind, RequestState};
use crate::types::{Liquidity, OrderType, PriceType, Side, TimeInForce, TriggerSource};

macro_rules! names {
    (classes { $($class:ident: $class_name:literal),+ $(,)? }
     enums { $($field:ident: $value:ty = $enum_name:literal),+ $(,)? }) => {
        /// Every class the engine knows, and the prefetched members of the enums.
        pub struct Names {
            $(#[doc = concat!("`", $class_name, "`")] pub $class: Py<PyType>,)+
            $(#[doc = concat!("Members of `", $enum_name, "`.")] pub $field: Members<$value>,)+
        }

        impl Names {
            fn read(names: &Bound<'_, PyDict>) -> PyResult<Self> {
                Ok(Self {
                    $($class: find(names, $class_name)?.cast_into::<PyType>()?.unbind(),)+
                    $($field: Members::fetch(&find(names, $enum_name)?)?,)+
                })
            }

            fn same(&self, other: &Self) -> bool {
                $(self.$class.is(&other.$class) &&)+ $(self.$field.same(&other.$field) &&)+ true
            }
        }
    };
}

names! {
    classes {
        config_error: "ConfigError",
        numeric_overflow: "NumericOverflow",
        not_representable: "NotRepresentable",
        currency_mismatch: "CurrencyMismatch",
        data_error: "DataError",
        data_format_error: "DataFormatError",
        state_error: "StateError",
        codec_error: "CodecError",
        invalid_transition: "InvalidTransition",
        schema_too_new: "SchemaTooNew",
        missing_data: "MissingData",
        strategy_error: "StrategyError",
        quote: "Quote",
        trade: "Trade",
        bar: "Bar",
        book_update: "BookUpdate",
        book_invalidated: "BookInvalidated",
        mark_price: "MarkPrice",
        funding_rate: "FundingRate",
        split: "Split",
        dividend: "Dividend",
        submit_order: "SubmitOrder",
        cancel_order: "CancelOrder",
        replace_order: "ReplaceOrder",
        cancel_all: "CancelAll",
        halt: "Halt",
        flatten: "Flatten",
        order_denied: "OrderDenied",
        order_not_sent: "OrderNotSent",
        order_submitted: "OrderSubmitted",
        order_accepted: "OrderAccepted",
        order_rejected: "OrderRejected",
        order_triggered: "OrderTriggered",
        order_filled: "OrderFilled",
        order_canceled: "OrderCanceled",
        order_expired: "OrderExpired",
        order_replaced: "OrderReplaced",
        cancel_rejected: "CancelRejected",
        replace_rejected: "ReplaceRejected",
        request_unknown: "RequestUnknown",
        fill_busted: "FillBusted",
        fill_corrected: "FillCorrected",
        cash_adjusted: "CashAdjusted",
        position_adjusted: "PositionAdjusted",
        account_liquidated: "AccountLiquidated",
        timer_fired: "TimerFired",
        crossed: "Crossed",
    }
    enums {
        side: Side = "Side",
        order_type: OrderType = "OrderType",
        time_in_force: TimeInForce = "TimeInForce",
        trigger_source: TriggerSource = "TriggerSource",
        trailing_bps: bool = "TrailingKind",
        liquidity: Liquidity = "LiquiditySide",
        price_type: PriceType = "PriceType",
        order_status: OrderStatus = "OrderStatus",
        request_kind: RequestKind = "RequestKind",
        request_state: RequestState = "RequestState",
        outcome: Outcome = "Outcome",
        fill_state: FillState = "FillState",
    }
}

static NAMES: PyOnceLock<Names> = PyOnceLock::new();

fn find<'py>(names: &Bound<'py, PyDict>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    names
        .get_item(name)?
        .ok_or_else(|| PyRuntimeError::new_err(format!("bind() was not given {name}")))
}

/// The bound classes; `RuntimeError` before `bind` was called.
pub fn names(py: Python<'_>) -> PyResult<&'static Names> {
    NAMES.get(py).ok_or_else(|| {
        PyRuntimeError::new_err("the engine has no classes yet: import openoutcry.state.binding")
    })
}

/// An error of one of the bound classes, for example `raise(py, |n| &n.codec_error, "...")`.
pub fn raise(
    py: Python<'_>,
    class: impl FnOnce(&'static Names) -> &'static Py<PyType>,
    message: impl Into<String>,
) -> PyErr {
    match names(py) {
        Ok(names) => PyErr::from_type(class(names).bind(py).clone(), message.into()),
        Err(unbound) => unbound,
    }
}

/// Gives the engine the Python classes it raises and builds. Giving the same ones again is harmless.
#[pyfunction]
#[pyo3(signature = (names, /))]
fn bind(py: Python<'_>, names: &Bound<'_, PyDict>) -> PyResult<()> {
    let given = Names::read(names)?;
    let kept = NAMES.get_or_init(py, || given);
    if kept.same(&Names::read(names)?) {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "the engine is already bound to other classes",
    ))
}

/// Adds `bind` to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bind, module)?)
}
