//! Python enum members and the Rust values they stand for, matched by position and checked by name.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;

use crate::orders::{FillState, OrderStatus, Outcome, RequestKind, RequestState};
use crate::types::{Liquidity, OrderType, PriceType, Side, TimeInForce, TriggerSource};

/// A closed vocabulary whose values stand in the same order as the members of its Python class.
pub trait Coded: Copy + 'static {
    /// Each value with the Python name of its member, in the order of `code`.
    const ALL: &'static [(Self, &'static str)];
    /// Position in `ALL`.
    fn code(self) -> usize;
}

macro_rules! coded {
    ($type:ty { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl Coded for $type {
            const ALL: &'static [(Self, &'static str)] = &[$((<$type>::$variant, $name)),+];
            fn code(self) -> usize {
                self as usize
            }
        }
    };
}

coded!(Side { Buy = "BUY", Sell = "SELL" });
coded!(OrderType {
    Market = "MARKET",
    Limit = "LIMIT",
    Stop = "STOP",
    StopLimit = "STOP_LIMIT",
    TakeProfit = "TAKE_PROFIT",
    TakeProfitLimit = "TAKE_PROFIT_LIMIT",
    TrailingStop = "TRAILING_STOP",
});
coded!(TimeInForce { Gtc = "GTC", Ioc = "IOC", Fok = "FOK", Gtd = "GTD", Day = "DAY" });
coded!(TriggerSource { BidAsk = "BID_ASK", Last = "LAST", Mark = "MARK", Mid = "MID" });
coded!(Liquidity { Maker = "MAKER", Taker = "TAKER" });
coded!(OrderStatus {
    Initialized = "INITIALIZED",
    Denied = "DENIED",
    Submitted = "SUBMITTED",
    Accepted = "ACCEPTED",
    Triggered = "TRIGGERED",
    PartiallyFilled = "PARTIALLY_FILLED",
    Filled = "FILLED",
    Canceled = "CANCELED",
    Expired = "EXPIRED",
    Rejected = "REJECTED",
    NotSent = "NOT_SENT",
});
coded!(RequestKind { Submit = "SUBMIT", Cancel = "CANCEL", Replace = "REPLACE" });
coded!(RequestState { Sent = "SENT", Unknown = "UNKNOWN" });
coded!(Outcome {
    Applied = "APPLIED",
    Duplicate = "DUPLICATE",
    Illegal = "ILLEGAL",
    Alarm = "ALARM",
});
coded!(FillState {
    Booked = "BOOKED",
    Corrected = "CORRECTED",
    Busted = "BUSTED",
    BustedUnseen = "BUSTED_UNSEEN",
});
coded!(PriceType { Last = "LAST", Bid = "BID", Ask = "ASK", Mid = "MID" });

/// `TrailingKind`: whether the offset counts basis points, as in `types::Submit::trailing_bps`.
impl Coded for bool {
    const ALL: &'static [(Self, &'static str)] = &[(false, "PRICE"), (true, "BASIS_POINTS")];
    fn code(self) -> usize {
        usize::from(self)
    }
}

/// The prefetched members of one Python enum.
pub struct Members<T: Coded> {
    members: Vec<Py<PyAny>>,
    values: std::marker::PhantomData<T>,
}

impl<T: Coded> Members<T> {
    /// Fetches the members of `class`; an order or name other than ours is a `RuntimeError`.
    pub fn fetch(class: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut members = Vec::with_capacity(T::ALL.len());
        let mut found = Vec::new();
        for member in class.try_iter()? {
            let member = member?;
            found.push(member.getattr("name")?.extract::<String>()?);
            members.push(member.unbind());
        }
        if !found.iter().eq(T::ALL.iter().map(|(_, name)| name)) {
            let expected: Vec<_> = T::ALL.iter().map(|(_, name)| name).collect();
            return Err(PyRuntimeError::new_err(format!(
                "{class} has the members {found:?}, the engine expects {expected:?}"
            )));
        }
        Ok(Self {
            members,
            values: std::marker::PhantomData,
        })
    }

    /// The Python member of a value.
    pub fn member<'py>(&self, py: Python<'py>, value: T) -> &Bound<'py, PyAny> {
        self.members[value.code()].bind(py)
    }

    /// The value of a Python member, by identity; anything else is a `TypeError`.
    pub fn value(&self, member: &Bound<'_, PyAny>) -> PyResult<T> {
        match self.members.iter().position(|m| m.is(member)) {
            Some(code) => Ok(T::ALL[code].0),
            None => {
                let class = self.members[0].bind(member.py()).get_type();
                let text = format!("{member} is no member of {}", class.name()?);
                Err(PyTypeError::new_err(text))
            }
        }
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        self.members
            .iter()
            .zip(&other.members)
            .all(|(a, b)| a.is(b))
    }
}
