//! A store in memory that holds what a planner needs and believes nothing: every plan that
//! contradicts what it holds fails the test.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use throughline::domain::change::IdentityEventKind;
use throughline::domain::claim::Claim;
use throughline::domain::consent::{Consent, ConsentGiven, ConsentStatus};
use throughline::domain::customer::CustomerId;
use throughline::domain::decision::{Decision, Side};
use throughline::domain::fact::Fact;
use throughline::domain::identifier::Identifier;
use throughline::domain::order::{Order, OrderEvent, OrderKey};
use throughline::domain::rollup::Rollup;
use throughline::domain::rules::IdentityRules;
use throughline::domain::touchpoint::{Direction, Touchpoint};
use throughline::domain::{Arrival, IdentifierId, IdentifierKey, Timestamp};
use throughline::stitching::batch::SetName;
use throughline::stitching::compare::{CurrentPartition, Difference, Piece, compare};
use throughline::stitching::known::{
    ClaimsByOwner, Evidence, Former, KnownCustomer, OnRecord, SourceMessage, claimed_values,
};
use throughline::stitching::moves::{Move, apply_moves};
use throughline::stitching::restitch::{CurrentIdentifier, Explanation, Replayed, Restitch};
use throughline::stitching::rows::CustomerRow;
use throughline::stitching::sharing::SIGHTINGS;
use throughline::stitching::{
    Batch, DecisionAction, DecisionOutcome, DecisionRequest, Known, Missing, Plan, Planned, decide, plan,
};

/// What was planned so far.
#[derive(Default)]
pub(crate) struct FakeStore {
    seq: i64,
    ids_given: u64,
    /// How many customers the plans say there are.
    pub(crate) live: i64,
    pub(crate) identifiers: BTreeMap<IdentifierId, Identifier>,
    by_key: HashMap<IdentifierKey, IdentifierId>,
    /// The rows of customers that were not merged away.
    pub(crate) customers: BTreeMap<CustomerId, CustomerRow>,
    created_seq: HashMap<CustomerId, Arrival>,
    messages: HashMap<Arc<str>, IdentifierId>,
    evidence: BTreeMap<Arrival, Evidence>,
    outcomes: HashMap<SetName, OnRecord>,
    pub(crate) decisions: Vec<Decision>,
    sides: BTreeSet<Side>,
    merged: BTreeMap<CustomerId, (CustomerId, i64)>,
    past: BTreeMap<(CustomerId, i64), Vec<IdentifierId>>,
    orders: HashMap<OrderKey, Vec<OrderEvent>>,
    claims: BTreeMap<Arrival, Claim>,
    consents: HashMap<Arrival, Arc<Consent>>,
    gave: BTreeSet<(IdentifierId, Arrival)>,
    gave_before: BTreeSet<(IdentifierId, Arrival)>,
    touchpoints: Vec<Touchpoint>,
}

