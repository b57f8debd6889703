//! The operations of a store that are no [`Reads`], each with its decision.
//!
//! Writes go through: what is written is shown, or not, when it is read. What only other parts of the program read, such
//! as the input of a replay, is refused: nothing that answers a request may take it from here.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::reads::ShownThen;
use super::{CHUNK, ForPurpose};
use crate::domain::access_key::{AccessKey, KeyHash, MaskingSecret};
use crate::domain::change::{Change, ChangePlace, ChangeRun};
use crate::domain::change_details::{ChangeDetails, ChangeKind};
use crate::domain::consent::Consent;
use crate::domain::customer::CustomerId;
use crate::domain::decision::Decision;
use crate::domain::erasure::{ErasedIdentifier, ErasureOutcome, ErasureRequest, ErasureSalt};
use crate::domain::health::Health;
use crate::domain::link::LinkExplanation;
use crate::domain::order::OrderKey;
use crate::domain::page::Page;
use crate::domain::rules::{IdentityRules, SavedRules, WrittenRules};
use crate::domain::segment::{Segment, SegmentId};
use crate::domain::segment_membership::{Judgement, SegmentMembership, Sweep, Verdict};
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Arrival, IdentifierId, IdentifierKey, Moment, Problem, ProblemCode, Timestamp};
use crate::journeys::property::Properties;
use crate::journeys::row::{HeldConsent, OrderNet};
use crate::stitching::known::Evidence;
use crate::stitching::moves::Move;
use crate::stitching::{Batch, DecisionAction, DecisionOutcome, DecisionRequest};
use crate::store::access_keys::AccessKeys;
use crate::store::erasures::Erasures;
use crate::store::exports::{ExportSource, Holding};
use crate::store::journeys::{ConsentPage, JourneySource, TouchpointSink, Window};
use crate::store::query::{CustomerFilter, CustomerList, CustomerSortKey};
use crate::store::rules::{AppliedMoves, ClaimPage, MembershipAt, NewRules, Rulebook, RulesInForce};
use crate::store::segment_memberships::SegmentMemberships;
use crate::store::segments::{NewSegment, Segments, SegmentsRead};
use crate::store::visits::{OwnerMove, Visits, VisitsAssigned};
use crate::store::{Applied, AppliedDecision, Reads, Result, Store, StoreError, StoreStatus};

/// The refusal of what is not for requests.
fn not_for_a_purpose<T>() -> Result<T> {
    Err(StoreError::Setup("this is not read for a purpose that needs consent".to_owned()))
}

impl ForPurpose {
    /// These changes without those of customers who are hidden now. Of the other customers of a change, those who are
    /// shown stay.
    ///
    /// # Errors
    /// Of the store.
    pub async fn shown_changes(&self, changes: Vec<Change>) -> Result<Vec<Change>> {
        let details: Vec<ChangeDetails> = changes.iter().map(Change::details).collect();
        let shown = self.shown();
        let mut named: Vec<CustomerId> = Vec::new();
        for details in &details {
            named.extend(details.customer.iter().chain(&details.others).cloned());
        }
        let customers = shown.customers_shown(named).await?;
        let messages: Vec<Arc<str>> = details.iter().filter_map(|details| details.touchpoint.clone()).collect();
        let touchpoints = match messages.is_empty() {
            true => Vec::new(),
            false => shown.touchpoints(&messages).await?,
        };
        let touchpoints: HashMap<&str, bool> =
            messages.iter().zip(&touchpoints).map(|(message, found)| (&**message, found.is_some())).collect();
        let is_shown = |details: &ChangeDetails| {
            let of_customer = details.customer.as_ref().is_some_and(|id| customers.contains_key(id));
            let of_channel = details.touchpoint.as_ref().is_none_or(|message| touchpoints[&**message]);
            // Who was told of a customer must hear that it is erased.
            let of_all = matches!(details.kind, ChangeKind::RulesSaved | ChangeKind::CustomerErased);
            // A stored verdict was made from all that is stored, also of refused channels.
            let of_segment = matches!(details.kind, ChangeKind::SegmentEntered | ChangeKind::SegmentLeft);
            of_all || of_customer && of_channel && !of_segment
        };
        let both = changes.into_iter().zip(&details).filter(|(_, details)| is_shown(details));
        let only_shown = |(mut change, _): (Change, &ChangeDetails)| {
            change.entry.retain_others(|other| customers.contains_key(other));
            change
        };
        Ok(both.map(only_shown).collect())
    }

