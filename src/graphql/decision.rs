//! Decisions of people about customers: merges, splits, keeping apart, and their trials.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object, SimpleObject};
use rustc_hash::FxHashMap;

use super::Setup;
use super::claim;
use super::customer::Customer;
use super::erasure;
use super::error::{store_error, write_error};
use super::id::{ChangeCursor, NodeId};
use super::identifier::{Identifier, IdentifierInput};
use super::known_names;
use super::load::{self, CustomerLoad};
use super::mutation_status::MutationStatus;
use super::problem::Problem;
use super::scalar::int;
use super::spend::Spend;
use super::viewer::Viewer;
use crate::domain::customer::{self, CustomerId, CustomerView};
use crate::domain::decision::LONGEST_REASON;
use crate::domain::{Arrival, IdentifierId, ProblemCode, problem};
use crate::ingest::Ingest;
use crate::stitching::decide::Sketch;
use crate::stitching::{DecisionAction, DecisionOutcome, DecisionRequest};
use crate::store::AppliedDecision;
use crate::store::query::{CustomerKey, FirstPages, Shape};

/// The maximum number of customers or identifiers of one decision.
const MOST_NAMED: usize = 100;

/// The result of a merge.
#[derive(SimpleObject)]
pub struct CustomerMergePayload {
    /// Whether the customers were merged. UNCHANGED when they were one customer already.
    status: MutationStatus,
    /// The merged customer. Null when nothing was done.
    customer: Option<Customer>,
    /// Ids of the customers that were merged into it. They still find it.
    absorbed_ids: Vec<ID>,
    /// The change that stored the decision, as a cursor. Null when nothing was done.
    change: Option<String>,
    /// Why the decision was refused or changed nothing.
    problems: Vec<Problem>,
}

/// The result of a split.
#[derive(SimpleObject)]
pub struct CustomerSplitPayload {
    /// Whether the customer was split.
    status: MutationStatus,
    /// The customer that keeps the id. Null when nothing was done.
    customer: Option<Customer>,
    /// The customer that has the moved identifiers. Null when nothing was done.
    created: Option<Customer>,
    /// The change that stored the decision, as a cursor. Null when nothing was done.
    change: Option<String>,
    /// Why the decision was refused or changed nothing.
    problems: Vec<Problem>,
}

/// The result of keeping customers apart.
#[derive(SimpleObject)]
pub struct CustomersKeepApartPayload {
    /// Whether the decision was stored. UNCHANGED when the customers were kept apart already.
    status: MutationStatus,
    /// The customers. Empty when the decision was refused.
    customers: Vec<Customer>,
    /// The change that stored the decision, as a cursor. Null when nothing was done.
    change: Option<String>,
    /// Why the decision was refused or changed nothing.
    problems: Vec<Problem>,
}

/// What a merge or a split would result in.
#[derive(SimpleObject)]
pub struct CustomersTrial {
    /// The resulting customers. Empty when the decision would be refused.
    customers: Vec<CustomerSketch>,
    /// Why the decision was refused or changed nothing.
    problems: Vec<Problem>,
}

/// A customer as it would be after the decision.
pub struct CustomerSketch {
    id: Option<CustomerId>,
    view: Arc<CustomerView>,
}

/// A customer as it would be after the decision.
#[Object]
impl CustomerSketch {
    /// Its id. Null for a new customer.
    async fn customer_id(&self) -> Option<ID> {
        self.id.clone().map(|id| NodeId::Customer(id).encode())
    }

    /// The name to show, as in `Customer.displayName`. Null when none would be known.
    async fn display_name(&self, ctx: &Context<'_>) -> Option<String> {
        claim::display_name(ctx, &self.view)
    }

    /// The identifiers it would have, the first seen first. Each is shown as it is now.
    async fn identifiers(&self) -> Vec<Identifier> {
        self.view.identifiers.iter().cloned().map(Identifier::alone).collect()
    }

    /// Its spend, one entry for each currency.
    async fn spend(&self) -> Vec<Spend> {
        Spend::of(&self.view.rollup())
    }

    /// The number of its touchpoints.
    async fn touchpoint_count(&self) -> i32 {
        int(self.view.rollup().channels.values().map(|channel| channel.touchpoints).sum())
    }

    /// The number of its orders that are not cancelled.
    async fn order_count(&self) -> i32 {
        int(self.view.rollup().order_count())
    }
}

/// Merges customers.
pub(super) async fn merge(ctx: &Context<'_>, ids: &[ID], reason: &str) -> Result<CustomerMergePayload, Error> {
    let done = rule(ctx, customer_ids(ids).map(DecisionAction::Merge), reason).await?;
    Ok(CustomerMergePayload {
        status: done.status,
        customer: done.first(ctx).await?,
        absorbed_ids: done.others().map(|id| NodeId::Customer(id).encode()).collect(),
        change: done.change(),
        problems: Problem::list(&done.outcome.problems),
    })
}