impl FakeStore {
    /// Takes facts in batches of these sizes, over and over.
    pub(crate) fn take(&mut self, rules: &IdentityRules, facts: &[Fact], sizes: &[usize]) {
        let mut sizes = sizes.iter().copied().cycle();
        let mut rest = facts;
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
            rest = later;
            self.apply(rules, &Batch { facts: batch.to_vec() });
        }
    }

    /// Plans a batch and keeps what the plan says.
    pub(crate) fn apply(&mut self, rules: &IdentityRules, batch: &Batch) -> Plan {
        let mut known = self.known(batch);
        let mut given = self.ids_given;
        let mut new_id = || {
            given += 1;
            CustomerId(format!("{given:032}").into())
        };
        let plan = loop {
            match plan(rules, &known, batch, self.seq + 1, Timestamp(0), &mut new_id) {
                Planned::Ready(plan, ()) => break *plan,
                Planned::Needs(untold) => self.tell_untold(&untold, &mut known),
            }
        };
        self.ids_given = given;
        if !plan.is_empty() {
            self.keep(&plan);
        }
        plan
    }

    /// Plans what a person says and keeps what the plan says.
    pub(crate) fn decide(&mut self, rules: &IdentityRules, action: DecisionAction) -> DecisionOutcome {
        let request = DecisionRequest { action, by: "ada".into(), reason: "she said so".into() };
        let mut known = Known::default();
        let named: BTreeSet<IdentifierId> =
            request.action.identifiers().iter().filter_map(|key| self.by_key.get(key).copied()).collect();
        let mut holders: BTreeSet<CustomerId> =
            named.iter().filter_map(|id| self.identifiers[id].customer.clone()).collect();
        for id in request.action.customers() {
            if let Some(now) = self.living(id) {
                known.living.insert(id.clone(), now.clone());
                holders.insert(now);
            }
        }
        self.know(&named, &holders, &mut known);
        let mut given = self.ids_given;
        let mut new_id = || {
            given += 1;
            CustomerId(format!("{given:032}").into())
        };
        let (plan, outcome) = loop {
            match decide(rules, &known, &request, self.seq + 1, Timestamp(0), &mut new_id) {
                Planned::Ready(plan, outcome) => break (plan, outcome),
                Planned::Needs(missing) => self.tell_untold(&missing, &mut known),
            }
        };
        self.ids_given = given;
        if outcome.done {
            self.keep(&plan);
        } else {
            assert!(plan.is_empty(), "what is not done writes nothing");
        }
        outcome
    }

    /// Who a customer became; `None` for an id that nobody had.
    pub(crate) fn living(&self, id: &CustomerId) -> Option<CustomerId> {
        let mut id = id;
        while let Some((into, _)) = self.merged.get(id) {
            id = into;
        }
        self.created_seq.contains_key(id).then(|| id.clone())
    }

    fn tell_untold(&self, untold: &Missing, known: &mut Known) {
        self.tell(&untold.histories, known);
        self.tell_consents(&untold.consents - &untold.histories, known);
        known.with_consents.extend(&untold.consents);
        self.tell_claims(&untold.claims, known);
        for device in &untold.sightings {
            let latest = self.evidence.values().rev().filter(|seen| seen.identifiers.contains(device));
            known.sightings.insert(*device, latest.take(SIGHTINGS).cloned().collect());
        }
        let sightings = untold.sightings.iter().flat_map(|device| &known.sightings[device]);
        let missing = known.missing(sightings.flat_map(|seen| seen.identifiers.clone()));
        let holders = missing.iter().filter_map(|id| self.identifiers[id].customer.clone()).collect();
        self.know(&missing, &holders, known);
    }

    fn tell(&self, unknown: &BTreeSet<IdentifierId>, known: &mut Known) {
        let touches = |ids: &[IdentifierId]| ids.iter().any(|id| unknown.contains(id));
        known
            .histories
            .evidence
            .extend(self.evidence.iter().filter(|(_, e)| touches(&e.identifiers)).map(|(_, e)| e.clone()));
        // Each of a message of its own.
        let said = |arrival: Arrival| {
            let message_id = format!("m{}", arrival.0).into();
            SourceMessage { message_id, source: "shop".into(), at: Timestamp(0) }
        };
        known
            .histories
            .source_messages
            .extend(known.histories.evidence.iter().map(|seen| (seen.arrival, said(seen.arrival))));
        let said = self
            .decisions
            .iter()
            .filter(|d| self.sides.iter().any(|s| s.decision == d.arrival && unknown.contains(&s.identifier)));
        known.histories.decisions.extend(said.cloned());
        let holders: BTreeSet<&CustomerId> =
            unknown.iter().filter_map(|id| self.identifiers[id].customer.as_ref()).collect();
        for (old, (_, merged)) in &self.merged {
            if self.living(old).is_some_and(|now| holders.contains(&now)) {
                let identifiers = self.past.get(&(old.clone(), *merged)).cloned().unwrap_or_default();
                known.histories.former.push(Former {
                    id: old.clone(),
                    created_seq: self.created_seq[old],
                    merged: *merged,
                    identifiers,
                });
            }
        }
        self.tell_consents(unknown.clone(), known);
        known.with_history.extend(unknown);
    }

    fn tell_consents(&self, unknown: BTreeSet<IdentifierId>, known: &mut Known) {
        for (held, holds) in [(&self.gave, true), (&self.gave_before, false)] {
            let of_them = held.iter().filter(|(holder, _)| unknown.contains(holder));
            known.histories.gave.extend(of_them.map(|given| (self.given(given), holds)));
        }
    }

    fn given(&self, (identifier, consent): &(IdentifierId, Arrival)) -> ConsentGiven {
        ConsentGiven { identifier: *identifier, consent: self.consents[consent].clone() }
    }

    /// Identifiers and customers, with all that these hold, and where they stand in decisions.
    fn know(&self, ids: &BTreeSet<IdentifierId>, holders: &BTreeSet<CustomerId>, known: &mut Known) {
        let held = |i: &&Identifier| i.customer.as_ref().is_some_and(|c| holders.contains(c));
        known.identifiers.extend(self.identifiers.values().filter(|i| ids.contains(&i.id) || held(i)).cloned());
        known
            .customers
            .extend(holders.iter().map(|id| KnownCustomer { id: id.clone(), created_seq: self.created_seq[id] }));
        let read: BTreeSet<IdentifierId> = known.identifiers.iter().map(|i| i.id).collect();
        known.sides.extend(self.sides.iter().filter(|side| read.contains(&side.identifier)));
    }

    fn tell_claims(&self, untold: &ClaimsByOwner, known: &mut Known) {
        for (owner, values) in claimed_values(untold) {
            let present = self.claims.values().filter(|claim| claim.owner == owner);
            known.claims.extend(present.filter(|claim| values.contains(&(&*claim.name, claim.value.get()))).cloned());
        }
        known.with_claims.extend(untold.keys().cloned());
    }

    /// What a batch may touch, as `Known` says: no more, so that a planner that needs more is found out.
    fn known(&self, batch: &Batch) -> Known {
        let mut known = Known::default();
        for id in batch.messages() {
            if let Some(owner) = self.messages.get(id) {
                known.messages.insert(id.clone(), self.identifiers[owner].customer.clone());
            }
        }
        let mut ids: BTreeSet<IdentifierId> =
            batch.identifiers().into_iter().filter_map(|key| self.by_key.get(key).copied()).collect();
        for key in batch.orders() {
            if let Some(events) = self.orders.get(key) {
                ids.extend(Order::fold(key.clone(), events.clone()).placed.map(|p| p.owner));
                known.orders.insert(key.clone(), events.clone());
            }
        }
        let holders: BTreeSet<CustomerId> = ids.iter().filter_map(|id| self.identifiers[id].customer.clone()).collect();
        self.know(&ids, &holders, &mut known);
        let sets = batch.sets();
        known
            .evidence
            .extend(self.outcomes.iter().filter(|(set, _)| sets.contains(set)).map(|(s, o)| (s.clone(), o.clone())));
        self.tell_claims(&batch.claims(&known), &mut known);
        if !batch.consenters().is_empty() {
            let read: BTreeSet<IdentifierId> = known.identifiers.iter().map(|i| i.id).collect();
            let gave = self.gave.iter().filter(|(holder, _)| read.contains(holder));
            known.consents.extend(gave.map(|given| self.given(given)));
        }
        known
    }

    fn keep(&mut self, plan: &Plan) {
        assert_eq!(plan.seq, self.seq + 1);
        self.seq = plan.seq;
        self.live += plan.customers_delta;
        for id in &plan.restored {
            assert!(self.merged.remove(id).is_some(), "only who was merged away is given back");
        }
        for row in &plan.customers {
            assert_eq!(row.new, self.created_seq.insert(row.id.clone(), row.created_seq).is_none(), "{row:?}");
            self.customers.insert(row.id.clone(), row.clone());
        }
        let mut moved = HashSet::new();
        for row in &plan.identifiers {
            let i = &row.identifier;
            let before = self.by_key.insert(i.key.clone(), i.id);
            assert_eq!(before, (!row.new).then_some(i.id), "an identifier is made once");
            let customer = self.identifiers.get(&i.id).and_then(|i| i.customer.clone());
            // Who holds it is said by the membership below, and must agree.
            self.identifiers.insert(i.id, Identifier { customer, ..i.clone() });
        }
        for row in &plan.memberships {
            assert!(moved.insert(row.identifier), "an identifier goes to two customers");
            let identifier = self.identifiers.get_mut(&row.identifier).expect("an identifier that is there");
            assert_eq!(identifier.customer, row.from, "it was held by whom the plan says");
            identifier.customer = row.to.clone();
            if let Some(from) = &row.from {
                self.past.entry((from.clone(), plan.seq)).or_default().push(row.identifier);
            }
        }
        for row in &plan.identifiers {
            assert_eq!(self.identifiers[&row.identifier.id].customer, row.identifier.customer);
        }
        for row in &plan.merged {
            assert!(self.created_seq[&row.into] < self.created_seq[&row.from], "the id that was given out first stays");
            assert!(self.customers.remove(&row.from).is_some(), "a customer is merged away once");
            self.merged.insert(row.from.clone(), (row.into.clone(), plan.seq));
        }
        for row in &plan.messages {
            assert!(self.messages.insert(row.id.clone(), row.owner).is_none(), "a message is stored once");
        }
        for row in &plan.evidence {
            let (arrival, rules_version) = (row.arrival, row.rules_version);
            let seen = Evidence { arrival, identifiers: row.identifiers.clone(), rules_version };
            assert!(self.evidence.insert(row.arrival, seen).is_none(), "a place is given once");
            let outcomes = row.outcomes.clone();
            self.outcomes.insert(row.set.clone(), OnRecord { outcomes, rules_version });
        }
        for decision in &plan.decisions {
            for (n, side) in decision.sides.iter().enumerate() {
                self.sides.extend(side.iter().map(|&identifier| Side {
                    identifier,
                    decision: decision.arrival,
                    kind: decision.kind,
                    number: n as i64 + 1,
                }));
            }
            self.decisions.push(decision.clone());
        }
        for side in &plan.sides {
            assert!(self.sides.insert(*side), "a side is taken once");
        }
        self.orders.extend(plan.orders.iter().map(|order| (order.key.clone(), order.events.clone())));
        self.touchpoints.extend(plan.touchpoints.iter().cloned());
        for claim in &plan.claims_opened {
            assert!(self.claims.insert(claim.arrival, claim.clone()).is_none());
        }
        for closed in &plan.claims_closed {
            assert!(self.claims.remove(closed).is_some(), "a claim is closed once");
        }
        self.consents.extend(plan.consents.iter().map(|c| (c.arrival, Arc::new(c.clone()))));
        for given in &plan.consents_given {
            assert!(self.gave.insert(*given), "a decision is given once");
        }
        for taken in &plan.consents_taken {
            assert!(self.gave.remove(taken), "a decision is taken from who holds it");
            self.gave_before.insert(*taken);
        }
    }

    /// Every grant is held by whoever gave it and those who are together with it.
    pub(crate) fn check_grants(&self) {
        for (holder, consent) in &self.gave {
            let owner = self.consents[consent].owner;
            let granted = self.consents[consent].fact.status == ConsentStatus::Granted;
            let (ours, theirs) = (&self.identifiers[holder].customer, &self.identifiers[&owner].customer);
            assert!(!granted || *holder == owner || ours == theirs, "a grant of somebody else");
        }
    }

    /// The identifiers of each customer, by key.
    pub(crate) fn partition(&self) -> BTreeSet<BTreeSet<String>> {
        let mut sets: BTreeMap<&CustomerId, BTreeSet<String>> = BTreeMap::new();
        for identifier in self.identifiers.values() {
            if let Some(customer) = &identifier.customer {
                sets.entry(customer).or_default().insert(identifier.key.to_string());
            }
        }
        sets.into_values().collect()
    }

    /// Makes who is who what `rules` say, and answers what that changed.
    pub(crate) fn apply_moves(&mut self, rules: &IdentityRules) -> Difference {
        let (difference, whys) = self.difference_and_why(rules);
        let ids: Vec<IdentifierId> = self.identifiers.keys().copied().collect();
        let of = |places: &Vec<usize>| places.iter().map(|&n| ids[n]).collect::<Vec<_>>();
        let holder = |id: IdentifierId| self.identifiers[&id].customer.as_ref().map(|c| self.created_seq[c]);
        let moves = difference.pieces.iter().zip(whys).map(|(piece, explanation)| Move {
            members: of(&piece.members).into_iter().map(|id| (id, holder(id))).collect(),
            groups: piece.groups.iter().map(of).collect(),
            shared: of(&piece.shared),
            explanation,
        });
        let moves: Vec<Move> = moves.collect();
        let members: BTreeSet<IdentifierId> = moves.iter().flat_map(|m| &m.members).map(|(id, _)| *id).collect();
        let holders = members.iter().filter_map(|id| self.identifiers[id].customer.clone()).collect();
        let mut known = Known::default();
        self.know(&members, &holders, &mut known);
        let mut given = self.ids_given;
        let mut new_id = || {
            given += 1;
            CustomerId(format!("{given:032}").into())
        };
        let plan = loop {
            match apply_moves(rules, &known, &moves, self.seq + 1, Timestamp(0), &mut new_id) {
                Planned::Ready(plan, done) => {
                    assert_eq!(done, moves.len(), "nobody has moved meanwhile");
                    break plan;
                }
                Planned::Needs(missing) => self.tell_untold(&missing, &mut known),
            }
        };
        self.ids_given = given;
        self.keep(&plan);
        let cuts = moves.iter().flat_map(|one| &one.explanation.cuts);
        for cut in cuts.clone() {
            let holder = |id: &IdentifierId| &self.identifiers[id].customer;
            assert!(cut.from.iter().all(|other| holder(other) != holder(&cut.identifier)), "{cut:?}");
        }
        let told = plan.identity_events.iter().filter(|line| line.kind == IdentityEventKind::Refused);
        assert_eq!(told.count(), cuts.count(), "every refusal is told");
        difference
    }

    /// What other rules would change.
    pub(crate) fn difference(&self, rules: &IdentityRules) -> Difference {
        self.difference_and_why(rules).0
    }

    fn difference_and_why(&self, rules: &IdentityRules) -> (Difference, Vec<Explanation>) {
        let mut numbers: BTreeMap<&CustomerId, u32> = BTreeMap::new();
        let mut today = CurrentPartition::default();
        for identifier in self.identifiers.values() {
            let next = numbers.len() as u32;
            let number = identifier.customer.as_ref().map(|customer| *numbers.entry(customer).or_insert(next));
            today.holders.push(number);
            today.shared.push(identifier.is_shared());
            today.made.push(false);
        }
        let replayed = self.replay(rules);
        let difference = compare(&today, &replayed.partition);
        let why = |piece: &Piece| {
            let one =
                |&place: &usize| CurrentIdentifier { place, holder: today.holders[place], shared: today.shared[place] };
            let members: Vec<CurrentIdentifier> = piece.members.iter().map(one).collect();
            let explanation = replayed.why(&members);
            assert!(!explanation.reason.is_empty());
            explanation
        };
        let whys = difference.pieces.iter().map(why).collect();
        (difference, whys)
    }

    /// Every id that was ever given out.
    pub(crate) fn ids(&self) -> Vec<CustomerId> {
        self.created_seq.keys().cloned().collect()
    }

    fn replay<'r>(&self, rules: &'r IdentityRules) -> Replayed<'r> {
        let mut replay = Restitch::new(rules, self.decisions.clone());
        for identifier in self.identifiers.values() {
            replay.add(identifier.id, &identifier.key, false);
        }
        for seen in self.evidence.values() {
            replay.see(seen);
        }
        replay.finish()
    }

    /// Who is who, worked out again under `rules` from the evidence and the decisions.
    pub(crate) fn restitched(&self, rules: &IdentityRules) -> (BTreeSet<BTreeSet<String>>, BTreeSet<String>) {
        let partition = self.replay(rules).partition;
        let mut sets: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for (n, identifier) in self.identifiers.values().enumerate() {
            if let Some(group) = partition.groups[n] {
                sets.entry(group).or_default().insert(identifier.key.to_string());
            }
            if partition.shared[n] {
                shared.insert(identifier.key.to_string());
            }
        }
        (sets.into_values().collect(), shared)
    }

    /// The identifiers that are shared, by key.
    pub(crate) fn shared(&self) -> BTreeSet<String> {
        self.identifiers.values().filter(|i| i.is_shared()).map(|i| i.key.to_string()).collect()
    }

    /// How many times each claim was said: what is stored, whatever the order it came in.
    pub(crate) fn claims_said(&self) -> BTreeMap<String, (Timestamp, Timestamp, i64)> {
        let name = |c: &Claim| format!("{} {} {}", self.identifiers[&c.owner].key, c.name, c.value.get());
        self.claims.values().map(|c| (name(c), (c.first_at, c.at, c.count))).collect()
    }

    /// The figures of each identifier, counted again from the rows.
    pub(crate) fn recount(&self) -> BTreeMap<IdentifierId, Rollup> {
        let mut sums: BTreeMap<IdentifierId, Rollup> =
            self.identifiers.keys().map(|id| (*id, Rollup::default())).collect();
        for t in &self.touchpoints {
            let sum = sums.entry(t.owner).or_default().channels.entry(t.fact.channel.clone()).or_default();
            sum.last_at = if sum.touchpoints == 0 { t.at } else { sum.last_at.max(t.at) };
            sum.touchpoints += 1;
            sum.answered += i64::from(t.fact.direction == Direction::Inbound);
            sum.sent += i64::from(&*t.fact.kind == "message_sent" && t.fact.direction == Direction::Outbound);
        }
        for (key, events) in &self.orders {
            let order = Order::fold(key.clone(), events.clone());
            if let Some((owner, currency, part)) = order.figures() {
                sums.entry(owner).or_default().count_order(currency, &part, 1);
            }
        }
        sums
    }
}
