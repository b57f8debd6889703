//! What a condition on a customer is. The reader of the API checks it; here every value is valid.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::journey::JourneyCondition;
use super::property_path::PropertyPath;
use super::time::TimeCondition;
use super::value::{TextCondition, ValueCondition};
use crate::domain::claim::Provenance;
use crate::domain::consent::ConsentStatus;
use crate::domain::product::ProductRelation;
use crate::domain::{Amount, Currency, Duration};
use crate::journeys::Step;

/// The most levels of conditions inside each other.
pub const MOST_LEVELS: usize = 8;
/// The most conditions, all nested ones counted.
pub const MOST_CONDITIONS: usize = 100;

/// A condition on a customer. Not and the condition inside are exact complements: each customer fits one of the two.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of them fit. Every customer fits an empty list.
    All(Vec<Condition>),
    /// At least one of them fits. No customer fits an empty list.
    Any(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// A trait.
    Trait(TraitCondition),
    /// Identifiers.
    Identifier(IdentifierCondition),
    /// Touchpoints.
    Did(Box<TouchpointCondition>),
    /// The whole journey.
    Journey(Box<JourneyCondition>),
    /// Orders.
    Orders(OrdersCondition),
    /// Relations to products.
    Product(ProductCondition),
    /// Money.
    Spend(SpendCondition),
    /// A consent.
    Consent(ConsentCondition),
    /// When and where the customer was seen.
    Seen(SeenCondition),
    /// A saved segment.
    Segment(SegmentCondition),
}

/// A range, both ends included. Without an end, it has no bound there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range<T> {
    /// The smallest value.
    pub min: Option<T>,
    /// The largest value.
    pub max: Option<T>,
}

impl<T: PartialOrd> Range<T> {
    /// Whether the value is in the range.
    pub fn has(&self, value: &T) -> bool {
        self.min.as_ref().is_none_or(|min| min <= value) && self.max.as_ref().is_none_or(|max| value <= max)
    }
}

/// A condition on a trait.
#[derive(Clone, Debug)]
pub struct TraitCondition {
    /// The trait's name.
    pub name: Arc<str>,
    /// What its value is.
    pub is: ValueCondition,
    /// Which of its kept values must fit.
    pub of: TraitValues,
    /// Only values of these provenances count; empty for all.
    pub provenance: Vec<Provenance>,
    /// Only values said then count.
    pub said: Option<TimeCondition>,
}

/// Which of the kept values of a trait must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraitValues {
    /// The shown value.
    Chosen,
    /// One of them.
    Any,
    /// Each of them, at least one.
    Every,
}

/// A condition on identifiers.
#[derive(Clone, Debug)]
pub struct IdentifierCondition {
    /// Of this kind.
    pub kind: Arc<str>,
    /// With such a value.
    pub value: Option<TextCondition>,
    /// So many.
    pub count: Range<i64>,
}

/// A condition on touchpoints.
#[derive(Clone, Debug)]
pub struct TouchpointCondition {
    /// Which touchpoints.
    pub what: Step,
    /// With these properties.
    pub wheres: Vec<PropertyCondition>,
    /// Then.
    pub when: Option<TimeCondition>,
    /// So many.
    pub times: Range<i64>,
    /// What is counted.
    pub count: CountedAs,
    /// The sum of a property.
    pub total: Option<PropertyTotal>,
    /// The first or the last of the customer's life must be such a one.
    pub only: Option<Occurrence>,
    /// What came after it.
    pub then: Vec<ThenCondition>,
}

/// A condition on a property.
#[derive(Clone, Debug)]
pub struct PropertyCondition {
    /// Where it is.
    pub path: PropertyPath,
    /// What it is.
    pub is: ValueCondition,
}

/// What of touchpoints is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedAs {
    /// Touchpoints.
    Touchpoints,
    /// Different days of the zone.
    Days,
    /// Different weeks, from Monday.
    Weeks,
    /// Different months.
    Months,
    /// Different sessions.
    Sessions,
    /// Different channels.
    Channels,
    /// Different devices.
    Devices,
    /// Different orders.
    Orders,
}

/// The sum of a property.
#[derive(Clone, Debug)]
pub struct PropertyTotal {
    /// Where it is.
    pub path: PropertyPath,
    /// Only of touchpoints whose property `currency` is this.
    pub currency: Option<Currency>,
    /// What the sum is.
    pub range: Range<Amount>,
}

/// One touchpoint of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occurrence {
    /// The first.
    First,
    /// The last.
    Last,
}

/// The next step of a chain.
#[derive(Clone, Debug)]
pub struct ThenCondition {
    /// Which touchpoints.
    pub what: Step,
    /// With these properties.
    pub wheres: Vec<PropertyCondition>,
    /// At most so long after the step before. Always there when it did not happen.
    pub within: Option<Duration>,
    /// Whether such a one came, or none.
    pub happened: bool,
    /// These properties are equal to those of the first touchpoint of the chain.
    pub same: Vec<PropertyPath>,
}

