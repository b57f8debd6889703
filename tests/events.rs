//! Odd events, through GraphQL on both stores.

use serde_json::{Value, json};

#[path = "common/mod.rs"]
mod common;
use common::shop::{Shop, event};
use common::stores::on_both;

on_both! { Shop::new:
    null_for_a_trait => a_null_trait_is_shown_as_null_on_sqlite, a_null_trait_is_shown_as_null_on_neo4j;
    odd_events => an_odd_event_stops_none_of_its_call_on_sqlite, an_odd_event_stops_none_of_its_call_on_neo4j;
    late_times => a_time_to_come_wins_nothing_on_sqlite, a_time_to_come_wins_nothing_on_neo4j;
}

const ADA: &str = "customer(by: {identifier: {kind: \"user_id\", value: \"ada\"}})";

impl Shop {
    /// Ingests events. The answer has the status of each and the codes of its problems.
    async fn ingest(&self, events: &str) -> Vec<(String, Vec<String>)> {
        let ask =
            format!("mutation {{ eventsIngest(events: [{events}]) {{ outcomes {{ status problems {{ code }} }} }} }}");
        let answer = self.ask(&ask).await;
        let outcomes = answer["eventsIngest"]["outcomes"].as_array().expect("outcomes").clone();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let codes = |outcome: &Value| {
            outcome["problems"].as_array().expect("problems").iter().map(|p| text(&p["code"])).collect()
        };
        outcomes.iter().map(|outcome| (text(&outcome["status"]), codes(outcome))).collect()
    }
}

fn identify(id: &str, time: &str, traits: Value) -> Value {
    event(id, time, json!({"userId": "ada"}), json!({"type": "identify", "traits": traits}))
}

async fn null_for_a_trait(shop: Shop) {
    let ask = format!("{{ {ADA} {{ displayName traits {{ name value others {{ value }} }} }} }}");
    shop.tell(json!([identify("m1", "08:00", json!({"name": "Ada King", "first_name": "Ada", "city": "Leeds"}))]))
        .await;
    assert_eq!(shop.ask(&ask).await["customer"]["displayName"], "Ada King");
    shop.tell(json!([identify(
        "m2",
        "09:00",
        json!({"name": null, "first_name": null, "firstName": "Augusta", "city": null})
    ),]))
        .await;
    let customer = shop.ask(&ask).await["customer"].clone();
    assert_eq!(customer["displayName"], "Augusta", "what there is none of is no name");
    let city = json!({"name": "city", "value": null, "others": [{"value": "Leeds"}]});
    assert!(customer["traits"].as_array().expect("traits").contains(&city), "{customer}");
    // A statement with an earlier time that arrives later changes nothing; one with a later time does.
    shop.tell(json!([identify("m3", "08:30", json!({"city": "Hull"}))])).await;
    shop.tell(json!([identify("m4", "10:00", json!({"first_name": "Ada"}))])).await;
    let customer = shop.ask(&ask).await["customer"].clone();
    assert_eq!(customer["displayName"], "Ada");
    let city = json!({"name": "city", "value": null, "others": [{"value": "Hull"}, {"value": "Leeds"}]});
    assert!(customer["traits"].as_array().expect("traits").contains(&city), "{customer}");
}

async fn odd_events(shop: Shop) {
    let ping = "{type: \"track\", event: \"Ping\", userId: \"ada\"}";
    let told = shop.ingest(&format!("{ping}, null, {ping}, 7, [], \"x\"")).await;
    let created = ("CREATED".to_owned(), Vec::new());
    let refused = ("REJECTED".to_owned(), vec!["NOT_AN_EVENT".to_owned()]);
    assert_eq!(told[..3], [created.clone(), refused.clone(), created.clone()]);
    assert!(told[3..].iter().all(|outcome| *outcome == refused), "{told:?}");
    // Two pings are two touchpoints, also in the next call; one with a time is recognised again.
    assert_eq!(shop.ingest(ping).await, std::slice::from_ref(&created));
    let timed = "{type: \"track\", event: \"Ping\", userId: \"ada\", timestamp: \"2026-03-10T08:00:00Z\"}";
    assert_eq!(shop.ingest(&format!("{timed}, {timed}")).await, [created.clone(), created]);
    assert_eq!(shop.ingest(timed).await[0].0, "UNCHANGED");
    let answer = shop.ask(&format!("{{ {ADA} {{ activity {{ touchpointCount }} }} }}")).await;
    assert_eq!(answer["customer"]["activity"]["touchpointCount"], 5);
}

async fn late_times(shop: Shop) {
    shop.tell(json!([identify("m1", "08:00", json!({"city": "Leeds"}))])).await;
    let late = "{type: \"identify\", messageId: \"m2\", userId: \"ada\", timestamp: \"2099-01-01T00:00:00Z\", traits: {city: \"York\"}}";
    assert_eq!(shop.ingest(late).await, [("CREATED".to_owned(), vec!["BAD_TIME".to_owned()])]);
    let now = "{type: \"identify\", messageId: \"m3\", userId: \"ada\", traits: {city: \"Hull\"}}";
    assert_eq!(shop.ingest(now).await[0].0, "CREATED");
    let customer =
        shop.ask(&format!("{{ {ADA} {{ activity {{ lastSeenAt }} traits {{ value others {{ value }} }} }} }}")).await;
    let customer = customer["customer"].clone();
    assert!(customer["activity"]["lastSeenAt"].as_str().expect("a time") < "2099", "{customer}");
    assert_eq!(customer["traits"], json!([{"value": "Hull", "others": [{"value": "York"}, {"value": "Leeds"}]}]));
}
