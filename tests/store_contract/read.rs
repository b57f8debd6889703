//! What events of real senders make of people: read as the ingest reads them, stored, asked for again.

use throughline::domain::IdentifierKey;
use throughline::domain::fact::Fact;
use throughline::ingest::{Occurrences, Origin, Reader};
use throughline::settings::Settings;
use throughline::store::query::IdentifierRef;

use crate::common::facts::minute;
use crate::common::world::{World, names};
use crate::fixture::cases;

cases! {
    two_long_numbers_are_two_people,
    one_number_is_one_person_however_it_is_written,
    digits_stay_in_traits_and_properties,
    what_is_no_phone_number_joins_nobody,
    an_extension_is_not_the_switchboard,
    what_is_no_address_joins_nobody,
    what_looks_the_same_is_one_person,
    a_blocked_device_is_not_one_for_all,
    a_blocked_session_is_not_one_for_all,
    a_blocked_message_id_drops_no_event,
    a_blocked_order_number_is_nobodys_order,
    twins_stay_two,
    an_event_is_linked_with_a_hundred_at_most,
}

/// By the defaults.
fn read(lines: &[&str]) -> Vec<Fact> {
    let reader = Reader::new(&Settings::default());
    let (origin, mut occurrences) = (Origin::graphql(minute(9_000)), Occurrences::default());
    let fact = |line: &&str| reader.read(line, &origin, &mut occurrences).unwrap_or_else(|no| panic!("{no:?}")).fact;
    lines.iter().map(fact).collect()
}

