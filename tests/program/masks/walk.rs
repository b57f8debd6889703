//! Asks for every field of the schema, role by role: it is FORBIDDEN exactly where the table of rights says so, and no
//! answer has a marker in it. A new field without a decision, or one that no question reaches, fails here. Each is also asked
//! for a purpose that shows nobody: what then tells of a person is a way out that forgot the purpose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use throughline::domain::access_key::Role;
use throughline::graphql::rights;

use super::{Shop, codes};

/// Types that only mutations give. Their fields are refused with the mutation, which is tested elsewhere.
const OF_MUTATIONS: &[&str] = &[
    "Mutation",
    "Subscription",
    "EventsIngestPayload",
    "EventOutcome",
    "ConsentRecordPayload",
    "CustomerMergePayload",
    "CustomerSplitPayload",
    "CustomersKeepApartPayload",
    "SegmentSavePayload",
    "SegmentDeletePayload",
    "IdentityRulesSavePayload",
    "CustomerErasePayload",
    "ErasedFrom",
    "SuppressionLiftPayload",
];

/// Types of which this world has none.
const EMPTY: &[&str] = &[
    "Expectation",
    "SizeHabit",
    "CategoryAffinity",
    "OwnerCandidate",
    "Problem",
    "TraitMisfit",
    "TrialExample",
    "IdentifierGroup",
];

struct Schema {
    /// The fields of each object type: name, type of the result, and the arguments that are required.
    fields: BTreeMap<String, Vec<Field>>,
}

struct Field {
    name: String,
    result: String,
    required: Vec<String>,
}

impl Schema {
    async fn of(shop: &Shop) -> Self {
        let query = "{ __schema { types { name kind fields { name type { ...t } args { name defaultValue type { kind } } } } } } \
            fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
        let answer = shop.ask(Role::Admin, query).await;
        let types = answer["data"]["__schema"]["types"].as_array().expect("types");
        let objects = types.iter().filter(|ty| ty["kind"] == "OBJECT" && !text(&ty["name"]).starts_with("__"));
        let field = |field: &Value| {
            let mut result = &field["type"];
            while result["name"].is_null() {
                result = &result["ofType"];
            }
            let args = field["args"].as_array().expect("arguments").iter();
            let required = args.filter(|arg| arg["type"]["kind"] == "NON_NULL" && arg["defaultValue"].is_null());
            Field {
                name: text(&field["name"]),
                result: text(&result["name"]),
                required: required.map(|arg| text(&arg["name"])).collect(),
            }
        };
        let fields =
            objects.map(|ty| (text(&ty["name"]), ty["fields"].as_array().expect("fields").iter().map(field).collect()));
        Schema { fields: fields.collect() }
    }