/// A condition on orders that were placed and not cancelled.
#[derive(Clone, Debug)]
pub struct OrdersCondition {
    /// So many such orders.
    pub count: Range<i64>,
    /// Placed then.
    pub when: Option<TimeCondition>,
    /// In this currency.
    pub currency: Option<Currency>,
    /// The net of the order.
    pub net: Option<Range<Amount>>,
    /// The total of the order.
    pub gross: Option<Range<Amount>>,
    /// The returned part of the order, from 0 to 1.
    pub return_rate: Option<Range<f64>>,
    /// With a line that fits.
    pub containing: Option<ProductMatch>,
}

/// A condition on a product. All given parts must fit.
#[derive(Clone, Debug)]
pub struct ProductMatch {
    /// One of these skus.
    pub skus: Option<Vec<Arc<str>>>,
    /// One of these categories, without case.
    pub categories: Option<TextCondition>,
    /// Such a name.
    pub name: Option<TextCondition>,
}

/// A condition on relations to products.
#[derive(Clone, Debug)]
pub struct ProductCondition {
    /// The relation.
    pub relation: ProductRelation,
    /// To such a product.
    pub is: Option<ProductMatch>,
    /// Since then, or last then.
    pub when: Option<TimeCondition>,
    /// To so many products.
    pub count: Range<i64>,
}

/// A condition on the money of orders that count.
#[derive(Clone, Debug)]
pub struct SpendCondition {
    /// In this currency.
    pub currency: Currency,
    /// Gross less returns.
    pub net: Option<Range<Amount>>,
    /// The sum of the totals.
    pub gross: Option<Range<Amount>>,
    /// What came back.
    pub returned: Option<Range<Amount>>,
    /// The returned part, from 0 to 1.
    pub return_rate: Option<Range<f64>>,
    /// Of orders placed then.
    pub when: Option<TimeCondition>,
}

/// A condition on the consent in force.
#[derive(Clone, Debug)]
pub struct ConsentCondition {
    /// For this purpose.
    pub purpose: Arc<str>,
    /// On this channel, and those without a channel.
    pub channel: Option<Arc<str>>,
    /// One of these.
    pub status: Vec<ConsentStatus>,
}

/// When and where the customer was seen. All given parts must fit.
#[derive(Clone, Debug)]
pub struct SeenCondition {
    /// First seen then.
    pub first: Option<TimeCondition>,
    /// Last seen then.
    pub last: Option<TimeCondition>,
    /// On one of these channels.
    pub channels: Option<Vec<Arc<str>>>,
    /// On a device of one of these kinds.
    pub devices: Option<Vec<Arc<str>>>,
}

/// The members of a saved segment, by its definition.
#[derive(Clone, Debug)]
pub struct SegmentCondition {
    /// The name of the segment.
    pub name: Arc<str>,
    /// The zone of the segment.
    pub zone: TimeZone,
    /// The condition of the segment.
    pub members: Arc<Condition>,
}

/// What a condition looks at, beside identifiers and claims.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Consents and devices.
    pub identity: bool,
    /// All touchpoints.
    pub touchpoints: bool,
    /// Product acts and orders.
    pub orders: bool,
}

impl Needs {
    /// What either looks at.
    #[must_use]
    pub fn and(self, other: Needs) -> Needs {
        Needs {
            identity: self.identity || other.identity,
            touchpoints: self.touchpoints || other.touchpoints,
            orders: self.orders || other.orders,
        }
    }
}

impl Condition {
    /// What it looks at.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        self.visit(&mut |part| match part {
            Condition::Did(_) | Condition::Journey(_) => needs.touchpoints = true,
            Condition::Orders(_) | Condition::Product(_) => needs.orders = true,
            Condition::Spend(spend) if spend.when.is_some() => needs.orders = true,
            Condition::Consent(_) => needs.identity = true,
            Condition::Seen(seen) if seen.devices.is_some() => needs.identity = true,
            Condition::Segment(of) => needs = needs.and(of.members.needs()),
            _ => {}
        });
        needs
    }

    /// The conditions on traits in it, at any depth, without those of the segments that it names.
    pub fn traits(&self) -> Vec<&TraitCondition> {
        let mut found = Vec::new();
        self.visit(&mut |part| {
            if let Condition::Trait(of) = part {
                found.push(of);
            }
        });
        found
    }

    /// Calls `with` with it and all conditions inside, outer ones first. The conditions of the segments that it names are
    /// left out.
    pub fn visit<'a>(&'a self, with: &mut dyn FnMut(&'a Condition)) {
        with(self);
        match self {
            Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| part.visit(with)),
            Condition::Not(part) => part.visit(with),
            _ => {}
        }
    }
}
