//! Other rules taken in: identifiers go where a [replay](super::restitch) under them says, as far as
//! nobody has moved since.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::accept::Refusal;
use super::consents::Consents;
use super::known::{Known, RefusedBefore};
use super::people::{CustomerIx, NameIx, People};
use super::plan::{self, Links, Plan, Seen, Why};
use super::regroup::{self, Parting};
use super::restitch::{Because, Cut};
use crate::domain::change::{ChangeEntry, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// The name of what moves people when rules change.
const RULES: &str = "rules";

/// Customers and the groups that their members are to end in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Everybody, each with the birth of who held it when this was worked out.
    pub members: Vec<(IdentifierId, Option<Arrival>)>,
    /// Who is to be together. Whoever is in no group is to be nobody's.
    pub groups: Vec<Vec<IdentifierId>>,
    /// Who is to be shared; the other members are not.
    pub shared: Vec<IdentifierId>,
    /// Why, in words, and who is not let in any more.
    pub because: Because,
}

/// What it takes to settle, or the plan.
#[derive(Debug)]
pub enum SettledPlan {
    /// The plan, which may be empty, and how many moves are in it; the others find somebody who has
    /// moved since, and have to be worked out again.
    Ready(Box<Plan>, usize),
    /// As in [`Planned::Needs`](super::Planned).
    Needs(BTreeSet<IdentifierId>),
}

/// Plans the moves on what is `known`: all members, who holds them, and all that those hold.
pub fn settle(
    rules: &IdentityRules,
    known: &Known,
    moves: &[Move],
    seq: i64,
    at: Timestamp,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> SettledPlan {
    let mut people = People::new(rules, known, seq);
    let mut plan = Plan { seq, at, ..Plan::default() };
    let live: Vec<&Move> = moves.iter().filter(|one| still_holds(&people, one)).collect();
    let all = live.iter().flat_map(|one| &one.members);
    let unknown: BTreeSet<IdentifierId> = all.map(|(id, _)| *id).filter(|id| !known.told.contains(id)).collect();
    if !unknown.is_empty() {
        return SettledPlan::Needs(unknown);
    }
    let mut links = Links::default();
    let mut refused = known.refused.clone();
    let mut consents = Consents::new(known);
    for one in &live {
        Settling { rules, known, one, seq }.settle(&mut people, &mut plan, new_id);
        consents.part(&people, names(&people, one.members.iter().map(|(id, _)| id)));
        refuse(known, one, &people, &mut plan, &mut links, &mut refused);
    }
    if !live.is_empty() {
        plan.links = links.into_rows();
        consents.finish(&mut plan);
        plan::finish(rules, &mut people, &mut plan);
    }
    SettledPlan::Ready(Box::new(plan), live.len())
}

/// The messages in which the moves refuse somebody, as far as their story is known: who was refused there before
/// has to be known too.
pub fn refusing<'k>(known: &'k Known, moves: &[Move]) -> BTreeSet<&'k Arc<str>> {
    let cuts = moves.iter().flat_map(|one| &one.because.cuts);
    cuts.filter_map(|cut| known.story.said.get(&cut.arrival)).map(|said| &said.message_id).collect()
}

/// Whether everybody is where they were, and nobody else has joined them.
fn still_holds(people: &People, one: &Move) -> bool {
    let ids: FxHashSet<IdentifierId> = one.members.iter().map(|(id, _)| *id).collect();
    one.members.iter().all(|(id, holder)| {
        let Some(name) = people.by_id(*id) else { return false };
        let Some(customer) = people.names[name].customer else { return holder.is_none() };
        let person = &people.customers[customer];
        Some(person.born) == *holder && person.members.iter().all(|&m| ids.contains(&people.names[m].id))
    })
}

/// One move under way.
struct Settling<'a> {
    rules: &'a IdentityRules,
    known: &'a Known,
    one: &'a Move,
    seq: i64,
}

