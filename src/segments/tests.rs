//! Each operator, with its corner cases; and the law of complements, against a slow evaluator written apart.

mod complement;
mod next_change;

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::condition::*;
use super::lines::Trial;
use super::number::Number;
use super::property_path::PropertyPath;
use super::time::{CalendarUnit, TimeCondition};
use super::value::{ListCondition, NumberCondition, TextCondition, ValueCondition, fold};
use super::*;
use crate::domain::claim::{Claim, Provenance, TraitPolicies};
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::customer::{Customer, CustomerId, CustomerView};
use crate::domain::device::{Device, DeviceFact};
use crate::domain::identifier::Identifier;
use crate::domain::order::{Order, OrderKey, OrderLine, OrderStatus, Placed};
use crate::domain::product::{Product, ProductAct, ProductActed, ProductRelation};
use crate::domain::rollup::{ChannelRollup, MoneyRollup, Rollup};
use crate::domain::touchpoint::{Direction, Touchpoint, TouchpointFact};
use crate::domain::{Amount, Arrival, Currency, Duration, IdentifierKey, Timestamp};
use crate::journeys::Step;
use crate::journeys::property::Properties;

const DAY: i64 = 86_400_000;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn days(count: i64) -> Duration {
    Duration(count * DAY)
}

/// What is the same for all customers, owned.
struct Setting {
    now: Timestamp,
    zone: TimeZone,
    traits: TraitPolicies,
    dimensions: Properties,
}

impl Setting {
    fn at(now: &str, zone: &str) -> Self {
        let zone = TimeZone::get(zone).expect("a zone");
        Setting { now: time(now), zone, traits: TraitPolicies::default(), dimensions: Properties::default() }
    }

    fn frame(&self) -> Frame<'_> {
        let session_gap = Duration::from_secs(1_800);
        Frame { now: self.now, zone: &self.zone, traits: &self.traits, session_gap, dimensions: &self.dimensions }
    }
}

fn usual() -> Setting {
    Setting::at("2026-03-31T12:00:00Z", "UTC")
}

/// A customer with one identifier, seen a year ago.
fn one_identifier() -> CustomerFacts {
    let id = CustomerId("c".into());
    let own = Identifier {
        id: Arrival(1),
        key: IdentifierKey::new("email", "Ada@example.org"),
        first_seen_at: time("2025-03-31T12:00:00Z"),
        last_seen_at: time("2026-03-28T12:00:00Z"),
        customer: Some(id.clone()),
        rollup: Rollup::default(),
        shared_since: None,
    };
    let customer = Customer { id, created_seq: Arrival(1), version: 1, former_ids: Vec::new() };
    let mut view = CustomerView::card(None, customer, vec![own], Vec::new());
    view.consents = Some(Vec::new());
    view.devices = Some(Vec::new());
    CustomerFacts { view: Arc::new(view), touchpoints: Vec::new(), acts: Vec::new(), orders: Vec::new() }
}

fn view(facts: &mut CustomerFacts) -> &mut CustomerView {
    Arc::make_mut(&mut facts.view)
}

fn claim(n: i64, name: &str, value: &Value, provenance: Provenance, at: &str) -> Claim {
    Claim {
        arrival: Arrival(n),
        owner: Arrival(1),
        name: name.into(),
        value: RawValue::from_string(value.to_string()).expect("JSON").into(),
        provenance,
        at: time(at),
        first_at: time(at),
        count: 1,
        source: "shop".into(),
        message_id: None,
        first_message_id: None,
    }
}

/// With one claim of the trait `t`.
fn with_trait(value: Value) -> CustomerFacts {
    let mut facts = one_identifier();
    view(&mut facts).claims = vec![claim(1, "t", &value, Provenance::Declared, "2026-03-01T00:00:00Z")];
    facts
}

fn is(is: ValueCondition) -> Condition {
    Condition::Trait(TraitCondition { name: "t".into(), is, of: TraitValues::Chosen, provenance: vec![], said: None })
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| fold(text)).collect()
}

fn text(condition: TextCondition) -> Condition {
    is(ValueCondition::Text(condition))
}

fn number(min: &str, max: &str) -> ValueCondition {
    let bound = |text: &str| Number::parse(text);
    ValueCondition::Number(NumberCondition { min: bound(min), above: None, max: bound(max), below: None, is: None })
}

fn fits(condition: &Condition, facts: &CustomerFacts, setting: &Setting) -> bool {
    let frame = setting.frame();
    let fits = condition.fits(facts, &frame);
    assert_eq!(Condition::Not(Box::new(condition.clone())).fits(facts, &frame), !fits, "{condition:?}");
    assert!(!condition.sentence().is_empty());
    fits
}

fn values_that_fit(is_it: ValueCondition, values: &[Value]) -> Vec<Value> {
    let condition = is(is_it);
    values.iter().filter(|value| fits(&condition, &with_trait((*value).clone()), &usual())).cloned().collect()
}

#[test]
fn everybody_fits_an_empty_all_and_nobody_an_empty_any() {
    assert!(fits(&Condition::All(vec![]), &one_identifier(), &usual()));
    assert!(!fits(&Condition::Any(vec![]), &one_identifier(), &usual()));
}

#[test]
fn a_missing_trait_fits_no_test_but_exists_false() {
    for facts in [one_identifier(), with_trait(Value::Null)] {
        assert!(!fits(&text(TextCondition::In(texts(&["pro"]))), &facts, &usual()));
        assert!(!fits(&text(TextCondition::StartsWith(texts(&[""]))), &facts, &usual()));
        assert!(!fits(&is(number("0", "")), &facts, &usual()));
        assert!(!fits(&is(ValueCondition::Flag(false)), &facts, &usual()));
        assert!(!fits(&is(ValueCondition::List(ListCondition::Only(vec![]))), &facts, &usual()));
        assert!(!fits(
            &is(ValueCondition::List(ListCondition::Size(Range { min: None, max: None }))),
            &facts,
            &usual()
        ));
        assert!(!fits(&is(ValueCondition::Exists(true)), &facts, &usual()));
        assert!(fits(&is(ValueCondition::Exists(false)), &facts, &usual()));
    }
}

