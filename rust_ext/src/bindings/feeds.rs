//! Columns of Python arrays, read in place.

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use super::failures::from_python;
use super::names::raise;
use crate::columns::Chunk;
use crate::feed::{FeedKind, Source};

/// A source that asks `chunks` for its next mapping whenever one is used up. `label` names the feed
/// in errors.
pub fn source(kind: FeedKind, label: String, chunks: &Bound<'_, PyAny>) -> PyResult<Source> {
    let chunks: Py<PyIterator> = chunks.try_iter()?.unbind();
    Ok(Box::new(move || {
        Python::attach(|py| match chunks.bind(py).clone().next() {
            None => Ok(None),
            Some(mapping) => mapping
                .and_then(|mapping| chunk(kind, &label, &mapping))
                .map(Some)
                .map_err(from_python),
        })
    }))
}

/// The columns of one mapping, in the order in which the feed reads them.
pub fn chunk(kind: FeedKind, label: &str, mapping: &Bound<'_, PyAny>) -> PyResult<Chunk> {
    let py = mapping.py();
    let bad = |text: String| {
        raise(
            py,
            |n| &n.data_format_error,
            format!("feed {label}: {text}"),
        )
    };
    let mut buffers: Vec<PyBuffer<i64>> = Vec::new();
    for name in kind.columns() {
        let column = mapping
            .get_item(name)
            .map_err(|_| bad(format!("column {name} is missing")))?;
        let buffer: PyBuffer<i64> = PyBuffer::get(&column).map_err(|error| {
            bad(format!(
                "column {name} is no buffer of 64-bit integers: {error}"
            ))
        })?;
        if buffer.dimensions() != 1 || !buffer.is_c_contiguous() {
            return Err(bad(format!(
                "column {name} is not one contiguous row of numbers"
            )));
        }
        buffers.push(buffer);
    }
    let rows = buffers.first().map_or(0, |buffer| buffer.item_count());
    if let Some(odd) = buffers.iter().position(|b| b.item_count() != rows) {
        let (name, count) = (kind.columns()[odd], buffers[odd].item_count());
        return Err(bad(format!(
            "column {name} has {count} rows, ts_event has {rows}"
        )));
    }
    let pointers: Vec<*const i64> = buffers
        .iter()
        .map(|b| b.buf_ptr().cast_const().cast())
        .collect();
    // SAFETY: each buffer is one-dimensional, contiguous, aligned and of 64-bit integers (checked by
    // `PyBuffer::get` and above), and stays exported, hence in place, until the chunk drops it. That
    // nobody writes to it until then is what `Kernel.add_feed` and `push` ask of their caller: the kernel also
    // reads while other threads of the interpreter run.
    Ok(unsafe { Chunk::borrowed(&pointers, rows, Box::new(buffers)) })
}
