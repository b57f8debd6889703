//! The root of mutations.

use async_graphql::{Context, Error, ID, Object};

use super::consent_record::{self, ConsentInput, ConsentRecordPayload};
use super::decision::{self, CustomerMergePayload, CustomerSplitPayload, CustomersKeepApartPayload};
use super::erasure::{self, CustomerErasePayload, SuppressionLiftPayload};
use super::identifier::IdentifierInput;
use super::ingest::{self, EventsIngestPayload};
use super::rules::{self, IdentityRulesInput, IdentityRulesSavePayload};
use super::scalar::Json;
use super::segment_save::{self, SegmentDeletePayload, SegmentInput, SegmentSavePayload};

/// The root of mutations.
pub struct Mutation;

/// The mutations. A payload is null only after an error. A refused mutation has a status and problems, and changes
/// nothing.
#[Object]
impl Mutation {
    /// Stores Segment-shaped events. Each event has an outcome, in the same order. An invalid event does not stop the
    /// others. An event with a `messageId` that is stored already is UNCHANGED.
    async fn events_ingest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Events as Segment sends them, at most 500. A null entry is rejected by itself.")] events: Vec<
            Option<Json>,
        >,
    ) -> Option<Result<EventsIngestPayload, Error>> {
        Some(ingest::ingest(ctx, events).await)
    }

    /// Merges customers by a person's decision. It overrides limits and earlier decisions between these customers. The
    /// oldest id remains; the other ids find the merged customer.
    async fn customer_merge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "2 to 100 customers.")] ids: Vec<ID>,
        #[graphql(desc = "The reason. It is stored and shown.")] reason: String,
    ) -> Option<Result<CustomerMergePayload, Error>> {
        Some(decision::merge(ctx, &ids, &reason).await)
    }

    /// Splits a customer by a person's decision. Moves the identifiers, with everything attached to them, to a customer of
    /// their own. Events never merge the two again. The given customer keeps its id and the other identifiers. When the
    /// moved identifiers are exactly those of a customer that was merged in, it gets its former id back.
    async fn customer_split(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer.")] id: ID,
        #[graphql(desc = "Some of the customer's identifiers, not all of them.")] identifiers: Vec<IdentifierInput>,
        #[graphql(desc = "The reason. It is stored and shown.")] reason: String,
    ) -> Option<Result<CustomerSplitPayload, Error>> {
        Some(decision::split(ctx, &id, &identifiers, &reason).await)
    }

    /// Keeps customers apart by a person's decision. Only a later merge by a person joins them.
    async fn customers_keep_apart(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "2 to 100 customers.")] ids: Vec<ID>,
        #[graphql(desc = "The reason. It is stored and shown.")] reason: String,
    ) -> Option<Result<CustomersKeepApartPayload, Error>> {
        Some(decision::keep_apart(ctx, &ids, &reason).await)
    }

    /// Records a person's decision about consent, in the same history as decisions in events.
    async fn consent_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: ConsentInput,
    ) -> Option<Result<ConsentRecordPayload, Error>> {
        Some(Box::pin(consent_record::record(ctx, input)).await)
    }

    /// Erases a person: all that is held about the customer, also at every moment of the past. The id answers ERASED from
    /// then on. What others have stays: shared devices, and what was theirs.
    async fn customer_erase(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The customer, by any id that finds it.")] id: ID,
        #[graphql(desc = "Why, at most 1,000 characters. It stays, so it must not name the person.")] reason: String,
        #[graphql(
            desc = "Whether later events with an identifier of the person are rejected, with the problem SUPPRESSED.",
            default = false
        )]
        suppress: bool,
    ) -> Option<Result<CustomerErasePayload, Error>> {
        Some(Box::pin(erasure::erase(ctx, &id, &reason, suppress)).await)
    }

    /// Takes events with an identifier of an erased person again.
    async fn suppression_lift(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The identifier.")] identifier: IdentifierInput,
        #[graphql(desc = "Why, at most 1,000 characters.")] reason: String,
    ) -> Option<Result<SuppressionLiftPayload, Error>> {
        Some(erasure::lift(ctx, &identifier, &reason).await)
    }

    /// Saves a segment: a new one, or a new version of the segment with this name or this id. The definition of before
    /// stays for questions about the past. UNCHANGED when nothing differs.
    async fn segment_save(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The segment.")] input: SegmentInput,
    ) -> Option<Result<SegmentSavePayload, Error>> {
        Some(Box::pin(segment_save::save(ctx, input)).await)
    }

    /// Deletes a segment. It stays for questions about the past. A segment that another one names is not deleted.
    async fn segment_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The segment.")] id: ID,
    ) -> Option<Result<SegmentDeletePayload, Error>> {
        Some(Box::pin(segment_save::delete(ctx, &id)).await)
    }

    /// Saves new identity rules. They apply to all events from then on. Stored data is stitched again by the new rules in
    /// small changes, while events are still accepted; the change log has every change.
    async fn identity_rules_save(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The complete new rules.")] rules: IdentityRulesInput,
    ) -> Option<Result<IdentityRulesSavePayload, Error>> {
        Some(rules::save(ctx, rules).await)
    }
}
