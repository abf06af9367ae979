//! An indicator with its count of bars, and how Python and the kernel share one.

use std::sync::{Arc, Mutex, MutexGuard};

use super::{Archive, Candle, Indicator, Kind};

/// An indicator that runs: fed by bars, every output NaN until `ready`.
pub struct Live {
    inner: Box<dyn Indicator>,
    kind: &'static Kind,
    warmup: u64,
    fed: u64,
}

impl Live {
    /// # Errors
    /// Says which name or parameter is wrong.
    pub fn new(name: &str, parameters: &[f64]) -> Result<Self, String> {
        let (kind, inner) = super::make(name, parameters)?;
        Ok(Self {
            warmup: inner.warmup(),
            inner,
            kind,
            fed: 0,
        })
    }

    #[inline]
    pub fn update(&mut self, bar: &Candle) {
        self.inner.update(bar);
        self.fed += 1;
    }

    #[inline]
    pub fn ready(&self) -> bool {
        self.fed >= self.warmup && self.inner.defined()
    }

    /// The main output; NaN until ready.
    #[inline]
    pub fn value(&self) -> f64 {
        self.output(0)
    }

    /// An output by its place in `Kind::outputs`; NaN until ready.
    #[inline]
    pub fn output(&self, index: usize) -> f64 {
        if self.ready() {
            self.inner.output(index)
        } else {
            f64::NAN
        }
    }

    /// Bars seen.
    pub fn count(&self) -> u64 {
        self.inner.count(self.fed)
    }

    /// Bars until it is ready.
    pub fn warmup(&self) -> u64 {
        self.warmup
    }

    /// What it is: its name, inputs and outputs.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Write the state to the archive or read it from there.
    pub fn archive(&mut self, archive: &mut Archive) {
        archive.count(&mut self.fed);
        self.inner.archive(archive);
    }
}

/// One indicator in two hands: the Python object's and the kernel's. Both see the same state.
///
/// Whoever holds the lock must not enter Python: the kernel may hold it with the interpreter
/// released, while a Python thread that has the interpreter waits for it. Updates happen on the core
/// thread only, so that in a run nobody ever waits; the lock makes any other use safe.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Live>>);

impl Shared {
    pub fn new(live: Live) -> Self {
        Self(Arc::new(Mutex::new(live)))
    }

    /// Whether both are the same indicator.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The indicator, for one update or a few reads.
    ///
    /// # Panics
    /// When an update panicked before: its state may be half of one.
    #[inline]
    pub fn lock(&self) -> MutexGuard<'_, Live> {
        self.0.lock().expect("no indicator panicked")
    }
}
