//! `Market`: the last of everything per instrument.

use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyBytes;

use super::failures::to_python;
use super::instrument::InstrumentSpec;
use super::names::{Names, names, raise};
use crate::bars::Timeframe;
use crate::market::Market;
use crate::types::{Bar, InstrumentIx, Level, PriceType, Quote, Side, Trade};

/// Bytes of a packed level.
const LEVEL: usize = 17;

/// One side of a book as (price, size).
type Levels = Vec<(i64, i64)>;
/// (`ts_received`, bid, ask, bid size, ask size)
type Top = (i64, i64, i64, i64, i64);

/// The last of everything per instrument; the replay kernel updates it, live the market actor.
#[pyclass(name = "Market", module = "openoutcry._native")]
pub struct PyMarket {
    pub inner: Market,
}

impl PyMarket {
    fn check(&self, instrument: InstrumentIx) -> PyResult<InstrumentIx> {
        if (instrument as usize) < self.inner.len() {
            Ok(instrument)
        } else {
            Err(PyIndexError::new_err(format!("no instrument {instrument}")))
        }
    }
}

#[pymethods]
impl PyMarket {
    #[new]
    #[pyo3(signature = (instruments, /))]
    fn new(instruments: Vec<PyRef<'_, InstrumentSpec>>) -> Self {
        let scales: Vec<(u8, u8)> = instruments
            .iter()
            .map(|spec| (spec.instrument().price_scale, spec.instrument().size_scale))
            .collect();
        Self {
            inner: Market::of(&scales),
        }
    }

    #[pyo3(signature = (instrument, event, /))]
    fn apply(&mut self, instrument: InstrumentIx, event: &Bound<'_, PyAny>) -> PyResult<()> {
        let ix = self.check(instrument)?;
        let py = event.py();
        let n = names(py)?;
        let class = event.get_type();
        if class.is(&n.quote) {
            self.inner.set_quote(ix, &read_quote(event)?);
        } else if class.is(&n.trade) {
            let trade = read_trade(n, event)?;
            if trade.size != 0 {
                self.inner.set_trade(ix, &trade);
            }
        } else if class.is(&n.bar) {
            let timeframe: PyBackedStr = event.getattr(intern!(py, "timeframe"))?.extract()?;
            let timeframe = Timeframe::parse(&timeframe).map_err(|e| to_python(py, e))?;
            self.inner.set_bar(ix, timeframe, &read_bar(n, event)?);
        } else if class.is(&n.book_update) {
            let ts = event.getattr(intern!(py, "ts_received"))?.extract()?;
            let snapshot = event.getattr(intern!(py, "snapshot"))?.extract()?;
            self.inner.apply_book(ix, ts, snapshot, &unpack(event)?);
        } else if class.is(&n.book_invalidated) {
            self.inner.invalidate_book(ix);
        } else if class.is(&n.mark_price) {
            let ts = event.getattr(intern!(py, "ts_received"))?.extract()?;
            self.inner
                .set_mark(ix, ts, event.getattr(intern!(py, "mark_units"))?.extract()?);
        } else if !(class.is(&n.funding_rate) || class.is(&n.split) || class.is(&n.dividend)) {
            return Err(PyTypeError::new_err(format!("{class} is no market data")));
        }
        Ok(())
    }

    #[pyo3(signature = (instrument, /))]
    fn quote(&self, instrument: InstrumentIx) -> PyResult<Option<Top>> {
        let quote = self.inner.quote(self.check(instrument)?);
        Ok(quote.map(|q| (q.ts_received, q.bid, q.ask, q.bid_size, q.ask_size)))
    }

    #[pyo3(signature = (instrument, /))]
    fn trade(&self, instrument: InstrumentIx) -> PyResult<Option<(i64, i64, i64)>> {
        Ok(self.inner.trade(self.check(instrument)?))
    }

    #[pyo3(signature = (instrument, /))]
    fn bar(&self, instrument: InstrumentIx) -> PyResult<Option<(i64, i64)>> {
        Ok(self.inner.bar(self.check(instrument)?))
    }

    #[pyo3(signature = (instrument, /))]
    fn mark(&self, instrument: InstrumentIx) -> PyResult<Option<(i64, i64)>> {
        Ok(self.inner.mark(self.check(instrument)?))
    }

    #[pyo3(signature = (instrument, side=0, /))]
    fn valuation(&self, instrument: InstrumentIx, side: i64) -> PyResult<Option<i64>> {
        Ok(self.inner.valuation(self.check(instrument)?, side))
    }

