//! The journeys of all customers, through GraphQL on both stores.

use serde_json::{Value, json};

#[path = "common/mod.rs"]
mod common;
use common::shop::{Shop, event};
use common::stores::on_both;

on_both! { Shop::with_journeys:
    figures_and_people => figures_and_people_on_sqlite, figures_and_people_on_neo4j;
    an_empty_store_is_all_zeros => an_empty_store_is_all_zeros_on_sqlite, an_empty_store_is_all_zeros_on_neo4j;
    purposes_are_told_in_alphabetical_order => purposes_are_told_on_sqlite, purposes_are_told_on_neo4j;
    what_cannot_be_asked => what_cannot_be_asked_on_sqlite, what_cannot_be_asked_on_neo4j;
    large_sums_are_shared_exactly => large_sums_on_sqlite, large_sums_on_neo4j;
    ecom => ecom_on_sqlite, ecom_on_neo4j;
}

impl Shop {
    async fn journeys(&self, scope: &str, fields: &str) -> Value {
        let scope = if scope.is_empty() { String::new() } else { format!("(scope: {{{scope}}})") };
        self.ask(&format!("{{ journeys{scope} {{ {fields} }} }}")).await["journeys"].clone()
    }
}

/// Ada buys, Ben only fills a cart, Cyd comes from an e-mail and browses; an order at a till has no customer.
fn story() -> Vec<Value> {
    let user = |name: &str| json!({"userId": name});
    let does =
        |name: &str| json!({"event": name, "properties": {"channel": "website", "platform": "ios", "sku": "shoe"}});
    let home = || json!({"type": "page", "name": "Home"});
    let order = json!({"event": "Order Completed", "properties":
        {"order_id": "1", "currency": "GBP", "total": "50", "channel": "website"}});
    let refund = json!({"event": "Order Refunded", "properties": {"order_id": "1", "total": "20", "channel": "store"}});
    let opened = json!({"event": "Email Opened", "context": {"campaign": {"name": "spring"}}});
    vec![
        json!({"type": "identify", "messageId": "i1", "timestamp": "2026-03-01T00:00:00Z", "userId": "ada", "anonymousId": "phone",
            "context": {"consent": {"categoryPreferences": {"marketing": true}}}}),
        json!({"type": "identify", "messageId": "i2", "timestamp": "2026-03-01T00:00:00Z", "userId": "ben",
            "context": {"consent": {"categoryPreferences": {"marketing": false}}}}),
        event("a1", "08:00", json!({"anonymousId": "phone"}), home()),
        event("a2", "08:05", user("ada"), does("Product Viewed")),
        event("a3", "08:10", user("ada"), does("Product Added")),
        event("a4", "08:20", user("ada"), order),
        event("a5", "20:00", user("ada"), refund),
        event("b1", "09:00", user("ben"), home()),
        event("b2", "09:03", user("ben"), does("Product Viewed")),
        event("b3", "09:30", user("ben"), does("Product Added")),
        event("c1", "10:00", user("cyd"), opened),
        event("c2", "10:01", user("cyd"), does("Product Viewed")),
        event("t1", "11:00", json!({"context": {"externalIds": [{"type": "till", "id": "7"}]}}), does("Rung Up")),
    ]
}

const FUNNEL: &str =
    "steps: [{names: [\"Product Viewed\"]}, {names: [\"Product Added\"], label: \"cart\"}, {kinds: [\"order\"]}]";

