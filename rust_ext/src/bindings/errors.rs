//! Errors of the pure modules as the Python errors of the same names, so that `?` works in bindings.

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;

use super::names::raise;
use crate::fixed::NumericError;
use crate::ledger::SnapshotError;

impl From<NumericError> for PyErr {
    fn from(error: NumericError) -> Self {
        Python::attach(|py| match error {
            NumericError::Overflow(what) => raise(py, |n| &n.numeric_overflow, what),
            NumericError::NotRepresentable(what) => raise(py, |n| &n.not_representable, what),
            NumericError::MissingPrice(what) => raise(py, |n| &n.missing_data, what),
        })
    }
}

impl From<SnapshotError> for PyErr {
    fn from(error: SnapshotError) -> Self {
        Python::attach(|py| match error {
            SnapshotError::Damaged => raise(
                py,
                |n| &n.codec_error,
                "the snapshot of the ledger or books is damaged",
            ),
            SnapshotError::TooNew(version) => {
                let message = format!("ledger or books snapshot of version {version}");
                raise(py, |n| &n.schema_too_new, message)
            }
            SnapshotError::OtherLists => raise(
                py,
                |n| &n.state_error,
                "the snapshot was made with other currencies, instruments, venues or books",
            ),
        })
    }
}

/// An index into a list of `length`, or an `IndexError`.
pub fn index<T: Into<u64> + Copy>(what: &str, index: T, length: usize) -> PyResult<T> {
    let number: u64 = index.into();
    if usize::try_from(number).is_ok_and(|number| number < length) {
        return Ok(index);
    }
    Err(PyIndexError::new_err(format!(
        "{what} {number} of {length}"
    )))
}