/// Splits a customer.
pub(super) async fn split(
    ctx: &Context<'_>,
    id: &ID,
    identifiers: &[IdentifierInput],
    reason: &str,
) -> Result<CustomerSplitPayload, Error> {
    let said = split_of(ctx, id, identifiers).await?;
    let done = rule(ctx, said, reason).await?;
    let created = match done.others().next() {
        Some(id) => Customer::of_id(ctx, id).await?,
        None => None,
    };
    Ok(CustomerSplitPayload {
        status: done.status,
        customer: done.first(ctx).await?,
        created,
        change: done.change(),
        problems: Problem::list(&done.outcome.problems),
    })
}

/// Keeps customers apart.
pub(super) async fn keep_apart(
    ctx: &Context<'_>,
    ids: &[ID],
    reason: &str,
) -> Result<CustomersKeepApartPayload, Error> {
    let done = rule(ctx, customer_ids(ids).map(DecisionAction::KeepApart), reason).await?;
    let mut customers = Vec::from_iter(done.first(ctx).await?);
    for id in done.others() {
        customers.extend(Customer::of_id(ctx, id).await?);
    }
    Ok(CustomersKeepApartPayload {
        status: done.status,
        customers,
        change: done.change(),
        problems: Problem::list(&done.outcome.problems),
    })
}

/// What a merge would result in.
pub(super) async fn merge_trial(ctx: &Context<'_>, ids: &[ID]) -> Result<CustomersTrial, Error> {
    trial(ctx, customer_ids(ids).map(DecisionAction::Merge)).await
}

/// What a split would result in.
pub(super) async fn split_trial(
    ctx: &Context<'_>,
    id: &ID,
    identifiers: &[IdentifierInput],
) -> Result<CustomersTrial, Error> {
    let said = split_of(ctx, id, identifiers).await?;
    trial(ctx, said).await
}

/// A person's decision, or the problem of its arguments.
type Said = Result<DecisionAction, problem::Problem>;

/// The outcome.
struct Done {
    status: MutationStatus,
    change: i64,
    outcome: DecisionOutcome,
}

impl Done {
    fn is_done(&self) -> bool {
        self.status == MutationStatus::Done
    }

    /// The customer that stays.
    async fn first(&self, ctx: &Context<'_>) -> Result<Option<Customer>, Error> {
        match &self.outcome.customer {
            Some(id) if self.status != MutationStatus::Refused => Customer::of_id(ctx, id.clone()).await,
            _ => Ok(None),
        }
    }

    fn others(&self) -> impl Iterator<Item = CustomerId> {
        self.outcome.others.iter().cloned()
    }

    fn change(&self) -> Option<String> {
        self.is_done().then(|| ChangeCursor::behind(self.change).encode())
    }
}

async fn rule(ctx: &Context<'_>, said: Said, reason: &str) -> Result<Done, Error> {
    let refused = |problem| Done {
        status: MutationStatus::Refused,
        change: 0,
        outcome: DecisionOutcome { problems: vec![problem], ..DecisionOutcome::default() },
    };
    let said = said.and_then(|action| read_reason(reason).map(|reason| (action, reason)));
    let (action, reason) = match said {
        Ok(said) => said,
        Err(problem) => return Ok(refused(problem)),
    };
    if let Some(problem) = erased(ctx, &action).await? {
        return Ok(refused(problem));
    }
    let request = DecisionRequest { action, by: ctx.data_unchecked::<Viewer>().author(), reason };
    let AppliedDecision { change, outcome, .. } = decide(ctx, &request, false).await?;
    load::forget(ctx);
    let was_so = outcome.problems.is_empty()
        || (matches!(request.action, DecisionAction::Merge(_))
            && outcome.problems[0].code == ProblemCode::SameCustomer);
    let status = match (outcome.done, was_so) {
        (true, _) => MutationStatus::Done,
        (false, true) => MutationStatus::Unchanged,
        (false, false) => MutationStatus::Refused,
    };
    Ok(Done { status, change, outcome })
}

/// The problem of an erased customer among those of the decision.
async fn erased(ctx: &Context<'_>, action: &DecisionAction) -> Result<Option<problem::Problem>, Error> {
    let path = |n: usize| match action {
        DecisionAction::Split(..) => "id".to_owned(),
        DecisionAction::Merge(_) | DecisionAction::KeepApart(_) => format!("ids[{n}]"),
    };
    erasure::problem(ctx, action.customers(), path).await
}

async fn decide(ctx: &Context<'_>, request: &DecisionRequest, trial: bool) -> Result<AppliedDecision, Error> {
    if let Some(shown) = ctx.data_unchecked::<Viewer>().shown()
        && let Some(problem) = shown.unknown_to(&request.action).await.map_err(store_error)?
    {
        let outcome = DecisionOutcome { problems: vec![problem], ..DecisionOutcome::default() };
        return Ok(AppliedDecision { change: 0, outcome, devices: Vec::new() });
    }
    let told = if trial { store_error } else { write_error };
    ctx.data_unchecked::<Arc<Ingest>>().decide(request, trial).await.map_err(told)
}

