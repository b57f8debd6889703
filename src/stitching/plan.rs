//! The plan of a batch: every row that is to be written, and the outcome of every fact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::accept::{Refusal, Verdict, accept};
use super::batch::{Batch, SetName};
use super::giving::Given;
use super::history::History;
use super::known::{Evidence, Known, OnRecord, Said, Story};
use super::people::{CustomerIx, Name, NameIx, People};
use super::regroup::Parting;
use super::sharing::{self, Released};
use super::visits::Pending;
use crate::domain::change::{ChangeEntry, IdentityEvent, IdentityEventKind};
use crate::domain::claim::Claim;
use crate::domain::consent::Consent;
use crate::domain::customer::CustomerId;
use crate::domain::decision::{Decision, Side};
use crate::domain::device::DeviceFact;
use crate::domain::fact::{Derived, Fact, Refused};
use crate::domain::identifier::Identifier;
use crate::domain::link::Link;
use crate::domain::money::Currency;
use crate::domain::order::{Order, OrderKey};
use crate::domain::product::{Product, ProductActed};
use crate::domain::rollup::MoneyRollup;
use crate::domain::rules::IdentityRules;
use crate::domain::touchpoint::{Direction, Touchpoint};
use crate::domain::{Arrival, IdentifierId, Timestamp};

/// What is to be written, in one transaction, under the change number `seq`.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The batch's change number.
    pub seq: i64,
    /// When it is committed.
    pub at: Timestamp,
    /// One per fact, in order.
    pub outcomes: Vec<Outcome>,
    /// Every new message, touchpoints included.
    pub messages: Vec<MessageRow>,
    /// Identifiers that are new or whose figures or times changed, whole.
    pub identifiers: Vec<IdentifierRow>,
    /// When identifiers were seen, first and last, in events that left neither a touchpoint nor a link of
    /// theirs: those would tell a view of the past.
    pub seen_alone: BTreeMap<IdentifierId, (Timestamp, Timestamp)>,
    /// Identifiers that changed hands.
    pub memberships: Vec<MembershipRow>,
    /// Customers that are new or whose figures changed, whole; none that was merged away.
    pub customers: Vec<CustomerRow>,
    /// Customers that were merged away and have their ids back; to be written before `merged`.
    pub restored: Vec<CustomerId>,
    /// Customers that were absorbed. Their figures go; their ids stay for ever.
    pub merged: Vec<MergeRow>,
    /// What a person decided.
    pub decisions: Vec<Decision>,
    /// Sides that identifiers took by joining whoever has them.
    pub sides: Vec<Side>,
    /// Pairs seen together: times are to be widened, the rest is the first's but for `count`.
    pub links: Vec<LinkRow>,
    /// New sets and new outcomes.
    pub evidence: Vec<EvidenceRow>,
    /// New touchpoints.
    pub touchpoints: Vec<Touchpoint>,
    /// Touchpoints that change their owner.
    pub given: Vec<Given>,
    /// What is to be judged of shared devices' visits, now that this is known.
    pub pending: Vec<Pending>,
    /// Identifiers that were there before, live on no device and have another customer now: visits in which
    /// they were signed in on shared devices are to be judged too.
    pub rehomed: Vec<IdentifierId>,
    /// Devices that were seen: times to be widened, identifiers to be added.
    pub devices: Vec<DeviceRow>,
    /// Products that were named: what is `None` stays as it is.
    pub products: Vec<Product>,
    /// New acts about products.
    pub product_acts: Vec<ProductActed>,
    /// Orders that something was said about, whole.
    pub orders: Vec<Order>,
    /// Claims that a later one replaces.
    pub claims_closed: Vec<Arrival>,
    /// New claims.
    pub claims_opened: Vec<Claim>,
    /// New decisions.
    pub consents: Vec<Consent>,
    /// Identifiers that hold a decision from now on: `(identifier, the decision's arrival)`.
    pub consents_given: Vec<(IdentifierId, Arrival)>,
    /// Identifiers that hold it no longer; to be written after those given, of which some are over at once.
    pub consents_taken: Vec<(IdentifierId, Arrival)>,
    /// New lines of identity histories.
    pub identity_events: Vec<IdentityEvent>,
    /// The change log's entries.
    pub entries: Vec<ChangeEntry>,
    /// By how many the number of customers changes.
    pub customers_delta: i64,
    /// The last message about each order, for the log.
    pub(crate) order_messages: FxHashMap<OrderKey, Arc<str>>,
}

