//! `Journal`: the decision record as it grows; see `crate::journal`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use super::rerun::PyBlock;
use crate::chain::{Damage, Hash, Position, is_external, whole};
use crate::journal::{ALWAYS, Batch, Journal};

#[pyclass(name = "Journal", module = "openoutcry._native")]
pub struct PyJournal {
    pub inner: Journal,
}

#[pymethods]
impl PyJournal {
    #[new]
    #[pyo3(signature = (*, keep=false, durable_seq=ALWAYS, after=None))]
    fn new(keep: bool, durable_seq: u64, after: Option<u64>) -> Self {
        let journal = Journal::new(keep, durable_seq);
        Self {
            inner: match after {
                Some(last_seq) => journal.with_outbox(last_seq),
                None => journal,
            },
        }
    }

    fn hand_over(&mut self) -> Option<PyBatch> {
        self.inner.hand_over().map(PyBatch)
    }

    #[pyo3(signature = (seq, record, external=false, /))]
    fn append(&mut self, seq: u64, record: &[u8], external: bool) {
        self.inner.append(seq, record, external);
    }

    #[getter]
    fn durable_seq(&self) -> u64 {
        self.inner.durable_seq
    }

    #[setter]
    fn set_durable_seq(&mut self, seq: u64) {
        self.inner.durable_seq = seq;
    }

    #[getter]
    fn durable_count(&self) -> u64 {
        self.inner.durable_count
    }

    #[setter]
    fn set_durable_count(&mut self, count: u64) {
        self.inner.durable_count = count;
    }

    #[getter]
    fn count(&self) -> u64 {
        self.inner.count
    }

    #[getter]
    fn last_seq(&self) -> u64 {
        self.inner.last_seq
    }

    fn records<'py>(&self, py: Python<'py>) -> Option<Vec<(u64, Bound<'py, PyBytes>)>> {
        let kept = self.inner.kept()?;
        let bytes = |(seq, data): &(u64, Vec<u8>)| (*seq, PyBytes::new(py, data));
        Some(kept.iter().map(bytes).collect())
    }

    fn digest<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.digest())
    }
}

/// Records on their way from the core to the disk.
#[pyclass(frozen, name = "JournalBatch", module = "openoutcry._native")]
pub struct PyBatch(pub(super) Batch);

#[pymethods]
impl PyBatch {
    #[getter]
    fn count(&self) -> u64 {
        self.0.count
    }

    #[getter]
    fn first_seq(&self) -> u64 {
        self.0.first_seq
    }

    #[getter]
    fn last_seq(&self) -> u64 {
        self.0.last_seq
    }

    #[getter]
    fn size(&self) -> usize {
        self.0.bytes.len()
    }

    /// (sequence number, whether it is an input from outside, bytes) of each record.
    fn records<'py>(&self, py: Python<'py>) -> Vec<(u64, bool, Bound<'py, PyBytes>)> {
        let rows = self.0.records();
        rows.map(|row| (row.seq, row.external, PyBytes::new(py, row.body)))
            .collect()
    }
}

type Pair<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// The chain of a journal's records, at one of them.
#[pyclass(name = "JournalChain", module = "openoutcry._native")]
pub struct PyChain(Position);

#[pymethods]
impl PyChain {
    #[new]
    #[pyo3(signature = (number, seq, hash, /))]
    fn new(number: u64, seq: u64, hash: Hash) -> Self {
        Self(Position { number, seq, hash })
    }

    /// At a record that is undamaged in itself.
    #[staticmethod]
    #[pyo3(signature = (number, record, /))]
    fn at(number: u64, record: &[u8]) -> PyResult<Self> {
        whole(number, record).map_err(damaged)?;
        Ok(Self(Position::of(number, record)))
    }

    #[getter]
    fn number(&self) -> u64 {
        self.0.number
    }

    #[getter]
    fn seq(&self) -> u64 {
        self.0.seq
    }

    #[getter]
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.hash)
    }

    /// Make records of a batch; the interpreter is free meanwhile.
    #[pyo3(signature = (batch, /))]
    fn frame<'py>(&mut self, py: Python<'py>, batch: &PyBatch) -> PyResult<Vec<Pair<'py>>> {
        let start = self.0.number;
        let mut position = self.0;
        let mut out = Vec::with_capacity(batch.0.bytes.len() + 20 * batch.0.count as usize);
        let mut ends = Vec::with_capacity(batch.0.count as usize);
        py.detach(|| {
            for row in batch.0.records() {
                position.write(row.seq, row.external, row.body, &mut out)?;
                ends.push(out.len());
            }
            Ok::<(), Damage>(())
        })
        .map_err(damaged)?;
        self.0 = position;
        let mut from = 0;
        Ok((start + 1..)
            .zip(ends)
            .map(|(number, end)| {
                let record = PyBytes::new(py, &out[from..end]);
                from = end;
                (PyBytes::new(py, &number.to_be_bytes()), record)
            })
            .collect())
    }

    /// Whether a whole record is an input from outside.
    #[staticmethod]
    #[pyo3(signature = (record, /))]
    fn is_external(record: &[u8]) -> PyResult<bool> {
        match record.len() < 4 {
            true => Err(damaged("no whole record")),
            false => Ok(is_external(record)),
        }
    }

    /// Check that records are the next ones, and move as far as they are.
    #[pyo3(signature = (pairs, /))]
    fn block(&mut self, py: Python<'_>, pairs: Vec<([u8; 8], PyBackedBytes)>) -> PyResult<PyBlock> {
        PyBlock::follow(py, &mut self.0, &pairs)
    }

    /// Check that a record is the next one, and give its body.
    #[pyo3(signature = (key, record, /))]
    fn read<'py>(
        &mut self,
        py: Python<'py>,
        key: [u8; 8],
        record: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let body = self.0.read(u64::from_be_bytes(key), record);
        Ok(PyBytes::new(py, body.map_err(damaged)?))
    }
}

fn damaged(damage: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(damage.to_string())
}

/// Adds the classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyJournal>()?;
    module.add_class::<PyBatch>()?;
    module.add_class::<PyChain>()
}
