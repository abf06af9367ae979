//! What risk remembers as bytes: `OORK`, version, halts, reduce-only states, limits set at
//! run time, memories of the checks, checksum.
//!
//! Everything stands under its name, so a snapshot outlives a change of the run's lists. Numbers are
//! little-endian, texts and parts are preceded by their length.

use super::Names;
use super::Risk;
use super::halts::{Halts, NamedHalt, NamedScope};
use super::settings::Setting;

const MAGIC: &[u8; 4] = b"OORK";
const VERSION: u8 = 2;
const SUM: usize = 32;

/// Bytes that are no snapshot of risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// Truncated, altered, or never a snapshot.
    Damaged,
    /// Written by a newer version.
    TooNew(u8),
}

/// Appends values to bytes.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    pub fn count(&mut self, count: usize) {
        self.0.extend((count as u64).to_le_bytes());
    }

    pub fn nanos(&mut self, value: i64) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn text(&mut self, text: &str) {
        self.part(text.as_bytes());
    }

    pub fn wide(&mut self, value: i128) {
        self.0.extend(value.to_le_bytes());
    }

    fn scope(&mut self, scope: &NamedScope) {
        for name in [&scope.strategy, &scope.venue, &scope.instrument] {
            self.optional(name.as_deref());
        }
    }

    fn optional(&mut self, text: Option<&str>) {
        self.0.push(text.is_some().into());
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn part(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend(bytes);
    }
}

/// Takes values off bytes.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn count(&mut self) -> Result<usize, SnapshotError> {
        usize::try_from(u64::from_le_bytes(self.take()?)).map_err(|_| SnapshotError::Damaged)
    }

    pub fn nanos(&mut self) -> Result<i64, SnapshotError> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    pub fn text(&mut self) -> Result<&'a str, SnapshotError> {
        std::str::from_utf8(self.part()?).map_err(|_| SnapshotError::Damaged)
    }

    pub fn wide(&mut self) -> Result<i128, SnapshotError> {
        Ok(i128::from_le_bytes(self.take()?))
    }

    fn scope(&mut self) -> Result<NamedScope, SnapshotError> {
        let mut name = || Ok(self.optional()?.map(str::to_owned));
        Ok(NamedScope {
            strategy: name()?,
            venue: name()?,
            instrument: name()?,
        })
    }

    fn optional(&mut self) -> Result<Option<&'a str>, SnapshotError> {
        match self.take()? {
            [0] => Ok(None),
            [1] => Ok(Some(self.text()?)),
            _ => Err(SnapshotError::Damaged),
        }
    }

    fn part(&mut self) -> Result<&'a [u8], SnapshotError> {
        let length = self.count()?;
        let split = self.0.split_at_checked(length);
        let (part, rest) = split.ok_or(SnapshotError::Damaged)?;
        self.0 = rest;
        Ok(part)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let split = self.0.split_first_chunk::<N>();
        let (head, rest) = split.ok_or(SnapshotError::Damaged)?;
        self.0 = rest;
        Ok(*head)
    }
}

fn write_latches(out: &mut Writer, latches: &Halts, names: &Names) {
    let named = latches.named(names);
    out.count(named.len());
    for latch in &named {
        out.scope(&latch.scope);
        out.text(&latch.reason);
        out.nanos(latch.since);
    }
}

fn read_latches(stored: &mut Reader<'_>, names: &Names) -> Result<Halts, SnapshotError> {
    let mut latches = Halts::of(names);
    for _ in 0..stored.count()? {
        let latch = NamedHalt {
            scope: stored.scope()?,
            reason: stored.text()?.to_owned(),
            since: stored.nanos()?,
        };
        latches.add_named(names, latch);
    }
    Ok(latches)
}

impl Risk {
    /// Latches, limits set at run time and the memory of the checks; the same state gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.0.push(VERSION);
        write_latches(&mut out, &self.halts, &self.names);
        write_latches(&mut out, &self.reducing, &self.names);
        out.count(self.settings.len());
        for setting in &self.settings {
            out.text(&setting.name);
            out.scope(&setting.scope);
            out.text(&setting.value);
        }
        out.count(self.checks.len());
        for check in &self.checks {
            let mut memory = Writer::default();
            check.snapshot(&self.names, &mut memory);
            out.text(check.name());
            out.part(&memory.0);
        }
        let sum = blake3::hash(&out.0);
        out.0.extend(sum.as_bytes());
        out.0
    }

    /// Continues from a snapshot: what was halted stays halted.
    ///
    /// A check that the snapshot does not know begins with nothing. On an error nothing has changed.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let body = bytes.len().checked_sub(SUM).ok_or(SnapshotError::Damaged)?;
        let (body, sum) = bytes.split_at(body);
        let mut stored = Reader(body);
        if &stored.take()? != MAGIC || blake3::hash(body).as_bytes() != sum {
            return Err(SnapshotError::Damaged);
        }
        let [version] = stored.take()?;
        match version {
            VERSION => {}
            0..VERSION => return Err(SnapshotError::Damaged),
            _ => return Err(SnapshotError::TooNew(version)),
        }
        let halts = read_latches(&mut stored, &self.names)?;
        let reducing = read_latches(&mut stored, &self.names)?;
        let mut settings = Vec::new();
        for _ in 0..stored.count()? {
            settings.push(Setting {
                name: stored.text()?.to_owned(),
                scope: stored.scope()?,
                value: stored.text()?.to_owned(),
            });
        }
        let rules = self.settled(&settings);
        let mut checks = super::checks::standard(&self.names);
        for _ in 0..stored.count()? {
            let name = stored.text()?;
            let mut memory = Reader(stored.part()?);
            if let Some(check) = checks.iter_mut().find(|check| check.name() == name) {
                check.restore(&self.names, &rules, &mut memory)?;
                if !memory.0.is_empty() {
                    return Err(SnapshotError::Damaged);
                }
            }
        }
        if !stored.0.is_empty() {
            return Err(SnapshotError::Damaged);
        }
        (self.halts, self.reducing, self.checks) = (halts, reducing, checks);
        (self.rules, self.settings) = (rules, settings);
        Ok(())
    }
}
