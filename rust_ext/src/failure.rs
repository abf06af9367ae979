//! What can go wrong inside the engine, with a name that survives into Python.

use std::error::Error;
use std::fmt;

use crate::fixed::NumericError;

#[derive(Debug)]
pub enum Failure {
    /// Recorded data that is not what it claims to be: `DataFormatError`.
    Data(String),
    /// The run was put together in a way that cannot work: `ConfigError`.
    Config(String),
    /// A number left its range: `NumericOverflow`.
    Overflow(String),
    /// Evidence or a command that contradicts what is known of an order: `InvalidTransition`.
    Transition(String),
    /// Stored bytes that are not what was stored: `CodecError`.
    Codec(String),
    /// Stored bytes of a newer version: `SchemaTooNew`.
    Schema(String),
    /// Stored state that does not fit this run: `StateError`.
    State(String),
    /// What a calculation could not do: the error of the same name.
    Numeric(NumericError),
    /// Money of two currencies without a rate between them: `CurrencyMismatch`.
    Currency(String),
    /// Whoever delivers the data failed; passed on as it is.
    Source(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Data(text)
            | Failure::Config(text)
            | Failure::Overflow(text)
            | Failure::Transition(text)
            | Failure::Codec(text)
            | Failure::Schema(text)
            | Failure::Currency(text)
            | Failure::State(text) => f.write_str(text),
            Failure::Numeric(
                NumericError::Overflow(text)
                | NumericError::NotRepresentable(text)
                | NumericError::MissingPrice(text),
            ) => f.write_str(text),
            Failure::Source(error) => error.fmt(f),
        }
    }
}

impl Error for Failure {}

impl From<NumericError> for Failure {
    fn from(error: NumericError) -> Self {
        Failure::Numeric(error)
    }
}
