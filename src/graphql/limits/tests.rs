//! Requests within and over the limits. Measuring takes work in proportion to the length of any text.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Positioned, Variables};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::{CustomerId, Moment, Timestamp};
use crate::graphql::id::NodeId;

/// The parts of the schema that these tests use.
const SCHEMA: &str = "
    type Query {
      customer(by: CustomerBy!): Customer
      customersBy(keys: [CustomerBy!]!): [Customer]!
      customers(filter: CustomerFilter, first: Int = 20, after: String): CustomerConnection!
      changes(first: Int = 20): ChangeConnection!
      node(id: ID!): Node
      nodes(ids: [ID!]!): [Node]!
    }
    type Mutation { eventsIngest(events: [JSON!]!): EventsIngestPayload }
    type EventsIngestPayload { outcomes: [EventOutcome!]! change: String! }
    type EventOutcome { index: Int! customer: Customer }
    scalar JSON
    input CustomerBy @oneOf { id: ID }
    input CustomerFilter { text: String channels: [String!] }
    input TouchpointFilter { names: [String!] }
    type ChangeConnection { nodes: [Customer!]! totalCount: Int }
    interface Node { id: ID! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type Customer implements Node {
      id: ID! displayName: String traits: [Trait!]!
      identifiers(first: Int = 20, after: String): IdentifierConnection!
      orders(first: Int = 20, after: String): OrderConnection!
      touchpoints(filter: TouchpointFilter, first: Int = 20, after: String): TouchpointConnection!
    }
    type Trait { name: String! value: JSON others(first: Int! = 100): [Trait!]! }
    type CustomerConnection { nodes: [Customer!]! edges: [CustomerEdge!]! pageInfo: PageInfo! totalCount: Int }
    type CustomerEdge { node: Customer! cursor: String! }
    type IdentifierConnection { nodes: [Identifier!]! pageInfo: PageInfo! }
    type Identifier implements Node { id: ID! kind: String! value: String! customer: Customer }
    type OrderConnection { nodes: [Order!]! }
    type Order { id: ID! lines(first: Int! = 100): [OrderLine!]! }
    type OrderLine { quantity: Int! }
    type TouchpointConnection { nodes: [Touchpoint!]! totalCount: Int }
    type Touchpoint implements Node {
      id: ID! at: String! kind: String! name: String! channel: String! direction: String source: String! messageId: String!
      campaign: Campaign device: Device order: Order properties: JSON identifier: Identifier! customer: Customer
    }
    type Campaign { name: String source: String }
    type Device { id: ID! kind: String! os: String }
    schema { query: Query mutation: Mutation }";

fn look(query: &str, variables: serde_json::Value) -> Result<Measured, LimitError> {
    let limits = Limits::default();
    check_text(query, &limits)?;
    let document = parse_query(query).unwrap_or_else(|error| panic!("{error}: {query}"));
    let costs = FieldCosts::new(SCHEMA).expect("the schema of this test");
    measure(&document, None, &Variables::from_json(variables), &limits, &costs)
}

fn cost(query: &str) -> u64 {
    look(query, json!({})).expect("within the limits").cost
}

fn refused(query: &str) -> (Measure, u64, u64) {
    match look(query, json!({})) {
        Err(LimitError::TooMuch { measure, value, limit, .. }) => (measure, value, limit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_cost_is_the_number_of_values() {
    assert_eq!(cost("{ __typename }"), 1);
    assert_eq!(cost("{ customer(by: {id: 1}) { id displayName } }"), 3);
    assert_eq!(
        cost("{ customers(first: 7) { nodes { id displayName } } }"),
        1 + 7 * 3 - 7 + 1,
        "the list itself is one"
    );
    assert_eq!(cost("{ customers(first: 7) { totalCount pageInfo { hasNextPage endCursor } nodes { id } } }"), 13);
}

#[test]
fn a_page_without_first_has_the_schemas_default_and_a_list_without_pages_has_ten() {
    assert_eq!(cost("{ customers { nodes { id } } }"), 1 + 1 + 20);
    assert_eq!(cost("{ customer(by: {id: 1}) { traits { name value } } }"), 1 + 1 + 10 * 2);
    assert_eq!(
        cost("{ customer(by: {id: 1}) { orders(first: 2) { nodes { lines { quantity } } } } }"),
        3 + 2 * (1 + 10)
    );
    assert_eq!(
        cost("{ customer(by: {id: 1}) { orders(first: 2) { nodes { lines(first: 50) { quantity } } } } }"),
        3 + 2 * 51
    );
}

#[test]
fn first_counts_as_a_variable_with_a_default_and_when_it_will_be_refused() {
    let query = "query($n: Int = 5) { customers(first: $n) { nodes { id } } }";
    let of = |variables| look(query, variables).expect("within the limits").cost;
    assert_eq!(of(json!({})), 2 + 5);
    assert_eq!(of(json!({"n": 9})), 2 + 9);
    assert_eq!(of(json!({"n": null})), 2 + 20);
    assert_eq!(of(json!({"n": 1_000_000})), 2 + 100);
    assert_eq!(of(json!({"n": -1})), 2 + 100);
    assert_eq!(cost("{ customers(first: 99999999999999999999) { nodes { id } } }"), 2 + 100);
}

#[test]
fn fragments_cost_what_they_expand_to() {
    let spread = "{ customers(first: 7) { ...page } }
        fragment page on CustomerConnection { pageInfo { hasNextPage } nodes { ...one ... on Customer { displayName } } }
        fragment one on Customer { id traits { name } }";
    let flat = "{ customers(first: 7) { pageInfo { hasNextPage } nodes { id traits { name } displayName } } }";
    assert_eq!(cost(spread), cost(flat));
    assert_eq!(cost("{ node(id: 1) { ... on Customer { traits { name } } } }"), 1 + 1 + 10);
}

#[test]
fn usual_queries_pass() {
    let identifiers =
        "identifiers(first: 40) { nodes { id kind value customer { id } } pageInfo { hasNextPage endCursor } }";
    let list =
        format!("{{ customers(first: 25) {{ nodes {{ id displayName traits {{ name value }} {identifiers} }} }} }}");
    assert!(cost(&list) < 10_000, "{}", cost(&list));
    let timeline =
        "{ customer(by: {id: 1}) { touchpoints(first: 100) { nodes { id at kind name channel direction source
        messageId properties campaign { name source } device { id kind os } order { id } identifier { id kind value }
        customer { id } __typename } } } }";
    assert!(cost(timeline) < 5_000, "{}", cost(timeline));
}

