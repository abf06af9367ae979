//! What was counted: inputs by kind, and named defects.

use crate::feed::FeedDefects;

macro_rules! counts {
    (inputs { $($(#[$input_doc:meta])* $input:ident,)* }
     defects { $($(#[$defect_doc:meta])* $defect:ident,)* }) => {
        #[derive(Clone, Copy, Debug, Default)]
        pub struct Counts {
            $($(#[$input_doc])* pub $input: u64,)*
            $($(#[$defect_doc])* pub $defect: u64,)*
        }

        impl Counts {
            /// Inputs by kind, in the order of the fields.
            pub fn inputs(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($input), self.$input)),*]
            }

            /// Every number, in the order of the fields.
            pub fn values(&self) -> Vec<u64> {
                vec![$(self.$input,)* $(self.$defect,)*]
            }

            /// Of as many numbers as `values` gives; None for another number of them.
            pub fn of(values: &[u64]) -> Option<Self> {
                let mut left = values.iter().copied();
                let counts = Self {
                    $($input: left.next()?,)*
                    $($defect: left.next()?,)*
                };
                left.next().is_none().then_some(counts)
            }

            /// Defects by name, in the order of the fields.
            pub fn defects(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($defect), self.$defect)),*]
            }
        }
    };
}

counts! {
    inputs {
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
    /// Commands from outside, and what else came with them.
    control,
    }
    defects {
    /// Bid above ask. Enters bars, never fills anything.
    crossed_quote,
    /// A book whose best bid is above its best ask after a whole message.
    crossed_book,
    /// Bid equal to ask: worth knowing, and kept as it is.
    locked_quote,
    /// Updates outside trading hours that built day bars left out, each bar type for itself: known,
    /// and no defect of the data.
    outside_session,
    /// A price of zero or less; the row is refused.
    zero_price,
    /// A size below zero; the row is refused.
    negative_size,
    /// A trade of no size. The core sees it; venues, bars and the last price do not.
    zero_size_trade,
    /// A bar whose high or low does not contain its open and close; kept as recorded.
    inconsistent_bar,
    /// A split without positive numbers, or a negative dividend; the row is refused.
    bad_corporate_action,
    /// A receive stamp earlier than the row before; stamped with the running maximum.
    time_backwards,
    /// A book level with an impossible price, size or side; the level is refused.
    bad_level,
    /// A book message that never ended; used as far as it goes.
    unterminated_message,
    }
}

impl Counts {
    /// Add what a feed found while reading.
    pub fn add_feed(&mut self, defects: &FeedDefects) {
        self.time_backwards += defects.time_backwards;
        self.bad_level += defects.bad_level;
        self.unterminated_message += defects.unterminated_message;
    }
}