#[test]
fn texts_are_compared_without_case_in_nfc() {
    let fit = |condition: TextCondition, value: &str| fits(&text(condition), &with_trait(json!(value)), &usual());
    assert!(fit(TextCondition::In(texts(&["basic", "PRO"])), "Pro"));
    assert!(fit(TextCondition::In(texts(&["Cafe\u{301}"])), "CAFÉ"));
    assert!(fit(TextCondition::In(texts(&["ΣΊΣΥΦΟΣ"])), "σίσυφος"));
    // Simple folding never makes one letter two.
    assert!(!fit(TextCondition::In(texts(&["strasse"])), "straße"));
    assert!(fit(TextCondition::In(texts(&["STRAẞE"])), "straße"));
    assert!(
        fit(TextCondition::StartsWith(texts(&["pr"])), "PRO") && !fit(TextCondition::StartsWith(texts(&["ro"])), "pro")
    );
    assert!(
        fit(TextCondition::EndsWith(texts(&["RO"])), "pro") && !fit(TextCondition::EndsWith(texts(&["pr"])), "pro")
    );
    assert!(fit(TextCondition::Contains(texts(&["x", "R"])), "pro") && !fit(TextCondition::Contains(vec![]), "pro"));
    let regex = |text: &str| TextCondition::Matches(regex::Regex::new(text).expect("a regex"));
    assert!(fit(regex("^P.o$"), "Pro") && !fit(regex("^p"), "Pro") && fit(regex("r"), "Pro"));
    // A number is no text.
    assert!(!fits(&text(TextCondition::In(texts(&["12"]))), &with_trait(json!(12)), &usual()));
}

#[test]
fn a_text_that_is_a_number_as_a_whole_counts_as_one() {
    let values = [
        json!(12),
        json!("12"),
        json!("12.0"),
        json!("1.2e1"),
        json!("12 "),
        json!("twelve"),
        json!(true),
        json!({"a": 12}),
    ];
    let fit = values_that_fit(number("12", "12"), &values);
    assert_eq!(fit, [json!(12), json!("12"), json!("12.0"), json!("1.2e1")]);
    let exact: Value = serde_json::from_str("9007199254740993").expect("a number");
    assert_eq!(values_that_fit(number("9007199254740993", ""), &[exact.clone(), json!(9007199254740992_i64)]), [exact]);
    let all = NumberCondition { min: None, above: Number::parse("1"), max: None, below: Number::parse("3"), is: None };
    assert_eq!(values_that_fit(ValueCondition::Number(all), &[json!(1), json!(2), json!(3)]), [json!(2)]);
    let list = NumberCondition {
        min: None,
        above: None,
        max: None,
        below: None,
        is: Some(vec![Number::parse("1.50").expect("a number")]),
    };
    assert_eq!(values_that_fit(ValueCondition::Number(list), &[json!(1.5), json!(2)]), [json!(1.5)]);
}

#[test]
fn a_flag_is_a_boolean_or_exactly_its_word() {
    let values =
        [json!(true), json!("true"), json!("TRUE"), json!(1), json!(false), json!("false"), json!([false, true])];
    assert_eq!(
        values_that_fit(ValueCondition::Flag(true), &values),
        [json!(true), json!("true"), json!([false, true])]
    );
    assert_eq!(
        values_that_fit(ValueCondition::Flag(false), &values),
        [json!(false), json!("false"), json!([false, true])]
    );
}

#[test]
fn a_list_fits_a_test_of_a_text_when_any_element_does() {
    let values = [json!(["gold", "silver"]), json!([]), json!("Gold"), json!({"a": "gold"}), json!([["gold"]])];
    let gold = ValueCondition::Text(TextCondition::In(texts(&["gold"])));
    assert_eq!(values_that_fit(gold, &values), [json!(["gold", "silver"]), json!("Gold")]);
}

#[test]
fn lists_have_elements_and_a_scalar_is_a_list_of_one() {
    let values = [json!(["A", "b"]), json!([]), json!("a"), json!(["a", 7]), json!({"a": 1})];
    let list = |condition| values_that_fit(ValueCondition::List(condition), &values);
    assert_eq!(list(ListCondition::AnyOf(texts(&["a", "x"]))), [json!(["A", "b"]), json!("a"), json!(["a", 7])]);
    assert_eq!(list(ListCondition::AllOf(texts(&["a", "B"]))), [json!(["A", "b"])]);
    assert_eq!(list(ListCondition::Only(texts(&["a", "b"]))), [json!(["A", "b"]), json!([]), json!("a")]);
    assert_eq!(list(ListCondition::Size(Range { min: None, max: Some(1) })), [json!([]), json!("a")]);
    assert_eq!(list(ListCondition::Size(Range { min: Some(2), max: None })), [json!(["A", "b"]), json!(["a", 7])]);
}

#[test]
fn an_object_only_exists() {
    assert!(fits(&is(ValueCondition::Exists(true)), &with_trait(json!({})), &usual()));
    assert_eq!(
        values_that_fit(ValueCondition::List(ListCondition::Size(Range { min: None, max: None })), &[json!({})]),
        [] as [Value; 0]
    );
}

#[test]
fn values_of_another_type_are_told() {
    let setting = usual();
    let misfit = |is_it: ValueCondition, value: Value| {
        let Condition::Trait(of) = is(is_it) else { unreachable!() };
        of.misfit(&with_trait(value), &setting.frame()).is_some()
    };
    let gold = || ValueCondition::Text(TextCondition::In(texts(&["gold"])));
    assert!(misfit(gold(), json!(12)) && misfit(gold(), json!({})) && misfit(gold(), json!([1])));
    assert!(!misfit(gold(), json!("x")) && !misfit(gold(), json!(null)) && !misfit(gold(), json!([])));
    assert!(misfit(number("1", ""), json!("one")) && !misfit(number("1", ""), json!("0")));
    let last = || ValueCondition::Time(TimeCondition::Last(days(1)));
    assert!(
        misfit(last(), json!("31.3.2026")) && misfit(last(), json!(1774949400)) && !misfit(last(), json!("2020-01-01"))
    );
    assert!(!misfit(ValueCondition::Exists(true), json!({})));
}

