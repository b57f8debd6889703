//! Small worlds, and a projection that applied their history.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use throughline::domain::consent::ConsentStatus;
use throughline::domain::order::OrderKey;
use throughline::domain::touchpoint::Direction;
use throughline::domain::{Amount, Arrival, Currency, CustomerId, IdentifierId, Timestamp};
use throughline::journeys::{
    Builder, HeldConsent, OrderNet, OwnerReassignment, Projection, Row, TouchpointKind, Update,
};

/// A touchpoint.
#[derive(Clone, Debug)]
pub(crate) struct Touchpoint {
    pub(crate) owner: i64,
    pub(crate) at: i64,
    pub(crate) arrival: i64,
    pub(crate) session: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) name: String,
    pub(crate) channel: String,
    pub(crate) campaign: Option<String>,
    pub(crate) platform: Option<String>,
}

impl Touchpoint {
    /// Its value of a dimension, as stored.
    pub(crate) fn value(&self, dimension: &str) -> Option<&str> {
        match dimension {
            "name" => Some(&self.name),
            "channel" => Some(&self.channel),
            "campaign" => self.campaign.as_deref(),
            "properties.platform" => self.platform.as_deref(),
            other => panic!("no world has {other}"),
        }
    }
}

/// The final state.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) touchpoints: Vec<Touchpoint>,
    pub(crate) members: BTreeMap<i64, String>,
    pub(crate) orders: BTreeMap<String, (String, i64)>,
    pub(crate) consents: BTreeMap<i64, Vec<HeldConsent>>,
}

/// One step of the history.
#[derive(Clone, Debug)]
pub(crate) enum HistoryStep {
    Touchpoint(Touchpoint),
    Membership(i64, Option<u8>),
    Reassignment(prop::sample::Index, Option<i64>),
    Order(u8, String, i64),
    Consents(i64, Vec<HeldConsent>),
    Folded,
    SavedAndLoaded,
}

pub(crate) fn configured() -> Arc<[Arc<str>]> {
    ["properties.platform".into()].into()
}

pub(crate) fn histories() -> impl Strategy<Value = (Vec<HistoryStep>, usize)> {
    let text = |all: &'static [&'static str]| prop::sample::select(all).prop_map(str::to_owned);
    let seen = (
        (1_i64..8, 0_i64..60, prop::option::weighted(0.4, 0_u8..3), prop::option::weighted(0.3, 0_u8..4)),
        (
            text(&["a", "b", "c", "a", "b", "START", "(direct)"]),
            text(&["web", "mail", "…"]),
            prop::option::of(text(&["spring", "(none)"])),
            prop::option::of(text(&["ios", "web"])),
        ),
    );
    let seen = seen.prop_map(|((owner, at, session, order), (name, channel, campaign, platform))| {
        HistoryStep::Touchpoint(Touchpoint {
            owner,
            at: at * 1_000,
            arrival: 0,
            session: session.map(|n| format!("s{n}")),
            order: order.map(|n| format!("o{n}")),
            name,
            channel,
            campaign,
            platform,
        })
    });
    let status = prop::sample::select(
        &[
            ConsentStatus::Granted,
            ConsentStatus::Granted,
            ConsentStatus::Unknown,
            ConsentStatus::Denied,
            ConsentStatus::Revoked,
        ][..],
    );
    let purpose = prop::sample::select(&["marketing", "profiling"][..]);
    let channel = prop::option::weighted(0.4, prop::sample::select(&["web", "mail"][..]));
    let consent = (status, purpose, channel, prop::option::of(0_i64..2_000));
    let consent = consent.prop_map(|(status, purpose, channel, expires)| HeldConsent {
        purpose: purpose.into(),
        channel: channel.map(Into::into),
        status,
        expires_at: expires.map(Timestamp),
    });
    let step = prop_oneof![
        12 => seen,
        5 => (1_i64..8, prop::option::weighted(0.8, 0_u8..4)).prop_map(|(owner, holder)| HistoryStep::Membership(owner, holder)),
        2 => (any::<prop::sample::Index>(), prop::option::weighted(0.8, 1_i64..8)).prop_map(|(which, to)| HistoryStep::Reassignment(which, to)),
        2 => (0_u8..4, text(&["GBP", "JPY"]), -5_i64..2_000_000_000).prop_map(|(n, currency, net)| HistoryStep::Order(n, currency, net)),
        // The sum of nine of these does not fit in 64 bits.
        1 => (0_u8..4, text(&["VND", "GBP"]), 999_999_999_990_000_000_i64..1_000_000_000_000_000_000)
            .prop_map(|(n, currency, net)| HistoryStep::Order(n, currency, net)),
        2 => (1_i64..8, prop::collection::vec(consent, 0..3)).prop_map(|(owner, held)| HistoryStep::Consents(owner, held)),
        1 => Just(HistoryStep::Folded),
        1 => Just(HistoryStep::SavedAndLoaded),
    ];
    (prop::collection::vec(step, 0..60), 0_usize..50)
}

/// The final world and its projection: the first `at_once` steps are built, the rest are applied.
pub(crate) fn live(history: &[HistoryStep], at_once: usize) -> (World, Projection) {
    let mut world = World::default();
    let at_once = at_once.min(history.len());
    history[..at_once].iter().zip(1..).for_each(|(step, n)| _ = world.apply(step, n));
    let mut projection = world.build();
    for (step, n) in history[at_once..].iter().zip(at_once as i64 + 1..) {
        match step {
            HistoryStep::Folded => projection = projection.fold(2),
            HistoryStep::SavedAndLoaded => {
                let mut bytes = Vec::new();
                projection.write_to(&mut bytes).expect("room in memory");
                projection = Projection::read_from(&mut &bytes[..]).expect("what was written");
            }
            _ => {}
        }
        // A reader keeps the state before.
        let reader = (n % 3 == 0).then(|| projection.clone());
        if let Some(change) = world.apply(step, n) {
            change.apply_to(&mut projection);
        }
        drop(reader);
    }
    assert_eq!(projection.touchpoints(), world.touchpoints.len() as u64);
    (world, projection)
}

