//! Questions with errors, on both stores: the error, and the parts that are answered nevertheless.

use std::sync::Arc;

use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use throughline::access::Caller;
use throughline::changes::feed::Feed;
use throughline::graphql::execute::{Api, GraphqlRequest, ResponseKind};
use throughline::graphql::{self, Setup};
use throughline::projection::{Journeys, Options};
use throughline::settings::Settings;

#[path = "common/mod.rs"]
mod common;
use common::shop::{Shop, event};
use common::stores::on_both;

on_both! { Shop::with_journeys:
    an_unknown_kind_is_an_error => unknown_kinds_on_sqlite, unknown_kinds_on_neo4j;
    an_unknown_channel_or_kind_in_a_filter_is_an_error => unknown_filters_on_sqlite, unknown_filters_on_neo4j;
    an_unknown_direction_is_an_error_that_lists_the_known_ones => unknown_directions_on_sqlite, unknown_directions_on_neo4j;
    unknown_values_are_listed => unknown_values_on_sqlite, unknown_values_on_neo4j;
    one_bad_argument_nulls_its_own_field => bad_arguments_on_sqlite, bad_arguments_on_neo4j;
}

impl Shop {
    /// The API with the server's limits.
    fn api(&self) -> Api {
        let settings = Settings::default();
        let options = Options { file: None, threads: 1, ..Options::of(&settings) };
        let journeys = Journeys::start(self.store.clone(), options, self.ingest.clock().clone());
        let setup = Setup::new(&settings, self.ingest.clone()).with_journeys(journeys);
        let feed = Feed::new(self.store.clone());
        graphql::api(&self.store, setup, self.ingest.clone(), feed).expect("a schema")
    }
}

/// A request of a caller who may do everything.
fn asked() -> GraphqlRequest {
    GraphqlRequest { caller: Some(Arc::new(Caller::everybody())), ..GraphqlRequest::default() }
}

fn ada() -> Vec<Value> {
    let user = || json!({"userId": "ada"});
    vec![
        json!({"type": "identify", "messageId": "i", "timestamp": "2026-03-01T00:00:00Z", "userId": "ada",
            "traits": {"email": "ada@example.org"}}),
        event("a1", "08:00", user(), json!({"type": "page", "name": "Home"})),
        event("a2", "08:05", user(), json!({"event": "Product Viewed", "properties": {"channel": "Kiosk 7"}})),
        event(
            "t",
            "09:00",
            json!({"context": {"externalIds": [{"type": "till", "id": "7"}]}}),
            json!({"event": "Rung"}),
        ),
    ]
}

/// The code, argument, message and hint of the single error of an answer.
fn told(answer: &Value) -> (String, String, String, String) {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("no error: {answer}"));
    assert_eq!(errors.len(), 1, "{answer}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let extensions = &errors[0]["extensions"];
    (text(&extensions["code"]), text(&extensions["argument"]), text(&errors[0]["message"]), text(&extensions["hint"]))
}