    /// The selection of what a type has: its scalars without required arguments, and without the counts of a segment, which
    /// cost too much in a list.
    fn scalars(&self, ty: &str) -> Vec<&str> {
        let fields = self.fields.get(ty).into_iter().flatten();
        let plain = fields.filter(|field| {
            let is_plain = !self.fields.contains_key(&field.result) && field.result != "Node";
            field.required.is_empty()
                && is_plain
                && !(ty == "Segment" && ["size", "hiddenByConsent"].contains(&&*field.name))
        });
        plain.map(|field| field.name.as_str()).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The arguments of a field that needs some, or that gives more with them.
fn arguments(shop: &Shop, ty: &str, field: &str) -> Option<String> {
    let (ada, bob) = (&shop.ada, &shop.bob);
    let email = "{kind: \"email\", value: \"zqmail@example.com\"}";
    let user = "{kind: \"user_id\", value: \"u1\"}";
    Some(match (ty, field) {
        ("Query", "node") => format!("id: \"{ada}\""),
        ("Query", "nodes") => format!("ids: [\"{ada}\", \"{bob}\"]"),
        ("Query", "customer") => format!("by: {{identifier: {user}}}"),
        ("Query", "customersBy") => format!("keys: [{{id: \"{ada}\"}}, {{identifier: {email}}}]"),
        ("Query", "identifier") => "kind: \"email\", value: \"zqmail@example.com\"".to_owned(),
        ("Query", "identifiersBy") => format!("keys: [{email}, {user}]"),
        ("Query", "touchpoint") => "messageId: \"t7\"".to_owned(),
        ("Query", "whyLinked") => format!("from: {user}, to: {email}"),
        ("Query", "customerMergeTrial") => format!("ids: [\"{ada}\", \"{bob}\"]"),
        ("Query", "customerSplitTrial") => format!("id: \"{ada}\", identifiers: [{email}]"),
        ("Query", "segment") => "name: \"open\"".to_owned(),
        ("Query", "segmentTrial") => "members: {all: [{seen: {channels: [\"website\"]}}, {orders: {}}]}".to_owned(),
        ("Query", "identityRulesTrial") => "rules: {basedOn: 1, kinds: [{name: \"user_id\", from: [\"userId\"], limit: 1}, \
            {name: \"anonymous_id\", from: [\"anonymousId\"]}], blocked: [], maxIdentifiers: 200, sessionGap: \"PT30M\", phoneCountry: \"GB\"}"
            .to_owned(),
        ("Query", "changes") => "first: 100".to_owned(),
        ("Segment", "because") => format!("customer: \"{ada}\""),
        ("Customer", "products") => "relation: BOUGHT".to_owned(),
        ("CustomerJourney", "conversions") => "goal: {kinds: [\"order\"]}".to_owned(),
        ("Journeys", "flow") => "anchor: {}".to_owned(),
        ("Journeys", "funnel") => "steps: [{}, {}], breakdown: \"channel\"".to_owned(),
        ("Journeys", "timeBetween") => "from: {}, to: {}".to_owned(),
        ("Journeys", "attribution") => "goal: {kinds: [\"order\"]}, models: [LINEAR]".to_owned(),
        ("Journeys", "match") => "pattern: \"*\"".to_owned(),
        ("Journeys", "compare") => "with: {include: {kinds: [\"order\"]}}".to_owned(),
        _ => return None,
    })
}

/// A way from the root to a type: fields with their types.
type Way = Vec<(String, String)>;

/// The shortest way to each type.
fn ways(shop: &Shop, schema: &Schema) -> BTreeMap<String, Way> {
    let mut found: BTreeMap<String, Way> = BTreeMap::from([("Query".to_owned(), Vec::new())]);
    let mut next = VecDeque::from(["Query".to_owned()]);
    while let Some(ty) = next.pop_front() {
        for field in &schema.fields[&ty] {
            let is_known = field.required.is_empty() || arguments(shop, &ty, &field.name).is_some();
            if !is_known || !schema.fields.contains_key(&field.result) || found.contains_key(&field.result) {
                continue;
            }
            let mut way = found[&ty].clone();
            way.push((ty.clone(), field.name.clone()));
            found.insert(field.result.clone(), way);
            next.push_back(field.result.clone());
        }
    }
    // The shortest way is not always the one with data.
    let by =
        |way: &[(&str, &str)]| way.iter().map(|(ty, field)| ((*ty).to_owned(), (*field).to_owned())).collect::<Way>();
    for (ty, way) in [
        ("Customer", by(&[("Query", "customer")])),
        ("Identifier", by(&[("Query", "identifier")])),
        ("Device", by(&[("Query", "customer"), ("Customer", "devices"), ("DeviceConnection", "nodes")])),
        ("Touchpoint", by(&[("Query", "touchpoint")])),
        ("Segment", by(&[("Query", "segment")])),
    ] {
        for other in found.values_mut() {
            // A way through the type goes by its own root, too.
            if let Some(place) = other.iter().position(|(of, _)| of == ty) {
                other.splice(..place, way.clone());
            }
        }
        found.insert(ty.to_owned(), way);
    }
    found
}

/// Asks for every field of every type.
pub(super) async fn every_field(shop: &Shop) {
    let schema = Schema::of(shop).await;
    let ways = ways(shop, &schema);
    let (mut asked, mut refused, mut wrong) = (0, 0, Vec::new());
    let mut unreached = BTreeSet::new();
    for (ty, fields) in &schema.fields {
        if OF_MUTATIONS.contains(&ty.as_str()) {
            continue;
        }
        let way = ways.get(ty).unwrap_or_else(|| panic!("no question reaches {ty}"));
        for field in fields {
            let below =
                if schema.fields.contains_key(&field.result) { schema.scalars(&field.result) } else { Vec::new() };
            let mut selection = match (schema.fields.contains_key(&field.result), below.is_empty()) {
                (true, false) => format!("{{ {} }}", below.join(" ")),
                (true, true) => "{ __typename }".to_owned(),
                (false, _) if field.result == "Node" => "{ __typename id }".to_owned(),
                (false, _) => String::new(),
            };
            let mut whole: Way = way.clone();
            whole.push((ty.clone(), field.name.clone()));
            for (of, name) in whole.iter().rev() {
                let known = arguments(shop, of, name).map(|list| format!("({list})")).unwrap_or_default();
                selection = format!("{{ {name}{known} {selection} }}");
            }
            let admin = shop.ask(Role::Admin, &selection).await;
            assert!(admin["errors"].is_null(), "{selection} is a good question: {admin}");
            if !reaches(&admin["data"], &whole) && !EMPTY.contains(&ty.as_str()) {
                unreached.insert(ty.clone());
            }
            nobody_is_in(shop, &selection).await;
            let mut result = whole.clone();
            result.push((field.result.clone(), "__typename".to_owned()));
            for role in [Role::Reader, Role::Analyst, Role::Service] {
                let own = shop.permissions(role);
                let may = whole.iter().all(|(ty, field)| rights::allows(&own, ty, field));
                let may_below = below.iter().all(|name| rights::allows(&own, &field.result, name));
                let answer = shop.ask(role, &selection).await;
                asked += 1;
                // Below an empty list, or below null, nothing is refused.
                let is_shown = reaches(&admin["data"], &result);
                // Some segments test what is masked, so they do not say what they test.
                let tells =
                    field.result == "Segment" && ty != "Query" || ty == "SegmentMembership" && field.name == "because";
                let is_hidden = tells && role != Role::Service;
                let is_refused = match may {
                    true => is_shown && (!may_below || is_hidden),
                    false => reaches(&admin["data"], &whole),
                };
                let expected = if is_refused { BTreeSet::from(["FORBIDDEN"]) } else { BTreeSet::new() };
                if (may || is_refused) && codes(&answer) != expected {
                    wrong.push(format!("{role:?} {selection}: {answer}"));
                }
                refused += usize::from(is_refused);
            }
        }
    }
    assert!(refused > 300, "{refused}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 700, "{asked}");
    assert!(unreached.is_empty(), "no object of these types is reached: {unreached:?}");
    whole_profiles(shop).await;
}

/// Asks for a purpose that shows nobody. The answer has nobody's ids, identifiers, messages, orders or devices, and counts
/// nobody; a refusal is FORBIDDEN.
async fn nobody_is_in(shop: &Shop, selection: &str) {
    let answer = shop.ask_for_nobody(selection).await;
    assert!(codes(&answer).iter().all(|code| *code == "FORBIDDEN"), "{selection}: {answer}");
    for (path, value) in leaves("", &answer["data"]) {
        let name = path.rsplit('/').next().unwrap_or_default();
        match value {
            Value::String(text) => {
                let is_persons = text == &shop.ada
                    || text == &shop.bob
                    || ["u", "a-u", "d-u", "t", "i", "o"].iter().any(|of| {
                        text.strip_prefix(of)
                            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()))
                    });
                assert!(!is_persons, "{path}: {text} is shown for nobody: {selection}");
            }
            Value::Number(count) if COUNTS.contains(&name) => {
                assert_eq!(count.as_i64(), Some(0), "{path} counts for nobody: {selection}: {answer}");
            }
            _ => {}
        }
    }
}

/// Fields that count people or what is theirs. Others are numbers of another kind, or say how many are hidden.
const COUNTS: &[&str] = &[
    "customers",
    "touchpoints",
    "journeys",
    "size",
    "sizeThen",
    "alone",
    "without",
    "count",
    "entered",
    "reached",
    "dropped",
    "conversions",
    "orderCount",
    "touchpointCount",
    "entries",
    "total",
    "never",
];

fn leaves<'v>(path: &str, value: &'v Value) -> Vec<(String, &'v Value)> {
    match value {
        Value::Array(all) => all.iter().flat_map(|one| leaves(path, one)).collect(),
        Value::Object(all) => all.iter().flat_map(|(name, one)| leaves(&format!("{path}/{name}"), one)).collect(),
        leaf => vec![(path.to_owned(), leaf)],
    }
}

