//! Each sentence of docs/figures.md with numbers worked out by hand; a slow recount written apart; and the simulation in
//! which the choice must be right.

mod chances;
mod channel;
mod orders;
mod plain;
mod simulation;

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::channel::{ChannelChoice, ChannelScore, choose};
use super::everybody::Everybody;
use super::*;
use crate::domain::claim::Provenance;
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::customer::{Customer, CustomerId};
use crate::domain::identifier::Identifier;
use crate::domain::rollup::Rollup;
use crate::domain::touchpoint::{Campaign, Direction, Touchpoint, TouchpointFact};
use crate::domain::{Arrival, IdentifierKey};
use crate::segments::CustomerFacts;

/// Noon of a day of UTC.
const NOW: Timestamp = Timestamp(20_000 * DAY + DAY / 2);

/// So many days before now.
fn ago(days: f64) -> Timestamp {
    Timestamp(NOW.0 - (days * DAY as f64).round() as i64)
}

/// Traits and masks of a frame, owned.
#[derive(Default)]
struct Setting {
    traits: TraitPolicies,
    masks: Masks,
}

impl Setting {
    fn frame(&self) -> Frame<'_> {
        Frame { now: NOW, traits: &self.traits, masks: &self.masks }
    }
}

/// A customer with an e-mail address and a phone, first seen so many days ago.
fn person(days: f64) -> CustomerFacts {
    let id = CustomerId("c".into());
    let identifier = |n: i64, kind: &str, value: &str| Identifier {
        id: Arrival(n),
        key: IdentifierKey::new(kind, value),
        first_seen_at: ago(days),
        last_seen_at: NOW,
        customer: Some(id.clone()),
        rollup: Rollup::default(),
        shared_since: None,
    };
    let own = vec![
        identifier(1, "user_id", "u1"),
        identifier(2, "email", "ada@example.org"),
        identifier(3, "phone", "+447700900123"),
    ];
    let customer = Customer { id: id.clone(), created_seq: Arrival(1), version: 1, former_ids: Vec::new() };
    let mut view = CustomerView::card(None, customer, own, Vec::new());
    view.consents = Some(Vec::new());
    view.devices = Some(Vec::new());
    CustomerFacts { view: Arc::new(view), touchpoints: Vec::new(), acts: Vec::new(), orders: Vec::new() }
}

fn view(facts: &mut CustomerFacts) -> &mut CustomerView {
    Arc::make_mut(&mut facts.view)
}

fn say(facts: &mut CustomerFacts, name: &str, value: Value) {
    let claims = &mut view(facts).claims;
    claims.push(Claim {
        arrival: Arrival(claims.len() as i64 + 1),
        owner: Arrival(1),
        name: name.into(),
        value: RawValue::from_string(value.to_string()).expect("JSON").into(),
        provenance: Provenance::Declared,
        at: ago(1.0),
        first_at: ago(1.0),
        count: 1,
        source: "shop".into(),
        message_id: None,
        first_message_id: None,
    });
}

fn consent(facts: &mut CustomerFacts, purpose: &str, channel: Option<&str>, status: ConsentStatus) {
    let fact = ConsentFact { purpose: purpose.into(), channel: channel.map(Arc::from), status, expires_at: None };
    let given = view(facts).consents.get_or_insert_default();
    let arrival = Arrival(given.len() as i64 + 1);
    let consent = Arc::new(Consent { arrival, owner: Arrival(1), fact, at: ago(2.0), source: "shop".into() });
    given.push(ConsentGiven { identifier: Arrival(1), consent });
}

/// One touchpoint.
#[derive(Clone)]
struct Touch {
    at: Timestamp,
    channel: &'static str,
    kind: &'static str,
    name: &'static str,
    direction: Direction,
    campaign: Option<String>,
    properties: Value,
}

fn touch(at: Timestamp, channel: &'static str, kind: &'static str, direction: Direction) -> Touch {
    Touch { at, channel, kind, name: "X", direction, campaign: None, properties: Value::Null }
}

/// A message, so many days ago.
fn sent(days: f64, channel: &'static str) -> Touch {
    touch(ago(days), channel, "message_sent", Direction::Outbound)
}

fn opened(days: f64, channel: &'static str) -> Touch {
    touch(ago(days), channel, "message_opened", Direction::Inbound)
}

fn came(days: f64, channel: &'static str) -> Touch {
    touch(ago(days), channel, "view", Direction::Inbound)
}

impl Touch {
    fn with(self, properties: Value) -> Self {
        Touch { properties, ..self }
    }

    fn of(self, campaign: &str) -> Self {
        Touch { campaign: Some(campaign.to_owned()), ..self }
    }
}

/// Adds touchpoints, in order of time.
fn did(facts: &mut CustomerFacts, touches: impl IntoIterator<Item = Touch>) {
    for touch in touches {
        let n = facts.touchpoints.len() as i64 + 1;
        let campaign = touch.campaign.map(|name| Arc::new(Campaign { name: Some(name.into()), ..Campaign::default() }));
        let properties = (!touch.properties.is_null())
            .then(|| RawValue::from_string(touch.properties.to_string()).expect("JSON").into());
        facts.touchpoints.push(Touchpoint {
            arrival: Arrival(n),
            message_id: format!("m{n}").into(),
            at: touch.at,
            owner: Arrival(1),
            device_identifier: None,
            source: "shop".into(),
            device: None,
            order: None,
            fact: TouchpointFact {
                kind: touch.kind.into(),
                name: touch.name.into(),
                channel: touch.channel.into(),
                direction: touch.direction,
                session_id: None,
                campaign,
                properties,
            },
        });
    }
    facts.touchpoints.sort_by_key(|touchpoint| (touchpoint.at, touchpoint.arrival));
}

fn with(days: f64, touches: impl IntoIterator<Item = Touch>) -> CustomerFacts {
    let mut facts = person(days);
    did(&mut facts, touches);
    facts
}

fn everybody(people: &[&CustomerFacts]) -> Everybody {
    let (setting, mut sums) = (Setting::default(), Everybody::default());
    people.iter().for_each(|facts| sums.add(facts, &setting.frame()));
    sums
}

/// The choice for the first of these, who are all there are.
fn chosen(people: &[&CustomerFacts]) -> ChannelChoice {
    for_purpose(people, None)
}

fn for_purpose(people: &[&CustomerFacts], purpose: Option<&str>) -> ChannelChoice {
    choose(people[0], &everybody(people), &Setting::default().frame(), purpose).expect("a choice")
}

fn of<'c>(choice: &'c ChannelChoice, channel: &str) -> &'c ChannelScore {
    choice.alternatives.iter().find(|score| *score.channel == *channel).unwrap_or_else(|| panic!("{choice:?}"))
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

/// The weight of an age in days.
fn w(days: f64) -> f64 {
    0.5_f64.powf(days / 180.0)
}