async fn an_unknown_kind_is_an_error(shop: Shop) {
    let of = |kind: &str| format!("{{kind: \"{kind}\", value: \"7\"}}");
    // Before anything is stored, the kinds of the rules exist.
    let empty = shop.run("{ identifier(kind: \"user_id\", value: \"7\") { id } }").await;
    assert_eq!(empty, json!({"data": {"identifier": null}}));
    assert_eq!(told(&shop.run("{ identifier(kind: \"till\", value: \"7\") { id } }").await).0, "UNKNOWN_KIND");
    shop.tell(ada()).await;

    for (query, field, argument) in [
        ("identifier(kind: \"mail\", value: \"7\") { id }".to_owned(), "identifier", "kind"),
        (format!("customer(by: {{identifier: {}}}) {{ id }}", of("mail")), "customer", "by.identifier.kind"),
        (format!("whyLinked(from: {}, to: {}) {{ sameCustomer }}", of("mail"), of("email")), "whyLinked", "from.kind"),
        (format!("whyLinked(from: {}, to: {}) {{ sameCustomer }}", of("email"), of("mail")), "whyLinked", "to.kind"),
    ] {
        let answer = shop.run(&format!("{{ {query} status {{ store }} }}")).await;
        assert_eq!(answer["data"][field], Value::Null, "{answer}");
        assert!(answer["data"]["status"]["store"].is_string(), "what stands beside it is answered: {answer}");
        let (code, told_argument, message, hint) = told(&answer);
        assert_eq!((code.as_str(), told_argument.as_str()), ("UNKNOWN_KIND", argument), "{answer}");
        assert!(message.contains("did you mean \"email\"?"), "{message}");
        assert!(hint.contains("anonymous_id") && hint.contains("user_id") && hint.contains("till"), "{hint}");
    }
    // In a list, the valid ones are found.
    let answer = shop
        .run(&format!("{{ identifiersBy(keys: [{}, {}, {}]) {{ kind }} }}", of("till"), of("userid"), of("email")))
        .await;
    assert_eq!(answer["data"]["identifiersBy"], json!([{"kind": "till"}, null, null]));
    assert_eq!((told(&answer).0.as_str(), told(&answer).1.as_str()), ("UNKNOWN_KIND", "keys.1.kind"));
    let by = |kind: &str, value: &str| format!("{{identifier: {{kind: \"{kind}\", value: \"{value}\"}}}}");
    let keys = [by("user_id", "ada"), by("Email", "ada@example.org"), by("email", "Ada@example.org")].join(", ");
    let answer = shop.run(&format!("{{ customersBy(keys: [{keys}]) {{ displayName }} }}")).await;
    let found = &answer["data"]["customersBy"];
    assert!(found[0].is_object() && found[1].is_null() && found[2].is_object(), "{answer}");
    assert_eq!(told(&answer).1, "keys.1.identifier.kind");
    let ask = |kind: &str| {
        format!("{{ customer(by: {}) {{ identifiers(kind: \"{kind}\") {{ totalCount }} }} }}", by("user_id", "ada"))
    };
    assert_eq!(shop.ask(&ask("phone")).await["customer"]["identifiers"]["totalCount"], 0, "it is listed");
    assert_eq!(told(&shop.run(&ask("fone")).await).0, "UNKNOWN_KIND");

    // A split returns it as a problem, and nothing changes.
    let id =
        shop.ask(&format!("{{ customer(by: {}) {{ id }} }}", by("user_id", "ada"))).await["customer"]["id"].clone();
    let problem = "problems { code path message }";
    let split = format!("id: {id}, identifiers: [{}, {{kind: \"mail\", value: \"ada@example.org\"}}]", of("email"));
    let trial =
        shop.ask(&format!("{{ customerSplitTrial({split}) {{ customers {{ customerId }} {problem} }} }}")).await;
    let done = shop.ask(&format!("mutation {{ customerSplit({split}, reason: \"x\") {{ status {problem} }} }}")).await;
    assert_eq!(done["customerSplit"]["status"], "REFUSED");
    for told in [&trial["customerSplitTrial"], &done["customerSplit"]] {
        let problem = &told["problems"][0];
        assert_eq!((&problem["code"], &problem["path"]), (&json!("UNKNOWN_KIND"), &json!("identifiers[1].kind")));
        assert!(problem["message"].as_str().is_some_and(|words| words.contains("\"email\"")), "{problem}");
    }

    // A kind that was just stored exists, in the same kind of question.
    shop.tell(vec![event(
        "c",
        "10:00",
        json!({"context": {"externalIds": [{"type": "crm", "id": "1"}]}}),
        json!({"event": "X"}),
    )])
    .await;
    let answer = shop.ask(
        "{ identifier(kind: \"crm\", value: \"1\") { kind } other: identifier(kind: \"crm\", value: \"2\") { kind } }",
    );
    assert_eq!(answer.await, json!({"identifier": {"kind": "crm"}, "other": null}));
}