    /// What a decision says that names a customer who is hidden: the same as for an id that never was.
    ///
    /// # Errors
    /// Of the store.
    pub async fn unknown_to(&self, action: &DecisionAction) -> Result<Option<Problem>> {
        let shown = self.shown().customers_shown(action.customers().iter().cloned()).await?;
        let hidden = action.customers().iter().position(|id| !shown.contains_key(id));
        let path = |place: usize| match action {
            DecisionAction::Split(..) => "id".to_owned(),
            DecisionAction::Merge(_) | DecisionAction::KeepApart(_) => format!("ids[{place}]"),
        };
        Ok(hidden.map(|place| Problem::at(ProblemCode::NotFound, path(place), "no customer has this id")))
    }
}

#[async_trait]
impl Store for ForPurpose {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    fn batch_size(&self) -> usize {
        self.store.batch_size()
    }

    fn share(&self) -> usize {
        self.store.share()
    }

    async fn set_up(&self) -> Result<()> {
        self.store.set_up().await
    }

    async fn until_set_up(&self) {
        self.store.until_set_up().await;
    }

    async fn ping(&self) -> Result<()> {
        self.store.ping().await
    }

    async fn examine(&self, thorough: bool) -> Result<Vec<String>> {
        self.store.examine(thorough).await
    }

    async fn close(&self) {
        self.store.close().await;
    }

    async fn check_writes(&self) -> Result<()> {
        self.store.check_writes().await
    }

    async fn apply(&self, rules: &IdentityRules, batch: &Batch, at: Timestamp) -> Result<Applied> {
        self.store.apply(rules, batch, at).await
    }

    async fn decide(
        &self,
        rules: &IdentityRules,
        ruling: &DecisionRequest,
        at: Timestamp,
        trial: bool,
    ) -> Result<AppliedDecision> {
        match self.unknown_to(&ruling.action).await? {
            None => self.store.decide(rules, ruling, at, trial).await,
            Some(problem) => {
                let outcome = DecisionOutcome { problems: vec![problem], ..DecisionOutcome::default() };
                let change = self.store.status().await?.change;
                Ok(AppliedDecision { change, outcome, devices: Vec::new() })
            }
        }
    }

    async fn moment(&self, at: Timestamp) -> Result<Option<Moment>> {
        self.store.moment(at).await
    }

    fn as_of(&self, moment: Moment) -> Arc<dyn Reads> {
        let reads = self.store.as_of(moment);
        let (present, clock) = (self.store.clone(), self.clock.clone());
        Arc::new(ShownThen { reads, purpose: self.purpose.clone(), at: moment.at, present, clock })
    }

    async fn list_customers(&self, list: &CustomerList) -> Result<Page<(CustomerId, CustomerSortKey)>> {
        let mut walk = CustomerList { limit: list.limit.clamp(20, CHUNK), ..list.clone() };
        let mut found = Vec::new();
        loop {
            let page = self.store.list_customers(&walk).await?;
            walk.after = page.items.last().map(|(_, place)| *place).or(walk.after);
            let ends = !page.more || page.items.is_empty();
            let shown = self.shown().customers_shown(page.items.iter().map(|(id, _)| id.clone())).await?;
            found.extend(page.items.into_iter().filter(|(id, _)| shown.contains_key(id)));
            if found.len() > list.limit || ends {
                return Ok(Page::cut(found, list.limit));
            }
        }
    }

    async fn count_customers(&self, filter: &CustomerFilter) -> Result<i64> {
        Ok(self.count_both(filter).await?.0)
    }

    async fn changes(&self, after: ChangePlace, limit: usize) -> Result<ChangeRun> {
        let run = self.store.changes(after, limit).await?;
        Ok(ChangeRun { changes: self.shown_changes(run.changes).await?, ..run })
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.store.commits()
    }

