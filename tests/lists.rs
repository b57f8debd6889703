//! Lists page by page, through GraphQL on both stores.

use serde_json::{Value, json};

#[path = "common/mod.rs"]
mod common;
use common::shop::{Shop, event};
use common::stores::on_both;

on_both! { Shop::with_journeys:
    cursors => a_cursor_belongs_to_its_list_on_sqlite, a_cursor_belongs_to_its_list_on_neo4j;
    whose => a_customer_is_the_same_however_little_is_asked_of_it_on_sqlite,
        a_customer_is_the_same_however_little_is_asked_of_it_on_neo4j;
}

/// Every connection of the schema, with the arguments that make it another list, as a query in which
/// `PAGE` stands for `first` and `after`.
const LISTS: &[&str] = &[
    "customers(PAGE) { LIST }",
    "customers(PAGE, sort: {by: CREATED}) { LIST }",
    "customers(PAGE, sort: {by: LAST_SEEN, direction: ASC}) { LIST }",
    "customers(PAGE, sort: {by: NET_SPEND, currency: \"GBP\"}) { LIST }",
    "customers(PAGE, sort: {by: NET_SPEND, currency: \"EUR\"}) { LIST }",
    "customers(PAGE, filter: {channels: [\"website\"]}) { LIST }",
    "customers(PAGE, filter: {text: \"example\"}) { LIST }",
    "ADA { identifiers(PAGE) { LIST } }",
    "ADA { identifiers(PAGE, kind: \"anonymous_id\") { LIST } }",
    "ADA { links(PAGE) { LIST } }",
    "ADA { links(PAGE, refused: false) { LIST } }",
    "ADA { devices(PAGE) { LIST } }",
    "ADA { orders(PAGE) { LIST } }",
    "ADA { orders(PAGE, since: \"2026-01-01T00:00:00Z\") { LIST } }",
    "ADA { touchpoints(PAGE) { LIST } }",
    "ADA { touchpoints(PAGE, orderBy: OLDEST_FIRST) { LIST } }",
    "ADA { touchpoints(PAGE, filter: {channels: [\"website\"]}) { LIST } }",
    "ADA { products(PAGE, relation: BOUGHT) { LIST } }",
    "ADA { products(PAGE, relation: WISHED) { LIST } }",
    "ADA { identityHistory(PAGE) { LIST } }",
    "ADA { journey { sessions(PAGE) { LIST } } }",
    "ADA { journey(scope: {since: \"2026-01-01T00:00:00Z\"}) { sessions(PAGE) { LIST } } }",
    "BOB { touchpoints(PAGE) { LIST } }",
    "BOB { orders(PAGE) { LIST } }",
    "BOB { identityHistory(PAGE) { LIST } }",
    "identifier(kind: \"user_id\", value: \"ada\") { touchpoints(PAGE) { LIST } }",
    "identifier(kind: \"user_id\", value: \"bob\") { touchpoints(PAGE) { LIST } }",
    "identifier(kind: \"user_id\", value: \"ada\") { links(PAGE) { LIST } }",
    "changes(PAGE) { LIST }",
    "journeys { funnel(steps: [{names: [\"Home\"]}]) { steps { customersReached(PAGE) { LIST } } } }",
    "journeys { funnel(steps: [{channels: [\"website\"]}]) { steps { customersReached(PAGE) { LIST } } } }",
    "journeys { match(pattern: \"Home\") { customers(PAGE) { LIST } } }",
    "journeys(scope: {since: \"2026-01-01T00:00:00Z\"}) { match(pattern: \"Home\") { customers(PAGE) { LIST } } }",
];

fn query(list: &str, page: &str) -> String {
    let by = |user: &str| format!("customer(by: {{identifier: {{kind: \"user_id\", value: \"{user}\"}}}})");
    let fields = "edges { cursor node { __typename } } pageInfo { startCursor endCursor hasNextPage }";
    let list = list.replace("ADA", &by("ada")).replace("BOB", &by("bob"));
    format!("{{ {} }}", list.replace("PAGE", page).replace("LIST", fields))
}

/// The connection in an answer.
fn connection(answer: &Value) -> &Value {
    let mut at = &answer["data"];
    while at.get("pageInfo").is_none() {
        at = match at {
            Value::Object(fields) => fields.values().next().expect("a field"),
            Value::Array(entries) => entries.first().expect("an entry"),
            _ => panic!("no list in {answer}"),
        };
    }
    at
}

