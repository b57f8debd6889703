//! Tests of all ways in which a request can fail, with a schema made for that.

use async_graphql::{EmptySubscription, Error, InputObject, Object, OneofObject, SimpleObject, ValidationMode};
use serde_json::value::to_raw_value;
use serde_json::{Value as Json, json};

use futures_util::FutureExt;

use super::*;
use crate::graphql::error::{Code, coded};

#[derive(OneofObject)]
enum By {
    Id(String),
    Number(i32),
}

#[derive(InputObject)]
struct Pick {
    words: Vec<String>,
    #[graphql(default = 9)]
    most: usize,
}

#[derive(SimpleObject)]
struct Thing {
    name: Option<&'static str>,
}

struct Query;

#[Object]
impl Query {
    async fn echo(&self, text: String) -> String {
        text
    }
    async fn thing(&self, by: By) -> Thing {
        let name = match by {
            By::Id(_) => "by id",
            By::Number(_) => "by number",
        };
        Thing { name: Some(name) }
    }
    async fn things(&self, #[graphql(default = 20)] first: i32) -> Vec<Thing> {
        (0..first).map(|_| Thing { name: None }).collect()
    }
    async fn pick(&self, of: Vec<Pick>) -> usize {
        of.iter().map(|pick| pick.words.len().min(pick.most)).sum()
    }
    async fn secret(&self) -> Option<Result<String, Error>> {
        Some(Err(Error::new("jane@example.com is not to be seen")))
    }
    async fn all_or_nothing(&self) -> Result<String, Error> {
        Err(Error::new_with_source(std::io::Error::other("disk of jane@example.com")))
    }
    async fn broken(&self) -> Option<Result<String, Error>> {
        Some(Err(coded(Code::Internal, "internal error")))
    }
    async fn away(&self) -> Result<String, Error> {
        Err(Error { extensions: error("STORE_AWAY", "", None).extensions, ..Error::new("the store is away") })
    }
    async fn slow(&self) -> bool {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        true
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self) -> bool {
        true
    }
}

fn api() -> Api {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let of_valid = Schema::build(Query, Mutation, EmptySubscription).validation_mode(ValidationMode::Fast).finish();
    Api::new(schema, |request, _| request).expect("a schema that can be read").with_unvalidated(of_valid)
}

async fn ask(query: &str, variables: Json) -> (Json, ResponseKind, &'static str) {
    let variables = to_raw_value(&variables).ok();
    let request =
        GraphqlRequest { query: query.into(), variables, request_id: "r1".into(), ..GraphqlRequest::default() };
    let api = api();
    let answer = api.execute(request.clone()).await;
    let again = api.execute(request).await;
    assert_eq!((&answer.body, answer.kind, answer.outcome), (&again.body, again.kind, again.outcome), "asked again");
    (serde_json::from_slice(&answer.body).expect("JSON"), answer.kind, answer.outcome)
}

#[tokio::test]
async fn variables_of_a_cached_document_are_checked_as_strictly() {
    let api = api();
    let ask = async |query: &str, variables: Json| {
        let variables = to_raw_value(&variables).ok();
        let request =
            GraphqlRequest { query: query.into(), variables, request_id: "r1".into(), ..GraphqlRequest::default() };
        let answer = api.execute(request).await;
        (answer.kind, answer.outcome)
    };
    let text = "query($text: String!) { echo(text: $text) }";
    let by = "query($by: By!) { thing(by: $by) { name } }";
    let first = "query($first: Int) { things(first: $first) { name } }";
    let (run, refused) = ((ResponseKind::Run, "OK"), (ResponseKind::Refused, "GRAPHQL_VALIDATION_FAILED"));
    for _ in 0..2 {
        assert_eq!(ask(text, json!({"text": "a"})).await, run);
        assert_eq!(ask(text, json!({"text": 1})).await, refused);
        assert_eq!(ask(text, json!({"text": ["a"]})).await, refused);
        assert_eq!(ask(text, json!({"text": null})).await, refused);
        assert_eq!(ask(text, json!({})).await, refused);
        assert_eq!(ask(by, json!({"by": {"id": "a"}})).await, run);
        assert_eq!(ask(by, json!({"by": {"id": "a", "number": 1}})).await, refused);
        assert_eq!(ask(by, json!({"by": {"name": "a"}})).await, refused);
        assert_eq!(ask(first, json!({"first": 2})).await, run);
        assert_eq!(ask(first, json!({"first": 1.5})).await, refused);
        assert_eq!(ask(first, json!({"first": "2"})).await, refused);
    }
}

