//! Steps 1 to 3 of identity resolution: which identifiers of one fact belong to one customer.
//!
//! Identifiers are looked at strongest first. An identifier is accepted when it and its customer can join the accepted
//! identifiers: the join breaks no further rule, and no decision of a person keeps the two apart. Otherwise only this
//! identifier is refused, and it keeps its customer. The first identifier of a fact is always accepted. A shared
//! identifier joins no customers: it is accepted only when the fact has no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::sharing;
use super::working_set::{CustomerIx, IdentifierIx, WorkingSet, kind_name};
use crate::domain::customer::CustomerId;
use crate::domain::decision::DECISION;
use crate::domain::rules::IdentityRules;

/// The outcome for the identifiers of one fact.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Accepted, strongest first; never empty.
    pub(crate) accepted: Vec<IdentifierIx>,
    /// Refused, strongest first.
    pub(crate) refused: Vec<Refusal>,
    /// Shared, strongest first: neither accepted nor refused.
    pub(crate) shared: Vec<IdentifierIx>,
    /// The customer. `None` when the fact has only shared identifiers or unlisted kinds, and none has a customer.
    pub(crate) customer: Option<CustomerIx>,
    /// Whether the customer was created for this fact.
    pub(crate) created: bool,
    /// Customers that were merged into it.
    pub(crate) absorbed: Vec<CustomerIx>,
    /// Accepted identifiers that had no customer before.
    pub(crate) joined: Vec<IdentifierIx>,
    /// Device identifiers that are shared, as this fact shows: they were seen with identifiers of two customers that a
    /// limit keeps apart.
    pub(crate) turned_shared: Vec<IdentifierIx>,
}

impl Verdict {
    /// The customers of this fact's identifiers, whether they were accepted or refused.
    pub(crate) fn customers(&self, working_set: &WorkingSet) -> BTreeSet<CustomerIx> {
        let refused = self.refused.iter().map(|refusal| &working_set.identifiers[refusal.identifier]);
        let refused = refused.filter(|state| state.rank.is_some()).filter_map(|state| state.customer);
        self.customer.into_iter().chain(refused).collect()
    }

    /// The device identifiers that are not shared, whether they were accepted or refused.
    pub(crate) fn devices<'a>(
        &'a self,
        rules: &'a IdentityRules,
        working_set: &'a WorkingSet,
    ) -> impl Iterator<Item = IdentifierIx> {
        let seen = self.accepted.iter().copied().chain(self.refused.iter().map(|refusal| refusal.identifier));
        seen.filter(|&ix| {
            working_set.identifiers[ix].is_device(rules) && working_set.identifiers[ix].shared_since.is_none()
        })
    }
}

/// An identifier that was refused.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) identifier: IdentifierIx,
    /// The rule's name: a kind, `max_identifiers` or `decision`.
    pub(crate) rule: Arc<str>,
    /// The reason, in words without a value.
    pub(crate) reason: Arc<str>,
}

