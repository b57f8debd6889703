//! The evaluator: whether a customer fits a condition.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::condition::*;
use super::value::ValueCondition;
use crate::domain::claim::{Claim, TraitPolicies};
use crate::domain::consent::strictest;
use crate::domain::customer::CustomerView;
use crate::domain::order::{Order, OrderStatus};
use crate::domain::product::{Product, ProductActed, related};
use crate::domain::rollup::MoneyRollup;
use crate::domain::touchpoint::Touchpoint;
use crate::domain::{Amount, Duration, Timestamp};
use crate::journeys::property::Properties;

/// What the store has of a customer: as much of it as [`Condition::needs`] says.
#[derive(Clone, Debug)]
pub struct CustomerFacts {
    /// Its identifiers and claims; consents and devices where they are needed.
    pub view: Arc<CustomerView>,
    /// All its touchpoints, in order of time and arrival.
    pub touchpoints: Vec<Touchpoint>,
    /// Its product acts.
    pub acts: Vec<ProductActed>,
    /// The orders that it placed, with the names of their products.
    pub orders: Vec<Order>,
}

/// What is the same for all customers of an evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The one time of the evaluation.
    pub now: Timestamp,
    /// The zone of calendar periods, days of the year, dates, and counted days, weeks and months.
    pub zone: &'a TimeZone,
    /// Which of several values of a trait is shown.
    pub traits: &'a TraitPolicies,
    /// A longer gap ends a session without an id.
    pub session_gap: Duration,
    /// The configured dimensions.
    pub dimensions: &'a Properties,
}

impl Condition {
    /// Whether a customer fits.
    pub fn fits(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.fits(facts, frame)),
            Condition::Any(parts) => parts.iter().any(|part| part.fits(facts, frame)),
            Condition::Not(part) => !part.fits(facts, frame),
            Condition::Trait(of) => of.fits(&facts.view.claims, frame),
            Condition::Identifier(of) => of.fits(&facts.view),
            Condition::Did(of) => of.fits(&facts.touchpoints, frame),
            Condition::Journey(of) => of.fits(&facts.touchpoints, frame),
            Condition::Orders(of) => of.fits(&facts.orders, frame),
            Condition::Product(of) => of.fits(facts, frame),
            Condition::Spend(of) => of.fits(facts, frame),
            Condition::Consent(of) => of.fits(&facts.view, frame),
            Condition::Seen(of) => of.fits(&facts.view, frame),
            Condition::Segment(of) => of.members.fits(facts, &Frame { zone: &of.zone, ..*frame }),
        }
    }
}

/// The claim of a trait that is shown.
fn shown_claim(name: &str, claims: &[Claim], traits: &TraitPolicies) -> Option<Claim> {
    let own: Vec<Claim> = claims.iter().filter(|claim| *claim.name == *name).cloned().collect();
    traits.choose(&own).pop().map(|chosen| chosen.shown)
}

fn json(claim: &Claim) -> Value {
    serde_json::from_str(claim.value.get()).unwrap_or(Value::Null)
}

impl TraitCondition {
    fn fits(&self, claims: &[Claim], frame: &Frame<'_>) -> bool {
        let counts = |claim: &Claim| {
            (self.provenance.is_empty() || self.provenance.contains(&claim.provenance))
                && self.said.as_ref().is_none_or(|said| said.fits(claim.at, frame))
        };
        let values: Vec<Value> = match self.of {
            TraitValues::Chosen => {
                shown_claim(&self.name, claims, frame.traits).filter(counts).iter().map(json).collect()
            }
            TraitValues::Any | TraitValues::Every => claims
                .iter()
                .filter(|claim| *claim.name == *self.name)
                .filter(|claim| counts(claim))
                .map(json)
                .collect(),
        };
        let mut there = values.iter().filter(|value| !value.is_null());
        match (&self.is, self.of) {
            (ValueCondition::Exists(true), _) => there.next().is_some(),
            (ValueCondition::Exists(false), TraitValues::Any) => {
                values.iter().any(Value::is_null) || (values.is_empty() && self.said.is_none())
            }
            // Nothing is there: null was said, or nothing was.
            (ValueCondition::Exists(false), _) => there.next().is_none() && (!values.is_empty() || self.said.is_none()),
            (is, TraitValues::Every) => {
                let mut there = there.peekable();
                there.peek().is_some() && there.all(|value| is.fits(value, frame))
            }
            (is, _) => there.any(|value| is.fits(value, frame)),
        }
    }