#[test]
fn a_full_introspection_passes() {
    let of_type = (0..9).fold("kind".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }}
           subscriptionType {{ name kind }} types {{ ...FullType }}
           directives {{ name description isRepeatable locations args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
         fragment FullType on __Type {{ kind name description specifiedByURL isOneOf
           fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }}
             type {{ ...TypeRef }} isDeprecated deprecationReason }}
           inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }}
           enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
           possibleTypes {{ ...TypeRef }} }}
         fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }}
         fragment TypeRef on __Type {{ {of_type} }}"
    );
    let measured = look(&query, json!({})).expect("within the limits");
    assert_eq!(measured.depth, 15);
    assert!(measured.fields >= 150, "{measured:?}");
    assert!(measured.cost >= 250 && measured.cost <= 60_000, "{measured:?}");
}

#[test]
fn a_list_in_a_list_in_a_list_is_refused() {
    let query = "{ customers(first: 100) { nodes { touchpoints(first: 100) { nodes { customer {
        touchpoints(first: 100) { nodes { id } } } } } } } }";
    let (measure, value, limit) = refused(query);
    assert_eq!((measure, limit), (Measure::Cost, 100_000));
    assert!(value >= 1_000_000);
    let by_variable = format!("query($n: Int = 100) {}", query.replace("100", "$n"));
    assert_eq!(refused(&by_variable).1, value);
}

#[test]
fn keys_multiply_and_are_counted() {
    assert_eq!(cost("{ customersBy(keys: [{id: 1}, {id: 2}, {id: 3}]) { id displayName } }"), 1 + 3 * 2);
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let ids = |count: usize| json!({"ids": vec!["a"; count]});
    assert_eq!(look(query, ids(100)).expect("within the limits").cost, 1 + 100);
    let error = look(query, ids(101)).expect_err("too many");
    assert_eq!(error.code(), "BAD_ARGUMENT");
    assert_eq!(error.to_string(), "`ids` of `nodes` has 101 entries, at most 100 are allowed: ask in several requests");
    let events =
        "mutation($events: [JSON!]!) { eventsIngest(events: $events) { change outcomes { index customer { id } } } }";
    assert_eq!(look(events, json!({"events": vec![json!({}); 500]})).expect("within").cost, 1 + 2 + 500 * 3);
    assert!(look(events, json!({"events": vec![json!({}); 501]})).is_err());
}