impl Plan {
    fn see_alone(&mut self, identifier: IdentifierId, at: Timestamp) {
        let (first, last) = self.seen_alone.entry(identifier).or_insert((at, at));
        (*first, *last) = ((*first).min(at), (*last).max(at));
    }

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

    /// Adds the line that somebody was not let in, to the history of whom the message was about.
    pub(crate) fn tell_refusal(
        &mut self,
        customer: &CustomerId,
        people: &People,
        refusal: &Refusal,
        message: &Arc<str>,
    ) {
        let others = people.customer_of(refusal.name).filter(|other| other != customer).into_iter().collect();
        let (rule, reason) = (Some(refusal.rule.clone()), Some(refusal.reason.clone()));
        let why = Why { rule, reason, message: Some(message.clone()), ..Why::default() };
        self.tell(customer, IdentityEventKind::Refused, &why, vec![people.names[refusal.name].id], others);
    }

    /// Whether there is nothing to write: every fact was known, every decision stood.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.decisions.is_empty()
    }
}

/// What a line of an identity history goes back to.
#[derive(Clone, Default)]
pub(crate) struct Why {
    /// The rule that decided.
    pub(crate) rule: Option<Arc<str>>,
    /// Why, in words.
    pub(crate) reason: Option<Arc<str>>,
    /// The person who did it.
    pub(crate) by: Option<Arc<str>>,
    /// The message that brought it.
    pub(crate) message: Option<Arc<str>>,
}

/// A plan, or what it takes to make one.
#[derive(Debug)]
pub enum Planned {
    /// The plan.
    Ready(Box<Plan>),
    /// Some customer comes apart: of these identifiers every evidence, every decision, the customers that were
    /// merged into their customers, and what they allowed and forbade, have to be [`Known`] too.
    Needs(Untold),
}

/// What is not [`Known`] and has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untold {
    /// Identifiers whose whole story is needed.
    pub stories: BTreeSet<IdentifierId>,
    /// Identifiers of whom it is enough what they allowed and forbade.
    pub consents: BTreeSet<IdentifierId>,
    /// Devices of which it is needed what they were seen with.
    pub sightings: BTreeSet<IdentifierId>,
}

/// What became of one fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Created {
        /// Whose it is; `None` when its identifiers bind nobody.
        customer: Option<CustomerId>,
        /// It is about an order that has not arrived yet and waits for it.
        waits: bool,
        /// A refund does not count, being in another currency than its order, and this is the later of the two.
        other_currency: bool,
    },
    /// It was stored before.
    Unchanged {
        /// Whose it is now.
        customer: Option<CustomerId>,
    },
    /// The store would not take it; nothing of it is stored.
    Refused {
        /// Why, in words without any of its values.
        reason: String,
    },
}

/// A message.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// Its place.
    pub arrival: Arrival,
    /// Its id.
    pub id: Arc<str>,
    /// The strongest identifier it was accepted with.
    pub owner: IdentifierId,
}

/// An identifier.
#[derive(Clone, Debug)]
pub struct IdentifierRow {
    /// As it is now.
    pub identifier: Identifier,
    /// Whether it is new.
    pub new: bool,
}

/// An identifier that changed hands.
#[derive(Clone, Debug)]
pub struct MembershipRow {
    /// Which.
    pub identifier: IdentifierId,
    /// Who had it.
    pub from: Option<CustomerId>,
    /// Who has it; nobody when it is shared.
    pub to: Option<CustomerId>,
}

/// A customer's own row.
#[derive(Clone, Debug)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// When it was given out.
    pub born: Arrival,
    /// Whether it is new.
    pub new: bool,
    /// The smallest time its identifiers were seen: also when it was created.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// Orders that are not cancelled.
    pub order_count: i64,
    /// Channels of its touchpoints, sorted.
    pub channels: Vec<Arc<str>>,
    /// Its money by currency.
    pub spend: BTreeMap<Currency, MoneyRollup>,
}

/// A customer that was absorbed.
#[derive(Clone, Debug)]
pub struct MergeRow {
    /// The one that is no more.
    pub from: CustomerId,
    /// The one it became.
    pub into: CustomerId,
}

/// A set of identifiers and what became of each.
#[derive(Clone, Debug)]
pub struct EvidenceRow {
    /// Its place.
    pub arrival: Arrival,
    /// The set's name.
    pub set: SetName,
    /// The set, strongest first as the event had it.
    pub identifiers: Vec<IdentifierId>,
    /// A letter for each: `a` accepted, `r` refused, `s` shared.
    pub outcomes: Arc<str>,
    /// The message.
    pub message_id: Arc<str>,
    /// Who sent it.
    pub source: Arc<str>,
    /// When it happened.
    pub at: Timestamp,
    /// The rules that judged it.
    pub rules_version: i64,
}

