//! What was counted: inputs by kind, and named defects.

use crate::feed::FeedDefects;

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        #[derive(Clone, Copy, Debug, Default)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counts {
            /// Names and values, in the order of the fields.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

counts! {
    quote,
    trade,
    /// Recorded bars.
    bar,
    /// Bars built from quotes, trades or book tops.
    built_bar,
    /// Book messages, not levels.
    book,
    book_invalidated,
    mark,
    funding,
    split,
    dividend,
    report,
    timer,
    /// Defect: bid above ask. Enters bars, never fills anything.
    crossed_quote,
    /// Defect: a book whose best bid is above its best ask after a whole message.
    crossed_book,
    /// Bid equal to ask: worth knowing, no defect.
    locked_quote,
    /// Updates outside trading hours that built day bars left out, each bar type for itself: no
    /// defect.
    outside_session,
    /// Defect: a price of zero or less; the row is refused.
    zero_price,
    /// Defect: a size below zero; the row is refused.
    negative_size,
    /// Defect: a trade of no size. The core sees it; venues, bars and the last price do not.
    zero_size_trade,
    /// Defect: a bar whose high or low does not contain its open and close; kept as recorded.
    inconsistent_bar,
    /// Defect: a split without positive numbers, or a negative dividend; the row is refused.
    bad_corporate_action,
    /// Defect: a receive stamp earlier than the row before; stamped with the running maximum.
    time_backwards,
    /// Defect: a book level with an impossible price, size or side; the level is refused.
    bad_level,
    /// Defect: a book message that never ended; used as far as it goes.
    unterminated_message,
}

impl Counts {
    /// Add what a feed found while reading.
    pub fn add_feed(&mut self, defects: &FeedDefects) {
        self.time_backwards += defects.time_backwards;
        self.bad_level += defects.bad_level;
        self.unterminated_message += defects.unterminated_message;
    }
}
