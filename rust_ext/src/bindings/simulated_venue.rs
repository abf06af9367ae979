//! `SimulatedVenue`: one venue of a kernel as a party of its own, for paper trading.

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::failures::to_python;
use super::kernel::PyKernel;
use super::order_messages::{id_text, order_id};
use crate::exchange::{Exchange, Numbers};
use crate::kernel::{EntryNames, Kept};
use crate::types::{CurrencyIx, InstrumentIx};

/// What a venue did, what it is, and how it comes back.
#[pyclass(frozen, name = "SimulatedVenue", module = "openoutcry._native")]
pub struct PySimulatedVenue {
    kernel: Py<PyKernel>,
    number: usize,
}

/// Id, instrument, venue order id, quantity, filled.
type OpenOrder<'py> = (Bound<'py, PyString>, Bound<'py, PyString>, String, i64, i64);

#[pymethods]
impl PySimulatedVenue {
    #[new]
    #[pyo3(signature = (kernel, venue, /))]
    fn new(py: Python<'_>, kernel: Py<PyKernel>, venue: usize) -> PyResult<Self> {
        {
            let mut owner = kernel.borrow_mut(py);
            if venue >= owner.inner.venues().len() {
                return Err(PyIndexError::new_err(format!("no venue {venue}")));
            }
            let text = |name: &Py<PyString>| name.bind(py).to_str().map(str::to_owned);
            let instruments = owner.messages.instruments.iter();
            let instruments: PyResult<_> = instruments.map(|labels| text(&labels.id)).collect();
            let currencies = owner.messages.currencies.iter();
            let currencies: PyResult<_> = currencies.map(|(code, _)| text(code)).collect();
            let names = EntryNames {
                instruments: instruments?,
                currencies: currencies?,
            };
            owner.inner.keep_venue_entries(venue, names);
        }
        Ok(Self {
            kernel,
            number: venue,
        })
    }

    fn take_entries<'py>(&self, py: Python<'py>) -> (Bound<'py, PyBytes>, bool) {
        let mut owner = self.kernel.borrow_mut(py);
        let (bytes, moved) = owner.inner.take_venue_entries(self.number);
        (PyBytes::new(py, &bytes), moved)
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = self.of(py, Exchange::snapshot);
        PyBytes::new(py, &bytes)
    }

    #[pyo3(signature = (snapshot, instruments, currencies, ended, groups, /))]
    fn bring_back(
        &self,
        py: Python<'_>,
        snapshot: &[u8],
        instruments: Vec<InstrumentIx>,
        currencies: Vec<CurrencyIx>,
        ended: Vec<(Bound<'_, PyAny>, i64)>,
        groups: Vec<u64>,
    ) -> PyResult<()> {
        let ended: PyResult<_> = ended
            .iter()
            .map(|(id, cumulative)| Ok((order_id(id)?, *cumulative)))
            .collect();
        let kept = Kept {
            snapshot,
            numbers: Numbers {
                instruments,
                currencies,
            },
            ended: ended?,
            groups,
        };
        let mut owner = self.kernel.borrow_mut(py);
        let back = owner.inner.bring_venue_back(self.number, kept);
        back.map_err(|failure| to_python(py, failure))
    }

    fn open_orders<'py>(&self, py: Python<'py>) -> Vec<OpenOrder<'py>> {
        let owner = self.kernel.borrow(py);
        let exchange = &owner.inner.venues()[self.number].exchange;
        let orders = exchange.open_orders();
        let row = |open: crate::exchange::OpenOrder| {
            let instrument = owner.messages.labels(open.instrument).id.bind(py);
            let id = id_text(py, open.id);
            let key = open.venue_order_id.to_string();
            (id, instrument.clone(), key, open.quantity, open.cumulative)
        };
        orders.map(row).collect()
    }

    fn balances<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyString>, i128)> {
        let owner = self.kernel.borrow(py);
        let exchange = &owner.inner.venues()[self.number].exchange;
        let codes = owner.messages.currencies.iter();
        codes
            .zip(0..)
            .map(|((code, _), ix)| (code.bind(py).clone(), exchange.balance(ix)))
            .collect()
    }

    fn positions<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyString>, u64, i64)> {
        let owner = self.kernel.borrow(py);
        let exchange = &owner.inner.venues()[self.number].exchange;
        let held = exchange.holdings().into_iter();
        held.map(|(ix, leg, quantity)| {
            let id = owner.messages.labels(ix).id.bind(py);
            (id.clone(), leg, quantity)
        })
        .collect()
    }
}

impl PySimulatedVenue {
    fn of<T>(&self, py: Python<'_>, see: impl FnOnce(&Exchange) -> T) -> T {
        let owner = self.kernel.borrow(py);
        see(&owner.inner.venues()[self.number].exchange)
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySimulatedVenue>()
}
