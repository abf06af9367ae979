//! The ledger for Python; see `crate::ledger`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::errors::index;
use super::fixed::{Money, Units, side};
use super::instrument::{InstrumentSpec, instruments};
use crate::ledger::{BookIx, Execution, Margin};
use crate::types::{CurrencyIx, InstrumentIx};

/// Positions and balances of several books, exact.
#[pyclass(module = "openoutcry._native")]
pub struct Ledger {
    inner: crate::ledger::Ledger,
}

impl Ledger {
    fn book(&self, book: BookIx) -> PyResult<BookIx> {
        index("book", book, self.inner.books())
    }

    fn currency(&self, currency: CurrencyIx) -> PyResult<CurrencyIx> {
        index("currency", currency, self.inner.currencies().len())
    }

    fn instrument(&self, instrument: InstrumentIx) -> PyResult<InstrumentIx> {
        index("instrument", instrument, self.inner.instruments().len())
    }
}

#[pymethods]
impl Ledger {
    #[new]
    fn new(
        currencies: Vec<(String, u8)>,
        instruments: Vec<PyRef<'_, InstrumentSpec>>,
        books: usize,
    ) -> PyResult<Self> {
        let instruments = self::instruments(&instruments);
        for instrument in &instruments {
            let used = [
                Some(instrument.quote),
                Some(instrument.settlement),
                instrument.base,
            ];
            for currency in used.into_iter().flatten() {
                index("currency", currency, currencies.len())?;
            }
        }
        let inner = crate::ledger::Ledger::new(currencies, instruments, books)?;
        Ok(Self { inner })
    }

    #[pyo3(signature = (book, instrument, leg, side, price, quantity, fee, fee_currency, /))]
    #[expect(clippy::too_many_arguments, reason = "the fields of a fill")]
    fn apply_fill(
        &mut self,
        book: BookIx,
        instrument: InstrumentIx,
        leg: u64,
        side: i64,
        price: Units,
        quantity: Units,
        fee: Money,
        fee_currency: CurrencyIx,
    ) -> PyResult<i128> {
        let fill = Execution {
            instrument: self.instrument(instrument)?,
            side: self::side(side)?,
            price: price.0,
            quantity: quantity.0,
            fee: fee.0,
            fee_currency: self.currency(fee_currency)?,
        };
        Ok(self.inner.apply_fill(self.book(book)?, leg, &fill)?)
    }

    #[pyo3(signature = (book, currency, amount, /))]
    fn adjust_cash(&mut self, book: BookIx, currency: CurrencyIx, amount: Money) -> PyResult<()> {
        let (book, currency) = (self.book(book)?, self.currency(currency)?);
        Ok(self.inner.adjust_cash(book, currency, amount.0)?)
    }

    #[pyo3(signature = (book, instrument, numerator, denominator, price, /))]
    fn split(
        &mut self,
        book: BookIx,
        instrument: InstrumentIx,
        numerator: Units,
        denominator: Units,
        price: Units,
    ) -> PyResult<i128> {
        let (book, instrument) = (self.book(book)?, self.instrument(instrument)?);
        Ok(self
            .inner
            .split(book, instrument, numerator.0, denominator.0, price.0)?)
    }

    #[pyo3(signature = (book, currency, /))]
    fn balance(&self, book: BookIx, currency: CurrencyIx) -> PyResult<i128> {
        Ok(self
            .inner
            .balance(self.book(book)?, self.currency(currency)?))
    }

    #[pyo3(signature = (book, instrument, leg = 0, /))]
    fn quantity(&self, book: BookIx, instrument: InstrumentIx, leg: u64) -> PyResult<i64> {
        Ok(self
            .inner
            .quantity(self.book(book)?, self.instrument(instrument)?, leg))
    }

    #[pyo3(signature = (book, instrument, /))]
    fn net_quantity(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<i128> {
        Ok(self
            .inner
            .net_quantity(self.book(book)?, self.instrument(instrument)?))
    }

    #[pyo3(signature = (book, instrument, leg = 0, /))]
    fn cost<'py>(
        &self,
        py: Python<'py>,
        book: BookIx,
        instrument: InstrumentIx,
        leg: u64,
    ) -> PyResult<(Bound<'py, PyAny>, u8)> {
        let (book, instrument) = (self.book(book)?, self.instrument(instrument)?);
        let (multiplier, scale) = self.inner.cost_factor(instrument);
        // A Python integer has room for the product where 128 bits may not.
        let cost = self.inner.cost(book, instrument, leg).into_pyobject(py)?;
        Ok((cost.mul(multiplier)?, scale))
    }

    #[pyo3(signature = (book, instrument, /))]
    fn realized(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<i128> {
        Ok(self
            .inner
            .realized(self.book(book)?, self.instrument(instrument)?))
    }

    #[pyo3(signature = (book, currency, /))]
    fn fees(&self, book: BookIx, currency: CurrencyIx) -> PyResult<i128> {
        Ok(self.inner.fees(self.book(book)?, self.currency(currency)?))
    }

    #[pyo3(signature = (book, instrument, mark, /))]
    fn unrealized(&self, book: BookIx, instrument: InstrumentIx, mark: Units) -> PyResult<i128> {
        let (book, instrument) = (self.book(book)?, self.instrument(instrument)?);
        Ok(self.inner.unrealized(book, instrument, mark.0)?)
    }

    #[pyo3(signature = (book, instrument, mark, /))]
    fn market_value(&self, book: BookIx, instrument: InstrumentIx, mark: Units) -> PyResult<i128> {
        let (book, instrument) = (self.book(book)?, self.instrument(instrument)?);
        Ok(self.inner.market_value(book, instrument, mark.0)?)
    }

    #[pyo3(signature = (book, marks, /))]
    fn initial_margin(&self, book: BookIx, marks: Vec<Units>) -> PyResult<Vec<i128>> {
        self.margin(book, Margin::Initial, &marks)
    }

    #[pyo3(signature = (book, marks, /))]
    fn maintenance_margin(&self, book: BookIx, marks: Vec<Units>) -> PyResult<Vec<i128>> {
        self.margin(book, Margin::Maintenance, &marks)
    }

    #[pyo3(signature = (currency, /))]
    fn residual(&self, currency: CurrencyIx) -> PyResult<(i128, u8)> {
        Ok(self.inner.residual(self.currency(currency)?))
    }

    #[pyo3(signature = (book, instrument, /))]
    fn legs(&self, book: BookIx, instrument: InstrumentIx) -> PyResult<Vec<u64>> {
        let open = self
            .inner
            .open(self.book(book)?, self.instrument(instrument)?);
        Ok(open.map(|(leg, _)| leg).collect())
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.snapshot())
    }

    #[pyo3(signature = (data, /))]
    fn restore(&mut self, data: &[u8]) -> PyResult<()> {
        Ok(self.inner.restore(data)?)
    }

    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.digest())
    }
}

impl Ledger {
    fn margin(&self, book: BookIx, kind: Margin, marks: &[Units]) -> PyResult<Vec<i128>> {
        let mark = |instrument: InstrumentIx| marks.get(instrument as usize).map(|mark| mark.0);
        Ok(self.inner.margin(self.book(book)?, kind, mark)?)
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Ledger>()
}
