//! `Kernel`: the inlet as Python drives it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::commands::{CommandReader, name_hash};
use super::exchange::Hours;
use super::failures::to_python;
use super::feeds;
use super::instrument::{InstrumentSpec, instruments};
use super::kernel_parts::{feed_spec, named, read_phase, read_venue, required};
pub use super::kernel_parts::{read_bar_type, read_kind};
use super::market::PyMarket;
use super::messages::{Labels, Messages};
use crate::failure::Failure;
use crate::feed::{FeedSpec, Supply};
use crate::kernel::{Input, Kernel, Step, Venue};
use crate::market::Market;
use crate::sessions::Sessions;
use crate::types::{Command, CurrencyIx, InstrumentIx, Nanos};

/// Events that are skipped before the interpreter is let go: a few tenths of a millisecond.
const SHORT_WAIT: usize = 8192;

/// Merges feeds, simulated venues, timers and messages from outside into one ordered stream of inputs.
#[pyclass(name = "Kernel", module = "openoutcry._native")]
pub struct PyKernel {
    pub(super) inner: Kernel,
    market: Py<PyMarket>,
    pub(super) messages: Messages,
    commands: CommandReader,
    delivered: u64,
    /// Messages from outside by their token, until their input comes.
    external: HashMap<u64, Py<PyAny>>,
    /// Names of the feeds in errors.
    feed_labels: Vec<String>,
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
            external: HashMap::new(),
            feed_labels: Vec::new(),
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
    ) -> PyResult<usize> {
        let label = self.label(py, kind, instrument)?;
        let source = feeds::source(read_kind(kind)?, label.clone(), chunks)?;
        let spec = feed_spec(py, kind, instrument, bar, latency_ns)?;
        self.enter_feed(py, spec, label, Supply::Recorded(source))
    }

    #[pyo3(signature = (kind, instrument, bar=None, /))]
    fn add_live_feed(
        &mut self,
        py: Python<'_>,
        kind: &str,
        instrument: InstrumentIx,
        bar: Option<(String, String)>,
    ) -> PyResult<usize> {
        let label = self.label(py, kind, instrument)?;
        let spec = feed_spec(py, kind, instrument, bar, 0)?;
        self.enter_feed(py, spec, label, Supply::Live(VecDeque::new()))
    }

    #[pyo3(signature = (feed, columns, /))]
    fn push(&mut self, py: Python<'_>, feed: usize, columns: &Bound<'_, PyAny>) -> PyResult<()> {
        let Some((kind, label)) = self.inner.feed_kind(feed).zip(self.feed_labels.get(feed)) else {
            return Err(PyIndexError::new_err(format!("no feed {feed}")));
        };
        let chunk = feeds::chunk(kind, label, columns)?;
        self.inner.push(feed, chunk).map_err(|e| to_python(py, e))
    }

    #[pyo3(signature = (feed, /))]
    fn rows_taken(&self, feed: usize) -> PyResult<u64> {
        let rows = self.inner.rows_taken(feed);
        rows.ok_or_else(|| PyIndexError::new_err(format!("no feed {feed}")))
    }

    #[pyo3(signature = (ts, phase, message, encoded, seq=None, /))]
    fn inject(
        &mut self,
        py: Python<'_>,
        ts: i64,
        phase: &str,
        message: Py<PyAny>,
        encoded: &[u8],
        seq: Option<u64>,
    ) -> PyResult<()> {
        let phase = read_phase(phase)?;
        let token = match seq {
            None => Ok(self.inner.inject(ts, phase, encoded.into())),
            Some(seq) => (self.inner).inject_numbered(seq, ts, phase, encoded.into()),
        };
        let token = token.map_err(|e| to_python(py, e))?;
        self.external.insert(token, message);
        Ok(())
    }

    #[pyo3(signature = (ts, /))]
    fn jump(&mut self, ts: i64) {
        self.inner.jump(ts);
    }

    fn release(&mut self) {
        self.inner.release();
    }

    fn next_task(&self) -> Option<i64> {
        self.inner.next_task()
    }

    #[pyo3(signature = (active, /))]
    fn set_venues_active(&mut self, py: Python<'_>, active: bool) {
        let market = &self.market.borrow(py).inner;
        self.inner.set_venues_active(active, market);
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

    #[pyo3(name = "next", signature = (until=None, /))]
    fn advance<'py>(
        &mut self,
        py: Python<'py>,
        until: Option<i64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.advance_input(py, until.unwrap_or(Nanos::MAX))? {
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

    #[getter]
    fn reached(&self) -> i64 {
        self.inner.reached()
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

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let taken = self.inner.snapshot(&self.market.borrow(py).inner);
        Ok(PyBytes::new(py, &taken.map_err(|e| to_python(py, e))?))
    }

    #[pyo3(signature = (data, /))]
    fn restore(&mut self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        let market = &mut self.market.borrow_mut(py).inner;
        let restored = self.inner.restore(data, market);
        restored.map_err(|e| to_python(py, e))
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
    /// The next input that the core wants, up to the moment `until`.
    pub fn advance_input(&mut self, py: Python<'_>, until: Nanos) -> PyResult<Option<Input>> {
        loop {
            match self.advance_within(py, usize::MAX, until)? {
                Step::Input(input) => return Ok(Some(input)),
                Step::End | Step::Reached => return Ok(None),
                Step::Pause => {}
            }
        }
    }

    /// As `advance_input`, but pause after about `most` events that the core does not want, and stop
    /// where everything is later than `until`.
    pub fn advance_within(&mut self, py: Python<'_>, most: usize, until: Nanos) -> PyResult<Step> {
        let market = &mut self.market.borrow_mut(py).inner;
        let step = advance(py, &mut self.inner, market, most, until);
        let step = step.map_err(|e| to_python(py, e))?;
        self.delivered += u64::from(matches!(step, Step::Input(_)));
        Ok(step)
    }

    /// The message of the input that `advance_input` gave last.
    pub fn message<'py>(&mut self, py: Python<'py>, input: &Input) -> PyResult<Bound<'py, PyAny>> {
        if let Input::External { token, .. } = input
            && let Some(message) = self.external.remove(token)
        {
            return Ok(message.into_bound(py));
        }
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

    fn label(&self, py: Python<'_>, kind: &str, instrument: InstrumentIx) -> PyResult<String> {
        match self.messages.instruments.get(instrument as usize) {
            Some(labels) => Ok(format!("{kind} {}", labels.id.bind(py))),
            None => Err(PyIndexError::new_err(format!("no instrument {instrument}"))),
        }
    }

    fn enter_feed(
        &mut self,
        py: Python<'_>,
        spec: FeedSpec,
        label: String,
        supply: Supply,
    ) -> PyResult<usize> {
        let added = self.inner.add_feed(spec, supply);
        let number = added.map_err(|e| to_python(py, e))?;
        self.feed_labels.push(label);
        Ok(number)
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
    until: Nanos,
) -> Result<Step, Failure> {
    match kernel.advance_within(market, most.min(SHORT_WAIT), until)? {
        Step::Pause if most > SHORT_WAIT => {
            py.detach(|| kernel.advance_within(market, most - SHORT_WAIT, until))
        }
        step => Ok(step),
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyKernel>()
}
