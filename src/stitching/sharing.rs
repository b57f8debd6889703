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

/// What came of an identifier that turned out to be shared.
pub(crate) struct Shared {
    /// Who had it.
    pub(crate) from: Option<CustomerIx>,
    /// What came apart.
    pub(crate) partings: Vec<Parting>,
}

/// Whose story has to be known before `name` can be shared: all others of its customer. Not its own: a
/// till was seen with everybody, and what is told of it alone says nothing of them.
pub(crate) fn concerned(people: &People, name: NameIx) -> Vec<NameIx> {
    let members = people.names[name].customer.map(|customer| &people.customers[customer].members);
    members.into_iter().flatten().copied().filter(|&member| member != name).collect()
}

/// Whether somebody would be left in its customer: else it is one visitor's, whom nobody else was seen to be.
pub(crate) fn can_be_shared(people: &People, name: NameIx) -> bool {
    people.names[name].customer.is_none() || !concerned(people, name).is_empty()
}

/// Makes `name` shared. `None` when it [cannot be](can_be_shared).
pub(crate) fn share(
    rules: &IdentityRules,
    people: &mut People,
    name: NameIx,
    story: &Story,
    seq: i64,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Option<Shared> {
    let Some(customer) = people.names[name].customer else {
        people.touch(name).shared_since = Some(seq);
        return Some(Shared { from: None, partings: Vec::new() });
    };
    let rest = concerned(people, name);
    if rest.is_empty() {
        return None;
    }
    people.take_sides(customer);
    people.touch(name).shared_since = Some(seq);
    people.leave(name);
    let mut parts = replay::parts(rules, people, &rest, story);
    // The id stays where the oldest identifier is.
    let oldest = rest.iter().copied().min_by_key(|&n| people.names[n].id);
    let stays = parts.iter().position(|part| oldest.is_some_and(|name| part.contains(&name)));
    parts.remove(stays.unwrap_or(0));
    let partings = regroup::part(rules, people, customer, parts, &story.former, new_id);
    Some(Shared { from: Some(customer), partings })
}
