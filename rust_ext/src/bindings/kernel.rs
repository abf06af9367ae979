//! `Kernel`: the replay as Python drives it.

use std::collections::BTreeMap;

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::commands::{CommandReader, name_hash};
use super::exchange::{Hours, exchange_config};
use super::failures::to_python;
use super::feeds;
use super::instrument::{InstrumentSpec, instruments};
use super::market::PyMarket;
use super::messages::{Labels, Messages};
use super::names::raise;
use crate::bars::Timeframe;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::feed::{FeedKind, FeedSpec};
use crate::kernel::{Input, Kernel, Step, Venue};
use crate::market::Market;
use crate::sessions::Sessions;
use crate::types::{Command, CurrencyIx, Instrument, InstrumentIx, PriceType};

/// Events that are skipped before the interpreter is let go: a few tenths of a millisecond.
const SHORT_WAIT: usize = 8192;

/// Merges recorded feeds, simulated venues and timers into one ordered stream of inputs.
#[pyclass(name = "Kernel", module = "openoutcry._native")]
pub struct PyKernel {
    pub(super) inner: Kernel,
    market: Py<PyMarket>,
    pub(super) messages: Messages,
    commands: CommandReader,
    delivered: u64,
}

#[pymethods]
impl PyKernel {
    #[new]
    #[pyo3(signature = (instruments, instrument_ids, currencies, venues, market))]
    fn new(
        py: Python<'_>,
        instruments: Vec<PyRef<'_, InstrumentSpec>>,
        instrument_ids: Vec<Bound<'_, PyString>>,
        currencies: Vec<(Bound<'_, PyString>, u8)>,
        venues: Vec<Bound<'_, PyDict>>,
        market: Py<PyMarket>,
    ) -> PyResult<Self> {
        let specs = self::instruments(&instruments);
        if specs.len() != instrument_ids.len() || specs.len() != market.borrow(py).inner.len() {
            return Err(PyValueError::new_err(
                "instruments, ids and market differ in number",
            ));
        }
        let scales: Vec<u8> = currencies.iter().map(|c| c.1).collect();
        let mut built = Vec::new();
        let mut venue_names = Vec::new();
        for venue in &venues {
            built.push(read_venue(venue, &specs, &scales)?);
            venue_names.push(required(venue, "name")?.cast_into::<PyString>()?.unbind());
        }
        let size_scales: Vec<u8> = specs.iter().map(|s| s.size_scale).collect();
        let mut indexes = BTreeMap::new();
        let mut labels = Vec::new();
        for (ix, (spec, id)) in specs.iter().zip(&instrument_ids).enumerate() {
            indexes.insert(id.extract()?, ix as InstrumentIx);
            let (price_scale, size_scale) = (spec.price_scale, spec.size_scale);
            labels.push(Labels {
                id: id.clone().unbind(),
                price_scale,
                size_scale,
            });
        }
        let currencies = currencies
            .into_iter()
            .map(|(code, scale)| (code.unbind(), scale));
        Ok(Self {
            inner: Kernel::new(&size_scales, built).map_err(|e| to_python(py, e))?,
            market,
            messages: Messages::new(labels, venue_names, currencies.collect()),
            commands: CommandReader { indexes },
            delivered: 0,
        })
    }

    #[pyo3(signature = (ts, /))]
    fn set_clock(&mut self, py: Python<'_>, ts: i64) -> PyResult<()> {
        self.inner.set_clock(ts).map_err(|e| to_python(py, e))
    }

    #[pyo3(signature = (kind, instrument, chunks, bar=None, latency_ns=0, /))]
    fn add_feed(
        &mut self,
        py: Python<'_>,
        kind: &str,
        instrument: InstrumentIx,
        chunks: &Bound<'_, PyAny>,
        bar: Option<(String, String)>,
        latency_ns: i64,
    ) -> PyResult<()> {
        let kind = read_kind(kind)?;
        let Some(labels) = self.messages.instruments.get(instrument as usize) else {
            return Err(PyIndexError::new_err(format!("no instrument {instrument}")));
        };
        let label = format!("{} {}", kind.name(), labels.id.bind(py));
        let bar = bar
            .map(|(timeframe, price)| read_bar_type(py, &timeframe, &price))
            .transpose()?;
        let source = feeds::source(kind, label, chunks)?;
        let spec = FeedSpec {
            kind,
            instrument,
            bar,
            latency: latency_ns,
        };
        self.inner
            .add_feed(spec, source)
            .map_err(|e| to_python(py, e))
    }

    #[pyo3(signature = (instrument, sessions, /))]
    fn set_sessions(
        &mut self,
        py: Python<'_>,
        instrument: InstrumentIx,
        sessions: Hours,
    ) -> PyResult<()> {
        let set =
            Sessions::new(&sessions).and_then(|hours| self.inner.set_sessions(instrument, hours));
        set.map_err(|e| to_python(py, e))
    }

    #[pyo3(signature = (instrument, timeframe, price_type, /))]
    fn build_bars(
        &mut self,
        py: Python<'_>,
        instrument: InstrumentIx,
        timeframe: &str,
        price_type: &str,
    ) -> PyResult<()> {
        let (timeframe, price_type) = read_bar_type(py, timeframe, price_type)?;
        let built = self.inner.build_bars(instrument, timeframe, price_type);
        built.map_err(|e| to_python(py, e))
    }

    #[pyo3(signature = (kind, instrument, wanted, /))]
    fn set_interest(
        &mut self,
        py: Python<'_>,
        kind: &str,
        instrument: InstrumentIx,
        wanted: bool,
    ) -> PyResult<()> {
        let set = self
            .inner
            .set_interest(read_kind(kind)?, instrument, wanted);
        set.map_err(|e| to_python(py, e))
    }

    #[pyo3(name = "next")]
    fn advance<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.advance_input(py)? {
            None => Ok(None),
            Some(input) => self.message(py, &input).map(Some),
        }
    }

