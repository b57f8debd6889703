//! Conditions on customers, as a client writes them. [`read`] makes the condition of `segments` from them.

pub mod read;

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::registry::Registry;
use async_graphql::{Enum, InputObject, InputType, InputValueResult, OneofObject, Value};

use super::claim::Provenance;
use super::consent::ConsentStatus;
use super::customers::{DecimalRange, IntRange};
use super::product::ProductRelation;
use super::scalar::{DateTime, Decimal, Duration};
use super::step::StepInput;
use crate::segments::{condition as segments, time};

/// A scalar as it was written. It is read by [`read`], whose errors say where in the condition it is.
#[derive(Clone, Debug)]
pub struct Written<T>(Value, PhantomData<fn() -> T>);

impl<T: InputType> InputType for Written<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Ok(Written(value.unwrap_or_default(), PhantomData))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// A condition on a customer: exactly one key. A condition and `not` with this condition are exact complements: together
/// they have all customers, and no customer is in both. A missing value fits nothing but `exists: false`. At most 8
/// levels and 100 conditions.
#[derive(OneofObject, Clone, Debug)]
pub enum CustomerCondition {
    /// All of these fit. Every customer fits an empty list.
    All(Vec<CustomerCondition>),
    /// At least one of these fits. No customer fits an empty list.
    Any(Vec<CustomerCondition>),
    /// Everybody else.
    Not(Box<CustomerCondition>),
    /// A trait of the customer.
    Trait(TraitCondition),
    /// The customer's identifiers.
    Identifier(IdentifierCondition),
    /// What the customer did, or did not do: its touchpoints.
    Did(Box<TouchpointCondition>),
    /// The customer's whole journey, as the questions about journeys see it.
    Journey(JourneyCondition),
    /// Orders that were placed and not cancelled.
    Orders(OrdersCondition),
    /// Relations to products.
    Product(ProductCondition),
    /// Money spent in one currency.
    Spend(SpendCondition),
    /// A consent in force.
    Consent(ConsentCondition),
    /// When and where the customer was seen.
    Seen(SeenCondition),
    /// The members of a saved segment.
    Segment(SegmentCondition),
}

/// A condition on a trait.
#[derive(InputObject, Clone, Debug)]
pub struct TraitCondition {
    /// The name of the trait.
    pub name: String,
    /// What the value must be.
    pub is: ValueCondition,
    /// Which of the kept values must fit.
    #[graphql(default_with = "TraitValues::Chosen")]
    pub of: TraitValues,
    /// Only values of these provenances count. Left out: all.
    pub provenance: Option<Vec<Provenance>>,
    /// Only values that were said at such a time count. Of a value that was said again, the last time counts.
    pub said: Option<TimeCondition>,
}

/// Which of the kept values of a trait must fit.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "segments::TraitValues")]
pub enum TraitValues {
    /// The value that the policy shows.
    Chosen,
    /// At least one kept value.
    Any,
    /// Every kept value, and there is at least one.
    Every,
}

/// A condition on a value. Exactly one key. A value of another type does not fit.
#[derive(OneofObject, Clone, Debug)]
pub enum ValueCondition {
    /// Whether there is a value that is not null.
    Exists(bool),
    /// The value is such a text. Of a list, any element.
    Text(TextCondition),
    /// The value is such a number, or a text that is one. Of a list, any element.
    Number(NumberCondition),
    /// The value is such a time: a text in RFC 3339, or a date YYYY-MM-DD. Of a list, any element.
    Time(TimeCondition),
    /// The value is this boolean, or the text `true` or `false`. Of a list, any element.
    Flag(bool),
    /// The value is such a list. Another value is a list of one.
    List(ListCondition),
}

/// A condition on a text. Exactly one key. Texts are compared in NFC; case does not matter, except for `matches`.
#[derive(OneofObject, Clone, Debug)]
pub enum TextCondition {
    /// It is one of these.
    In(Vec<String>),
    /// It begins with one of these.
    StartsWith(Vec<String>),
    /// It ends with one of these.
    EndsWith(Vec<String>),
    /// It contains one of these.
    Contains(Vec<String>),
    /// It has a match of this regular expression of the Rust crate `regex`, at most 256 bytes. Case matters.
    Matches(String),
}

