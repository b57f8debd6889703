//! Steps 1 to 3 of "who is who": which identifiers of one fact belong to one customer.
//!
//! Strongest first, each identifier is accepted when joining it, and the customer it has, to what
//! is accepted already adds no breach of a rule; otherwise it alone is refused and keeps whom it
//! has. The first of a fact always stands.

use std::sync::Arc;

use super::people::{CustomerIx, NameIx, People, kind_name};
use crate::domain::customer::CustomerId;
use crate::domain::rules::IdentityRules;

/// What became of one fact's identifiers.
pub(crate) struct Verdict {
    /// Accepted, strongest first; never empty.
    pub(crate) accepted: Vec<NameIx>,
    /// Refused, strongest first.
    pub(crate) refused: Vec<Refusal>,
    /// The customer; `None` when only unlisted kinds were there and none of them has one.
    pub(crate) customer: Option<CustomerIx>,
    /// Whether the customer was made for this fact.
    pub(crate) created: bool,
    /// Customers that were absorbed.
    pub(crate) absorbed: Vec<CustomerIx>,
    /// Accepted identifiers that had no customer before.
    pub(crate) joined: Vec<NameIx>,
}

/// An identifier that was not let in.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) name: NameIx,
    /// The rule's name: a kind, or `max_identifiers`.
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
    for &name in names {
        match group.admit(rules, people, name) {
            Ok(()) => accepted.push(name),
            Err((rule, reason)) => refused.push(Refusal { name, rule, reason }),
        }
    }
    let binds = accepted.iter().any(|&n| people.names[n].rank.is_some());
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
    Verdict { accepted, refused, customer, created, absorbed, joined }
}

/// What is accepted so far of one fact.
struct Group {
    customers: Vec<CustomerIx>,
    /// How many identifiers of each listed kind, members of the customers included.
    counts: Vec<usize>,
    total: usize,
    /// Whether something is in it whose kind may join two customers.
    merges: bool,
    empty: bool,
}

impl Group {
    fn new(rules: &IdentityRules) -> Self {
        Group { customers: Vec::new(), counts: vec![0; rules.kinds.len()], total: 0, merges: false, empty: true }
    }

    /// Takes `name` and its customer in, or says which rule forbids it.
    fn admit(&mut self, rules: &IdentityRules, people: &People, name: NameIx) -> Result<(), (Arc<str>, Arc<str>)> {
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
            if listed.is_none() {
                return Err((kind.clone(), format!("{kind} is not a listed kind, so it binds nobody").into()));
            }
            // Two customers become one only when a kind that may merge stands on both sides.
            let joins_two = !self.customers.is_empty();
            if joins_two && !(may_merge && self.merges) {
                let weak = if may_merge { "what it was seen with" } else { kind };
                return Err((kind.clone(), format!("{weak} may not join two customers").into()));
            }
            self.breach(rules, &people.customers[customer].counts, people.customers[customer].members.len())?;
        } else if !self.empty {
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

    /// Whether adding `counts` goes past a limit that neither side was past by as much before.
    fn breach(&self, rules: &IdentityRules, counts: &[usize], total: usize) -> Result<(), (Arc<str>, Arc<str>)> {
        for (rank, rule) in rules.kinds.iter().enumerate() {
            let (ours, theirs) = (self.counts[rank], counts[rank]);
            let sum = ours + theirs;
            if let Some(limit) = rule.limit
                && sum > limit
                && sum > ours.max(theirs)
            {
                let kind = kind_name(rules, rank);
                let reason = format!("a customer has at most {limit} of {kind}; together they would have {sum}");
                return Err((kind.clone(), reason.into()));
            }
        }
        let sum = self.total + total;
        if sum > rules.max_identifiers && sum > self.total.max(total) {
            let reason =
                format!("a customer has at most {} identifiers; together they would have {sum}", rules.max_identifiers);
            return Err(("max_identifiers".into(), reason.into()));
        }
        Ok(())
    }
}
