//! BLAKE3 for Python: the digest of a decision record.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// BLAKE3 of some bytes, 32 bytes.
#[pyfunction]
#[pyo3(signature = (data, /))]
fn digest<'py>(py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, blake3::hash(data).as_bytes())
}

/// Running BLAKE3.
#[pyclass(module = "openoutcry._native")]
#[derive(Default)]
struct Hasher {
    inner: blake3::Hasher,
}

#[pymethods]
impl Hasher {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[pyo3(signature = (data, /))]
    fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.finalize().as_bytes())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(digest, module)?)?;
    module.add_class::<Hasher>()
}
