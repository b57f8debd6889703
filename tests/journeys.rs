//! The journey of one customer, through GraphQL on both stores.

use serde_json::{Value, json};

#[path = "common/mod.rs"]
mod common;
use common::shop::{Shop, event};
use common::stores::on_both;

on_both! { Shop::new:
    one_customer => one_customers_journey_on_sqlite, one_customers_journey_on_neo4j;
}

impl Shop {
    /// The given fields of Ada's journey.
    async fn journey(&self, scope: &str, fields: &str) -> Value {
        let answer = self.ask(&of_ada("", scope, fields)).await;
        answer["customer"]["journey"].clone()
    }
}

fn of_ada(as_of: &str, scope: &str, fields: &str) -> String {
    let scope = if scope.is_empty() { String::new() } else { format!("(scope: {{{scope}}})") };
    let by = "by: {identifier: {kind: \"email\", value: \"ada@example.org\"}}";
    format!("{{ customer({by}{as_of}) {{ journey{scope} {{ {fields} }} }} }}")
}

fn page(name: &str) -> Value {
    json!({"type": "page", "name": name})
}

fn order(number: &str, total: &str) -> Value {
    json!({"event": "Order Completed", "properties":
        {"order_id": number, "currency": "GBP", "total": total, "channel": "website"}})
}

async fn one_customer(shop: Shop) {
    let (ada, phone) = (json!({"userId": "ada"}), json!({"anonymousId": "phone"}));
    shop.tell(json!([
        {"type": "identify", "messageId": "i", "timestamp": "2026-03-01T00:00:00Z", "userId": "ada", "anonymousId": "phone",
         "traits": {"email": "ada@example.org"}},
        // A session with an id in the app, with a session on the website in between, and one in the shop.
        event("a1", "08:00", phone.clone(), json!({"type": "screen", "name": "Start", "context": {"sessionId": "app"}})),
        event("w1", "08:10", ada.clone(), page("Home")),
        event("w2", "08:40", ada.clone(), page("Shoes")),
        event("w3", "09:11", ada.clone(), page("Home")),
        event("a2", "09:30", phone.clone(), json!({"type": "screen", "name": "Shoes", "context": {"sessionId": "app"}})),
        event("s1", "12:00", ada.clone(), json!({"event": "Store Visited", "properties": {"channel": "store"}})),
    ]))
    .await;
    sessions(&shop).await;

    shop.tell(json!([
        event("o1", "12:30", ada.clone(), order("1", "50")),
        event("o1u", "12:31", ada.clone(), order("1", "60")),
        event(
            "m1",
            "13:00",
            ada.clone(),
            json!({"event": "Email Opened", "context": {"campaign": {"name": "spring"}}})
        ),
        event("w4", "13:10", ada.clone(), json!({"type": "page", "name": "Sale", "properties": {"platform": "web"}})),
        event("o2", "13:20", ada.clone(), order("2", "20.50")),
        event(
            "r2",
            "14:00",
            ada.clone(),
            json!({"event": "Order Refunded", "properties":
            {"order_id": "2", "currency": "GBP", "total": "0.50"}})
        ),
        event("o3", "14:01", ada.clone(), order("3", "1")),
    ]))
    .await;
    conversions(&shop).await;
    wrong_questions(&shop).await;
    the_past(&shop).await;
    shop.ingest.close().await;
}

const SESSION: &str = "id startedAt endedAt channels touchpointCount touchpoints { messageId }";

/// The start, end, channels and messages of each session.
fn told(sessions: &Value) -> Vec<(String, String, Vec<String>, Vec<String>)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let time = |value: &Value| text(value)[11..16].to_owned();
    let one = |s: &Value| {
        let channels = s["channels"].as_array().expect("a list").iter().map(text).collect();
        let messages: Vec<String> =
            s["touchpoints"].as_array().expect("a list").iter().map(|t| text(&t["messageId"])).collect();
        assert_eq!(s["touchpointCount"], messages.len());
        (time(&s["startedAt"]), time(&s["endedAt"]), channels, messages)
    };
    sessions["nodes"].as_array().expect("nodes").iter().map(one).collect()
}

