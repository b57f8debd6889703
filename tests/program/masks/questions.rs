//! Every operator of conditions, every dimension and every sort, tried on a masked value.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use throughline::domain::access_key::Role;

use super::{Shop, codes, trait_is};

/// Conditions that test a masked value, each with the place that the error names, below the condition.
fn conditions() -> Vec<(Value, &'static str)> {
    let mut all = Vec::new();
    let times = [
        json!({"last": "P30D"}),
        json!({"olderThan": "P30D"}),
        json!({"next": "P30D"}),
        json!({"between": {"from": "P30D", "to": "P1D"}}),
        json!({"fixed": {"until": "1987-06-06T00:00:00Z"}}),
        json!({"calendar": {"unit": "MONTH"}}),
        json!({"anniversary": {"from": -3, "to": 3}}),
    ];
    let mut values = vec![
        json!({"exists": true}),
        json!({"exists": false}),
        json!({"flag": true}),
        json!({"text": {"in": ["1987-06-05"]}}),
        json!({"text": {"startsWith": ["1987"]}}),
        json!({"text": {"endsWith": ["05"]}}),
        json!({"text": {"contains": ["-06-"]}}),
        json!({"text": {"matches": "^19[0-9]7"}}),
        json!({"number": {"min": "19870605"}}),
        json!({"number": {"above": 0}}),
        json!({"number": {"max": 19870605}}),
        json!({"number": {"below": "99999999"}}),
        json!({"number": {"in": [19870605]}}),
        json!({"list": {"anyOf": ["zqplan"]}}),
        json!({"list": {"allOf": ["zqplan"]}}),
        json!({"list": {"only": ["zqplan"]}}),
        json!({"list": {"size": {"min": 1}}}),
    ];
    values.extend(times.iter().map(|time| json!({ "time": time })));
    let name = "trait.name";
    for is in &values {
        all.push((trait_is("birth_date", is.clone()), name));
    }
    // Spellings, and every part of a condition on a trait.
    for other in ["Birth_Date", "BIRTH_DATE", "birth_dat\u{c9}", "nobody_has_it"] {
        all.push((trait_is(other, json!({"exists": true})), name));
    }
    for of in ["CHOSEN", "ANY", "EVERY"] {
        all.push((json!({"trait": {"name": "first_name", "is": {"exists": true}, "of": of}}), name));
    }
    all.push((json!({"trait": {"name": "vip", "is": {"flag": true}, "provenance": ["DECLARED"]}}), name));
    for said in &times {
        all.push((json!({"trait": {"name": "city", "is": {"exists": true}, "said": said}}), name));
    }
    // Identifiers.
    for text in [
        json!({"in": ["zqmail@example.com"]}),
        json!({"startsWith": ["zq"]}),
        json!({"endsWith": ["com"]}),
        json!({"contains": ["@"]}),
        json!({"matches": "."}),
    ] {
        all.push((json!({"identifier": {"kind": "email", "value": text}}), "identifier.value"));
    }
    for kind in ["phone", "name_and_birth"] {
        let value = json!({"contains": ["7"]});
        all.push((json!({"identifier": {"kind": kind, "value": value, "count": {"max": 0}}}), "identifier.value"));
    }
    // Properties: the leaf, in and out of lists, what is below it, and what is above it but for its existence.
    let did = |with: Value| {
        let mut did = json!({"what": {"kinds": ["order"]}});
        did.as_object_mut().expect("an object").extend(with.as_object().expect("an object").clone());
        json!({ "did": did })
    };
    let street = "properties.delivery.street";
    for is in &values {
        all.push((did(json!({"where": [{"path": street, "is": is}]})), "did.where.0.path"));
    }
    for path in [
        "properties.delivery.0.street",
        "properties.Delivery.Street",
        "properties.delivery.street.line",
        "properties.plan",
        "properties.email",
        "properties.phone",
    ] {
        all.push((did(json!({"where": [{"path": path, "is": {"exists": true}}]})), "did.where.0.path"));
    }
    for is in values.iter().filter(|is| is.get("exists").is_none()) {
        all.push((did(json!({"where": [{"path": "properties.delivery", "is": is}]})), "did.where.0.path"));
    }
    for path in ["properties.plan", "properties.delivery", street] {
        all.push((did(json!({"total": {"path": path, "min": 0}})), "did.total.path"));
        all.push((did(json!({"then": [{"what": {}, "same": ["properties.platform", path]}]})), "did.then.0.same.1"));
        let masked = json!([{"path": path, "is": {"text": {"contains": ["z"]}}}]);
        all.push((did(json!({"only": "FIRST", "where": masked})), "did.where.0.path"));
        all.push((did(json!({"then": [{"what": {}}, {"what": {}, "where": masked}]})), "did.then.1.where.0.path"));
    }
    let step = json!({"where": [{"dimension": "channel", "is": ["website"]}, {"dimension": "properties.plan", "is": ["Zqplan-a"]}]});
    all.push((json!({"did": {"what": step}}), "did.what.where.1.dimension"));
    all.push((did(json!({"then": [{"what": step}]})), "did.then.0.what.where.1.dimension"));
    // The whole journey.
    for dimension in ["properties.plan", "properties.delivery.street"] {
        let pattern = json!({"pattern": "Zqplan-a", "dimension": dimension});
        all.push((json!({"journey": {"pattern": pattern}}), "journey.pattern.dimension"));
    }
    let funnel = json!({"steps": [{}, step], "reached": 2});
    all.push((json!({"journey": {"funnel": funnel}}), "journey.funnel.steps.1.where.1.dimension"));
    // Saved segments that test it, directly and through another.
    for name in ["secret", "SECRET", "inside"] {
        all.push((json!({"segment": {"name": name}}), "segment.name"));
    }
    all
}