#[test]
fn a_search_and_a_count_cost_what_they_look_at() {
    let page = 1 + 1 + 7;
    assert_eq!(cost("{ customers(first: 7, filter: {text: \"a\"}) { nodes { id } } }"), page + SEARCH_COST);
    assert_eq!(cost("{ customers(first: 7, filter: {text: null}) { nodes { id } } }"), page);
    assert_eq!(cost("{ customers(first: 7, filter: null) { totalCount nodes { id } } }"), page + 1);
    let counted = "{ customers(first: 7, filter: {channels: [\"x\"]}) { ...page } }
        fragment page on CustomerConnection { totalCount nodes { id } }";
    assert_eq!(cost(counted), page + 1 + COUNT_ALL_COST);
    assert_eq!(cost("{ changes(first: 7) { totalCount } }"), 2 + COUNT_ALL_COST);
    let history = "{ customer(by: {id: 1}) { touchpoints(filter: {names: [\"x\"]}) { totalCount } } }";
    assert_eq!(cost(history), 3 + COUNT_COST);
    for query in [
        "query($filter: CustomerFilter) { customers(first: 7, filter: $filter) { nodes { id } } }",
        "query($text: String) { customers(first: 7, filter: {text: $text}) { nodes { id } } }",
    ] {
        let of = |variables| look(query, variables).expect("within the limits");
        assert_eq!(of(json!({"filter": {"text": "a"}, "text": "a"})).cost, page + SEARCH_COST);
        assert_eq!(of(json!({"filter": {"text": null}, "text": null})).cost, page);
        assert!(of(json!({})).varies, "so it is measured anew each time");
    }
}