#[test]
fn windows_are_open_at_their_old_end_and_closed_at_their_new_one() {
    let (now, day) = (usual().now.0, DAY);
    let fit = |condition: TimeCondition, at: i64| condition.fits(Timestamp(at), &usual().frame());
    let last = || TimeCondition::Last(days(1));
    assert!(!fit(last(), now - day) && fit(last(), now - day + 1) && fit(last(), now) && !fit(last(), now + 1));
    let older = || TimeCondition::OlderThan(days(1));
    assert!(fit(older(), now - day) && !fit(older(), now - day + 1));
    let next = || TimeCondition::Next(days(1));
    assert!(!fit(next(), now) && fit(next(), now + 1) && fit(next(), now + day) && !fit(next(), now + day + 1));
    let between = || TimeCondition::Between { from: days(10), to: days(7) };
    assert!(!fit(between(), now - 10 * day) && fit(between(), now - 10 * day + 1));
    assert!(fit(between(), now - 7 * day) && !fit(between(), now - 7 * day + 1));
    let fixed = || TimeCondition::Fixed { since: Some(Timestamp(5)), until: Some(Timestamp(9)) };
    assert!(!fit(fixed(), 4) && fit(fixed(), 5) && fit(fixed(), 8) && !fit(fixed(), 9));
    // A time in the future is in no window that ends now, and is in a fixed one.
    assert!(fit(TimeCondition::Fixed { since: Some(Timestamp(now)), until: None }, now + 1));
}

fn calendar(unit: CalendarUnit, back: i64, count: i64) -> TimeCondition {
    TimeCondition::Calendar { unit, back, count }
}

#[test]
fn calendar_periods_are_whole_and_the_present_one_ends_now() {
    // A Wednesday.
    let setting = Setting::at("2026-05-13T10:00:00Z", "UTC");
    let fit = |condition: TimeCondition, at: &str| condition.fits(time(at), &setting.frame());
    assert!(fit(calendar(CalendarUnit::Week, 0, 1), "2026-05-11T00:00:00Z"));
    assert!(!fit(calendar(CalendarUnit::Week, 0, 1), "2026-05-10T23:59:59.999Z"));
    assert!(fit(calendar(CalendarUnit::Week, 0, 1), "2026-05-13T10:00:00Z"));
    assert!(!fit(calendar(CalendarUnit::Week, 0, 1), "2026-05-13T10:00:00.001Z"));
    assert!(fit(calendar(CalendarUnit::Month, 1, 1), "2026-04-01T00:00:00Z"));
    assert!(fit(calendar(CalendarUnit::Month, 1, 1), "2026-04-30T23:59:59.999Z"));
    assert!(!fit(calendar(CalendarUnit::Month, 1, 1), "2026-05-01T00:00:00Z"));
    assert!(fit(calendar(CalendarUnit::Month, 0, 3), "2026-03-01T00:00:00Z"));
    assert!(!fit(calendar(CalendarUnit::Month, 0, 3), "2026-02-28T23:59:59.999Z"));
    assert!(fit(calendar(CalendarUnit::Quarter, 1, 1), "2026-01-01T00:00:00Z"));
    assert!(!fit(calendar(CalendarUnit::Quarter, 1, 1), "2026-04-01T00:00:00Z"));
    assert!(fit(calendar(CalendarUnit::Year, 1, 2), "2024-01-01T00:00:00Z"));
    assert!(!fit(calendar(CalendarUnit::Year, 1, 2), "2026-01-01T00:00:00Z"));
}

#[test]
fn a_day_of_the_calendar_has_23_or_25_hours_and_a_duration_has_24() {
    // Clocks go forward at 01:00 on 29 March.
    let setting = Setting::at("2026-03-30T00:30:00+01:00", "Europe/London");
    let fit = |condition: TimeCondition, at: &str| condition.fits(time(at), &setting.frame());
    assert!(fit(calendar(CalendarUnit::Day, 1, 1), "2026-03-29T00:00:00Z"));
    assert!(fit(calendar(CalendarUnit::Day, 1, 1), "2026-03-29T22:59:59.999Z"));
    assert!(!fit(calendar(CalendarUnit::Day, 1, 1), "2026-03-29T23:00:00Z"));
    assert!(fit(calendar(CalendarUnit::Day, 0, 1), "2026-03-29T23:00:00Z"));
    assert!(fit(TimeCondition::Last(days(1)), "2026-03-28T23:30:00.001Z"));
    // A day without midnight begins at one.
    let cairo = Setting::at("2026-04-24T12:00:00Z", "Africa/Cairo");
    let today = calendar(CalendarUnit::Day, 0, 1);
    assert!(today.fits(time("2026-04-24T01:00:00+03:00"), &cairo.frame()));
    assert!(!today.fits(time("2026-04-23T23:59:59+02:00"), &cairo.frame()));
}

#[test]
fn a_date_without_a_time_is_its_first_instant_in_the_zone() {
    let fit = |zone: &str, now: &str, value: &str, condition: TimeCondition| {
        fits(&is(ValueCondition::Time(condition)), &with_trait(json!(value)), &Setting::at(now, zone))
    };
    let just = || TimeCondition::Last(Duration(3_600_000));
    assert!(fit("UTC", "2026-07-01T00:30:00Z", "2026-07-01", just()));
    assert!(!fit("America/New_York", "2026-07-01T00:30:00Z", "2026-07-01", just()));
    assert!(fit("America/New_York", "2026-07-01T04:30:00Z", "2026-07-01", just()));
    for value in ["2026-06-30T21:00:00-03:00", "2026-07-01 00:00:00Z", "2026-07-01t00:00:00.5z"] {
        assert!(fit("UTC", "2026-07-01T00:30:00Z", value, just()), "{value}");
    }
    for value in
        ["2026-07-01T00:00:00", "2026-07-01T00:00:00[Europe/London]", "2026-7-1", "2026-02-30", "20260701", "now"]
    {
        assert!(
            !fit("UTC", "2026-07-01T00:30:00Z", value, TimeCondition::Fixed { since: None, until: None }),
            "{value}"
        );
    }
}

#[test]
fn an_anniversary_is_a_day_of_the_year_and_29_february_is_1_march_in_other_years() {
    let fit = |now: &str, value: &str, from: i64, to: i64| {
        let condition = is(ValueCondition::Time(TimeCondition::Anniversary { from, to }));
        fits(&condition, &with_trait(json!(value)), &Setting::at(now, "Europe/London"))
    };
    assert!(fit("2026-12-30T12:00:00Z", "1980-01-02", 0, 3) && !fit("2026-12-30T12:00:00Z", "1980-01-03", 0, 3));
    assert!(fit("2026-01-01T12:00:00Z", "1980-12-31", -1, -1) && fit("2026-01-01T12:00:00Z", "1980-01-01", 0, 0));
    assert!(fit("2026-03-01T12:00:00Z", "2000-02-29", 0, 0) && !fit("2026-02-28T12:00:00Z", "2000-02-29", 0, 0));
    assert!(fit("2028-02-29T12:00:00Z", "2000-02-29", 0, 0) && !fit("2028-03-01T12:00:00Z", "2000-02-29", 0, 0));
    // The day of a time is its day in the zone: half past eleven at night in UTC is the next day in London.
    assert!(fit("2026-07-02T12:00:00Z", "1980-07-01T23:30:00Z", 0, 0));
    assert!(fit("2026-06-01T12:00:00Z", "1980-01-01", -366, 0));
}

