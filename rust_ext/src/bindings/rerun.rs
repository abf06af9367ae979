//! `JournalBlock` and `JournalAhead`: what a re-run reads of the journal, and compares; see `crate::rerun`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;

use super::journal::PyBatch;
use crate::chain::Position;
use crate::rerun::{Ahead, Compared, Recorded, follow};

/// Number, sequence number, body, and whether it came from outside.
type Read<'py> = (u64, u64, Bound<'py, PyBytes>, bool);

fn read<'py>(py: Python<'py>, row: &Recorded) -> Read<'py> {
    (
        row.number,
        row.seq,
        PyBytes::new(py, &row.body),
        row.external,
    )
}

/// Records that follow each other.
#[pyclass(name = "JournalBlock", module = "openoutcry._native")]
pub struct PyBlock(Vec<Recorded>);

impl PyBlock {
    /// Read as far as the records follow; the interpreter is free meanwhile.
    pub fn follow(
        py: Python<'_>,
        position: &mut Position,
        pairs: &[([u8; 8], PyBackedBytes)],
    ) -> PyResult<Self> {
        let records = pairs
            .iter()
            .map(|(key, record)| (u64::from_be_bytes(*key), &**record));
        let rows = py.detach(|| follow(position, records));
        let rows = rows.map_err(|damage| PyValueError::new_err(damage.to_string()))?;
        Ok(Self(rows))
    }
}

#[pymethods]
impl PyBlock {
    #[new]
    #[pyo3(signature = (records, /))]
    fn new(records: Vec<(u64, u64, PyBackedBytes, bool)>) -> Self {
        let rows = records
            .into_iter()
            .map(|(number, seq, body, external)| Recorded {
                number,
                seq,
                external,
                body: (*body).into(),
            });
        Self(rows.collect())
    }

    fn records<'py>(&self, py: Python<'py>) -> Vec<Read<'py>> {
        self.0.iter().map(|row| read(py, row)).collect()
    }

    fn external<'py>(&self, py: Python<'py>) -> Vec<Read<'py>> {
        let rows = self.0.iter().filter(|row| row.external);
        rows.map(|row| read(py, row)).collect()
    }

    #[pyo3(signature = (kinds, /))]
    fn of<'py>(&self, py: Python<'py>, kinds: Vec<PyBackedStr>) -> Vec<Read<'py>> {
        let named = |row: &&Recorded| kinds.iter().any(|kind| kind.as_bytes() == row.kind());
        let rows = self.0.iter().filter(named);
        rows.map(|row| read(py, row)).collect()
    }

    /// Number of the last record; 0 when there is none.
    #[getter]
    fn last(&self) -> u64 {
        self.0.last().map_or(0, |row| row.number)
    }
}

/// The journal ahead of a re-run.
#[pyclass(name = "JournalAhead", module = "openoutcry._native")]
pub struct PyAhead(Ahead);

#[pymethods]
impl PyAhead {
    #[new]
    #[pyo3(signature = (notes, /))]
    fn new(notes: Vec<String>) -> Self {
        let notes = notes.iter().map(|name| name.as_bytes().into()).collect();
        Self(Ahead {
            notes,
            ..Ahead::default()
        })
    }

    #[pyo3(signature = (block, /))]
    fn push(&mut self, block: &mut PyBlock) {
        self.0.rows.extend(std::mem::take(&mut block.0));
    }

    #[pyo3(signature = (batch, first, last_seq, /))]
    fn compare(&mut self, batch: &PyBatch, first: usize, last_seq: u64) -> (usize, Option<bool>) {
        let made = batch.0.records().skip(first);
        let (count, how) = self.0.compare(made.take_while(|row| row.seq <= last_seq));
        let how = match how {
            Compared::Equal => Some(true),
            Compared::Differs => Some(false),
            Compared::Short => None,
        };
        (first + count, how)
    }

    /// Count a record that was compared elsewhere.
    #[pyo3(signature = (body, /))]
    fn count(&mut self, body: &[u8]) {
        self.0.count(body);
    }

    #[getter]
    fn counts(&self) -> (u64, u64, u64) {
        self.0.counts.into()
    }

    fn next<'py>(&mut self, py: Python<'py>) -> Option<Read<'py>> {
        self.0.skip_notes();
        self.0.rows.front().map(|row| read(py, row))
    }

    fn pop(&mut self) {
        self.0.rows.pop_front();
    }

    #[pyo3(signature = (seq, /))]
    fn at<'py>(&self, py: Python<'py>, seq: u64) -> Vec<Read<'py>> {
        let rows = self.0.rows.iter().skip_while(|row| row.seq < seq);
        let rows = rows.take_while(|row| row.seq == seq);
        rows.map(|row| read(py, row)).collect()
    }

    #[pyo3(signature = (seq, /))]
    fn take<'py>(&mut self, py: Python<'py>, seq: u64) -> Vec<Read<'py>> {
        let count = self.0.rows.partition_point(|row| row.seq <= seq);
        let rows = self.0.rows.drain(..count);
        rows.map(|row| read(py, &row)).collect()
    }

    #[pyo3(signature = (count, /))]
    fn last<'py>(&self, py: Python<'py>, count: usize) -> Vec<Read<'py>> {
        let rows = self.0.rows.iter().rev().take(count);
        rows.map(|row| read(py, row)).collect()
    }
}

/// Adds the classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyBlock>()?;
    module.add_class::<PyAhead>()
}
