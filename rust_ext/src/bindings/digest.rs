//! BLAKE3 for Python: the digest of a decision record.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// From here on other threads of the interpreter run meanwhile.
const LONG: usize = 1 << 16;

/// BLAKE3 of some bytes, 32 bytes.
#[pyfunction]
#[pyo3(signature = (data, /))]
fn digest<'py>(py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
    let digest = if data.len() < LONG {
        blake3::hash(data)
    } else {
        py.detach(|| blake3::hash(data))
    };
    PyBytes::new(py, digest.as_bytes())
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
    fn update(&mut self, py: Python<'_>, data: &[u8]) {
        if data.len() < LONG {
            self.inner.update(data);
        } else {
            let inner = &mut self.inner;
            py.detach(|| inner.update(data));
        }
    }

    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.finalize().as_bytes())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(digest, module)?)?;
    module.add_class::<Hasher>()
}