    async fn became(&self, id: &CustomerId, seq: i64) -> Result<Vec<CustomerId>> {
        let shown = self.shown().customers_shown([id.clone()]).await?;
        if shown.is_empty() { Ok(Vec::new()) } else { self.store.became(id, seq).await }
    }

    async fn consents(&self, arrivals: &[Arrival]) -> Result<Vec<Option<Consent>>> {
        let consents = self.store.consents(arrivals).await?;
        let shown = self.shown().identifiers_shown(consents.iter().flatten().map(|consent| consent.owner)).await?;
        Ok(consents.into_iter().map(|found| found.filter(|consent| shown.contains_key(&consent.owner))).collect())
    }

    async fn why_linked(&self, from: &IdentifierKey, to: &IdentifierKey) -> Result<Option<LinkExplanation>> {
        let Some(why) = self.store.why_linked(from, to).await? else { return Ok(None) };
        let shown = self.shown().identifiers_shown(why.path.iter().map(|own| own.id)).await?;
        Ok(Some(why).filter(|why| why.path.iter().all(|own| shown.contains_key(&own.id))))
    }

    /// The names in it are nobody's. Its figures are refused before they are asked for.
    async fn identity_health(&self) -> Result<Health> {
        self.store.identity_health().await
    }

    async fn largest_customers(&self, limit: usize) -> Result<Vec<(CustomerId, i64)>> {
        let mut largest = self.store.largest_customers(limit).await?;
        let shown = self.shown().customers_shown(largest.iter().map(|(id, _)| id.clone())).await?;
        largest.retain(|(id, _)| shown.contains_key(id));
        Ok(largest)
    }

    /// The number of the last change is nobody's. The counts are those of everybody; [`size`](ForPurpose::size) has those
    /// of the customers that are shown.
    async fn status(&self) -> Result<StoreStatus> {
        self.store.status().await
    }

    async fn counter_and_log(&self) -> Result<(i64, i64)> {
        self.store.counter_and_log().await
    }

    fn mending_counter(&self) -> String {
        self.store.mending_counter()
    }

    fn gauges(&self) -> Vec<(&'static str, f64)> {
        self.store.gauges()
    }
}

/// An erasure is the person's right, whatever the purpose is. What is known of erased people is no more than an id.
#[async_trait]
impl Erasures for ForPurpose {
    async fn erase(
        &self,
        request: &ErasureRequest,
        salt: &ErasureSalt,
        at: Timestamp,
        trial: bool,
    ) -> Result<ErasureOutcome> {
        self.store.erase(request, salt, at, trial).await
    }

    async fn erased(&self, ids: &[CustomerId]) -> Result<Vec<bool>> {
        self.store.erased(ids).await
    }

    async fn erased_identifier(&self, key: &IdentifierKey, salt: &ErasureSalt) -> Result<ErasedIdentifier> {
        self.store.erased_identifier(key, salt).await
    }

    async fn set_suppression(&self, key: &IdentifierKey, salt: &ErasureSalt, is: bool) -> Result<bool> {
        self.store.set_suppression(key, salt, is).await
    }

    async fn clean_up(&self) -> Result<Option<&'static str>> {
        self.store.clean_up().await
    }
}

#[async_trait]
impl AccessKeys for ForPurpose {
    async fn list_access_keys(&self) -> Result<Vec<AccessKey>> {
        self.store.list_access_keys().await
    }

    async fn insert_access_key(&self, key: &AccessKey) -> Result<bool> {
        self.store.insert_access_key(key).await
    }

    async fn replace_access_key(&self, key: &AccessKey, until: Timestamp) -> Result<bool> {
        self.store.replace_access_key(key, until).await
    }

    async fn revoke_access_keys(&self, name: &str, at: Timestamp) -> Result<usize> {
        self.store.revoke_access_keys(name, at).await
    }

    async fn note_access_key_uses(&self, uses: &[(KeyHash, Timestamp)]) -> Result<()> {
        self.store.note_access_key_uses(uses).await
    }

    async fn masking_secret(&self, new: &MaskingSecret) -> Result<MaskingSecret> {
        self.store.masking_secret(new).await
    }
}

#[async_trait]
impl Rulebook for ForPurpose {
    async fn rules(&self) -> Result<Option<RulesInForce>> {
        self.store.rules().await
    }