async fn trial(ctx: &Context<'_>, said: Said) -> Result<CustomersTrial, Error> {
    let action = match said {
        Ok(action) => action,
        Err(problem) => return Ok(CustomersTrial { customers: Vec::new(), problems: Problem::list(&[problem]) }),
    };
    if let Some(problem) = erased(ctx, &action).await? {
        return Ok(CustomersTrial { customers: Vec::new(), problems: Problem::list(&[problem]) });
    }
    let request = DecisionRequest { action, by: ctx.data_unchecked::<Viewer>().author(), reason: "".into() };
    let outcome = decide(ctx, &request, true).await?.outcome;
    if !outcome.done {
        return Ok(CustomersTrial { customers: Vec::new(), problems: Problem::list(&outcome.problems) });
    }
    // Names and figures come from the customers as they are now.
    let mut views = Vec::new();
    for id in request.action.customers() {
        let pages = FirstPages { orders: 0, touchpoints: 0 };
        let key = CustomerLoad(CustomerKey::Id(id.clone()), Shape::Card, pages);
        if let Some(found) = load::one(ctx, key).await? {
            views.extend(found.map_err(store_error)?);
        }
    }
    let customers = outcome.sketches.into_iter().map(|sketch| sketched(sketch, &views)).collect();
    Ok(CustomersTrial { customers, problems: Vec::new() })
}

/// A sketch with the present data of its identifiers.
fn sketched(sketch: Sketch, views: &[Arc<CustomerView>]) -> CustomerSketch {
    let now: FxHashMap<IdentifierId, &crate::domain::identifier::Identifier> =
        views.iter().flat_map(|view| &view.identifiers).map(|i| (i.id, i)).collect();
    let identifiers: Vec<_> =
        sketch.identifiers.into_iter().map(|i| now.get(&i.id).map_or(i, |&now| now.clone())).collect();
    let mut claims: Vec<_> = views.iter().flat_map(|view| &view.claims).cloned().collect();
    claims.retain(|claim| identifiers.iter().any(|i| i.id == claim.owner));
    // A customer that was given twice contributes its claims twice.
    claims.sort_by_key(|claim| claim.arrival);
    claims.dedup_by_key(|claim| claim.arrival);
    let customer = customer::Customer {
        id: sketch.customer.clone().unwrap_or(CustomerId("".into())),
        created_seq: Arrival::default(),
        version: 0,
        former_ids: Vec::new(),
    };
    let view = CustomerView::card(None, customer, identifiers, claims);
    CustomerSketch { id: sketch.customer, view: Arc::new(view) }
}

fn customer_ids(ids: &[ID]) -> Result<Vec<CustomerId>, problem::Problem> {
    few("ids", ids.len())?;
    ids.iter().enumerate().map(|(n, id)| customer_id(id, &format!("ids[{n}]"))).collect()
}

pub(super) fn customer_id(id: &ID, path: &str) -> Result<CustomerId, problem::Problem> {
    let of_the_past = matches!(NodeId::decode(id), Some((_, Some(_))));
    let code = if of_the_past { ProblemCode::IdOfThePast } else { ProblemCode::BadId };
    NodeId::read_customer(id).map_err(|e| problem::Problem::at(code, path, e.message))
}

async fn split_of(ctx: &Context<'_>, id: &ID, identifiers: &[IdentifierInput]) -> Result<Said, Error> {
    if let Err(problem) = few("identifiers", identifiers.len()) {
        return Ok(Err(problem));
    }
    for (n, named) in identifiers.iter().enumerate() {
        if let Err(unknown) = known_names::find_kind(ctx, &named.kind).await? {
            let path = format!("identifiers[{n}].kind");
            return Ok(Err(problem::Problem::at(ProblemCode::UnknownKind, path, unknown.message)));
        }
    }
    Ok(read_split(ctx, id, identifiers))
}

fn read_split(ctx: &Context<'_>, id: &ID, identifiers: &[IdentifierInput]) -> Said {
    let setup = ctx.data_unchecked::<Setup>();
    let read = |(n, named): (usize, &IdentifierInput)| {
        setup.normalise(&named.kind, &named.value).ok_or_else(|| {
            let message = format!("no event can have this value of {}", named.kind);
            problem::Problem::at(ProblemCode::UnknownIdentifier, format!("identifiers[{n}]"), message)
        })
    };
    let identifiers = identifiers.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(DecisionAction::Split(customer_id(id, "id")?, identifiers))
}

fn few(path: &str, count: usize) -> Result<(), problem::Problem> {
    if count > MOST_NAMED {
        let message = format!("{count} are too many: at most {MOST_NAMED}");
        return Err(problem::Problem::at(ProblemCode::TooLarge, path, message));
    }
    Ok(())
}

pub(super) fn read_reason(reason: &str) -> Result<Arc<str>, problem::Problem> {
    let reason = reason.trim();
    let wrong = |message: &str| problem::Problem::at(ProblemCode::BadArgument, "reason", message);
    match reason.chars().count() {
        0 => Err(wrong("give a reason: it explains the decision to others later")),
        n if n > LONGEST_REASON => Err(wrong("at most 1,000 characters")),
        _ => Ok(reason.into()),
    }
}
