//! Records verdicts: links, evidence, lines of identity histories, entries of the change log.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::accept::{Refusal, Verdict};
use super::batch::SetName;
use super::known::{Known, OnRecord, SourceMessage};
use super::regroup::SplitResult;
use super::rows::{EvidenceRow, LinkRow, Plan};
use super::sharing::{self, Unlinked};
use super::working_set::{IdentifierIx, IdentifierState, WorkingSet};
use crate::domain::change::{ChangeEntry, IdentityEvent, IdentityEventKind};
use crate::domain::customer::CustomerId;
use crate::domain::fact::Fact;
use crate::domain::link::Link;
use crate::domain::rules::IdentityRules;
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// Gathers the rows that record verdicts.
pub(crate) struct Log<'k> {
    known: &'k Known,
    on_record: FxHashMap<SetName, OnRecord>,
    links: Links,
    /// The rows of the plan's evidence that name a device.
    sightings: FxHashMap<IdentifierIx, Vec<usize>>,
}

/// The set of identifiers of a fact, with the outcome of each.
pub(crate) struct Kept<'i> {
    identifiers: &'i [IdentifierIx],
    set: SetName,
    outcomes: Arc<str>,
    /// Whether it is stored.
    pub(crate) fresh: bool,
}

impl<'k> Log<'k> {
    pub(crate) fn new(known: &'k Known) -> Self {
        let on_record = known.evidence.clone();
        Log { known, on_record, links: Links::default(), sightings: FxHashMap::default() }
    }

