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

/// Whose story has to be known before `name` can be shared: all members of its customer.
pub(crate) fn concerned(people: &People, name: NameIx) -> &[NameIx] {
    people.names[name].customer.map_or(&[], |customer| &people.customers[customer].members)
}

/// Makes `name` shared. `None` when nobody would be left in its customer: then it is one visitor's,
/// whom nobody else was seen to be.
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
    let rest: Vec<NameIx> = people.customers[customer].members.iter().copied().filter(|&n| n != name).collect();
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