impl Settling<'_> {
    fn settle(&self, people: &mut People, plan: &mut Plan, new_id: &mut dyn FnMut() -> CustomerId) {
        let members: Vec<NameIx> = names(people, self.one.members.iter().map(|(id, _)| id));
        let groups: Vec<Vec<NameIx>> = self.one.groups.iter().map(|group| names(people, group)).collect();
        let before: Vec<(NameIx, Option<CustomerIx>)> =
            members.iter().map(|&name| (name, people.names[name].customer)).collect();
        let mut customers: Vec<CustomerIx> = before.iter().filter_map(|(_, customer)| *customer).collect();
        customers.sort_unstable();
        customers.dedup();
        // Whoever goes takes the side along that the customer has in what people decided.
        customers.iter().for_each(|&customer| people.take_sides(customer));
        let homes: Vec<Vec<CustomerIx>> = self.homes(people, &groups, &customers);
        members.iter().for_each(|&name| people.leave(name));
        for (group, at_home) in groups.iter().zip(&homes) {
            let keeper = match at_home.as_slice() {
                [] => match regroup::own_id(people, group, &self.known.story.former) {
                    Some(former) => people.restore(self.rules, &former.id, former.born),
                    None => people.create(self.rules, new_id()),
                },
                some => people.merge(some),
            };
            for &name in group {
                people.join(name, keeper);
            }
            self.tell_merge(people, plan, keeper, at_home, group);
            self.tell_partings(people, plan, keeper, at_home, group, &before);
        }
        self.share(people, plan, &before);
    }

    fn why(&self) -> Why {
        Why { rule: Some(RULES.into()), reason: Some(self.one.because.reason.clone()), ..Why::default() }
    }

    /// The customers at home in each group, which has the oldest of what they keep.
    fn homes(&self, people: &People, groups: &[Vec<NameIx>], customers: &[CustomerIx]) -> Vec<Vec<CustomerIx>> {
        let mut homes = vec![Vec::new(); groups.len()];
        for &customer in customers {
            let of_it = |&&name: &&NameIx| people.names[name].customer == Some(customer);
            let oldest = |group: &Vec<NameIx>| group.iter().filter(of_it).map(|&n| people.names[n].id).min();
            let with_oldest = groups.iter().enumerate().filter_map(|(n, group)| Some((oldest(group)?, n)));
            if let Some((_, n)) = with_oldest.min() {
                homes[n].push(customer);
            }
        }
        homes
    }

    fn tell_merge(
        &self,
        people: &People,
        plan: &mut Plan,
        keeper: CustomerIx,
        at_home: &[CustomerIx],
        group: &[NameIx],
    ) {
        let id = |customer: CustomerIx| people.customers[customer].id.clone();
        let others: Vec<CustomerId> = at_home.iter().copied().filter(|&c| c != keeper).map(id).collect();
        if others.is_empty() {
            return;
        }
        let identifiers: Vec<IdentifierId> = group.iter().map(|&name| people.names[name].id).collect();
        plan.tell(&id(keeper), IdentityEventKind::Merged, &self.why(), identifiers.clone(), others.clone());
        let (c, o, w) = (id(keeper), others, Some(self.one.because.reason.clone()));
        plan.entries.push(ChangeEntry::CustomersMerged { c, o, i: identifiers, m: None, w });
    }

    /// Who came from customers that are at home elsewhere, and who had none.
    fn tell_partings(
        &self,
        people: &People,
        plan: &mut Plan,
        keeper: CustomerIx,
        at_home: &[CustomerIx],
        group: &[NameIx],
        before: &[(NameIx, Option<CustomerIx>)],
    ) {
        let mut partings: Vec<Parting> = Vec::new();
        let mut joined = Vec::new();
        for (name, from) in before.iter().filter(|(name, _)| group.contains(name)) {
            match *from {
                None => joined.push(*name),
                Some(from) if from == keeper || at_home.contains(&from) => {}
                Some(from) => match partings.iter_mut().find(|parting| parting.from == from) {
                    Some(parting) => parting.moved.push(*name),
                    None => partings.push(Parting { from, to: keeper, moved: vec![*name] }),
                },
            }
        }
        plan::record_partings(people, plan, &partings, &RULES.into(), &self.why());
        if !joined.is_empty() {
            plan.tell(
                &people.customers[keeper].id,
                IdentityEventKind::Linked,
                &self.why(),
                joined.iter().map(|&name| people.names[name].id).collect(),
                Vec::new(),
            );
        }
    }

    /// Who is shared from now on or no longer, and who is nobody's.
    fn share(&self, people: &mut People, plan: &mut Plan, before: &[(NameIx, Option<CustomerIx>)]) {
        let shared: FxHashSet<IdentifierId> = self.one.shared.iter().copied().collect();
        for &(name, from) in before {
            let id = people.names[name].id;
            let (was, is) = (people.names[name].shared_since.is_some(), shared.contains(&id));
            if was != is {
                people.touch(name).shared_since = is.then_some(self.seq);
            }
            let from_id = from.map(|customer| people.customers[customer].id.clone());
            if is && !was {
                plan.entries.push(ChangeEntry::IdentifierShared { c: from_id.clone(), i: vec![id], m: None });
            }
            if let (Some(customer), None) = (from_id, people.names[name].customer) {
                plan.tell(&customer, IdentityEventKind::Split, &self.why(), vec![id], Vec::new());
                if !is {
                    let (i, r, w) = (vec![id], RULES.into(), Some(self.one.because.reason.clone()));
                    plan.entries.push(ChangeEntry::CustomerSplit { c: customer, o: Vec::new(), i, m: None, r, w });
                }
            }
        }
    }
}

/// Who is not let in any more, told as it is when an event brings it. Rules go and come back: who was `refused` in
/// the same message before is not counted again, and not told again of the same rule.
fn refuse(known: &Known, one: &Move, people: &People, plan: &mut Plan, links: &mut Links, refused: &mut RefusedBefore) {
    for Cut { arrival, identifier, from, rule, reason } in &one.because.cuts {
        let (Some(said), Some(name)) = (known.story.said.get(arrival), people.by_id(*identifier)) else { continue };
        let refusal = Refusal { name, rule: rule.clone(), reason: reason.clone() };
        let from = names(people, from);
        let Some(customer) = from.iter().find_map(|&name| people.customer_of(name)) else { continue };
        let rules = refused.entry((said.message_id.clone(), *identifier)).or_default();
        if rules.is_empty() {
            let seen = Seen::once(said.clone());
            for other in from {
                links.add(people, &seen, other, name, rule, Some(reason));
            }
        }
        if !rules.contains(rule) {
            plan.tell_refusal(&customer, people, &refusal, &said.message_id);
            rules.push(rule.clone());
        }
    }
}

fn names<'i>(people: &People, ids: impl IntoIterator<Item = &'i IdentifierId>) -> Vec<NameIx> {
    ids.into_iter().filter_map(|id| people.by_id(*id)).collect()
}
