//! Orders: what was asked, what is proven, and what may still happen.
//!
//! An order changes only on evidence (`Event`). Nothing here knows Python, a clock or a venue.

mod booking;
pub(crate) mod codec;
mod event;
mod evidence;
mod fills;
mod intent;
mod lanes;
mod order;
mod snapshot;
mod status;
mod table;
#[cfg(test)]
mod tests;
mod transitions;

pub use event::{Event, FillEvent, Kind, Text, VenueKey, What};
pub use fills::{Fills, KnownFill};
pub use intent::{Ask, Intent, NewTerms};
pub use order::Order;
pub use status::{FillState, OrderStatus, Outcome, RequestKind, RequestState};
pub use table::{Applied, IdHasher, OrderTable, TOGETHER};
