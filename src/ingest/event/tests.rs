//! The contract's "From an event to what is stored", sentence by sentence.

use serde_json::{Value, json};

use super::*;
use crate::domain::Currency;
use crate::domain::claim::Provenance;
use crate::domain::consent::{ConsentFact, ConsentStatus};
use crate::domain::order::{OrderAct, OrderContent};
use crate::domain::product::ProductAct;
use crate::domain::touchpoint::Direction;
use crate::settings::Settings;

fn settings(text: &str) -> Settings {
    Settings::read(Some((std::path::Path::new("t.toml"), text)), []).expect("settings")
}

fn origin() -> Origin {
    Origin::import(None, "shop.ndjson")
}

fn try_read(event: &Value) -> Result<Read, Rejected> {
    Reader::new(&Settings::default()).read(&event.to_string(), &origin(), &mut Occurrences::default())
}

/// A track event of one user, with the fields of `more`.
fn track(name: &str, more: Value) -> Value {
    let mut event = json!({ "type": "track", "messageId": "m1", "userId": "u1", "event": name, "timestamp": "2026-03-31T09:30:00Z" });
    if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
        event.extend(more);
    }
    event
}

fn identify(more: Value) -> Value {
    let mut event = track("", more);
    event["type"] = "identify".into();
    event.as_object_mut().expect("an object").remove("event");
    event
}

/// Reads an event without problems.
fn fact(event: &Value) -> Fact {
    let read = try_read(event).expect("a fact");
    assert_eq!(read.problems, [], "{event}");
    read.fact
}

/// The fact of an event, with any problems.
fn kept(event: &Value) -> Fact {
    try_read(event).expect("a fact").fact
}

fn warnings(event: &Value) -> Vec<String> {
    let problems = try_read(event).expect("a fact with warnings").problems;
    problems.iter().map(|p| format!("{} {}", p.code.as_str(), p.path.as_deref().unwrap_or("-"))).collect()
}

fn faults(event: &Value) -> Vec<String> {
    let problems = try_read(event).expect_err("a rejected event").problems;
    problems.iter().map(|p| format!("{} {}", p.code.as_str(), p.path.as_deref().unwrap_or("-"))).collect()
}

fn ids(event: &Value) -> Vec<String> {
    try_read(event).expect("a fact").fact.identifiers.iter().map(|i| i.key.to_string()).collect()
}

fn without(mut event: Value, field: &str) -> Value {
    event.as_object_mut().expect("an object").remove(field);
    event
}

fn touch(event: &Value) -> TouchpointFact {
    fact(event).touchpoint.expect("a touchpoint")
}

#[test]
fn track_page_and_screen_make_a_touchpoint_and_the_others_do_not() {
    for (kind, makes) in [("track", true), ("page", true), ("screen", true), ("identify", false), ("group", false)] {
        let mut event = track("Product Viewed", json!({}));
        event["type"] = kind.into();
        assert_eq!(fact(&event).touchpoint.is_some(), makes, "{kind}");
    }
    let alias = json!({ "type": "alias", "userId": "u1", "previousId": "a1", "timestamp": "2026-01-01T00:00:00Z" });
    assert!(fact(&alias).touchpoint.is_none());
    assert_eq!(faults(&track("x", json!({ "type": "delete" }))), ["BAD_VALUE type"]);
    assert_eq!(faults(&without(track("x", json!({})), "type")), ["MISSING_FIELD type"]);
}