/// The same condition deep in another.
fn nested(condition: &Value) -> (Value, &'static str) {
    (json!({"any": [{"all": []}, {"not": {"all": [{"seen": {}}, condition]}}]}), "any.1.not.all.1")
}

/// Each is FORBIDDEN to masked callers, with its place, and a good question of an administrator.
pub(super) async fn refused(shop: &Shop) {
    let ways = [
        (
            "query($c: CustomerCondition!) { segmentTrial(members: $c) { sizeThen sentence lines { alone } } }",
            "members",
        ),
        ("query($c: CustomerCondition!) { customers(filter: {is: $c}) { totalCount } }", "filter.is"),
        ("query($c: CustomerCondition!) { journeys(scope: {is: $c}) { population { customers } } }", "scope.is"),
        ("query($c: CustomerCondition!) { journeys { compare(with: {is: $c}) { links { from } } } }", "with.is"),
        (
            "mutation($c: CustomerCondition!) { segmentSave(input: {name: \"mine\", members: $c}) { status } }",
            "input.members",
        ),
    ];
    let conditions = conditions();
    assert!(conditions.len() > 100, "{}", conditions.len());
    for (n, (condition, place)) in conditions.iter().enumerate() {
        let (deep, way_in) = nested(condition);
        let answer = shop.ask_with(Role::Admin, ways[0].0, json!({ "c": deep })).await;
        assert!(answer["errors"].is_null(), "{condition} is a good question: {answer}");
        for (m, (query, argument)) in ways.iter().enumerate() {
            // Every condition by one way, and every way for some conditions.
            if m != 0 && n % 9 != m {
                continue;
            }
            for role in [Role::Reader, Role::Analyst] {
                for (condition, at) in
                    [(condition, format!("{argument}.{place}")), (&deep, format!("{argument}.{way_in}.{place}"))]
                {
                    let answer = shop.ask_with(role, query, json!({ "c": condition })).await;
                    assert_eq!(codes(&answer), BTreeSet::from(["FORBIDDEN"]), "{role:?} {condition}: {answer}");
                    assert_eq!(answer["errors"][0]["extensions"]["argument"], at, "{condition}: {answer}");
                }
            }
        }
    }
    // What is allowed: how many identifiers there are, that an address is there, and everything that is not masked.
    for condition in [
        json!({"identifier": {"kind": "email"}}),
        json!({"identifier": {"kind": "email", "count": {"min": 2}}}),
        json!({"identifier": {"kind": "user_id", "value": {"in": ["u1"]}}}),
        json!({"did": {"what": {}, "where": [{"path": "properties.delivery", "is": {"exists": true}}]}}),
        json!({"did": {"what": {}, "where": [{"path": "properties.delivery.city", "is": {"text": {"in": ["Leeds"]}}}]}}),
        json!({"did": {"what": {}, "where": [{"path": "context.campaign.name", "is": {"exists": true}}]}}),
        json!({"segment": {"name": "open"}}),
    ] {
        for role in [Role::Reader, Role::Analyst] {
            let answer = shop.ask_with(role, ways[0].0, json!({ "c": condition })).await;
            assert!(answer["errors"].is_null(), "{condition}: {answer}");
            assert!(answer["data"]["segmentTrial"]["sizeThen"].as_i64() > Some(0), "{condition}: {answer}");
        }
    }
    // An error about a saved condition names no place in it, but for who may see it.
    let part = trait_is("birth_date", json!({"time": {"fixed": {"until": "1987-06-06T00:00:00Z"}}}));
    let long = json!({"input": {"name": "long", "members": {"all": vec![part; 12]}}});
    let saved = shop.ask_with(Role::Admin, super::SAVE, long).await;
    assert_eq!(saved["data"]["segmentSave"]["status"], "DONE", "{saved}");
    let often = json!({"any": vec![json!({"segment": {"name": "long"}}); 90]});
    for (role, tells) in [(Role::Admin, true), (Role::Reader, false), (Role::Analyst, false)] {
        let answer = shop.ask_with(role, ways[0].0, json!({ "c": often })).await;
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "TOO_EXPENSIVE", "{answer}");
        let place = error["extensions"]["argument"].as_str().expect("a place");
        assert_eq!(place.contains(".all."), tells, "{role:?}: {answer}");
        assert_eq!(error["message"].as_str().expect("text").contains(".all."), tells, "{role:?}: {answer}");
    }
    dimensions(shop).await;
}