async fn an_unknown_channel_or_kind_in_a_filter_is_an_error(shop: Shop) {
    shop.tell(ada()).await;
    let touchpoints = |filter: &str| {
        let by = "by: {identifier: {kind: \"user_id\", value: \"ada\"}}";
        format!("{{ customer({by}) {{ touchpoints(filter: {{{filter}}}) {{ totalCount }} }} }}")
    };
    for (filter, count) in [
        ("channels: [\"website\"]", 1),
        ("channels: [\"Kiosk 7\"]", 1),
        ("channels: [\"social\"]", 0),
        ("kinds: [\"product\", \"order\"]", 1),
        ("channels: [], kinds: []", 2),
    ] {
        let answer = shop.ask(&touchpoints(filter)).await;
        assert_eq!(answer["customer"]["touchpoints"]["totalCount"], count, "{filter}");
    }
    for (filter, argument, meant) in [
        ("channels: [\"webiste\"]", "filter.channels", "website"),
        ("channels: [\"email\", \"kiosk 8\"]", "filter.channels", "Kiosk 7"),
        ("kinds: [\"oder\"]", "filter.kinds", "order"),
        ("kinds: [\"message\"]", "filter.kinds", "message_sent"),
    ] {
        let (code, told_argument, message, hint) = told(&shop.run(&touchpoints(filter)).await);
        assert_eq!((code.as_str(), told_argument.as_str()), ("BAD_ARGUMENT", argument), "{filter}");
        assert!(message.contains(&format!("did you mean \"{meant}\"?")), "{message}");
        assert!(hint.contains("known are"), "{hint}");
    }
    assert_eq!(
        shop.ask("{ customers(filter: {channels: [\"Kiosk 7\"]}) { totalCount } }").await["customers"]["totalCount"],
        1
    );
    let (code, argument, message, _) =
        told(&shop.run("{ customers(filter: {channels: [\"e-mail\"]}) { totalCount } }").await);
    assert_eq!((code.as_str(), argument.as_str()), ("BAD_ARGUMENT", "filter.channels"));
    assert!(message.contains("did you mean \"email\"?"), "{message}");
    // Every argument that names a dimension.
    for (field, argument, meant) in [
        ("funnel(steps: [{}], breakdown: \"chanel\") { entered }", "breakdown", "channel"),
        ("attribution(goal: {}, dimension: \"campagne\", models: [LINEAR]) { conversions }", "dimension", "campaign"),
        (
            "flow(anchor: {where: [{dimension: \"platform\", is: [\"x\"]}]}) { journeys }",
            "anchor.where.dimension",
            "properties.platform",
        ),
    ] {
        let answer = shop.run(&format!("{{ journeys {{ population {{ customers }} {field} }} }}")).await;
        assert_eq!(answer["data"]["journeys"]["population"]["customers"], 1, "{answer}");
        let (code, told_argument, message, _) = told(&answer);
        assert_eq!((code.as_str(), told_argument.as_str()), ("BAD_ARGUMENT", argument), "{answer}");
        assert!(message.contains(&format!("did you mean \"{meant}\"?")), "{message}");
    }
}

async fn an_unknown_direction_is_an_error_that_lists_the_known_ones(shop: Shop) {
    shop.tell(ada()).await;
    let by = "by: {identifier: {kind: \"user_id\", value: \"ada\"}}";
    let api = shop.api();
    for (filter, variables) in
        [("{direction: INBOND}", json!({})), ("$filter", json!({"filter": {"direction": "INBOND"}}))]
    {
        let head = if filter == "$filter" { "query Q($filter: TouchpointFilter) " } else { "" };
        let query = format!("{head}{{ customer({by}) {{ touchpoints(filter: {filter}) {{ totalCount }} }} }}");
        let variables = to_raw_value(&variables).ok();
        let answer = api.execute(GraphqlRequest { query, variables, ..asked() }).await;
        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let (code, _, _, hint) = told(&answer);
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
        assert_eq!(hint, "did you mean \"INBOUND\"? known are INBOUND, OUTBOUND", "{answer}");
    }
}

