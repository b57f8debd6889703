//! Applies the moves of a restitch: identifiers go to the customer that a [replay](super::restitch) found, if their
//! customers have not changed since.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::accept::Refusal;
use super::consents::Consents;
use super::known::{Known, RefusedBefore};
use super::plan::{Missing, Planned};
use super::record::{self, Links, Seen, Why};
use super::regroup::{self, SplitResult};
use super::restitch::{Cut, Explanation};
use super::rows::Plan;
use super::working_set::{CustomerIx, IdentifierIx, WorkingSet};
use crate::domain::change::{ChangeEntry, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The rule in identity histories when identifiers move because of changed rules.
const RULES: &str = "rules";

/// Customers and the new groups of their members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// All identifiers, each with the birth of its customer at the replay.
    pub members: Vec<(IdentifierId, Option<Arrival>)>,
    /// The new customers. A member of no group will have no customer.
    pub groups: Vec<Vec<IdentifierId>>,
    /// The members that will be shared. All others will not be shared.
    pub shared: Vec<IdentifierId>,
    /// The reason, and the identifiers that are refused now.
    pub explanation: Explanation,
}

/// Plans the moves. `known` has all members, their customers, and all identifiers of these. The outcome is the number
/// of moves in the plan, which may be empty. The other moves have an identifier that has moved since the replay, and
/// need another replay.
pub fn apply_moves(
    rules: &IdentityRules,
    known: &Known,
    moves: &[Move],
    seq: i64,
    at: Timestamp,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Planned<usize> {
    let mut working_set = WorkingSet::new(rules, known, seq);
    let mut plan = Plan { seq, at, ..Plan::default() };
    let live: Vec<&Move> = moves.iter().filter(|one| still_holds(&working_set, one)).collect();
    let all = live.iter().flat_map(|one| &one.members);
    let unknown: BTreeSet<IdentifierId> =
        all.map(|(id, _)| *id).filter(|id| !known.with_history.contains(id)).collect();
    if !unknown.is_empty() {
        return Planned::Needs(Missing::histories(unknown));
    }
    let mut links = Links::default();
    let mut refused = known.refused.clone();
    let mut consents = Consents::new(known);
    for one in &live {
        ApplyMove { rules, known, one, seq }.apply(&mut working_set, &mut plan, new_id);
        consents.part(&working_set, identifiers_of(&working_set, one.members.iter().map(|(id, _)| id)));
        refuse(known, one, &working_set, &mut plan, &mut links, &mut refused);
    }
    if !live.is_empty() {
        plan.links = links.into_rows();
        consents.finish(&mut plan);
        plan.finish(rules, &mut working_set);
    }
    Planned::Ready(Box::new(plan), live.len())
}

/// The messages in which the moves refuse identifiers, as far as their histories are known. Earlier refusals in these
/// messages must be known too.
pub fn refusing<'k>(known: &'k Known, moves: &[Move]) -> BTreeSet<&'k Arc<str>> {
    let cuts = moves.iter().flat_map(|one| &one.explanation.cuts);
    cuts.filter_map(|cut| known.histories.source_messages.get(&cut.arrival))
        .map(|source_message| &source_message.message_id)
        .collect()
}

/// Whether all members still have their customers, and no other identifier has joined these customers.
fn still_holds(working_set: &WorkingSet, one: &Move) -> bool {
    let ids: FxHashSet<IdentifierId> = one.members.iter().map(|(id, _)| *id).collect();
    one.members.iter().all(|(id, holder)| {
        let Some(ix) = working_set.by_id(*id) else { return false };
        let Some(customer) = working_set.identifiers[ix].customer else { return holder.is_none() };
        let customer_state = &working_set.customers[customer];
        Some(customer_state.created_seq) == *holder
            && customer_state.members.iter().all(|&m| ids.contains(&working_set.identifiers[m].id))
    })
}

/// A move that is being applied.
struct ApplyMove<'a> {
    rules: &'a IdentityRules,
    known: &'a Known,
    one: &'a Move,
    seq: i64,
}