/// A pair that was seen together.
#[derive(Clone, Debug)]
pub struct LinkRow {
    /// The link.
    pub link: Link,
    /// Whether its count is of all events that there were, so that the larger one stands; else it is to be added.
    pub all: bool,
}

/// A device that was seen.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// As the latest event describes it.
    pub fact: DeviceFact,
    /// The smallest time in the batch.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// The identifiers that live on it, each with when it was seen there.
    pub identifiers: BTreeMap<IdentifierId, SeenOn>,
}

/// When an identifier was seen on a device: the smallest and the largest time in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenOn {
    /// Of all events.
    pub times: (Timestamp, Timestamp),
    /// Of events that left no touchpoint of its own, which would tell.
    pub alone: Option<(Timestamp, Timestamp)>,
}

impl SeenOn {
    /// In one event.
    pub(crate) fn once(at: Timestamp, alone: bool) -> Self {
        SeenOn { times: (at, at), alone: alone.then_some((at, at)) }
    }

    /// In these events, too.
    pub(crate) fn add(&mut self, other: &SeenOn) {
        let wider = |(a, b): (Timestamp, Timestamp), (c, d): (Timestamp, Timestamp)| (a.min(c), b.max(d));
        self.times = wider(self.times, other.times);
        self.alone = match (self.alone, other.alone) {
            (Some(one), Some(other)) => Some(wider(one, other)),
            (one, other) => one.or(other),
        };
    }
}

/// Plans `batch` on what is `known`. `seq` is the change number it will have, `at` the time of its
/// commit, `new_id` gives ids for customers.
pub fn plan(
    rules: &IdentityRules,
    known: &Known,
    batch: &Batch,
    seq: i64,
    at: Timestamp,
    new_id: &mut dyn FnMut() -> CustomerId,
) -> Planned {
    let mut people = People::new(rules, known, seq);
    let mut history = History::new(known, seq);
    let mut plan = Plan { seq, at, ..Plan::default() };
    let mut log = Log::new(known);
    let mut seen: FxHashMap<Arc<str>, NameIx> = FxHashMap::default();
    // Each round of questions costs a plan, so a pass that lacks a story goes on, to find out what else it lacks.
    let mut untold = Untold::default();
    for (index, fact) in batch.facts.iter().enumerate() {
        if let Some(customer) = known.messages.get(&fact.message_id) {
            plan.outcomes.push(Outcome::Unchanged { customer: customer.clone() });
            continue;
        }
        if let Some(&owner) = seen.get(&fact.message_id) {
            plan.outcomes.push(Outcome::Unchanged { customer: people.customer_of(owner) });
            continue;
        }
        let arrival = Arrival::new(seq, index as u32);
        // What was made of several events was seen in each, as its links say.
        let times = fact.times();
        let mut names: Vec<NameIx> = fact.identifiers.iter().map(|i| people.see(rules, &i.key, times)).collect();
        // It was read strongest first, but the rules may have been saved anew since. As a replay sorts, stable.
        names.sort_by_key(|&name| people.names[name].rank.unwrap_or(usize::MAX));
        if let ([alone], None) = (names.as_slice(), &fact.touchpoint) {
            plan.see_alone(people.names[*alone].id, fact.at);
        }
        let mut verdict = match &fact.derived {
            None => accept(rules, &mut people, &names, new_id),
            Some(derived) => derived_verdict(&people, &names, derived),
        };
        let mut kept = log.judge(rules, &people, fact, &names, &verdict);
        // A replay looks whenever a set was kept. A decision can part those that a known set names.
        let is_decided = || verdict.devices(rules, &people).any(|name| people.is_decided(name));
        if fact.derived.is_none() && (kept.fresh || is_decided()) {
            let earlier = |name| log.earlier(rules, &people, &plan, name, &mut untold.sightings);
            let apart = sharing::seen_apart(rules, &people, &verdict, earlier);
            kept.fresh |= !apart.is_empty();
            verdict.turned_shared.extend(apart);
        }
        let owner = verdict.accepted[0];
        log.record(rules, &people, &mut plan, fact, &names, &verdict, kept);
        for &name in &verdict.turned_shared {
            let released = sharing::release(&mut people, name, seq);
            let of_it = released.from.map(|_| name);
            let all: Vec<NameIx> = released.rest.iter().copied().chain(of_it).collect();
            let told = match released.comes_apart() {
                true => story_of(known, &people, &plan, &all).map_err(|unknown| untold.stories.extend(unknown)),
                // A customer with a long history may lose device after device: its evidence is not read for that.
                false => consents_told(known, &people, &all).map_err(|unknown| untold.consents.extend(unknown)),
            };
            if let Ok(story) = told {
                let partings = sharing::part(rules, &mut people, &released, &story, new_id);
                record_sharing(&people, &mut plan, fact, name, &released, &partings);
                history.consents.part(&people, all);
            }
        }
        let is_device = |n: &NameIx| people.names[*n].is_device(rules);
        let device_names: Vec<NameIx> = verdict.accepted.iter().copied().filter(is_device).collect();
        let carrier = carrier(rules, &people, owner, &names);
        if let Some((key, _)) = &fact.order {
            plan.order_messages.insert(key.clone(), fact.message_id.clone());
        }
        let heard = history.record(&mut people, &mut plan, fact, arrival, &verdict.accepted, &device_names, carrier);
        for &name in &names {
            if people.names[name].dirty {
                people.touch(name);
            }
        }
        plan.messages.push(MessageRow { arrival, id: fact.message_id.clone(), owner: people.names[owner].id });
        seen.insert(fact.message_id.clone(), owner);
        plan.outcomes.push(Outcome::Created {
            customer: people.customer_of(owner),
            waits: heard.waits,
            other_currency: heard.other_currency,
        });
    }
    if untold != Untold::default() {
        return Planned::Needs(untold);
    }
    history.finish(&mut people, &mut plan, known);
    log.finish(&mut plan);
    finish(rules, &mut people, &mut plan);
    Planned::Ready(Box::new(plan))
}