/// The only error of a request that was not run.
async fn refused(query: &str, variables: Json) -> Json {
    let (body, kind, outcome) = ask(query, variables).await;
    assert_eq!((kind, body.get("data")), (ResponseKind::Refused, None), "{body}");
    assert_eq!(body["errors"][0]["extensions"]["code"], outcome);
    body["errors"][0].clone()
}

#[tokio::test]
async fn data_comes_back() {
    let (body, kind, outcome) = ask("query Q($t: String!) { echo(text: $t) }", json!({"t": "é"})).await;
    assert_eq!((body, kind, outcome), (json!({"data": {"echo": "é"}}), ResponseKind::Run, "OK"));
}

#[tokio::test]
async fn a_text_that_is_not_graphql() {
    let error = refused("{ echo(", json!({})).await;
    assert_eq!(error["extensions"], json!({"code": "GRAPHQL_PARSE_FAILED"}));
    assert_eq!(error["locations"], json!([{"line": 1, "column": 8}]));
}

#[tokio::test]
async fn a_query_that_costs_too_much() {
    let error = refused(&format!("{{ {} }}", "echo ".repeat(51)), json!({})).await;
    let expected = json!({"code": "TOO_EXPENSIVE", "measure": "rootFields", "cost": 51, "limit": 50});
    assert_eq!(error["extensions"], expected);
}

#[tokio::test]
async fn a_query_that_does_not_fit_the_schema() {
    for (query, variables) in [
        ("{ nothing }", json!({})),
        ("{ thing { name } }", json!({})),
        ("{ echo(text: 5) }", json!({})),
        ("query($t: String!) { echo(text: $t) }", json!({"t": 5})),
        ("query($t: String!) { echo(text: $t) }", json!({"t": null})),
        ("query($t: String!) { echo(text: $t) }", json!({})),
        ("{ thing(by: {id: \"a\", number: 1}) { name } }", json!({})),
        ("{ thing(by: {}) { name } }", json!({})),
        ("{ ...a } fragment a on Query { ...a }", json!({})),
        ("{ ...a }", json!({})),
    ] {
        let error = refused(query, variables).await;
        assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{query}: {error}");
    }
    let (body, ..) = ask(&format!("{{ {} }}", "thing { a b c } ".repeat(20)), json!({})).await;
    assert_eq!(body["errors"].as_array().map(Vec::len), Some(ERRORS_SHOWN));
}

const ERRORS_SHOWN: usize = 25;

