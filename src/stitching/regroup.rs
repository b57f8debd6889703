//! Moves the parts of a customer to separate customers, and finds the ids of these customers.

use super::known::Former;
use super::working_set::{CustomerIx, IdentifierIx, WorkingSet};
use crate::domain::IdentifierId;
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;

/// Members that moved from one customer to another.
pub(crate) struct SplitResult {
    /// The former customer of the members, which keeps its id.
    pub(crate) from: CustomerIx,
    /// The present customer of the members.
    pub(crate) to: CustomerIx,
    /// The members.
    pub(crate) moved: Vec<IdentifierIx>,
}

/// Gives each of `parts` a customer of its own: a former customer that gets back exactly its old identifiers, or a new
/// one. The other members stay.
pub(crate) fn part(
    rules: &IdentityRules,
    working_set: &mut WorkingSet,
    from: CustomerIx,
    parts: Vec<Vec<IdentifierIx>>,
    former: &[Former],
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Vec<SplitResult> {
    working_set.take_sides(from);
    let mut splits = Vec::with_capacity(parts.len());
    for moved in parts {
        let to = match own_id(working_set, &moved, former) {
            Some(former) => working_set.restore(rules, &former.id, former.created_seq),
            None => working_set.create(rules, new_id()),
        };
        for &ix in &moved {
            working_set.leave(ix);
            working_set.join(ix, to);
        }
        splits.push(SplitResult { from, to, moved });
    }
    splits
}

/// The former customer that can come back with `identifiers`. These must contain all identifiers that it had when it
/// was merged. The others must be newer than the merge.
pub(crate) fn own_id<'f>(
    working_set: &WorkingSet,
    identifiers: &[IdentifierIx],
    former: &'f [Former],
) -> Option<&'f Former> {
    let ids: Vec<IdentifierId> = identifiers.iter().map(|&ix| working_set.identifiers[ix].id).collect();
    let is_again = |one: &&Former| {
        let all_there = one.identifiers.iter().all(|id| ids.contains(id));
        // An identifier that is newer than the merge had no other customer.
        let none_from_elsewhere = ids.iter().all(|id| one.identifiers.contains(id) || id.seq() > one.merged);
        !one.identifiers.is_empty() && all_there && none_from_elsewhere && !working_set.lives(&one.id)
    };
    former.iter().filter(is_again).max_by_key(|one| (one.merged, std::cmp::Reverse(one.created_seq)))
}
