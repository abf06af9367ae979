//! `Interests`: what wakes the strategies of a run; see `crate::watch`.

use pyo3::prelude::*;

use super::directory::PyDirectory;
use super::indicators::PyIndicator;
use super::kernel::read_bar_type;
use super::market::PyMarket;
use crate::indicators::cross::{Cross, Line};
use crate::ledger::BookIx;
use crate::types::InstrumentIx;
use crate::watch::{Level, Memory};

/// An indicator with one of its outputs, or a constant level.
#[derive(FromPyObject)]
enum GivenLine<'py> {
    Output(PyRef<'py, PyIndicator>, String),
    Level(f64),
}

/// Sides of lines; last quotes of throttles; levels as (instrument, name, units, above).
type Remembered = (
    Vec<Option<bool>>,
    Vec<Option<(i64, i128)>>,
    Vec<(InstrumentIx, String, i64, Option<bool>)>,
);

/// Declares what wakes strategies.
#[pyclass(module = "openoutcry._native")]
pub struct Interests {
    directory: Py<PyDirectory>,
    market: Py<PyMarket>,
}

#[pymethods]
impl Interests {
    #[new]
    #[pyo3(signature = (directory, market, /))]
    fn new(directory: Py<PyDirectory>, market: Py<PyMarket>) -> Self {
        Self { directory, market }
    }

    #[pyo3(signature = (book, instrument, timeframe, price_type, indicator, /))]
    fn attach(
        &self,
        py: Python<'_>,
        book: BookIx,
        instrument: InstrumentIx,
        timeframe: &str,
        price_type: &str,
        indicator: &Bound<'_, PyIndicator>,
    ) -> PyResult<bool> {
        let (timeframe, price_type) = read_bar_type(py, timeframe, price_type)?;
        let watch = &mut self.market.borrow_mut(py).inner.watch;
        let owned = (book, indicator.get().shared());
        Ok(watch.attach(instrument, timeframe, price_type, owned))
    }

    #[pyo3(signature = (book, name, instrument, timeframe, price_type, first, second, skip_flat, /))]
    #[expect(clippy::too_many_arguments, reason = "whose, which bars, which lines")]
    fn cross(
        &self,
        py: Python<'_>,
        book: BookIx,
        name: &Bound<'_, PyAny>,
        instrument: InstrumentIx,
        timeframe: &str,
        price_type: &str,
        first: GivenLine<'_>,
        second: GivenLine<'_>,
        skip_flat: bool,
    ) -> PyResult<()> {
        let (timeframe, price_type) = read_bar_type(py, timeframe, price_type)?;
        let name = self.directory.borrow_mut(py).symbol(name)?;
        let cross = Cross::new(first.line()?, second.line()?, skip_flat);
        let watch = &mut self.market.borrow_mut(py).inner.watch;
        watch.cross(instrument, timeframe, price_type, (book, name), cross);
        Ok(())
    }

    #[pyo3(signature = (book, instrument, every_ns, distance, /))]
    fn throttle(
        &self,
        py: Python<'_>,
        book: BookIx,
        instrument: InstrumentIx,
        every_ns: i64,
        distance: i64,
    ) {
        let watch = &mut self.market.borrow_mut(py).inner.watch;
        watch.throttle(instrument, book, every_ns, distance);
    }

    #[pyo3(signature = (book, name, instrument, units, /))]
    fn wait_for(
        &self,
        py: Python<'_>,
        book: BookIx,
        name: &Bound<'_, PyAny>,
        instrument: InstrumentIx,
        units: i64,
    ) -> PyResult<()> {
        let name = self.directory.borrow_mut(py).symbol(name)?;
        let market = &mut self.market.borrow_mut(py).inner;
        market.wait_for(instrument, (book, name), units);
        Ok(())
    }

    #[pyo3(signature = (book, name, instrument, /))]
    fn forget(
        &self,
        py: Python<'_>,
        book: BookIx,
        name: &Bound<'_, PyAny>,
        instrument: InstrumentIx,
    ) -> PyResult<()> {
        let name = self.directory.borrow_mut(py).symbol(name)?;
        let watch = &mut self.market.borrow_mut(py).inner.watch;
        watch.forget(instrument, book, name);
        Ok(())
    }

    #[pyo3(signature = (book, /))]
    fn release(&self, py: Python<'_>, book: BookIx) {
        self.market.borrow_mut(py).inner.watch.release(book);
    }

    #[pyo3(signature = (book, /))]
    fn memory(&self, py: Python<'_>, book: BookIx) -> Remembered {
        let memory = self.market.borrow(py).inner.watch.memory(book);
        let directory = self.directory.borrow(py);
        let named = |(ix, level): &(InstrumentIx, Level)| {
            let name = directory.inner.text(level.name).to_owned();
            (*ix, name, level.units, level.above)
        };
        let levels = memory.levels.iter().map(named).collect();
        (memory.lines, memory.throttles, levels)
    }

    #[pyo3(signature = (book, memory, /))]
    fn remember(&self, py: Python<'_>, book: BookIx, memory: Remembered) -> bool {
        let (lines, throttles, named) = memory;
        let mut directory = self.directory.borrow_mut(py);
        let levels = named.into_iter().map(|(ix, name, units, above)| {
            let name = directory.inner.symbol(&name);
            let level = Level {
                book,
                name,
                units,
                above,
            };
            (ix, level)
        });
        let memory = Memory {
            lines,
            throttles,
            levels: levels.collect(),
        };
        let watch = &mut self.market.borrow_mut(py).inner.watch;
        watch.remember(book, memory)
    }
}

impl GivenLine<'_> {
    fn line(self) -> PyResult<Line> {
        match self {
            GivenLine::Level(level) => Ok(Line::Level(level)),
            GivenLine::Output(indicator, output) => {
                let of = indicator.shared();
                let index = indicator.place(&output)?;
                Ok(Line::Output { of, index })
            }
        }
    }
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Interests>()
}