async fn figures_and_people(shop: Shop) {
    shop.tell(story()).await;
    let all = shop
        .journeys(
            "",
            "population { customers journeys touchpoints unowned hiddenByConsent asOfChange }
             transitions(top: 2) { total other links { from to count journeys share medianSeconds } nodes { value touchpoints journeys } }
             timed: transitions(top: 2) { links { count ... on JourneyLink { after: medianSeconds } } }
             counted: transitions(top: 2) { links { count } }
             timeBetween(from: {names: [\"Home\"]}, to: {names: [\"Product Added\"]}, buckets: 2) {
               pairs never medianSeconds p90Seconds histogram { fromSeconds toSeconds count } }
             paths(to: {names: [\"Product Added\"]}, maxLength: 2) { total other paths { values journeys share medianSeconds } }
             flow(anchor: {names: [\"Product Viewed\"]}, stepsBefore: 1, stepsAfter: 1, top: 1) {
               journeys columns { step total entries { value kind journeys } } links { step from to fromKind toKind journeys } }",
        )
        .await;
    let population = &all["population"];
    assert_eq!(
        (&population["customers"], &population["journeys"], &population["touchpoints"]),
        (&json!(3), &json!(3), &json!(10))
    );
    assert_eq!((&population["unowned"], &population["hiddenByConsent"]), (&json!(1), &json!(0)));
    let graph = &all["transitions"];
    assert_eq!((&graph["total"], &graph["other"]), (&json!(13), &json!(9)));
    assert_eq!(
        graph["links"],
        json!([
            {"from": "Home", "to": "Product Viewed", "count": 2, "journeys": 2, "share": 2.0 / 13.0, "medianSeconds": 240.0},
            {"from": "Product Viewed", "to": "Product Added", "count": 2, "journeys": 2, "share": 2.0 / 13.0, "medianSeconds": 960.0},
        ])
    );
    assert_eq!(graph["nodes"][0], json!({"value": "Product Viewed", "touchpoints": 3, "journeys": 3}));
    assert_eq!(all["timed"]["links"], json!([{"count": 2, "after": 240.0}, {"count": 2, "after": 960.0}]));
    assert_eq!(all["counted"]["links"], json!([{"count": 2}, {"count": 2}]));
    assert_eq!(
        all["timeBetween"],
        json!({"pairs": 2, "never": 0, "medianSeconds": 1200.0, "p90Seconds": 1800.0, "histogram": [
            {"fromSeconds": 0.0, "toSeconds": 900.0, "count": 1}, {"fromSeconds": 900.0, "toSeconds": 1800.0, "count": 1}]})
    );
    assert_eq!(
        all["paths"],
        json!({"total": 2, "other": 0, "paths": [
            {"values": ["…", "Product Viewed", "Product Added"], "journeys": 2, "share": 1.0, "medianSeconds": 1200.0}]})
    );
    let flow = &all["flow"];
    assert_eq!(
        flow["columns"],
        json!([
            {"step": -1, "total": 3, "entries": [{"value": "Home", "kind": "VALUE", "journeys": 2}, {"value": "OTHER", "kind": "OTHER", "journeys": 1}]},
            {"step": 0, "total": 3, "entries": [{"value": "Product Viewed", "kind": "VALUE", "journeys": 3}]},
            {"step": 1, "total": 3, "entries": [{"value": "Product Added", "kind": "VALUE", "journeys": 2}, {"value": "ENDED", "kind": "ENDED", "journeys": 1}]},
        ])
    );
    assert_eq!(flow["links"].as_array().expect("a list").len(), 4);
    funnels_and_their_people(&shop).await;
    money(&shop).await;
    what_may_earn_and_what_lies_within(&shop).await;
    patterns_and_comparisons(&shop).await;
    scopes(&shop).await;
}

async fn funnels_and_their_people(shop: &Shop) {
    let fields = "id number label reached dropped ofFirst ofPrevious medianSecondsFromPrevious";
    let people = "totalCount nodes { id } pageInfo { hasNextPage endCursor }";
    // Median times are computed only when a question selects them, at any place; the first does not.
    let asked = |steps: &str, groups: &str| {
        format!(
            "funnel({FUNNEL}, breakdown: \"properties.platform\") {{
               entered {steps} groups {{ value steps {{ number reached dropped {groups} }} }} }}"
        )
    };
    let plain = shop.journeys("", &asked("steps { number reached dropped }", "")).await;
    let in_groups = shop.journeys("", &asked("", "... on FunnelStep { gap: medianSecondsFromPrevious }")).await;
    let in_steps = shop
        .journeys("", &asked("steps { number reached dropped } timed: steps { medianSecondsFromPrevious }", ""))
        .await;
    assert_eq!(
        (&in_steps["funnel"]["steps"], &in_steps["funnel"]["groups"]),
        (&plain["funnel"]["steps"], &plain["funnel"]["groups"])
    );
    let gaps = |steps: &Value, name: &str| {
        steps.as_array().expect("a list").iter().map(|step| step[name].clone()).collect::<Vec<_>>()
    };
    let medians = [json!(null), json!(960.0), json!(600.0)];
    assert_eq!(gaps(&in_steps["funnel"]["timed"], "medianSecondsFromPrevious"), medians);
    let ios = gaps(&in_groups["funnel"]["groups"][0]["steps"], "gap");
    assert!(ios[1].is_number(), "{ios:?}");
    let answer = shop
        .journeys(
            "",
            &format!(
                "id funnel({FUNNEL}, breakdown: \"properties.platform\") {{ entered
                   steps {{ {fields} customersReached(first: 1) {{ {people} }} customersDropped {{ {people} }} }}
                   groups {{ value steps {{ {fields} customersReached {{ {people} }} }} }} }}"
            ),
        )
        .await;
    let funnel = &answer["funnel"];
    let steps = funnel["steps"].as_array().expect("a list");
    let figure = |name: &str| steps.iter().map(|step| step[name].clone()).collect::<Vec<_>>();
    assert_eq!(funnel["entered"], json!(3));
    assert_eq!(figure("reached"), [3, 2, 1]);
    assert_eq!(figure("dropped"), [0, 1, 1]);
    assert_eq!(figure("label"), ["Product Viewed", "cart", "order"]);
    assert_eq!(figure("medianSecondsFromPrevious"), medians);
    assert_eq!(gaps(&funnel["groups"][0]["steps"], "medianSecondsFromPrevious"), ios);
    assert_eq!(funnel["groups"].as_array().map(Vec::len), Some(1));
    assert_eq!(funnel["groups"][0]["value"], "ios");
    for (number, (reached, dropped)) in [(3, 0), (2, 1), (1, 1)].into_iter().enumerate() {
        assert_eq!(steps[number]["customersReached"]["totalCount"], json!(reached));
        assert_eq!(steps[number]["customersDropped"]["totalCount"], json!(dropped));
    }

    // Page by page each customer comes once, in one order; and the id asks the whole question again.
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = format!(
            "{{ node(id: {}) {{ id ... on FunnelStep {{ reached customersReached(first: 1, after: {after}) {{ {people} }} }} }} }}",
            steps[0]["id"]
        );
        let node = shop.ask(&query).await["node"].clone();
        assert_eq!((&node["id"], &node["reached"]), (&steps[0]["id"], &json!(3)));
        let page = &node["customersReached"];
        ids.extend(page["nodes"].as_array().expect("a list").iter().map(|node| node["id"].to_string()));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
    }
    assert_eq!(ids.len(), 3);
    let again = shop
        .ask(&format!("{{ node(id: {}) {{ id ... on Journeys {{ population {{ customers }} }} }} }}", answer["id"]))
        .await;
    assert_eq!(again["node"], json!({"id": answer["id"], "population": {"customers": 3}}));
    let group = &funnel["groups"][0]["steps"][1];
    let again = shop.ask(&format!("{{ node(id: {}) {{ ... on FunnelStep {{ {fields} }} }} }}", group["id"])).await;
    for name in ["id", "reached", "dropped", "ofFirst", "label", "medianSecondsFromPrevious"] {
        assert_eq!(again["node"][name], group[name], "{name}");
    }
    // The groups that are not shown are one group with its customers, and its id asks for it again.
    let fields = "id reached dropped customersReached { totalCount } customersDropped { totalCount }";
    let groups = format!(
        "funnel({FUNNEL}, breakdown: \"properties.platform\", top: 0) {{ groups {{ value steps {{ {fields} }} }} }}"
    );
    let cut = shop.journeys("", &groups).await["funnel"]["groups"].clone();
    assert_eq!((cut.as_array().map(Vec::len), &cut[0]["value"]), (Some(1), &json!("…")));
    for (step, whole) in cut[0]["steps"].as_array().expect("a list").iter().zip(steps) {
        assert_eq!((&step["reached"], &step["dropped"]), (&whole["reached"], &whole["dropped"]));
        assert_eq!(step["customersReached"]["totalCount"], whole["reached"]);
        assert_eq!(step["customersDropped"]["totalCount"], whole["dropped"]);
        let again = shop.ask(&format!("{{ node(id: {}) {{ ... on FunnelStep {{ {fields} }} }} }}", step["id"])).await;
        assert_eq!(again["node"], *step);
    }
    let wrong = shop.run(&format!("{{ customer(by: {{id: {}}}) {{ id }} }}", steps[0]["id"])).await;
    assert_eq!(wrong["errors"][0]["extensions"]["code"], "BAD_ID");
}

async fn money(shop: &Shop) {
    let models = "FIRST_TOUCH, LAST_TOUCH, LINEAR, PARTICIPATION, POSITION_BASED, J_SHAPED, INVERSE_J, TIME_DECAY, MARKOV, SHAPLEY";
    let rows = "rows { value conversions credit worth { amount currency } }";
    let answer = shop
        .journeys(
            "",
            &format!(
                "attribution(goal: {{names: [\"Order Completed\"]}}, dimension: \"name\", models: [{models}]) {{
            conversions value {{ amount currency }} models {{ model {rows} }} }}"
            ),
        )
        .await;
    let attribution = &answer["attribution"];
    // The current net, without later returns.
    assert_eq!(
        (&attribution["conversions"], &attribution["value"]),
        (&json!(1), &json!([{"amount": "30.00", "currency": "GBP"}]))
    );
    let results = attribution["models"].as_array().expect("a list");
    assert_eq!(results.len(), 10);
    let linear = &results[2];
    assert_eq!(linear["model"], "LINEAR");
    assert_eq!(
        linear["rows"][0],
        json!({"value": "Home", "conversions": 1.0 / 3.0, "credit": 1.0 / 3.0, "worth": [{"amount": "10.00", "currency": "GBP"}]})
    );
    for result in results.iter().filter(|result| result["model"] != "PARTICIPATION") {
        let rows = result["rows"].as_array().expect("a list");
        let sum: f64 = rows.iter().map(|row| row["conversions"].as_f64().expect("a number")).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{result}");
    }
}