#[test]
fn what_is_no_event_is_not_an_event() {
    let reader = Reader::new(&Settings::default());
    let deep = format!(r#"{{"type":"track","properties":{}1{}}}"#, "[".repeat(300), "]".repeat(300));
    for text in ["", "nonsense", "[]", "1", "null", "{", r#"{"type":NaN}"#, &deep] {
        let rejected = reader.read(text, &origin(), &mut Occurrences::default()).expect_err("no event");
        assert_eq!(rejected.problems.len(), 1);
        assert_eq!(rejected.problems[0].code, ProblemCode::NotAnEvent, "{text}");
    }
}

#[test]
fn a_touchpoint_is_named_by_its_event_and_a_page_by_its_name_else_its_path() {
    assert_eq!(&*touch(&track("Product Viewed", json!({}))).name, "Product Viewed");
    let page = |more: Value| {
        touch(&without(
            track("", {
                let mut more = more;
                more["type"] = "page".into();
                more
            }),
            "event",
        ))
    };
    assert_eq!(&*page(json!({ "name": "Home", "properties": { "path": "/" } })).name, "Home");
    assert_eq!(&*page(json!({ "properties": { "path": "/chairs" } })).name, "/chairs");
    assert_eq!(&*page(json!({ "context": { "page": { "path": "/chairs/oak" } } })).name, "/chairs/oak");
    assert_eq!(&*page(json!({})).name, "page");
    assert_eq!(&*page(json!({})).kind, "view");
    assert_eq!(faults(&without(track("", json!({})), "event")), ["MISSING_FIELD event"]);
    assert_eq!(faults(&track("", json!({ "event": {} }))), ["BAD_VALUE event"]);
}

#[test]
fn an_event_without_a_message_id_gets_one_by_source_content_and_occurrence() {
    let reader = Reader::new(&Settings::default());
    let event = without(track("x", json!({})), "messageId").to_string();
    let id = |text: &str, origin: &Origin, occurrences: &mut Occurrences| {
        reader.read(text, origin, occurrences).expect("a fact").fact.message_id
    };
    let mut file = Occurrences::default();
    let first = id(&event, &origin(), &mut file);
    let second = id(&event, &origin(), &mut file);
    assert_ne!(first, second, "two equal rows may both be real");
    let again = &mut Occurrences::default();
    assert_eq!((id(&event, &origin(), again), id(&event, &origin(), again)), (first.clone(), second));
    let elsewhere = id(&event, &Origin::import(None, "other.ndjson"), &mut Occurrences::default());
    assert_ne!(first, elsewhere, "another source, another id");
    let sent_again = event.replacen('{', r#"{"sentAt":"2026-04-01T00:00:00Z","#, 1);
    assert_eq!(first, id(&sent_again, &origin(), &mut Occurrences::default()), "the way it took makes no difference");
    let other = event.replace("\"x\"", "\"y\"");
    assert_ne!(first, id(&other, &origin(), &mut Occurrences::default()));
}

#[test]
fn ids_have_at_most_1024_bytes_and_no_control_characters() {
    let long = "x".repeat(1_025);
    let order =
        |id: &str| track("Order Completed", json!({ "properties": { "order_id": id, "currency": "GBP", "total": 1 } }));
    for (bad, code) in [(long.as_str(), "TOO_LARGE"), ("a\u{7}b", "BAD_VALUE"), ("a\u{85}b", "BAD_VALUE")] {
        assert_eq!(faults(&track("x", json!({ "messageId": bad }))), [format!("{code} messageId")]);
        assert_eq!(faults(&track("x", json!({ "userId": bad }))), [format!("{code} userId")]);
        assert_eq!(
            faults(&track("x", json!({ "properties": { "email": bad } }))),
            [format!("{code} properties.email")]
        );
        assert_eq!(faults(&order(bad)), [format!("{code} properties.order_id")]);
    }
    let most = "x".repeat(1_024);
    assert_eq!(fact(&track("x", json!({ "messageId": most, "userId": most }))).identifiers[0].key.value.len(), 1_024);
    let message = try_read(&track("x", json!({ "userId": "se\u{7}cret" }))).expect_err("a control character").problems;
    assert!(!message[0].message.contains("cret"), "no value in a message");
}

#[test]
fn time_is_corrected_by_the_clients_clock() {
    let at = |event: Value, origin: &Origin| {
        let read = Reader::new(&Settings::default()).read(&event.to_string(), origin, &mut Occurrences::default());
        read.expect("a fact").fact.at.to_string()
    };
    let server = Origin::graphql(Timestamp::parse("2026-03-31T12:00:00Z").expect("a time"));
    let slow = json!({ "timestamp": "2026-03-31T09:30:00Z", "sentAt": "2026-03-31T09:40:00Z", "receivedAt": "2026-03-31T10:00:00Z" });
    assert_eq!(
        at(track("x", slow.clone()), &origin()),
        "2026-03-31T09:50:00.000Z",
        "on import the event's own receivedAt"
    );
    assert_eq!(at(track("x", slow), &server), "2026-03-31T11:50:00.000Z", "on a server the server's clock");
    assert_eq!(at(track("x", json!({})), &server), "2026-03-31T09:30:00.000Z", "without sentAt the timestamp stands");
    assert_eq!(at(track("x", json!({ "sentAt": "2026-03-31T09:40:00Z" })), &origin()), "2026-03-31T09:30:00.000Z");
    let original = json!({ "originalTimestamp": "2026-03-31T08:00:00Z" });
    assert_eq!(at(without(track("x", original.clone()), "timestamp"), &origin()), "2026-03-31T08:00:00.000Z");
    assert_eq!(at(track("x", original), &origin()), "2026-03-31T09:30:00.000Z", "timestamp wins");
    let envelope =
        Origin { sent_at: Some(Timestamp::parse("2026-03-31T09:40:00Z").expect("a time")), ..server.clone() };
    assert_eq!(at(track("x", json!({})), &envelope), "2026-03-31T11:50:00.000Z", "sentAt of the envelope");
    let exported = json!({ "timestamp": "2026-03-31T09:50:00Z", "originalTimestamp": "2026-03-31T09:30:00Z",
        "sentAt": "2026-03-31T09:40:00Z", "receivedAt": "2026-03-31T10:00:00Z" });
    assert_eq!(at(track("x", exported), &origin()), "2026-03-31T09:50:00.000Z", "corrected once, not twice");
    let timeless = without(track("x", json!({})), "timestamp");
    assert_eq!(at(timeless.clone(), &server), "2026-03-31T12:00:00.000Z");
    let received = without(track("x", json!({ "receivedAt": "2026-03-31T10:00:00Z" })), "timestamp");
    assert_eq!(at(received, &origin()), "2026-03-31T10:00:00.000Z");
    assert_eq!(faults(&timeless), ["MISSING_FIELD timestamp"]);
}

#[test]
fn a_time_nobody_lived_in_is_refused() {
    for bad in ["0000-01-01T00:00:00Z", "40000-01-01T00:00:00Z", "yesterday", "2026-02-30T00:00:00Z"] {
        assert_eq!(faults(&track("x", json!({ "timestamp": bad }))), ["BAD_TIME timestamp"], "{bad}");
    }
    assert_eq!(faults(&track("x", json!({ "timestamp": 1_774_949_400 }))), ["BAD_TIME timestamp"]);
    assert_eq!(warnings(&track("x", json!({ "sentAt": "then" }))), ["BAD_TIME sentAt"]);
    let absurd = json!({ "timestamp": "0001-01-01T00:00:00Z", "sentAt": "9999-01-01T00:00:00Z", "receivedAt": "2026-01-01T00:00:00Z" });
    assert_eq!(warnings(&track("x", absurd.clone())), ["BAD_TIME sentAt"]);
    assert_eq!(try_read(&track("x", absurd)).expect("a fact").fact.at, Timestamp::MIN, "the odd sentAt costs itself");
}

/// The time of an event, and the codes of its problems.
fn happened(event: &Value, origin: &Origin) -> (String, Vec<String>) {
    let read = Reader::new(&Settings::default()).read(&event.to_string(), origin, &mut Occurrences::default());
    let read = read.expect("a fact");
    let said = read.problems.iter().map(|p| format!("{} {}", p.code.as_str(), p.path.as_deref().unwrap_or("-")));
    (read.fact.at.to_string(), said.collect())
}

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

#[test]
fn a_time_that_differs_from_the_original_was_corrected_already() {
    for (timestamp, original, sent_at, received_at) in [
        // Differences of a millisecond, whole seconds, microseconds, another time zone.
        ("09:50:00.001Z", "09:30:00.000Z", "09:40:00.000Z", "10:00:00.000Z"),
        ("09:50:00Z", "09:30:00.4Z", "09:40:00.7Z", "10:00:00.9Z"),
        ("09:50:00.123456Z", "09:30:00.123999Z", "09:40:00.123999Z", "10:00:00.123000Z"),
        ("10:50:00+01:00", "09:30:00Z", "09:40:01Z", "10:00:00Z"),
    ] {
        let day = |time: &str| format!("2026-03-31T{time}");
        let exported = json!({ "timestamp": day(timestamp), "originalTimestamp": day(original), "sentAt": day(sent_at),
            "receivedAt": day(received_at) });
        let expected = (moment(&day(timestamp)).to_string(), Vec::new());
        assert_eq!(happened(&track("x", exported), &origin()), expected, "{timestamp}");
    }
    // Both are the same: no correction yet.
    let noted = json!({ "originalTimestamp": "2026-03-31T10:30:00.0+01:00", "sentAt": "2026-03-31T09:40:00Z",
        "receivedAt": "2026-03-31T10:00:00Z" });
    assert_eq!(happened(&track("x", noted), &origin()).0, "2026-03-31T09:50:00.000Z");
}

#[test]
fn a_time_a_day_after_its_receipt_is_the_receipts() {
    let server = Origin::graphql(moment("2026-04-01T12:00:00Z"));
    let file = Origin::import(None, "f").as_of(moment("2026-04-01T12:00:00Z"));
    let at = |time: &str| track("x", json!({ "timestamp": time }));
    for origin in [&server, &file] {
        let receipt = ("2026-04-01T12:00:00.000Z".to_owned(), vec!["BAD_TIME timestamp".to_owned()]);
        assert_eq!(happened(&at("2099-01-01T00:00:00Z"), origin), receipt);
        assert_eq!(happened(&at("9999-12-31T23:59:59.999Z"), origin), receipt);
        assert_eq!(happened(&at("2026-04-02T12:00:00.001Z"), origin), receipt);
        let just = ("2026-04-02T12:00:00.000Z".to_owned(), Vec::new());
        assert_eq!(happened(&at("2026-04-02T12:00:00Z"), origin), just, "a day is let pass");
        let corrected = json!({ "timestamp": "2026-04-01T12:00:00Z", "originalTimestamp": "2099-01-01T00:00:00Z" });
        assert_eq!(happened(&track("x", corrected), origin), ("2026-04-01T12:00:00.000Z".into(), vec![]));
        let original = without(track("x", json!({ "originalTimestamp": "2099-01-01T00:00:00Z" })), "timestamp");
        assert_eq!(happened(&original, origin).1, ["BAD_TIME originalTimestamp"]);
        // A clock that was wrong by years is corrected. A clock that was right at the time of sending is not.
        let ahead = json!({ "timestamp": "2099-01-01T00:00:00Z", "sentAt": "2099-01-01T00:10:00Z",
            "receivedAt": "2026-04-01T12:00:00Z" });
        assert_eq!(happened(&track("x", ahead), origin), ("2026-04-01T11:50:00.000Z".into(), vec![]));
        let sent = json!({ "timestamp": "2099-01-01T00:00:00Z", "sentAt": "2026-04-01T12:00:00Z",
            "receivedAt": "2026-04-01T12:00:00Z" });
        assert_eq!(happened(&track("x", sent), origin), receipt);
    }
    // On import the receipt in the file counts, unless it is in the future.
    let received = |time: &str| track("x", json!({ "timestamp": "2026-03-31T09:30:00Z", "receivedAt": time }));
    assert_eq!(happened(&received("2026-03-01T00:00:00Z"), &file).0, "2026-03-01T00:00:00.000Z");
    let to_come = happened(&received("2099-01-01T00:00:00Z"), &file);
    assert_eq!(to_come, ("2026-03-31T09:30:00.000Z".into(), vec!["BAD_TIME receivedAt".into()]));
    let only_sent = without(track("x", json!({ "sentAt": "2099-01-01T00:00:00Z" })), "timestamp");
    assert_eq!(happened(&only_sent, &file), ("2026-04-01T12:00:00.000Z".into(), vec!["BAD_TIME sentAt".into()]));
}

#[test]
fn of_two_times_the_first_that_can_be_read_counts() {
    for odd in [json!("yesterday"), json!(1_774_949_400), json!({}), json!(true), json!("2026-03-31T10:00:00+25:59")] {
        let both = track("x", json!({ "timestamp": odd, "originalTimestamp": "2026-03-31T08:00:00Z" }));
        let expected = ("2026-03-31T08:00:00.000Z".to_owned(), vec!["BAD_TIME timestamp".to_owned()]);
        assert_eq!(happened(&both, &origin()), expected, "{odd}");
        let other = track("x", json!({ "originalTimestamp": odd }));
        let expected = ("2026-03-31T09:30:00.000Z".to_owned(), vec!["BAD_TIME originalTimestamp".to_owned()]);
        assert_eq!(happened(&other, &origin()), expected, "{odd}");
        let neither = track("x", json!({ "timestamp": odd, "originalTimestamp": odd }));
        assert_eq!(faults(&neither), ["BAD_TIME timestamp", "BAD_TIME originalTimestamp"]);
    }
    let london = track("x", json!({ "timestamp": "2026-07-01T10:00:00[Europe/London]" }));
    assert_eq!(happened(&london, &origin()), ("2026-07-01T09:00:00.000Z".into(), vec![]));
    for none in [json!(null), json!(""), json!("  ")] {
        assert_eq!(faults(&track("x", json!({ "timestamp": none }))), ["MISSING_FIELD timestamp"]);
    }
}

#[test]
fn two_events_without_id_and_time_are_two_on_the_wire() {
    let id = |event: &Value, origin: &Origin| {
        let read = Reader::new(&Settings::default()).read(&event.to_string(), origin, &mut Occurrences::default());
        read.expect("a fact").fact.message_id
    };
    let now = moment("2026-04-01T12:00:00Z");
    let ping = without(without(track("Ping", json!({})), "messageId"), "timestamp");
    let timed = without(track("Ping", json!({})), "messageId");
    for wire in [Origin::graphql(now), Origin::http("web", now, None)] {
        for ping in [&ping, &track_without_id(&ping, "timestamp", ""), &track_without_id(&ping, "sentAt", "2026-04-01")]
        {
            assert_ne!(id(ping, &wire), id(ping, &wire), "two calls, two pings");
        }
        assert_eq!(id(&timed, &wire), id(&timed, &wire), "sent again");
    }
    let received = track_without_id(&ping, "receivedAt", "2026-04-01T00:00:00Z");
    assert_eq!(id(&received, &origin()), id(&received, &origin()), "the same file again");
}

fn track_without_id(event: &Value, field: &str, text: &str) -> Value {
    let mut event = event.clone();
    event[field] = text.into();
    event
}

#[test]
fn half_a_character_costs_itself() {
    let mut event = track("Call \u{1f600}", json!({ "properties": { "subject": "HALF", "n": ["HALF"] } })).to_string();
    event = event.replace("HALF", "x\\ud83d");
    let read = Reader::new(&Settings::default()).read(&event, &origin(), &mut Occurrences::default()).expect("a fact");
    let said: Vec<_> = read.problems.iter().map(|p| (p.code, p.path.as_deref())).collect();
    let code = ProblemCode::BadValue;
    assert_eq!(said, [(code, Some("properties.subject")), (code, Some("properties.n[0]"))]);
    let touch = read.fact.touchpoint.expect("a touchpoint");
    let properties: Value = serde_json::from_str(touch.properties.expect("properties").get()).expect("JSON");
    assert_eq!(properties, json!({ "subject": "x\u{fffd}", "n": ["x\u{fffd}"] }));
}

/// Reads an event's text, in which HALF and OTHER are halves of characters.
fn read_halves(event: &Value) -> Result<Read, Rejected> {
    let text = event.to_string().replace("HALF", "\\ud83d").replace("OTHER", "\\ude00");
    Reader::new(&Settings::default()).read(&text, &origin(), &mut Occurrences::default())
}

#[test]
fn an_id_with_half_a_character_is_none() {
    let odd = json!({
        "userId": "aHALF", "anonymousId": "a1", "messageId": "mHALF", "context": {
            "sessionId": "sHALF", "device": { "id": "dHALF" },
            "externalIds": [{ "type": "loyalty_card", "id": "cHALF" }, { "type": "loyalty_card", "id": "7" },
                { "type": "xHALF", "id": "7" }],
        },
    });
    let read = read_halves(&track("Call Answered", odd)).expect("a fact");
    let keys: Vec<_> = read.fact.identifiers.iter().map(|one| format!("{}", one.key)).collect();
    assert_eq!(keys, ["loyalty_card:7", "anonymous_id:a1"]);
    assert_eq!(read.fact.touchpoint.expect("a touchpoint").session_id, None);
    let mut paths: Vec<_> =
        read.problems.iter().map(|p| (p.code.as_str(), p.path.as_deref().unwrap_or_default())).collect();
    paths.sort_unstable();
    paths.dedup();
    let expected = [
        "context.device.id",
        "context.externalIds[0].id",
        "context.externalIds[2]",
        "context.externalIds[2].type",
        "context.sessionId",
        "messageId",
        "userId",
    ];
    assert_eq!(paths, expected.map(|path| ("BAD_VALUE", path)));

    let order = json!({ "properties": { "order_id": "oHALF", "total": 1, "currency": "EUR" } });
    let rejected = read_halves(&track("Order Completed", order)).expect_err("no number");
    assert_eq!((rejected.problems[0].code, rejected.problems[0].path.as_deref()), {
        (ProblemCode::MissingField, Some("properties.order_id"))
    });
    let born = json!({ "traits": { "first_name": "AHALF", "last_name": "Ng", "birth_date": "1990-02-03" } });
    assert_eq!(read_halves(&identify(born)).expect("a fact").fact.identifiers.len(), 1, "no composite");
    let alone = read_halves(&track("Call Answered", json!({ "userId": "aHALF" }))).expect_err("no identifier");
    assert!(alone.problems.iter().any(|problem| problem.code == ProblemCode::MissingField));
}

#[test]
fn messages_whose_ids_differ_in_half_a_character_are_two() {
    let id = |id: &str| read_halves(&track("x", json!({ "messageId": id }))).expect("a fact").fact.message_id;
    assert!(id("mHALF").starts_with("made-") && id("mHALF") != id("mOTHER"));
    assert_eq!(id("mHALF"), id("mHALF"), "sent again");
}

#[test]
fn a_character_that_was_lost_before_is_as_it_was_sent_but_in_ids() {
    let event = track("Call \u{fffd}", json!({ "properties": { "subject": "x\u{fffd}" } }));
    let touch = fact(&event).touchpoint.expect("a touchpoint");
    assert_eq!((&*touch.name, touch.properties.expect("properties").get()), {
        ("Call \u{fffd}", "{\"subject\":\"x\u{fffd}\"}")
    });
    // A program that wrote U+FFFD for unreadable characters did this in other ids too.
    let event = track("x", json!({ "userId": "a\u{fffd}", "anonymousId": "a1" }));
    assert_eq!((warnings(&event), ids(&event)), {
        (vec!["BAD_VALUE userId".to_owned()], vec!["anonymous_id:a1".to_owned()])
    });
}

#[test]
fn halves_in_lists_that_are_texts_are_named_too() {
    let lines = r#"[{"sku": "k1", "name": "x\ud83d", "price": 1, "quantity": 1}]"#;
    let event =
        track("Order Completed", json!({ "properties": { "order_id": "o1", "currency": "EUR", "products": lines } }));
    assert!(warnings(&event).contains(&"BAD_VALUE properties.products[0].name".to_owned()), "{:?}", warnings(&event));
}

#[test]
fn a_composite_that_cannot_be_costs_itself() {
    for (birth, code) in [("\u{7}1990", "BAD_VALUE"), (&*"9".repeat(1_100), "TOO_LARGE")] {
        let event = identify(json!({ "traits": { "first_name": "An", "last_name": "Ng", "birth_date": birth } }));
        assert_eq!(warnings(&event), [format!("{code} traits.first_name")]);
        assert_eq!(kept(&event).identifiers.len(), 1);
    }
}

#[test]
fn an_odd_name_is_mended_and_another_one_is_looked_for() {
    let odd = track("x", json!({ "event": {}, "name": "Call Answered" }));
    assert_eq!(warnings(&odd), ["BAD_VALUE event"]);
    let named = |event: &Value| try_read(event).expect("a fact").fact.touchpoint.expect("a touchpoint").name;
    assert_eq!(&*named(&odd), "Call Answered");
    let tabbed = track("Call\tAnswered\u{0}", json!({}));
    assert_eq!((warnings(&tabbed), &*named(&tabbed)), (vec!["BAD_VALUE event".to_owned()], "Call Answered"));
    let long = track(&"é".repeat(600), json!({}));
    assert_eq!((warnings(&long), named(&long).len()), (vec!["TOO_LARGE event".to_owned()], 1_024));
    let page = json!({ "type": "page", "name": "a\u{85}b", "properties": { "path": "/" } });
    assert_eq!(&*named(&without(track("", page), "event")), "a b");
    assert_eq!(faults(&track("\u{7}", json!({}))), ["BAD_VALUE event"]);
    assert_eq!(faults(&track("", json!({ "event": true, "name": [] }))), ["BAD_VALUE event", "BAD_VALUE name"]);
}

#[test]
fn traits_are_read_from_identify_only_and_context_traits_from_any() {
    let traits = json!({ "traits": { "email": "Ada@Example.com " } });
    assert_eq!(ids(&identify(traits.clone())), ["user_id:u1", "email:ada@example.com"]);
    assert_eq!(ids(&track("x", traits.clone())), ["user_id:u1"]);
    let mut group = track("x", traits);
    group["type"] = "group".into();
    assert_eq!(ids(&group), ["user_id:u1"], "a group's traits are the group's");
    assert_eq!(fact(&group).claims.len(), 0);
    let context = json!({ "context": { "traits": { "email": "ada@example.com" } } });
    assert_eq!(ids(&track("x", context.clone())), ["user_id:u1", "email:ada@example.com"]);
    assert_eq!(fact(&track("x", context)).claims.len(), 0);
}

#[test]
fn identifiers_come_in_the_order_of_kinds_then_paths_each_once() {
    let event = identify(json!({
        "anonymousId": "a1",
        "traits": { "email": "b@example.com", "phone": "07700 900123", "loyalty_card": 77,
            "first_name": "Ada", "last_name": " Lovelace ", "birth_date": "1815-12-10" },
        "properties": { "email": ["c@example.com", "B@example.com"] },
        "context": { "externalIds": [
            { "type": "email", "id": "D@example.com" }, { "type": "crm", "id": "9" }, { "type": "user_id", "id": "u2" }, { "type": "crm", "id": 10 },
        ] },
    }));
    let expected = [
        "user_id:u1",
        "user_id:u2",
        "email:b@example.com",
        "email:c@example.com",
        "email:d@example.com",
        "phone:+447700900123",
        "loyalty_card:77",
        "name_and_birth:3:ada 8:lovelace 10:1815-12-10",
        "anonymous_id:a1",
        "crm:9",
        "crm:10",
    ];
    assert_eq!(ids(&event), expected);
    let listed: Vec<bool> = fact(&event).identifiers.iter().map(|i| i.listed).collect();
    assert_eq!(listed, [true, true, true, true, true, true, true, true, true, false, false]);
}

#[test]
fn a_phone_is_e164_and_one_that_cannot_be_read_is_a_warning() {
    for text in ["07700 900123", "+44 7700 900 123", "+44 (0)7700 900123", "0044 7700900123", "(07700) 900-123"] {
        assert_eq!(ids(&track("x", json!({ "properties": { "phone": text } })))[1], "phone:+447700900123", "{text}");
    }
    for text in ["call me", "12", "+", "1234567890123456789012"] {
        let event = track("x", json!({ "properties": { "phone": text } }));
        assert_eq!(warnings(&event), ["BAD_VALUE properties.phone"], "{text}");
        assert_eq!(ids(&event), ["user_id:u1"]);
    }
    let german = Reader::new(&settings("[identity]\nphone_country = \"DE\""));
    let key = german.identifiers().normalise("phone", "030 901820").expect("a number");
    assert_eq!(key.to_string(), "phone:+4930901820");
}

#[test]
fn a_composite_needs_all_its_parts_from_one_event() {
    let composite = |traits: Value| ids(&identify(json!({ "traits": traits }))).get(1).cloned();
    let ng = "name_and_birth:2:an 2:ng 4:1990";
    assert_eq!(composite(json!({ "first_name": "An", "last_name": "Ng", "birth_date": 1990 })).as_deref(), Some(ng));
    let odd = json!({ "first_name": "\u{200b}AN", "last_name": "Ng\u{feff} ", "birth_date": 1990.0 });
    assert_eq!(composite(odd).as_deref(), Some(ng), "parts are normalised as values are");
    assert_eq!(composite(json!({ "first_name": "An", "last_name": "Ng" })), None);
    assert_eq!(composite(json!({ "last_name": "Ng", "birth_date": 1990 })), None, "twins have this in common");
    assert_eq!(composite(json!({ "first_name": "An", "last_name": " ", "birth_date": "1990" })), None);
    assert_eq!(composite(json!({ "first_name": "An", "last_name": "unknown", "birth_date": "1990" })), None);
    let other = json!({ "context": { "traits": { "first_name": "An", "last_name": "Ng", "birth_date": "1990" } } });
    assert_eq!(ids(&track("x", other)), ["user_id:u1"]);
}

#[test]
fn a_blocked_birth_date_is_blocked_however_it_is_written() {
    let made = |birth: Value| {
        let event = identify(json!({ "traits": { "first_name": "An", "last_name": "Ng", "birth_date": birth } }));
        kept(&event).identifiers.len() == 2
    };
    for birth in [
        json!("1970-01-01T00:00:00Z"),
        json!("1969-12-31T23:00:00-01:00"),
        json!("01.01.1970"),
        json!("1970/01/01"),
        json!("1/1/1970"),
        json!("Jan 1, 1970"),
        json!(19700101),
        json!(0),
        json!(-2208988800_i64),
        json!("01.01.1900"),
        json!("0001-01-01T00:00:00"),
    ] {
        assert!(!made(birth.clone()), "{birth}");
    }
    for birth in [json!("1970-01-02T00:00:00Z"), json!("02.01.1970"), json!(19700102), json!(1970), json!("1990-01-01")]
    {
        assert!(made(birth.clone()), "{birth}");
    }
    let given =
        |id: &str| track("x", json!({ "context": { "externalIds": [{ "type": "name_and_birth", "id": id }] } }));
    assert_eq!(warnings(&given("2:an 2:ng 10:01.01.1970")), ["BLOCKED_VALUE context.externalIds[0].id"]);
}

#[test]
fn twins_are_two_and_so_is_everybody_whose_form_put_a_birth_date_in() {
    let born = |first: &str, birth: &str| {
        let traits = json!({ "first_name": first, "last_name": "Ng", "birth_date": birth });
        identify(json!({ "traits": traits }))
    };
    assert_ne!(ids(&born("An", "1990-02-03"))[1], ids(&born("Binh", "1990-02-03"))[1]);
    for filled_in in ["1970-01-01", "1900-01-01", " 0001-01-01 "] {
        let event = born("An", filled_in);
        assert_eq!(ids(&event), ["user_id:u1"]);
        assert_eq!(warnings(&event), ["BLOCKED_VALUE traits.birth_date"]);
    }
    // It is blocked for this kind only.
    assert_eq!(ids(&track("x", json!({ "anonymousId": "1970-01-01" }))), ["user_id:u1", "anonymous_id:1970-01-01"]);
    let given =
        json!({ "context": { "externalIds": [{ "type": "name_and_birth", "id": "2:an 2:ng 10:1970-01-01" }] } });
    assert_eq!(ids(&track("x", given)), ["user_id:u1"]);
}

#[test]
fn two_long_numbers_are_two_people_and_one_number_is_one() {
    let ids_of = |field: &str, number: &str| {
        let text = r#"{"type":"track","messageId":"m","event":"x","timestamp":"2026-03-31T09:30:00Z","F":N}"#;
        let text = text.replace('F', field).replace('N', number);
        let read = Reader::new(&Settings::default()).read(&text, &origin(), &mut Occurrences::default());
        read.unwrap_or_else(|rejected| panic!("{number}: {rejected:?}")).fact.identifiers[0].key.value.to_string()
    };
    for (number, id) in [
        ("108204269033311374217", "108204269033311374217"),
        ("108204269033311374218", "108204269033311374218"),
        ("12345", "12345"),
        ("12345.0", "12345"),
        ("1.2345e4", "12345"),
        ("1.2345E+04", "12345"),
        ("20001.0", "20001"),
        ("0.1000", "0.1"),
        ("9007199254740993", "9007199254740993"),
        ("1e400", "1e400"),
        ("\"12345.0\"", "12345.0"),
    ] {
        assert_eq!(ids_of("userId", number), id, "{number}");
        assert_eq!(ids_of("anonymousId", number), id, "{number}");
    }
}

#[test]
fn an_order_a_message_a_session_a_device_and_a_sku_are_their_digits_too() {
    let of = |number: &str| {
        let text = r#"{"type":"track","messageId":N,"userId":"u1","event":"Order Completed","timestamp":"2026-03-31T09:30:00Z",
            "properties":{"order_id":N,"currency":"GBP","products":[{"sku":N,"price":1,"quantity":1.0}]},
            "context":{"sessionId":N,"device":{"id":N}}}"#;
        let read =
            Reader::new(&Settings::default()).read(&text.replace('N', number), &origin(), &mut Occurrences::default());
        let fact = read.expect("an event").fact;
        let (session, order) = (fact.touchpoint.and_then(|t| t.session_id), fact.order.expect("an order").0.number);
        (fact.message_id, session, order, fact.products[0].sku.clone(), fact.device.expect("a device").key)
    };
    assert_eq!(of("12345"), of("12345.0"));
    assert_eq!(of("12345"), of("1.2345e4"));
    assert_eq!(of("12345"), of("\"12345\""));
    let (one, other) = (of("108204269033311374217"), of("108204269033311374218"));
    assert!(one.0 != other.0 && one.1 != other.1 && one.2 != other.2 && one.3 != other.3 && one.4 != other.4);
}

#[test]
fn traits_and_properties_stay_as_they_were_written() {
    let text = r#"{"type":"identify","messageId":"m","userId":"u1","timestamp":"2026-03-31T09:30:00Z",
        "traits":{"a":12.50,"b":108204269033311374217,"c":{ "d" : [1E5, 0.10, -0] },"e":1e400,"f":"\u00e9"}}"#;
    let read = Reader::new(&Settings::default()).read(text, &origin(), &mut Occurrences::default()).expect("a fact");
    let claims: Vec<String> =
        read.fact.claims.iter().map(|claim| format!("{}={}", claim.name, claim.value.get())).collect();
    assert_eq!(claims, ["a=12.50", "b=108204269033311374217", r#"c={"d":[1E5,0.10,-0]}"#, r#"e="1e400""#, "f=\"é\""]);
    let problems: Vec<_> = read.problems.iter().map(|problem| (problem.code, problem.path.as_deref())).collect();
    assert_eq!(problems, [(ProblemCode::BadValue, Some("traits.e"))]);
    let text = text.replace("identify", "page").replace("traits", "properties");
    let read = Reader::new(&Settings::default()).read(&text, &origin(), &mut Occurrences::default()).expect("a fact");
    let properties = read.fact.touchpoint.and_then(|touchpoint| touchpoint.properties).expect("properties");
    assert!(properties.get().contains(r#""b":108204269033311374217"#) && properties.get().contains("[1E5, 0.10, -0]"));
    assert!(properties.get().contains(r#""e":"1e400""#), "{}", properties.get());
}

#[test]
fn what_is_no_address_and_no_number_binds_nobody() {
    for email in [json!("abc"), json!("https://example.com/a@b.com"), json!(12345), json!("a@b")] {
        let event = track("x", json!({ "properties": { "email": email } }));
        assert_eq!(
            (ids(&event), warnings(&event)),
            (vec!["user_id:u1".into()], vec!["BAD_VALUE properties.email".into()])
        );
    }
    for phone in [json!("30/12/1980"), json!("1-800-FLOWERS"), json!(-447_700_900_123_i64)] {
        let event = track("x", json!({ "properties": { "phone": phone } }));
        assert_eq!(
            (ids(&event), warnings(&event)),
            (vec!["user_id:u1".into()], vec!["BAD_VALUE properties.phone".into()])
        );
    }
    let raw = r#"{"type":"track","messageId":"m","userId":"u1","event":"x","timestamp":"2026-03-31T09:30:00Z","properties":{"phone":4.477E+11}}"#;
    let read = Reader::new(&Settings::default()).read(raw, &origin(), &mut Occurrences::default()).expect("a fact");
    assert_eq!((read.fact.identifiers.len(), read.problems.len()), (1, 1));
}

#[test]
fn what_looks_the_same_is_the_same() {
    let one = |kind: &str, value: &str| {
        let event = track("x", json!({ "context": { "externalIds": [{ "type": kind, "id": value }] } }));
        ids(&event)[1].clone()
    };
    for kind in ["anonymous_id", "loyalty_card", "crm"] {
        let plain = one(kind, "Am\u{e9}lie 7");
        for value in ["\u{200b}Ame\u{301}lie 7", "Am\u{e9}lie 7\u{feff}", "\u{200f} Am\u{e9}lie 7\u{2069}\u{a0}"] {
            assert_eq!(one(kind, value), plain, "{value:?}");
        }
    }
    assert_eq!(one("email", "info@xn--strae-oqa.example"), one("email", "\u{feff}Info@Stra\u{df}e.example"));
    assert_ne!(one("email", "info@strasse.example"), one("email", "info@stra\u{df}e.example"));
    assert_ne!(one("phone", "01632 960000"), one("phone", "01632 960000 ext 12"));
    let identifiers = Reader::new(&Settings::default());
    let found = identifiers.identifiers().sought("phone", "01632 960000 x12").expect("a key");
    assert_eq!(found.to_string(), one("phone", "+441632960000;ext=12"));
    // A value that a store may have from an earlier version is looked up unchanged.
    assert_eq!(identifiers.identifiers().sought("email", " n/a ").expect("a key").to_string(), "email:n/a");
    assert!(identifiers.identifiers().sought("email", " \u{200b}").is_none());
}

#[test]
fn blocked_values_are_blocked_wherever_an_id_is_read() {
    let event = |id: &str| {
        json!({ "type": "track", "messageId": id, "userId": "u1", "anonymousId": id, "event": "x",
            "timestamp": "2026-03-31T09:30:00Z",
            "context": { "sessionId": id, "userAgent": "Safari", "device": { "id": id, "type": "ios" } } })
    };
    for blocked in [
        "undefined",
        "UNDEFINED",
        "\u{200b}null ",
        "00000000-0000-0000-0000-000000000000",
        "[object Object]",
        "N/A",
        "0",
    ] {
        let event = event(blocked);
        let mut told = warnings(&event);
        told.sort();
        let paths = ["anonymousId", "context.device.id", "context.sessionId", "messageId"];
        assert_eq!(told, paths.map(|path| format!("BLOCKED_VALUE {path}")), "{blocked}");
        let fact = try_read(&event).expect("a fact").fact;
        assert!(fact.device.is_none() && fact.message_id.starts_with("made-"), "{blocked}");
        assert_eq!(fact.touchpoint.expect("a touchpoint").session_id, None);
        let order = json!({ "properties": { "order_id": blocked, "currency": "GBP", "total": 1 } });
        assert_eq!(
            faults(&track("Order Completed", order)),
            ["MISSING_FIELD properties.order_id", "BLOCKED_VALUE properties.order_id"]
        );
    }
    // With a blocked id, the device comes from the anonymous id.
    let mut known = event("a1");
    known["context"]["device"]["id"] = "undefined".into();
    assert!(try_read(&known).expect("a fact").fact.device.is_some());
    let group = settings("[[identity.kind]]\nname = \"group\"\nfrom = [\"groupId\"]\n");
    let group = Reader::new(&group).read(
        &json!({ "type": "group", "messageId": "m", "groupId": "undefined", "timestamp": "2026-03-31T09:30:00Z" })
            .to_string(),
        &origin(),
        &mut Occurrences::default(),
    );
    assert!(group.expect_err("nobody").problems.iter().any(|problem| problem.path.as_deref() == Some("groupId")));
}

#[test]
fn an_event_names_at_most_a_hundred_identifiers_and_the_strongest_count() {
    let many: Vec<Value> = (1_000..2_200).map(|n| json!({ "type": "crm", "id": n })).collect();
    let mut event = track("x", json!({ "context": { "externalIds": many }, "anonymousId": "a1" }));
    assert_eq!(warnings(&event), ["TOO_LARGE context.externalIds[98].id"]);
    let found = ids(&event);
    assert_eq!((found.len(), &*found[0], &*found[1], &*found[99]), (100, "user_id:u1", "anonymous_id:a1", "crm:1097"));
    event["context"]["externalIds"].as_array_mut().expect("a list").truncate(98);
    assert_eq!((ids(&event).len(), warnings(&event).len()), (100, 0));
    // A value that is given twice counts once.
    let twice: Vec<Value> = (0..1_200).map(|n| json!({ "type": "crm", "id": 1_000 + n % 50 })).collect();
    event["context"]["externalIds"] = twice.into();
    assert_eq!((ids(&event).len(), warnings(&event).len()), (52, 0));
    let mut alias = track("", json!({ "type": "alias", "previousId": "before", "context": { "externalIds": many } }));
    alias.as_object_mut().expect("an object").remove("event");
    let read = try_read(&alias).expect("a fact");
    assert_eq!(read.fact.identifiers.len(), 100);
    assert_eq!(read.fact.identifiers[1].key.to_string(), "anonymous_id:before");
}

#[test]
fn blocked_values_are_dropped_with_a_warning() {
    for blocked in ["null", "NULL", " Guest ", "-1", "0000-0000", "000", "none", "NaN", "(not set)", "N/A\u{200b}"] {
        let event = track("x", json!({ "userId": blocked, "anonymousId": "a1" }));
        assert_eq!(warnings(&event), ["BLOCKED_VALUE userId"], "{blocked}");
        assert_eq!(ids(&event), ["anonymous_id:a1"]);
    }
    assert_eq!(faults(&track("x", json!({ "userId": "guest" }))), ["MISSING_FIELD -", "BLOCKED_VALUE userId"]);
}

#[test]
fn an_event_needs_an_identifier_of_whatever_kind() {
    let nobody = without(track("x", json!({})), "userId");
    assert_eq!(faults(&nobody), ["MISSING_FIELD -"]);
    let empty = track("x", json!({ "userId": " ", "anonymousId": null }));
    assert_eq!(faults(&empty), ["MISSING_FIELD -"]);
    let mut unlisted = nobody.clone();
    unlisted["context"] = json!({ "externalIds": [{ "type": "crm", "id": "9" }] });
    assert_eq!(ids(&unlisted), ["crm:9"]);
    let mut card = nobody;
    card["properties"] = json!({ "loyalty_card": "L1" });
    assert_eq!(ids(&card), ["loyalty_card:L1"]);
    let odd = track(
        "x",
        json!({ "anonymousId": { "a": 1 }, "context": { "externalIds": [{ "type": "a:b", "id": "1" }, 7] } }),
    );
    assert_eq!(
        warnings(&odd),
        ["BAD_VALUE context.externalIds[0]", "BAD_VALUE context.externalIds[1]", "BAD_VALUE anonymousId"]
    );
}

#[test]
fn an_address_that_is_somebody_elses_is_not_read() {
    for name in ["Invite Sent", "invite_sent", "Gift Card Bought"] {
        assert_eq!(
            ids(&track(name, json!({ "properties": { "email": "friend@example.com" } }))),
            ["user_id:u1"],
            "{name}"
        );
    }
    assert_eq!(ids(&track("Gifted", json!({ "properties": { "email": "me@example.com" } }))).len(), 2);
}

#[test]
fn an_alias_speaks_of_an_id_that_is_a_users_when_one_exists() {
    let alias = json!({ "type": "alias", "userId": "u2", "previousId": " u1 ", "anonymousId": "a1", "timestamp": "2026-01-01T00:00:00Z" });
    let read = try_read(&alias).expect("a fact");
    let keys = |identifiers: &[crate::domain::fact::FactIdentifier]| -> Vec<String> {
        identifiers.iter().map(|i| i.key.to_string()).collect()
    };
    assert_eq!(keys(&read.fact.identifiers), ["user_id:u2", "anonymous_id:a1", "anonymous_id:u1"]);
    let previous = read.previous.expect("what previousId may be");
    let mut identifiers = read.fact.identifiers.clone();
    Reader::new(&Settings::default()).identifiers().is_user(&mut identifiers, &previous);
    assert_eq!(keys(&identifiers), ["user_id:u2", "user_id:u1", "anonymous_id:a1"]);
    assert_eq!(faults(&without(alias.clone(), "previousId")), ["MISSING_FIELD previousId"]);
    let mut same = alias.clone();
    same["previousId"] = "u2".into();
    assert_eq!(ids(&same), ["user_id:u2", "anonymous_id:a1"]);
    let mut both = alias;
    both["previousId"] = "a1".into();
    let read = try_read(&both).expect("a fact");
    let mut identifiers = read.fact.identifiers.clone();
    let previous = read.previous.expect("what previousId may be");
    Reader::new(&Settings::default()).identifiers().is_user(&mut identifiers, &previous);
    assert_eq!(keys(&identifiers), ["user_id:u2", "user_id:a1", "anonymous_id:a1"]);
}

#[test]
fn the_channel_is_the_events_own_else_a_rules_else_by_type_and_name() {
    let channel = |event: &Value| touch(event).channel.to_string();
    for (name, expected) in [
        ("Email Opened", "email"),
        ("SMS Sent", "sms"),
        ("Push Notification Tapped", "push"),
        ("sms_sent", "sms"),
        ("Emails Counted", "other"),
        ("Product Viewed", "other"),
    ] {
        assert_eq!(channel(&track(name, json!({}))), expected, "{name}");
    }
    assert_eq!(channel(&track("x", json!({ "type": "page", "name": "Home" }))), "website");
    assert_eq!(channel(&track("x", json!({ "type": "screen", "name": "Home" }))), "mobile_app");
    assert_eq!(channel(&track("Email Opened", json!({ "properties": { "channel": "newsletter" } }))), "newsletter");
    assert_eq!(channel(&track("x", json!({ "properties": { "channel": "Store" } }))), "store");
    let rules = "[[channel]]\nis = \"kiosk\"\nwhen = { type = \"page\", properties.platform = [\"booth*\", \"totem\"] }\n\
                 [[channel]]\nis = \"till\"\nwhen = { source = \"pos\", name = \"Order *\" }\n";
    let reader = Reader::new(&settings(rules));
    let ruled = |event: Value, source: &str| {
        let read =
            reader.read(&event.to_string(), &Origin::import(Some(source.into()), "f"), &mut Occurrences::default());
        read.expect("a fact").fact.touchpoint.expect("a touchpoint").channel.to_string()
    };
    let page = |platform: &str| track("x", json!({ "type": "page", "properties": { "platform": platform } }));
    assert_eq!(ruled(page("Booth 7"), "web"), "kiosk");
    assert_eq!(ruled(page("ios"), "web"), "website");
    let order = json!({ "properties": { "order_id": 1 } });
    assert_eq!(ruled(track("order_cancelled", order.clone()), "POS"), "till");
    assert_eq!(ruled(track("order_cancelled", order), "web"), "other");
}

#[test]
fn what_we_send_goes_out_and_all_else_comes_in() {
    let direction = |event: &Value| touch(event).direction;
    for name in ["Email Sent", "SMS Sent", "Push Notification Sent", "Email Delivered"] {
        assert_eq!(direction(&track(name, json!({}))), Direction::Outbound, "{name}");
    }
    for name in ["Email Opened", "Invite Sent", "Parcel Delivered", "Product Viewed"] {
        assert_eq!(direction(&track(name, json!({}))), Direction::Inbound, "{name}");
    }
    assert_eq!(
        direction(&track("Letter Sent", json!({ "properties": { "channel": "direct_mail" } }))),
        Direction::Outbound
    );
    assert_eq!(
        direction(&track("Call Made", json!({ "properties": { "direction": "outbound" } }))),
        Direction::Outbound
    );
    assert_eq!(
        direction(&track("Email Sent", json!({ "properties": { "direction": "INBOUND" } }))),
        Direction::Inbound
    );
    assert_eq!(
        warnings(&track("x", json!({ "properties": { "direction": "up" } }))),
        ["BAD_VALUE properties.direction"]
    );
}

#[test]
fn the_rest_of_a_touchpoint_is_kept_as_it_came() {
    let event = track(
        "x",
        json!({ "properties": { "b": 1, "a": [true, null] },
        "context": { "sessionId": 17, "campaign": { "name": "Spring", "medium": "email", "term": "" } } }),
    );
    let touchpoint = touch(&event);
    assert_eq!(touchpoint.properties.expect("properties").get(), r#"{"b":1,"a":[true,null]}"#);
    assert_eq!(touchpoint.session_id.as_deref(), Some("17"));
    let campaign = touchpoint.campaign.expect("a campaign");
    assert_eq!(
        (campaign.name.as_deref(), campaign.medium.as_deref(), campaign.term.as_deref()),
        (Some("Spring"), Some("email"), None)
    );
    let bare = touch(&track("x", json!({ "properties": {}, "context": { "campaign": { "name": " " } } })));
    assert!(bare.properties.is_none() && bare.campaign.is_none());
    assert_eq!(warnings(&track("x", json!({ "properties": [1] }))), ["BAD_VALUE properties"]);
}

fn content(event: &Value) -> OrderContent {
    match kept(event).order.expect("an order").1.act {
        OrderAct::Completed(content) | OrderAct::Updated(content) => content,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_has_number_currency_total_and_lines() {
    let event = track(
        "Order Completed",
        json!({ "properties": { "order_id": 1001, "currency": "gbp", "total": "59.90", "channel": "store",
        "products": [{ "sku": "A", "name": "Chair", "category": "Seats", "price": 29.95, "quantity": "2" }, { "product_id": 7, "price": "0" }] } }),
    );
    let read = fact(&event);
    let (key, order) = read.order.as_ref().expect("an order");
    assert_eq!((&*key.source, &*key.number), ("shop.ndjson", "1001"));
    assert_eq!((order.at, order.owner), (read.at, None));
    let content = content(&event);
    assert_eq!(content.currency.as_ref().map(|c| &*c.0), Some("GBP"));
    assert_eq!(content.total.map(|t| t.to_text(2)).as_deref(), Some("59.90"));
    assert_eq!(content.channel.as_deref(), Some("store"));
    let lines = content.lines.expect("lines");
    assert_eq!((&*lines[0].product.sku, lines[0].quantity, lines[0].price.to_text(2)), ("A", 2, "29.95".into()));
    assert_eq!((&*lines[1].product.sku, lines[1].quantity), ("7", 1));
    assert_eq!(read.products.len(), 2);
    assert_eq!(read.products[0].category.as_deref(), Some("Seats"));
}

#[test]
fn amounts_come_as_numbers_or_as_text() {
    let total = |total: Value| {
        let event = track("Order Updated", json!({ "properties": { "order_id": "1", "total": total } }));
        try_read(&event).ok().and_then(|read| match read.fact.order.expect("an order").1.act {
            OrderAct::Updated(content) => content.total.map(|t| t.to_text(2)),
            _ => None,
        })
    };
    for (given, expected) in [
        (json!(12), "12.00"),
        (json!("12.5"), "12.50"),
        (json!(0.1 + 0.2), "0.30"),
        (json!(59.970_000_000_000_006), "59.97"),
        (json!(2_500_315.63), "2500315.63"),
        (json!(1e2), "100.00"),
        (json!(" 7 "), "7.00"),
        (json!(0.000001), "0.000001"),
    ] {
        assert_eq!(total(given.clone()).as_deref(), Some(expected), "{given}");
    }
    for (given, rounded) in [
        (json!(0.1234567), "0.123457"),
        (json!("16.65833333333333333333"), "16.658333"),
        (json!("2.0000005"), "2.00"),
        (json!(1e-9), "0.00"),
    ] {
        assert_eq!(total(given.clone()).as_deref(), Some(rounded), "{given}");
        let event = track("Order Updated", json!({ "properties": { "order_id": "1", "total": given } }));
        assert_eq!(warnings(&event), ["BAD_MONEY properties.total"]);
    }
    for bad in [
        json!("NaN"),
        json!("1,000"),
        json!(-1),
        json!("-0.01"),
        json!(true),
        json!([1]),
        json!({ "amount": 1 }),
        json!(1e30),
        json!("1000000000000000"),
        json!("12 GBP"),
    ] {
        let event = track("Order Updated", json!({ "properties": { "order_id": "1", "total": bad } }));
        assert_eq!(warnings(&event), ["BAD_MONEY properties.total"], "{bad}");
        assert_eq!(content(&event).total, None, "{bad}");
    }
    let currency =
        track("Order Completed", json!({ "properties": { "order_id": "1", "total": 1, "currency": "pounds" } }));
    assert_eq!(warnings(&currency), ["BAD_MONEY properties.currency"]);
    assert_eq!(content(&currency).currency, None);
}

#[test]
fn a_total_is_given_or_made_of_its_parts_or_the_value_or_the_lines() {
    let total = |properties: Value| {
        let mut whole = json!({ "order_id": "1", "currency": "GBP" });
        whole.as_object_mut().expect("an object").extend(properties.as_object().expect("an object").clone());
        content(&track("Order Completed", json!({ "properties": whole }))).total.map(|total| total.to_text(2))
    };
    let parts = json!({ "revenue": 25, "tax": "2.50", "shipping": 3, "value": 99 });
    assert_eq!(total(parts.clone()).as_deref(), Some("30.50"));
    assert_eq!(total(json!({ "total": 7, "revenue": 25, "value": 99 })).as_deref(), Some("7.00"));
    assert_eq!(total(json!({ "total": "?", "revenue": 25, "shipping": 3 })).as_deref(), Some("28.00"));
    assert_eq!(total(json!({ "revenue": 25, "tax": null })).as_deref(), Some("25.00"));
    assert_eq!(total(json!({ "tax": 1, "shipping": 2, "value": 99 })).as_deref(), Some("99.00"));
    assert_eq!(total(json!({ "tax": 1, "products": [{ "sku": "A", "price": 2 }] })), None, "the lines' sum");
    let refund = track(
        "Order Refunded",
        json!({ "properties": { "order_id": "1", "currency": "gbp", "revenue": 4, "tax": 1 } }),
    );
    let OrderAct::Refunded(refund) = kept(&refund).order.expect("an order").1.act else { panic!("a refund") };
    assert_eq!(
        (refund.total.map(|t| t.to_text(2)).as_deref(), refund.currency),
        (Some("5.00"), Some(Currency("GBP".into())))
    );
}

#[test]
fn a_line_that_is_none_is_left_out_and_the_order_stands() {
    let order = |products: Value| {
        track(
            "Order Completed",
            json!({ "properties": { "order_id": "1", "currency": "GBP", "total": 9, "products": products } }),
        )
    };
    let good = json!({ "sku": "A", "price": 1 });
    for (line, problem) in [
        (json!({ "name": "10% off", "price": 1 }), "MISSING_FIELD properties.products[1]"),
        (json!({ "sku": " ", "product_id": null, "price": 1 }), "MISSING_FIELD properties.products[1]"),
        (json!({ "sku": "B", "price": 1, "quantity": 0 }), "BAD_VALUE properties.products[1].quantity"),
        (json!({ "sku": "B", "price": 1, "quantity": -2 }), "BAD_VALUE properties.products[1].quantity"),
        (json!({ "sku": "B", "price": 1, "quantity": 0.35 }), "BAD_VALUE properties.products[1].quantity"),
        (json!({ "sku": "B", "price": 1, "quantity": "1.5" }), "BAD_VALUE properties.products[1].quantity"),
        (json!({ "sku": "B", "price": 1, "quantity": 1e12 }), "BAD_VALUE properties.products[1].quantity"),
        (json!({ "sku": "B", "price": "999999999999999", "quantity": 2 }), "BAD_MONEY properties.products[1]"),
        (json!(7), "BAD_VALUE properties.products[1]"),
        (json!(null), "BAD_VALUE properties.products[1]"),
        (json!("nothing"), "BAD_VALUE properties.products[1]"),
    ] {
        let event = order(json!([good, line, good]));
        assert_eq!(warnings(&event), [problem], "{line}");
        let content = content(&event);
        assert_eq!(
            (content.lines.expect("lines").len(), content.total.map(|t| t.to_text(0))),
            (2, Some("9".into())),
            "{line}"
        );
        let alone = order(json!([line]));
        assert_eq!(self::content(&alone).lines, None, "{line}: nothing is known of the lines");
    }
    // Counts as not given.
    for (line, problem, quantity, price) in [
        (json!({ "sku": "B", "price": 1, "quantity": "many" }), "BAD_VALUE properties.products[0].quantity", 1, "1"),
        (json!({ "sku": "B", "price": 1, "quantity": [2] }), "BAD_VALUE properties.products[0].quantity", 1, "1"),
        (json!({ "sku": "B", "price": "?", "quantity": 2 }), "BAD_MONEY properties.products[0].price", 2, "0"),
        (json!({ "sku": "B", "price": -5 }), "BAD_MONEY properties.products[0].price", 1, "0"),
        (json!({ "sku": "B", "price": 16.658333333333335 }), "BAD_MONEY properties.products[0].price", 1, "16.658333"),
        (json!({ "sku": "B" }), "MISSING_FIELD properties.products[0].price", 1, "0"),
        (json!({ "sku": ["B"], "product_id": "B", "price": 1 }), "BAD_VALUE properties.products[0].sku", 1, "1"),
    ] {
        let event = order(json!([line]));
        assert_eq!(warnings(&event), [problem], "{line}");
        let lines = content(&event).lines.expect("lines");
        assert_eq!(
            (&*lines[0].product.sku, lines[0].quantity, lines[0].price.to_text(0)),
            ("B", quantity, price.into()),
            "{line}"
        );
    }
    assert_eq!(faults(&track("Order Completed", json!({}))), ["MISSING_FIELD properties.order_id"]);
    let second = track(
        "Order Completed",
        json!({ "properties": { "order_id": "", "transaction_id": "T1", "total": 1, "currency": "GBP" } }),
    );
    assert_eq!(&*kept(&second).order.expect("an order").0.number, "T1");
    let bare = track("Order Completed", json!({ "properties": { "order_id": "1" } }));
    assert_eq!(warnings(&bare), ["MISSING_FIELD properties.currency", "MISSING_FIELD properties.total"]);
}

#[test]
fn products_that_are_one_object_or_json_in_a_text_are_the_list_they_mean() {
    let lines = |products: Value| {
        let event = track(
            "Order Completed",
            json!({ "properties": { "order_id": "1", "currency": "GBP", "total": 1, "products": products } }),
        );
        let skus: Option<Vec<String>> = content(&event)
            .lines
            .map(|lines| lines.iter().map(|l| format!("{} {}", l.product.sku, l.quantity)).collect());
        (skus, warnings(&event))
    };
    let some = |skus: &[&str]| Some(skus.iter().map(|sku| (*sku).to_owned()).collect::<Vec<_>>());
    let told = vec!["BAD_VALUE properties.products".to_owned()];
    assert_eq!(lines(json!({ "sku": "A", "price": 1, "quantity": 2 })), (some(&["A 2"]), told.clone()));
    let text = r#"[{"sku":"A\u00e9","price":1},{"sku":"B","price":"2","quantity":3}]"#;
    assert_eq!(lines(json!(text)), (some(&["Aé 1", "B 3"]), told.clone()));
    assert_eq!(lines(json!(" {\"sku\":\"A\",\"price\":1}")), (some(&["A 1"]), told.clone()));
    assert_eq!(lines(json!(["{\"sku\":\"A\",\"price\":1}"])), (some(&["A 1"]), vec![]));
    for none in [json!("A"), json!("[oops"), json!(7), json!(true), json!("[".repeat(500))] {
        assert_eq!(lines(none.clone()), (None, told.clone()), "{none}");
    }
    assert_eq!(lines(json!("")), (None, told.clone()));
    assert_eq!(lines(json!([])), (some(&[]), vec![]));
    assert_eq!(lines(json!(null)), (None, vec![]));
    let OrderAct::Refunded(refund) = kept(&track(
        "Order Refunded",
        json!({ "properties": { "order_id": "1", "products": { "sku": "A", "quantity": 1 } } }),
    ))
    .order
    .expect("an order")
    .1
    .act
    else {
        panic!("a refund")
    };
    assert_eq!((refund.products.len(), refund.total), (1, None));
}

#[test]
fn a_refund_of_products_that_nobody_can_name_is_none_of_the_whole_order() {
    let refund = |properties: Value| {
        let event = track("Order Refunded", json!({ "properties": properties }));
        match kept(&event).order.expect("an order").1.act {
            OrderAct::Refunded(refund) => (refund.total.map(|t| t.to_text(0)), refund.products.len()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refund(json!({ "order_id": "1", "products": [{ "name": "Chair" }] })), (Some("0".into()), 0));
    assert_eq!(
        refund(json!({ "order_id": "1", "total": 4, "products": [{ "name": "Chair" }] })),
        (Some("4".into()), 0)
    );
    assert_eq!(refund(json!({ "order_id": "1", "products": [{ "name": "Chair" }, { "sku": "A" }] })), (None, 1));
    assert_eq!(refund(json!({ "order_id": "1", "products": [] })), (None, 0));
}

#[test]
fn an_act_about_a_product_that_is_none_keeps_its_touchpoint() {
    for (properties, problem) in [
        (json!({ "name": "A" }), "MISSING_FIELD properties"),
        (json!({ "sku": "A", "quantity": 0 }), "BAD_VALUE properties.quantity"),
        (json!({ "sku": "A", "quantity": 0.35 }), "BAD_VALUE properties.quantity"),
        (json!({ "products": [{ "name": "A" }] }), "MISSING_FIELD properties.products[0]"),
        (json!({ "products": [7] }), "BAD_VALUE properties.products[0]"),
    ] {
        let event = track("Product Added", json!({ "properties": properties }));
        let fact = kept(&event);
        assert_eq!(
            (fact.product_acts.len(), &*fact.touchpoint.expect("a touchpoint").kind),
            (0, "cart"),
            "{properties}"
        );
        assert_eq!(warnings(&event), [problem], "{properties}");
    }
    assert_eq!(kept(&track("Product Added", json!({}))).product_acts, []);
    let uncounted = track("Product Added", json!({ "properties": { "sku": "A", "quantity": "some" } }));
    assert_eq!(kept(&uncounted).product_acts[0].quantity, Some(1));
    assert_eq!(warnings(&uncounted), ["BAD_VALUE properties.quantity"]);
}

#[test]
fn ga4s_events_make_orders_returns_and_carts() {
    let item =
        json!({ "item_id": "SKU_1", "item_name": "Tee", "item_category": "Shirts", "price": 10.01, "quantity": 3 });
    let purchase = track(
        "purchase",
        json!({ "properties": { "transaction_id": "T_1", "value": 30.03, "tax": 4.9, "shipping": 5.99, "currency": "USD", "items": [item] } }),
    );
    let read = kept(&purchase);
    assert_eq!((&*touch(&purchase).kind, warnings(&purchase).len()), ("order", 0));
    assert_eq!(&*read.order.as_ref().expect("an order").0.number, "T_1");
    assert_eq!(read.products[0].name.as_deref(), Some("Tee"));
    let content = content(&purchase);
    assert_eq!(content.total.map(|t| t.to_text(2)).as_deref(), Some("30.03"));
    let line = &content.lines.expect("lines")[0];
    assert_eq!((&*line.product.sku, line.quantity, line.price.to_text(2)), ("SKU_1", 3, "10.01".into()));
    assert_eq!(line.product.category.as_deref(), Some("Shirts"));

    let refund = track(
        "refund",
        json!({ "properties": { "transaction_id": "T_1", "currency": "USD", "value": 10.01, "items": [{ "item_id": "SKU_1", "quantity": 1 }] } }),
    );
    let OrderAct::Refunded(back) = kept(&refund).order.expect("an order").1.act else { panic!("a refund") };
    assert_eq!((back.products[0].quantity, back.total.map(|t| t.to_text(2))), (1, Some("10.01".into())));
    assert_eq!(&*touch(&refund).kind, "return");

    for name in ["purchase", "Purchase", "refund"] {
        let nameless = track(name, json!({ "properties": { "value": 1, "currency": "USD" } }));
        assert!(kept(&nameless).order.is_none());
        assert_eq!(warnings(&nameless), ["MISSING_FIELD properties.transaction_id"]);
    }
    for (name, act, quantity) in [
        ("add_to_cart", ProductAct::Added, Some(3)),
        ("remove_from_cart", ProductAct::Removed, Some(3)),
        ("add_to_wishlist", ProductAct::Wished, None),
    ] {
        let acts = kept(&track(name, json!({ "properties": { "items": [item] } }))).product_acts;
        assert_eq!((acts.len(), &*acts[0].product.sku, acts[0].act, acts[0].quantity), (1, "SKU_1", act, quantity));
    }
}

fn with_settings(text: &str, event: &Value) -> Read {
    Reader::new(&settings(text)).read(&event.to_string(), &origin(), &mut Occurrences::default()).expect("a fact")
}

#[test]
fn names_of_ones_own_mean_what_the_settings_say() {
    const OWN: &str = r#"
        [[event]]
        name = "Basket *"
        kind = "cart"
        [[event]]
        name = "basket emptied"
        kind = "dislike"
        [[event]]
        name = "sale"
        kind = "order"
        order = { number = "receipt_no", total = "sums.grand", lines = "items", sku = "plu", price = "unit", quantity = "qty", currency = "cur" }
        [[event]]
        name = "Sale Returned"
        kind = "return"
        order = { number = "properties.receipt_no", lines = "items", sku = "plu", quantity = "qty" }
        [[event]]
        name = "purchase"
        kind = "contact"
        [[event]]
        name = "Email Unsubscribed"
        kind = "contact"
    "#;
    let read = |name: &str, properties: Value| with_settings(OWN, &track(name, json!({ "properties": properties })));
    let kind = |name: &str| read(name, json!({ "sku": "A" })).fact.touchpoint.expect("a touchpoint").kind.to_string();
    assert_eq!(kind("Basket Opened"), "cart");
    assert_eq!(kind("basketEmptied"), "cart", "the first that fits");
    assert_eq!(kind("Product Viewed"), "product", "the built-in table stands behind");
    let sale = read(
        "sale",
        json!({ "receipt_no": 77, "cur": "gbp", "sums": { "grand": "12.50" }, "items": [{ "plu": "P1", "unit": 6.25, "qty": 2 }] }),
    );
    assert_eq!(sale.problems, []);
    let (key, event) = sale.fact.order.expect("an order");
    let OrderAct::Completed(content) = event.act else { panic!("an order") };
    assert_eq!((&*key.number, content.total.map(|t| t.to_text(2)).as_deref()), ("77", Some("12.50")));
    let line = &content.lines.expect("lines")[0];
    assert_eq!((&*line.product.sku, line.quantity, line.price.to_text(2)), ("P1", 2, "6.25".into()));
    let back = read("Sale Returned", json!({ "receipt_no": 77, "items": [{ "plu": "P1", "qty": 1 }] }));
    let OrderAct::Refunded(refund) = back.fact.order.expect("an order").1.act else { panic!("a refund") };
    assert_eq!((refund.products.len(), refund.total), (1, None));
    let rejected = Reader::new(&settings(OWN))
        .read(&track("sale", json!({})).to_string(), &origin(), &mut Occurrences::default())
        .expect_err("an order without its number");
    assert_eq!(rejected.problems[0].to_string(), "MISSING_FIELD properties.receipt_no: an order without its number");
    let other = read("purchase", json!({ "transaction_id": "T1", "value": 1 }));
    assert!(other.fact.order.is_none(), "the settings say that it is no order");
    let gone = read("Email Unsubscribed", json!({}));
    assert_eq!(gone.fact.consents.len(), 1, "what a person takes back is taken back, whatever it is called");
}

#[test]
fn a_touchpoints_channel_is_where_it_was_made() {
    let channel = |event: &Value| touch(event).channel.to_string();
    let made = |context: Value| channel(&track("Product Viewed", json!({ "context": context })));
    assert_eq!(made(json!({ "page": { "path": "/", "url": "https://shop.example/" } })), "website");
    assert_eq!(made(json!({ "library": { "name": "analytics.js", "version": "next-1.70" } })), "website");
    assert_eq!(made(json!({ "app": { "name": "Shop", "version": "2.1" } })), "mobile_app");
    assert_eq!(made(json!({ "library": { "name": "analytics-ios" } })), "mobile_app");
    let both = json!({ "page": { "path": "/" }, "app": { "name": "RudderLabs JavaScript SDK" } });
    assert_eq!(made(both), "website", "RudderStack's browser library calls itself an app");
    assert_eq!(made(json!({ "library": { "name": "analytics-node" } })), "other");
    assert_eq!(made(json!({ "page": {}, "app": { "name": null } })), "other");
    assert_eq!(made(json!({})), "other");
    let screen = json!({ "type": "screen", "userId": "u1", "timestamp": "2026-01-01T00:00:00Z", "name": "Home" });
    assert_eq!(channel(&screen), "mobile_app");
    let mail = track("Email Opened", json!({ "context": { "page": { "path": "/" } } }));
    assert_eq!(channel(&mail), "email", "the name goes before where it was made");
    let own = track(
        "Product Viewed",
        json!({ "properties": { "channel": "store" }, "context": { "app": { "name": "Till" } } }),
    );
    assert_eq!(channel(&own), "store");
    let direction = |name: &str, context: Value| touch(&track(name, json!({ "context": context }))).direction;
    assert_eq!(direction("Email Delivered", json!({})), Direction::Outbound);
    assert_eq!(direction("SMS Delivered", json!({})), Direction::Outbound);
    assert_eq!(direction("Order Delivered", json!({})), Direction::Inbound);
}

#[test]
fn who_unsubscribes_takes_back_what_the_settings_name_on_that_channel() {
    let consent = |event: &Value| {
        let found = kept(event).consents;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].status, found[0].expires_at), (ConsentStatus::Revoked, None));
        (found[0].purpose.to_string(), found[0].channel.as_deref().map(str::to_owned))
    };
    let marketing = |channel: Option<&str>| ("marketing".to_owned(), channel.map(str::to_owned));
    assert_eq!(consent(&track("Email Unsubscribed", json!({}))), marketing(Some("email")));
    assert_eq!(consent(&track("sms_unsubscribed", json!({}))), marketing(Some("sms")));
    assert_eq!(
        consent(&track("Unsubscribed", json!({ "properties": { "channel": "Push" } }))),
        marketing(Some("push"))
    );
    assert_eq!(consent(&track("Unsubscribed", json!({}))), marketing(None), "no message at all");
    let page = json!({ "context": { "page": { "path": "/preferences" } } });
    assert_eq!(consent(&track("Unsubscribed", page)), marketing(None), "nobody wants no website");
    let named = track("Unsubscribed", json!({ "properties": { "purpose": "offers", "channel": "email" } }));
    assert_eq!(consent(&named), ("offers".into(), Some("email".into())));
    assert_eq!(&*touch(&named).kind, "consent");
    let own = with_settings("[privacy]\nunsubscribe = \"news\"", &track("Email Unsubscribed", json!({})));
    assert_eq!(&*own.fact.consents[0].purpose, "news");
}

#[test]
fn an_order_is_cancelled_and_refunded_whole_or_by_products() {
    let act = |name: &str, properties: Value| {
        fact(&track(name, json!({ "properties": properties }))).order.expect("an order").1.act
    };
    assert_eq!(act("Order Cancelled", json!({ "order_id": "1" })), OrderAct::Cancelled);
    let OrderAct::Refunded(whole) = act("Order Refunded", json!({ "order_id": "1", "reason": "too late" })) else {
        panic!("a refund")
    };
    assert_eq!((whole.total, whole.products.len(), whole.reason.as_deref()), (None, 0, Some("too late")));
    let parts = json!({ "order_id": "1", "total": 5, "products": [{ "sku": "A", "quantity": 2 }, { "sku": "B", "price": "9.99" }] });
    let OrderAct::Refunded(parts) = act("Order Refunded", parts) else { panic!("a refund") };
    assert_eq!(parts.total.map(|t| t.to_text(2)).as_deref(), Some("5.00"));
    let lines: Vec<_> =
        parts.products.iter().map(|l| (&*l.product.sku, l.quantity, l.price.map(|p| p.to_text(2)))).collect();
    assert_eq!(lines, [("A", 2, None), ("B", 1, Some("9.99".into()))]);
    assert!(fact(&track("Product Viewed", json!({ "properties": { "order_id": "1" } }))).order.is_none());
}

#[test]
fn acts_about_products_are_of_each_or_of_the_one() {
    let acts = |name: &str, properties: Value| -> Vec<(String, ProductAct, Option<i64>)> {
        let acts = fact(&track(name, json!({ "properties": properties }))).product_acts;
        acts.into_iter().map(|a| (a.product.sku.to_string(), a.act, a.quantity)).collect()
    };
    let one = json!({ "sku": "A", "price": 3 });
    assert_eq!(acts("Product Added", one.clone()), [("A".into(), ProductAct::Added, Some(1))]);
    assert_eq!(
        acts("Product Added", json!({ "product_id": "A", "quantity": 3 })),
        [("A".into(), ProductAct::Added, Some(3))]
    );
    assert_eq!(acts("Product Removed", one.clone()), [("A".into(), ProductAct::Removed, None)]);
    assert_eq!(
        acts("Product Removed", json!({ "sku": "A", "quantity": 1 })),
        [("A".into(), ProductAct::Removed, Some(1))]
    );
    assert_eq!(acts("Product Added to Wishlist", one.clone()), [("A".into(), ProductAct::Wished, None)]);
    assert_eq!(acts("Product Removed from Wishlist", one.clone()), [("A".into(), ProductAct::Unwished, None)]);
    assert_eq!(acts("Product Liked", one.clone()), [("A".into(), ProductAct::Liked, None)]);
    assert_eq!(acts("product_disliked", one.clone()), [("A".into(), ProductAct::Disliked, None)]);
    assert_eq!(acts("Product Liked", json!({ "products": [{ "sku": "A" }, { "sku": "B" }] })).len(), 2);
    for name in ["Product Viewed", "Product Clicked", "Cart Viewed"] {
        assert_eq!(acts(name, one.clone()), [], "{name}");
    }
}

#[test]
fn traits_of_identify_are_claims_declared_unless_it_says_otherwise() {
    let event = identify(
        json!({ "traits": { "first_name": "Ada", "age": 36, "address": { "city":  "London" }, "gone": null } }),
    );
    let claims = fact(&event).claims;
    let shown: Vec<_> = claims.iter().map(|c| (&*c.name, c.value.get(), c.provenance)).collect();
    let declared = Provenance::Declared;
    assert_eq!(
        shown,
        [
            ("first_name", "\"Ada\"", declared),
            ("age", "36", declared),
            ("address", r#"{"city":"London"}"#, declared),
            ("gone", "null", declared),
        ],
        "null says that there is none"
    );
    let assumed = identify(json!({ "traits": { "a": 1 }, "context": { "provenance": "assumed" } }));
    assert_eq!(fact(&assumed).claims[0].provenance, Provenance::Assumed);
    let odd = identify(json!({ "traits": { "a": 1 }, "context": { "provenance": "guessed" } }));
    assert_eq!(warnings(&odd), ["BAD_VALUE context.provenance"]);
    let rudder = identify(json!({ "context": { "traits": { "email": "ada@example.com", "plan": "pro" } } }));
    assert_eq!(fact(&rudder).claims.len(), 2, "RudderStack has an identify's traits in its context");
    let spaced =
        r#"{"type":"identify","userId":"u","timestamp":"2026-01-01","traits":{"a":[ 1,  "\u00e9" ],"b":"\u00e9"}}"#;
    let read = Reader::new(&Settings::default()).read(spaced, &origin(), &mut Occurrences::default()).expect("a fact");
    let values: Vec<_> = read.fact.claims.iter().map(|c| c.value.get()).collect();
    assert_eq!(values, [r#"[1,"é"]"#, "\"é\""], "one text for one value");
}

#[test]
fn consents_come_as_preferences_and_as_decisions() {
    let consent = |purpose: &str, channel: Option<&str>, status: ConsentStatus, end: Option<&str>| ConsentFact {
        purpose: purpose.into(),
        channel: channel.map(Arc::from),
        status,
        expires_at: end.map(|end| Timestamp::parse(end).expect("a time")),
    };
    let preferences =
        json!({ "context": { "consent": { "categoryPreferences": { "ads": true, "analytics": false } } } });
    let expected =
        [consent("ads", None, ConsentStatus::Granted, None), consent("analytics", None, ConsentStatus::Denied, None)];
    assert_eq!(fact(&track("x", preferences)).consents, expected);
    let given = track(
        "Consent Given",
        json!({ "properties": { "purpose": "offers", "channel": "sms", "expires_at": "2027-01-01T00:00:00Z" } }),
    );
    assert_eq!(
        fact(&given).consents,
        [consent("offers", Some("sms"), ConsentStatus::Granted, Some("2027-01-01T00:00:00Z"))]
    );
    assert_eq!(&*touch(&given).channel, "sms", "the channel is the touchpoint's too");
    let withdrawn = track("Consent Withdrawn", json!({ "properties": { "purpose": "offers" } }));
    assert_eq!(fact(&withdrawn).consents, [consent("offers", None, ConsentStatus::Revoked, None)]);
    assert_eq!(faults(&track("Consent Given", json!({}))), ["MISSING_FIELD properties.purpose"]);
    let endless = track("Consent Given", json!({ "properties": { "purpose": "offers", "expires_at": "never" } }));
    assert_eq!(warnings(&endless), ["BAD_TIME properties.expires_at"]);
    assert_eq!(kept(&endless).consents, [consent("offers", None, ConsentStatus::Granted, None)]);
    let unclear = |name: &str| kept(&track(name, json!({ "properties": { "purpose": "offers", "channel": ["sms"] } })));
    assert_eq!(unclear("Consent Given").consents, [], "never stored as a wider one than was given");
    assert_eq!(unclear("Consent Withdrawn").consents, [consent("offers", None, ConsentStatus::Revoked, None)]);
    let odd = json!({ "context": { "consent": { "categoryPreferences": { "ads": "yes" } } } });
    assert_eq!(warnings(&track("x", odd)), ["BAD_VALUE context.consent.categoryPreferences"]);
}

#[test]
fn the_source_is_the_ways_own_else_the_events_else_the_ways_default() {
    let event = track("x", json!({ "context": { "source": "web" } }));
    let source = |event: &Value, origin: &Origin| {
        let read = Reader::new(&Settings::default()).read(&event.to_string(), origin, &mut Occurrences::default());
        read.expect("a fact").fact.source.to_string()
    };
    let silent = track("x", json!({}));
    assert_eq!(source(&event, &Origin::import(Some("crm".into()), "f.ndjson")), "crm");
    assert_eq!(source(&event, &origin()), "web");
    assert_eq!(source(&silent, &origin()), "shop.ndjson");
    assert_eq!(source(&silent, &Origin::graphql(Timestamp::default())), "graphql");
    assert_eq!(source(&event, &Origin::http("till", Timestamp::default(), None)), "till");
}

#[test]
fn a_device_is_its_id_else_the_anonymous_id_with_what_is_known_of_it() {
    let device = |context: Value| fact(&track("x", json!({ "anonymousId": "a1", "context": context }))).device;
    let given = device(json!({ "device": { "id": "d1", "type": "ios", "model": "iPhone 15" }, "os": { "name": "iOS", "version": "18" } })).expect("a device");
    assert_eq!((&*given.kind, given.os.as_deref(), given.model.as_deref()), ("phone", Some("iOS"), Some("iPhone 15")));
    let same = device(json!({ "device": { "id": "d1", "type": "android" } })).expect("a device");
    assert_eq!(same.key, given.key);
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/124";
    let seen = device(json!({ "userAgent": agent })).expect("a device");
    assert_eq!((&*seen.kind, seen.os.as_deref()), ("desktop", Some("Windows")));
    assert_eq!(device(json!({ "userAgent": agent })).expect("a device").key, seen.key);
    assert_ne!(device(json!({ "userAgent": "other" })).expect("a device").key, seen.key);
    assert!(!seen.key.contains("a1"));
    assert_eq!(device(json!({})), None);
    assert_eq!(fact(&track("x", json!({ "context": { "userAgent": agent } }))).device, None);
}

#[test]
fn the_seeds_are_read_without_problems() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/seeds");
    let reader = Reader::new(&Settings::default());
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("the seeds") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "ndjson") {
            continue;
        }
        files += 1;
        let mut occurrences = Occurrences::default();
        for (i, line) in std::fs::read_to_string(&path).expect("a seed").lines().enumerate() {
            let place = format!("{}:{}", path.display(), i + 1);
            match reader.read(line, &origin(), &mut occurrences) {
                Ok(read) => assert_eq!(read.problems, [], "{place}"),
                Err(rejected) => panic!("{place}: {rejected:?}"),
            }
        }
    }
    assert!(files >= 6, "{files} worlds");
}

/// A fact in a few words, for a review by people.
fn in_words(fact: &Fact) -> String {
    use std::fmt::Write;
    let mut text = format!("{} {} {}", fact.message_id, fact.at, fact.source);
    for identifier in &fact.identifiers {
        let _ = write!(text, " {}", identifier.key);
    }
    if let Some(t) = &fact.touchpoint {
        let _ = write!(text, "\n  {} \"{}\" {} {}", t.kind, t.name, t.channel, t.direction.as_str());
        if let Some(session) = &t.session_id {
            let _ = write!(text, " session {session}");
        }
        if let Some(campaign) = &t.campaign {
            let _ = write!(text, " campaign {:?}", [&campaign.name, &campaign.source, &campaign.medium]);
        }
    }
    if let Some(device) = &fact.device {
        let _ = write!(text, "\n  device {} {} {:?} {:?}", &device.key[..8], device.kind, device.os, device.model);
    }
    if let Some((key, event)) = &fact.order {
        let act = serde_json::to_string(&event.act).expect("JSON");
        let _ = write!(text, "\n  order {} {act}", key.number);
    }
    for act in &fact.product_acts {
        let _ = write!(text, "\n  {} {} {:?}", act.act.as_str(), act.product.sku, act.quantity);
    }
    for claim in &fact.claims {
        let _ = write!(text, "\n  {} = {} {}", claim.name, claim.value.get(), claim.provenance.as_str());
    }
    for consent in &fact.consents {
        let end = consent.expires_at.map(|end| end.to_string());
        let _ =
            write!(text, "\n  consent {} {:?} {} {end:?}", consent.purpose, consent.channel, consent.status.as_str());
    }
    text
}

#[test]
fn two_worlds_read_as_they_always_did() {
    let reader = Reader::new(&Settings::default());
    for world in ["the-whole-year", "three-names"] {
        let path = format!("{}/seeds/{world}.ndjson", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("a seed");
        let mut occurrences = Occurrences::default();
        let facts =
            text.lines().map(|line| in_words(&reader.read(line, &origin(), &mut occurrences).expect("a fact").fact));
        insta::assert_snapshot!(world, facts.collect::<Vec<_>>().join("\n"));
    }
}

proptest::proptest! {
    /// Reading ends for any input, and an accepted event can be read completely again.
    #[test]
    fn a_damaged_event_is_rejected_or_whole(
        pick in 0..10_000_usize,
        damage in proptest::collection::vec((0..10_000_usize, "[ -~]|\\u{7}|é|\\{|\\[|\"|\\\\|null|1e9"), 1..4),
    ) {
        static LINES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
            let path = format!("{}/seeds/the-whole-year.ndjson", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(path).expect("a seed").lines().map(str::to_owned).collect()
        });
        static READER: std::sync::LazyLock<Reader> = std::sync::LazyLock::new(|| Reader::new(&Settings::default()));
        let mut text = LINES[pick % LINES.len()].clone();
        for (at, piece) in damage {
            let places: Vec<usize> = text.char_indices().map(|(i, _)| i).collect();
            let at = places[at % places.len()];
            let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
            text.replace_range(at..end, &piece);
        }
        match READER.read(&text, &origin(), &mut Occurrences::default()) {
            Ok(read) => {
                proptest::prop_assert!(!read.fact.identifiers.is_empty());
                let touchpoint = read.fact.touchpoint.and_then(|t| t.properties);
                for raw in touchpoint.iter().chain(read.fact.claims.iter().map(|c| &c.value)) {
                    proptest::prop_assert!(serde_json::from_str::<Value>(raw.get()).is_ok(), "{}", raw.get());
                }
            }
            Err(rejected) => proptest::prop_assert!(!rejected.problems.is_empty()),
        }
    }
}
