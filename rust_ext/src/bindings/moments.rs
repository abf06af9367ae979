//! Moments of returns for Python; see `crate::moments`.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;

use crate::moments::Moments;

/// (mean, sums of the 2nd, 3rd and 4th powers around it, sum of the squares of losses).
#[pyfunction]
#[pyo3(signature = (values, /))]
fn moments(py: Python<'_>, values: PyBuffer<f64>) -> PyResult<(f64, f64, f64, f64, f64)> {
    let found = Moments::of(&values.to_vec(py)?);
    Ok((
        found.mean,
        found.squares,
        found.cubes,
        found.fourths,
        found.losses,
    ))
}

/// Adds the function to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(moments, module)?)
}