#[test]
fn of_says_which_of_the_kept_values_must_fit() {
    let mut facts = one_identifier();
    view(&mut facts).claims = vec![
        claim(1, "t", &json!("bath"), Provenance::Declared, "2026-03-01T00:00:00Z"),
        claim(2, "t", &json!("york"), Provenance::Assumed, "2026-03-02T00:00:00Z"),
        claim(3, "t", &Value::Null, Provenance::Declared, "2026-02-01T00:00:00Z"),
    ];
    let ask = |of: TraitValues, list: &[&str], provenance: &[Provenance], said: Option<TimeCondition>| {
        let is = ValueCondition::Text(TextCondition::In(texts(list)));
        Condition::Trait(TraitCondition { name: "t".into(), is, of, provenance: provenance.to_vec(), said })
    };
    let fit = |condition: Condition| fits(&condition, &facts, &usual());
    // York was said last.
    assert!(
        fit(ask(TraitValues::Chosen, &["york"], &[], None)) && !fit(ask(TraitValues::Chosen, &["bath"], &[], None))
    );
    assert!(fit(ask(TraitValues::Any, &["bath"], &[], None)));
    assert!(
        !fit(ask(TraitValues::Every, &["bath"], &[], None))
            && fit(ask(TraitValues::Every, &["bath", "york"], &[], None))
    );
    // The shown value must be among those that count.
    assert!(!fit(ask(TraitValues::Chosen, &["york"], &[Provenance::Declared], None)));
    assert!(fit(ask(TraitValues::Every, &["bath"], &[Provenance::Declared], None)));
    assert!(!fit(ask(TraitValues::Every, &["bath"], &[Provenance::Realised], None)), "every one of none");
    let then = || Some(TimeCondition::Fixed { since: None, until: Some(time("2026-03-02T00:00:00Z")) });
    assert!(fit(ask(TraitValues::Any, &["bath"], &[], then())) && !fit(ask(TraitValues::Any, &["york"], &[], then())));
}

#[test]
fn exists_false_fits_null_and_what_was_never_said_unless_it_must_have_been_said() {
    let missing = |of: TraitValues, said: Option<TimeCondition>| {
        let is = ValueCondition::Exists(false);
        Condition::Trait(TraitCondition { name: "t".into(), is, of, provenance: vec![], said })
    };
    let ever = || Some(TimeCondition::Fixed { since: None, until: None });
    for of in [TraitValues::Chosen, TraitValues::Any, TraitValues::Every] {
        assert!(fits(&missing(of, None), &one_identifier(), &usual()), "{of:?}");
        assert!(!fits(&missing(of, ever()), &one_identifier(), &usual()), "{of:?}");
        assert!(fits(&missing(of, ever()), &with_trait(Value::Null), &usual()), "{of:?}");
        assert!(!fits(&missing(of, None), &with_trait(json!(0)), &usual()), "{of:?}");
    }
}

#[test]
fn identifiers_are_counted_by_kind_and_value() {
    let ask = |kind: &str, value: Option<TextCondition>, min, max| {
        Condition::Identifier(IdentifierCondition { kind: kind.into(), value, count: Range { min, max } })
    };
    let ends = || Some(TextCondition::EndsWith(texts(&["@EXAMPLE.org"])));
    assert!(fits(&ask("email", None, Some(1), None), &one_identifier(), &usual()));
    assert!(fits(&ask("email", ends(), Some(1), Some(1)), &one_identifier(), &usual()));
    assert!(!fits(&ask("phone", None, Some(1), None), &one_identifier(), &usual()));
    assert!(fits(&ask("phone", None, None, Some(0)), &one_identifier(), &usual()));
}

/// A touchpoint `hour` hours after the beginning of March.
fn touchpoint(n: i64, hour: i64, name: &str, properties: Value) -> Touchpoint {
    Touchpoint {
        arrival: Arrival(n),
        message_id: format!("m{n}").into(),
        at: Timestamp(time("2026-03-01T00:00:00Z").0 + hour * 3_600_000),
        owner: Arrival(1),
        device_identifier: None,
        source: "shop".into(),
        device: None,
        order: None,
        fact: TouchpointFact {
            kind: "view".into(),
            name: name.into(),
            channel: "website".into(),
            direction: Direction::Inbound,
            session_id: None,
            campaign: None,
            properties: Some(RawValue::from_string(properties.to_string()).expect("JSON").into()),
        },
    }
}

/// A customer with these touchpoints: hour, name, properties.
fn with_touchpoints(all: &[(i64, &str, Value)]) -> CustomerFacts {
    let each = (1..).zip(all).map(|(n, (hour, name, properties))| touchpoint(n, *hour, name, properties.clone()));
    CustomerFacts { touchpoints: each.collect(), ..one_identifier() }
}

fn did(name: &str) -> TouchpointCondition {
    TouchpointCondition {
        what: Step::named(name),
        wheres: vec![],
        when: None,
        times: Range { min: Some(1), max: None },
        count: CountedAs::Touchpoints,
        total: None,
        only: None,
        then: vec![],
    }
}

fn then(name: &str, within: Option<i64>, happened: bool) -> ThenCondition {
    let within = within.map(|hours| Duration(hours * 3_600_000));
    ThenCondition { what: Step::named(name), wheres: vec![], within, happened, same: vec![] }
}

fn path(text: &str) -> PropertyPath {
    PropertyPath::parse(text).expect("a path")
}

fn property(at: &str, is: ValueCondition) -> PropertyCondition {
    PropertyCondition { path: path(at), is }
}

fn has_done(condition: TouchpointCondition, facts: &CustomerFacts) -> bool {
    fits(&Condition::Did(Box::new(condition)), facts, &usual())
}