fn code(answer: &Value) -> &Value {
    &answer["errors"][0]["extensions"]["code"]
}

async fn fill(shop: &Shop) {
    let who = |user: &str, device: &str| {
        json!({"userId": user, "anonymousId": format!("{user}-{device}"),
            "context": {"device": {"id": format!("{user}-{device}")}}})
    };
    let mut events = Vec::new();
    for user in ["ada", "bob"] {
        for (n, device) in ["phone", "tablet", "laptop"].into_iter().enumerate() {
            let id = |what: &str| format!("{user}-{device}-{what}");
            let product = json!({"sku": format!("s{n}"), "name": "Thing", "price": "1", "quantity": 1});
            let order = json!({"event": "Order Completed", "properties": {"order_id": id("o"), "currency": "GBP",
                "total": "5", "channel": "website", "products": [product]}});
            let view = json!({"event": "Product Added to Wishlist", "properties": {"sku": format!("s{n}"), "channel": "website"}});
            let home = json!({"type": "page", "name": "Home", "properties": {"channel": "website"}});
            let email = json!({"type": "identify", "traits": {"email": format!("{user}@example.org")}});
            for (what, rest) in [("i", email), ("h", home), ("v", view), ("o", order)] {
                events.push(event(&id(what), &format!("{:02}:00", 8 + 3 * n), who(user, device), rest));
            }
        }
    }
    shop.tell(Value::Array(events)).await;
}

async fn cursors(shop: Shop) {
    fill(&shop).await;
    let mut cursors = Vec::new();
    for list in LISTS {
        let answer = shop.run(&query(list, "first: 1")).await;
        assert_eq!(answer["errors"], Value::Null, "{list}");
        let page = connection(&answer);
        let cursor = page["pageInfo"]["endCursor"].as_str().unwrap_or_else(|| panic!("{list} is empty: {answer}"));
        assert_eq!(page["edges"][0]["cursor"], cursor, "{list}");
        cursors.push(cursor.to_owned());
    }
    for (from, cursor) in LISTS.iter().zip(&cursors) {
        for to in LISTS {
            let answer = shop.run(&query(to, &format!("first: 1, after: \"{cursor}\""))).await;
            if from == to {
                assert_eq!(answer["errors"], Value::Null, "{from}");
            } else {
                assert_eq!(code(&answer), "BAD_CURSOR", "a cursor of {from} in {to}: {answer}");
            }
        }
    }
    // The same list with other aliases is the same list, and `first` does not make it another.
    let of = |list: &str| &cursors[LISTS.iter().position(|other| *other == list).expect("one of them")];
    for (list, other) in [
        ("customers(PAGE) { LIST }", "customers(PAGE, filter: {channels: []}, sort: {direction: DESC}) { LIST }"),
        (
            "ADA { touchpoints(PAGE) { LIST } }",
            "ADA { touchpoints(PAGE, orderBy: NEWEST_FIRST, filter: null) { LIST } }",
        ),
        ("ADA { orders(PAGE) { LIST } }", "ADA { orders(PAGE, until: null) { LIST } }"),
        ("changes(PAGE) { LIST }", "changes(PAGE, kinds: [TOUCHPOINT_RECORDED]) { LIST }"),
    ] {
        let answer = shop.run(&query(other, &format!("first: 7, after: \"{}\"", of(list)))).await;
        assert_eq!(answer["errors"], Value::Null, "{other}");
    }
    both_ways(&shop, of("customers(PAGE) { LIST }")).await;
    shop.ingest.close().await;
}

async fn both_ways(shop: &Shop, cursor: &str) {
    let pages = |page: &str| query("customers(PAGE) { LIST }", page);
    for (page, argument) in [
        ("first: 1, last: 1".to_owned(), "last"),
        ("first: 20, last: 1".to_owned(), "last"),
        (format!("after: \"{cursor}\", before: \"{cursor}\""), "before"),
        (format!("first: 1, before: \"{cursor}\""), "before"),
        (format!("last: 1, after: \"{cursor}\""), "last"),
    ] {
        let answer = shop.run(&pages(&page)).await;
        assert_eq!(code(&answer), "BAD_ARGUMENT", "{page}: {answer}");
        assert_eq!(answer["errors"][0]["extensions"]["argument"], argument, "{page}");
    }
    for page in [format!("first: null, last: 1, before: \"{cursor}\""), format!("last: null, after: \"{cursor}\"")] {
        let answer = shop.run(&pages(&page)).await;
        assert_eq!(answer["errors"], Value::Null, "{page}");
    }
    // A cursor of the other direction belongs to another list.
    let turned = query("customers(PAGE, sort: {direction: ASC}) { LIST }", &format!("before: \"{cursor}\""));
    assert_eq!(code(&shop.run(&turned).await), "BAD_CURSOR");
}