    #[getter]
    fn delivered(&self) -> u64 {
        self.delivered
    }

    #[getter]
    fn seq(&self) -> u64 {
        self.inner.seq()
    }

    #[getter]
    fn now(&self) -> i64 {
        self.inner.now()
    }

    #[pyo3(signature = (ts, owner, name, /))]
    fn set_timer(&mut self, ts: i64, owner: String, name: String) -> u64 {
        self.inner.set_timer(ts, owner, name)
    }

    #[pyo3(signature = (handle, /))]
    fn cancel_timer(&mut self, handle: u64) {
        self.inner.cancel_timer(handle);
    }

    #[pyo3(signature = (command, /))]
    fn submit(&mut self, py: Python<'_>, command: &Bound<'_, PyAny>) -> PyResult<()> {
        let (command, position) = self.commands.read(command)?;
        if let Some(name) = position {
            self.messages
                .positions
                .insert(name_hash(&name)?, name.unbind());
        }
        self.inner.submit(command).map_err(|e| to_python(py, e))
    }

    #[pyo3(signature = (venue, currency, /))]
    fn venue_balance(&self, venue: usize, currency: CurrencyIx) -> PyResult<i128> {
        if usize::from(currency) >= self.messages.currencies.len() {
            return Err(PyIndexError::new_err(format!("no currency {currency}")));
        }
        Ok(self.venue(venue)?.exchange.balance(currency))
    }

    #[pyo3(signature = (venue, instrument, /))]
    fn venue_position(&self, venue: usize, instrument: InstrumentIx) -> PyResult<i64> {
        if instrument as usize >= self.messages.instruments.len() {
            return Err(PyIndexError::new_err(format!("no instrument {instrument}")));
        }
        Ok(self.venue(venue)?.exchange.position(instrument))
    }

    fn input_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.digest())
    }

    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        named(py, &self.inner.counts().inputs())
    }

    fn defects<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        named(py, &self.inner.counts().defects())
    }

    fn cut(&mut self) {
        self.inner.cut();
    }

    /// What the venues report to it are the next and last inputs.
    fn finish(&mut self) {
        self.inner.finish();
    }
}

impl PyKernel {
    /// The next input that the core wants.
    pub fn advance_input(&mut self, py: Python<'_>) -> PyResult<Option<Input>> {
        loop {
            match self.advance_within(py, usize::MAX)? {
                Step::Input(input) => return Ok(Some(input)),
                Step::End => return Ok(None),
                Step::Pause => {}
            }
        }
    }