    async fn begin_rules(&self, first: &WrittenRules, at: Timestamp) -> Result<RulesInForce> {
        self.store.begin_rules(first, at).await
    }

    async fn save_rules(&self, rules: &NewRules, at: Timestamp) -> Result<Option<(SavedRules, i64)>> {
        self.store.save_rules(rules, at).await
    }

    async fn rules_applied(&self, version: i64) -> Result<()> {
        self.store.rules_applied(version).await
    }

    async fn has_kind(&self, kind: &str) -> Result<bool> {
        self.store.has_kind(kind).await
    }

    async fn scan_identifiers(&self, _: i64, _: Option<IdentifierId>, _: usize) -> Result<Vec<MembershipAt>> {
        not_for_a_purpose()
    }

    async fn scan_evidence(&self, _: i64, _: Option<Arrival>, _: usize) -> Result<Vec<(Evidence, Timestamp)>> {
        not_for_a_purpose()
    }

    async fn scan_claims(&self, _: &[Arc<str>], _: i64, _: Option<IdentifierId>, _: usize) -> Result<ClaimPage> {
        not_for_a_purpose()
    }

    async fn scan_decisions(&self, _: i64, _: Option<Arrival>, _: usize) -> Result<Vec<Decision>> {
        not_for_a_purpose()
    }

    async fn apply_moves(&self, rules: &IdentityRules, moves: &[Move], at: Timestamp) -> Result<AppliedMoves> {
        self.store.apply_moves(rules, moves, at).await
    }
}

/// The journeys of all customers are built from the whole store, and hide customers themselves.
#[async_trait]
impl JourneySource for ForPurpose {
    async fn scan_touchpoints(
        &self,
        _: Window,
        _: usize,
        _: &Arc<Properties>,
        _: &TouchpointSink,
    ) -> Result<Option<Arrival>> {
        not_for_a_purpose()
    }

    /// The ids of all identifiers, without their customers. An export begins with it, and then reads those that are shown.
    async fn scan_members(
        &self,
        at: i64,
        after: Option<IdentifierId>,
        limit: usize,
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        let members = self.store.scan_members(at, after, limit).await?;
        Ok(members.into_iter().map(|(id, _)| (id, None)).collect())
    }

    /// The keys of all orders. An export begins with them, and then reads those that are shown.
    async fn scan_orders(&self, after: Option<&OrderKey>, limit: usize) -> Result<Vec<OrderNet>> {
        self.store.scan_orders(after, limit).await
    }

    async fn scan_held_consents(&self, _: Option<IdentifierId>, _: usize) -> Result<ConsentPage> {
        not_for_a_purpose()
    }

    async fn members_at(
        &self,
        _: i64,
        _: &[CustomerId],
        _: &[IdentifierId],
    ) -> Result<Vec<(IdentifierId, Option<CustomerId>)>> {
        not_for_a_purpose()
    }

    async fn held_consents_at(&self, _: i64, _: &[IdentifierId]) -> Result<Vec<Vec<HeldConsent>>> {
        not_for_a_purpose()
    }
}

#[async_trait]
impl Visits for ForPurpose {
    async fn assign_visits(
        &self,
        rules: &IdentityRules,
        devices: &[IdentifierId],
        most: usize,
        at: Timestamp,
    ) -> Result<Option<VisitsAssigned>> {
        self.store.assign_visits(rules, devices, most, at).await
    }

    async fn owner_moves(&self, _: i64, _: i64) -> Result<Vec<OwnerMove>> {
        not_for_a_purpose()
    }
}

#[async_trait]
impl Segments for ForPurpose {
    async fn segments(&self, at: Option<i64>) -> Result<Vec<Segment>> {
        self.store.segments(at).await
    }

    async fn save_segment(&self, read: &SegmentsRead, new: &NewSegment, at: Timestamp) -> Result<Option<Segment>> {
        self.store.save_segment(read, new, at).await
    }

    async fn delete_segment(&self, read: &SegmentsRead, id: SegmentId, at: Timestamp) -> Result<bool> {
        self.store.delete_segment(read, id, at).await
    }