impl ApplyMove<'_> {
    fn apply(&self, working_set: &mut WorkingSet, plan: &mut Plan, new_id: &mut dyn FnMut() -> CustomerId) {
        let members: Vec<IdentifierIx> = identifiers_of(working_set, self.one.members.iter().map(|(id, _)| id));
        let groups: Vec<Vec<IdentifierIx>> =
            self.one.groups.iter().map(|group| identifiers_of(working_set, group)).collect();
        let before: Vec<(IdentifierIx, Option<CustomerIx>)> =
            members.iter().map(|&ix| (ix, working_set.identifiers[ix].customer)).collect();
        let mut customers: Vec<CustomerIx> = before.iter().filter_map(|(_, customer)| *customer).collect();
        customers.sort_unstable();
        customers.dedup();
        // An identifier that leaves a customer keeps the side that the customer has in decisions.
        customers.iter().for_each(|&customer| working_set.take_sides(customer));
        let homes: Vec<Vec<CustomerIx>> = self.homes(working_set, &groups, &customers);
        members.iter().for_each(|&ix| working_set.leave(ix));
        for (group, at_home) in groups.iter().zip(&homes) {
            let survivor = match at_home.as_slice() {
                [] => match regroup::own_id(working_set, group, &self.known.histories.former) {
                    Some(former) => working_set.restore(self.rules, &former.id, former.created_seq),
                    None => working_set.create(self.rules, new_id()),
                },
                some => working_set.merge(some),
            };
            for &ix in group {
                working_set.join(ix, survivor);
            }
            self.tell_merge(working_set, plan, survivor, at_home, group);
            self.tell_splits(working_set, plan, survivor, at_home, group, &before);
        }
        self.share(working_set, plan, &before);
    }

    fn why(&self) -> Why {
        Why { rule: Some(RULES.into()), reason: Some(self.one.explanation.reason.clone()), ..Why::default() }
    }

    /// The customers that stay with each group: a customer stays with its oldest identifier.
    fn homes(
        &self,
        working_set: &WorkingSet,
        groups: &[Vec<IdentifierIx>],
        customers: &[CustomerIx],
    ) -> Vec<Vec<CustomerIx>> {
        let mut homes = vec![Vec::new(); groups.len()];
        for &customer in customers {
            let of_it = |&&ix: &&IdentifierIx| working_set.identifiers[ix].customer == Some(customer);
            let oldest =
                |group: &Vec<IdentifierIx>| group.iter().filter(of_it).map(|&n| working_set.identifiers[n].id).min();
            let with_oldest = groups.iter().enumerate().filter_map(|(n, group)| Some((oldest(group)?, n)));
            if let Some((_, n)) = with_oldest.min() {
                homes[n].push(customer);
            }
        }
        homes
    }

    fn tell_merge(
        &self,
        working_set: &WorkingSet,
        plan: &mut Plan,
        survivor: CustomerIx,
        at_home: &[CustomerIx],
        group: &[IdentifierIx],
    ) {
        let id = |customer: CustomerIx| working_set.customers[customer].id.clone();
        let others: Vec<CustomerId> = at_home.iter().copied().filter(|&c| c != survivor).map(id).collect();
        if others.is_empty() {
            return;
        }
        let identifiers: Vec<IdentifierId> = group.iter().map(|&ix| working_set.identifiers[ix].id).collect();
        plan.tell(&id(survivor), IdentityEventKind::Merged, &self.why(), identifiers.clone(), others.clone());
        let (customer, reason) = (id(survivor), Some(self.one.explanation.reason.clone()));
        plan.entries.push(ChangeEntry::CustomersMerged { customer, others, identifiers, message: None, reason });
    }

    /// Adds the lines for identifiers from customers of other groups, and for identifiers that had no customer.
    fn tell_splits(
        &self,
        working_set: &WorkingSet,
        plan: &mut Plan,
        survivor: CustomerIx,
        at_home: &[CustomerIx],
        group: &[IdentifierIx],
        before: &[(IdentifierIx, Option<CustomerIx>)],
    ) {
        let mut splits: Vec<SplitResult> = Vec::new();
        let mut joined = Vec::new();
        for (ix, from) in before.iter().filter(|(ix, _)| group.contains(ix)) {
            match *from {
                None => joined.push(*ix),
                Some(from) if from == survivor || at_home.contains(&from) => {}
                Some(from) => match splits.iter_mut().find(|split| split.from == from) {
                    Some(split) => split.moved.push(*ix),
                    None => splits.push(SplitResult { from, to: survivor, moved: vec![*ix] }),
                },
            }
        }
        record::record_splits(working_set, plan, &splits, &RULES.into(), &self.why());
        if !joined.is_empty() {
            plan.tell(
                &working_set.customers[survivor].id,
                IdentityEventKind::Linked,
                &self.why(),
                joined.iter().map(|&ix| working_set.identifiers[ix].id).collect(),
                Vec::new(),
            );
        }
    }

    /// Sets and clears the shared flag, and adds the lines for identifiers that no longer have a customer.
    fn share(&self, working_set: &mut WorkingSet, plan: &mut Plan, before: &[(IdentifierIx, Option<CustomerIx>)]) {
        let shared: FxHashSet<IdentifierId> = self.one.shared.iter().copied().collect();
        for &(ix, from) in before {
            let id = working_set.identifiers[ix].id;
            let (was, is) = (working_set.identifiers[ix].shared_since.is_some(), shared.contains(&id));
            if was != is {
                working_set.touch(ix).shared_since = is.then_some(self.seq);
            }
            let from_id = from.map(|customer| working_set.customers[customer].id.clone());
            if is && !was {
                plan.entries.push(ChangeEntry::IdentifierShared {
                    customer: from_id.clone(),
                    identifiers: vec![id],
                    message: None,
                });
            }
            if let (Some(customer), None) = (from_id, working_set.identifiers[ix].customer) {
                plan.tell(&customer, IdentityEventKind::Split, &self.why(), vec![id], Vec::new());
                if !is {
                    plan.entries.push(ChangeEntry::CustomerSplit {
                        customer,
                        others: Vec::new(),
                        identifiers: vec![id],
                        message: None,
                        rule: RULES.into(),
                        reason: Some(self.one.explanation.reason.clone()),
                    });
                }
            }
        }
    }
}

