//! Steps 1 to 3 of "who is who": which identifiers of one fact belong to one customer.
//!
//! Strongest first, each identifier is accepted when joining it, and the customer it has, to what
//! is accepted already adds no breach of a rule and joins nobody whom a person keeps apart;
//! otherwise it alone is refused and keeps whom it has. The first of a fact always stands. One that
//! is shared binds nobody: it is accepted only when nothing else is there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::people::{CustomerIx, NameIx, People, kind_name};
use super::sharing;
use crate::domain::customer::CustomerId;
use crate::domain::decision::DECISION;
use crate::domain::rules::IdentityRules;

/// What became of one fact's identifiers.
#[derive(Default)]
pub(crate) struct Verdict {
    /// Accepted, strongest first; never empty.
    pub(crate) accepted: Vec<NameIx>,
    /// Refused, strongest first.
    pub(crate) refused: Vec<Refusal>,
    /// Shared, strongest first: neither accepted nor refused.
    pub(crate) shared: Vec<NameIx>,
    /// The customer; `None` when only unlisted kinds and shared ones were there and none of them has one.
    pub(crate) customer: Option<CustomerIx>,
    /// Whether the customer was made for this fact.
    pub(crate) created: bool,
    /// Customers that were absorbed.
    pub(crate) absorbed: Vec<CustomerIx>,
    /// Accepted identifiers that had no customer before.
    pub(crate) joined: Vec<NameIx>,
    /// Device identifiers that this fact shows to be shared: they were seen with identifiers of two
    /// customers that a limit keeps apart.
    pub(crate) turned_shared: Vec<NameIx>,
}

impl Verdict {
    /// The customers of this fact's identifiers, whether they were accepted or refused.
    pub(crate) fn customers(&self, people: &People) -> BTreeSet<CustomerIx> {
        let refused = self.refused.iter().map(|refusal| &people.names[refusal.name]);
        let refused = refused.filter(|name| name.rank.is_some()).filter_map(|name| name.customer);
        self.customer.into_iter().chain(refused).collect()
    }

    /// The device identifiers that are not shared, whether they were accepted or refused.
    pub(crate) fn devices<'a>(&'a self, rules: &'a IdentityRules, people: &'a People) -> impl Iterator<Item = NameIx> {
        let seen = self.accepted.iter().copied().chain(self.refused.iter().map(|refusal| refusal.name));
        seen.filter(|&name| people.names[name].is_device(rules) && people.names[name].shared_since.is_none())
    }
}

/// An identifier that was not let in.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) name: NameIx,
    /// The rule's name: a kind, `max_identifiers` or `decision`.
    pub(crate) rule: Arc<str>,
    /// Why, in words; without any value in it.
    pub(crate) reason: Arc<str>,
}

/// Decides about `names`, the identifiers of one fact, strongest first, and applies it to `people`.
pub(crate) fn accept(
    rules: &IdentityRules,
    people: &mut People,
    names: &[NameIx],
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Verdict {
    let mut group = Group::new(rules);
    let mut accepted = Vec::with_capacity(names.len());
    let mut refused = Vec::new();
    let mut shared = Vec::new();
    for &name in names {
        if people.names[name].shared_since.is_some() {
            shared.push(name);
            continue;
        }
        match group.admit(rules, people, name) {
            Ok(()) => accepted.push(name),
            Err(Breach { rule, reason }) => refused.push(Refusal { name, rule, reason }),
        }
    }
    if accepted.is_empty() {
        accepted.push(shared.remove(0));
    }
    let binds = accepted.iter().any(|&n| people.names[n].binds());
    let created = group.customers.is_empty() && binds;
    let customer = match group.customers.as_slice() {
        [] if binds => Some(people.create(rules, new_id())),
        [] => None,
        [one] => Some(*one),
        several => Some(people.merge(several)),
    };
    let absorbed = group.customers.iter().copied().filter(|&c| Some(c) != customer).collect();
    let mut joined = Vec::new();
    if let Some(customer) = customer.filter(|_| binds) {
        for &name in &accepted {
            if people.names[name].customer.is_none() {
                people.join(name, customer);
                joined.push(name);
            }
        }
    }
    let mut verdict =
        Verdict { accepted, refused, shared, customer, created, absorbed, joined, turned_shared: Vec::new() };
    if binds && sharing::apart_by_limit(rules, people, &verdict.customers(people)) {
        verdict.turned_shared = verdict.devices(rules, people).collect();
    }
    verdict
}

/// Why an identifier is not let in.
struct Breach {
    rule: Arc<str>,
    reason: Arc<str>,
}

/// What is accepted so far of one fact.
struct Group {
    customers: Vec<CustomerIx>,
    /// Those that have no customer yet.
    alone: Vec<NameIx>,
    /// How many identifiers of each listed kind, members of the customers included.
    counts: Vec<usize>,
    total: usize,
    /// Whether something is in it whose kind may join two customers.
    merges: bool,
    empty: bool,
}

impl Group {
    fn new(rules: &IdentityRules) -> Self {
        let counts = vec![0; rules.kinds.len()];
        Group { customers: Vec::new(), alone: Vec::new(), counts, total: 0, merges: false, empty: true }
    }

    /// Takes `name` and its customer in, or says which rule forbids it.
    fn admit(&mut self, rules: &IdentityRules, people: &People, name: NameIx) -> Result<(), Breach> {
        let identifier = &people.names[name];
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
            self.kept_apart(people, &people.customers[customer].members)?;
            // Two customers become one only when a kind that may merge stands on both sides.
            let joins_two = !self.customers.is_empty();
            if joins_two && !(may_merge && self.merges) {
                let weak = if may_merge { "what it was seen with" } else { kind };
                return Err(of_kind(format!("{weak} may not join two customers")));
            }
            self.breach(rules, &people.customers[customer].counts, people.customers[customer].members.len())?;
        } else if !self.empty {
            self.kept_apart(people, &[name])?;
            let mut own = vec![0; rules.kinds.len()];
            if let Some(rank) = identifier.rank {
                own[rank] = 1;
            }
            self.breach(rules, &own, 1)?;
        }
        match outside {
            Some(customer) => {
                let person = &people.customers[customer];
                self.counts.iter_mut().zip(&person.counts).for_each(|(sum, n)| *sum += n);
                self.total += person.members.len();
                self.customers.push(customer);
            }
            None => {
                self.alone.push(name);
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

    /// Whether a person keeps these apart from what is in.
    fn kept_apart(&self, people: &People, others: &[NameIx]) -> Result<(), Breach> {
        let mut inside = self.customers.iter().map(|&c| people.customers[c].members.as_slice()).chain([&*self.alone]);
        if inside.any(|names| people.kept_apart(names, others)) {
            let reason = "a person said that these are not the same customer";
            return Err(Breach { rule: DECISION.into(), reason: reason.into() });
        }
        Ok(())
    }

    /// Whether adding `counts` goes past a limit that neither side was past by as much before.
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
