//! `Books` for Python; see `crate::books`.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::directory::PyDirectory;
use super::errors::index;
use super::fixed::{Money, Units};
use super::market::PyMarket;
use super::names::raise;
use super::order_messages::{build_event, read_event};
use crate::books::{ACCOUNT, Booked, Books, Unvalued, VenueBooks};
use crate::fixed::NumericError;
use crate::ledger::{BookIx, Ledger};
use crate::orders::{VenueKey, What};
use crate::types::{CurrencyIx, InstrumentIx};

/// A booked fill: the strategy, its `OrderFilled`, and what it realised.
type BookedFill<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, i128);
/// Units by currency.
type Amounts = Vec<(CurrencyIx, i128)>;

/// A venue where there is an account.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct VenueRow<'py> {
    name: String,
    instruments: Vec<InstrumentIx>,
    hedging: bool,
    balances: Vec<(CurrencyIx, Bound<'py, PyAny>)>,
}

/// The books of all strategies at all venues.
#[pyclass(name = "Books", module = "openoutcry._native")]
pub struct PyBooks {
    pub inner: Books,
    directory: Py<PyDirectory>,
    market: Py<PyMarket>,
}

#[pymethods]
impl PyBooks {
    #[new]
    #[pyo3(signature = (directory, venues, market, account_currency, /))]
    fn new(
        directory: Bound<'_, PyDirectory>,
        venues: Vec<VenueRow<'_>>,
        market: Bound<'_, PyMarket>,
        account_currency: Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let names = directory.borrow();
        let mut rows = Vec::with_capacity(venues.len());
        for venue in venues {
            for &ix in &venue.instruments {
                names.checked(ix)?;
            }
            let mut balances = Vec::with_capacity(venue.balances.len());
            for (currency, units) in venue.balances {
                let known = names.inner.currencies.len();
                let units: Money = units.extract()?;
                balances.push((index("currency", currency, known)?, units.0));
            }
            rows.push(VenueBooks {
                name: venue.name,
                instruments: venue.instruments,
                hedging: venue.hedging,
                balances,
            });
        }
        let priced = market.borrow().inner.len();
        if priced != names.inner.instruments.len() {
            let message = format!("a market of {priced} instruments is that of another run");
            return Err(raise(market.py(), |n| &n.config_error, message));
        }
        let currency = names.currency(&account_currency)?;
        let inner = Books::new(&names.inner, rows, currency)?;
        drop(names);
        Ok(Self {
            inner,
            directory: directory.unbind(),
            market: market.unbind(),
        })
    }

    #[pyo3(signature = (strategy, fill, /))]
    fn apply_fill(
        &mut self,
        strategy: &Bound<'_, PyAny>,
        fill: &Bound<'_, PyAny>,
    ) -> PyResult<i128> {
        let mut directory = self.directory.bind(fill.py()).borrow_mut();
        let event = read_event(&mut directory, fill)?;
        let What::Filled(filled) = &event.what else {
            let message = format!("{} is no fill", event.what.name());
            return Err(PyTypeError::new_err(message));
        };
        // What belongs to nobody in this run belongs to the account alone.
        let book = directory.inner.book(strategy.extract()?).unwrap_or(ACCOUNT);
        Ok(self.inner.on_fill(book, &event, filled)?)
    }

