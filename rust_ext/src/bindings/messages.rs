//! Inputs as the message classes of `openoutcry.state`, built by position.

use std::collections::BTreeMap;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};

use super::names::{Names, names};
use super::reports;
use crate::bars::Timeframe;
use crate::kernel::{Datum, Input};
use crate::types::{Bar, InstrumentIx, Level, Nanos, Quote, Trade};

/// What is the same in every message about an instrument.
pub struct Labels {
    pub id: Py<PyString>,
    pub price_scale: u8,
    pub size_scale: u8,
}

/// Everything that turns indexes and hashes back into names.
pub struct Messages {
    pub instruments: Vec<Labels>,
    pub venues: Vec<Py<PyString>>,
    pub currencies: Vec<(Py<PyString>, u8)>,
    /// Names of position legs by their hash.
    pub positions: BTreeMap<u64, Py<PyAny>>,
    timeframes: BTreeMap<Timeframe, Py<PyString>>,
}

impl Messages {
    pub fn new(
        instruments: Vec<Labels>,
        venues: Vec<Py<PyString>>,
        currencies: Vec<(Py<PyString>, u8)>,
    ) -> Self {
        let (positions, timeframes) = (BTreeMap::new(), BTreeMap::new());
        Self {
            instruments,
            venues,
            currencies,
            positions,
            timeframes,
        }
    }

    pub fn labels(&self, ix: InstrumentIx) -> &Labels {
        &self.instruments[ix as usize]
    }

    /// The message of an input; `levels` are those of a book message.
    pub fn build<'py>(
        &mut self,
        py: Python<'py>,
        input: &Input,
        levels: &[Level],
    ) -> PyResult<Bound<'py, PyAny>> {
        let n = names(py)?;
        match input {
            Input::Quote(ix, quote) => self.quote(py, n, *ix, quote),
            Input::Trade(ix, trade) => self.trade(py, n, *ix, trade),
            Input::Bar(ix, timeframe, bar) => {
                let text = self.timeframe(py, *timeframe);
                build_bar(py, self.labels(*ix), &text, bar)
            }
            Input::Datum(ix, stamps, datum) => self.datum(py, n, *ix, *stamps, datum, levels),
            Input::Report {
                venue,
                report,
                arrived,
            } => reports::build(self, py, n, *venue, report, *arrived),
            Input::Timer {
                owner,
                name,
                ts,
                late,
            } => {
                let fields = PyDict::new(py);
                fields.set_item("owner", owner)?;
                fields.set_item("name", name)?;
                fields.set_item("ts", ts)?;
                fields.set_item("late_ns", late)?;
                n.timer_fired.bind(py).call((), Some(&fields))
            }
            Input::External { token, .. } => Err(PyRuntimeError::new_err(format!(
                "message {token} from outside was handed out already"
            ))),
        }
    }

    fn datum<'py>(
        &self,
        py: Python<'py>,
        n: &Names,
        ix: InstrumentIx,
        stamps: (Nanos, Nanos),
        datum: &Datum,
        levels: &[Level],
    ) -> PyResult<Bound<'py, PyAny>> {
        match *datum {
            Datum::Book {
                update_id,
                snapshot,
            } => {
                let rest = (update_id, snapshot, PyBytes::new(py, &pack(levels)));
                self.plain(py, &n.book_update, ix, stamps, rest)
            }
            Datum::BookInvalidated => self.plain(py, &n.book_invalidated, ix, stamps, ("gap",)),
            Datum::Mark { mark, index } => self.plain(py, &n.mark_price, ix, stamps, (mark, index)),
            Datum::Funding { rate } => self.plain(py, &n.funding_rate, ix, stamps, (rate,)),
            Datum::Split {
                numerator,
                denominator,
            } => self.plain(py, &n.split, ix, stamps, (numerator, denominator)),
            Datum::Dividend { amount } => self.plain(py, &n.dividend, ix, stamps, (amount,)),
        }
    }

    fn quote<'py>(
        &self,
        py: Python<'py>,
        n: &Names,
        ix: InstrumentIx,
        q: &Quote,
    ) -> PyResult<Bound<'py, PyAny>> {
        let l = self.labels(ix);
        let received = q.ts_received.into_pyobject(py)?;
        let event = match q.ts_event == q.ts_received {
            true => received.clone(),
            false => q.ts_event.into_pyobject(py)?,
        };
        n.quote.bind(py).call1((
            l.id.bind(py),
            event,
            received,
            l.price_scale,
            l.size_scale,
            q.bid,
            q.ask,
            q.bid_size,
            q.ask_size,
        ))
    }

    fn trade<'py>(
        &self,
        py: Python<'py>,
        n: &Names,
        ix: InstrumentIx,
        t: &Trade,
    ) -> PyResult<Bound<'py, PyAny>> {
        let l = self.labels(ix);
        let trade_id = if t.trade_id == 0 {
            String::new()
        } else {
            t.trade_id.to_string()
        };
        n.trade.bind(py).call1((
            l.id.bind(py),
            t.ts_event,
            t.ts_received,
            l.price_scale,
            l.size_scale,
            t.price,
            t.size,
            t.aggressor.map(|side| n.side.member(py, side)),
            trade_id,
        ))
    }

    /// A message whose fields after the common ones are a few numbers.
    fn plain<'py>(
        &self,
        py: Python<'py>,
        class: &Py<PyType>,
        ix: InstrumentIx,
        stamps: (Nanos, Nanos),
        rest: impl Fields<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let l = self.labels(ix);
        let (id, scales) = (l.id.bind(py), (l.price_scale, l.size_scale));
        concatenated(
            class.bind(py),
            (id, stamps.0, stamps.1, scales.0, scales.1),
            rest,
        )
    }

    fn timeframe<'py>(&mut self, py: Python<'py>, timeframe: Timeframe) -> Bound<'py, PyString> {
        let text = || PyString::new(py, &timeframe.to_string()).unbind();
        self.timeframes
            .entry(timeframe)
            .or_insert_with(text)
            .bind(py)
            .clone()
    }
}