/// What a replay says of a fact that was made of what is stored. It moves nobody.
fn derived_verdict(people: &People, names: &[NameIx], derived: &Derived) -> Verdict {
    let refusal = |name: NameIx| {
        let Refused { rule, reason, .. } = derived.refused.iter().find(|r| r.key == people.names[name].key)?;
        Some(Refusal { name, rule: rule.clone(), reason: reason.clone() })
    };
    let (mut shared, names): (Vec<NameIx>, Vec<NameIx>) =
        names.iter().partition(|&&name| people.names[name].shared_since.is_some());
    let refused: Vec<Refusal> = names.iter().filter_map(|&name| refusal(name)).collect();
    let mut accepted: Vec<NameIx> = names.into_iter().filter(|&name| refusal(name).is_none()).collect();
    if accepted.is_empty() {
        // Whom the replay accepted is shared by now.
        accepted.push(shared.remove(0));
    }
    // Whoever it is told of that somebody was refused.
    let customer = accepted.iter().find_map(|&name| people.names[name].customer);
    Verdict { accepted, refused, shared, customer, ..Verdict::default() }
}

/// The identifier of the device that a fact came from, when somebody else owns it: of several one that is
/// shared before any other, and of those the strongest.
fn carrier(rules: &IdentityRules, people: &People, owner: NameIx, names: &[NameIx]) -> Option<NameIx> {
    if people.names[owner].is_device(rules) {
        return None;
    }
    let mut devices = names.iter().copied().filter(|&name| people.names[name].is_device(rules));
    let strongest = devices.clone().next();
    devices.find(|&name| people.names[name].shared_since.is_some()).or(strongest)
}

/// What is told of these identifiers, the plan's own evidence included; or those whose story is not known.
fn story_of(known: &Known, people: &People, plan: &Plan, names: &[NameIx]) -> Result<Story, BTreeSet<IdentifierId>> {
    let stored = names.iter().map(|&name| &people.names[name]).filter(|name| !name.new);
    let unknown: BTreeSet<IdentifierId> = stored.map(|name| name.id).filter(|id| !known.told.contains(id)).collect();
    if !unknown.is_empty() {
        return Err(unknown);
    }
    let ids: FxHashSet<IdentifierId> = names.iter().map(|&name| people.names[name].id).collect();
    let of_them = |named: &[IdentifierId]| named.iter().any(|id| ids.contains(id));
    let stored = known.story.evidence.iter().filter(|seen| of_them(&seen.identifiers)).cloned();
    let own = plan.evidence.iter().filter(|row| of_them(&row.identifiers));
    let own = own.map(|row| Evidence {
        arrival: row.arrival,
        identifiers: row.identifiers.clone(),
        rules_version: row.rules_version,
    });
    Ok(Story {
        evidence: stored.chain(own).collect(),
        said: FxHashMap::default(),
        decisions: known.story.decisions.clone(),
        former: known.story.former.clone(),
        gave: Vec::new(),
    })
}