async fn what_may_earn_and_what_lies_within(shop: &Shop) {
    let attribution = |touches: &str| {
        format!(
            "attribution(goal: {{names: [\"Order Completed\"]}}, touches: {{{touches}}}, dimension: \"name\", models: [LINEAR]) {{
               conversions unknownValues models {{ rows {{ value conversions worth {{ amount }} }} }} }}"
        )
    };
    let answer = shop.journeys("", &attribution("names: [\"Home\", \"Product Added\"]")).await;
    let row = |value: &str, part: f64, worth: &str| json!({"value": value, "conversions": part, "worth": [{"amount": worth}]});
    let two = [row("Home", 0.5, "15.00"), row("Product Added", 0.5, "15.00")];
    assert_eq!(
        answer["attribution"],
        json!({"conversions": 1, "unknownValues": [], "models": [{"rows": two}]}),
        "the goal is found though it may not earn"
    );
    let answer = shop.journeys("", &attribution("names: [\"Hme\"]")).await;
    let direct = [row("(direct)", 1.0, "30.00")];
    assert_eq!(
        answer["attribution"],
        json!({"conversions": 1, "unknownValues": ["Hme"], "models": [{"rows": direct}]})
    );

    let paths = |within: &str| {
        format!(
            "paths(to: {{names: [\"Product Added\"]}}, within: \"{within}\") {{ total paths {{ values medianSeconds }} }}"
        )
    };
    let whole = json!({"values": ["Home", "Product Viewed", "Product Added"], "medianSeconds": 600.0});
    let short = json!({"values": ["Product Added"], "medianSeconds": 0.0});
    // Ada came exactly ten minutes before, Ben half an hour.
    let answer = shop.journeys("", &paths("PT10M")).await;
    assert_eq!(answer["paths"], json!({"total": 2, "paths": [whole, short]}));
    let answer = shop.journeys("", &paths("PT9M59S")).await;
    let viewed = json!({"values": ["Product Viewed", "Product Added"], "medianSeconds": 300.0});
    assert_eq!(answer["paths"], json!({"total": 2, "paths": [short, viewed]}));
}