    /// Whether the set of a fact is stored as evidence: when it is new, when its outcome differs from the last one,
    /// when it moved an identifier, and when the fact is derived. So a replay of the evidence gives the present
    /// partition.
    pub(crate) fn evidence<'i>(
        &mut self,
        rules: &IdentityRules,
        working_set: &WorkingSet,
        fact: &Fact,
        identifiers: &'i [IdentifierIx],
        verdict: &Verdict,
    ) -> Kept<'i> {
        let letter = |ix: &IdentifierIx| match () {
            () if working_set.identifiers[*ix].shared_since.is_some() => 's',
            () if verdict.accepted.contains(ix) => 'a',
            () => 'r',
        };
        let outcomes: Arc<str> = identifiers.iter().map(letter).collect::<String>().into();
        let set = SetName::of(&fact.identifiers);
        let now = OnRecord { outcomes: outcomes.clone(), rules_version: rules.version };
        let before = self.on_record.insert(set.clone(), now);
        // Stored evidence is not enough when it has a version of the rules under which one of these identifiers does
        // not count.
        let counts_from =
            identifiers.iter().map(|&ix| working_set.identifiers[ix].counts_from).max().unwrap_or_default();
        let before = before.filter(|before| before.rules_version >= counts_from);
        let moved = verdict.created
            || !verdict.joined.is_empty()
            || !verdict.absorbed.is_empty()
            || !verdict.turned_shared.is_empty();
        let fresh = moved || fact.derived.is_some() || before.is_none_or(|before| before.outcomes != outcomes);
        Kept { identifiers, set, outcomes, fresh }
    }

    /// The identifiers that were seen with a device before, if they count. A device whose evidence is missing is added
    /// to `unknown`.
    pub(crate) fn earlier(
        &self,
        rules: &IdentityRules,
        working_set: &WorkingSet,
        plan: &Plan,
        device: IdentifierIx,
        unknown: &mut BTreeSet<IdentifierId>,
    ) -> Vec<IdentifierIx> {
        let IdentifierState { id, new, counts_from, .. } = &working_set.identifiers[device];
        let own = self.sightings.get(&device).into_iter().flatten().rev().map(|&row| &plan.evidence[row]);
        let own = own.map(|row| (row.rules_version, &row.identifiers));
        let stored = self.known.sightings.get(id);
        if stored.is_none() && !new {
            unknown.insert(*id);
        }
        let stored = stored.into_iter().flatten().map(|seen| (seen.rules_version, &seen.identifiers));
        let sets = own.chain(stored).filter(|(version, _)| counts_from <= version).take(sharing::SIGHTINGS);
        let named = sets.flat_map(|(version, ids)| ids.iter().map(move |id| (version, working_set.by_id(*id))));
        let mut identifiers: Vec<IdentifierIx> = named
            .filter_map(|(version, ix)| ix.filter(|&ix| working_set.identifiers[ix].counts_from <= version))
            .collect();
        identifiers.sort_unstable();
        identifiers.dedup();
        let is_blocked =
            |state: &IdentifierState| state.rank.is_some_and(|rank| rules.kinds[rank].is_blocked(&state.key.value));
        identifiers.retain(|&ix| !is_blocked(&working_set.identifiers[ix]));
        identifiers
    }

    /// Adds the rows of a verdict to the plan.
    pub(crate) fn record(
        &mut self,
        rules: &IdentityRules,
        working_set: &WorkingSet,
        plan: &mut Plan,
        fact: &Fact,
        verdict: &Verdict,
        kept: Kept<'_>,
    ) {
        self.record_links(working_set, fact, verdict);
        let fresh = kept.fresh;
        if fresh {
            self.record_evidence(rules, working_set, plan, fact, kept);
        }
        record_identity(self.known, working_set, plan, fact, verdict, fresh);
    }

    pub(crate) fn finish(self, plan: &mut Plan) {
        plan.links = self.links.into_rows();
    }

    /// Links every pair. A link of two accepted identifiers has the kind of the weaker one as its rule. A refused
    /// identifier has a refused link with each other identifier.
    fn record_links(&mut self, working_set: &WorkingSet, fact: &Fact, verdict: &Verdict) {
        let seen = Seen::of_fact(fact);
        self.links.add_set(working_set, &seen, &verdict.accepted);
        for (n, refusal) in verdict.refused.iter().enumerate() {
            let Refusal { identifier: ix, rule, reason } = refusal;
            for &other in &verdict.accepted {
                self.links.add(working_set, &seen, other, *ix, rule, Some(reason));
            }
            for other in &verdict.refused[..n] {
                let together = working_set.identifiers[other.identifier].customer;
                if together.is_some() && together == working_set.identifiers[*ix].customer {
                    self.links.add(
                        working_set,
                        &seen,
                        other.identifier,
                        *ix,
                        &working_set.identifiers[*ix].key.kind,
                        None,
                    );
                } else {
                    self.links.add(working_set, &seen, other.identifier, *ix, rule, Some(reason));
                }
            }
        }
        for (n, &shared) in verdict.shared.iter().enumerate() {
            let kind = &working_set.identifiers[shared].key.kind;
            let reason: Arc<str> = format!("{kind} is shared by several people, so it binds nobody").into();
            let others = verdict.accepted.iter().copied().chain(verdict.refused.iter().map(|r| r.identifier));
            for other in others.chain(verdict.shared[..n].iter().copied()) {
                self.links.add(working_set, &seen, other, shared, kind, Some(&reason));
            }
        }
    }

    fn record_evidence(
        &mut self,
        rules: &IdentityRules,
        working_set: &WorkingSet,
        plan: &mut Plan,
        fact: &Fact,
        Kept { identifiers, set, outcomes, .. }: Kept<'_>,
    ) {
        for &device in identifiers.iter().filter(|&&ix| working_set.identifiers[ix].is_device(rules)) {
            self.sightings.entry(device).or_default().push(plan.evidence.len());
        }
        plan.evidence.push(EvidenceRow {
            arrival: Arrival::new(plan.seq, plan.evidence.len() as u32),
            set,
            identifiers: identifiers.iter().map(|&n| working_set.identifiers[n].id).collect(),
            outcomes,
            message_id: fact.source_message().clone(),
            source: fact.source.clone(),
            at: fact.at,
            rules_version: rules.version,
        });
    }
}

/// The cause of a line of an identity history.
#[derive(Clone, Default)]
pub(crate) struct Why {
    /// The rule that decided.
    pub(crate) rule: Option<Arc<str>>,
    /// Why, in words.
    pub(crate) reason: Option<Arc<str>>,
    /// The person who decided.
    pub(crate) by: Option<Arc<str>>,
    /// The message of the event.
    pub(crate) message: Option<Arc<str>>,
}

impl Plan {
    /// Adds a line to the identity history of `customer`.
    pub(crate) fn tell(
        &mut self,
        customer: &CustomerId,
        kind: IdentityEventKind,
        why: &Why,
        identifiers: Vec<IdentifierId>,
        others: Vec<CustomerId>,
    ) {
        let Why { rule, reason, by, message } = why.clone();
        self.identity_events.push(IdentityEvent {
            arrival: Arrival::new(self.seq, self.identity_events.len() as u32),
            customer: customer.clone(),
            at: self.at,
            kind,
            rule,
            message_id: message,
            by,
            reason,
            identifiers,
            others,
        });
    }

    /// Adds a refusal to the identity history of the message's customer.
    pub(crate) fn tell_refusal(
        &mut self,
        customer: &CustomerId,
        working_set: &WorkingSet,
        refusal: &Refusal,
        message: &Arc<str>,
    ) {
        let others =
            working_set.customer_of(refusal.identifier).filter(|other| other != customer).into_iter().collect();
        let (rule, reason) = (Some(refusal.rule.clone()), Some(refusal.reason.clone()));
        let why = Why { rule, reason, message: Some(message.clone()), ..Why::default() };
        self.tell(
            customer,
            IdentityEventKind::Refused,
            &why,
            vec![working_set.identifiers[refusal.identifier].id],
            others,
        );
    }
}

