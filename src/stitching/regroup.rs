//! Identifiers that find themselves together otherwise than before, and which ids their customers have.

use super::known::Former;
use super::people::{CustomerIx, NameIx, People};
use crate::domain::IdentifierId;
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;

/// Members who went from one customer to another.
pub(crate) struct Parting {
    /// The customer who had them and keeps its id.
    pub(crate) from: CustomerIx,
    /// Who has them now.
    pub(crate) to: CustomerIx,
    /// The members.
    pub(crate) moved: Vec<NameIx>,
}

/// Leaves `stays` with its customer and gives each of `parts` a customer of its own: one that was
/// merged into it and gets back just what it had, or else a new one.
pub(crate) fn part(
    rules: &IdentityRules,
    people: &mut People,
    from: CustomerIx,
    parts: Vec<Vec<NameIx>>,
    former: &[Former],
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Vec<Parting> {
    people.take_sides(from);
    let mut partings = Vec::with_capacity(parts.len());
    for moved in parts {
        let to = match own_id(people, &moved, former) {
            Some(former) => people.restore(rules, &former.id, former.born),
            None => people.create(rules, new_id()),
        };
        for &name in &moved {
            people.leave(name);
            people.join(name, to);
        }
        partings.push(Parting { from, to, moved });
    }
    partings
}

/// The customer that was merged away and is this again: `names` has everything it had then, and
/// otherwise only what came later and from nobody.
pub(crate) fn own_id<'f>(people: &People, names: &[NameIx], former: &'f [Former]) -> Option<&'f Former> {
    let ids: Vec<IdentifierId> = names.iter().map(|&name| people.names[name].id).collect();
    let is_again = |one: &&Former| {
        let all_there = one.identifiers.iter().all(|id| ids.contains(id));
        // Made after that merge, an identifier has belonged to nobody else.
        let none_from_elsewhere = ids.iter().all(|id| one.identifiers.contains(id) || id.seq() > one.merged);
        !one.identifiers.is_empty() && all_there && none_from_elsewhere && !people.lives(&one.id)
    };
    former.iter().filter(is_again).max_by_key(|one| (one.merged, std::cmp::Reverse(one.born)))
}