/// Accepts or refuses the `identifiers` of one fact, strongest first, and applies the outcome to `working_set`.
pub(crate) fn accept(
    rules: &IdentityRules,
    working_set: &mut WorkingSet,
    identifiers: &[IdentifierIx],
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Verdict {
    let mut group = Group::new(rules);
    let mut accepted = Vec::with_capacity(identifiers.len());
    let mut refused = Vec::new();
    let mut shared = Vec::new();
    for &ix in identifiers {
        if working_set.identifiers[ix].shared_since.is_some() {
            shared.push(ix);
            continue;
        }
        match group.admit(rules, working_set, ix) {
            Ok(()) => accepted.push(ix),
            Err(Breach { rule, reason }) => refused.push(Refusal { identifier: ix, rule, reason }),
        }
    }
    if accepted.is_empty() {
        accepted.push(shared.remove(0));
    }
    let binds = accepted.iter().any(|&n| working_set.identifiers[n].binds());
    let created = group.customers.is_empty() && binds;
    let customer = match group.customers.as_slice() {
        [] if binds => Some(working_set.create(rules, new_id())),
        [] => None,
        [one] => Some(*one),
        several => Some(working_set.merge(several)),
    };
    let absorbed = group.customers.iter().copied().filter(|&c| Some(c) != customer).collect();
    let mut joined = Vec::new();
    if let Some(customer) = customer.filter(|_| binds) {
        for &ix in &accepted {
            if working_set.identifiers[ix].customer.is_none() {
                working_set.join(ix, customer);
                joined.push(ix);
            }
        }
    }
    let mut verdict =
        Verdict { accepted, refused, shared, customer, created, absorbed, joined, turned_shared: Vec::new() };
    if binds && sharing::apart_by_limit(rules, working_set, &verdict.customers(working_set)) {
        verdict.turned_shared = verdict.devices(rules, working_set).collect();
    }
    verdict
}

/// The rule that refuses an identifier.
struct Breach {
    rule: Arc<str>,
    reason: Arc<str>,
}

/// The identifiers of one fact that are accepted so far.
struct Group {
    customers: Vec<CustomerIx>,
    /// Identifiers that have no customer yet.
    alone: Vec<IdentifierIx>,
    /// The number of identifiers of each listed kind, members of the customers included.
    counts: Vec<usize>,
    total: usize,
    /// Whether one of these identifiers is of a kind that may merge two customers.
    merges: bool,
    empty: bool,
}

impl Group {
    fn new(rules: &IdentityRules) -> Self {
        let counts = vec![0; rules.kinds.len()];
        Group { customers: Vec::new(), alone: Vec::new(), counts, total: 0, merges: false, empty: true }
    }

    /// Adds `ix` with its customer, or returns the rule that forbids it.
    fn admit(&mut self, rules: &IdentityRules, working_set: &WorkingSet, ix: IdentifierIx) -> Result<(), Breach> {
        let identifier = &working_set.identifiers[ix];
        let listed = identifier.rank.map(|rank| &rules.kinds[rank]);
        let may_merge = listed.is_some_and(|kind| kind.merges);
        let outside = match identifier.customer {
            Some(customer) if self.customers.contains(&customer) => {
                self.merges |= may_merge;
                return Ok(());
            }
            other => other,
        };
        if let Some(customer) = outside.filter(|_| !self.empty) {
            let kind = &identifier.key.kind;
            let of_kind = |reason: String| Breach { rule: kind.clone(), reason: reason.into() };
            if listed.is_none() {
                return Err(of_kind(format!("{kind} is not a listed kind, so it binds nobody")));
            }
            self.kept_apart(working_set, &working_set.customers[customer].members)?;
            // Two customers merge only when both sides have an identifier of a kind that may merge.
            let joins_two = !self.customers.is_empty();
            if joins_two && !(may_merge && self.merges) {
                let weak = if may_merge { "what it was seen with" } else { kind };
                return Err(of_kind(format!("{weak} may not join two customers")));
            }
            self.breach(rules, &working_set.customers[customer].counts, working_set.customers[customer].members.len())?;
        } else if !self.empty {
            self.kept_apart(working_set, &[ix])?;
            let mut own = vec![0; rules.kinds.len()];
            if let Some(rank) = identifier.rank {
                own[rank] = 1;
            }
            self.breach(rules, &own, 1)?;
        }
        match outside {
            Some(customer) => {
                let customer_state = &working_set.customers[customer];
                self.counts.iter_mut().zip(&customer_state.counts).for_each(|(sum, n)| *sum += n);
                self.total += customer_state.members.len();
                self.customers.push(customer);
            }
            None => {
                self.alone.push(ix);
                self.total += 1;
                if let Some(rank) = identifier.rank {
                    self.counts[rank] += 1;
                }
            }
        }
        self.merges |= may_merge;
        self.empty = false;
        Ok(())
    }

    /// Whether a decision keeps these apart from the group.
    fn kept_apart(&self, working_set: &WorkingSet, others: &[IdentifierIx]) -> Result<(), Breach> {
        let mut inside =
            self.customers.iter().map(|&c| working_set.customers[c].members.as_slice()).chain([&*self.alone]);
        if inside.any(|identifiers| working_set.kept_apart(identifiers, others)) {
            let reason = "a person said that these are not the same customer";
            return Err(Breach { rule: DECISION.into(), reason: reason.into() });
        }
        Ok(())
    }

    /// Whether the sum with `counts` exceeds a limit by more than either side did before.
    fn breach(&self, rules: &IdentityRules, counts: &[usize], total: usize) -> Result<(), Breach> {
        for (rank, rule) in rules.kinds.iter().enumerate() {
            let (ours, theirs) = (self.counts[rank], counts[rank]);
            let sum = ours + theirs;
            if let Some(limit) = rule.limit
                && sum > limit
                && sum > ours.max(theirs)
            {
                let kind = kind_name(rules, rank);
                let reason = format!("a customer has at most {limit} of {kind}; together they would have {sum}");
                return Err(Breach { rule: kind.clone(), reason: reason.into() });
            }
        }
        let sum = self.total + total;
        if sum > rules.max_identifiers && sum > self.total.max(total) {
            let reason =
                format!("a customer has at most {} identifiers; together they would have {sum}", rules.max_identifiers);
            return Err(Breach { rule: "max_identifiers".into(), reason: reason.into() });
        }
        Ok(())
    }
}
