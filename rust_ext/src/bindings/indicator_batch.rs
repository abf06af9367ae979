//! Indicators over whole columns of Python arrays, for research.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;

use super::names::raise;
use crate::indicators::{Candle, Live, number};
use crate::types::UNDEFINED;

const MAX_SCALE: u8 = 18;

/// One column: floats as they are, or integers that count 10^-scale.
enum Column {
    Floats(PyBuffer<f64>),
    Units(PyBuffer<i64>),
}

/// The columns that an indicator reads, equally long.
pub struct Table<'py> {
    py: Python<'py>,
    columns: Vec<(&'static str, Column)>,
    rows: usize,
    price_scale: u8,
    size_scale: u8,
}

fn bad(py: Python<'_>, text: String) -> PyErr {
    raise(py, |n| &n.data_format_error, text)
}

/// A buffer of one row of numbers of this type; None when it is of another type.
fn row_of<T: Element>(column: &Bound<'_, PyAny>) -> Option<PyBuffer<T>> {
    let buffer = PyBuffer::<T>::get(column).ok()?;
    (buffer.dimensions() == 1 && buffer.is_c_contiguous()).then_some(buffer)
}

impl<'py> Table<'py> {
    /// # Errors
    /// `DataFormatError` for a column that is missing, of another type or of another length;
    /// `ConfigError` for a scale above 18.
    pub fn read(
        columns: &Bound<'py, PyAny>,
        names: &'static [&'static str],
        price_scale: u8,
        size_scale: u8,
    ) -> PyResult<Self> {
        let py = columns.py();
        if price_scale.max(size_scale) > MAX_SCALE {
            let text = format!("a scale is at most {MAX_SCALE}");
            return Err(raise(py, |n| &n.config_error, text));
        }
        let mut table = Self {
            py,
            columns: Vec::new(),
            rows: 0,
            price_scale,
            size_scale,
        };
        for name in names {
            let given = columns
                .get_item(name)
                .map_err(|_| bad(py, format!("column {name} is missing")))?;
            table.add(name, &given)?;
        }
        Ok(table)
    }

    fn add(&mut self, name: &'static str, given: &Bound<'py, PyAny>) -> PyResult<()> {
        let floats = || row_of(given).map(Column::Floats);
        let column = row_of(given).map(Column::Units).or_else(floats);
        let Some(column) = column else {
            let text = format!("column {name} is no row of 64-bit integers or floats");
            return Err(bad(self.py, text));
        };
        let rows = match &column {
            Column::Floats(buffer) => buffer.item_count(),
            Column::Units(buffer) => buffer.item_count(),
        };
        if self.columns.is_empty() {
            self.rows = rows;
        } else if rows != self.rows {
            let (first, count) = (self.columns[0].0, self.rows);
            let text = format!("column {name} has {rows} rows, {first} has {count}");
            return Err(bad(self.py, text));
        }
        self.columns.push((name, column));
        Ok(())
    }

    /// A column as floats; all NaN when the indicator does not read it.
    fn floats(&self, name: &str) -> PyResult<Vec<f64>> {
        let scale = if name == "volume" {
            self.size_scale
        } else {
            self.price_scale
        };
        match self.columns.iter().find(|(known, _)| *known == name) {
            None => Ok(vec![f64::NAN; self.rows]),
            Some((_, Column::Floats(buffer))) => buffer.to_vec(self.py),
            Some((_, Column::Units(buffer))) => Ok(buffer
                .to_vec(self.py)?
                .into_iter()
                .map(|units| match units {
                    UNDEFINED => f64::NAN,
                    units => number(units, scale),
                })
                .collect()),
        }
    }

    /// As `floats`, where every number the indicator reads must be one.
    fn prices(&self, name: &str) -> PyResult<Vec<f64>> {
        let values = self.floats(name)?;
        let read = self.columns.iter().any(|(known, _)| *known == name);
        match values.iter().position(|value| !value.is_finite()) {
            Some(row) if read => {
                let text = format!("{name} is {} in row {row}: fill or drop it", values[row]);
                Err(bad(self.py, text))
            }
            _ => Ok(values),
        }
    }

    /// When each bar opened; 0 when the indicator does not ask.
    fn times(&self) -> PyResult<Vec<i64>> {
        match self.columns.iter().find(|(known, _)| *known == "ts_open") {
            None => Ok(vec![0; self.rows]),
            Some((_, Column::Units(buffer))) => buffer.to_vec(self.py),
            Some(_) => Err(bad(
                self.py,
                "column ts_open is no row of 64-bit integers (nanoseconds UTC)".to_owned(),
            )),
        }
    }
}

/// Feed every row and write the outputs, in the order of `Kind::outputs`, into float64 arrays.
pub fn fill(live: &mut Live, table: &Table<'_>, out: &Bound<'_, PyAny>) -> PyResult<()> {
    let (high, low) = (table.prices("high")?, table.prices("low")?);
    let (open, close) = (table.prices("open")?, table.prices("close")?);
    let (volume, times) = (table.floats("volume")?, table.times()?);
    let mut outputs = vec![vec![f64::NAN; table.rows]; live.kind().outputs.len()];
    for row in 0..table.rows {
        live.update(&Candle {
            ts_open: times[row],
            open: open[row],
            high: high[row],
            low: low[row],
            close: close[row],
            volume: volume[row],
        });
        for (place, output) in outputs.iter_mut().enumerate() {
            output[row] = live.output(place);
        }
    }
    for (place, output) in outputs.iter().enumerate() {
        let buffer = PyBuffer::<f64>::get(&out.get_item(place)?)?;
        buffer.copy_from_slice(table.py, output)?;
    }
    Ok(())
}