#[test]
fn one_request_cannot_search_and_count_fifty_times() {
    let many = |fields: &str| {
        let one = |n: usize| format!("a{n}: customers(first: 100, filter: {{text: \"a\"}}) {{ {fields} }} ");
        format!("{{ {} }}", (0..50).map(one).collect::<String>())
    };
    assert_eq!(refused(&many("totalCount nodes { id }")).0, Measure::Cost);
    assert_eq!(refused(&many("nodes { id }")).0, Measure::Cost);
    let few = "{ a: customers(filter: {text: \"a\"}) { totalCount nodes { id } }
        b: customers(filter: {text: \"b\"}) { totalCount nodes { id } } }";
    assert!(cost(few) < 20_000);
}

#[test]
fn each_measure_has_its_limit() {
    let deep = |levels: usize| format!("{{ {} x {} }}", "a { ".repeat(levels - 1), "}".repeat(levels - 1));
    assert_eq!(look(&deep(15), json!({})).expect("fifteen levels").depth, 15);
    assert_eq!(refused(&deep(16)), (Measure::Depth, 16, 15));
    assert_eq!(refused(&deep(60)).0, Measure::Nesting);
    assert_eq!(refused(&deep(5_000)), (Measure::Brackets, 65, 64));
    assert_eq!(refused(&format!("{{ {} }}", "... { ".repeat(40) + "a" + &"}".repeat(40))).0, Measure::Nesting);
    assert_eq!(refused(&format!("{{ {} }}", "a ".repeat(51))), (Measure::RootFields, 51, 50));
    assert_eq!(refused(&format!("{{ x {{ {} }} }}", "a: b ".repeat(201))), (Measure::Aliases, 201, 200));
    assert_eq!(refused(&format!("{{ x {{ {} }} }}", "a @b ".repeat(51))), (Measure::Directives, 51, 50));
    assert_eq!(refused(&format!("query {} {{ x }}", "@b ".repeat(51))), (Measure::Directives, 51, 50));
    assert_eq!(refused(&format!("{{ {} }}", "a ".repeat(5_000))).0, Measure::Tokens);
    assert_eq!(refused(&"[".repeat(32 * 1024)).0, Measure::Brackets);
    let twice = format!("{{ {} }} fragment f on X {{ {} }}", "x { ...f } ".repeat(50), "a ".repeat(110));
    assert_eq!(refused(&twice), (Measure::Fields, 50 * 111, 5_000));
}

#[test]
fn operations_that_were_not_chosen_are_measured_but_cost_nothing() {
    let query = "query a { customers { nodes { id } } } query b { customers(first: 100) { nodes { id } } }";
    let document = parse_query(query).expect("a query");
    let costs = FieldCosts::new(SCHEMA).expect("a schema");
    let look =
        |name| measure(&document, Some(name), &Variables::default(), &Limits::default(), &costs).expect("within");
    assert_eq!((look("a").cost, look("b").cost, look("c").cost), (22, 102, 0));
    assert_eq!(look("a").fields, 6);
}

#[test]
fn a_fragment_that_contains_itself_is_named() {
    for query in [
        "{ ...a } fragment a on T { ...a ...a }",
        "{ ...a } fragment a on T { x { ...b } } fragment b on T { ... { ...a } }",
        "{ x } fragment a on T { ...b } fragment b on T { ...a }",
    ] {
        let error = look(query, json!({})).expect_err("a cycle");
        assert!(matches!(error, LimitError::Cycle { .. }), "{error:?}");
        assert_eq!(error.code(), "GRAPHQL_VALIDATION_FAILED");
    }
    assert_eq!(look("{ ...nowhere }", json!({})).expect("validation's to say").fields, 0);
}

/// The number of selections that one measurement visits.
fn visited(document: &ExecutableDocument, variables: &Variables, costs: &FieldCosts) -> usize {
    let limits = Limits::default();
    let mut walk = walk::Walk::new(document, None, variables, &limits, costs);
    // It may stop early, with an error.
    let _ = walk.measure();
    walk.visited()
}

/// The number of selections in the text.
fn selections_in(document: &ExecutableDocument) -> usize {
    fn within(set: &SelectionSet) -> usize {
        let below = |selection: &Positioned<Selection>| match &selection.node {
            Selection::Field(field) => within(&field.node.selection_set.node),
            Selection::InlineFragment(inline) => within(&inline.node.selection_set.node),
            Selection::FragmentSpread(_) => 0,
        };
        set.items.len() + set.items.iter().map(below).sum::<usize>()
    }
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).map(within).sum()
}

/// Each fragment spreads the next one eight times: 8^30 fields in 2 KB.
fn bomb(levels: usize) -> String {
    let chain = (0..levels).map(|n| format!("fragment f{n} on T {{ {} }}\n", format!("...f{} ", n + 1).repeat(8)));
    format!("{{ ...f0 }}\n{}fragment f{levels} on T {{ a }}", chain.collect::<String>())
}

#[test]
fn exponential_fragments_are_measured_in_the_length_of_their_text() {
    let document = parse_query(bomb(28)).expect("a query");
    let (limits, costs, variables) = (Limits::default(), FieldCosts::default(), Variables::default());
    let error = measure(&document, None, &variables, &limits, &costs).expect_err("too much");
    assert_eq!(visited(&document, &variables, &costs), selections_in(&document));
    assert!(matches!(error, LimitError::TooMuch { value: u64::MAX, .. }), "{error:?}");
    assert_eq!(refused(&bomb(200)).0, Measure::Nesting);
}

#[test]
fn an_error_names_the_measure_and_a_remedy() {
    let error = look(&format!("{{ {} }}", "a ".repeat(51)), json!({})).expect_err("too wide");
    assert_eq!(
        error.to_string(),
        "51 root fields, at most 50 are allowed: use `nodes`, `customersBy` or `identifiersBy`"
    );
    assert_eq!(error.code(), "TOO_EXPENSIVE");
    let extensions = error.extensions();
    assert_eq!((&extensions["measure"], &extensions["cost"]), (&Value::from("rootFields"), &Value::from(51)));
    assert_eq!(extensions["limit"], Value::from(50));
}

/// Selections of fields, inline fragments and spreads of ten fragments, which may well form cycles.
fn selections() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("id".to_owned()),
        Just("x: kind @skip(if: true)".to_owned()),
        (0..10).prop_map(|n| format!("...f{n}")),
    ];
    leaf.prop_recursive(12, 200, 8, |inner| {
        let set = prop::collection::vec(inner, 1..8).prop_map(|inner| inner.join(" "));
        let field = prop_oneof![
            Just("nodes".to_owned()),
            Just("customer".to_owned()),
            (-5_i64..1_000_000_000_000).prop_map(|n| format!("touchpoints(first: {n})")),
            Just("customers(first: $n)".to_owned()),
            Just("...".to_owned()),
            Just("... on Customer".to_owned()),
        ];
        (field, set).prop_map(|(field, set)| format!("{field} {{ {set} }}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn measuring_visits_each_selection_once(
        root in selections(),
        fragments in prop::collection::vec(selections(), 10),
        n in any::<i64>(),
    ) {
        let fragments = fragments.iter().enumerate().map(|(n, set)| format!("fragment f{n} on Customer {{ {set} }}\n"));
        let query = format!("query($n: Int) {{ {root} }}\n{}", fragments.collect::<String>());
        let (limits, costs) = (Limits::default(), FieldCosts::new(SCHEMA).expect("a schema"));
        let Ok(document) = parse_query(&query) else { return Ok(()) };
        let variables = Variables::from_json(json!({ "n": n }));
        let answer = measure(&document, None, &variables, &limits, &costs);
        // No selection is visited twice, also when fragments expand to many fields.
        prop_assert!(visited(&document, &variables, &costs) <= selections_in(&document));
        if let Ok(measured) = answer {
            prop_assert!(measured.depth <= 15 && measured.cost <= 100_000 && measured.fields <= 5_000);
        }
    }

    #[test]
    fn any_text_is_checked_without_a_panic(query in "[{}()\\[\\]\"\\\\#.a-c0-9é \n]{0,200}") {
        let _ = check_text(&query, &Limits::default());
    }
}

#[test]
fn a_past_moment_costs_more() {
    let id =
        NodeId::Customer(CustomerId("018f".into())).encode_at(Some(Moment { change: 7, at: Timestamp(9) })).to_string();
    assert_eq!(cost("{ customer(by: {id: 1}, asOf: \"2026-03-01T00:00:00Z\") { id displayName } }"), 3 + COUNT_COST);
    assert_eq!(cost("{ customer(by: {id: 1}, asOf: null) { id displayName } }"), 3);
    assert_eq!(cost(&format!("{{ customer(by: {{id: \"{id}\"}}) {{ id displayName }} }}")), 3 + COUNT_COST);
    assert_eq!(cost(&format!("{{ node(id: \"{id}\") {{ id }} }}")), 2 + COUNT_COST);
    let of_variables = |query, variables| look(query, variables).expect("within the limits").cost;
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(
        of_variables(query, json!({"ids": [id, "x", id]})) - of_variables(query, json!({"ids": ["x", "x", "x"]})),
        2 * COUNT_COST
    );
    let query = "query($id: ID!) { customer(by: {id: $id}) { id } nodes(ids: [$id, $id]) { id } }";
    assert_eq!(of_variables(query, json!({"id": id})) - of_variables(query, json!({"id": "x"})), 3 * COUNT_COST);
    let query = "query($at: DateTime) { customer(by: {id: 1}, asOf: $at) { id } }";
    assert_eq!(of_variables(query, json!({"at": "2026-03-01T00:00:00Z"})), 2 + COUNT_COST);
    assert_eq!(of_variables(query, json!({})), 2);
}

#[test]
fn a_measure_says_whether_it_depends_on_variables() {
    let varies = |query, variables| look(query, variables).expect("within the limits").varies;
    assert!(!varies(
        "query($v: String!) { customer(by: {identifier: {kind: \"user_id\", value: $v}}) { id } }",
        json!({"v": "x"})
    ));
    assert!(!varies("query($after: String) { customers(first: 7, after: $after) { nodes { id } } }", json!({})));
    for query in [
        "query($v: Int) { customers(first: $v) { nodes { id } } }",
        "query($v: ID!) { customer(by: {id: $v}) { id } }",
        "query($v: ID!) { nodes(ids: [$v]) { id } }",
        "query($v: [ID!]!) { nodes(ids: $v) { id } }",
        "query($v: DateTime) { customer(by: {id: 1}, asOf: $v) { id } }",
        "query($v: Int) { customer(by: {id: 1}) { ...f } } fragment f on Customer { orders(first: $v) { nodes { id } } }",
    ] {
        assert!(varies(query, json!({})), "{query}");
    }
}