/// A condition on a number. All given bounds must hold, exactly.
#[derive(InputObject, Clone, Debug)]
pub struct NumberCondition {
    /// At least this.
    pub min: Option<Written<Decimal>>,
    /// More than this.
    pub above: Option<Written<Decimal>>,
    /// At most this.
    pub max: Option<Written<Decimal>>,
    /// Less than this.
    pub below: Option<Written<Decimal>>,
    /// One of these.
    #[graphql(name = "in")]
    pub is: Option<Vec<Written<Decimal>>>,
}

/// A condition on a time `t`. Exactly one key. Durations are exact; `calendar`, `anniversary` and dates use the time
/// zone.
#[derive(OneofObject, Clone, Debug)]
pub enum TimeCondition {
    /// now - D < t <= now.
    Last(Written<Duration>),
    /// t <= now - D.
    OlderThan(Written<Duration>),
    /// now < t <= now + D.
    Next(Written<Duration>),
    /// now - from < t <= now - to.
    Between(AgoRange),
    /// since <= t < until.
    Fixed(TimeRange),
    /// Whole periods of the calendar.
    Calendar(CalendarRange),
    /// Day and month are near today. 29 February counts as 1 March in other years.
    Anniversary(DayRange),
}

/// A range of times ago.
#[derive(InputObject, Clone, Debug)]
pub struct AgoRange {
    /// The longer time ago.
    pub from: Written<Duration>,
    /// The shorter time ago.
    pub to: Written<Duration>,
}

/// A range of times.
#[derive(InputObject, Clone, Debug)]
pub struct TimeRange {
    /// At this time or later. Left out: no bound.
    pub since: Option<Written<DateTime>>,
    /// Before this time. Left out: no bound.
    pub until: Option<Written<DateTime>>,
}

/// Whole periods of the calendar in the time zone. The present period counts up to now.
#[derive(InputObject, Clone, Debug)]
pub struct CalendarRange {
    /// The period.
    pub unit: CalendarUnit,
    /// The number of periods that the last one is before the present one. 0: the present one.
    #[graphql(default = 0)]
    pub back: i32,
    /// The number of periods.
    #[graphql(default = 1)]
    pub count: i32,
}

/// A period of the calendar.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "time::CalendarUnit")]
pub enum CalendarUnit {
    /// A day. It may have 23 or 25 hours.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// Three months, from January, April, July or October.
    Quarter,
    /// A year.
    Year,
}

/// A range of days, counted from today; negative before today. Both ends are included.
#[derive(InputObject, Clone, Debug)]
pub struct DayRange {
    /// The first day.
    pub from: i32,
    /// The last day.
    pub to: i32,
}

/// A condition on a list. Exactly one key. Elements are compared as texts are.
#[derive(OneofObject, Clone, Debug)]
pub enum ListCondition {
    /// It has one of these.
    AnyOf(Vec<String>),
    /// It has each of these.
    AllOf(Vec<String>),
    /// It has no other elements. An empty list fits.
    Only(Vec<String>),
    /// The number of its elements.
    Size(IntRange),
}

/// A condition on the number of identifiers.
#[derive(InputObject, Clone, Debug)]
pub struct IdentifierCondition {
    /// The kind, such as `email`.
    pub kind: String,
    /// Only identifiers with such a value. Left out: all of the kind.
    pub value: Option<TextCondition>,
    /// The number of these identifiers.
    #[graphql(default_with = "at_least_one()")]
    pub count: IntRange,
}

/// A condition on touchpoints: which, when, how many, and what came after them.
#[derive(InputObject, Clone, Debug)]
pub struct TouchpointCondition {
    /// Which touchpoints, as in journeys.
    pub what: StepInput,
    /// Their properties. All must fit.
    #[graphql(name = "where")]
    pub wheres: Option<Vec<PropertyCondition>>,
    /// When they happened. Left out: at any time.
    pub when: Option<TimeCondition>,
    /// Their number. `{max: 0}`: none, which also fits customers who never did anything.
    #[graphql(default_with = "at_least_one()")]
    pub times: IntRange,
    /// What is counted.
    #[graphql(default_with = "CountedAs::Touchpoints")]
    pub count: CountedAs,
    /// The sum of a property over them. Of no touchpoints, it is 0.
    pub total: Option<PropertyTotal>,
    /// The first, or the last, touchpoint of the customer's life that fits `what` must fit `where` and `when` too, and
    /// only this one counts.
    pub only: Option<Occurrence>,
    /// The steps that follow, in order. Only touchpoints that start such a chain count.
    pub then: Option<Vec<ThenCondition>>,
}

