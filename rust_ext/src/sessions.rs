//! Trading hours of one instrument: what its calendar means in nanoseconds UTC.

use std::sync::Arc;

use crate::failure::Failure;
use crate::types::Nanos;

const DAY_NS: i64 = 86_400_000_000_000;

/// A span `[open, close)` without a pause; `day_close` is the last close of its trading day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub open: Nanos,
    pub close: Nanos,
    pub day_close: Nanos,
}

/// Sessions in order of time. What lies before the first and behind the last is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions(Arc<[Session]>);

impl Sessions {
    /// `(open, close, day close)`.
    ///
    /// # Errors
    /// Sessions that are empty, overlap or are not in order.
    pub fn new(list: &[(Nanos, Nanos, Nanos)]) -> Result<Self, Failure> {
        let whole = list
            .iter()
            .all(|(open, close, day)| open < close && close <= day);
        let ordered = list.windows(2).all(|pair| {
            let (before, after) = (pair[0], pair[1]);
            before.1 <= after.0 && (before.2 == after.2 || before.2 <= after.0)
        });
        if !(whole && ordered) {
            return Err(Failure::Config(
                "trading sessions overlap or are not in order".into(),
            ));
        }
        let session = |&(open, close, day_close)| Session {
            open,
            close,
            day_close,
        };
        Ok(Self(list.iter().map(session).collect()))
    }

    /// Whether the instrument trades at `ts`.
    pub fn contains(&self, ts: Nanos) -> bool {
        self.next(ts).is_some_and(|session| session.open <= ts)
    }

    /// The first moment in `[start, end)` at which it trades.
    pub fn trades_from(&self, start: Nanos, end: Nanos) -> Option<Nanos> {
        let open = self.next(start)?.open.max(start);
        (open < end).then_some(open)
    }

    /// End of the trading day that contains or follows `ts`.
    pub fn day_close(&self, ts: Nanos) -> Option<Nanos> {
        self.next(ts).map(|session| session.day_close)
    }

    /// The part of `[start, end)` around `ts` in which nothing opens or closes.
    pub fn cut(&self, ts: Nanos, start: Nanos, end: Nanos) -> (Nanos, Nanos) {
        let at = self.after(ts);
        let opened = self.0.get(at).filter(|session| session.open <= ts);
        if let Some(session) = opened {
            return (start.max(session.open), end.min(session.close));
        }
        let since = at.checked_sub(1).map_or(start, |last| self.0[last].close);
        let until = self.0.get(at).map_or(end, |session| session.open);
        (start.max(since), end.min(until))
    }

    /// First open and last close of the trading day, or group of `days`, that trades at `ts`.
    ///
    /// Groups are those days that close in one cell of the grid of `days` from 1970-01-01 UTC.
    pub fn days(&self, ts: Nanos, days: i64) -> Option<(Nanos, Nanos)> {
        let group = |session: &Session| match days {
            1 => session.day_close,
            _ => (session.day_close - 1).div_euclid(DAY_NS.saturating_mul(days)),
        };
        let session = self.next(ts).filter(|session| session.open <= ts)?;
        let own = group(session);
        let first = self.0.partition_point(|session| group(session) < own);
        let after = self.0.partition_point(|session| group(session) <= own);
        Some((self.0[first].open, self.0[after - 1].day_close))
    }

    fn after(&self, ts: Nanos) -> usize {
        self.0.partition_point(|session| session.close <= ts)
    }

    /// The session that contains or follows `ts`.
    fn next(&self, ts: Nanos) -> Option<&Session> {
        self.0.get(self.after(ts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two days, the first with a lunch break.
    fn hours() -> Sessions {
        Sessions::new(&[(10, 20, 40), (30, 40, 40), (60, 80, 80)]).unwrap()
    }

    #[test]
    fn a_session_contains_its_open_and_not_its_close() {
        let open: Vec<_> = (0..90).filter(|ts| hours().contains(*ts)).collect();
        let expected: Vec<_> = (10..20).chain(30..40).chain(60..80).collect();
        assert_eq!(open, expected);
    }

    #[test]
    fn a_trading_day_ends_with_its_last_close() {
        let closes = [0, 15, 20, 39, 40, 79, 80].map(|ts| hours().day_close(ts));
        let (one, two) = (Some(40), Some(80));
        assert_eq!(closes, [one, one, one, one, two, two, None]);
    }

    #[test]
    fn nothing_opens_or_closes_inside_a_cut() {
        for ts in 0..90 {
            let (start, end) = hours().cut(ts, ts - 15, ts + 15);
            assert!(start <= ts && ts < end);
            let inside = [10, 20, 30, 40, 60, 80]
                .iter()
                .any(|at| start < *at && *at < end);
            assert!(!inside, "{ts}: {start} {end}");
        }
        assert_eq!(hours().cut(25, 0, 100), (20, 30));
        assert_eq!(hours().cut(85, 0, 100), (80, 100));
    }

    #[test]
    fn the_first_moment_of_a_span_that_trades() {
        let from = |start, end| hours().trades_from(start, end);
        assert_eq!(from(0, 11), Some(10));
        assert_eq!(from(0, 10), None);
        assert_eq!(from(12, 13), Some(12));
        assert_eq!(from(20, 31), Some(30));
        assert_eq!(from(80, 1000), None);
    }

    #[test]
    fn days_are_whole_trading_days_or_groups_of_them() {
        assert_eq!(hours().days(35, 1), Some((10, 40)));
        assert_eq!(hours().days(61, 1), Some((60, 80)));
        assert_eq!(hours().days(61, 2), Some((10, 80)));
        assert_eq!(hours().days(25, 1), None, "lunch");
        let next = Sessions::new(&[(0, DAY_NS, DAY_NS), (DAY_NS, DAY_NS + 1, DAY_NS + 1)]);
        assert_eq!(next.unwrap().days(5, 2), Some((0, DAY_NS + 1)));
    }

    #[test]
    fn sessions_that_overlap_or_go_back_are_refused() {
        for bad in [
            vec![(5, 5, 5)],
            vec![(5, 9, 8)],
            vec![(5, 9, 9), (8, 12, 12)],
            vec![(5, 9, 20), (10, 12, 12)],
            vec![(5, 9, 9), (1, 2, 2)],
        ] {
            assert!(Sessions::new(&bad).is_err(), "{bad:?}");
        }
    }
}