/// Whether the object that has the last field of a way is there.
fn reaches(data: &Value, way: &[(String, String)]) -> bool {
    let mut here = vec![data];
    for (_, field) in &way[..way.len() - 1] {
        here = here.iter().flat_map(|value| each(&value[field.as_str()])).collect();
    }
    here.iter().any(|value| value.is_object())
}

fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(all) => all.iter().flat_map(each).collect(),
        value => vec![value],
    }
}

/// Everything about all customers, now and in the past, in a few questions, as a page of profiles asks for it.
async fn whole_profiles(shop: &Shop) {
    let identifier = "id kind value masked shared";
    let profile = format!(
        "id displayName formerIds traits {{ name value masked identifier {{ {identifier} }} others {{ value masked }} }} \
         identifiers(first: 8) {{ edges {{ cursor node {{ {identifier} never {{ value }} }} }} pageInfo {{ endCursor }} }} \
         links(first: 8) {{ edges {{ cursor node {{ id from {{ {identifier} }} to {{ {identifier} }} rule refused source messageId }} }} }} \
         devices(first: 8) {{ nodes {{ id identifiers {{ {identifier} }} }} }} orders(first: 8) {{ edges {{ cursor node {{ id number lines {{ product {{ id name }} }} returns {{ reason }} }} }} }} \
         touchpoints(first: 8) {{ edges {{ cursor node {{ id name properties campaign {{ name }} identifier {{ {identifier} }} }} }} }} \
         consents {{ purpose identifier {{ {identifier} }} }} identityHistory(first: 8) {{ nodes {{ id kind rule reason by messageId identifiers {{ {identifier} }} }} }}"
    );
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let now = jiff::Timestamp::now().to_string();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    for user in ["u1", "u2", "u3", "u4"] {
        for as_of in [String::new(), format!(", asOf: \"{now}\"")] {
            let query = format!(
                "{{ customer(by: {{identifier: {{kind: \"user_id\", value: \"{user}\"}}}}{as_of}) {{ {profile} }} }}"
            );
            let answer = shop.ask(Role::Reader, &query).await;
            assert!(answer["errors"].is_null() && answer["data"]["customer"].is_object(), "{answer}");
            let id = answer["data"]["customer"]["id"].as_str().expect("an id");
            let again = shop
                .ask_with(
                    Role::Reader,
                    &format!("query($id: ID!) {{ node(id: $id) {{ ... on Customer {{ {profile} }} }} }}"),
                    json!({ "id": id }),
                )
                .await;
            assert_eq!(again["data"]["node"], answer["data"]["customer"]);
        }
    }
    let list = "{ customers(first: 20) { edges { cursor node { id displayName traits { value } identifiers { nodes { value } } } } pageInfo { endCursor } } }";
    let answer = shop.ask(Role::Reader, list).await;
    assert!(answer["errors"].is_null(), "{answer}");
    let list = "{ customers(first: 20) { edges { cursor node { id displayName } } pageInfo { endCursor } } }";
    let answer = shop.ask(Role::Analyst, list).await;
    assert!(answer["errors"].is_null(), "{answer}");
}
