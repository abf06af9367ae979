//! `OrderDesk`: how one strategy's wishes become orders.
//!
//! Numbers come as `Decimal`, int or text and become units here. What is not plain (a price off its
//! tick, a float, an exponent) is handed to `exact`, which knows every case and raises the right error.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyInt, PyString};

use super::names::{Names, names, raise};
use super::order_messages::{group, id_text, order_id};
use super::order_options::Options;
use super::orders::PyOrder;
use super::path::PyOrderPath;
use crate::directory::Directory;
use crate::fixed::parse_units;
use crate::ledger::BookIx;
use crate::orders::{Ask, Intent, NewTerms};
use crate::path::{TimerAsk, Wish, closing};
use crate::types::{InstrumentIx, Side, Submit, TimeInForce, TriggerSource};

/// How a strategy asks for orders and sees its own.
#[pyclass(module = "openoutcry._native")]
pub struct OrderDesk {
    path: Py<PyOrderPath>,
    book: BookIx,
    /// `exact(instrument id, what, value) -> units`, for numbers that are not plain.
    exact: Py<PyAny>,
    /// Orders asked for so far.
    #[pyo3(get, set)]
    signals: u64,
    /// When it asked last, since this desk was made.
    #[pyo3(get)]
    last_signal: Option<i64>,
}

/// The prices of an order, in units; a trailing offset may be basis points.
struct Prices {
    limit: Option<i64>,
    trigger: Option<i64>,
    trailing: Option<i64>,
}

/// What a number of an order means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Quantity,
    Price,
}

#[pymethods]
impl OrderDesk {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.path)?;
        visit.call(&self.exact)
    }

    #[new]
    #[pyo3(signature = (path, book, exact, /))]
    fn new(path: Py<PyOrderPath>, book: BookIx, exact: Py<PyAny>) -> Self {
        Self {
            path,
            book,
            exact,
            signals: 0,
            last_signal: None,
        }
    }

    /// Nanoseconds UTC of the input being handled.
    #[getter]
    fn now(&self, py: Python<'_>) -> i64 {
        self.path.borrow(py).inner.now
    }

    /// Ids minted so far.
    #[getter]
    fn counter(&self, py: Python<'_>) -> u64 {
        self.path.borrow(py).inner.counters[self.book as usize]
    }

    #[setter]
    fn set_counter(&self, py: Python<'_>, counter: u64) {
        self.path.borrow_mut(py).inner.counters[self.book as usize] = counter;
    }

    /// Ask for an order; returns its id.
    #[pyo3(signature = (instrument, side, quantity, order_type, options, /))]
    fn submit<'py>(
        &mut self,
        instrument: &Bound<'py, PyAny>,
        side: &Bound<'py, PyAny>,
        quantity: &Bound<'py, PyAny>,
        order_type: Option<&Bound<'py, PyAny>>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyString>> {
        let py = instrument.py();
        let n = names(py)?;
        let ix = self.instrument(instrument)?;
        let side = n.side.value(side)?;
        let units = self.units(instrument, ix, quantity, Meaning::Quantity, "quantity")?;
        if units <= 0 {
            let text = format!("{instrument}: the quantity {quantity} is not positive");
            return Err(raise(py, |n| &n.strategy_error, text));
        }
        self.place(n, instrument, ix, side, units, order_type, options)
    }

    /// Ask for the order that brings held, working and unknown quantity to `quantity`.
    #[pyo3(signature = (instrument, quantity, options, /))]
    fn target<'py>(
        &mut self,
        instrument: &Bound<'py, PyAny>,
        quantity: &Bound<'py, PyAny>,
        options: &Bound<'py, PyDict>,
    ) -> PyResult<Option<Bound<'py, PyString>>> {
        let py = instrument.py();
        let ix = self.instrument(instrument)?;
        let wanted = self.units(instrument, ix, quantity, Meaning::Quantity, "quantity")?;
        let delta = i128::from(wanted) - self.expected(py, ix);
        if delta == 0 {
            return Ok(None);
        }
        let side = if delta > 0 { Side::Buy } else { Side::Sell };
        let Ok(units) = i64::try_from(delta.unsigned_abs()) else {
            let text = format!("{instrument}: an order of {delta} units does not fit 64 bits");
            return Err(raise(py, |n| &n.numeric_overflow, text));
        };
        let n = names(py)?;
        self.place(n, instrument, ix, side, units, None, options)
            .map(Some)
    }

    /// Ask for a cancel; the instrument's id is not needed.
    #[pyo3(signature = (order, /))]
    fn cancel(&self, order: &Bound<'_, PyAny>) -> PyResult<()> {
        let id = self.own(order)?;
        let instrument = self.instrument_of(order.py(), id);
        self.wish(order.py(), |ts| Wish::Ask {
            id,
            instrument,
            ts,
            ask: Ask::Cancel,
        });
        Ok(())
    }

    /// Ask for every own order to be canceled, those of the running handler too.
    #[pyo3(signature = (instrument, /))]
    fn cancel_all(&self, py: Python<'_>, instrument: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let instrument = instrument.map(|id| self.instrument(id)).transpose()?;
        let book = Some(self.book);
        self.wish(py, |ts| Wish::CancelAll {
            ts,
            book,
            instrument,
        });
        Ok(())
    }

    /// Ask for new terms; None keeps a value.
    #[pyo3(signature = (order, quantity, limit, stop, /))]
    fn replace(
        &self,
        order: &Bound<'_, PyAny>,
        quantity: Option<&Bound<'_, PyAny>>,
        limit: Option<&Bound<'_, PyAny>>,
        stop: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = order.py();
        let id = self.own(order)?;
        let ix = self.instrument_of(py, id);
        let name = {
            let path = self.path.borrow(py);
            let directory = path.directory.borrow(py);
            directory.instrument_id(py, ix).clone().into_any()
        };
        let units = |value: Option<&Bound<'_, PyAny>>, meaning, what| {
            value
                .map(|value| self.units(&name, ix, value, meaning, what))
                .transpose()
        };
        let terms = NewTerms {
            quantity: units(quantity, Meaning::Quantity, "quantity")?,
            limit: units(limit, Meaning::Price, "limit")?,
            trigger: units(stop, Meaning::Price, "stop")?,
        };
        self.wish(py, |ts| Wish::Ask {
            id,
            instrument: ix,
            ts,
            ask: Ask::Replace(terms),
        });
        Ok(())
    }

    /// Set a timer, or move the one of that name; None forgets it.
    #[pyo3(signature = (name, at, /))]
    fn set_timer(&self, name: &Bound<'_, PyAny>, at: Option<i64>) -> PyResult<()> {
        let py = name.py();
        let name = {
            let path = self.path.borrow(py);
            let mut directory = path.directory.borrow_mut(py);
            directory.symbol(name)?
        };
        let book = self.book;
        self.wish(py, |_| Wish::Timer(TimerAsk { book, name, at }));
        Ok(())
    }

    /// Signed quantity units that the strategy holds.
    #[pyo3(signature = (instrument, /))]
    fn position_units(&self, instrument: &Bound<'_, PyAny>) -> PyResult<i128> {
        let ix = self.instrument(instrument)?;
        let py = instrument.py();
        let path = self.path.borrow(py);
        Ok(path.books.borrow(py).inner.position(self.book, ix))
    }

    /// The strategy's open orders, oldest first.
    #[pyo3(signature = (instrument, /))]
    fn open_orders(
        &self,
        py: Python<'_>,
        instrument: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<PyOrder>> {
        let ix = instrument.map(|id| self.instrument(id)).transpose()?;
        let path = self.path.borrow(py);
        let orders = path.orders.borrow(py);
        let open = orders.inner.open(Some(self.book), ix);
        Ok(open
            .map(|order| PyOrder::new(order.clone(), path.directory.clone_ref(py)))
            .collect())
    }
}