fn session(start: &str, end: &str, channels: &[&str], messages: &[&str]) -> (String, String, Vec<String>, Vec<String>) {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    (start.to_owned(), end.to_owned(), texts(channels), texts(messages))
}

async fn sessions(shop: &Shop) {
    let all = [
        session("12:00", "12:00", &["store"], &["s1"]),
        // 31 minutes after the last page: the app's screens between do not count.
        session("09:11", "09:11", &["website"], &["w3"]),
        session("08:10", "08:40", &["website"], &["w1", "w2"]),
        session("08:00", "09:30", &["mobile_app"], &["a1", "a2"]),
    ];
    let whole = shop
        .journey("", &format!("id sessions {{ nodes {{ {SESSION} }} totalCount pageInfo {{ hasNextPage }} }}"))
        .await;
    assert_eq!(told(&whole["sessions"]), all);
    assert_eq!(
        (&whole["sessions"]["totalCount"], &whole["sessions"]["pageInfo"]["hasNextPage"]),
        (&json!(4), &json!(false))
    );

    // Page by page the list is the same.
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let fields =
            format!("sessions(first: 1{after}) {{ nodes {{ {SESSION} }} pageInfo {{ hasNextPage endCursor }} }}");
        let page = shop.journey("", &fields).await["sessions"].clone();
        paged.extend(told(&page));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = format!(", after: {}", page["pageInfo"]["endCursor"]);
    }
    assert_eq!(paged, all);
    let behind = &paged.len();
    assert_eq!(*behind, 4);

    // Another gap, and a scope, which does not cut sessions again.
    let gap = shop.journey("sessionGap: \"PT31M\"", &format!("sessions {{ nodes {{ {SESSION} }} }}")).await;
    assert_eq!(told(&gap["sessions"])[1], session("08:10", "09:11", &["website"], &["w1", "w2", "w3"]));
    let scope = "since: \"2026-03-10T08:40:00Z\", until: \"2026-03-10T12:00:00Z\", exclude: {names: [\"Home\"]}";
    let part = shop.journey(scope, &format!("id sessions {{ nodes {{ {SESSION} }} totalCount }}")).await;
    let of_part =
        [session("09:30", "09:30", &["mobile_app"], &["a2"]), session("08:40", "08:40", &["website"], &["w2"])];
    assert_eq!(told(&part["sessions"]), of_part);
    let none = shop.journey("include: {channels: [\"telephone\"]}", "sessions { nodes { id } totalCount }").await;
    assert_eq!(none["sessions"], json!({"nodes": [], "totalCount": 0}));

    // Ids find the same session again, with its scope, also after an earlier touchpoint arrived late.
    for journey in [&whole, &part] {
        let found = shop
            .ask(&format!(
                "{{ node(id: {}) {{ id ... on CustomerJourney {{ sessions {{ nodes {{ {SESSION} }} }} }} }} }}",
                journey["id"]
            ))
            .await;
        assert_eq!(told(&found["node"]["sessions"]), told(&journey["sessions"]));
        for node in journey["sessions"]["nodes"].as_array().expect("nodes") {
            let found = shop.ask(&format!("{{ node(id: {}) {{ ... on Session {{ {SESSION} }} }} }}", node["id"])).await;
            assert_eq!(&found["node"], node);
        }
    }
}