#[test]
fn did_not_fits_who_never_did_anything_and_who_came_since() {
    let none = Range { min: None, max: Some(0) };
    let never = TouchpointCondition { times: none, ..did("a") };
    assert!(has_done(never.clone(), &one_identifier()));
    assert!(!has_done(never, &with_touchpoints(&[(0, "a", json!({}))])));
    let not_lately = TouchpointCondition { times: none, when: Some(TimeCondition::Last(days(30))), ..did("a") };
    assert!(Condition::Did(Box::new(not_lately.clone())).sentence().ends_with("also those who came since"));
    assert!(has_done(not_lately.clone(), &with_touchpoints(&[(0, "a", json!({}))])));
    assert!(!has_done(not_lately, &with_touchpoints(&[(700, "a", json!({}))])));
}

#[test]
fn times_where_and_when_narrow_touchpoints() {
    let facts = with_touchpoints(&[(0, "a", json!({"n": 1})), (24, "a", json!({"n": 2})), (25, "b", json!({"n": 2}))]);
    assert!(has_done(TouchpointCondition { times: Range { min: Some(2), max: Some(2) }, ..did("a") }, &facts));
    assert!(!has_done(TouchpointCondition { times: Range { min: Some(3), max: None }, ..did("a") }, &facts));
    let two = || vec![property("properties.n", number("2", ""))];
    assert!(has_done(
        TouchpointCondition { wheres: two(), times: Range { min: Some(1), max: Some(1) }, ..did("a") },
        &facts
    ));
    let missing = vec![property("properties.x", ValueCondition::Exists(false))];
    assert!(has_done(
        TouchpointCondition { wheres: missing, times: Range { min: Some(2), max: None }, ..did("a") },
        &facts
    ));
    let early = Some(TimeCondition::Fixed { since: None, until: Some(time("2026-03-02T00:00:00Z")) });
    assert!(!has_done(TouchpointCondition { wheres: two(), when: early, ..did("a") }, &facts));
}

#[test]
fn only_is_the_first_or_the_last_of_the_life() {
    let facts = with_touchpoints(&[(0, "a", json!({"n": 1})), (1, "a", json!({"n": 2})), (2, "a", json!({"n": 1}))]);
    let ask = |only, n: &str| {
        has_done(
            TouchpointCondition { only: Some(only), wheres: vec![property("properties.n", number(n, n))], ..did("a") },
            &facts,
        )
    };
    assert!(ask(Occurrence::First, "1") && !ask(Occurrence::First, "2"));
    assert!(ask(Occurrence::Last, "1") && !ask(Occurrence::Last, "2"));
    let once = Range { min: Some(1), max: Some(1) };
    assert!(has_done(TouchpointCondition { only: Some(Occurrence::Last), times: once, ..did("a") }, &facts));
    assert!(!has_done(TouchpointCondition { only: Some(Occurrence::First), ..did("b") }, &facts));
}

#[test]
fn different_days_sessions_channels_devices_and_orders_are_counted() {
    let mut facts = with_touchpoints(&[
        (0, "a", json!({})),
        (23, "a", json!({})),
        (24, "a", json!({})),
        (24 * 31, "a", json!({})),
        (24 * 31, "b", json!({})),
    ]);
    facts.touchpoints[1].fact.channel = "store".into();
    facts.touchpoints[2].device = Some("d".into());
    facts.touchpoints[3].device = Some("d".into());
    facts.touchpoints[3].order = Some(OrderKey { source: "shop".into(), number: "1".into() });
    let count = |count, setting: &Setting| {
        let exactly = |n| TouchpointCondition { count, times: Range { min: Some(n), max: Some(n) }, ..did("a") };
        (0..9).find(|n| fits(&Condition::Did(Box::new(exactly(*n))), &facts, setting)).expect("a number")
    };
    let utc = usual();
    let all = [
        CountedAs::Touchpoints,
        CountedAs::Days,
        CountedAs::Weeks,
        CountedAs::Months,
        CountedAs::Sessions,
        CountedAs::Channels,
        CountedAs::Devices,
        CountedAs::Orders,
    ];
    assert_eq!(all.map(|counted| count(counted, &utc)), [4, 3, 3, 2, 4, 2, 1, 1]);
    // In New York the first two are of one evening and the next day.
    assert_eq!(count(CountedAs::Days, &Setting::at("2026-05-01T00:00:00Z", "America/New_York")), 3);
    facts.touchpoints.iter_mut().for_each(|touchpoint| touchpoint.fact.session_id = Some("s".into()));
}

#[test]
fn a_total_sums_numbers_and_money_of_one_currency() {
    let facts = with_touchpoints(&[
        (0, "a", json!({"value": 0.1, "currency": "GBP"})),
        (1, "a", json!({"value": "0.2", "currency": "gbp"})),
        (2, "a", json!({"value": 9, "currency": "EUR"})),
        (3, "a", json!({"value": "nine"})),
    ]);
    let ask = |currency: Option<&str>, min: &str, max: &str| {
        let amount = |text: &str| Some(Amount::parse(text).expect("an amount"));
        let currency = currency.map(|currency| currency.parse().expect("a currency"));
        let total = PropertyTotal {
            path: path("properties.value"),
            currency,
            range: Range { min: amount(min), max: amount(max) },
        };
        TouchpointCondition { total: Some(total), ..did("a") }
    };
    assert!(has_done(ask(Some("GBP"), "0.3", "0.3"), &facts));
    assert!(has_done(ask(None, "9.3", "9.3"), &facts));
    let of_none = TouchpointCondition { times: Range { min: None, max: None }, ..ask(None, "0", "0") };
    assert!(has_done(of_none, &one_identifier()), "of none it is 0");
    assert!(!has_done(ask(None, "0", "0"), &one_identifier()), "but at least one is asked for");
}

#[test]
fn some_start_of_a_chain_is_enough() {
    let chain = |then: Vec<ThenCondition>| TouchpointCondition { then, ..did("a") };
    // The latest start is too late for b, and the first is too early for it.
    let facts = with_touchpoints(&[(0, "a", json!({})), (5, "a", json!({})), (7, "b", json!({})), (8, "a", json!({}))]);
    assert!(has_done(chain(vec![then("b", Some(2), true)]), &facts));
    assert!(!has_done(chain(vec![then("b", Some(1), true)]), &facts));
    assert!(has_done(
        TouchpointCondition { times: Range { min: Some(2), max: Some(2) }, ..chain(vec![then("b", None, true)]) },
        &facts
    ));
    // The first b is too early for c, the second is right.
    let facts = with_touchpoints(&[(0, "a", json!({})), (1, "b", json!({})), (4, "b", json!({})), (6, "c", json!({}))]);
    assert!(has_done(chain(vec![then("b", Some(4), true), then("c", Some(2), true)]), &facts));
    assert!(!has_done(chain(vec![then("b", Some(3), true), then("c", Some(2), true)]), &facts));
    // At the same time, the order of arrival decides.
    let facts = with_touchpoints(&[(0, "b", json!({})), (0, "a", json!({})), (0, "c", json!({}))]);
    assert!(
        has_done(chain(vec![then("c", None, true)]), &facts) && !has_done(chain(vec![then("b", None, true)]), &facts)
    );
}

