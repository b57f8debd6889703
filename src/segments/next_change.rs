//! When a verdict may change without a change of the customer: the ends of windows, the times of a "did not", the borders of
//! the calendar, the ends of consents.
//!
//! The answer may be too early, then nothing has changed at that moment. It is never too late. A test compares it with
//! verdicts of every instant.

use jiff::ToSpan;
use serde_json::Value;

use super::condition::*;
use super::did;
use super::evaluate::{CustomerFacts, Frame};
use super::time::{Instant, TimeCondition, day_of, first_instant};
use super::value::ValueCondition;
use crate::domain::consent::ConsentStatus;
use crate::domain::product::related;
use crate::domain::{Duration, Timestamp};

/// The earliest of several moments after now.
struct Earliest {
    now: i64,
    found: Option<i64>,
}

impl Earliest {
    fn after(now: Timestamp) -> Self {
        Earliest { now: now.0, found: None }
    }

    fn add(&mut self, at: i64) {
        if at > self.now && self.found.is_none_or(|found| at < found) {
            self.found = Some(at);
        }
    }

    fn add_all(&mut self, at: Option<Timestamp>) {
        at.into_iter().for_each(|at| self.add(at.0));
    }
}

impl Condition {
    /// The first moment after now at which the verdict about a customer may differ from that of now, if nothing is stored.
    /// `None` for never.
    pub fn next_change(&self, facts: &CustomerFacts, frame: &Frame<'_>) -> Option<Timestamp> {
        let mut next = Earliest::after(frame.now);
        self.add_changes(facts, frame, &mut next);
        next.found.map(Timestamp)
    }

    fn add_changes(&self, facts: &CustomerFacts, frame: &Frame<'_>, next: &mut Earliest) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| part.add_changes(facts, frame, next));
            }
            Condition::Not(part) => part.add_changes(facts, frame, next),
            Condition::Trait(of) => of.add_changes(facts, frame, next),
            Condition::Did(of) => of.add_changes(facts, frame, next),
            Condition::Orders(OrdersCondition { when: Some(when), .. })
            | Condition::Spend(SpendCondition { when: Some(when), .. }) => {
                let placed = facts.orders.iter().filter_map(|order| order.placed.as_ref());
                placed.for_each(|placed| when.add_changes(placed.at, frame, next));
            }
            Condition::Product(ProductCondition { relation, when: Some(when), .. }) => {
                let products = related(*relation, &facts.acts, &facts.orders);
                products.iter().for_each(|product| when.add_changes(product.at, frame, next));
            }
            Condition::Consent(of) => {
                let given = facts.view.consents.iter().flatten();
                let own = given.map(|given| &given.consent.fact).filter(|fact| fact.purpose == of.purpose);
                let granted = own.filter(|fact| fact.status == ConsentStatus::Granted);
                granted.for_each(|fact| next.add_all(fact.expires_at));
            }
            Condition::Seen(of) => {
                let times = [(&of.first, facts.view.first_seen_at()), (&of.last, facts.view.last_seen_at())];
                for (is, at) in times {
                    if let (Some(is), Some(at)) = (is, at) {
                        is.add_changes(at, frame, next);
                    }
                }
            }
            Condition::Segment(of) => of.members.add_changes(facts, &Frame { zone: &of.zone, ..*frame }, next),
            Condition::Identifier(_)
            | Condition::Journey(_)
            | Condition::Orders(_)
            | Condition::Spend(_)
            | Condition::Product(_) => {}
        }
    }
}

impl TraitCondition {
    fn add_changes(&self, facts: &CustomerFacts, frame: &Frame<'_>, next: &mut Earliest) {
        for claim in facts.view.claims.iter().filter(|claim| *claim.name == *self.name) {
            if let Some(said) = &self.said {
                said.add_changes(claim.at, frame, next);
            }
            if self.is.is_about_now() {
                let value = serde_json::from_str(claim.value.get()).unwrap_or(Value::Null);
                self.is.add_changes(&value, frame, next);
            }
        }
    }
}

impl TouchpointCondition {
    fn add_changes(&self, facts: &CustomerFacts, frame: &Frame<'_>, next: &mut Earliest) {
        let touchpoints = &facts.touchpoints;
        if self.when.is_some() || about_now(&self.wheres) {
            for n in did::matching(&self.what, touchpoints, frame) {
                if let Some(when) = &self.when {
                    when.add_changes(touchpoints[n].at, frame, next);
                }
                did::each_value(&self.wheres, &touchpoints[n], |is, value| is.add_changes(value, frame, next));
            }
        }
        // A step that did not happen counts from the step before that happened: that is any touchpoint of one of these.
        let mut before = vec![&self.what];
        for step in &self.then {
            if let Some(within) = step.within.filter(|_| !step.happened) {
                for what in &before {
                    for n in did::matching(what, touchpoints, frame) {
                        next.add(touchpoints[n].at.0.saturating_add(within.0));
                    }
                }
            }
            if about_now(&step.wheres) {
                for n in did::matching(&step.what, touchpoints, frame) {
                    did::each_value(&step.wheres, &touchpoints[n], |is, value| is.add_changes(value, frame, next));
                }
            }
            if step.happened {
                before.push(&step.what);
            }
        }
    }
}

fn about_now(wheres: &[PropertyCondition]) -> bool {
    wheres.iter().any(|is| is.is.is_about_now())
}

impl ValueCondition {
    /// Whether the time of the question matters.
    fn is_about_now(&self) -> bool {
        matches!(self, ValueCondition::Time(_))
    }

    fn add_changes(&self, value: &Value, frame: &Frame<'_>, next: &mut Earliest) {
        let ValueCondition::Time(time) = self else { return };
        let one = |value: &Value, next: &mut Earliest| {
            if let Some(said) = Instant::of(value, frame) {
                time.add_changes(said.at, frame, next);
            }
        };
        match value {
            Value::Array(elements) => elements.iter().for_each(|element| one(element, next)),
            value => one(value, next),
        }
    }
}

impl TimeCondition {
    /// Adds the moments after now at which it may become true or false for the time `t`.
    fn add_changes(&self, t: Timestamp, frame: &Frame<'_>, next: &mut Earliest) {
        let mut add = |length: &Duration| next.add(t.0.saturating_add(length.0));
        match self {
            TimeCondition::Last(length) => {
                add(&Duration(0));
                add(length);
            }
            TimeCondition::OlderThan(length) => add(length),
            TimeCondition::Next(length) => {
                add(&Duration(0));
                next.add(t.0.saturating_sub(length.0));
            }
            TimeCondition::Between { from, to } => {
                add(from);
                add(to);
            }
            TimeCondition::Fixed { .. } => {}
            TimeCondition::Calendar { unit, .. } => {
                add(&Duration(0));
                let begin = day_of(frame.now, frame.zone).and_then(|today| unit.next_begin(today));
                next.add_all(begin.and_then(|day| first_instant(day, frame.zone)));
            }
            TimeCondition::Anniversary { .. } => {
                let tomorrow = day_of(frame.now, frame.zone).and_then(|today| today.checked_add(1.day()).ok());
                next.add_all(tomorrow.and_then(|day| first_instant(day, frame.zone)));
            }
        }
    }
}