    #[pyo3(signature = (event, /))]
    fn take_back<'py>(
        &mut self,
        event: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Vec<BookedFill<'py>>>> {
        let py = event.py();
        let mut directory = self.directory.bind(py).borrow_mut();
        let evidence = read_event(&mut directory, event)?;
        let (fill_id, terms) = match &evidence.what {
            What::Busted { fill_id, .. } => (fill_id, None),
            What::Corrected {
                fill_id,
                price,
                quantity,
                ..
            } => (fill_id, Some((*price, *quantity))),
            other => {
                let message = format!("{} takes no fill back", other.name());
                return Err(PyTypeError::new_err(message));
            }
        };
        let Some(taken) = self.inner.take_back(evidence.instrument, fill_id, terms)? else {
            return Ok(None);
        };
        let row = |booked: &Booked| -> PyResult<BookedFill<'py>> {
            let strategy = directory.book_name(py, booked.book).clone().into_any();
            let fill = build_event(py, &directory, &booked.event)?;
            Ok((strategy, fill, booked.realized))
        };
        let booked = std::iter::once(&taken.opposite).chain(&taken.corrected);
        Ok(Some(booked.map(row).collect::<PyResult<_>>()?))
    }

    #[pyo3(signature = (event, /))]
    fn apply_cash(&mut self, event: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = event.py();
        let directory = self.directory.bind(py).borrow();
        let venue = self.venue(&event.getattr(intern!(py, "venue"))?)?;
        let instrument = event.getattr(intern!(py, "instrument"))?;
        let instrument = match instrument.is_none() {
            true => None,
            false => Some(directory.instrument(&instrument)?),
        };
        let currency = directory.currency(&event.getattr(intern!(py, "currency"))?)?;
        let amount: Money = event.getattr(intern!(py, "amount_units"))?.extract()?;
        Ok(self
            .inner
            .apply_cash(venue, instrument, currency, amount.0)?)
    }

    #[pyo3(signature = (event, /))]
    fn apply_split(&mut self, event: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = event.py();
        let directory = self.directory.bind(py).borrow();
        let ix = directory.instrument(&event.getattr(intern!(py, "instrument"))?)?;
        let numerator: Units = event.getattr(intern!(py, "numerator"))?.extract()?;
        let denominator: Units = event.getattr(intern!(py, "denominator"))?.extract()?;
        Ok(self.inner.apply_split(ix, numerator.0, denominator.0)?)
    }

    #[pyo3(signature = (book, instrument, /))]
    fn position(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<i128> {
        self.ledger(book, instrument)?;
        Ok(self.inner.position(book, instrument))
    }

    #[pyo3(signature = (instrument, fill_id, /))]
    fn remembers(&self, instrument: InstrumentIx, fill_id: &str) -> PyResult<bool> {
        self.ledger(ACCOUNT, instrument)?;
        Ok(self.inner.remembers(instrument, &VenueKey::parse(fill_id)))
    }

    #[pyo3(signature = (instrument, /))]
    fn unallocated(&self, instrument: InstrumentIx) -> PyResult<i128> {
        self.ledger(ACCOUNT, instrument)?;
        Ok(self.inner.unallocated(instrument))
    }

    #[pyo3(signature = (book, instrument, /))]
    fn net_quantity(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<i128> {
        Ok(self
            .ledger(book, instrument)?
            .net_quantity(book, instrument))
    }

    #[pyo3(signature = (book, instrument, /))]
    fn legs(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<Vec<u64>> {
        let open = self.ledger(book, instrument)?.open(book, instrument);
        Ok(open.map(|(leg, _)| leg).collect())
    }

    #[pyo3(signature = (book, instrument, leg = 0, /))]
    fn quantity(&self, book: BookIx, instrument: InstrumentIx, leg: u64) -> PyResult<i64> {
        Ok(self
            .ledger(book, instrument)?
            .quantity(book, instrument, leg))
    }

    #[pyo3(signature = (book, instrument, leg = 0, /))]
    fn cost<'py>(
        &self,
        py: Python<'py>,
        book: BookIx,
        instrument: InstrumentIx,
        leg: u64,
    ) -> PyResult<(Bound<'py, PyAny>, u8)> {
        let ledger = self.ledger(book, instrument)?;
        let (multiplier, scale) = ledger.cost_factor(instrument);
        // A Python integer has room for the product where 128 bits may not.
        let cost = ledger.cost(book, instrument, leg).into_pyobject(py)?;
        Ok((cost.mul(multiplier)?, scale))
    }

    #[pyo3(signature = (book, instrument, /))]
    fn realized(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<i128> {
        Ok(self.ledger(book, instrument)?.realized(book, instrument))
    }

    #[pyo3(signature = (book, instrument, mark, /))]
    fn unrealized(&self, book: BookIx, instrument: InstrumentIx, mark: Units) -> PyResult<i128> {
        let ledger = self.ledger(book, instrument)?;
        Ok(ledger.unrealized(book, instrument, mark.0)?)
    }

    #[pyo3(signature = (venue, currency, book = 0, /))]
    fn balance(
        &self,
        venue: &Bound<'_, PyAny>,
        currency: CurrencyIx,
        book: BookIx,
    ) -> PyResult<i128> {
        let ledger = self.inner.ledger_at(self.venue(venue)?);
        let currency = index("currency", currency, ledger.currencies().len())?;
        Ok(ledger.balance(self.book(book)?, currency))
    }

    #[pyo3(signature = (currency, /))]
    fn fees(&self, py: Python<'_>, currency: CurrencyIx) -> PyResult<i128> {
        let known = self.directory.bind(py).borrow().inner.currencies.len();
        Ok(self.inner.fees(index("currency", currency, known)?)?)
    }

    #[pyo3(signature = (book = 0, /))]
    fn equity(&self, py: Python<'_>, book: BookIx) -> PyResult<i128> {
        let market = self.market.bind(py).borrow();
        let equity = self.inner.book_equity(self.book(book)?, &market.inner);
        equity.map_err(|unvalued| self.unvalued(py, unvalued))
    }

    #[pyo3(signature = (book, /))]
    fn realized_by_currency(&self, book: BookIx) -> PyResult<Amounts> {
        Ok(self.inner.realized_by_currency(self.book(book)?)?)
    }

    #[pyo3(signature = (book, /))]
    fn unrealized_by_currency(&self, py: Python<'_>, book: BookIx) -> PyResult<Amounts> {
        let market = self.market.bind(py).borrow();
        let book = self.book(book)?;
        let profit = self.inner.unrealized_by_currency(book, &market.inner);
        profit.map_err(|unvalued| self.unvalued(py, unvalued))
    }

    #[getter]
    fn held(&self) -> Vec<InstrumentIx> {
        self.inner.held().to_vec()
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let directory = self.directory.bind(py).borrow();
        PyBytes::new(py, &self.inner.snapshot(&directory.inner))
    }

    #[pyo3(signature = (data, /))]
    fn restore(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let mut directory = self.directory.bind(py).borrow_mut();
        Ok(self.inner.restore(data, &mut directory.inner)?)
    }

    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let directory = self.directory.bind(py).borrow();
        PyBytes::new(py, &self.inner.digest(&directory.inner))
    }
}

impl PyBooks {
    fn book(&self, book: BookIx) -> PyResult<BookIx> {
        index("book", book, self.inner.books())
    }

    fn venue(&self, name: &Bound<'_, PyAny>) -> PyResult<usize> {
        let name: &str = &name.extract::<pyo3::pybacked::PyBackedStr>()?;
        self.inner
            .venue(name)
            .ok_or_else(|| NumericError::NotRepresentable(format!("{name}: no account")).into())
    }

    /// The ledger of an instrument's venue; `IndexError` for what does not exist.
    fn ledger(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<&Ledger> {
        self.book(book)?;
        index("instrument", instrument, self.inner.instruments())?;
        let ledger = self.inner.ledger(instrument);
        ledger.ok_or_else(|| {
            let message = format!("there is no account for instrument {instrument}");
            NumericError::NotRepresentable(message).into()
        })
    }

    fn unvalued(&self, py: Python<'_>, unvalued: Unvalued) -> PyErr {
        if let Unvalued::Number(error) = unvalued {
            return error.into();
        }
        let directory = self.directory.bind(py).borrow();
        let text = unvalued.text(&directory.inner, self.inner.account_currency());
        match unvalued {
            Unvalued::NoRate(_) => raise(py, |n| &n.currency_mismatch, text),
            _ => raise(py, |n| &n.missing_data, text),
        }
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyBooks>()
}
