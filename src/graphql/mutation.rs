//! The entry points for writing.

use async_graphql::{Context, Enum, Error, ID, Object};

use super::decision::{self, CustomerMergePayload, CustomerSplitPayload, CustomersKeepApartPayload};
use super::identifier::IdentifierInput;
use super::ingest::{self, EventsIngestPayload};
use super::rules::{self, IdentityRulesInput, IdentityRulesSavePayload};
use super::scalar::Json;

/// Whether a change was made.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum MutationStatus {
    /// It was made.
    Done,
    /// It was so already.
    Unchanged,
    /// It cannot be; the problems say why, and nothing has changed.
    Refused,
}

/// Everything that changes something.
pub struct Mutation;

/// Everything that changes something. A payload is null only for a fault; what cannot be is a status
/// with problems, and then nothing has changed.
#[Object]
impl Mutation {
    /// Takes Segment-shaped events in; one outcome each, in order. An event that is bad stops none of the
    /// others. Sending the same `messageId` again answers UNCHANGED.
    async fn events_ingest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Events as Segment sends them, at most 500; a null among them is refused alone.")] events: Vec<
            Option<Json>,
        >,
    ) -> Option<Result<EventsIngestPayload, Error>> {
        Some(ingest::ingest(ctx, events).await)
    }

    /// A person says: they are the same. Overrides limits, caps and what was decided before between these
    /// customers. The id that was given out first stays; the others find it.
    async fn customer_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Two customers at least, 100 at most.")] ids: Vec<ID>,
        #[graphql(desc = "Why; it is kept and shown.")] reason: String,
    ) -> Option<Result<CustomerMergePayload, Error>> {
        Some(decision::merge(ctx, &ids, &reason).await)
    }

    /// A person says: these identifiers are somebody else's. Moves them, and all that hangs on them, to a
    /// customer of their own; the two never rejoin by themselves. The given customer keeps its id and what
    /// was not moved; what was merged in and is moved as a whole has its old id back.
    async fn customer_split(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer.")] id: ID,
        #[graphql(desc = "Some of its identifiers, not all.")] identifiers: Vec<IdentifierInput>,
        #[graphql(desc = "Why; it is kept and shown.")] reason: String,
    ) -> Option<Result<CustomerSplitPayload, Error>> {
        Some(decision::split(ctx, &id, &identifiers, &reason).await)
    }

    /// A person says: no two of them are the same. Until a merge by a person, nothing joins them.
    async fn customers_keep_apart(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Two customers at least, 100 at most.")] ids: Vec<ID>,
        #[graphql(desc = "Why; it is kept and shown.")] reason: String,
    ) -> Option<Result<CustomersKeepApartPayload, Error>> {
        Some(decision::keep_apart(ctx, &ids, &reason).await)
    }

    /// Saves rules of who is who. From then on events are judged by them, and what is stored is worked out
    /// again and moved, some at a time, while events go on coming in; the change log tells of every move.
    async fn identity_rules_save(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All of the rules, as they are to be.")] rules: IdentityRulesInput,
    ) -> Option<Result<IdentityRulesSavePayload, Error>> {
        Some(rules::save(ctx, rules).await)
    }
}
