//! The record of a run for Python: columns as bytes; see `crate::path::RunColumns`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::directory::PyDirectory;
use crate::orders::VenueKey;
use crate::path::{Column, FillColumns, OrderColumns, RunColumns};

/// What a run recorded, as columns of 64-bit integers.
#[pyclass(frozen, get_all, name = "RunColumns", module = "openoutcry._native")]
pub struct PyRunColumns {
    orders: Py<PyDict>,
    fills: Py<PyDict>,
    equity: Py<PyDict>,
    texts: Py<PyTuple>,
    reasons: Py<PyTuple>,
    denied: usize,
    denials: Py<PyDict>,
}

impl PyRunColumns {
    /// The columns of a run with this directory.
    pub fn new(py: Python<'_>, run: &RunColumns, directory: &PyDirectory) -> PyResult<Self> {
        let texts = run.texts.iter().map(|&text| directory.inner.text(text));
        let reasons: Vec<_> = run
            .reasons
            .iter()
            .map(|words| PyTuple::new(py, words.iter().map(AsRef::<str>::as_ref)))
            .collect::<PyResult<_>>()?;
        let denials = PyDict::new(py);
        for (reason, count) in &run.denials {
            denials.set_item(reason, count)?;
        }
        let equity = PyDict::new(py);
        equity.set_item("ts", narrow(py, &run.equity_ts)?)?;
        equity.set_item("units", column(py, &run.equity)?)?;
        Ok(Self {
            orders: orders(py, &run.orders)?.unbind(),
            fills: fills(py, &run.fills)?.unbind(),
            equity: equity.unbind(),
            texts: PyTuple::new(py, texts.collect::<Vec<_>>())?.unbind(),
            reasons: PyTuple::new(py, reasons)?.unbind(),
            denied: run.denied,
            denials: denials.unbind(),
        })
    }
}

fn orders<'py>(py: Python<'py>, of: &OrderColumns) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    columns.set_item("id", ids(py, &of.id)?)?;
    for (name, values) in [
        ("book", &of.book),
        ("instrument", &of.instrument),
        ("side", &of.side),
        ("order_type", &of.order_type),
        ("time_in_force", &of.time_in_force),
        ("quantity", &of.quantity),
        ("limit", &of.limit),
        ("trigger", &of.trigger),
        ("status", &of.status),
        ("ts_created", &of.ts_created),
        ("ts_done", &of.ts_done),
        ("reason", &of.reason),
        ("tag", &of.tag),
    ] {
        columns.set_item(name, narrow(py, values)?)?;
    }
    columns.set_item("filled", column(py, &of.filled)?)?;
    Ok(columns)
}

fn fills<'py>(py: Python<'py>, of: &FillColumns) -> PyResult<Bound<'py, PyDict>> {
    let columns = PyDict::new(py);
    columns.set_item("order", ids(py, &of.order)?)?;
    columns.set_item("fill_id", keys(py, &of.fill_id)?)?;
    for (name, values) in [
        ("ts", &of.ts),
        ("book", &of.book),
        ("instrument", &of.instrument),
        ("side", &of.side),
        ("price", &of.price),
        ("quantity", &of.quantity),
        ("fee_currency", &of.fee_currency),
        ("liquidity", &of.liquidity),
        ("position", &of.position),
    ] {
        columns.set_item(name, narrow(py, values)?)?;
    }
    columns.set_item("fee", column(py, &of.fee)?)?;
    columns.set_item("realized", column(py, &of.realized)?)?;
    Ok(columns)
}

/// Little-endian bytes, `N` for each value.
fn packed<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, values.len() * N, |buffer| {
        for (place, &value) in buffer.chunks_exact_mut(N).zip(values) {
            place.copy_from_slice(&bytes(value));
        }
        Ok(())
    })
}

fn narrow<'py>(py: Python<'py>, values: &[i64]) -> PyResult<Bound<'py, PyBytes>> {
    packed(py, values, i64::to_le_bytes)
}

fn column<'py>(py: Python<'py>, of: &Column) -> PyResult<Bound<'py, PyAny>> {
    Ok(match of {
        Column::Narrow(values) => narrow(py, values)?.into_any(),
        Column::Wide(values) => PyList::new(py, values)?.into_any(),
    })
}

/// Big-endian, so that the hex digits of the bytes are the text of the id.
fn ids<'py>(py: Python<'py>, of: &[u128]) -> PyResult<Bound<'py, PyBytes>> {
    packed(py, of, u128::to_be_bytes)
}

fn keys<'py>(py: Python<'py>, of: &[VenueKey]) -> PyResult<Bound<'py, PyAny>> {
    let numbers: Option<Vec<u64>> = of
        .iter()
        .map(|key| match key {
            VenueKey::Number(number) => Some(*number),
            VenueKey::Text(_) => None,
        })
        .collect();
    Ok(match numbers {
        Some(numbers) => packed(py, &numbers, u64::to_le_bytes)?.into_any(),
        None => PyList::new(py, of.iter().map(ToString::to_string))?.into_any(),
    })
}

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyRunColumns>()
}