/// Ways to a customer; `WHO` stands for what is asked of it.
const WAYS: &[&str] = &[
    "customers(first: 5) { nodes { WHO } }",
    "customers(first: 5, sort: {by: CREATED}) { edges { cursor node { WHO } } nodes { WHO } }",
    "ADA { WHO identifiers { nodes { customer { WHO } touchpoints { nodes { customer { WHO } } } } } }",
    "ADA { touchpoints { nodes { customer { WHO } identifier { customer { WHO } } order { customer { WHO } } } } }",
    "ADA { orders { nodes { customer { WHO } } } links { nodes { from { customer { WHO } } to { customer { WHO } } } } }",
    "ADA { devices { nodes { identifiers { customer { WHO } } } } consents { identifier { customer { WHO } } } }",
    "identifier(kind: \"email\", value: \"Bob@Example.org\") { customer { WHO } touchpoints { nodes { customer { WHO } } } }",
    "identifiersBy(keys: [{kind: \"user_id\", value: \"ada\"}, {kind: \"user_id\", value: \"nobody\"},
        {kind: \"user_id\", value: \"bob\"}]) { kind value customer { WHO } }",
    "touchpoint(messageId: \"bob-phone-h\") { customer { WHO } identifier { customer { WHO } } }",
    "changes(first: 100) { nodes { customer { WHO } identifiers { customer { WHO } } touchpoint { customer { WHO } } } }",
    "identityHealth { largest { WHO } }",
    "past: customer(by: {identifier: {kind: \"user_id\", value: \"ada\"}}, asOf: \"AS_OF\") {
        WHO identifiers { nodes { customer { WHO current { WHO } } } }
        touchpoints { nodes { customer { WHO } order { customer { WHO } } } } }",
];

/// The values of a field of an answer, in their order.
fn values(answer: &Value, field: &str, found: &mut Vec<Value>) {
    match answer {
        Value::Object(fields) => {
            found.extend(fields.get(field).cloned());
            fields.values().for_each(|value| values(value, field, found));
        }
        Value::Array(entries) => entries.iter().for_each(|value| values(value, field, found)),
        _ => {}
    }
}

async fn whose(shop: Shop) {
    fill(&shop).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let as_of = jiff::Timestamp::now().to_string();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    for way in WAYS {
        let way = query(way, "").replace("AS_OF", &as_of);
        let ask = async |part: &str, fragment: &str| {
            let answer = shop.ask(&format!("{}{fragment}", way.replace("WHO", part))).await;
            let (mut ids, mut names) = (Vec::new(), Vec::new());
            values(&answer, "who", &mut ids);
            values(&answer, "called", &mut names);
            (ids, names)
        };
        let (ids, names) = ask("who: id asOf called: displayName createdAt", "").await;
        assert!(!ids.is_empty() && names.iter().any(Value::is_string), "{way}");
        for (part, fragment) in [
            ("who: id", ""),
            ("__typename ... on Customer { who: id asOf }", ""),
            ("...Who", " fragment Who on Customer { who: id ...Rest } fragment Rest on Customer { asOf }"),
            ("...Who", " fragment Who on Customer { who: id ...Rest } fragment Rest on Customer { old: formerIds }"),
            ("who: id id @skip(if: true) createdAt @include(if: false)", ""),
            ("who: id ... @include(if: true) { called: displayName }", ""),
            ("who: id called: displayName", ""),
            (
                "...Who",
                " fragment Who on Customer { called: displayName ...Rest } fragment Rest on Customer { who: id }",
            ),
            ("who: id called: displayName traits { name }", ""),
        ] {
            let (same_ids, same_names) = ask(part, fragment).await;
            assert_eq!(same_ids, ids, "{part} in {way}");
            if part.contains("called") || fragment.contains("called") {
                assert_eq!(same_names, names, "{part} in {way}");
            }
        }
    }
    shop.ingest.close().await;
}