/// Adds the refusals, as an event does. A former rule can be in force again: an identifier that was `refused` in the
/// same message before is not linked again, and gets no second line for the same rule.
fn refuse(
    known: &Known,
    one: &Move,
    working_set: &WorkingSet,
    plan: &mut Plan,
    links: &mut Links,
    refused: &mut RefusedBefore,
) {
    for Cut { arrival, identifier, from, rule, reason } in &one.explanation.cuts {
        let (Some(source_message), Some(ix)) =
            (known.histories.source_messages.get(arrival), working_set.by_id(*identifier))
        else {
            continue;
        };
        let refusal = Refusal { identifier: ix, rule: rule.clone(), reason: reason.clone() };
        let from = identifiers_of(working_set, from);
        let Some(customer) = from.iter().find_map(|&ix| working_set.customer_of(ix)) else { continue };
        let rules = refused.entry((source_message.message_id.clone(), *identifier)).or_default();
        if rules.is_empty() {
            let seen = Seen::once(source_message.clone());
            for other in from {
                links.add(working_set, &seen, other, ix, rule, Some(reason));
            }
        }
        if !rules.contains(rule) {
            plan.tell_refusal(&customer, working_set, &refusal, &source_message.message_id);
            rules.push(rule.clone());
        }
    }
}

fn identifiers_of<'i>(working_set: &WorkingSet, ids: impl IntoIterator<Item = &'i IdentifierId>) -> Vec<IdentifierIx> {
    ids.into_iter().filter_map(|id| working_set.by_id(*id)).collect()
}
