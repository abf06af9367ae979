//! The fills of one order, in the order in which they arrived.

use std::collections::HashMap;

use super::event::VenueKey;
use super::status::FillState;

/// Fills beyond which an index finds them: a list of this length is searched as fast.
const INDEXED: usize = 16;

/// A fill as it stands now: price and quantity in units, after corrections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFill {
    pub price: i64,
    pub quantity: i64,
    pub state: FillState,
}

/// Fills by the venue's id. The first one lives inside the order, because most orders have no other.
#[derive(Clone, Debug, Default)]
pub struct Fills {
    first: Option<(VenueKey, KnownFill)>,
    more: Vec<(VenueKey, KnownFill)>,
    /// Places in `more`, once there are many. Looked up only, so its order is nobody's business.
    #[expect(
        clippy::box_collection,
        reason = "absent in nearly every order, which stays small"
    )]
    index: Option<Box<HashMap<VenueKey, usize>>>,
}

impl Fills {
    pub fn get(&self, id: &VenueKey) -> Option<&KnownFill> {
        match &self.first {
            Some((known, fill)) if known == id => Some(fill),
            _ => self.place(id).map(|place| &self.more[place].1),
        }
    }

    pub fn get_mut(&mut self, id: &VenueKey) -> Option<&mut KnownFill> {
        let place = self.place(id);
        match &mut self.first {
            Some((known, fill)) if known == id => Some(fill),
            _ => place.map(|place| &mut self.more[place].1),
        }
    }

    /// Adds a fill whose id is new.
    pub fn push(&mut self, id: VenueKey, fill: KnownFill) {
        if self.first.is_none() {
            self.first = Some((id, fill));
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(id.clone(), self.more.len());
        }
        self.more.push((id, fill));
        if self.index.is_none() && self.more.len() > INDEXED {
            let places = self.more.iter().enumerate();
            let index = places.map(|(place, (id, _))| (id.clone(), place));
            self.index = Some(Box::new(index.collect()));
        }
    }

    /// In the order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = (&VenueKey, &KnownFill)> {
        let all = self.first.iter().chain(&self.more);
        all.map(|(id, fill)| (id, fill))
    }

    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.more.len()
    }

    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn place(&self, id: &VenueKey) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(id).copied(),
            None => self.more.iter().position(|(known, _)| known == id),
        }
    }
}

impl PartialEq for Fills {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