impl OrderDesk {
    fn instrument(&self, id: &Bound<'_, PyAny>) -> PyResult<InstrumentIx> {
        let py = id.py();
        let path = self.path.borrow(py);
        let found = path.directory.borrow(py).instrument(id);
        found.or_else(|_| {
            // `exact` raises what tells the user which instruments there are.
            self.exact
                .bind(py)
                .call1((id, "instrument", py.None()))?
                .extract()
        })
    }

    /// Units of a number: of quantity or price, whole lots or ticks.
    fn units(
        &self,
        name: &Bound<'_, PyAny>,
        ix: InstrumentIx,
        value: &Bound<'_, PyAny>,
        meaning: Meaning,
        what: &'static str,
    ) -> PyResult<i64> {
        let py = value.py();
        let (scale, step) = {
            let path = self.path.borrow(py);
            let directory = path.directory.borrow(py);
            let item = &directory.inner.instruments[ix as usize];
            match meaning {
                Meaning::Quantity => (item.size_scale, item.lot),
                Meaning::Price => (item.price_scale, item.tick),
            }
        };
        let plain = if value.is_exact_instance_of::<PyInt>() {
            let whole: Option<i64> = value.extract().ok();
            whole.and_then(|whole| whole.checked_mul(10i64.checked_pow(u32::from(scale))?))
        } else if value.is_exact_instance_of::<pyo3::types::PyFloat>() {
            None
        } else {
            let text: PyBackedStr = value.str()?.try_into()?;
            parse_units(&text, scale).ok()
        };
        match plain.filter(|units| units % step == 0) {
            Some(units) => Ok(units),
            None => self.exact.bind(py).call1((name, what, value))?.extract(),
        }
    }