#[test]
fn what_did_not_follow_is_true_from_the_end_of_its_time_on() {
    let chain = |then: Vec<ThenCondition>| Condition::Did(Box::new(TouchpointCondition { then, ..did("a") }));
    let facts = with_touchpoints(&[(0, "a", json!({})), (30, "b", json!({}))]);
    let at = |now: &str, within| fits(&chain(vec![then("b", Some(within), false)]), &facts, &Setting::at(now, "UTC"));
    assert!(!at("2026-03-01T23:59:59.999Z", 24) && at("2026-03-02T00:00:00Z", 24));
    assert!(!at("2026-03-31T00:00:00Z", 30), "it came at the last instant");
    // The next step counts from the last that happened.
    let later = |hours| fits(&chain(vec![then("x", Some(10), false), then("b", Some(hours), true)]), &facts, &usual());
    assert!(later(30) && !later(29));
}

#[test]
fn what_must_be_the_same_is_compared_to_the_first_and_a_missing_value_is_never_the_same() {
    let same = |name: &str| ThenCondition { same: vec![path("properties.sku")], ..then(name, None, true) };
    let chain = |steps: Vec<ThenCondition>| TouchpointCondition { then: steps, ..did("a") };
    let facts = with_touchpoints(&[
        (0, "a", json!({"sku": "1"})),
        (1, "a", json!({"sku": 2})),
        (2, "b", json!({"sku": "2"})),
        (3, "c", json!({"sku": 2.0})),
    ]);
    assert!(!has_done(chain(vec![same("b")]), &facts), "a text is no number");
    assert!(has_done(chain(vec![same("c")]), &facts));
    assert!(!has_done(chain(vec![same("b"), same("c")]), &facts));
    assert!(has_done(chain(vec![then("b", None, true), same("c")]), &facts));
    let without = with_touchpoints(&[(0, "a", json!({})), (1, "b", json!({}))]);
    assert!(!has_done(chain(vec![same("b")]), &without));
    let not_same = ThenCondition { happened: false, within: Some(Duration(3_600_000)), ..same("b") };
    assert!(has_done(chain(vec![not_same]), &without));
}

fn gbp() -> Currency {
    "GBP".parse().expect("a currency")
}

fn order(number: &str, day: &str, total: &str, returned: &str, status: OrderStatus) -> Order {
    let amount = |text: &str| Amount::parse(text).expect("an amount");
    let product = Product { sku: number.into(), name: Some("Red Boot".into()), category: Some("Boots".into()) };
    Order {
        key: OrderKey { source: "shop".into(), number: number.into() },
        placed: Some(Placed { owner: Arrival(1), at: time(day), arrival: Arrival(1) }),
        currency: gbp(),
        total: amount(total),
        returned: amount(returned),
        status,
        channel: None,
        lines: vec![OrderLine { product, quantity: 1, unit_price: amount(total), returned_quantity: 0 }],
        returns: vec![],
        events: vec![],
    }
}

fn with_orders() -> CustomerFacts {
    let mut facts = one_identifier();
    facts.orders = vec![
        order("1", "2026-01-01T00:00:00Z", "10", "0", OrderStatus::Placed),
        order("2", "2026-03-30T00:00:00Z", "20", "15", OrderStatus::PartReturned),
        order("3", "2026-03-30T00:00:00Z", "99", "0", OrderStatus::Cancelled),
    ];
    let amount = |text: &str| Amount::parse(text).expect("an amount");
    let money = MoneyRollup { orders: 2, gross: amount("30"), returned: amount("15") };
    let channel = ChannelRollup { touchpoints: 3, sent: 0, answered: 3, last_at: Timestamp(0) };
    let rollup = &mut view(&mut facts).identifiers[0].rollup;
    rollup.money.insert(gbp(), money);
    rollup.channels.insert("website".into(), channel);
    facts
}

fn amounts(min: &str, max: &str) -> Option<Range<Amount>> {
    Some(Range { min: Amount::parse(min).ok(), max: Amount::parse(max).ok() })
}

#[test]
fn orders_are_counted_one_by_one_and_cancelled_ones_do_not_count() {
    let any = || OrdersCondition {
        count: Range { min: Some(1), max: None },
        when: None,
        currency: None,
        net: None,
        gross: None,
        return_rate: None,
        containing: None,
    };
    let fit = |condition: OrdersCondition| fits(&Condition::Orders(condition), &with_orders(), &usual());
    assert!(fit(OrdersCondition { count: Range { min: Some(2), max: Some(2) }, ..any() }));
    assert!(!fit(OrdersCondition { currency: Some(gbp()), gross: amounts("99", ""), ..any() }));
    assert!(fit(OrdersCondition { currency: Some(gbp()), net: amounts("5", "5"), ..any() }));
    assert!(fit(OrdersCondition { currency: "EUR".parse().ok(), count: Range { min: None, max: Some(0) }, ..any() }));
    let rate = Some(Range { min: Some(0.75), max: None });
    assert!(fit(OrdersCondition { return_rate: rate, ..any() }));
    assert!(!fit(OrdersCondition { return_rate: rate, when: Some(TimeCondition::OlderThan(days(30))), ..any() }));
    let product = |skus: &[&str], category: &str| ProductMatch {
        skus: Some(skus.iter().map(|sku| (*sku).into()).collect()),
        categories: Some(TextCondition::In(texts(&[category]))),
        name: Some(TextCondition::Contains(texts(&["RED"]))),
    };
    assert!(fit(OrdersCondition { containing: Some(product(&["2"], "BOOTS")), ..any() }));
    assert!(!fit(OrdersCondition { containing: Some(product(&["3"], "boots")), ..any() }), "it was cancelled");
    assert!(!fit(OrdersCondition { containing: Some(product(&["2"], "shoes")), ..any() }));
    assert!(!fits(&Condition::Orders(any()), &one_identifier(), &usual()));
}

