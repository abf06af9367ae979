//! Chunks of recorded rows: equally long columns of 64-bit integers, read in place.
//!
//! The only unsafe code of the feeds stands here: a column is a pointer into memory that the chunk's
//! owner keeps alive and unchanged.

use std::any::Any;

/// The widest kind (bars) has ten columns.
pub const MAX_COLUMNS: usize = 10;

pub struct Chunk {
    columns: [*const i64; MAX_COLUMNS],
    width: usize,
    rows: usize,
    /// Held for its destructor: frees, or hands back, what the pointers point into.
    _owner: Box<dyn Any + Send + Sync>,
}

// SAFETY: the pointers are only read, and what they point into is owned by `_owner`, which is itself
// Send and Sync.
unsafe impl Send for Chunk {}
// SAFETY: as above; a shared chunk offers nothing but reads.
unsafe impl Sync for Chunk {}

impl Chunk {
    /// A chunk over memory that `owner` keeps.
    ///
    /// # Safety
    /// Each pointer must be aligned and valid for `rows` reads, and the memory must stay in place
    /// and unchanged until `owner` is dropped.
    ///
    /// # Panics
    /// With more than `MAX_COLUMNS` columns.
    pub unsafe fn borrowed(
        columns: &[*const i64],
        rows: usize,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Self {
        let mut all = [std::ptr::null(); MAX_COLUMNS];
        all[..columns.len()].copy_from_slice(columns);
        Self {
            columns: all,
            width: columns.len(),
            rows,
            _owner: owner,
        }
    }

    /// A chunk that owns its columns.
    ///
    /// # Panics
    /// When the columns differ in length, or with more than `MAX_COLUMNS` of them.
    pub fn owned(columns: Vec<Vec<i64>>) -> Self {
        let rows = columns.first().map_or(0, Vec::len);
        assert!(
            columns.iter().all(|c| c.len() == rows),
            "columns of different lengths"
        );
        let pointers: Vec<*const i64> = columns.iter().map(|c| c.as_ptr()).collect();
        // SAFETY: a vector's heap memory stays where it is when the vector moves into the box.
        unsafe { Self::borrowed(&pointers, rows, Box::new(columns)) }
    }

    /// A chunk without rows.
    pub fn empty() -> Self {
        Self::owned(Vec::new())
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All rows of a column.
    #[inline]
    pub fn column(&self, column: usize) -> &[i64] {
        assert!(column < self.width);
        // SAFETY: a column of the chunk, of `rows` readable numbers by the contract of `borrowed`.
        unsafe { std::slice::from_raw_parts(self.columns[column], self.rows) }
    }

    #[inline]
    pub fn get(&self, column: usize, row: usize) -> i64 {
        assert!(column < self.width && row < self.rows);
        // SAFETY: in bounds by the assertion, readable by the contract of `borrowed`.
        unsafe { *self.columns[column].add(row) }
    }
}
