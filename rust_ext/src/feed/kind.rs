//! The kinds of market data, and their columns.

use crate::merge::Phase;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedKind {
    Quote,
    Trade,
    Bar,
    Book,
    Mark,
    Funding,
    Split,
    Dividend,
}

impl FeedKind {
    pub const ALL: [FeedKind; 8] = [
        FeedKind::Quote,
        FeedKind::Trade,
        FeedKind::Bar,
        FeedKind::Book,
        FeedKind::Mark,
        FeedKind::Funding,
        FeedKind::Split,
        FeedKind::Dividend,
    ];

    pub fn name(self) -> &'static str {
        match self {
            FeedKind::Quote => "quote",
            FeedKind::Trade => "trade",
            FeedKind::Bar => "bar",
            FeedKind::Book => "book",
            FeedKind::Mark => "mark",
            FeedKind::Funding => "funding",
            FeedKind::Split => "split",
            FeedKind::Dividend => "dividend",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Column names in the order in which this module reads them: both stamps first.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            FeedKind::Quote => &[
                "ts_event",
                "ts_received",
                "bid",
                "ask",
                "bid_size",
                "ask_size",
            ],
            FeedKind::Trade => &[
                "ts_event",
                "ts_received",
                "price",
                "size",
                "aggressor",
                "trade_id",
            ],
            FeedKind::Bar => &[
                "ts_event",
                "ts_received",
                "ts_open",
                "open",
                "high",
                "low",
                "close",
                "volume",
                "count",
            ],
            FeedKind::Book => &[
                "ts_event",
                "ts_received",
                "update_id",
                "side",
                "price",
                "size",
                "flags",
            ],
            FeedKind::Mark => &["ts_event", "ts_received", "mark", "index"],
            FeedKind::Funding => &["ts_event", "ts_received", "rate"],
            FeedKind::Split => &["ts_event", "ts_received", "numerator", "denominator"],
            FeedKind::Dividend => &["ts_event", "ts_received", "amount"],
        }
    }

    /// When it comes among what happens at one instant.
    pub fn phase(self) -> Phase {
        match self {
            FeedKind::Split | FeedKind::Dividend => Phase::Corporate,
            _ => Phase::Market,
        }
    }
}