/// No story, once it is known what these allowed and forbade; or those of whom it is not.
fn consents_told(known: &Known, people: &People, names: &[NameIx]) -> Result<Story, BTreeSet<IdentifierId>> {
    let stored = names.iter().map(|&name| &people.names[name]).filter(|name| !name.new).map(|name| name.id);
    let unknown: BTreeSet<IdentifierId> =
        stored.filter(|id| !known.told.contains(id) && !known.consents_told.contains(id)).collect();
    if unknown.is_empty() { Ok(Story::default()) } else { Err(unknown) }
}

/// The rows of people, when all has happened that happens in a plan.
pub(crate) fn finish(rules: &IdentityRules, people: &mut People, plan: &mut Plan) {
    for customer in 0..people.customers.len() {
        if people.customers[customer].dirty {
            people.take_sides(customer);
        }
    }
    plan.sides = std::mem::take(&mut people.sides_taken);
    write_people(people, plan);
    note_visits(rules, people, plan);
}

/// What is to be judged of visits: around what shared devices did or carried now, all that those did that turn
/// out to be shared or no longer are, and wherever somebody was signed in who is somebody else now.
fn note_visits(rules: &IdentityRules, people: &People, plan: &mut Plan) {
    let mut moments: BTreeMap<IdentifierId, Vec<Timestamp>> = BTreeMap::new();
    let shared = people.names.iter().any(|name| name.shared_since.is_some());
    for touchpoint in plan.touchpoints.iter().filter(|t| shared && t.fact.direction == Direction::Inbound) {
        let device = people.by_id(touchpoint.carrier.unwrap_or(touchpoint.owner));
        if let Some(device) = device.map(|name| &people.names[name])
            && device.shared_since.is_some()
        {
            moments.entry(device.id).or_default().push(touchpoint.at);
        }
    }
    for name in people.names.iter().filter(|name| name.shared_since.is_some() != name.shared_before) {
        moments.remove(&name.id);
        plan.pending.push(Pending::whole(name.id));
    }
    plan.pending.extend(moments.into_iter().flat_map(|(device, moments)| Pending::around(device, moments)));
    let moved = plan.memberships.iter().filter_map(|row| people.by_id(row.identifier));
    let moved = moved.map(|name| &people.names[name]).filter(|name| !name.new && !name.is_device(rules));
    plan.rehomed.extend(moved.map(|name| name.id));
}

/// The rows of identifiers, memberships and customers that differ from when the batch began.
fn write_people(people: &People, plan: &mut Plan) {
    let id_of = |c: CustomerIx| people.customers[c].id.clone();
    for (ix, name) in people.names.iter().enumerate() {
        if name.dirty {
            plan.identifiers.push(IdentifierRow { identifier: people.identifier(ix), new: name.new });
        }
        if name.customer != name.customer_before {
            plan.memberships.push(MembershipRow {
                identifier: name.id,
                from: name.customer_before.map(id_of),
                to: name.customer.map(id_of),
            });
        }
    }
    for person in people.customers.iter().filter(|p| p.dirty) {
        if person.restored {
            plan.restored.push(person.id.clone());
            plan.customers_delta += 1;
        }
        if let Some(into) = person.merged_into {
            plan.merged.push(MergeRow { from: person.id.clone(), into: id_of(into) });
            plan.customers_delta -= 1;
            if person.new || person.restored {
                // Given out and absorbed in one batch: the id was named in outcomes, so it stays.
                plan.customers.push(CustomerRow { new: person.new, ..empty_row(person.id.clone(), person.born) });
                plan.customers_delta += i64::from(person.new);
            }
            continue;
        }
        plan.customers_delta += i64::from(person.new);
        let figures = person.rollup(&people.names);
        let members = || person.members.iter().map(|&m| &people.names[m]);
        plan.customers.push(CustomerRow {
            first_seen_at: members().map(|n| n.first_seen_at).min().unwrap_or_default(),
            last_seen_at: members().map(|n| n.last_seen_at).max().unwrap_or_default(),
            order_count: figures.order_count(),
            channels: figures.channels.into_keys().collect(),
            spend: figures.money,
            ..empty_row(person.id.clone(), person.born)
        });
        if let Some(row) = plan.customers.last_mut() {
            row.new = person.new;
        }
    }
}

fn empty_row(id: CustomerId, born: Arrival) -> CustomerRow {
    CustomerRow {
        id,
        born,
        new: true,
        first_seen_at: Timestamp::default(),
        last_seen_at: Timestamp::default(),
        order_count: 0,
        channels: Vec::new(),
        spend: BTreeMap::new(),
    }
}

