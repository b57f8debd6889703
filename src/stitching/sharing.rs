//! Step 5 of "who is who": an identifier of a device that several people use.
//!
//! From the moment it shows, it binds nobody. The customer who had it is worked out again from the
//! evidence without it, and what only it held together comes apart.

use super::known::Story;
use super::people::{CustomerIx, NameIx, People};
use super::regroup::{self, Parting};
use super::replay;
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;

/// An identifier that turned out to be shared, and left its customer.
pub(crate) struct Released {
    /// Who had it.
    pub(crate) from: Option<CustomerIx>,
    /// Whom it left there. Their story tells how they hold together without it.
    pub(crate) rest: Vec<NameIx>,
}

impl Released {
    /// Whether those who are left may come apart.
    pub(crate) fn comes_apart(&self) -> bool {
        self.rest.len() > 1
    }
}

/// Whether `name` can turn out to be shared: somebody would be left in its customer. Else it is one
/// visitor's, whom nobody else was seen to be.
pub(crate) fn can_be_shared(people: &People, name: NameIx) -> bool {
    people.names[name].customer.is_none_or(|customer| people.customers[customer].members.len() > 1)
}

/// Makes `name` shared, and nobody's. `None` when it [cannot be](can_be_shared).
pub(crate) fn release(people: &mut People, name: NameIx, seq: i64) -> Option<Released> {
    if !can_be_shared(people, name) {
        return None;
    }
    let from = people.names[name].customer;
    if let Some(customer) = from {
        people.take_sides(customer);
    }
    people.touch(name).shared_since = Some(seq);
    people.leave(name);
    let rest = from.map_or(Vec::new(), |customer| people.customers[customer].members.clone());
    Some(Released { from, rest })
}

/// Parts those that only the shared identifier held together.
pub(crate) fn part(
    rules: &IdentityRules,
    people: &mut People,
    released: &Released,
    story: &Story,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Vec<Parting> {
    let Released { from: Some(customer), rest } = released else { return Vec::new() };
    if !released.comes_apart() {
        return Vec::new();
    }
    let mut parts = replay::parts(rules, people, rest, story);
    // The id stays where the oldest identifier is.
    let oldest = rest.iter().copied().min_by_key(|&n| people.names[n].id);
    let stays = parts.iter().position(|part| oldest.is_some_and(|name| part.contains(&name)));
    parts.remove(stays.unwrap_or(0));
    regroup::part(rules, people, *customer, parts, &story.former, new_id)
}