async fn unknown_values_are_listed(shop: Shop) {
    let fields = |name: &str| {
        format!(
            "funnel(steps: [{{names: [\"Home\"]}}, {{kinds: [\"oder\"]}}, {{names: [{name}, \"Home\"], channels: [\"Kiosk 7\"]}}]) {{ entered unknownValues }}
             flow(anchor: {{names: [{name}]}}) {{ unknownValues }}
             paths(to: {{names: [{name}]}}) {{ total unknownValues }}
             all: paths {{ unknownValues }}
             timeBetween(from: {{names: [\"Home\"]}}, to: {{names: [{name}], campaigns: [\"(none)\"]}}) {{ unknownValues }}
             attribution(goal: {{names: [{name}]}}, touches: {{where: [{{dimension: \"direction\", is: [\"INBOND\", \"INBOUND\"]}}]}}, models: [LINEAR]) {{ unknownValues }}
             match(pattern: {}) {{ unknownValues }}",
            json!(name),
        )
    };
    shop.tell(ada()).await;
    let ask = async |name: &str| shop.ask(&format!("{{ journeys {{ {} }} }}", fields(name))).await["journeys"].clone();
    let answer = ask("\"Prodct Viewed\"").await;
    for (field, unknown) in [
        ("funnel", json!(["Prodct Viewed", "oder"])),
        ("flow", json!(["Prodct Viewed"])),
        ("paths", json!(["Prodct Viewed"])),
        ("all", json!([])),
        ("timeBetween", json!(["Prodct Viewed"])),
        ("attribution", json!(["INBOND", "Prodct Viewed"])),
        ("match", json!(["Prodct Viewed"])),
    ] {
        assert_eq!(answer[field]["unknownValues"], unknown, "{field}");
    }
    assert_eq!((&answer["funnel"]["entered"], &answer["paths"]["total"]), (&json!(1), &json!(0)), "it is no error");
    // A value outside of the scope is known too.
    let scoped = format!(
        "{{ journeys(scope: {{exclude: {{names: [\"Product Viewed\"]}}}}) {{ {} }} }}",
        fields("\"Product Viewed\"")
    );
    let answer = shop.ask(&scoped).await["journeys"].clone();
    assert_eq!((&answer["flow"]["unknownValues"], &answer["match"]["unknownValues"]), (&json!([]), &json!([])));
}

async fn one_bad_argument_nulls_its_own_field(shop: Shop) {
    shop.tell(ada()).await;
    let api = shop.api();
    let ask = async |query: &str, variables: Value| {
        let variables = to_raw_value(&variables).ok();
        let question = GraphqlRequest { query: query.into(), variables, request_id: "r".into(), ..asked() };
        let answer = api.execute(question).await;
        assert_eq!(answer.kind, ResponseKind::Run, "{}", String::from_utf8_lossy(&answer.body));
        serde_json::from_slice::<Value>(&answer.body).expect("JSON")
    };
    let goal = "goal: {}, models: [LINEAR]";
    for (field, argument) in [
        (format!("attribution({goal}, lookback: \"30 days\") {{ conversions }}"), "lookback"),
        (format!("attribution({goal}, halfLife: 7) {{ conversions }}"), "halfLife"),
        (format!("attribution({goal}, top: 99999999999) {{ conversions }}"), "top"),
        ("funnel(steps: [{}], within: \"P1M\") { entered }".to_owned(), "within"),
        ("paths(to: {}, within: \"soon\") { total }".to_owned(), "within"),
        ("paths(within: \"P1D\") { total }".to_owned(), "within"),
        ("compare(with: {since: \"yesterday\"}) { a { customers } }".to_owned(), "with"),
    ] {
        let answer = ask(
            &format!(
                "{{ journeys {{ before: population {{ customers }} x: {field} after: population {{ journeys }} }} }}"
            ),
            json!({}),
        )
        .await;
        let journeys = &answer["data"]["journeys"];
        assert_eq!(*journeys, json!({"before": {"customers": 1}, "x": null, "after": {"journeys": 1}}), "{answer}");
        let (code, told_argument, message, hint) = told(&answer);
        assert_eq!((code.as_str(), told_argument.as_str()), ("BAD_ARGUMENT", argument), "{answer}");
        assert!(message.starts_with(argument) || message.starts_with(&format!("`{argument}`")), "{message}");
        assert!(!hint.is_empty(), "{answer}");
        assert_eq!(answer["errors"][0]["path"], json!(["journeys", "x"]));
    }
    // At the top, below a customer, in a variable, and several at once.
    let by = "by: {identifier: {kind: \"user_id\", value: \"ada\"}}";
    let query = format!(
        "query Q($at: DateTime, $gap: Duration) {{
            status {{ store }} then: customer({by}, asOf: \"last week\") {{ id }} of: journeys(scope: {{until: $at}}) {{ id }}
            customer({by}) {{ displayName journey(scope: {{sessionGap: $gap}}) {{ id }}
              all: journey {{ conversions(goal: {{}}, lookback: \"P1Y\") {{ at }} sessions {{ totalCount }} }} }} }}"
    );
    let answer = ask(&query, json!({"at": "2026-13-01", "gap": "1h"})).await;
    let data = &answer["data"];
    assert_eq!((&data["then"], &data["of"]), (&Value::Null, &Value::Null));
    assert!(data["status"]["store"].is_string() && data["customer"]["displayName"].is_string(), "{answer}");
    assert_eq!(data["customer"]["journey"], Value::Null);
    assert_eq!(data["customer"]["all"], json!({"conversions": null, "sessions": {"totalCount": 1}}));
    let errors = answer["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 4, "{answer}");
    assert!(errors.iter().all(|error| error["extensions"]["code"] == "BAD_ARGUMENT"), "{answer}");
    // The result of an earlier mutation stays in the answer, and it is done once.
    let page = r#"{type: "page", messageId: "once", userId: "ada", name: "Home"}"#;
    let query = format!(
        "mutation {{ first: eventsIngest(events: [{page}]) {{ outcomes {{ status }} }}
            split: customerSplit(id: \"x\", identifiers: [{{kind: \"user_id\", value: 7}}], reason: \"x\") {{ status }}
            again: eventsIngest(events: [{page}]) {{ outcomes {{ status customer {{ journey(scope: {{since: \"x\"}}) {{ id }} }} }} }} }}"
    );
    let question =
        GraphqlRequest { query: query.replace("value: 7", "value: \"7\""), request_id: "r".into(), ..asked() };
    let answer: Value = serde_json::from_slice(&api.execute(question).await.body).expect("JSON");
    assert_eq!(answer["data"]["first"]["outcomes"][0]["status"], "CREATED", "{answer}");
    assert_eq!(
        answer["data"]["again"]["outcomes"][0],
        json!({"status": "UNCHANGED", "customer": {"journey": null}}),
        "{answer}"
    );
}