async fn large_sums_are_shared_exactly(shop: Shop) {
    const ORDERS: usize = 12;
    let user = || json!({"userId": "whale"});
    let events = (0..ORDERS).flat_map(|n| {
        let channel = ["email", "website", "sms"][n % 3];
        let order = json!({"event": "Order Completed", "properties":
            {"order_id": format!("large-{n}"), "currency": "VND", "total": "999999999999", "channel": "store"}});
        let seen = json!({"event": "Seen", "properties": {"channel": channel}});
        let also = json!({"event": "Seen", "properties": {"channel": "push"}});
        let time = |minute: usize| format!("{:02}:{minute:02}", 8 + n);
        [
            event(&format!("s{n}"), &time(0), user(), seen),
            event(&format!("p{n}"), &time(1), user(), also),
            event(&format!("q{n}"), &time(2), user(), json!({"event": "Seen", "properties": {"channel": "social"}})),
            event(&format!("o{n}"), &time(3), user(), order),
        ]
    });
    shop.tell(events.collect::<Vec<_>>()).await;
    let answer = shop
        .journeys(
            "",
            "attribution(goal: {names: [\"Order Completed\"]}, models: [FIRST_TOUCH, LINEAR, PARTICIPATION, MARKOV, SHAPLEY]) {
               conversions value { amount currency } models { model rows { value worth { amount } } } }",
        )
        .await;
    let whole = ORDERS as i128 * 999_999_999_999;
    let attribution = &answer["attribution"];
    assert_eq!(attribution["value"], json!([{"amount": whole.to_string(), "currency": "VND"}]));
    for result in attribution["models"].as_array().expect("models") {
        let rows = result["rows"].as_array().expect("rows");
        let worth =
            |row: &Value| row["worth"][0]["amount"].as_str().expect("an amount").parse::<i128>().expect("whole");
        let sum: i128 = rows.iter().map(worth).sum();
        match result["model"].as_str() {
            Some("PARTICIPATION") => assert_eq!(sum, 3 * whole, "{result}"),
            _ => assert_eq!(sum, whole, "{result}"),
        }
        if result["model"] == "FIRST_TOUCH" {
            assert!(rows.iter().all(|row| [0, whole / 3].contains(&worth(row))), "{result}");
        }
    }
}