/// A masked dimension, wherever a dimension may stand.
async fn dimensions(shop: &Shop) {
    let journeys = |field: &str| format!("{{ journeys {{ {field} }} }}");
    let journey = |field: &str| format!("{{ customer(by: {{id: \"{}\"}}) {{ {field} }} }}", shop.ada);
    for dimension in ["properties.plan", "properties.delivery.street"] {
        let step = format!("{{where: [{{dimension: \"{dimension}\", is: [\"(none)\"]}}]}}");
        let figures = [
            format!("{{ journeys(scope: {{dimension: \"{dimension}\"}}) {{ transitions {{ total }} }} }}"),
            format!("{{ journeys(scope: {{dimension: \"{dimension}\"}}) {{ match(pattern: \"*\") {{ journeys }} }} }}"),
            format!("{{ journeys(scope: {{dimension: \"{dimension}\"}}) {{ paths {{ unknownValues }} }} }}"),
            format!("{{ journeys(scope: {{include: {step}}}) {{ population {{ customers }} }} }}"),
            format!("{{ journeys(scope: {{exclude: {step}}}) {{ population {{ customers }} }} }}"),
            journeys(&format!("flow(anchor: {step}) {{ journeys }}")),
            journeys(&format!("funnel(steps: [{{}}, {step}]) {{ entered }}")),
            journeys(&format!("funnel(steps: [{{}}], breakdown: \"{dimension}\") {{ groups {{ value }} }}")),
            journeys(&format!("paths(to: {step}) {{ total }}")),
            journeys(&format!("timeBetween(from: {step}, to: {{}}) {{ pairs }}")),
            journeys(&format!("timeBetween(from: {{}}, to: {step}) {{ pairs }}")),
            journeys(&format!("attribution(goal: {step}, models: [LINEAR]) {{ conversions }}")),
            journeys(&format!("attribution(goal: {{}}, touches: {step}, models: [LINEAR]) {{ conversions }}")),
            journeys(&format!(
                "attribution(goal: {{}}, dimension: \"{dimension}\", models: [LINEAR]) {{ conversions }}"
            )),
            journeys(&format!("compare(with: {{dimension: \"{dimension}\"}}) {{ links {{ from }} }}")),
            journeys(&format!("compare(with: {{include: {step}}}) {{ links {{ from }} }}")),
        ];
        let profiles = [
            journey(&format!("journey(scope: {{include: {step}}}) {{ sessions {{ totalCount }} }}")),
            journey(&format!("journey(scope: {{exclude: {step}}}) {{ sessions {{ totalCount }} }}")),
            journey(&format!("journey {{ conversions(goal: {step}) {{ at }} }}")),
            journey(&format!("journey {{ conversions(goal: {{}}, touches: {step}) {{ at }} }}")),
            journey(&format!("journey {{ conversions(goal: {{}}, dimension: \"{dimension}\") {{ at }} }}")),
        ];
        for query in figures.iter().chain(&profiles) {
            let answer = shop.ask(Role::Admin, query).await;
            assert!(answer["errors"].is_null(), "{query} is a good question: {answer}");
            for role in [Role::Reader, Role::Analyst] {
                let answer = shop.ask(role, query).await;
                assert_eq!(codes(&answer), BTreeSet::from(["FORBIDDEN"]), "{role:?} {query}: {answer}");
            }
        }
    }
    // An id of a question that an administrator asked is no way around.
    for query in [
        "{ journeys(scope: {dimension: \"properties.plan\"}) { id transitions { nodes { value } } } }",
        "{ journeys(scope: {is: {trait: {name: \"birth_date\", is: {text: {startsWith: [\"1987\"]}}}}}) { id } }",
        "{ journeys(scope: {dimension: \"properties.plan\"}) { match(pattern: \"*\") { id } } }",
        "{ journeys { funnel(steps: [{}, {}], breakdown: \"properties.plan\") { steps { id } } } }",
    ] {
        let whole = shop.ask(Role::Admin, query).await;
        let journeys = &whole["data"]["journeys"];
        let id = [&journeys["id"], &journeys["match"]["id"], &journeys["funnel"]["steps"][0]["id"]];
        let id = id.iter().find_map(|id| id.as_str()).unwrap_or_else(|| panic!("{whole}"));
        for role in [Role::Reader, Role::Analyst] {
            let answer =
                shop.ask_with(role, "query($id: ID!) { node(id: $id) { __typename } }", json!({ "id": id })).await;
            assert_eq!(codes(&answer), BTreeSet::from(["FORBIDDEN"]), "{query}: {answer}");
        }
    }
    for query in [
        "{ journeys(scope: {dimension: \"properties.platform\"}) { transitions { total } } }",
        "{ journeys { funnel(steps: [{}], breakdown: \"segment\") { groups { value } } } }",
    ] {
        for role in [Role::Reader, Role::Analyst] {
            let answer = shop.ask(role, query).await;
            assert!(answer["errors"].is_null(), "{query}: {answer}");
        }
    }
}

