//! Orders: what was asked, what is proven, and what may still happen.
//!
//! An order changes only on evidence (`Event`). Nothing here knows Python, a clock or a venue.

mod event;
mod intent;
mod status;

pub use event::{Event, FillEvent, Text, VenueKey, What};
pub use intent::{Ask, Intent, NewTerms};
pub use status::{FillState, OrderStatus, Outcome, RequestKind, RequestState};
