//! The engine's failures as the exceptions that Python knows.

use pyo3::prelude::*;

use super::names::raise;
use crate::failure::Failure;

/// The exception of a failure; what a data source raised goes through unchanged.
pub fn to_python(py: Python<'_>, failure: Failure) -> PyErr {
    match failure {
        Failure::Data(text) => raise(py, |n| &n.data_format_error, text),
        Failure::Config(text) => raise(py, |n| &n.config_error, text),
        Failure::Overflow(text) => raise(py, |n| &n.numeric_overflow, text),
        Failure::Transition(text) => raise(py, |n| &n.invalid_transition, text),
        Failure::Codec(text) => raise(py, |n| &n.codec_error, text),
        Failure::Schema(text) => raise(py, |n| &n.schema_too_new, text),
        Failure::State(text) => raise(py, |n| &n.state_error, text),
        Failure::Numeric(error) => error.into(),
        Failure::Currency(text) => raise(py, |n| &n.currency_mismatch, text),
        Failure::Source(error) => match error.downcast::<PyErr>() {
            Ok(error) => *error,
            Err(error) => raise(py, |n| &n.data_error, error.to_string()),
        },
    }
}

/// The failure of an exception, to carry it through the pure modules.
pub fn from_python(error: PyErr) -> Failure {
    Failure::Source(Box::new(error))
}