    /// Held, working and asked-for quantity of the strategy, signed.
    ///
    /// What can only reduce is left out: a stop and a profit limit that cancel each other would count
    /// twice, and neither brings the position beyond zero. Closing orders of `Flatten` count: they are
    /// at the market already.
    fn expected(&self, py: Python<'_>, ix: InstrumentIx) -> i128 {
        let path = self.path.borrow(py);
        let (buying, selling) = path
            .orders
            .borrow(py)
            .inner
            .working(Some(self.book), ix, false);
        let closing = closing(&path.orders.borrow(py).inner, self.book, ix);
        let held = path.books.borrow(py).inner.position(self.book, ix) + closing;
        let asked: i128 = path
            .inner
            .wishes()
            .iter()
            .filter_map(|wish| match wish {
                Wish::Submit(intent)
                    if intent.book == self.book
                        && intent.instrument() == ix
                        && !intent.submit.reduce_only =>
                {
                    let submit = &intent.submit;
                    Some(i128::from(submit.side.sign()) * i128::from(submit.quantity))
                }
                _ => None,
            })
            .sum();
        held + buying - selling + asked
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of an order")]
    fn place<'py>(
        &mut self,
        n: &Names,
        name: &Bound<'py, PyAny>,
        ix: InstrumentIx,
        side: Side,
        quantity: i64,
        order_type: Option<&Bound<'py, PyAny>>,
        given: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyString>> {
        let py = name.py();
        let options = Options::read(n, given)?;
        let meant = options.order_type(py)?;
        if let Some(wanted) = order_type
            && n.order_type.value(wanted)? != meant
        {
            let text = format!(
                "{wanted} does not fit the given prices, which mean {}",
                n.order_type.member(py, meant)
            );
            return Err(raise(py, |n| &n.strategy_error, text));
        }
        let prices = self.prices(name, ix, &options)?;
        let mut path = self.path.borrow_mut(py);
        let path = &mut *path;
        let mut directory = path.directory.borrow_mut(py);
        let mut symbol = |text: &Option<Bound<'py, PyAny>>| match text {
            Some(text) => directory.symbol(text),
            None => Ok(0),
        };
        let position = symbol(&options.position)?;
        let tag = symbol(&options.tag)?;
        let oco_group = group(options.oco_group.as_ref())?;
        let id = path.inner.mint(self.book);
        let intent = Intent {
            ts: path.inner.now,
            book: self.book,
            submit: Submit {
                id,
                instrument: ix,
                side,
                order_type: meant,
                quantity,
                limit: prices.limit,
                trigger: prices.trigger,
                trigger_source: options.trigger_source.unwrap_or(TriggerSource::BidAsk),
                trailing_offset: prices.trailing,
                trailing_bps: options.trail_bps.is_some(),
                time_in_force: options.time_in_force.unwrap_or(TimeInForce::Gtc),
                expire: options.expire,
                post_only: options.post_only,
                reduce_only: options.reduce_only,
                parent: options.parent,
                oco_group: Directory::group_hash(self.book, oco_group.as_deref()),
                position: directory.inner.hash(position),
            },
            arrival: path.market.borrow(py).inner.valuation(ix, 0),
            oco_group,
            position,
            tag,
        };
        self.last_signal = Some(intent.ts);
        path.inner.wish(Wish::Submit(Box::new(intent)));
        self.signals += 1;
        Ok(id_text(py, id))
    }

    /// The prices of an order in units.
    fn prices<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        ix: InstrumentIx,
        options: &Options<'py>,
    ) -> PyResult<Prices> {
        let price = |value: &Option<Bound<'py, PyAny>>, what| {
            let units = |value| self.units(name, ix, value, Meaning::Price, what);
            value.as_ref().map(units).transpose()
        };
        Ok(Prices {
            trigger: match &options.stop {
                Some(_) => price(&options.stop, "stop")?,
                None => price(&options.take_profit, "stop")?,
            },
            trailing: match options.trail_bps {
                Some(bps) => Some(bps),
                None => price(&options.trail, "trail")?,
            },
            limit: price(&options.limit, "limit")?,
        })
    }

    fn wish(&self, py: Python<'_>, make: impl FnOnce(i64) -> Wish) {
        let mut path = self.path.borrow_mut(py);
        let now = path.inner.now;
        path.inner.wish(make(now));
    }

    /// The id of an order of this strategy.
    fn own(&self, order: &Bound<'_, PyAny>) -> PyResult<u128> {
        let py = order.py();
        let path = self.path.borrow(py);
        let known = order_id(order).ok().filter(|id| {
            let orders = path.orders.borrow(py);
            let asked = asked_for(&path, *id).map(|intent| intent.book);
            let book = asked.or_else(|| orders.inner.get(*id).map(|order| order.intent.book));
            book == Some(self.book)
        });
        known.ok_or_else(|| {
            let directory = path.directory.borrow(py);
            let text = format!(
                "{} has no order {order}",
                directory.book_name(py, self.book)
            );
            raise(py, |n| &n.strategy_error, text)
        })
    }

    /// The instrument of an own order.
    fn instrument_of(&self, py: Python<'_>, id: u128) -> InstrumentIx {
        let path = self.path.borrow(py);
        let asked = asked_for(&path, id).map(Intent::instrument);
        asked.unwrap_or_else(|| {
            let orders = path.orders.borrow(py);
            orders
                .inner
                .get(id)
                .map_or(0, |order| order.intent.instrument())
        })
    }
}

/// An order that was asked for in the handler that runs.
fn asked_for(path: &PyOrderPath, id: u128) -> Option<&Intent> {
    path.inner.wishes().iter().find_map(|wish| match wish {
        Wish::Submit(intent) if intent.id() == id => Some(&**intent),
        _ => None,
    })
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<OrderDesk>()
}
