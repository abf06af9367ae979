//! `TapeFrames`, `TapePiece`: the tape's raw files; see `crate::tape`.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::tape::{End, Frames, Piece, RECEIVED, Shape, split};
use crate::types::Nanos;

/// The rows of a turn of the core, made into a frame.
#[pyclass(name = "TapeFrames", module = "openoutcry._native")]
pub struct PyFrames {
    names: Vec<Vec<Py<PyAny>>>,
    inner: Frames,
}

#[pymethods]
impl PyFrames {
    #[new]
    #[pyo3(signature = (columns, rows, stamps, /))]
    fn new(
        py: Python<'_>,
        columns: Vec<Vec<String>>,
        rows: Vec<u64>,
        stamps: Vec<Nanos>,
    ) -> PyResult<Self> {
        let shapes = shapes(&columns)?;
        if shapes.len() != rows.len() || shapes.len() != stamps.len() {
            return Err(PyValueError::new_err("one number for each stream"));
        }
        let interned = |name: &String| -> PyResult<Py<PyAny>> {
            Ok(pyo3::types::PyString::intern(py, name).into_any().unbind())
        };
        let named = |stream: &Vec<String>| stream.iter().map(interned).collect();
        Ok(Self {
            names: columns.iter().map(named).collect::<PyResult<_>>()?,
            inner: Frames::new(shapes, rows, stamps),
        })
    }

    #[pyo3(signature = (stream, columns, /))]
    fn push(&mut self, py: Python<'_>, stream: usize, columns: &Bound<'_, PyAny>) -> PyResult<()> {
        let names = self
            .names
            .get(stream)
            .ok_or_else(|| PyValueError::new_err(format!("there is no stream {stream}")))?;
        let mut buffers: Vec<PyBuffer<i64>> = Vec::with_capacity(names.len());
        for name in names {
            buffers.push(PyBuffer::get(&columns.get_item(name.bind(py))?)?);
        }
        let rows = buffers.first().map_or(0, |buffer| buffer.item_count());
        let mut slices: Vec<&[i64]> = Vec::with_capacity(buffers.len());
        for buffer in &buffers {
            if buffer.dimensions() != 1 || !buffer.is_c_contiguous() {
                return Err(PyValueError::new_err("a column is not contiguous"));
            }
            if buffer.item_count() != rows || u32::try_from(rows).is_err() {
                return Err(PyValueError::new_err("columns of different lengths"));
            }
            let start: *const i64 = buffer.buf_ptr().cast_const().cast();
            // SAFETY: one contiguous row of `rows` aligned 64-bit integers (checked by `PyBuffer::get`
            // and above), which stays exported in `buffers`; the interpreter's lock is held, so
            // nobody writes to it meanwhile.
            slices.push(if rows == 0 {
                &[]
            } else {
                unsafe { std::slice::from_raw_parts(start, rows) }
            });
        }
        self.inner.push(stream, &slices);
        Ok(())
    }

    #[pyo3(signature = (seq, now, /))]
    fn frame<'py>(&mut self, py: Python<'py>, seq: u64, now: Nanos) -> Option<Bound<'py, PyBytes>> {
        let frame = self.inner.frame(seq, now)?;
        Some(PyBytes::new(py, frame))
    }

    fn clear(&mut self) {
        self.inner.clear();
    }

    #[getter]
    fn blocks(&self) -> u32 {
        self.inner.blocks()
    }

    #[getter]
    fn rows(&self) -> Vec<u64> {
        self.inner.rows().to_vec()
    }

    #[getter]
    fn before(&self) -> Vec<u64> {
        self.inner.before().to_vec()
    }

    #[getter]
    fn stamps(&self) -> Vec<Nanos> {
        self.inner.stamps().to_vec()
    }
}

/// Frames of a piece of a file, taken apart.
#[pyclass(frozen, name = "TapePiece", module = "openoutcry._native")]
pub struct PyPiece(Piece);

#[pymethods]
impl PyPiece {
    #[new]
    #[pyo3(signature = (data, columns, wanted=None, /))]
    fn new(
        py: Python<'_>,
        data: &[u8],
        columns: Vec<Vec<String>>,
        wanted: Option<usize>,
    ) -> PyResult<Self> {
        let shapes = shapes(&columns)?;
        Ok(Self(py.detach(|| split(data, &shapes, wanted))))
    }

    #[getter]
    fn consumed(&self) -> usize {
        self.0.consumed
    }

    #[getter]
    fn damaged(&self) -> bool {
        self.0.end == End::Damaged
    }

    #[getter]
    fn needs(&self) -> usize {
        match self.0.end {
            End::Short(bytes) => bytes,
            End::Whole | End::Damaged => 0,
        }
    }

    #[getter]
    fn frames(&self) -> u64 {
        self.0.frames
    }

    #[getter]
    fn seq(&self) -> u64 {
        self.0.seq
    }

    #[getter]
    fn now(&self) -> Nanos {
        self.0.now
    }

    #[getter]
    fn rows(&self) -> Vec<u64> {
        self.0.rows.clone()
    }

    #[getter]
    fn stamps(&self) -> Vec<Option<Nanos>> {
        self.0.stamps.clone()
    }

    #[pyo3(signature = (stream, /))]
    fn columns<'py>(&self, py: Python<'py>, stream: usize) -> Vec<Bound<'py, PyBytes>> {
        let columns = self.0.columns.get(stream);
        columns.map_or_else(Vec::new, |all| {
            all.iter().map(|bytes| PyBytes::new(py, bytes)).collect()
        })
    }
}

fn shapes(columns: &[Vec<String>]) -> PyResult<Vec<Shape>> {
    let shape = |names: &Vec<String>| {
        let received = names.iter().position(|name| name == RECEIVED);
        received
            .map(|received| Shape {
                width: names.len(),
                received,
            })
            .ok_or_else(|| PyValueError::new_err("a stream has no ts_received"))
    };
    columns.iter().map(shape).collect()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFrames>()?;
    module.add_class::<PyPiece>()
}