/// In which message identifiers were seen together, and how often in all.
pub(crate) struct Seen {
    said: Said,
    first_at: Timestamp,
    last_at: Timestamp,
    count: i64,
    /// Whether these are all events that there were.
    all: bool,
}

impl Seen {
    /// In one message.
    pub(crate) fn once(said: Said) -> Self {
        Seen { first_at: said.at, last_at: said.at, said, count: 1, all: false }
    }

    fn of_fact(fact: &Fact) -> Self {
        let said = Said { message_id: fact.told_by().clone(), source: fact.source.clone(), at: fact.at };
        let (first_at, last_at) = fact.times();
        let count = fact.derived.as_ref().map_or(1, |derived| derived.count);
        Seen { said, first_at, last_at, count, all: fact.derived.is_some() }
    }
}

/// Pairs that were seen together, each once: whether they were bound or not.
#[derive(Default)]
pub(crate) struct Links {
    rows: Vec<LinkRow>,
    places: FxHashMap<(IdentifierId, IdentifierId, bool), usize>,
    /// The rows of large sets of which all were accepted, each with whether it binds: senders repeat those.
    of_set: FxHashMap<Vec<(NameIx, bool)>, Vec<usize>>,
}

/// From how many identifiers on a set is large.
const LARGE: usize = 16;

