//! Step 6 of identity resolution: a person's decision overrides all rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::consents::Consents;
use super::known::Known;
use super::plan::{Missing, Planned};
use super::record::{self, Why};
use super::regroup;
use super::rows::Plan;
use super::working_set::{CustomerIx, CustomerState, IdentifierIx, WorkingSet};
use crate::domain::change::{ChangeEntry, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::decision::{DECISION, Decision, DecisionKind};
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Problem, ProblemCode, Timestamp};

/// A decision that a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRequest {
    /// The action.
    pub action: DecisionAction,
    /// The person's name.
    pub by: Arc<str>,
    /// The reason, in that person's words.
    pub reason: Arc<str>,
}

/// The action. The id of a merged customer stands for the customer it was merged into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecisionAction {
    /// These customers are one person.
    Merge(Vec<CustomerId>),
    /// These identifiers belong to another person.
    Split(CustomerId, Vec<IdentifierKey>),
    /// No two of these are the same person.
    KeepApart(Vec<CustomerId>),
}

impl DecisionAction {
    /// The customers of the action.
    pub fn customers(&self) -> &[CustomerId] {
        match self {
            DecisionAction::Merge(customers) | DecisionAction::KeepApart(customers) => customers,
            DecisionAction::Split(customer, _) => std::slice::from_ref(customer),
        }
    }

    /// The identifiers of the action.
    pub fn identifiers(&self) -> &[IdentifierKey] {
        match self {
            DecisionAction::Split(_, identifiers) => identifiers,
            _ => &[],
        }
    }
}

/// The outcome of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionOutcome {
    /// Whether it is done; then there are no problems.
    pub done: bool,
    /// The reasons why it cannot be done, or why there was nothing to do.
    pub problems: Vec<Problem>,
    /// The customer that stays; for KEEP_APART the first one.
    pub customer: Option<CustomerId>,
    /// The other customers: merged into the first, split off from the first, or kept apart from the first.
    pub others: Vec<CustomerId>,
    /// The customers afterwards.
    pub sketches: Vec<Sketch>,
}

/// A customer after the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// Its id; `None` when the customer would be new.
    pub customer: Option<CustomerId>,
    /// Its identifiers, first seen first.
    pub identifiers: Vec<Identifier>,
}

/// Plans a decision. The plan is empty when the decision cannot be done. `known` has the present customers of the ids
/// in the request, with all their identifiers, and the identifiers in the request.
pub fn decide(
    rules: &IdentityRules,
    known: &Known,
    request: &DecisionRequest,
    seq: i64,
    at: Timestamp,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Planned<DecisionOutcome> {
    let mut desk = Desk {
        rules,
        known,
        request,
        working_set: WorkingSet::new(rules, known, seq),
        plan: Plan { seq, at, ..Plan::default() },
    };
    let outcome = match &request.action {
        DecisionAction::Merge(ids) => desk.merge(ids),
        DecisionAction::KeepApart(ids) => desk.keep_apart(ids),
        DecisionAction::Split(id, keys) => match desk.split(id, keys, new_id) {
            Ok(outcome) => outcome,
            Err(unknown) => return Planned::Needs(Missing::histories(unknown)),
        },
    };
    let mut outcome =
        outcome.unwrap_or_else(|problem| DecisionOutcome { problems: vec![problem], ..DecisionOutcome::default() });
    if outcome.done {
        desk.plan.finish(rules, &mut desk.working_set);
        outcome.sketches = desk.sketches(&outcome);
    } else {
        desk.plan = Plan::default();
    }
    Planned::Ready(Box::new(desk.plan), outcome)
}

/// A decision while it is planned.
struct Desk<'a> {
    rules: &'a IdentityRules,
    known: &'a Known,
    request: &'a DecisionRequest,
    working_set: WorkingSet,
    plan: Plan,
}

