//! What each role may do and see: one table, by type and field. [`CheckRights`] applies it to each field that a request
//! resolves; [`Api`](super::execute::Api) refuses a mutation or a subscription whole by it, before anything runs.
//!
//! A field that a role may not have is null with FORBIDDEN beside it. To add a field to the schema: its name in
//! [`TABLE`]. A test walks the schema and names each field without a decision.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute, NextResolve, ResolveInfo};
use async_graphql::{PathSegment, QueryPathNode, QueryPathSegment, Response, ServerError, ServerResult, Value};
use async_trait::async_trait;

use super::error::{Code, coded};
use super::null_on_error::{FieldErrors, is_nullable};
use super::viewer::Viewer;
use crate::access::Permissions;
use crate::domain::access_key::Role;

/// The right that a field needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Of every caller: about the caller itself, and parts of answers that say nothing alone.
    Any,
    /// To send events.
    Events,
    /// To see figures about many customers.
    Figures,
    /// To see who a customer is, by id and name.
    People,
    /// To see profiles, touchpoints, orders and changes.
    Profiles,
    /// To decide about customers.
    Decisions,
    /// To save and delete segments.
    Segments,
    /// Of administrators: rules and the state of the identity graph.
    Admin,
}

/// Whether these permissions include a right.
fn has(permissions: &Permissions, right: Right) -> bool {
    let (edits, people) = (permissions.edits, permissions.people);
    match (permissions.role, right) {
        (Role::Admin, _) | (_, Right::Any) => true,
        (Role::Reader, Right::Figures | Right::People | Right::Profiles) => true,
        (Role::Reader, Right::Decisions | Right::Segments) => edits,
        (Role::Analyst, Right::Figures) => true,
        (Role::Analyst, Right::People) => people,
        (Role::Analyst, Right::Segments) => edits,
        (Role::Service, Right::Events) => true,
        (Role::Reader | Role::Analyst | Role::Service, _) => false,
    }
}