/// A condition on a property of a touchpoint.
#[derive(InputObject, Clone, Debug)]
pub struct PropertyCondition {
    /// The path from the event, with dots: `properties.products.0.price`, `context.campaign.name`. A list on the way
    /// means any of its elements.
    pub path: String,
    /// What the value must be.
    pub is: ValueCondition,
}

/// What is counted.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "segments::CountedAs")]
pub enum CountedAs {
    /// Touchpoints.
    Touchpoints,
    /// Different days of the time zone.
    Days,
    /// Different weeks of the time zone, from Monday.
    Weeks,
    /// Different months of the time zone.
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

/// A condition on the sum of a property. Values that are no number do not count; each is rounded at the sixth digit.
#[derive(InputObject, Clone, Debug)]
pub struct PropertyTotal {
    /// The path from the event, with dots.
    pub path: String,
    /// Only touchpoints whose `properties.currency` is this currency count.
    pub currency: Option<String>,
    /// The smallest sum.
    pub min: Option<Written<Decimal>>,
    /// The largest sum.
    pub max: Option<Written<Decimal>>,
}

/// A touchpoint of a customer's life.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
#[graphql(remote = "segments::Occurrence")]
pub enum Occurrence {
    /// The first.
    First,
    /// The last.
    Last,
}

/// A step that follows in a chain.
#[derive(InputObject, Clone, Debug)]
pub struct ThenCondition {
    /// Which touchpoints.
    pub what: StepInput,
    /// Their properties. All must fit.
    #[graphql(name = "where")]
    pub wheres: Option<Vec<PropertyCondition>>,
    /// The longest time after the step before.
    pub within: Option<Written<Duration>>,
    /// False: no such touchpoint came, which is true from the end of `within` on. It requires `within`. The next step
    /// counts from the last step that happened.
    #[graphql(default = true)]
    pub happened: bool,
    /// Paths of properties that have the same value as in the first touchpoint of the chain. A missing value is never the
    /// same.
    pub same: Option<Vec<String>>,
}

/// A condition on the journey of the customer: all its touchpoints of a time, in order. Exactly one key. A customer without a
/// touchpoint then does not fit.
#[derive(OneofObject, Clone, Debug)]
pub enum JourneyCondition {
    /// The values of the journey match a pattern.
    Pattern(PatternCondition),
    /// How far the journey came in a funnel.
    Funnel(FunnelCondition),
}

/// A condition on the values of a journey.
#[derive(InputObject, Clone, Debug)]
pub struct PatternCondition {
    /// The pattern, such as `product -> [^cart]* -> order`, as `match` of journeys has it.
    pub pattern: String,
    /// The dimension whose values these are.
    #[graphql(default = "name")]
    pub dimension: String,
    /// Only touchpoints at this time or later. Left out: no bound.
    pub since: Option<Written<DateTime>>,
    /// Only touchpoints before this time. Left out: no bound.
    pub until: Option<Written<DateTime>>,
}

/// A condition on how far a journey came in a funnel. Exactly one of `reached` and `lostAt`.
#[derive(InputObject, Clone, Debug)]
pub struct FunnelCondition {
    /// The steps in order, 1 to 20.
    pub steps: Vec<StepInput>,
    /// The longest time from the first step to any other. Left out: no limit.
    pub within: Option<Written<Duration>>,
    /// It reached the step of this number, or a later one. The first step is 1.
    pub reached: Option<i32>,
    /// It reached the step before the one of this number, and not this one. 2 or more.
    pub lost_at: Option<i32>,
    /// Only touchpoints at this time or later. Left out: no bound.
    pub since: Option<Written<DateTime>>,
    /// Only touchpoints before this time. Left out: no bound.
    pub until: Option<Written<DateTime>>,
}

/// A condition on orders that were placed and not cancelled, each by itself.
#[derive(InputObject, Clone, Debug)]
pub struct OrdersCondition {
    /// The number of orders that fit all other conditions.
    #[graphql(default_with = "at_least_one()")]
    pub count: IntRange,
    /// When they were placed.
    pub when: Option<TimeCondition>,
    /// Their currency. Required for `net` and `gross`.
    pub currency: Option<String>,
    /// The total less returns.
    pub net: Option<DecimalRange>,
    /// The total.
    pub gross: Option<DecimalRange>,
    /// The returned part of the total, from 0 to 1.
    pub return_rate: Option<FloatRange>,
    /// A line with such a product.
    pub containing: Option<ProductMatch>,
}

/// A condition on a product. All given parts must fit.
#[derive(InputObject, Clone, Debug)]
pub struct ProductMatch {
    /// The sku is one of these, exactly.
    pub skus: Option<Vec<String>>,
    /// The category is one of these; case does not matter.
    pub categories: Option<Vec<String>>,
    /// The name.
    pub name: Option<TextCondition>,
}

/// A condition on the customer's relations to products.
#[derive(InputObject, Clone, Debug)]
pub struct ProductCondition {
    /// The relation.
    pub relation: ProductRelation,
    /// Only such products.
    pub is: Option<ProductMatch>,
    /// When the relation began, or its last time.
    pub when: Option<TimeCondition>,
    /// The number of products.
    #[graphql(default_with = "at_least_one()")]
    pub count: IntRange,
}

/// A condition on the money spent in one currency. A customer without an order that counts in it does not fit.
#[derive(InputObject, Clone, Debug)]
pub struct SpendCondition {
    /// The ISO 4217 code of the currency.
    pub currency: String,
    /// Gross less returns.
    pub net: Option<DecimalRange>,
    /// The sum of the orders' totals.
    pub gross: Option<DecimalRange>,
    /// The sum of the returned amounts.
    pub returned: Option<DecimalRange>,
    /// `returned / gross`, from 0 to 1.
    pub return_rate: Option<FloatRange>,
    /// Only orders placed then. Left out: all orders.
    pub when: Option<TimeCondition>,
}

/// A condition on the consent in force. The strictest counts: REVOKED, DENIED, then GRANTED; EXPIRED when all ran out,
/// UNKNOWN when nothing was said.
#[derive(InputObject, Clone, Debug)]
pub struct ConsentCondition {
    /// The purpose, such as `marketing`.
    pub purpose: String,
    /// Consents for this channel and those for all channels. Left out: all consents for the purpose.
    pub channel: Option<String>,
    /// It is one of these.
    pub status: Vec<ConsentStatus>,
}

/// When and where the customer was seen. All given parts must fit.
#[derive(InputObject, Clone, Debug)]
pub struct SeenCondition {
    /// When it was first seen.
    pub first: Option<TimeCondition>,
    /// When it was last seen.
    pub last: Option<TimeCondition>,
    /// It has touchpoints on one of these channels.
    pub channels: Option<Vec<String>>,
    /// It was seen on a device of one of these kinds.
    pub devices: Option<Vec<String>>,
}

/// The members of a saved segment, by its definition of now, or of the moment of `asOf`.
#[derive(InputObject, Clone, Debug)]
pub struct SegmentCondition {
    /// The name of the segment; case does not matter.
    pub name: String,
}

/// A range of numbers, both ends included.
#[derive(InputObject, Clone, Debug)]
pub struct FloatRange {
    /// The smallest value. Left out: no lower end.
    pub min: Option<f64>,
    /// The largest value. Left out: no upper end.
    pub max: Option<f64>,
}

impl CustomerCondition {
    /// The names of segments in it, each with its path. `at` is the path of the condition.
    pub fn segments<'a>(&'a self, at: &str, found: &mut Vec<(String, &'a str)>) {
        let mut each = |name: &str, list: &'a [CustomerCondition]| {
            list.iter().enumerate().for_each(|(n, one)| one.segments(&format!("{at}.{name}.{n}"), found));
        };
        match self {
            CustomerCondition::All(list) => each("all", list),
            CustomerCondition::Any(list) => each("any", list),
            CustomerCondition::Not(one) => one.segments(&format!("{at}.not"), found),
            CustomerCondition::Segment(of) => found.push((format!("{at}.segment.name"), &of.name)),
            _ => {}
        }
    }
}

fn at_least_one() -> IntRange {
    IntRange { min: Some(1), max: None }
}