    #[pyo3(signature = (instrument, ts, numerator, denominator, /))]
    fn split(
        &mut self,
        instrument: InstrumentIx,
        ts: i64,
        numerator: i64,
        denominator: i64,
    ) -> PyResult<()> {
        let ix = self.check(instrument)?;
        self.inner.split(ix, ts, numerator, denominator);
        Ok(())
    }

    #[pyo3(signature = (instrument, /))]
    fn book_valid(&self, instrument: InstrumentIx) -> PyResult<bool> {
        Ok(self.inner.book(self.check(instrument)?).is_valid())
    }

    #[pyo3(signature = (instrument, depth, /))]
    fn book_top(&self, instrument: InstrumentIx, depth: usize) -> PyResult<(Levels, Levels)> {
        let book = self.inner.book(self.check(instrument)?);
        Ok((
            book.bids().take(depth).collect(),
            book.asks().take(depth).collect(),
        ))
    }

    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.digest())
    }
}

/// The values of a `Quote`.
pub fn read_quote(event: &Bound<'_, PyAny>) -> PyResult<Quote> {
    let py = event.py();
    Ok(Quote {
        ts_event: event.getattr(intern!(py, "ts_event"))?.extract()?,
        ts_received: event.getattr(intern!(py, "ts_received"))?.extract()?,
        bid: event.getattr(intern!(py, "bid_units"))?.extract()?,
        ask: event.getattr(intern!(py, "ask_units"))?.extract()?,
        bid_size: event.getattr(intern!(py, "bid_size_units"))?.extract()?,
        ask_size: event.getattr(intern!(py, "ask_size_units"))?.extract()?,
    })
}

/// The values of a `Trade`, without its id, which is text outside of recordings.
pub fn read_trade(n: &Names, event: &Bound<'_, PyAny>) -> PyResult<Trade> {
    let py = event.py();
    let aggressor = event.getattr(intern!(py, "aggressor"))?;
    Ok(Trade {
        ts_event: event.getattr(intern!(py, "ts_event"))?.extract()?,
        ts_received: event.getattr(intern!(py, "ts_received"))?.extract()?,
        price: event.getattr(intern!(py, "price_units"))?.extract()?,
        size: event.getattr(intern!(py, "size_units"))?.extract()?,
        aggressor: if aggressor.is_none() {
            None
        } else {
            Some(n.side.value(&aggressor)?)
        },
        trade_id: 0,
    })
}

fn read_bar(n: &Names, event: &Bound<'_, PyAny>) -> PyResult<Bar> {
    let py = event.py();
    let price_type: PriceType = n
        .price_type
        .value(&event.getattr(intern!(py, "price_type"))?)?;
    Ok(Bar {
        ts_open: event.getattr(intern!(py, "ts_open"))?.extract()?,
        ts_event: event.getattr(intern!(py, "ts_event"))?.extract()?,
        ts_received: event.getattr(intern!(py, "ts_received"))?.extract()?,
        price_type,
        open: event.getattr(intern!(py, "open_units"))?.extract()?,
        high: event.getattr(intern!(py, "high_units"))?.extract()?,
        low: event.getattr(intern!(py, "low_units"))?.extract()?,
        close: event.getattr(intern!(py, "close_units"))?.extract()?,
        volume: event.getattr(intern!(py, "volume_units"))?.extract()?,
        count: event.getattr(intern!(py, "count"))?.extract()?,
    })
}

/// The levels of a `BookUpdate`.
fn unpack(event: &Bound<'_, PyAny>) -> PyResult<Vec<Level>> {
    let py = event.py();
    let packed = event.getattr(intern!(py, "levels"))?;
    let packed: &[u8] = packed.cast::<PyBytes>()?.as_bytes();
    if !packed.chunks_exact(LEVEL).remainder().is_empty() {
        let message = format!("{} bytes are no whole book levels", packed.len());
        return Err(raise(py, |n| &n.data_format_error, message));
    }
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0i64, |sum, byte| sum << 8 | i64::from(*byte))
    };
    Ok(packed
        .chunks_exact(LEVEL)
        .map(|level| Level {
            side: if level[0] as i8 > 0 {
                Side::Buy
            } else {
                Side::Sell
            },
            price: number(&level[1..9]),
            size: number(&level[9..]),
        })
        .collect())
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMarket>()
}