/// Some of the positional fields of a message.
pub trait Fields<'py>:
    IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error: Into<PyErr>>
{
}

impl<'py, T> Fields<'py> for T where
    T: IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error: Into<PyErr>>
{
}

/// A message of the fields that all of its kind begin with, and the rest.
pub fn concatenated<'py>(
    class: &Bound<'py, PyType>,
    common: impl Fields<'py>,
    rest: impl Fields<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let rest = rest.into_pyobject(py).map_err(Into::into)?;
    let fields = common
        .into_pyobject(py)
        .map_err(Into::into)?
        .as_sequence()
        .concat(rest.as_sequence())?;
    class.call1(fields.to_tuple()?)
}

/// The message of a bar.
pub fn build_bar<'py>(
    py: Python<'py>,
    labels: &Labels,
    timeframe: &Bound<'py, PyString>,
    bar: &Bar,
) -> PyResult<Bound<'py, PyAny>> {
    let n = names(py)?;
    let fields = [
        labels.id.bind(py).clone().into_any(),
        bar.ts_event.into_bound_py_any(py)?,
        bar.ts_received.into_bound_py_any(py)?,
        labels.price_scale.into_bound_py_any(py)?,
        labels.size_scale.into_bound_py_any(py)?,
        timeframe.clone().into_any(),
        n.price_type.member(py, bar.price_type).clone(),
        bar.ts_open.into_bound_py_any(py)?,
        bar.open.into_bound_py_any(py)?,
        bar.high.into_bound_py_any(py)?,
        bar.low.into_bound_py_any(py)?,
        bar.close.into_bound_py_any(py)?,
        bar.volume.into_bound_py_any(py)?,
        bar.count.into_bound_py_any(py)?,
    ];
    n.bar.bind(py).call1(PyTuple::new(py, fields)?)
}

/// Levels as `BookUpdate.levels`: 17 little-endian bytes each.
fn pack(levels: &[Level]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(levels.len() * 17);
    for level in levels {
        packed.push(level.side.sign() as i8 as u8);
        packed.extend_from_slice(&level.price.to_le_bytes());
        packed.extend_from_slice(&level.size.to_le_bytes());
    }
    packed
}