/// Adds the lines and change entries of a verdict.
fn record_identity(
    known: &Known,
    working_set: &WorkingSet,
    plan: &mut Plan,
    fact: &Fact,
    verdict: &Verdict,
    fresh: bool,
) {
    let Some(customer) = verdict.customer else { return };
    let id = &working_set.customers[customer].id;
    let message = fact.source_message();
    let ids =
        |identifiers: &[IdentifierIx]| identifiers.iter().map(|&n| working_set.identifiers[n].id).collect::<Vec<_>>();
    let by_rule = |rule| Why { rule, message: Some(message.clone()), ..Why::default() };
    let kind_of = |ix: Option<&IdentifierIx>| ix.map(|&n| working_set.identifiers[n].key.kind.clone());
    if verdict.created {
        plan.tell(id, IdentityEventKind::Created, &by_rule(None), ids(&verdict.joined), Vec::new());
        let (customer, identifiers, message) = (id.clone(), ids(&verdict.joined), message.clone());
        plan.entries.push(ChangeEntry::CustomerCreated { customer, identifiers, message });
    } else if !verdict.joined.is_empty() {
        let why = by_rule(kind_of(verdict.joined.last()));
        plan.tell(id, IdentityEventKind::Linked, &why, ids(&verdict.joined), Vec::new());
        let (customer, identifiers, message) = (id.clone(), ids(&verdict.joined), message.clone());
        plan.entries.push(ChangeEntry::IdentifierLinked { customer, identifiers, message });
    }
    if !verdict.absorbed.is_empty() {
        let others: Vec<CustomerId> = verdict.absorbed.iter().map(|&c| working_set.customers[c].id.clone()).collect();
        let why = by_rule(kind_of(verdict.accepted.last()));
        plan.tell(id, IdentityEventKind::Merged, &why, ids(&verdict.accepted), others.clone());
        plan.entries.push(ChangeEntry::CustomersMerged {
            customer: id.clone(),
            others,
            identifiers: ids(&verdict.accepted),
            message: Some(message.clone()),
            reason: None,
        });
    }
    if fresh {
        // A derived fact of the same message may have been refused before.
        let is_known = |refusal: &Refusal| {
            let before = known.refused.get(&(message.clone(), working_set.identifiers[refusal.identifier].id));
            before.is_some_and(|rules| rules.contains(&refusal.rule))
        };
        for refusal in verdict.refused.iter().filter(|refusal| !is_known(refusal)) {
            plan.tell_refusal(id, working_set, refusal, message);
        }
    }
}

/// Adds the lines and change entries of an identifier that became shared.
pub(crate) fn record_sharing(
    working_set: &WorkingSet,
    plan: &mut Plan,
    fact: &Fact,
    ix: IdentifierIx,
    unlinked: &Unlinked,
    splits: &[SplitResult],
) {
    let (id, kind) = (working_set.identifiers[ix].id, &working_set.identifiers[ix].key.kind);
    let message = Some(fact.message_id.clone());
    let from = unlinked.from.map(|customer| working_set.customers[customer].id.clone());
    plan.entries.push(ChangeEntry::IdentifierShared {
        customer: from.clone(),
        identifiers: vec![id],
        message: message.clone(),
    });
    let Some(from) = from.filter(|_| !unlinked.stays) else { return };
    let because = |reason: String| Why {
        rule: Some(kind.clone()),
        reason: Some(reason.into()),
        by: None,
        message: message.clone(),
    };
    let why = because(format!("{kind} turned out to be shared by several people, so it binds nobody"));
    plan.tell(&from, IdentityEventKind::Split, &why, vec![id], Vec::new());
    let why = because(format!("only a shared {kind} held them together"));
    record_splits(working_set, plan, splits, kind, &why);
}

/// Adds the lines and change entries of splits by `rule`: a line for both customers.
pub(crate) fn record_splits(
    working_set: &WorkingSet,
    plan: &mut Plan,
    splits: &[SplitResult],
    rule: &Arc<str>,
    why: &Why,
) {
    for SplitResult { from, to, moved } in splits {
        let (from, to) = (working_set.customers[*from].id.clone(), working_set.customers[*to].id.clone());
        let moved: Vec<IdentifierId> = moved.iter().map(|&ix| working_set.identifiers[ix].id).collect();
        for (customer, other) in [(&from, &to), (&to, &from)] {
            plan.tell(customer, IdentityEventKind::Split, why, moved.clone(), vec![other.clone()]);
        }
        plan.entries.push(ChangeEntry::CustomerSplit {
            customer: from,
            others: vec![to],
            identifiers: moved,
            message: why.message.clone(),
            rule: rule.clone(),
            reason: why.reason.clone(),
        });
    }
}

