//! `Journal`: the decision record as it grows; see `crate::journal`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::journal::{ALWAYS, Journal};

#[pyclass(name = "Journal", module = "openoutcry._native")]
pub struct PyJournal {
    pub inner: Journal,
}

#[pymethods]
impl PyJournal {
    #[new]
    #[pyo3(signature = (*, keep=false, durable_seq=ALWAYS))]
    fn new(keep: bool, durable_seq: u64) -> Self {
        Self {
            inner: Journal::new(keep, durable_seq),
        }
    }

    #[pyo3(signature = (seq, record, /))]
    fn append(&mut self, seq: u64, record: &[u8]) {
        self.inner.append(seq, record);
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

/// Adds the class to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyJournal>()
}