async fn conversions(shop: &Shop) {
    let fields = |arguments: &str| {
        format!(
            "conversions(goal: {{names: [\"Order Completed\"]}}{arguments}) {{ at touchpoint {{ messageId }}
                value {{ amount currency }} durationSeconds steps {{ credit touchpoint {{ messageId }} }} }}"
        )
    };
    let ask = async |scope: &str, arguments: &str| {
        let answer = shop.journey(scope, &fields(arguments)).await;
        answer["conversions"].as_array().expect("conversions").clone()
    };
    let steps = |conversion: &Value| -> Vec<(String, f64)> {
        let one = |s: &Value| {
            (s["touchpoint"]["messageId"].as_str().expect("an id").to_owned(), s["credit"].as_f64().expect("a number"))
        };
        conversion["steps"].as_array().expect("steps").iter().map(one).collect()
    };
    let found = ask("", "").await;
    let messages: Vec<&Value> = found.iter().map(|c| &c["touchpoint"]["messageId"]).collect();
    // Newest first; the order that was completed a second time is one conversion.
    assert_eq!(messages, ["o3", "o2", "o1"]);
    assert_eq!(found[1]["value"], json!({"amount": "20.00", "currency": "GBP"}), "less what came back");
    assert_eq!(found[2]["value"], json!({"amount": "60.00", "currency": "GBP"}));
    assert_eq!(steps(&found[0]), [("r2".to_owned(), 1.0)], "a return is a touchpoint too");
    let last = |messages: &[&str]| -> Vec<(String, f64)> {
        let count = messages.len();
        messages.iter().zip(1..).map(|(id, n)| ((*id).to_owned(), f64::from(u8::from(n == count)))).collect()
    };
    assert_eq!(steps(&found[1]), last(&["m1", "w4"]), "behind the conversion before, but for what is about it");
    assert_eq!(steps(&found[2]), last(&["a1", "w1", "w2", "w3", "a2", "s1"]));
    assert_eq!(found[2]["durationSeconds"].as_f64(), Some(4.5 * 3_600.0));

    // Only touchpoints that match `touches` are steps; the goals are the same.
    let touched = ask("", ", touches: {names: [\"Home\"]}").await;
    assert_eq!(touched.len(), 3);
    assert_eq!(steps(&touched[2]), last(&["w1", "w3"]));
    assert_eq!(touched[2]["durationSeconds"].as_f64(), Some(4.0 * 3_600.0 + 1_200.0));
    let nothing = ask("", ", touches: {names: [\"Nowhere\"]}").await;
    assert!(nothing.iter().all(|conversion| steps(conversion).is_empty()));

    assert_eq!(ask("", ", first: 1").await, found[..1]);
    let near = ask("", ", lookback: \"PT30M\"").await;
    assert_eq!(steps(&near[2]), last(&["s1"]));
    let none = ask("exclude: {kinds: [\"return\"]}", "").await;
    assert_eq!((steps(&none[0]), none[0]["durationSeconds"].as_f64()), (vec![], Some(0.0)));

    let credits = |found: &[Value]| -> Vec<f64> { steps(&found[2]).into_iter().map(|step| step.1).collect() };
    assert_eq!(credits(&ask("", ", model: FIRST_TOUCH").await), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(credits(&ask("", ", model: LINEAR").await), [1.0 / 6.0; 6]);
    assert_eq!(credits(&ask("", ", model: PARTICIPATION").await), [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let third = 1.0 / 3.0;
    assert_eq!(credits(&ask("", ", model: SHAPLEY").await), [third, third, 0.0, 0.0, 0.0, third]);
    let by_name = ask("", ", model: SHAPLEY, dimension: \"name\"").await;
    assert_eq!(credits(&by_name), [0.25, 0.25, 0.25, 0.0, 0.0, 0.25], "Start, Home, Shoes, Store Visited");
    let decay = credits(&ask("", ", model: TIME_DECAY, halfLife: \"PT4H\"").await);
    assert!((decay.iter().sum::<f64>() - 1.0).abs() < 1e-12 && decay.is_sorted());
    assert!((decay[5] / decay[0] - 2.0).abs() < 1e-12, "four hours apart: {decay:?}");

    // A goal can use any dimension, also a configured one.
    for (goal, message) in [
        ("where: [{dimension: \"properties.platform\", is: [\"web\"]}]", "w4"),
        ("where: [{dimension: \"campaign\", is: [\"spring\"]}]", "m1"),
        ("campaigns: [\"spring\"], kinds: []", "m1"),
    ] {
        let one = shop
            .journey("", &format!("conversions(goal: {{{goal}}}) {{ value {{ amount }} touchpoint {{ messageId }} }}"))
            .await;
        assert_eq!(one["conversions"], json!([{"value": null, "touchpoint": {"messageId": message}}]));
    }
}

async fn wrong_questions(shop: &Shop) {
    let goal = "goal: {names: [\"x\"]}";
    for (scope, fields, argument) in [
        ("", format!("conversions({goal}, model: MARKOV) {{ at }}"), "model"),
        ("", format!("conversions({goal}, dimension: \"colour\") {{ at }}"), "dimension"),
        ("", format!("conversions({goal}, halfLife: \"PT0S\") {{ at }}"), "halfLife"),
        ("", format!("conversions({goal}, first: 101) {{ at }}"), "first"),
        (
            "",
            format!("conversions({goal}, touches: {{where: [{{dimension: \"x\", is: [\"y\"]}}]}}) {{ at }}"),
            "touches.where.dimension",
        ),
        ("", "conversions(goal: {where: [{dimension: \"x\", is: [\"y\"]}]}) { at }".to_owned(), "goal.where.dimension"),
        ("since: \"2026-03-10T08:40:00Z\", until: \"2026-03-09T08:40:00Z\"", "id".to_owned(), "scope.until"),
        ("sessionGap: \"PT0S\"", "id".to_owned(), "scope.sessionGap"),
        ("include: {where: [{dimension: \"name\", is: []}]}", "id".to_owned(), "scope.include.where.is"),
    ] {
        let answer = shop.run(&of_ada("", scope, &fields)).await;
        let told = &answer["errors"][0]["extensions"];
        assert_eq!((&told["code"], &told["argument"]), (&json!("BAD_ARGUMENT"), &json!(argument)), "{answer}");
        assert!(told["hint"].as_str().is_some_and(|hint| hint.len() > 5), "{answer}");
    }
    let answer = shop.run(&of_ada("", "", "sessions(after: \"dGltZTox\") { totalCount }")).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_CURSOR");
}

async fn the_past(shop: &Shop) {
    let now = shop.store.status().await.expect("figures").changed_at;
    let fields = format!("id sessions {{ nodes {{ {SESSION} }} }}");
    let then = shop.ask(&of_ada(&format!(", asOf: \"{now}\""), "", &fields)).await;
    let then = &then["customer"]["journey"];
    let late = json!([event("w0", "07:50", json!({"userId": "ada"}), page("Late"))]);
    let before = shop.journey("", &fields).await;
    shop.tell(late).await;
    let after = shop.journey("", &fields).await;
    let first = |journey: &Value| told(&journey["sessions"]).pop().expect("a session");
    assert_eq!(first(&before), session("08:00", "09:30", &["mobile_app"], &["a1", "a2"]));
    assert_eq!(told(&after["sessions"]).len(), told(&before["sessions"]).len(), "a part of the first on the website");
    assert_eq!(first(&after), session("07:50", "08:40", &["website"], &["w0", "w1", "w2"]));
    // A moment stays the same, and so do its ids.
    assert_eq!(told(&then["sessions"]), told(&before["sessions"]));
    let again = shop.ask(&format!("{{ node(id: {}) {{ ... on CustomerJourney {{ {fields} }} }} }}", then["id"])).await;
    assert_eq!(&again["node"], then);
    // The session that began with w1 is found by its old id, and begins earlier now.
    let old = before["sessions"]["nodes"].as_array().expect("nodes");
    let old = old.iter().find(|s| s["touchpoints"][0]["messageId"] == "w1").expect("the session");
    let found = shop.ask(&format!("{{ node(id: {}) {{ ... on Session {{ {SESSION} }} }} }}", old["id"])).await;
    assert_eq!(found["node"]["touchpoints"][0]["messageId"], "w0");
}