    /// As `advance_input`, but pause after about `most` events that the core does not want.
    pub fn advance_within(&mut self, py: Python<'_>, most: usize) -> PyResult<Step> {
        let step = advance(
            py,
            &mut self.inner,
            &mut self.market.borrow_mut(py).inner,
            most,
        );
        let step = step.map_err(|e| to_python(py, e))?;
        self.delivered += u64::from(matches!(step, Step::Input(_)));
        Ok(step)
    }

    /// The message of the input that `advance_input` gave last.
    pub fn message<'py>(&mut self, py: Python<'py>, input: &Input) -> PyResult<Bound<'py, PyAny>> {
        self.messages.build(py, input, self.inner.levels())
    }

    /// Sequence number and time of the last input.
    pub fn stamp(&self) -> (u64, i64) {
        (self.inner.seq(), self.inner.now())
    }

    /// Send a command to its venue.
    pub fn send(&mut self, command: Command) -> Result<(), Failure> {
        self.inner.submit(command)
    }

    /// Set a timer of the engine's own.
    pub fn set_own_timer(&mut self, ts: i64, owner: String, name: String) -> u64 {
        self.inner.set_timer(ts, owner, name)
    }

    /// Forget one.
    pub fn forget_timer(&mut self, handle: u64) {
        self.inner.cancel_timer(handle);
    }

    fn venue(&self, venue: usize) -> PyResult<&Venue> {
        let found = self.inner.venues().get(venue);
        found.ok_or_else(|| PyIndexError::new_err(format!("no venue {venue}")))
    }
}

/// The next wanted input. A long wait for it lets other threads of the interpreter run.
fn advance(
    py: Python<'_>,
    kernel: &mut Kernel,
    market: &mut Market,
    most: usize,
) -> Result<Step, Failure> {
    match kernel.advance_within(market, most.min(SHORT_WAIT))? {
        Step::Pause if most > SHORT_WAIT => {
            py.detach(|| kernel.advance_within(market, most - SHORT_WAIT))
        }
        step => Ok(step),
    }
}

fn required<'py>(venue: &Bound<'py, PyDict>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    let found = venue.get_item(key)?;
    found.ok_or_else(|| PyValueError::new_err(format!("a venue needs the key {key}")))
}

/// A venue from its mapping; what concerns matching is read by `exchange_config`.
fn read_venue(venue: &Bound<'_, PyDict>, specs: &[Instrument], scales: &[u8]) -> PyResult<Venue> {
    let py = venue.py();
    let latency = |key| -> PyResult<i64> {
        let micros: u32 = match venue.get_item(key)? {
            Some(value) => value.extract()?,
            None => 0,
        };
        Ok(i64::from(micros) * 1000)
    };
    let exchange = Exchange::new(exchange_config(venue)?, specs.to_vec(), scales.to_vec())
        .map_err(|text| raise(py, |n| &n.config_error, text))?;
    let instruments = required(venue, "instruments")?.extract()?;
    Ok(Venue::new(
        exchange,
        instruments,
        latency("order_latency_us")?,
        latency("report_latency_us")?,
    ))
}

pub fn read_kind(kind: &str) -> PyResult<FeedKind> {
    FeedKind::parse(kind)
        .ok_or_else(|| PyValueError::new_err(format!("{kind:?} is no kind of market data")))
}

/// A time frame and price type, as in `("1m", "last")`.
pub fn read_bar_type(
    py: Python<'_>,
    timeframe: &str,
    price_type: &str,
) -> PyResult<(Timeframe, PriceType)> {
    let timeframe = Timeframe::parse(timeframe).map_err(|e| to_python(py, e))?;
    let price_type = match price_type {
        "last" => PriceType::Last,
        "bid" => PriceType::Bid,
        "ask" => PriceType::Ask,
        "mid" => PriceType::Mid,
        _ => {
            let message = format!("bad price type {price_type:?}: last, bid, ask or mid");
            return Err(raise(py, |n| &n.config_error, message));
        }
    };
    Ok((timeframe, price_type))
}

/// What was counted at all, by name.
fn named<'py>(py: Python<'py>, counts: &[(&'static str, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        found.set_item(name, count)?;
    }
    Ok(found)
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyKernel>()
}