/// The message in which identifiers were seen together, and the number of times.
pub(crate) struct Seen {
    source_message: SourceMessage,
    first_at: Timestamp,
    last_at: Timestamp,
    count: i64,
    /// Whether the count covers all events.
    all: bool,
}

impl Seen {
    /// In one message.
    pub(crate) fn once(source_message: SourceMessage) -> Self {
        Seen { first_at: source_message.at, last_at: source_message.at, source_message, count: 1, all: false }
    }

    fn of_fact(fact: &Fact) -> Self {
        let source_message =
            SourceMessage { message_id: fact.source_message().clone(), source: fact.source.clone(), at: fact.at };
        let (first_at, last_at) = fact.times();
        let count = fact.derived.as_ref().map_or(1, |derived| derived.count);
        Seen { source_message, first_at, last_at, count, all: fact.derived.is_some() }
    }
}

/// Links of all pairs that were seen together, each pair once.
#[derive(Default)]
pub(crate) struct Links {
    rows: Vec<LinkRow>,
    places: FxHashMap<(IdentifierId, IdentifierId, bool), usize>,
    /// The rows of large sets whose identifiers were all accepted, since senders repeat such sets. Each identifier has
    /// a flag: whether it may join others.
    of_set: FxHashMap<Vec<(IdentifierIx, bool)>, Vec<usize>>,
}

/// The size from which a set is large.
const LARGE: usize = 16;

impl Links {
    pub(crate) fn add(
        &mut self,
        working_set: &WorkingSet,
        seen: &Seen,
        one: IdentifierIx,
        other: IdentifierIx,
        rule: &Arc<str>,
        refused: Option<&Arc<str>>,
    ) -> usize {
        let (one, other) = (&working_set.identifiers[one], &working_set.identifiers[other]);
        let (from, to) = if one.key < other.key { (one.id, other.id) } else { (other.id, one.id) };
        let Seen { source_message, first_at, last_at, all, .. } = seen;
        let next = self.rows.len();
        let place = *self.places.entry((from, to, refused.is_some())).or_insert(next);
        if place == next {
            self.rows.push(LinkRow {
                link: Link {
                    from,
                    to,
                    refused: refused.cloned(),
                    rule: rule.clone(),
                    first_at: *first_at,
                    last_at: *last_at,
                    count: 0,
                    message_id: source_message.message_id.clone(),
                    source: source_message.source.clone(),
                },
                all: *all,
            });
        }
        self.again(place, seen);
        place
    }

    fn again(&mut self, place: usize, seen: &Seen) {
        let link = &mut self.rows[place].link;
        link.first_at = link.first_at.min(seen.first_at);
        link.last_at = link.last_at.max(seen.last_at);
        link.count += seen.count;
    }

    /// Links identifiers that were accepted together. The rule is the kind of the weaker one.
    fn add_set(&mut self, working_set: &WorkingSet, seen: &Seen, accepted: &[IdentifierIx]) {
        let binds = |ix: IdentifierIx| {
            working_set.identifiers[ix].rank.is_some() || working_set.identifiers[ix].customer.is_some()
        };
        let set: Vec<(IdentifierIx, bool)> = match accepted.len() {
            LARGE.. => accepted.iter().map(|&ix| (ix, binds(ix))).collect(),
            _ => Vec::new(),
        };
        if let Some(places) = self.of_set.remove(&set) {
            places.iter().for_each(|&place| self.again(place, seen));
            self.of_set.insert(set, places);
            return;
        }
        let mut places = Vec::new();
        for (n, &weak) in accepted.iter().enumerate() {
            let kind = &working_set.identifiers[weak].key.kind;
            let refused: Option<Arc<str>> =
                (!binds(weak)).then(|| format!("{kind} is not a listed kind, so it binds nobody").into());
            for &strong in &accepted[..n] {
                places.push(self.add(working_set, seen, strong, weak, kind, refused.as_ref()));
            }
        }
        if !set.is_empty() {
            self.of_set.insert(set, places);
        }
    }

    /// In the order of their ends.
    pub(crate) fn into_rows(mut self) -> Vec<LinkRow> {
        self.rows.sort_unstable_by_key(|LinkRow { link, .. }| (link.from, link.to, link.refused.is_some()));
        self.rows
    }
}