/// Tells the store, an event a batch. Each line is what follows the time.
async fn told(world: &mut World, lines: &[&str]) {
    world.rules = Settings::default().identity_rules();
    let at = |(n, line): (usize, &&str)| format!(r#"{{"timestamp":"2026-03-01T10:{n:02}:00Z",{line}}}"#);
    let lines: Vec<String> = lines.iter().enumerate().map(at).collect();
    world.apply_each(read(&lines.iter().map(String::as_str).collect::<Vec<_>>())).await;
}

async fn customers(world: &World) -> i64 {
    world.store.status().await.expect("a status").customers
}

/// How many touchpoints somebody has.
async fn touchpoints(world: &World, user: &str) -> usize {
    world.customer("user_id", user).await.touchpoints.as_ref().expect("a page").items.len()
}

/// How many customers there are when each value is said by somebody else.
async fn apart(world: &mut World, trait_name: &str, values: &[&str]) -> i64 {
    let line = |(n, value): (usize, &&str)| {
        format!(r#""type":"identify","messageId":"m{n}","userId":"u{n}","traits":{{"{trait_name}":{value}}}"#)
    };
    let lines: Vec<String> = values.iter().enumerate().map(line).collect();
    told(world, &lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
    customers(world).await
}

async fn two_long_numbers_are_two_people(mut world: World) {
    told(
        &mut world,
        &[
            r#""type":"identify","messageId":"m1","userId":108204269033311374217,"traits":{"name":"A"}"#,
            r#""type":"identify","messageId":"m2","userId":108204269033311374218,"traits":{"name":"B"}"#,
            r#""type":"page","messageId":"m3","userId":"108204269033311374218""#,
        ],
    )
    .await;
    assert_eq!(customers(&world).await, 2);
    let (a, b) = ("108204269033311374217", "108204269033311374218");
    assert_ne!(world.id("user_id", a).await, world.id("user_id", b).await);
    assert_eq!(touchpoints(&world, b).await, 1);
}

async fn one_number_is_one_person_however_it_is_written(mut world: World) {
    told(
        &mut world,
        &[
            r#""type":"page","messageId":"m1","userId":12345"#,
            r#""type":"page","messageId":"m2","userId":12345.0"#,
            r#""type":"page","messageId":"m3","userId":1.2345e4"#,
            r#""type":"page","messageId":"m4","userId":"12345""#,
        ],
    )
    .await;
    assert_eq!(customers(&world).await, 1);
    assert_eq!(touchpoints(&world, "12345").await, 4);
}

async fn digits_stay_in_traits_and_properties(mut world: World) {
    let numbers = r#"[108204269033311374217,1.50,1E5,-0,0.1000]"#;
    let line = |kind: &str, field: &str| {
        format!(r#""type":"{kind}","messageId":"{kind}","userId":"ada","{field}":{{"n":{numbers},"far":1e400}}"#)
    };
    told(&mut world, &[&line("identify", "traits"), &line("page", "properties")]).await;
    let view = world.customer("user_id", "ada").await;
    let claim =
        |name: &str| view.claims.iter().find(|claim| &*claim.name == name).expect("a claim").value.get().to_owned();
    assert_eq!((claim("n").as_str(), claim("far").as_str()), (numbers, r#""1e400""#));
    let page = world.store.touchpoints(&["page".into()]).await.expect("an answer");
    let properties = page[0].as_ref().and_then(|page| page.fact.properties.clone()).expect("properties");
    assert_eq!(properties.get(), format!(r#"{{"n":{numbers},"far":"1e400"}}"#));
}

async fn what_is_no_phone_number_joins_nobody(mut world: World) {
    let none = ["30/12/1980", "PO Box 54321", "see order 12345", "Mo-Fr 9-17 Uhr", "1-800-FLOWERS", "5551234"];
    let none = none.map(|text| format!("\"{text}\""));
    let none = none.iter().map(String::as_str).chain(["4.477E+11"]);
    let twice: Vec<&str> = none.flat_map(|value| [value, value]).chain([r#""447700900888.0""#]).collect();
    assert_eq!(apart(&mut world, "phone", &twice).await, 15);
    assert_eq!(names(&*world.customer("user_id", "u0").await), ["user_id:u0"]);
    assert_eq!(names(&*world.customer("phone", "+447700900888").await), ["phone:+447700900888", "user_id:u14"]);
}

async fn an_extension_is_not_the_switchboard(mut world: World) {
    let values = [r#""01632 960000""#, r#""01632 960000 ext 12""#, r#""+44 1632 960000 x13""#];
    assert_eq!(apart(&mut world, "phone", &values).await, 3);
    assert_eq!(
        names(&*world.customer("phone", "+441632960000;ext=12").await),
        ["phone:+441632960000;ext=12", "user_id:u1"]
    );
}

async fn what_is_no_address_joins_nobody(mut world: World) {
    let values = [
        "n/a",
        "n/a",
        "none",
        "none",
        "abc",
        "abc",
        "https://example.com/",
        "https://example.com/",
        "5f4dcc3b",
        "5f4dcc3b",
    ];
    let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    let count = apart(&mut world, "email", &values.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(count, 10);
    assert_eq!(names(&*world.customer("user_id", "u1").await), ["user_id:u1"]);
}

async fn what_looks_the_same_is_one_person(mut world: World) {
    let ways = [
        r#""type":"page","messageId":"m1","anonymousId":"a1","context":{"traits":{"email":"am\u00e9lie@stra\u00dfe.example"}}"#,
        r#""type":"page","messageId":"m2","anonymousId":"a2","context":{"traits":{"email":"ame\u0301lie@xn--strae-oqa.example"}}"#,
        r#""type":"page","messageId":"m3","anonymousId":"a3","context":{"traits":{"email":"\u200bAm\u00e9\u200dlie@\u200fSTRA\u00dfE.example\ufeff"}}"#,
        r#""type":"page","messageId":"m4","anonymousId":"\u200ba1\u2060""#,
        r#""type":"page","messageId":"m5","anonymousId":"a5","context":{"traits":{"email":"am\u00e9lie@strasse.example"}}"#,
    ];
    told(&mut world, &ways).await;
    assert_eq!(customers(&world).await, 2);
    let all = ["anonymous_id:a1", "anonymous_id:a2", "anonymous_id:a3", "email:amélie@straße.example"];
    assert_eq!(names(&*world.customer("anonymous_id", "a1").await), all);
}

async fn a_blocked_device_is_not_one_for_all(mut world: World) {
    let seen = |n: usize, device: &str| {
        format!(
            r#""type":"screen","messageId":"m{n}","userId":"u{n}","context":{{"device":{{"id":"{device}","type":"ios"}}}}"#
        )
    };
    let zeros = "00000000-0000-0000-0000-000000000000";
    told(&mut world, &[&seen(1, zeros), &seen(2, zeros), &seen(3, "undefined"), &seen(4, "undefined"), &seen(5, "d5")])
        .await;
    for n in 1..=4 {
        let of = [world.of("user_id", &format!("u{n}")).await];
        assert_eq!(world.store.list_devices(&of).await.expect("lists")[0].len(), 0, "u{n}");
    }
    let of = [world.of("user_id", "u5").await];
    assert_eq!(world.store.list_devices(&of).await.expect("lists")[0].len(), 1);
}

async fn a_blocked_session_is_not_one_for_all(mut world: World) {
    told(
        &mut world,
        &[
            r#""type":"page","messageId":"m1","userId":"ada","context":{"sessionId":"undefined"}"#,
            r#""type":"page","messageId":"m2","userId":"ada","context":{"sessionId":1700000000.0}"#,
        ],
    )
    .await;
    let view = world.customer("user_id", "ada").await;
    let rows = &view.touchpoints.as_ref().expect("a page").items;
    let mut sessions: Vec<Option<&str>> = rows.iter().map(|row| row.fact.session_id.as_deref()).collect();
    sessions.sort();
    assert_eq!(sessions, [None, Some("1700000000")]);
}

async fn a_blocked_message_id_drops_no_event(mut world: World) {
    told(
        &mut world,
        &[
            r#""type":"page","messageId":"undefined","userId":"ada","name":"one""#,
            r#""type":"page","messageId":"undefined","userId":"ada","name":"two""#,
            r#""type":"page","messageId":"null","userId":"ada","name":"three""#,
        ],
    )
    .await;
    assert_eq!(touchpoints(&world, "ada").await, 3);
}

async fn a_blocked_order_number_is_nobodys_order(mut world: World) {
    let reader = Reader::new(&Settings::default());
    let bought = |user: &str, number: &str| {
        format!(
            r#"{{"timestamp":"2026-03-01T10:00:00Z","type":"track","messageId":"{user}","userId":"{user}","event":"Order Completed","properties":{{"order_id":"{number}","currency":"GBP","total":5}}}}"#
        )
    };
    for user in ["ada", "bob"] {
        let read =
            reader.read(&bought(user, "undefined"), &Origin::graphql(minute(9_000)), &mut Occurrences::default());
        assert_eq!(read.expect_err("no order").problems[0].path.as_deref(), Some("properties.order_id"));
    }
    world.rules = Settings::default().identity_rules();
    world.apply_each(read(&[&bought("ada", "20001"), &bought("bob", "20002")])).await;
    for (user, number) in [("ada", "20001"), ("bob", "20002")] {
        let view = world.customer("user_id", user).await;
        let orders = &view.orders.as_ref().expect("a page").items;
        assert_eq!(orders.iter().map(|order| &*order.key.number).collect::<Vec<_>>(), [number]);
    }
}

async fn twins_stay_two(mut world: World) {
    let born = |n: usize, device: &str, first: &str, birth: &str| {
        format!(
            r#""type":"identify","messageId":"m{n}","anonymousId":"{device}","traits":{{"first_name":"{first}","last_name":"Ng","birth_date":"{birth}"}}"#
        )
    };
    told(
        &mut world,
        &[
            &born(1, "an", "An", "1990-02-03"),
            &born(2, "binh", "Binh", "1990-02-03"),
            &born(3, "an-app", "AN\u{200b}", " 1990-02-03"),
            &born(4, "filled-in-1", "An", "1970-01-01"),
            &born(5, "filled-in-2", "An", "1970-01-01"),
        ],
    )
    .await;
    assert_eq!(customers(&world).await, 4);
    assert_eq!(
        names(&*world.customer("anonymous_id", "an").await),
        ["anonymous_id:an", "anonymous_id:an-app", "name_and_birth:2:an 2:ng 10:1990-02-03"]
    );
}

async fn an_event_is_linked_with_a_hundred_at_most(mut world: World) {
    let many: Vec<String> = (1_000..2_200).map(|n| format!(r#"{{"type":"crm","id":{n}}}"#)).collect();
    let line =
        format!(r#""type":"page","messageId":"m1","userId":"ada","context":{{"externalIds":[{}]}}"#, many.join(","));
    told(&mut world, &[&line]).await;
    let view = world.customer("user_id", "ada").await;
    assert_eq!(view.identifiers.len(), 100);
    assert_eq!(touchpoints(&world, "ada").await, 1);
    let keys = [1_098, 1_099].map(|n| IdentifierRef::Key(IdentifierKey::new("crm", n.to_string())));
    let found = world.store.identifiers(&keys).await.expect("an answer");
    assert!(found[0].is_some() && found[1].is_none(), "ada and 99 others");
}
