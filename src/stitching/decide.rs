//! Step 6 of "who is who": what people decide stands above every rule.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::consents::Consents;
use super::known::Known;
use super::people::{CustomerIx, NameIx, People};
use super::plan::{self, Plan, Why};
use super::regroup;
use crate::domain::change::{ChangeEntry, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::decision::{DECISION, Decision, DecisionKind};
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Problem, ProblemCode, Timestamp};

/// What a person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What is said.
    pub says: Says,
    /// Who says it.
    pub by: Arc<str>,
    /// Why, in that person's words.
    pub reason: Arc<str>,
}

/// What a person says about customers. Ids of customers that were merged away stand for who they became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// They are one person.
    Merge(Vec<CustomerId>),
    /// These identifiers are of somebody else.
    Split(CustomerId, Vec<IdentifierKey>),
    /// No two of them are the same person.
    KeepApart(Vec<CustomerId>),
}

impl Says {
    /// The customers it names.
    pub fn customers(&self) -> &[CustomerId] {
        match self {
            Says::Merge(customers) | Says::KeepApart(customers) => customers,
            Says::Split(customer, _) => std::slice::from_ref(customer),
        }
    }

    /// The identifiers it names.
    pub fn identifiers(&self) -> &[IdentifierKey] {
        match self {
            Says::Split(_, identifiers) => identifiers,
            _ => &[],
        }
    }
}

/// What became of a ruling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ruled {
    /// Whether it is done; then there are no problems.
    pub done: bool,
    /// What stands in its way, or why there was nothing to do.
    pub problems: Vec<Problem>,
    /// The customer that stays; of those kept apart the first.
    pub customer: Option<CustomerId>,
    /// Who was absorbed, has what was split off, or is kept apart from the first.
    pub others: Vec<CustomerId>,
    /// The customers as they are then.
    pub sketches: Vec<Sketch>,
}

/// A customer as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Its id; `None` when it would be a new one.
    pub customer: Option<CustomerId>,
    /// What it would hold, first seen first.
    pub identifiers: Vec<Identifier>,
}

/// What it takes to rule, or the plan and what it means.
#[derive(Debug)]
pub enum RuledPlan {
    /// Done, or not, and then the plan is empty.
    Ready(Box<Plan>, Ruled),
    /// As in [`Planned::Needs`](super::Planned).
    Needs(BTreeSet<IdentifierId>),
}

/// Plans what a person decided on what is `known`: the living ones of the customers it names, with all
/// they hold, and the identifiers it names.
pub fn decide(
    rules: &IdentityRules,
    known: &Known,
    ruling: &Ruling,
    seq: i64,
    at: Timestamp,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> RuledPlan {
    let mut desk = Desk {
        rules,
        known,
        ruling,
        people: People::new(rules, known, seq),
        plan: Plan { seq, at, ..Plan::default() },
    };
    let ruled = match &ruling.says {
        Says::Merge(ids) => desk.merge(ids),
        Says::KeepApart(ids) => desk.keep_apart(ids),
        Says::Split(id, keys) => match desk.split(id, keys, new_id) {
            Ok(ruled) => ruled,
            Err(unknown) => return RuledPlan::Needs(unknown),
        },
    };
    let mut ruled = ruled.unwrap_or_else(|problem| Ruled { problems: vec![problem], ..Ruled::default() });
    if ruled.done {
        plan::finish(rules, &mut desk.people, &mut desk.plan);
        ruled.sketches = desk.sketches(&ruled);
    } else {
        desk.plan = Plan::default();
    }
    RuledPlan::Ready(Box::new(desk.plan), ruled)
}

/// Where a ruling is worked out.
struct Desk<'a> {
    rules: &'a IdentityRules,
    known: &'a Known,
    ruling: &'a Ruling,
    people: People,
    plan: Plan,
}