/// Type, right, fields. A type has several lines when its fields need different rights.
const TABLE: &[(&str, Right, &str)] = &[
    ("Activity", Right::Profiles, "id firstSeenAt lastSeenAt touchpointCount orderCount channels timeline"),
    ("ActivityTimeline", Right::Profiles, "since until lanes"),
    ("TimelineLane", Right::Profiles, "channel counts"),
    ("Attribution", Right::Figures, "conversions unknownValues value models"),
    ("AttributionResult", Right::Figures, "model rows"),
    ("AttributionRow", Right::Figures, "value conversions credit worth"),
    ("Campaign", Right::Profiles, "name source medium term content"),
    (
        "Change",
        Right::Profiles,
        "cursor at kind customerId customer otherCustomerIds touchpoint order consent segment identifiers \
         messageId rule reason",
    ),
    ("ChangeConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("ChangeEdge", Right::Profiles, "node cursor"),
    ("CategoryAffinity", Right::Profiles, "category lift bought viewed"),
    ("ChannelActivity", Right::Profiles, "channel touchpoints lastAt"),
    ("ChannelChoice", Right::Profiles, "channel score sureness declared reasons alternatives bestHours"),
    ("ChannelScore", Right::Profiles, "channel score sent seen allowed reason"),
    ("ConditionAnswer", Right::Profiles, "changesAt holds parts sentence touchpoints trait"),
    ("Consent", Right::Profiles, "purpose channel status at expiresAt source identifier"),
    ("ConsentRecordPayload", Right::Events, "status change problems"),
    ("ConsentRecordPayload", Right::Profiles, "consent"),
    ("Conversion", Right::Profiles, "at touchpoint value steps durationSeconds"),
    ("ConversionStep", Right::Profiles, "touchpoint credit"),
    ("Customer", Right::People, "id asOf current formerIds displayName"),
    (
        "Customer",
        Right::Profiles,
        "createdAt traits identifiers links devices orders touchpoints journey activity spend consents products \
         segments identityHistory preferredChannel figures",
    ),
    ("CustomerConnection", Right::People, "edges nodes pageInfo totalCount hiddenByConsent"),
    ("CustomerEdge", Right::People, "node cursor"),
    ("CustomerErasePayload", Right::Admin, "status erasedId change identifiers touchpoints orders manifest problems"),
    (
        "CustomerFigures",
        Right::Profiles,
        "currency recencyDays frequency monetary averageOrder usualGapDays rfm expectedOrders returnRate returnReasons \
         sizeHabit categories bargainShare hours",
    ),
    ("CustomerJourney", Right::Profiles, "id sessions conversions"),
    ("CustomerMergePayload", Right::Decisions, "status customer absorbedIds change problems"),
    ("CustomerProduct", Right::Profiles, "product at quantity"),
    ("CustomerProductConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("CustomerProductEdge", Right::Profiles, "node cursor"),
    ("CustomerSketch", Right::Decisions, "customerId displayName identifiers spend touchpointCount orderCount"),
    ("CustomerSplitPayload", Right::Decisions, "status customer created change problems"),
    ("CustomersKeepApartPayload", Right::Decisions, "status customers change problems"),
    ("CustomersTrial", Right::Decisions, "customers problems"),
    ("Device", Right::Profiles, "id kind os model firstSeenAt lastSeenAt identifiers"),
    ("DeviceConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("DeviceEdge", Right::Profiles, "node cursor"),
    ("ErasedFrom", Right::Admin, "place done hint"),
    ("EventOutcome", Right::Events, "index status messageId problems"),
    ("EventOutcome", Right::Profiles, "customer"),
    ("EventsIngestPayload", Right::Events, "outcomes change"),
    ("Expectation", Right::Profiles, "value low high probabilityAlive"),
    ("Flow", Right::Figures, "journeys unknownValues columns links"),
    ("FlowColumn", Right::Figures, "step entries total"),
    ("FlowEntry", Right::Figures, "value kind journeys share"),
    ("FlowLink", Right::Figures, "step from fromKind to toKind journeys"),
    ("Funnel", Right::Figures, "entered unknownValues steps groups"),
    ("FunnelGroup", Right::Figures, "value steps"),
    ("FunnelStep", Right::Figures, "id number label reached dropped ofFirst ofPrevious medianSecondsFromPrevious"),
    ("FunnelStep", Right::People, "customersReached customersDropped"),
    ("Histogram", Right::Figures, "from to count"),
    ("HourScore", Right::Profiles, "hour score"),
    (
        "Identifier",
        Right::Profiles,
        "id kind value masked firstSeenAt lastSeenAt shared customer candidates devices never links touchpoints",
    ),
    ("IdentifierConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("IdentifierEdge", Right::Profiles, "node cursor"),
    ("IdentifierGroup", Right::Admin, "identifiers"),
    ("IdentifierLink", Right::Profiles, "id from to rule firstAt lastAt count messageId source refused"),
    ("IdentifierLinkConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("IdentifierLinkEdge", Right::Profiles, "node cursor"),
    ("IdentifierRule", Right::Admin, "name priority from parts except normalise blocked limit device merges"),
    ("IdentityEvent", Right::Profiles, "id at kind rule messageId by reason identifiers otherCustomerIds"),
    ("IdentityEventConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("IdentityEventEdge", Right::Profiles, "node cursor"),
    (
        "IdentityHealth",
        Right::Admin,
        "customers identifiers identifiersPerCustomer merges splits refused shared largest",
    ),
    (
        "IdentityRules",
        Right::Admin,
        "version savedAt savedBy note kinds blocked maxIdentifiers sessionGap phoneCountry",
    ),
    ("IdentityRulesSavePayload", Right::Admin, "status rules change problems"),
    ("JourneyComparison", Right::Figures, "a b links"),
    ("JourneyLink", Right::Figures, "from to count journeys share shareOfFrom medianSeconds"),
    ("JourneyNode", Right::Figures, "value touchpoints journeys"),
    ("JourneyPath", Right::Figures, "values journeys share medianSeconds"),
    (
        "Journeys",
        Right::Figures,
        "id changeNumber population transitions flow funnel paths timeBetween attribution match compare",
    ),
    ("LinkDifference", Right::Figures, "from to shareA shareB difference"),
    ("LinkExplanation", Right::Profiles, "sameCustomer path steps"),
    ("Money", Right::Any, "amount currency"),
    ("Mutation", Right::Events, "eventsIngest consentRecord"),
    ("Mutation", Right::Decisions, "customerMerge customerSplit customersKeepApart"),
    ("Mutation", Right::Segments, "segmentSave segmentDelete"),
    ("Mutation", Right::Admin, "identityRulesSave customerErase suppressionLift"),
    ("NearMiss", Right::People, "customer fails"),
    ("NearMissConnection", Right::People, "edges nodes pageInfo totalCount"),
    ("NearMissEdge", Right::People, "node cursor"),
    // `Query.node` has checked the right for the object that is shown so.
    ("Node", Right::Any, "id"),
    ("Order", Right::Profiles, "id number source placedAt status total returned net channel lines returns customer"),
    ("OrderConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("OrderEdge", Right::Profiles, "node cursor"),
    ("OrderLine", Right::Profiles, "product quantity unitPrice returnedQuantity"),
    ("OwnerCandidate", Right::Profiles, "customer score reasons"),
    ("PageInfo", Right::Any, "hasNextPage hasPreviousPage startCursor endCursor"),
    ("PathList", Right::Figures, "paths unknownValues other total"),
    ("PatternMatch", Right::Figures, "id journeys share occurrences unknownValues"),
    ("PatternMatch", Right::People, "customers"),
    ("Population", Right::Figures, "customers journeys touchpoints unowned hiddenByConsent asOfChange"),
    ("Problem", Right::Any, "code path message"),
    ("Product", Right::Profiles, "id sku name category"),
    ("Query", Right::Any, "viewer"),
    ("Query", Right::Figures, "node nodes journeys segment segments segmentTrial status"),
    ("Query", Right::People, "customer customers customersBy"),
    ("Query", Right::Profiles, "identifier identifiersBy touchpoint whyLinked changes"),
    ("Query", Right::Decisions, "customerMergeTrial customerSplitTrial"),
    ("Query", Right::Admin, "identityRules identityRulesTrial identityHealth"),
    ("ReasonCount", Right::Profiles, "reason lines money"),
    ("RefusalCount", Right::Admin, "rule count"),
    ("Return", Right::Profiles, "product quantity amount at reason"),
    ("Rfm", Right::Profiles, "recency frequency monetary"),
    ("RulesTrial", Right::Admin, "customersNow customersThen splits joins examples problems"),
    (
        "Segment",
        Right::Figures,
        "id name description timeZone version savedAt savedBy definition sentence size hiddenByConsent misfits",
    ),
    ("Segment", Right::People, "customers nearMisses"),
    ("Segment", Right::Profiles, "because"),
    ("SegmentConnection", Right::Figures, "edges nodes pageInfo totalCount"),
    ("SegmentDeletePayload", Right::Segments, "status deletedId problems"),
    ("SegmentEdge", Right::Figures, "node cursor"),
    ("SegmentLine", Right::Figures, "path sentence alone without"),
    ("SegmentMembership", Right::Profiles, "segment since because"),
    ("SegmentSavePayload", Right::Segments, "status segment problems"),
    ("SegmentTrial", Right::Figures, "sentence sizeThen hiddenByConsent lines misfits problems"),
    ("SegmentTrial", Right::People, "examples"),
    ("Session", Right::Profiles, "id startedAt endedAt channels touchpointCount touchpoints"),
    ("SessionConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("SessionEdge", Right::Profiles, "node cursor"),
    ("SizeHabit", Right::Profiles, "orders bracketed returnedOfThose keptMost reason"),
    ("Spend", Right::Profiles, "currency gross returned net orderCount returnRate"),
    ("Status", Right::Figures, "version store customers touchpoints change lagMs"),
    ("Subscription", Right::Profiles, "changes"),
    ("SuppressionLiftPayload", Right::Admin, "status problems"),
    ("TimeBetween", Right::Figures, "pairs unknownValues never medianSeconds p90Seconds histogram"),
    ("TimeBucket", Right::Figures, "fromSeconds toSeconds count"),
    (
        "Touchpoint",
        Right::Profiles,
        "id messageId at kind name channel direction source campaign device order properties identifier customer",
    ),
    ("TouchpointConnection", Right::Profiles, "edges nodes pageInfo totalCount"),
    ("TouchpointEdge", Right::Profiles, "node cursor"),
    ("Trait", Right::Profiles, "name value masked provenance at source identifier others"),
    ("TraitMisfit", Right::Figures, "trait count"),
    ("TraitMisfit", Right::Profiles, "example"),
    ("TransitionGraph", Right::Figures, "nodes links total other"),
    ("TrialExample", Right::Admin, "customers groups reason"),
    ("Viewer", Right::Any, "name role source purposes masks"),
];

/// The table by type, then by field.
static DECISIONS: LazyLock<HashMap<&str, HashMap<&str, Right>>> = LazyLock::new(|| {
    let mut decisions: HashMap<&str, HashMap<&str, Right>> = HashMap::new();
    for (ty, right, fields) in TABLE {
        let of_type = decisions.entry(ty).or_default();
        of_type.extend(fields.split_whitespace().map(|field| (field, *right)));
    }
    decisions
});

/// Whether a role may have a field. A field without a decision is for administrators only. Introspection is for all: the
/// schema is public.
pub fn allows(permissions: &Permissions, ty: &str, field: &str) -> bool {
    if ty.starts_with("__") || field.starts_with("__") {
        return true;
    }
    let right = DECISIONS.get(ty).and_then(|fields| fields.get(field)).copied().unwrap_or(Right::Admin);
    has(permissions, right)
}

/// The table as a document: each type and right with its fields and roles.
#[cfg(test)]
pub(crate) fn table() -> String {
    let mut table = String::from("| type | fields | roles |\n|---|---|---|\n");
    for (ty, right, fields) in TABLE {
        let roles = Role::ALL.into_iter().filter_map(|role| {
            let with = |edits, people| {
                let mut own = crate::access::Policy::default().of(role);
                (own.edits, own.people) = (edits, people);
                own
            };
            let name = role.name();
            match (has(&with(false, false), *right), has(&with(true, false), *right), has(&with(false, true), *right)) {
                (true, _, _) => Some(format!("`{name}`")),
                (_, true, _) => Some(format!("`{name}` with `edits`")),
                (_, _, true) => Some(format!("`{name}` with `people`")),
                (false, false, false) => None,
            }
        });
        let fields: Vec<String> = fields.split_whitespace().map(|field| format!("`{field}`")).collect();
        table += &format!("| `{ty}` | {} | {} |\n", fields.join(" "), roles.collect::<Vec<_>>().join(", "));
    }
    table
}

/// The message of a refused field.
pub fn refusal(role: Role, ty: &str, field: &str) -> String {
    format!("the role {} may not have {ty}.{field}", role.name())
}

/// Checks each field of a request before it is resolved. An error at a nullable field nulls this field only.
pub(super) struct CheckRights;

impl ExtensionFactory for CheckRights {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Checked::default())
    }
}

#[derive(Default)]
struct Checked(FieldErrors);

#[async_trait]
impl Extension for Checked {
    async fn resolve(
        &self,
        ctx: &ExtensionContext<'_>,
        info: ResolveInfo<'_>,
        next: NextResolve<'_>,
    ) -> ServerResult<Option<Value>> {
        let permissions = ctx.data_opt::<Viewer>().map(Viewer::permissions);
        let (ty, field, nullable) = (info.parent_type, info.name, is_nullable(&info));
        let resolved = match permissions {
            // An item of a list: the field of the list has been decided.
            Some(_) if ty.starts_with('[') => next.run(ctx, info).await,
            Some(permissions) if allows(permissions, ty, field) => next.run(ctx, info).await,
            Some(permissions) => Err(forbidden(refusal(permissions.role, ty, field), &info)),
            None => Err(forbidden("the caller is not known".to_owned(), &info)),
        };
        self.0.keep(nullable, resolved)
    }

    async fn execute(&self, ctx: &ExtensionContext<'_>, name: Option<&str>, next: NextExecute<'_>) -> Response {
        let mut response = next.run(ctx, name).await;
        self.0.add_to(&mut response);
        response
    }
}

fn forbidden(message: String, info: &ResolveInfo<'_>) -> ServerError {
    let mut error = coded(Code::Forbidden, message).into_server_error(info.field.name.pos);
    let mut node = Some(info.path_node);
    while let Some(QueryPathNode { parent, segment }) = node {
        error.path.push(match segment {
            QueryPathSegment::Name(name) => PathSegment::Field((*name).to_owned()),
            QueryPathSegment::Index(index) => PathSegment::Index(*index),
        });
        node = *parent;
    }
    error.path.reverse();
    error
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

    use super::*;
    use crate::access::Policy;
    use crate::settings::Settings;

    /// Every field of every object type and interface of the schema.
    fn fields() -> Vec<(String, String)> {
        let schema = parse_schema(crate::graphql::sdl()).expect("the schema");
        let of_type = |definition| {
            let TypeSystemDefinition::Type(ty) = definition else { return Vec::new() };
            let name = ty.node.name.node.to_string();
            let fields = match ty.node.kind {
                TypeKind::Object(object) => object.fields,
                TypeKind::Interface(interface) => interface.fields,
                _ => return Vec::new(),
            };
            fields.into_iter().map(|field| (name.clone(), field.node.name.node.to_string())).collect()
        };
        schema.definitions.into_iter().flat_map(of_type).collect()
    }

    #[test]
    fn every_field_of_the_schema_has_one_decision_and_no_decision_is_left_over() {
        let mut fields = fields();
        assert!(fields.len() > 300, "{}", fields.len());
        let decided = TABLE.iter().flat_map(|(ty, _, fields)| fields.split_whitespace().map(move |field| (*ty, field)));
        let mut decided: Vec<(String, String)> = decided.map(|(ty, field)| (ty.to_owned(), field.to_owned())).collect();
        fields.sort();
        decided.sort();
        for field in &fields {
            assert!(decided.contains(field), "{}.{}: graphql/rights.rs has no decision", field.0, field.1);
        }
        for pair in decided.windows(2) {
            assert_ne!(pair[0], pair[1], "two decisions");
        }
        for decision in &decided {
            assert!(fields.contains(decision), "{}.{} is not in the schema", decision.0, decision.1);
        }
    }

    fn permissions(role: Role) -> Permissions {
        Policy::default().of(role)
    }

    /// The table of the contract, row by row.
    #[test]
    fn a_role_has_the_rights_of_the_contract() {
        use Role::{Admin, Analyst, Reader, Service};
        let of = |settings: &str, right| {
            let settings = Settings::read(Some((std::path::Path::new("t.toml"), settings)), []).expect("settings");
            let policy = Policy::new(&settings);
            Role::ALL.into_iter().filter(|role| has(&policy.of(*role), right)).collect::<Vec<_>>()
        };
        let plain = |right| of("[access]", right);
        assert_eq!(plain(Right::Any), Role::ALL);
        assert_eq!(plain(Right::Events), [Service, Admin]);
        assert_eq!(plain(Right::Figures), [Reader, Analyst, Admin]);
        assert_eq!(plain(Right::People), [Reader, Admin]);
        assert_eq!(plain(Right::Profiles), [Reader, Admin]);
        for right in [Right::Decisions, Right::Segments, Right::Admin] {
            assert_eq!(plain(right), [Admin]);
        }
        let all = "[access.reader]\nedits = true\n[access.analyst]\nedits = true\npeople = true\n";
        assert_eq!(of(all, Right::Events), [Service, Admin]);
        assert_eq!(of(all, Right::People), [Reader, Analyst, Admin]);
        assert_eq!(of(all, Right::Profiles), [Reader, Admin]);
        assert_eq!(of(all, Right::Decisions), [Reader, Admin]);
        assert_eq!(of(all, Right::Segments), [Reader, Analyst, Admin]);
        assert_eq!(of(all, Right::Admin), [Admin]);
    }

    #[test]
    fn a_field_without_a_decision_is_for_administrators() {
        for role in Role::ALL {
            let own = permissions(role);
            assert_eq!(allows(&own, "Customer", "secret"), role == Role::Admin);
            assert_eq!(allows(&own, "Secret", "id"), role == Role::Admin);
            assert!(allows(&own, "Query", "__schema") && allows(&own, "__Type", "name"));
        }
    }

    /// Types with names of the real schema.
    mod small {
        use async_graphql::{Object, SimpleObject};

        pub(super) struct Query;

        #[Object]
        impl Query {
            async fn customer(&self) -> Option<Customer> {
                Some(Customer { id: 1, traits: vec![2, 3] })
            }
            async fn customers(&self) -> Vec<Customer> {
                vec![Customer { id: 1, traits: Vec::new() }]
            }
            async fn status(&self) -> i32 {
                4
            }
            async fn viewer(&self) -> i32 {
                5
            }
            async fn identity_health(&self) -> Option<i32> {
                Some(6)
            }
        }

        #[derive(SimpleObject)]
        pub(super) struct Customer {
            pub(super) id: i32,
            pub(super) traits: Vec<i32>,
        }
    }

    /// The data of an answer for a role, and the paths that are FORBIDDEN.
    async fn ask(role: Option<Role>, query: &str) -> (serde_json::Value, Vec<String>) {
        use crate::access::Caller;
        use async_graphql::{EmptyMutation, EmptySubscription, Request, Schema};

        let schema = Schema::build(small::Query, EmptyMutation, EmptySubscription).extension(CheckRights).finish();
        let mut request = Request::new(query);
        if let Some(role) = role {
            let caller = Caller { permissions: permissions(role), ..Caller::everybody() };
            request = request.data(Viewer::of(Arc::new(caller), []));
        }
        let response = schema.execute(request).await;
        let path = |error: &ServerError| {
            let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
            assert_eq!(code, Some(&Value::from("FORBIDDEN")), "{error:?}");
            let segments = error.path.iter().map(|segment| match segment {
                PathSegment::Field(name) => name.clone(),
                PathSegment::Index(index) => index.to_string(),
            });
            segments.collect::<Vec<_>>().join(".")
        };
        let mut paths: Vec<String> = response.errors.iter().map(path).collect();
        paths.sort();
        (response.data.into_json().expect("JSON"), paths)
    }

    #[tokio::test]
    async fn a_refused_field_is_null_and_the_rest_is_answered() {
        use serde_json::json;

        let query = "{ a: customer { id list: traits } viewer identityHealth }";
        let whole = json!({"a": {"id": 1, "list": [2, 3]}, "viewer": 5, "identityHealth": 6});
        assert_eq!(ask(Some(Role::Admin), query).await, (whole, Vec::new()));
        let read = json!({"a": {"id": 1, "list": [2, 3]}, "viewer": 5, "identityHealth": null});
        assert_eq!(ask(Some(Role::Reader), query).await, (read, vec!["identityHealth".to_owned()]));
        let none = json!({"a": null, "viewer": 5, "identityHealth": null});
        for role in [Role::Analyst, Role::Service] {
            let paths = vec!["a".to_owned(), "identityHealth".to_owned()];
            assert_eq!(ask(Some(role), query).await, (none.clone(), paths));
        }
    }

    #[tokio::test]
    async fn what_cannot_be_null_takes_its_parent_with_it_and_a_fragment_hides_nothing() {
        use serde_json::json;

        assert_eq!(
            ask(Some(Role::Analyst), "{ status viewer }").await,
            (json!({"status": 4, "viewer": 5}), Vec::new())
        );
        let refused = (serde_json::Value::Null, vec!["status".to_owned()]);
        assert_eq!(ask(Some(Role::Service), "{ viewer status }").await, refused);
        let hidden = "query { ...f } fragment f on Query { ... on Query { x: customers { id } } }";
        assert_eq!(ask(Some(Role::Service), hidden).await, (serde_json::Value::Null, vec!["x".to_owned()]));
        assert_eq!(ask(None, "{ viewer }").await, (serde_json::Value::Null, vec!["viewer".to_owned()]));
        let (data, paths) = ask(Some(Role::Service), "{ __schema { queryType { name } } __typename }").await;
        assert_eq!((&data["__schema"]["queryType"]["name"], paths.len()), (&json!("Query"), 0), "the schema is public");
    }
}