async fn patterns_and_comparisons(shop: &Shop) {
    let answer = shop
        .journeys(
            "",
            "match(pattern: \"\\\"Product Viewed\\\" -> [^\\\"Order Completed\\\"]* -> $\") { id journeys share occurrences unknownValues customers { totalCount } }
             other: match(pattern: \"nowhere -> Home\") { journeys unknownValues customers { nodes { id } } }
             compare(with: {include: {channels: [\"website\"]}}, top: 1) { a { touchpoints } b { touchpoints } links { from to shareA shareB difference } }",
        )
        .await;
    let found = &answer["match"];
    assert_eq!(
        (&found["journeys"], &found["occurrences"], &found["unknownValues"]),
        (&json!(2), &json!(2), &json!([]))
    );
    assert_eq!(found["customers"]["totalCount"], json!(2));
    assert_eq!(answer["other"], json!({"journeys": 0, "unknownValues": ["nowhere"], "customers": {"nodes": []}}));
    let again = shop.ask(&format!("{{ node(id: {}) {{ id ... on PatternMatch {{ journeys }} }} }}", found["id"])).await;
    assert_eq!(again["node"], json!({"id": found["id"], "journeys": 2}));
    assert_eq!(
        (&answer["compare"]["a"]["touchpoints"], &answer["compare"]["b"]["touchpoints"]),
        (&json!(10), &json!(8))
    );
}

async fn scopes(shop: &Shop) {
    let population = "population { customers journeys touchpoints hiddenByConsent unowned }";
    let granted = shop.journeys("purpose: \"marketing\"", population).await;
    assert_eq!(
        granted["population"],
        json!({"customers": 1, "journeys": 1, "touchpoints": 5, "hiddenByConsent": 5, "unowned": 1})
    );
    let sessions = shop.journeys("per: SESSION, sessionGap: \"PT10M\"", population).await;
    assert_eq!(sessions["population"]["journeys"], json!(5));
    let morning = shop
        .journeys(
            "since: \"2026-03-10T09:00:00Z\", until: \"2026-03-10T10:00:00Z\", dimension: \"channel\"",
            population,
        )
        .await;
    assert_eq!((&morning["population"]["customers"], &morning["population"]["touchpoints"]), (&json!(1), &json!(3)));
    // A write is in the next answer.
    shop.tell(vec![event("d1", "12:00", json!({"userId": "dan"}), json!({"type": "page", "name": "Home"}))]).await;
    assert_eq!(shop.journeys("", population).await["population"]["customers"], json!(4));
}

async fn an_empty_store_is_all_zeros(shop: Shop) {
    let answer = shop
        .journeys(
            "",
            &format!(
                "population {{ customers journeys touchpoints unowned hiddenByConsent }}
                 transitions {{ total other links {{ count }} nodes {{ value }} }}
                 flow(anchor: {{}}) {{ journeys columns {{ step total entries {{ value }} }} links {{ step }} }}
                 funnel({FUNNEL}, breakdown: \"channel\") {{ entered steps {{ reached dropped ofFirst customersReached {{ totalCount nodes {{ id }} }} }} groups {{ value }} }}
                 paths {{ total other paths {{ values }} }}
                 timeBetween(from: {{}}, to: {{}}) {{ pairs never medianSeconds p90Seconds histogram {{ count }} }}
                 attribution(goal: {{kinds: [\"order\"]}}, models: [LINEAR, MARKOV]) {{ conversions value {{ amount }} models {{ rows {{ value }} }} }}
                 match(pattern: \"*\") {{ journeys share occurrences }}
                 compare(with: {{}}) {{ a {{ customers }} b {{ customers }} links {{ from }} }}"
            ),
        )
        .await;
    let zeros = json!({"customers": 0, "journeys": 0, "touchpoints": 0, "unowned": 0, "hiddenByConsent": 0});
    assert_eq!(answer["population"], zeros);
    assert_eq!(answer["transitions"], json!({"total": 0, "other": 0, "links": [], "nodes": []}));
    assert_eq!(answer["flow"]["columns"].as_array().map(Vec::len), Some(6));
    let step = json!({"reached": 0, "dropped": 0, "ofFirst": 0.0, "customersReached": {"totalCount": 0, "nodes": []}});
    assert_eq!(answer["funnel"], json!({"entered": 0, "steps": [step, step, step], "groups": []}));
    assert_eq!(answer["paths"], json!({"total": 0, "other": 0, "paths": []}));
    assert_eq!(
        answer["timeBetween"],
        json!({"pairs": 0, "never": 0, "medianSeconds": null, "p90Seconds": null, "histogram": []})
    );
    assert_eq!(answer["attribution"], json!({"conversions": 0, "value": [], "models": [{"rows": []}, {"rows": []}]}));
    assert_eq!(answer["match"], json!({"journeys": 0, "share": 0.0, "occurrences": 0}));
    assert_eq!(answer["compare"], json!({"a": {"customers": 0}, "b": {"customers": 0}, "links": []}));
}

async fn purposes_are_told_in_alphabetical_order(shop: Shop) {
    let agrees = |n: usize, purposes: Value| {
        json!({"type": "identify", "messageId": format!("i{n}"), "timestamp": "2026-03-01T00:00:00Z",
            "userId": format!("u{n}"), "context": {"consent": {"categoryPreferences": purposes}}})
    };
    let said = [json!({"post": true, "ads": true}), json!({"mail": true}), json!({"calls": false, "zeal": true})];
    shop.tell(said.into_iter().enumerate().map(|(n, purposes)| agrees(n, purposes)).collect::<Vec<_>>()).await;
    let answer = shop.run("{ journeys(scope: {purpose: \"sms\"}) { population { customers } } }").await;
    let hint = &answer["errors"][0]["extensions"]["hint"];
    assert_eq!(hint, r#"one of "ads", "calls", "mail", "post", "zeal""#, "{answer}");
}

async fn what_cannot_be_asked(shop: Shop) {
    let step = "{names: [\"a\"]}";
    let many = vec![step; 21].join(", ");
    let long = "a -> ".repeat(400) + "a";
    let wrong = [
        ("scope: {dimension: \"colour\"}", "id", "scope.dimension"),
        ("scope: {segment: \"vip\"}", "id", "scope.segment"),
        ("scope: {since: \"2026-01-02T00:00:00Z\", until: \"2026-01-01T00:00:00Z\"}", "id", "scope.until"),
        ("scope: {purpose: \"nothing\"}", "population { customers }", "scope.purpose"),
        ("scope: {include: {where: [{dimension: \"colour\", is: [\"red\"]}]}}", "id", "scope.include.where.dimension"),
        ("", "transitions(top: 1000000) { total }", "top"),
        ("", "transitions(top: -1) { total }", "top"),
        ("", "funnel(steps: []) { entered }", "steps"),
        ("", &format!("funnel(steps: [{many}]) {{ entered }}"), "steps"),
        ("", &format!("funnel(steps: [{step}], breakdown: \"colour\") {{ entered }}"), "breakdown"),
        ("", "paths(maxLength: 0) { total }", "maxLength"),
        ("", "paths(maxLength: 1001) { total }", "maxLength"),
        ("", "paths(within: \"P1D\") { total }", "within"),
        (
            "",
            "attribution(goal: {}, touches: {where: [{dimension: \"colour\", is: [\"red\"]}]}, models: [LINEAR]) { conversions }",
            "touches.where.dimension",
        ),
        ("", "timeBetween(from: {}, to: {}, buckets: 201) { pairs }", "buckets"),
        ("", "flow(anchor: {}, stepsAfter: 21) { journeys }", "stepsAfter"),
        ("", "attribution(goal: {}, models: []) { conversions }", "models"),
        ("", "attribution(goal: {}, models: [LINEAR], dimension: \"colour\") { conversions }", "dimension"),
        ("", "match(pattern: \"a -> -> b\") { journeys }", "pattern"),
        ("", &format!("match(pattern: \"{long}\") {{ journeys }}"), "pattern"),
        ("", "compare(with: {segment: \"vip\"}) { a { customers } }", "with.segment"),
    ];
    for (scope, field, argument) in wrong {
        let scope = if scope.is_empty() { String::new() } else { format!("({scope})") };
        let answer = shop.run(&format!("{{ journeys{scope} {{ {field} }} }}")).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_ARGUMENT", "{scope} {field}: {answer}");
        assert_eq!(error["extensions"]["argument"], argument, "{field}");
        assert!(error["extensions"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{field}");
    }
    let place = shop.run("{ journeys { match(pattern: \"a -> -> b\") { journeys } } }").await;
    let message = place["errors"][0]["message"].as_str().expect("a message");
    assert!(message.contains("at character 6") && message.contains("expected a value"), "{message}");
    // A pattern that is exponential in other implementations is answered.
    let bomb = format!("{}a*{}", "(".repeat(20), ")*".repeat(20));
    let dots = "(a|b)* -> a".to_owned() + &" -> .".repeat(60);
    for pattern in [bomb, dots] {
        shop.ask(&format!("{{ journeys {{ match(pattern: \"{pattern}\") {{ journeys occurrences }} }} }}")).await;
    }
}

/// The published figures of a data set; THROUGHLINE_ECOM is the file, as in tests/figures.
async fn ecom(shop: Shop) {
    let Ok(path) = std::env::var("THROUGHLINE_ECOM") else { return };
    let text = std::fs::read_to_string(path).expect("the file that THROUGHLINE_ECOM names");
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    for part in events.chunks(5_000) {
        shop.tell(part.to_vec()).await;
    }
    let names = ["product_view", "add_to_cart", "cart", "shipping_details", "payment_details", "purchase"];
    let steps: Vec<String> = names.iter().map(|name| format!("{{names: [\"{name}\"]}}")).collect();
    let fields = format!(
        "funnel(steps: [{}]) {{ steps {{ reached }} }} transitions(top: 500) {{ total other links {{ count }} }}",
        steps.join(", ")
    );
    for (scope, wanted) in [("", [598, 517, 429, 329, 222, 114]), ("per: SESSION", [2868, 944, 477, 194, 72, 15])] {
        let answer = shop.journeys(scope, &fields).await;
        let reached: Vec<i64> = answer["funnel"]["steps"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|step| step["reached"].as_i64())
            .collect();
        assert_eq!(reached, wanted);
        if scope.is_empty() {
            let graph = &answer["transitions"];
            let sum: i64 =
                graph["links"].as_array().expect("a list").iter().filter_map(|link| link["count"].as_i64()).sum();
            assert_eq!((sum, &graph["total"], &graph["other"]), (31_706, &json!(31_706), &json!(0)));
        }
    }
}