impl Desk<'_> {
    fn merge(&mut self, ids: &[CustomerId]) -> Result<Ruled, Problem> {
        let customers = self.several(ids)?;
        for &customer in &customers {
            self.people.take_sides(customer);
        }
        self.note(DecisionKind::Merge, customers.iter().map(|&c| self.people.customers[c].members.clone()).collect());
        let survivor = self.people.merge(&customers);
        let absorbed: Vec<CustomerIx> = customers.into_iter().filter(|&c| c != survivor).collect();
        let others: Vec<CustomerId> = absorbed.iter().map(|&c| self.id(c)).collect();
        let sides = &self.plan.decisions[0].sides;
        let identifiers: Vec<IdentifierId> = sides.iter().flatten().copied().collect();
        let why = self.why();
        self.plan.tell(
            &self.people.customers[survivor].id,
            IdentityEventKind::Merged,
            &why,
            identifiers.clone(),
            others.clone(),
        );
        self.plan.entries.push(ChangeEntry::CustomersMerged {
            c: self.id(survivor),
            o: others.clone(),
            i: identifiers,
            m: None,
            w: Some(self.ruling.reason.clone()),
        });
        Ok(Ruled { done: true, customer: Some(self.id(survivor)), others, ..Ruled::default() })
    }

    fn keep_apart(&mut self, ids: &[CustomerId]) -> Result<Ruled, Problem> {
        let customers = self.several(ids)?;
        if customers.len() < ids.len() {
            return Err(same_customer("two of the ids are one customer: split it to part its identifiers"));
        }
        let (customer, others) =
            (self.id(customers[0]), customers[1..].iter().map(|&c| self.id(c)).collect::<Vec<_>>());
        let members = |c: CustomerIx| self.people.customers[c].members.as_slice();
        let apart = |n: usize, &c: &CustomerIx| {
            customers[n + 1..].iter().all(|&other| self.people.kept_apart(members(c), members(other)))
        };
        if customers.iter().enumerate().all(|(n, c)| apart(n, c)) {
            return Ok(Ruled { customer: Some(customer), others, ..Ruled::default() });
        }
        self.note(DecisionKind::KeepApart, customers.iter().map(|&c| members(c).to_vec()).collect());
        let (c, o, w) = (customer.clone(), others.clone(), self.ruling.reason.clone());
        self.plan.entries.push(ChangeEntry::CustomersKeptApart { c, o, w });
        Ok(Ruled { done: true, customer: Some(customer), others, ..Ruled::default() })
    }

    /// The outer error: the story that is missing.
    fn split(
        &mut self,
        id: &CustomerId,
        keys: &[IdentifierKey],
        new_id: &mut dyn FnMut() -> CustomerId,
    ) -> Result<Result<Ruled, Problem>, BTreeSet<IdentifierId>> {
        let (customer, moved, kept) = match self.sides_of_split(id, keys) {
            Ok(sides) => sides,
            Err(problem) => return Ok(Err(problem)),
        };
        let members = moved.iter().chain(&kept).map(|&name| self.people.names[name].id);
        let unknown: BTreeSet<IdentifierId> = members.filter(|id| !self.known.told.contains(id)).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let former = &self.known.story.former;
        let partings = regroup::part(self.rules, &mut self.people, customer, vec![moved.clone()], former, new_id);
        let mut consents = Consents::new(self.known);
        consents.part(&self.people, moved.iter().chain(&kept).copied());
        consents.finish(&mut self.plan);
        self.note(DecisionKind::Split, vec![moved, kept]);
        let why = self.why();
        plan::record_partings(&self.people, &mut self.plan, &partings, &DECISION.into(), &why);
        let others = partings.iter().map(|parting| self.id(parting.to)).collect();
        Ok(Ok(Ruled { done: true, customer: Some(self.id(customer)), others, ..Ruled::default() }))
    }

    /// The customer, and its members that go and that stay.
    fn sides_of_split(
        &self,
        id: &CustomerId,
        keys: &[IdentifierKey],
    ) -> Result<(CustomerIx, Vec<NameIx>, Vec<NameIx>), Problem> {
        let customer = self.living(id, "id")?;
        let mut moved = Vec::with_capacity(keys.len());
        for (n, key) in keys.iter().enumerate() {
            let path = format!("identifiers[{n}]");
            let Some(name) = self.people.by_key(key) else {
                let message = format!("no {} of this value was ever seen", key.kind);
                return Err(Problem::at(ProblemCode::UnknownIdentifier, path, message));
            };
            if self.people.names[name].customer != Some(customer) {
                let message = format!("this {} is not one of the customer's identifiers", key.kind);
                return Err(Problem::at(ProblemCode::NotItsIdentifier, path, message));
            }
            if !moved.contains(&name) {
                moved.push(name);
            }
        }
        moved.sort_by_key(|&name| self.people.names[name].id);
        if moved.is_empty() {
            let message = "no identifier was named: name those that are somebody else's";
            return Err(Problem::at(ProblemCode::BadArgument, "identifiers", message));
        }
        let members = self.people.customers[customer].members.iter().copied();
        let kept: Vec<NameIx> = members.filter(|name| !moved.contains(name)).collect();
        if kept.is_empty() {
            let message = "all of its identifiers were named: one at least must stay";
            return Err(Problem::at(ProblemCode::NothingLeft, "identifiers", message));
        }
        Ok((customer, moved, kept))
    }

    /// The living customers of these ids, each once, in their order; two at least.
    fn several(&self, ids: &[CustomerId]) -> Result<Vec<CustomerIx>, Problem> {
        let mut customers = Vec::with_capacity(ids.len());
        for (n, id) in ids.iter().enumerate() {
            let customer = self.living(id, &format!("ids[{n}]"))?;
            if !customers.contains(&customer) {
                customers.push(customer);
            }
        }
        match (ids.len(), customers.len()) {
            (0 | 1, _) => Err(Problem::at(ProblemCode::BadArgument, "ids", "two customers at least have to be named")),
            (_, 1) => Err(same_customer("all of the ids are one customer already")),
            _ => Ok(customers),
        }
    }

    fn living(&self, id: &CustomerId, path: &str) -> Result<CustomerIx, Problem> {
        let living = self.known.living.get(id).and_then(|id| self.people.by_customer(id));
        living.ok_or_else(|| Problem::at(ProblemCode::NotFound, path, "no customer has this id"))
    }

    /// Keeps the decision, and where everybody stands in it.
    fn note(&mut self, kind: DecisionKind, sides: Vec<Vec<NameIx>>) {
        let arrival = Arrival::new(self.plan.seq, 0);
        for (n, side) in sides.iter().enumerate() {
            side.iter().for_each(|&name| self.people.decide(name, arrival, kind, n as i64 + 1));
        }
        let ids = |side: Vec<NameIx>| side.into_iter().map(|name| self.people.names[name].id).collect();
        self.plan.decisions.push(Decision {
            arrival,
            at: self.plan.at,
            kind,
            by: self.ruling.by.clone(),
            reason: self.ruling.reason.clone(),
            sides: sides.into_iter().map(ids).collect(),
        });
    }

    fn why(&self) -> Why {
        let Ruling { by, reason, .. } = self.ruling;
        Why { rule: Some(DECISION.into()), reason: Some(reason.clone()), by: Some(by.clone()), message: None }
    }

    fn id(&self, customer: CustomerIx) -> CustomerId {
        self.people.customers[customer].id.clone()
    }

    fn sketches(&self, ruled: &Ruled) -> Vec<Sketch> {
        let ids = ruled.customer.iter().chain(&ruled.others);
        let living = ids.filter_map(|id| self.people.by_customer(id));
        let people = living.map(|c| &self.people.customers[c]).filter(|person| person.merged_into.is_none());
        let sketch = |person: &super::people::Person| {
            let mut identifiers: Vec<Identifier> =
                person.members.iter().map(|&name| self.people.identifier(name)).collect();
            identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
            Sketch { customer: (!person.new).then(|| person.id.clone()), identifiers }
        };
        people.map(sketch).collect()
    }
}

fn same_customer(message: &str) -> Problem {
    Problem::at(ProblemCode::SameCustomer, "ids", message)
}