#[test]
fn spend_without_an_order_that_counts_is_missing() {
    let any =
        || SpendCondition { currency: gbp(), net: None, gross: None, returned: None, return_rate: None, when: None };
    let fit = |condition: SpendCondition, facts: &CustomerFacts| fits(&Condition::Spend(condition), facts, &usual());
    assert!(fit(any(), &with_orders()) && !fit(any(), &one_identifier()));
    assert!(!fit(
        SpendCondition { currency: "EUR".parse().expect("a currency"), net: amounts("", "5"), ..any() },
        &with_orders()
    ));
    assert!(fit(
        SpendCondition { net: amounts("15", "15"), gross: amounts("30", ""), returned: amounts("", "15"), ..any() },
        &with_orders()
    ));
    let lately = || Some(TimeCondition::Last(days(7)));
    assert!(fit(SpendCondition { when: lately(), net: amounts("5", "5"), ..any() }, &with_orders()));
    assert!(fit(
        SpendCondition { when: lately(), return_rate: Some(Range { min: Some(0.75), max: Some(0.75) }), ..any() },
        &with_orders()
    ));
    assert!(!fit(SpendCondition { when: Some(TimeCondition::Last(days(1))), ..any() }, &with_orders()));
}

#[test]
fn products_are_those_of_the_relation() {
    let mut facts = with_orders();
    let product = Product { sku: "9".into(), name: None, category: None };
    let act = |act, at: &str| ProductActed {
        owner: Arrival(1),
        product: product.clone(),
        act,
        quantity: None,
        at: time(at),
        arrival: Arrival(1),
    };
    facts.acts = vec![act(ProductAct::Wished, "2026-03-01T00:00:00Z")];
    let ask = |relation, sku: &str| {
        let is = ProductMatch { skus: Some(vec![sku.into()]), categories: None, name: None };
        Condition::Product(ProductCondition {
            relation,
            is: Some(is),
            when: None,
            count: Range { min: Some(1), max: None },
        })
    };
    assert!(fits(&ask(ProductRelation::Wished, "9"), &facts, &usual()));
    assert!(!fits(&ask(ProductRelation::Bought, "9"), &facts, &usual()));
    assert!(fits(&ask(ProductRelation::Bought, "1"), &facts, &usual()));
    assert!(!fits(&ask(ProductRelation::Bought, "3"), &facts, &usual()), "it was cancelled");
    facts.acts.push(act(ProductAct::Unwished, "2026-03-02T00:00:00Z"));
    assert!(!fits(&ask(ProductRelation::Wished, "9"), &facts, &usual()));
}

#[test]
fn the_strictest_consent_in_force_counts() {
    let given = |n: i64, channel: Option<&str>, status, end: Option<&str>| ConsentGiven {
        identifier: Arrival(1),
        consent: Arc::new(Consent {
            arrival: Arrival(n),
            owner: Arrival(1),
            fact: ConsentFact {
                purpose: "marketing".into(),
                channel: channel.map(Into::into),
                status,
                expires_at: end.map(time),
            },
            at: Timestamp(n),
            source: "shop".into(),
        }),
    };
    let strictest = |consents: Vec<ConsentGiven>, purpose: &str, channel: Option<&str>| {
        let mut facts = one_identifier();
        view(&mut facts).consents = Some(consents);
        use ConsentStatus::*;
        let ask = |status| {
            Condition::Consent(ConsentCondition {
                purpose: purpose.into(),
                channel: channel.map(Into::into),
                status: vec![status],
            })
        };
        let found: Vec<_> = [Granted, Denied, Revoked, Expired, Unknown]
            .into_iter()
            .filter(|s| fits(&ask(*s), &facts, &usual()))
            .collect();
        assert_eq!(found.len(), 1, "exactly one status is in force");
        found[0]
    };
    let granted = || given(1, None, ConsentStatus::Granted, None);
    let of_email = || given(2, Some("email"), ConsentStatus::Revoked, None);
    let ended = || given(3, Some("sms"), ConsentStatus::Granted, Some("2026-03-31T12:00:00Z"));
    assert_eq!(strictest(vec![], "marketing", None), ConsentStatus::Unknown);
    assert_eq!(strictest(vec![granted()], "research", None), ConsentStatus::Unknown);
    assert_eq!(strictest(vec![granted(), of_email()], "marketing", None), ConsentStatus::Revoked);
    assert_eq!(strictest(vec![granted(), of_email()], "marketing", Some("email")), ConsentStatus::Revoked);
    assert_eq!(strictest(vec![granted(), of_email()], "marketing", Some("sms")), ConsentStatus::Granted);
    assert_eq!(strictest(vec![of_email()], "marketing", Some("sms")), ConsentStatus::Unknown);
    assert_eq!(strictest(vec![ended()], "marketing", None), ConsentStatus::Expired);
    assert_eq!(strictest(vec![ended(), granted()], "marketing", Some("sms")), ConsentStatus::Granted);
}

#[test]
fn seen_is_when_and_where() {
    let any = || SeenCondition { first: None, last: None, channels: None, devices: None };
    let mut facts = with_orders();
    view(&mut facts).devices = Some(vec![Device {
        fact: DeviceFact { key: "d".into(), kind: "phone".into(), os: None, model: None },
        first_seen_at: Timestamp(0),
        last_seen_at: Timestamp(0),
        identifiers: vec![Arrival(1)],
    }]);
    let fit = |condition: SeenCondition| fits(&Condition::Seen(condition), &facts, &usual());
    assert!(fit(any()));
    assert!(fit(SeenCondition {
        first: Some(TimeCondition::OlderThan(days(365))),
        last: Some(TimeCondition::Last(days(7))),
        ..any()
    }));
    assert!(!fit(SeenCondition { first: Some(TimeCondition::Last(days(7))), ..any() }));
    assert!(fit(SeenCondition { channels: Some(vec!["store".into(), "website".into()]), ..any() }));
    assert!(!fit(SeenCondition { channels: Some(vec!["store".into()]), ..any() }));
    assert!(fit(SeenCondition { devices: Some(vec!["phone".into()]), ..any() }));
    assert!(!fit(SeenCondition { devices: Some(vec!["tv".into()]), ..any() }));
}

