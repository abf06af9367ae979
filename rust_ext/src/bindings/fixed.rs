//! Exact numbers for Python; see `crate::fixed`.

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;

use super::instrument::InstrumentSpec;
use super::names::raise;
use crate::fixed::{self, Rounding};
use crate::types::{MAX_SCALE, Side};

/// A price or quantity argument: beyond 64 bits it raises our `NumericOverflow`.
pub struct Units(pub i64);

/// An amount of money as an argument: beyond 128 bits it raises our `NumericOverflow`.
pub struct Money(pub i128);

impl FromPyObject<'_, '_> for Units {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        named_overflow(&value, value.extract()).map(Self)
    }
}

impl FromPyObject<'_, '_> for Money {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        named_overflow(&value, value.extract()).map(Self)
    }
}

fn named_overflow<T>(value: &Bound<'_, PyAny>, extracted: PyResult<T>) -> PyResult<T> {
    let py = value.py();
    extracted.map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(py) {
            let bits = 8 * size_of::<T>();
            raise(
                py,
                |n| &n.numeric_overflow,
                format!("a number does not fit {bits} bits"),
            )
        } else {
            error
        }
    })
}

/// A side from its sign, +1 or -1.
pub fn side(sign: i64) -> PyResult<Side> {
    match sign {
        1 => Ok(Side::Buy),
        -1 => Ok(Side::Sell),
        _ => Err(PyValueError::new_err(format!(
            "side {sign} is neither 1 nor -1"
        ))),
    }
}

fn rounding(name: &str) -> PyResult<Rounding> {
    match name {
        "half_even" => Ok(Rounding::HalfEven),
        "up" => Ok(Rounding::Up),
        "down" => Ok(Rounding::Down),
        _ => Err(PyValueError::new_err(format!(
            "{name:?} is not half_even, up or down"
        ))),
    }
}

fn scale(scale: u8) -> PyResult<u8> {
    if scale <= MAX_SCALE {
        return Ok(scale);
    }
    Err(PyValueError::new_err(format!(
        "scale {scale} is not in 0..{MAX_SCALE}"
    )))
}

/// Units of 10^-scale of a plain decimal text.
#[pyfunction]
#[pyo3(signature = (text, scale, /))]
fn parse_units(text: &str, #[pyo3(from_py_with = checked_scale)] scale: u8) -> PyResult<i64> {
    Ok(fixed::parse_units(text, scale)?)
}

/// |price x quantity x multiplier| in money units.
#[pyfunction]
#[pyo3(signature = (price, quantity, instrument, money_scale, rounding, /))]
fn notional(
    price: Units,
    quantity: Units,
    instrument: &InstrumentSpec,
    #[pyo3(from_py_with = checked_scale)] money_scale: u8,
    #[pyo3(from_py_with = named_rounding)] rounding: Rounding,
) -> PyResult<i128> {
    let instrument = instrument.instrument();
    let value = fixed::notional(instrument, price.0, quantity.0, money_scale, rounding)?;
    Ok(value.abs())
}

fn checked_scale(value: &Bound<'_, PyAny>) -> PyResult<u8> {
    scale(value.extract()?)
}

fn named_rounding(value: &Bound<'_, PyAny>) -> PyResult<Rounding> {
    rounding(value.extract()?)
}

/// Adds the functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(parse_units, module)?)?;
    module.add_function(wrap_pyfunction!(notional, module)?)
}
