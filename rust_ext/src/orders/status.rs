//! The closed vocabularies of an order; members stand in the order of `openoutcry.state.enums`.

/// What is proven about an order: the first of its two dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    Initialized,
    Denied,
    Submitted,
    Accepted,
    Triggered,
    PartiallyFilled,
    Filled,
    Canceled,
    Expired,
    Rejected,
    NotSent,
}

/// What may be out at a venue about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    Submit,
    Cancel,
    Replace,
}

/// What is known of a request: with its kind, an order's second dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    Sent,
    /// It may or may not have reached the venue; only proof resolves it.
    Unknown,
}

/// What a piece of evidence meant to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    /// Nothing to do: a repeated fill or acknowledgement, a late answer.
    Duplicate,
    /// Contradicts what is proven: nothing changed, halt the instrument.
    Illegal,
    /// A fill that should not be: booked all the same, halt the instrument.
    Alarm,
}

/// What became of a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillState {
    Booked,
    Corrected,
    Busted,
    /// Taken back before the fill itself arrived.
    BustedUnseen,
}

impl FillState {
    /// Whether the fill is part of what is filled.
    pub fn counts(self) -> bool {
        matches!(self, FillState::Booked | FillState::Corrected)
    }
}

impl OrderStatus {
    pub const COUNT: usize = Self::ALL.len();
    pub const ALL: [Self; 11] = [
        OrderStatus::Initialized,
        OrderStatus::Denied,
        OrderStatus::Submitted,
        OrderStatus::Accepted,
        OrderStatus::Triggered,
        OrderStatus::PartiallyFilled,
        OrderStatus::Filled,
        OrderStatus::Canceled,
        OrderStatus::Expired,
        OrderStatus::Rejected,
        OrderStatus::NotSent,
    ];

    /// Whether nothing leaves this status any more.
    #[inline]
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            OrderStatus::Denied
                | OrderStatus::NotSent
                | OrderStatus::Filled
                | OrderStatus::Canceled
                | OrderStatus::Expired
                | OrderStatus::Rejected
        )
    }

    /// The word that stands in journals and reports: the value of the Python member.
    pub fn word(self) -> &'static str {
        match self {
            OrderStatus::Initialized => "initialized",
            OrderStatus::Denied => "denied",
            OrderStatus::Submitted => "submitted",
            OrderStatus::Accepted => "accepted",
            OrderStatus::Triggered => "triggered",
            OrderStatus::PartiallyFilled => "partially_filled",
            OrderStatus::Filled => "filled",
            OrderStatus::Canceled => "canceled",
            OrderStatus::Expired => "expired",
            OrderStatus::Rejected => "rejected",
            OrderStatus::NotSent => "not_sent",
        }
    }
}

impl RequestState {
    /// The value of the Python member.
    pub fn word(self) -> &'static str {
        match self {
            RequestState::Sent => "sent",
            RequestState::Unknown => "unknown",
        }
    }
}
