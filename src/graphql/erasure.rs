//! The erasure of persons, and the suppression of their identifiers.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, SimpleObject};

use super::Setup;
use super::decision::{customer_id, read_reason};
use super::error::{Code, coded, store_error, write_error};
use super::id::{ChangeCursor, NodeId};
use super::identifier::IdentifierInput;
use super::known_names;
use super::load;
use super::mutation_status::MutationStatus;
use super::problem::Problem;
use super::scalar::int;
use super::viewer::Viewer;
use crate::domain::customer::CustomerId;
use crate::domain::erasure::{Erased, ErasureOutcome, ErasureRequest};
use crate::domain::{ProblemCode, problem};
use crate::erasure;
use crate::ingest::Ingest;
use crate::store::Store;

/// The result of an erasure.
#[derive(SimpleObject)]
pub struct CustomerErasePayload {
    /// Whether the person was erased. UNCHANGED when it was erased before.
    status: MutationStatus,
    /// The id of the erased customer. It answers ERASED for ever. Null when the erasure was refused.
    erased_id: Option<ID>,
    /// The change that erased the person, as a cursor. Null when nothing was done.
    change: Option<String>,
    /// How many identifiers were erased.
    identifiers: i32,
    /// How many touchpoints were erased.
    touchpoints: i32,
    /// How many orders were erased.
    orders: i32,
    /// The places that held data about the person. Empty when nothing was done.
    manifest: Vec<ErasedFrom>,
    /// Why it was refused.
    problems: Vec<Problem>,
}

/// A place that held data about an erased person.
#[derive(SimpleObject)]
pub struct ErasedFrom {
    /// The place.
    place: String,
    /// Whether nothing of the person is left there.
    done: bool,
    /// What is left to do by a person. Null when nothing is.
    hint: Option<String>,
}

/// The result of lifting a suppression.
#[derive(SimpleObject)]
pub struct SuppressionLiftPayload {
    /// Whether the suppression was lifted. UNCHANGED when the identifier was not suppressed.
    status: MutationStatus,
    /// Why it was refused.
    problems: Vec<Problem>,
}

impl CustomerErasePayload {
    fn of(status: MutationStatus, erased: Erased, id: Option<&CustomerId>, problems: Vec<problem::Problem>) -> Self {
        CustomerErasePayload {
            status,
            erased_id: id.map(|id| NodeId::Customer(id.clone()).encode()),
            change: (status == MutationStatus::Done).then(|| ChangeCursor::behind(erased.change).encode()),
            identifiers: int(erased.identifiers),
            touchpoints: int(erased.touchpoints),
            orders: int(erased.orders),
            manifest: Vec::new(),
            problems: Problem::list(&problems),
        }
    }

    fn refused(problem: problem::Problem) -> Self {
        Self::of(MutationStatus::Refused, Erased::default(), None, vec![problem])
    }
}

/// Erases a person.
pub(super) async fn erase(
    ctx: &Context<'_>,
    id: &ID,
    reason: &str,
    suppress: bool,
) -> Result<CustomerErasePayload, Error> {
    let read = customer_id(id, "id").and_then(|customer| read_reason(reason).map(|reason| (customer, reason)));
    let (customer, reason) = match read {
        Ok(read) => read,
        Err(problem) => return Ok(CustomerErasePayload::refused(problem)),
    };
    let by = ctx.data_unchecked::<Viewer>().author();
    let request = ErasureRequest { customer, by, reason, suppress };
    let (setup, ingest) = (ctx.data_unchecked::<Setup>(), ctx.data_unchecked::<Arc<Ingest>>());
    let saved = setup.journeys.as_ref().and_then(|journeys| journeys.file());
    let store = &load::of(ctx).loader().0;
    let done = erasure::erase(&**store, &request, saved, ingest.clock()(), false).await.map_err(write_error)?;
    load::forget(ctx);
    setup.everybody.clear();
    Ok(match done.outcome {
        ErasureOutcome::NotFound => {
            let message = "no customer has this id";
            CustomerErasePayload::refused(problem::Problem::at(ProblemCode::NotFound, "id", message))
        }
        ErasureOutcome::Unchanged(id) => {
            // Nothing of its identifiers is left by which they could be suppressed.
            let message = "the customer was erased before: what is suppressed stays as it was; \
                throughline erase --identifier KIND:VALUE --suppress changes it";
            let told = suppress.then(|| problem::Problem::at(ProblemCode::Erased, "suppress", message));
            let problems = told.into_iter().collect();
            CustomerErasePayload::of(MutationStatus::Unchanged, Erased::default(), Some(&id), problems)
        }
        ErasureOutcome::Done(erased) => {
            let id = erased.customers.first().cloned();
            let mut payload = CustomerErasePayload::of(MutationStatus::Done, erased, id.as_ref(), Vec::new());
            payload.manifest = done
                .manifest
                .into_iter()
                .map(|from| ErasedFrom { place: from.place.to_owned(), done: from.done, hint: from.hint })
                .collect();
            payload
        }
    })
}

/// Takes events with an identifier again.
pub(super) async fn lift(
    ctx: &Context<'_>,
    identifier: &IdentifierInput,
    reason: &str,
) -> Result<SuppressionLiftPayload, Error> {
    let refused =
        |problem| SuppressionLiftPayload { status: MutationStatus::Refused, problems: Problem::list(&[problem]) };
    let reason = match read_reason(reason) {
        Ok(reason) => reason,
        Err(problem) => return Ok(refused(problem)),
    };
    if let Err(unknown) = known_names::find_kind(ctx, &identifier.kind).await? {
        return Ok(refused(problem::Problem::at(ProblemCode::UnknownKind, "identifier.kind", unknown.message)));
    }
    let setup = ctx.data_unchecked::<Setup>();
    let unknown = || {
        let message = "no erased person had this identifier";
        refused(problem::Problem::at(ProblemCode::UnknownIdentifier, "identifier", message))
    };
    let Some(key) = setup.normalise(&identifier.kind, &identifier.value) else { return Ok(unknown()) };
    let store = &load::of(ctx).loader().0;
    let lifted = erasure::suppress(&**store, &key, false).await.map_err(write_error)?;
    let Some(lifted) = lifted else { return Ok(unknown()) };
    if lifted {
        let by = ctx.data_unchecked::<Viewer>().author();
        tracing::info!(%by, characters = reason.chars().count(), "a suppression was lifted");
    }
    let status = if lifted { MutationStatus::Done } else { MutationStatus::Unchanged };
    Ok(SuppressionLiftPayload { status, problems: Vec::new() })
}

/// The error of an id of an erased customer. `Ok` when it is another id.
pub(super) async fn check(store: &dyn Store, id: &CustomerId) -> Result<(), Error> {
    match store.erased(std::slice::from_ref(id)).await.map_err(store_error)?.first() {
        Some(true) => Err(coded(Code::Erased, "the customer was erased")),
        _ => Ok(()),
    }
}

/// The problem of the first of these ids that is of an erased customer. `path` gives the place of each in the request.
pub(super) async fn problem(
    ctx: &Context<'_>,
    ids: &[CustomerId],
    path: impl Fn(usize) -> String,
) -> Result<Option<problem::Problem>, Error> {
    let store = &load::of(ctx).loader().0;
    let erased = store.erased(ids).await.map_err(store_error)?;
    let first = erased.iter().position(|erased| *erased);
    Ok(first.map(|n| problem::Problem::at(ProblemCode::Erased, path(n), "the customer was erased")))
}