    /// The shown value, when it is of another type than this condition asks for.
    pub fn misfit(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<Value> {
        let value = json(&shown_claim(&self.name, &facts.view.claims, frame.traits)?);
        self.is.misfits(&value, frame).then_some(value)
    }
}

impl IdentifierCondition {
    fn fits(&self, view: &CustomerView) -> bool {
        let own = view.identifiers.iter().filter(|identifier| *identifier.key.kind == *self.kind);
        let such = own.filter(|own| self.value.as_ref().is_none_or(|value| value.fits(&own.key.value)));
        self.count.has(&(such.count() as i64))
    }
}

impl ProductMatch {
    fn fits(&self, product: &Product) -> bool {
        let text = |is: &Option<super::value::TextCondition>, own: &Option<Arc<str>>| {
            is.as_ref().is_none_or(|is| own.as_ref().is_some_and(|own| is.fits(own)))
        };
        self.skus.as_ref().is_none_or(|skus| skus.contains(&product.sku))
            && text(&self.categories, &product.category)
            && text(&self.name, &product.name)
    }
}

/// The orders that count: placed and not cancelled.
fn that_count(orders: &[Order]) -> impl Iterator<Item = (&Order, Timestamp)> {
    let placed = orders.iter().filter_map(|order| Some((order, order.placed?.at)));
    placed.filter(|(order, _)| order.status != OrderStatus::Cancelled)
}

fn rate(returned: Amount, gross: Amount) -> f64 {
    if gross == Amount::ZERO { 0.0 } else { returned.0 as f64 / gross.0 as f64 }
}

impl OrdersCondition {
    fn fits(&self, orders: &[Order], frame: &Frame<'_>) -> bool {
        let such = that_count(orders).filter(|(order, at)| {
            self.when.as_ref().is_none_or(|when| when.fits(*at, frame))
                && self.currency.as_ref().is_none_or(|currency| order.currency == *currency)
                && self.net.is_none_or(|net| net.has(&order.net()))
                && self.gross.is_none_or(|gross| gross.has(&order.total))
                && self.return_rate.is_none_or(|range| range.has(&rate(order.returned, order.total)))
                && self.containing.as_ref().is_none_or(|is| order.lines.iter().any(|line| is.fits(&line.product)))
        });
        self.count.has(&(such.count() as i64))
    }
}

impl ProductCondition {
    fn fits(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> bool {
        let products = related(self.relation, &facts.acts, &facts.orders);
        let such = products.iter().filter(|related| {
            self.is.as_ref().is_none_or(|is| is.fits(&related.product))
                && self.when.as_ref().is_none_or(|when| when.fits(related.at, frame))
        });
        self.count.has(&(such.count() as i64))
    }
}

impl SpendCondition {
    fn fits(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> bool {
        let Some(figures) = self.figures(facts, frame) else { return false };
        self.net.is_none_or(|net| net.has(&figures.net()))
            && self.gross.is_none_or(|gross| gross.has(&figures.gross))
            && self.returned.is_none_or(|returned| returned.has(&figures.returned))
            && self.return_rate.is_none_or(|range| range.has(&rate(figures.returned, figures.gross)))
    }

    /// `None` without an order that counts.
    fn figures(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<MoneyRollup> {
        let figures = match &self.when {
            None => facts.view.rollup().money.get(&self.currency).copied().unwrap_or_default(),
            Some(when) => {
                let mut sum = MoneyRollup::default();
                let own = that_count(&facts.orders).filter(|(order, _)| order.currency == self.currency);
                for (order, _) in own.filter(|(_, at)| when.fits(*at, frame)) {
                    sum.add(&MoneyRollup { orders: 1, gross: order.total, returned: order.returned });
                }
                sum
            }
        };
        (figures.orders > 0).then_some(figures)
    }
}

impl ConsentCondition {
    fn fits(&self, view: &CustomerView, frame: &Frame<'_>) -> bool {
        let given = view.consents.as_deref().unwrap_or_default();
        let strictest = strictest(given, &self.purpose, self.channel.as_deref(), frame.now);
        self.status.contains(&strictest)
    }
}

impl SeenCondition {
    fn fits(&self, view: &CustomerView, frame: &Frame<'_>) -> bool {
        let time = |is: &Option<super::time::TimeCondition>, at: Option<Timestamp>| {
            is.as_ref().is_none_or(|is| at.is_some_and(|at| is.fits(at, frame)))
        };
        let has_channel = |channels: &Vec<Arc<str>>| {
            let of = |channel: &Arc<str>| view.identifiers.iter().any(|own| own.rollup.channels.contains_key(channel));
            channels.iter().any(of)
        };
        let has_device =
            |kinds: &Vec<Arc<str>>| view.devices.iter().flatten().any(|device| kinds.contains(&device.fact.kind));
        time(&self.first, view.first_seen_at())
            && time(&self.last, view.last_seen_at())
            && self.channels.as_ref().is_none_or(has_channel)
            && self.devices.as_ref().is_none_or(has_device)
    }
}