#[test]
fn lines_are_below_all_and_any_and_are_left_out_of_their_list() {
    let has = |text: &str| text_condition(text);
    let condition = Condition::All(vec![
        has("a"),
        Condition::Any(vec![has("b"), has("c")]),
        Condition::Not(Box::new(Condition::All(vec![has("d")]))),
    ]);
    let mut trial = Trial::new(&condition);
    let setting = usual();
    for letters in ["ab", "ac", "a", "b", "abd", "abc"] {
        trial.add(&with_trait(json!(letters)), &setting.frame());
    }
    let lines: Vec<_> = trial.lines().iter().map(|line| (line.path.as_str(), line.alone, line.without)).collect();
    assert_eq!(trial.size, 3);
    assert_eq!(
        lines,
        // Without d, its own list is empty, which everybody fits, and so nobody fits the whole.
        [("all.0", 5, 4), ("all.1.any.0", 4, 2), ("all.1.any.1", 2, 2), ("all.2", 5, 4), ("all.2.not.all.0", 1, 0)]
    );
    assert!(trial.unknown_traits.is_empty());
    // A condition without a list has no lines.
    let everybody = Condition::All(vec![]);
    let mut alone = Trial::new(&everybody);
    assert!(alone.add(&one_identifier(), &setting.frame()) && alone.lines().is_empty());
    let single = has("a");
    let mut trial = Trial::new(&single);
    assert!(!trial.add(&with_trait(json!(7)), &setting.frame()) && trial.lines().is_empty());
    assert_eq!(trial.misfits.get("t"), Some(&(1, json!(7))));
    let mut trial = Trial::new(&single);
    trial.add(&one_identifier(), &setting.frame());
    assert_eq!(trial.unknown_traits, ["t"]);
}

fn text_condition(text_of: &str) -> Condition {
    text(TextCondition::Contains(texts(&[text_of])))
}

#[test]
fn a_condition_says_what_it_looks_at() {
    let spend = |when| {
        Condition::Spend(SpendCondition {
            currency: gbp(),
            net: None,
            gross: None,
            returned: None,
            return_rate: None,
            when,
        })
    };
    assert_eq!(text_condition("a").needs(), Needs::default());
    assert_eq!(spend(None).needs(), Needs::default());
    assert!(spend(Some(TimeCondition::Last(days(1)))).needs().orders);
    let nested = Condition::Not(Box::new(Condition::Any(vec![Condition::Did(Box::new(did("a")))])));
    assert_eq!(nested.needs(), Needs { touchpoints: true, ..Needs::default() });
}

#[test]
fn a_segment_is_its_condition_in_its_own_zone() {
    let today = Condition::Seen(SeenCondition {
        first: None,
        last: Some(TimeCondition::Calendar { unit: CalendarUnit::Day, back: 0, count: 1 }),
        channels: None,
        devices: None,
    });
    let mut facts = one_identifier();
    view(&mut facts).identifiers[0].last_seen_at = time("2026-03-31T20:00:00Z");
    let setting = Setting::at("2026-04-01T00:30:00Z", "UTC");
    let of = |zone: &str| {
        let zone = TimeZone::get(zone).expect("a zone");
        Condition::Segment(SegmentCondition { name: "today".into(), zone, members: Arc::new(today.clone()) })
    };
    assert!(!fits(&today, &facts, &setting) && !fits(&of("UTC"), &facts, &setting));
    assert!(fits(&of("America/New_York"), &facts, &setting), "there it is still 31 March");
    let looks = Condition::Segment(SegmentCondition {
        name: "buyers".into(),
        zone: TimeZone::UTC,
        members: Arc::new(Condition::Did(Box::new(did("a")))),
    });
    assert!(looks.needs().touchpoints, "what it looks at is what its condition looks at");
    assert_eq!(Condition::Not(Box::new(looks)).sentence(), "not (is in the segment \"buyers\")");
}

#[test]
fn because_is_a_tree_of_what_holds_with_the_touchpoints_that_count() {
    let mut facts = with_touchpoints(&[(1, "a", json!({})), (2, "b", json!({})), (3, "a", json!({}))]);
    view(&mut facts).claims = view(&mut with_trait(json!("x"))).claims.clone();
    let did_a = || Condition::Did(Box::new(did("a")));
    let condition = Condition::All(vec![did_a(), Condition::Not(Box::new(text_condition("y"))), text_condition("z")]);
    let setting = usual();
    let answer = condition.because(&facts, &setting.frame(), true);
    let held = |answer: &because::ConditionAnswer| answer.parts.iter().map(|part| part.holds).collect::<Vec<_>>();
    assert_eq!((answer.holds, held(&answer), held(&answer.parts[1])), (false, vec![true, true, false], vec![false]));
    assert_eq!(answer.parts[0].touchpoints.len(), 2);
    assert_eq!(*answer.parts[0].touchpoints[0], *facts.touchpoints[2].message_id, "the latest first");
    assert_eq!(answer.parts[2].of_trait.as_deref(), Some("t"));
    assert!(answer.touchpoints.is_empty() && answer.of_trait.is_none());
    assert_eq!(answer.sentence, condition.sentence());
    assert_eq!(answer.changes_at, None);
    // A window that ends is told; a moment at which nothing changes is not.
    let lately =
        |last| Condition::Did(Box::new(TouchpointCondition { when: Some(TimeCondition::Last(last)), ..did("a") }));
    let changes = |condition: &Condition| condition.because(&facts, &setting.frame(), true).changes_at;
    let end = facts.touchpoints[2].at;
    assert_eq!(changes(&lately(days(40))), Some(Timestamp(end.0 + 40 * DAY)), "the last of two leaves the window");
    assert_eq!(changes(&Condition::Not(Box::new(lately(days(40))))), changes(&lately(days(40))));
    assert_eq!((changes(&lately(days(1))), changes(&Condition::Any(vec![lately(days(40)), did_a()]))), (None, None));
    // One condition of the outermost all fails: a near miss. Two, none, and other shapes are none.
    let near = |condition: &Condition| condition.near_miss(&facts, &setting.frame()).map(Condition::sentence);
    assert_eq!(near(&condition), Some(text_condition("z").sentence()));
    assert_eq!(near(&Condition::All(vec![did_a(), text_condition("y"), text_condition("z")])), None);
    assert_eq!(near(&Condition::All(vec![did_a()])), None);
    assert_eq!(near(&text_condition("z")), None);
    let inside =
        Condition::Segment(SegmentCondition { name: "s".into(), zone: TimeZone::UTC, members: Arc::new(did_a()) });
    assert_eq!(
        inside.because(&facts, &setting.frame(), true).parts,
        vec![did_a().because(&facts, &setting.frame(), true)]
    );
}