/// Halving a range of birth dates: the answers are all the same, so nothing is learnt. An administrator finds the day.
pub(super) async fn binary_search(shop: &Shop) {
    let query = "query($c: CustomerCondition!) { segmentTrial(members: $c) { sizeThen } }";
    let born_before = |day: i64| {
        let until = jiff::Timestamp::from_second(day * 86_400).expect("a day").to_string();
        let born = json!({"trait": {"name": "birth_date", "is": {"time": {"fixed": {"until": until}}}}});
        json!({"c": {"all": [{"identifier": {"kind": "user_id", "value": {"in": ["u1"]}}}, born]}})
    };
    let is_before = async |day| {
        let answer = shop.ask_with(Role::Admin, query, born_before(day)).await;
        answer["data"]["segmentTrial"]["sizeThen"].as_i64().unwrap_or_else(|| panic!("{answer}")) > 0
    };
    let (mut low, mut high) = (0_i64, 20_000_i64);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if is_before(middle).await {
            high = middle;
        } else {
            low = middle;
        }
    }
    assert_eq!(jiff::Timestamp::from_second(low * 86_400).expect("a day").to_string(), "1987-06-05T00:00:00Z");
    for role in [Role::Reader, Role::Analyst] {
        let mut answers = BTreeSet::new();
        for day in [0, low - 1, low, low + 1, high, high + 1, 20_000] {
            answers.insert(shop.ask_with(role, query, born_before(day)).await.to_string());
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
}