/// The update of a projection for one step of the history.
pub(crate) enum ProjectionChange {
    Row(Touchpoint),
    Reassigned(OwnerReassignment),
    Member(i64, Option<CustomerId>),
    Order(OrderNet),
    Consents(i64, Vec<HeldConsent>),
}

impl ProjectionChange {
    fn apply_to(&self, projection: &mut Projection) {
        let mut update = Update::default();
        let key;
        match self {
            ProjectionChange::Row(touchpoint) => {
                key = touchpoint.order.as_deref().map(order_key);
                let platform = [touchpoint.platform.as_deref()];
                update.rows.push(row(touchpoint, key.as_ref(), &platform));
                // Twice, as after a restart: updates are idempotent.
                projection.apply(&update);
                projection.apply(&update);
                return;
            }
            ProjectionChange::Reassigned(reassignment) => update.reassigned.push(*reassignment),
            ProjectionChange::Member(identifier, customer) => {
                update.members.push((IdentifierId::new(0, *identifier as u32), customer.clone()))
            }
            ProjectionChange::Order(order) => update.orders.push(order.clone()),
            ProjectionChange::Consents(identifier, held) => {
                update.consents.push((IdentifierId::new(0, *identifier as u32), held.clone()));
            }
        }
        projection.apply(&update);
        projection.apply(&update);
    }
}

impl World {
    fn apply(&mut self, step: &HistoryStep, n: i64) -> Option<ProjectionChange> {
        match step {
            HistoryStep::Touchpoint(touchpoint) => {
                let touchpoint = Touchpoint { arrival: n, ..touchpoint.clone() };
                self.touchpoints.push(touchpoint.clone());
                Some(ProjectionChange::Row(touchpoint))
            }
            HistoryStep::Membership(identifier, holder) => {
                let holder = holder.map(|n| format!("customer-{n}"));
                match &holder {
                    Some(customer) => self.members.insert(*identifier, customer.clone()),
                    None => self.members.remove(identifier),
                };
                Some(ProjectionChange::Member(*identifier, holder.map(|id| CustomerId(id.into()))))
            }
            HistoryStep::Reassignment(which, to) => {
                if self.touchpoints.is_empty() {
                    return None;
                }
                let place = which.index(self.touchpoints.len());
                let (arrival, from) = (self.touchpoints[place].arrival, self.touchpoints[place].owner);
                match to {
                    Some(to) => self.touchpoints[place].owner = *to,
                    None => _ = self.touchpoints.remove(place),
                }
                let to = to.map(|to| IdentifierId::new(0, to as u32));
                Some(ProjectionChange::Reassigned(OwnerReassignment {
                    arrival: Arrival(arrival),
                    from: IdentifierId::new(0, from as u32),
                    to,
                }))
            }
            HistoryStep::Order(n, currency, net) => {
                let number = format!("o{n}");
                self.orders.insert(number.clone(), (currency.clone(), *net));
                let currency = Currency(currency.as_str().into());
                Some(ProjectionChange::Order(OrderNet {
                    key: order_key(&number),
                    net: Amount((*net).into()),
                    currency,
                }))
            }
            HistoryStep::Consents(identifier, held) => {
                self.consents.insert(*identifier, held.clone());
                Some(ProjectionChange::Consents(*identifier, held.clone()))
            }
            HistoryStep::Folded | HistoryStep::SavedAndLoaded => None,
        }
    }

    /// A projection of everything at once, from two builders.
    pub(crate) fn build(&self) -> Projection {
        let mut halves = [Builder::new(configured()), Builder::new(configured())];
        for (n, touchpoint) in self.touchpoints.iter().rev().enumerate() {
            let key = touchpoint.order.as_deref().map(order_key);
            halves[n % 2].row(&row(touchpoint, key.as_ref(), &[touchpoint.platform.as_deref()]));
        }
        for (n, (identifier, customer)) in self.members.iter().enumerate() {
            halves[n % 2].member(IdentifierId::new(0, *identifier as u32), &CustomerId(customer.as_str().into()));
        }
        for (n, (number, (currency, net))) in self.orders.iter().enumerate() {
            let currency = Currency(currency.as_str().into());
            halves[n % 2].order(&OrderNet { key: order_key(number), net: Amount((*net).into()), currency });
        }
        for (n, (identifier, held)) in self.consents.iter().enumerate() {
            halves[n % 2].consents(IdentifierId::new(0, *identifier as u32), held);
        }
        let [mut one, other] = halves;
        one.absorb(other);
        one.finish(3)
    }
}

fn order_key(number: &str) -> OrderKey {
    OrderKey { source: "shop".into(), number: number.into() }
}

fn row<'a>(touchpoint: &'a Touchpoint, order: Option<&'a OrderKey>, platform: &'a [Option<&'a str>]) -> Row<'a> {
    Row {
        owner: IdentifierId::new(0, touchpoint.owner as u32),
        at: Timestamp(touchpoint.at),
        arrival: Arrival(touchpoint.arrival),
        session: touchpoint.session.as_deref(),
        order,
        kind: TouchpointKind {
            name: &touchpoint.name,
            kind: "other",
            channel: &touchpoint.channel,
            direction: Direction::Inbound,
            source: "shop",
            campaign: touchpoint.campaign.as_deref(),
            campaign_source: None,
            campaign_medium: None,
            dimensions: platform,
        },
    }
}