    async fn has_trait(&self, name: &str) -> Result<bool> {
        self.store.has_trait(name).await
    }
}

#[async_trait]
impl SegmentMemberships for ForPurpose {
    async fn segment_memberships(&self, customers: &[CustomerId]) -> Result<Vec<Vec<SegmentMembership>>> {
        let shown = self.shown().customers_shown(customers.iter().cloned()).await?;
        let mut memberships = self.store.segment_memberships(customers).await?;
        let hidden = customers.iter().zip(&mut memberships).filter(|(id, _)| !shown.contains_key(id));
        hidden.for_each(|(_, own)| own.clear());
        Ok(memberships)
    }

    async fn list_segment_members(
        &self,
        segment: SegmentId,
        after: Option<Arrival>,
        limit: usize,
    ) -> Result<Page<(CustomerId, Arrival)>> {
        let (mut after, mut found) = (after, Vec::new());
        loop {
            let page = self.store.list_segment_members(segment, after, limit.clamp(20, CHUNK)).await?;
            after = page.items.last().map(|(_, born)| *born).or(after);
            let ends = !page.more || page.items.is_empty();
            let shown = self.shown().customers_shown(page.items.iter().map(|(id, _)| id.clone())).await?;
            found.extend(page.items.into_iter().filter(|(id, _)| shown.contains_key(id)));
            if found.len() > limit || ends {
                return Ok(Page::cut(found, limit));
            }
        }
    }

    async fn count_segment_members(&self, segment: SegmentId) -> Result<i64> {
        let (mut after, mut count) = (None, 0);
        loop {
            let page = self.list_segment_members(segment, after, CHUNK).await?;
            count += page.items.len() as i64;
            after = page.items.last().map(|(_, born)| *born);
            if !page.more || after.is_none() {
                return Ok(count);
            }
        }
    }

    async fn pending_judgements(&self, now: Timestamp, limit: usize) -> Result<Vec<Judgement>> {
        let mut pending = self.store.pending_judgements(now, limit).await?;
        let shown = self.shown().customers_shown(pending.iter().map(|one| one.customer.clone())).await?;
        pending.retain(|judgement| shown.contains_key(&judgement.customer));
        Ok(pending)
    }

    async fn judgements(&self, customers: &[CustomerId]) -> Result<Vec<Judgement>> {
        self.store.judgements(customers).await
    }

    async fn sweeps(&self) -> Result<Vec<Sweep>> {
        self.store.sweeps().await
    }

    async fn judge(
        &self,
        segments: &SegmentsRead,
        verdicts: &[Verdict],
        sweep: Option<(Sweep, Option<Arrival>)>,
        at: Timestamp,
    ) -> Result<Option<usize>> {
        self.store.judge(segments, verdicts, sweep, at).await
    }
}

#[async_trait]
impl ExportSource for ForPurpose {
    /// The ids of all customers. An export begins with them, and then reads those that are shown.
    async fn scan_customer_ids(&self, at: i64, after: Option<&CustomerId>, limit: usize) -> Result<Vec<CustomerId>> {
        self.store.scan_customer_ids(at, after, limit).await
    }

    async fn scan_history(&self, at: Moment, after: Option<Arrival>, limit: usize) -> Result<Vec<Touchpoint>> {
        let reads = self.store.as_of(at);
        let (mut after, mut found) = (after, Vec::new());
        loop {
            let page = self.store.scan_history(at, after, limit).await?;
            let ends = page.len() < limit;
            after = page.last().map(|last| last.arrival).or(after);
            let page = page.into_iter().map(Some).collect();
            found.extend(self.then(&*reads, at).of_touchpoints(page).await?.into_iter().flatten());
            if found.len() >= limit || ends {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    async fn holdings_at(&self, at: Moment, ids: &[IdentifierId]) -> Result<Vec<Option<Holding>>> {
        let holdings = self.store.holdings_at(at, ids).await?;
        let reads = self.store.as_of(at);
        let shown = self.then(&*reads, at).identifiers_shown(ids.iter().copied()).await?;
        Ok(ids.iter().zip(holdings).map(|(id, holding)| holding.filter(|_| shown.contains_key(id))).collect())
    }
}