#[tokio::test]
async fn rules_that_async_graphql_does_not_check_are_validated_too() {
    for query in [
        // On `__typename`.
        "{ __typename @x }",
        "{ __typename @include(if: 7) }",
        "{ __typename @include }",
        "{ __typename @include(if: true, unless: true) }",
        "{ __typename @include(if: true, if: true) }",
        "{ __typename @include(if: true) @include(if: true) }",
        "{ __typename @deprecated }",
        "{ __typename @include(if: $none) }",
        "query($v: Boolean) { __typename @include(if: $v) }",
        "{ __typename(a: 1) }",
        "{ __typename { a } }",
        "{ thing(by: {number: 1}) { __typename @x } }",
        "{ thing(by: {number: 1}) { __typename(a: 1) } }",
        "{ thing(by: {number: 1}) { ...F } } fragment F on Thing { ... { __typename @skip(if: \"no\") } }",
        "{ __schema { __typename @x } }",
        "mutation { __typename @x }",
        // On introspection.
        "{ __type(name: 7) { name } }",
        "{ __type { name } }",
        "query($n: String) { __type(name: $n) { name } }",
        "query($n: Int!) { __type(name: $n) { name } }",
        "{ __schema @x { queryType { name } } }",
        "{ __schema { nothing } }",
        "mutation { __schema { queryType { name } } }",
        // Directives at wrong positions.
        "query @x { __typename }",
        "query @skip(if: true) { __typename }",
        "query($a: Boolean! @x) { __typename @include(if: $a) }",
        "query($a: Boolean! @include(if: true)) { __typename @include(if: $a) }",
        "query($a: Boolean! @deprecated) { __typename @include(if: $a) }",
        "{ ...F } fragment F on Query @include(if: true) { __typename }",
        "{ ...F @x } fragment F on Query { __typename }",
        "{ ...F @include(if: true) @include(if: false) } fragment F on Query { __typename }",
        "{ ... @specifiedBy(url: \"x\") { __typename } }",
        // Variables of the wrong type for their position.
        "query($v: Boolean) { thing(by: {number: 1}) @include(if: $v) { name } }",
        "query($v: [Boolean!]!) { thing(by: {number: 1}) @include(if: $v) { name } }",
        "query($v: [Int!]!) { things(first: $v) { name } }",
        "query($v: [Int!]!) { thing(by: {number: $v}) { name } }",
        "query($n: String) { thing(by: {number: $n}) { name } }",
        "query($n: ID!) { thing(by: {number: $n}) { name } }",
        "query($v: String) { pick(of: [{words: [\"a\", $v]}]) }",
        "query($v: String = null) { pick(of: [{words: [\"a\", $v]}]) }",
        "query($v: String!) { pick(of: [{words: $v}]) }",
        "query($v: [String]!) { pick(of: [{words: $v}]) }",
        "query($v: Pick) { pick(of: [$v]) }",
        "query($v: Pick!) { pick(of: $v) }",
        "query($v: [Pick!]) { ...F } fragment F on Query { pick(of: $v) }",
        "query($v: String = null) { echo(text: $v) }",
        "query($v: Boolean = null) { __typename @skip(if: $v) }",
        // Different fields with one name.
        "{ thing(by: {number: 1}) { x: name } thing(by: {number: 1}) { x: __typename } }",
        "{ ... on Query { x: __typename } x: echo(text: \"a\") }",
        "{ ...A ...B } fragment A on Query { thing(by: {number: 1}) { x: name } }
            fragment B on Query { thing(by: {number: 1}) { x: __typename } }",
        // A field of an input object that would be lost.
        "{ thing(by: {number: 1, number: 2}) { name } }",
        "query($b: By = {id: \"a\", id: \"b\"}) { thing(by: $b) { name } }",
    ] {
        let variables = json!({"v": true, "a": true, "n": "Query"});
        let error = refused(query, variables).await;
        assert_eq!(error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{query}: {error}");
        assert!(error["locations"][0]["line"].is_u64(), "{query}: {error}");
    }
}

#[tokio::test]
async fn a_variable_counts_as_used_by_a_directive_of_typename() {
    let by = "thing(by: {number: 1})";
    for (query, data) in [
        ("query($v: Boolean!) { __typename @include(if: $v) a: __typename }".to_owned(), json!({"a": "Query"})),
        ("query($v: Boolean! = true) { __typename @skip(if: $v) }".to_owned(), json!({"__typename": "Query"})),
        ("query($v: Boolean = true) { a: __typename @skip(if: $v) }".to_owned(), json!({"a": "Query"})),
        (
            format!(
                "query($v: Boolean!) {{ {by} {{ ...F }} }} fragment F on Thing {{ t: __typename @skip(if: $v) name }}"
            ),
            json!({"thing": {"t": "Thing", "name": "by number"}}),
        ),
        (
            format!("{{ {by} {{ __typename @skip(if: false) @include(if: true) name }} }}"),
            json!({"thing": {"__typename": "Thing", "name": "by number"}}),
        ),
        ("{ __type(name: \"By\") { name isOneOf } }".to_owned(), json!({"__type": {"name": "By", "isOneOf": true}})),
    ] {
        let (body, kind, _) = ask(&query, json!({"v": false})).await;
        assert_eq!((body, kind), (json!({"data": data}), ResponseKind::Run), "{query}");
    }
}

#[tokio::test]
async fn a_variable_inside_a_list_or_an_input_object_has_the_type_of_its_position() {
    for (query, variables, count) in [
        ("query($v: String = \"b\") { pick(of: [{words: [\"a\", $v]}]) }", json!({}), 2),
        ("query($v: Int) { pick(of: [{words: [\"a\", \"b\"], most: $v}]) }", json!({"v": 1}), 1),
        ("query($v: Int) { pick(of: [{words: [\"a\", \"b\"], most: $v}]) }", json!({}), 2),
        ("query($v: [String!]!) { pick(of: {words: $v}) }", json!({"v": ["a"]}), 1),
        ("query($v: String!) { pick(of: [{words: [$v]}, {words: [$v]}]) }", json!({"v": "a"}), 2),
        ("query($v: [Pick!]!) { ...F } fragment F on Query { pick(of: $v) }", json!({"v": [{"words": []}]}), 0),
    ] {
        let (body, kind, _) = ask(query, variables).await;
        assert_eq!((body, kind), (json!({"data": {"pick": count}}), ResponseKind::Run), "{query}");
    }
}

#[tokio::test]
async fn a_missing_variable_is_named() {
    let error = refused("query($t: String!) { echo(text: $t) }", json!({})).await;
    assert_eq!(error["message"], "the variable `$t` was not sent, but its type is `String!`");
}

#[tokio::test]
async fn an_operation_that_is_not_there_or_not_named() {
    assert_eq!(
        refused("query a { __typename } query b { __typename }", json!({})).await["message"],
        "the document has 2 operations: choose one with `operationName`"
    );
    for query in ["query a { __typename }", "{ __typename }"] {
        let request =
            GraphqlRequest { query: query.into(), operation_name: Some("z".into()), ..GraphqlRequest::default() };
        let answer = api().execute(request).await;
        assert_eq!((answer.kind, answer.outcome), (ResponseKind::Refused, "GRAPHQL_VALIDATION_FAILED"));
    }
    let request = GraphqlRequest {
        query: "query a { x: __typename } query b { y: __typename }".into(),
        operation_name: Some("b".into()),
        ..GraphqlRequest::default()
    };
    let answer = api().execute(request).await;
    assert_eq!(answer.operation.as_deref(), Some("b"));
    assert_eq!(answer.body, br#"{"data":{"y":"Query"}}"#);
}

#[tokio::test]
async fn a_value_that_the_resolver_refuses_is_a_bad_argument() {
    for (query, variables) in [
        ("{ thing(by: {number: 1}) { name } things(first: 3000000000) { name } }", json!({})),
        ("query($n: Int!) { things(first: $n) { name } }", json!({"n": 3_000_000_000_u64})),
        ("{ ...f } fragment f on Query { things(first: 3000000000) { name } }", json!({})),
    ] {
        let (body, kind, outcome) = ask(query, variables).await;
        assert_eq!((kind, outcome), (ResponseKind::Run, "BAD_ARGUMENT"), "{body}");
        assert_eq!(body["errors"][0]["extensions"]["argument"], "first");
        let hint = body["errors"][0]["extensions"]["hint"].as_str().expect("a hint");
        assert!(!hint.contains("Failed to parse") && !hint.is_empty(), "{hint}");
    }
}

#[tokio::test]
async fn an_error_without_a_code_becomes_internal_with_the_requests_id_only() {
    let (body, kind, outcome) = ask("{ secret echo(text: \"x\") }", json!({})).await;
    assert_eq!((kind, outcome), (ResponseKind::Run, "INTERNAL"));
    let error = json!({"message": "internal error", "locations": [{"line": 1, "column": 3}], "path": ["secret"],
        "extensions": {"code": "INTERNAL", "requestId": "r1"}});
    assert_eq!(body, json!({"data": {"secret": null, "echo": "x"}, "errors": [error]}));
    // Also when the resolver returns INTERNAL itself, for inconsistent data.
    let (body, ..) = ask("{ broken }", json!({})).await;
    assert_eq!(body["errors"][0]["extensions"], json!({"code": "INTERNAL", "requestId": "r1"}));
    let (body, kind, _) = ask("{ allOrNothing }", json!({})).await;
    assert_eq!((kind, &body["data"]), (ResponseKind::Run, &Json::Null));
    assert!(!body.to_string().contains("jane"), "{body}");
}

#[tokio::test]
async fn an_answer_lost_to_a_store_error_has_its_own_kind() {
    assert_eq!(ask("{ away }", json!({})).await.1, ResponseKind::StoreAway);
}

#[tokio::test]
async fn a_mutation_is_run_only_where_writing_is_allowed() {
    assert_eq!(ask("mutation { write }", json!({})).await.0, json!({"data": {"write": true}}));
    let query = "query a { __typename } mutation b { write }";
    let by_get = |name: &str| GraphqlRequest {
        query: query.into(),
        operation_name: Some(name.into()),
        only_queries: true,
        ..GraphqlRequest::default()
    };
    assert_eq!(api().execute(by_get("a")).await.kind, ResponseKind::Run);
    assert_eq!(api().execute(by_get("b")).await.kind, ResponseKind::MutationNotAllowed);
}

#[tokio::test]
async fn an_operation_over_the_time_limit_is_cancelled() {
    let api = api().with_limits(Limits::default(), Duration::from_millis(100));
    let answer = api.execute(GraphqlRequest { query: "{ slow }".into(), ..GraphqlRequest::default() }).await;
    assert_eq!((answer.kind, answer.outcome), (ResponseKind::Late, "TIMEOUT"));
    let body: Json = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(body.get("data"), None);
    assert_eq!(body["errors"][0]["message"], "the operation took longer than 0.1 s: ask for less");
}

#[tokio::test]
async fn deep_and_pathological_texts_are_refused() {
    let texts = [
        "{".repeat(32_000),
        "{a(b:".to_owned() + &"[".repeat(32_000),
        "query($a:".to_owned() + &"[".repeat(32_000),
        "{a(b:".to_owned() + &"{a:".repeat(10_000),
        "{".to_owned() + &"... @a ".repeat(1_600) + "}",
        "{".to_owned() + &"...@a{".repeat(64),
        "{a(b:".to_owned() + &"[".repeat(60) + &"\"\"\"".repeat(1_500),
        "{ a(b: ".to_owned() + &"\"\\u".repeat(5_000),
        "query Q(".to_owned() + &"$a:A=1 ".repeat(900) + ") { a }",
        "{ a ".to_owned() + &"@b(c: [{d: 1}]) ".repeat(300) + "}",
        "-".repeat(32_000),
        "1".repeat(32_000),
        "{ a(b: 1".to_owned() + &"0".repeat(32_000) + ") }",
    ];
    for text in texts {
        let tower = text.len() > 30_000 && text.contains(&text[text.len() - 1..].repeat(100));
        let (_, kind, outcome) = ask(&text, json!({})).await;
        assert_eq!(kind, ResponseKind::Refused, "{}", &text[..20]);
        let handed_on = outcome == "GRAPHQL_PARSE_FAILED";
        assert!(!(tower && handed_on && text.ends_with(['{', '['])), "{}", &text[..20]);
    }
}

#[tokio::test]
async fn the_first_read_runs_only_for_requests_with_its_field() {
    let reads = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = reads.clone();
    let api = api().reading_first("echo", move |request| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { request }.boxed()
    });
    for (query, expected) in [
        ("{ things(first: 1) { name } echo(text: \"x\") }", 1),
        ("{ e: echo(text: \"x\") }", 2),
        ("{ ...F } fragment F on Query { ... { echo(text: \"x\") } }", 3),
        ("{ echo: things(first: 1) { name } }", 3),
        ("query A { __typename } query B { echo(text: \"x\") }", 3),
    ] {
        let operation_name = query.contains("query A").then(|| "A".to_owned());
        let request = GraphqlRequest { query: query.into(), operation_name, ..GraphqlRequest::default() };
        assert_eq!(api.execute(request).await.outcome, "OK", "{query}");
        assert_eq!(reads.load(std::sync::atomic::Ordering::Relaxed), expected, "{query}");
    }
}