impl Desk<'_> {
    fn merge(&mut self, ids: &[CustomerId]) -> Result<DecisionOutcome, Problem> {
        let customers = self.several(ids)?;
        for &customer in &customers {
            self.working_set.take_sides(customer);
        }
        self.note(
            DecisionKind::Merge,
            customers.iter().map(|&c| self.working_set.customers[c].members.clone()).collect(),
        );
        let survivor = self.working_set.merge(&customers);
        let absorbed: Vec<CustomerIx> = customers.into_iter().filter(|&c| c != survivor).collect();
        let others: Vec<CustomerId> = absorbed.iter().map(|&c| self.id(c)).collect();
        let sides = &self.plan.decisions[0].sides;
        let identifiers: Vec<IdentifierId> = sides.iter().flatten().copied().collect();
        let why = self.why();
        self.plan.tell(
            &self.working_set.customers[survivor].id,
            IdentityEventKind::Merged,
            &why,
            identifiers.clone(),
            others.clone(),
        );
        self.plan.entries.push(ChangeEntry::CustomersMerged {
            customer: self.id(survivor),
            others: others.clone(),
            identifiers,
            message: None,
            reason: Some(self.request.reason.clone()),
        });
        Ok(DecisionOutcome { done: true, customer: Some(self.id(survivor)), others, ..DecisionOutcome::default() })
    }

    fn keep_apart(&mut self, ids: &[CustomerId]) -> Result<DecisionOutcome, Problem> {
        let customers = self.several(ids)?;
        if customers.len() < ids.len() {
            return Err(same_customer("two of the ids are one customer: split it to part its identifiers"));
        }
        let (customer, others) =
            (self.id(customers[0]), customers[1..].iter().map(|&c| self.id(c)).collect::<Vec<_>>());
        let members = |c: CustomerIx| self.working_set.customers[c].members.as_slice();
        let apart = |n: usize, &c: &CustomerIx| {
            customers[n + 1..].iter().all(|&other| self.working_set.kept_apart(members(c), members(other)))
        };
        if customers.iter().enumerate().all(|(n, c)| apart(n, c)) {
            return Ok(DecisionOutcome { customer: Some(customer), others, ..DecisionOutcome::default() });
        }
        self.note(DecisionKind::KeepApart, customers.iter().map(|&c| members(c).to_vec()).collect());
        self.plan.entries.push(ChangeEntry::CustomersKeptApart {
            customer: customer.clone(),
            others: others.clone(),
            reason: self.request.reason.clone(),
        });
        Ok(DecisionOutcome { done: true, customer: Some(customer), others, ..DecisionOutcome::default() })
    }

    /// The outer error: identifiers whose history is missing.
    fn split(
        &mut self,
        id: &CustomerId,
        keys: &[IdentifierKey],
        new_id: &mut dyn FnMut() -> CustomerId,
    ) -> Result<Result<DecisionOutcome, Problem>, BTreeSet<IdentifierId>> {
        let (customer, moved, kept) = match self.sides_of_split(id, keys) {
            Ok(sides) => sides,
            Err(problem) => return Ok(Err(problem)),
        };
        let members = moved.iter().chain(&kept).map(|&ix| self.working_set.identifiers[ix].id);
        let unknown: BTreeSet<IdentifierId> = members.filter(|id| !self.known.with_history.contains(id)).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let former = &self.known.histories.former;
        let splits = regroup::part(self.rules, &mut self.working_set, customer, vec![moved.clone()], former, new_id);
        let mut consents = Consents::new(self.known);
        consents.part(&self.working_set, moved.iter().chain(&kept).copied());
        consents.finish(&mut self.plan);
        self.note(DecisionKind::Split, vec![moved, kept]);
        let why = self.why();
        record::record_splits(&self.working_set, &mut self.plan, &splits, &DECISION.into(), &why);
        let others = splits.iter().map(|split| self.id(split.to)).collect();
        Ok(Ok(DecisionOutcome { done: true, customer: Some(self.id(customer)), others, ..DecisionOutcome::default() }))
    }

    /// The customer, the members that leave it and those that stay.
    fn sides_of_split(
        &self,
        id: &CustomerId,
        keys: &[IdentifierKey],
    ) -> Result<(CustomerIx, Vec<IdentifierIx>, Vec<IdentifierIx>), Problem> {
        let customer = self.living(id, "id")?;
        let mut moved = Vec::with_capacity(keys.len());
        for (n, key) in keys.iter().enumerate() {
            let path = format!("identifiers[{n}]");
            let Some(ix) = self.working_set.by_key(key) else {
                let message = format!("no {} of this value was ever seen", key.kind);
                return Err(Problem::at(ProblemCode::UnknownIdentifier, path, message));
            };
            if self.working_set.identifiers[ix].customer != Some(customer) {
                let message = format!("this {} is not one of the customer's identifiers", key.kind);
                return Err(Problem::at(ProblemCode::NotItsIdentifier, path, message));
            }
            if !moved.contains(&ix) {
                moved.push(ix);
            }
        }
        moved.sort_by_key(|&ix| self.working_set.identifiers[ix].id);
        if moved.is_empty() {
            let message = "no identifier was named: name those that are somebody else's";
            return Err(Problem::at(ProblemCode::BadArgument, "identifiers", message));
        }
        let members = self.working_set.customers[customer].members.iter().copied();
        let kept: Vec<IdentifierIx> = members.filter(|ix| !moved.contains(ix)).collect();
        if kept.is_empty() {
            let message = "all of its identifiers were named: one at least must stay";
            return Err(Problem::at(ProblemCode::NothingLeft, "identifiers", message));
        }
        Ok((customer, moved, kept))
    }

    /// The present customers of these ids, each once, in their order; at least two.
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
        let living = self.known.living.get(id).and_then(|id| self.working_set.by_customer(id));
        living.ok_or_else(|| Problem::at(ProblemCode::NotFound, path, "no customer has this id"))
    }

    /// Records the decision and the side of each identifier.
    fn note(&mut self, kind: DecisionKind, sides: Vec<Vec<IdentifierIx>>) {
        let arrival = Arrival::new(self.plan.seq, 0);
        for (n, side) in sides.iter().enumerate() {
            side.iter().for_each(|&ix| self.working_set.decide(ix, arrival, kind, n as i64 + 1));
        }
        let ids = |side: Vec<IdentifierIx>| side.into_iter().map(|ix| self.working_set.identifiers[ix].id).collect();
        self.plan.decisions.push(Decision {
            arrival,
            at: self.plan.at,
            kind,
            by: self.request.by.clone(),
            reason: self.request.reason.clone(),
            sides: sides.into_iter().map(ids).collect(),
        });
    }

    fn why(&self) -> Why {
        let DecisionRequest { by, reason, .. } = self.request;
        Why { rule: Some(DECISION.into()), reason: Some(reason.clone()), by: Some(by.clone()), message: None }
    }

    fn id(&self, customer: CustomerIx) -> CustomerId {
        self.working_set.customers[customer].id.clone()
    }

    fn sketches(&self, outcome: &DecisionOutcome) -> Vec<Sketch> {
        let ids = outcome.customer.iter().chain(&outcome.others);
        let living = ids.filter_map(|id| self.working_set.by_customer(id));
        let customers = living
            .map(|c| &self.working_set.customers[c])
            .filter(|customer_state| customer_state.merged_into.is_none());
        let sketch = |customer_state: &CustomerState| {
            let mut identifiers: Vec<Identifier> =
                customer_state.members.iter().map(|&ix| self.working_set.identifier(ix)).collect();
            identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
            Sketch { customer: (!customer_state.new).then(|| customer_state.id.clone()), identifiers }
        };
        customers.map(sketch).collect()
    }
}

fn same_customer(message: &str) -> Problem {
    Problem::at(ProblemCode::SameCustomer, "ids", message)
}