impl Links {
    pub(crate) fn add(
        &mut self,
        people: &People,
        seen: &Seen,
        one: NameIx,
        other: NameIx,
        rule: &Arc<str>,
        refused: Option<&Arc<str>>,
    ) -> usize {
        let (one, other) = (&people.names[one], &people.names[other]);
        let (from, to) = if one.key < other.key { (one.id, other.id) } else { (other.id, one.id) };
        let Seen { said, first_at, last_at, all, .. } = seen;
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
                    message_id: said.message_id.clone(),
                    source: said.source.clone(),
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

    /// Links those who were accepted together, by the weaker one's kind.
    fn add_set(&mut self, people: &People, seen: &Seen, accepted: &[NameIx]) {
        let binds = |name: NameIx| people.names[name].rank.is_some() || people.names[name].customer.is_some();
        let set: Vec<(NameIx, bool)> = match accepted.len() {
            LARGE.. => accepted.iter().map(|&name| (name, binds(name))).collect(),
            _ => Vec::new(),
        };
        if let Some(places) = self.of_set.remove(&set) {
            places.iter().for_each(|&place| self.again(place, seen));
            self.of_set.insert(set, places);
            return;
        }
        let mut places = Vec::new();
        for (n, &weak) in accepted.iter().enumerate() {
            let kind = &people.names[weak].key.kind;
            let refused: Option<Arc<str>> =
                (!binds(weak)).then(|| format!("{kind} is not a listed kind, so it binds nobody").into());
            for &strong in &accepted[..n] {
                places.push(self.add(people, seen, strong, weak, kind, refused.as_ref()));
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

/// Gathers what the verdicts say: links, evidence, identity histories, change entries.
struct Log<'k> {
    known: &'k Known,
    on_record: FxHashMap<SetName, OnRecord>,
    links: Links,
    /// Where the plan's evidence names each device.
    sightings: FxHashMap<NameIx, Vec<usize>>,
}

/// A fact's set of identifiers and what became of each.
struct Kept {
    set: SetName,
    outcomes: Arc<str>,
    /// Whether it is to be kept.
    fresh: bool,
}

impl<'k> Log<'k> {
    fn new(known: &'k Known) -> Self {
        let on_record = known.evidence.clone();
        Log { known, on_record, links: Links::default(), sightings: FxHashMap::default() }
    }

    /// Whether the set of a fact is kept: when it is new, when its outcome is another than the last time, when it
    /// moved somebody, and when a replay made it. So a replay of what is kept comes to where we are.
    fn judge(
        &mut self,
        rules: &IdentityRules,
        people: &People,
        fact: &Fact,
        names: &[NameIx],
        verdict: &Verdict,
    ) -> Kept {
        let letter = |name: &NameIx| match () {
            () if people.names[*name].shared_since.is_some() => 's',
            () if verdict.accepted.contains(name) => 'a',
            () => 'r',
        };
        let outcomes: Arc<str> = names.iter().map(letter).collect::<String>().into();
        let set = SetName::of(&fact.identifiers);
        let now = OnRecord { outcomes: outcomes.clone(), rules_version: rules.version };
        let before = self.on_record.insert(set.clone(), now);
        // Kept under rules under which one of them does not count, it says nothing.
        let counts_from = names.iter().map(|&name| people.names[name].counts_from).max().unwrap_or_default();
        let before = before.filter(|before| before.rules_version >= counts_from);
        let moved = verdict.created
            || !verdict.joined.is_empty()
            || !verdict.absorbed.is_empty()
            || !verdict.turned_shared.is_empty();
        let fresh = moved || fact.derived.is_some() || before.is_none_or(|before| before.outcomes != outcomes);
        Kept { set, outcomes, fresh }
    }

    /// The identifiers that a device was seen with before, as far as they count. A device whose sightings are not
    /// known is noted as `unknown`.
    fn earlier(
        &self,
        rules: &IdentityRules,
        people: &People,
        plan: &Plan,
        device: NameIx,
        unknown: &mut BTreeSet<IdentifierId>,
    ) -> Vec<NameIx> {
        let Name { id, new, counts_from, .. } = &people.names[device];
        let own = self.sightings.get(&device).into_iter().flatten().rev().map(|&row| &plan.evidence[row]);
        let own = own.map(|row| (row.rules_version, &row.identifiers));
        let stored = self.known.sightings.get(id);
        if stored.is_none() && !new {
            unknown.insert(*id);
        }
        let stored = stored.into_iter().flatten().map(|seen| (seen.rules_version, &seen.identifiers));
        let sets = own.chain(stored).filter(|(version, _)| counts_from <= version).take(sharing::SIGHTINGS);
        let named = sets.flat_map(|(version, ids)| ids.iter().map(move |id| (version, people.by_id(*id))));
        let mut names: Vec<NameIx> = named
            .filter_map(|(version, name)| name.filter(|&name| people.names[name].counts_from <= version))
            .collect();
        names.sort_unstable();
        names.dedup();
        let is_blocked = |name: &Name| name.rank.is_some_and(|rank| rules.kinds[rank].is_blocked(&name.key.value));
        names.retain(|&name| !is_blocked(&people.names[name]));
        names
    }

    fn record(
        &mut self,
        rules: &IdentityRules,
        people: &People,
        plan: &mut Plan,
        fact: &Fact,
        names: &[NameIx],
        verdict: &Verdict,
        kept: Kept,
    ) {
        self.record_links(people, fact, verdict);
        let fresh = kept.fresh;
        if fresh {
            self.record_evidence(rules, people, plan, fact, names, kept);
        }
        record_identity(self.known, people, plan, fact, verdict, fresh);
    }

    fn finish(self, plan: &mut Plan) {
        plan.links = self.links.into_rows();
    }

    /// Every pair: accepted ones are linked by the weaker one's kind, a refused one is refused with each.
    fn record_links(&mut self, people: &People, fact: &Fact, verdict: &Verdict) {
        let seen = Seen::of_fact(fact);
        self.links.add_set(people, &seen, &verdict.accepted);
        for (n, refusal) in verdict.refused.iter().enumerate() {
            let Refusal { name, rule, reason } = refusal;
            for &other in &verdict.accepted {
                self.links.add(people, &seen, other, *name, rule, Some(reason));
            }
            for other in &verdict.refused[..n] {
                let together = people.names[other.name].customer;
                if together.is_some() && together == people.names[*name].customer {
                    self.links.add(people, &seen, other.name, *name, &people.names[*name].key.kind, None);
                } else {
                    self.links.add(people, &seen, other.name, *name, rule, Some(reason));
                }
            }
        }
        for (n, &shared) in verdict.shared.iter().enumerate() {
            let kind = &people.names[shared].key.kind;
            let reason: Arc<str> = format!("{kind} is shared by several people, so it binds nobody").into();
            let others = verdict.accepted.iter().copied().chain(verdict.refused.iter().map(|r| r.name));
            for other in others.chain(verdict.shared[..n].iter().copied()) {
                self.links.add(people, &seen, other, shared, kind, Some(&reason));
            }
        }
    }

    fn record_evidence(
        &mut self,
        rules: &IdentityRules,
        people: &People,
        plan: &mut Plan,
        fact: &Fact,
        names: &[NameIx],
        Kept { set, outcomes, .. }: Kept,
    ) {
        for &device in names.iter().filter(|&&name| people.names[name].is_device(rules)) {
            self.sightings.entry(device).or_default().push(plan.evidence.len());
        }
        plan.evidence.push(EvidenceRow {
            arrival: Arrival::new(plan.seq, plan.evidence.len() as u32),
            set,
            identifiers: names.iter().map(|&n| people.names[n].id).collect(),
            outcomes,
            message_id: fact.told_by().clone(),
            source: fact.source.clone(),
            at: fact.at,
            rules_version: rules.version,
        });
    }
}

/// The lines of identity histories and of the change log that a verdict brings.
fn record_identity(known: &Known, people: &People, plan: &mut Plan, fact: &Fact, verdict: &Verdict, fresh: bool) {
    let Some(customer) = verdict.customer else { return };
    let id = &people.customers[customer].id;
    let message = fact.told_by();
    let ids = |names: &[NameIx]| names.iter().map(|&n| people.names[n].id).collect::<Vec<_>>();
    let by_rule = |rule| Why { rule, message: Some(message.clone()), ..Why::default() };
    let kind_of = |name: Option<&NameIx>| name.map(|&n| people.names[n].key.kind.clone());
    if verdict.created {
        plan.tell(id, IdentityEventKind::Created, &by_rule(None), ids(&verdict.joined), Vec::new());
        let (c, i, m) = (id.clone(), ids(&verdict.joined), message.clone());
        plan.entries.push(ChangeEntry::CustomerCreated { c, i, m });
    } else if !verdict.joined.is_empty() {
        let why = by_rule(kind_of(verdict.joined.last()));
        plan.tell(id, IdentityEventKind::Linked, &why, ids(&verdict.joined), Vec::new());
        let (c, i, m) = (id.clone(), ids(&verdict.joined), message.clone());
        plan.entries.push(ChangeEntry::IdentifierLinked { c, i, m });
    }
    if !verdict.absorbed.is_empty() {
        let others: Vec<CustomerId> = verdict.absorbed.iter().map(|&c| people.customers[c].id.clone()).collect();
        let why = by_rule(kind_of(verdict.accepted.last()));
        plan.tell(id, IdentityEventKind::Merged, &why, ids(&verdict.accepted), others.clone());
        let (c, i, m) = (id.clone(), ids(&verdict.accepted), message.clone());
        plan.entries.push(ChangeEntry::CustomersMerged { c, o: others, i, m: Some(m), w: None });
    }
    if fresh {
        // What was made of the same message may have been away, and be refused again.
        let told = |refusal: &Refusal| {
            let before = known.refused.get(&(message.clone(), people.names[refusal.name].id));
            before.is_some_and(|rules| rules.contains(&refusal.rule))
        };
        for refusal in verdict.refused.iter().filter(|refusal| !told(refusal)) {
            plan.tell_refusal(id, people, refusal, message);
        }
    }
}

/// The lines and entries of an identifier that turned out to be shared.
fn record_sharing(
    people: &People,
    plan: &mut Plan,
    fact: &Fact,
    name: NameIx,
    released: &Released,
    partings: &[Parting],
) {
    let (id, kind) = (people.names[name].id, &people.names[name].key.kind);
    let message = Some(fact.message_id.clone());
    let from = released.from.map(|customer| people.customers[customer].id.clone());
    plan.entries.push(ChangeEntry::IdentifierShared { c: from.clone(), i: vec![id], m: message.clone() });
    let Some(from) = from.filter(|_| !released.stays) else { return };
    let because = |reason: String| Why {
        rule: Some(kind.clone()),
        reason: Some(reason.into()),
        by: None,
        message: message.clone(),
    };
    let why = because(format!("{kind} turned out to be shared by several people, so it binds nobody"));
    plan.tell(&from, IdentityEventKind::Split, &why, vec![id], Vec::new());
    let why = because(format!("only a shared {kind} held them together"));
    record_partings(people, plan, partings, kind, &why);
}

/// The lines and entries of customers that came apart by `rule`: a line with both.
pub(crate) fn record_partings(people: &People, plan: &mut Plan, partings: &[Parting], rule: &Arc<str>, why: &Why) {
    for Parting { from, to, moved } in partings {
        let (from, to) = (people.customers[*from].id.clone(), people.customers[*to].id.clone());
        let moved: Vec<IdentifierId> = moved.iter().map(|&name| people.names[name].id).collect();
        for (customer, other) in [(&from, &to), (&to, &from)] {
            plan.tell(customer, IdentityEventKind::Split, why, moved.clone(), vec![other.clone()]);
        }
        plan.entries.push(ChangeEntry::CustomerSplit {
            c: from,
            o: vec![to],
            i: moved,
            m: why.message.clone(),
            r: rule.clone(),
            w: why.reason.clone(),
        });
    }
}
