//! The GraphQL API: the schema, one file per noun, and the way from a request to its answer.
//!
//! * [`execute`] takes a request: measures it ([`limits`]), parses it once, validates it, runs it within a time limit,
//!   and gives every error a code ([`error`]).
//! * [`query`], [`mutation`] and [`change`] are the roots; each type has a file.
//! * [`load`] reads from the store: one key type and one batched read per question. [`customer_parts`] looks ahead.
//! * [`id`] and [`page`] make ids and cursors.
//!
//! To add a type: a file with the type's name, the struct, its `#[Object]` block and its `fetch` or `page`; a key in
//! [`load`] when it is read below a customer; a letter in [`id`] when it has an id; then `throughline schema >
//! schema.graphql`.
//!
//! This layer does not know HTTP or which store it is.

pub mod activity;
pub mod candidate;
pub mod change;
pub mod change_arguments;
pub mod channel_choice;
pub mod claim;
pub mod condition;
pub mod condition_answer;
pub mod consent;
pub mod consent_record;
pub mod customer;
pub mod customer_figures;
pub mod customer_journey;
pub mod customer_parts;
pub mod customers;
pub mod decision;
pub mod device;
pub mod erasure;
pub mod error;
pub mod execute;
pub mod health;
mod history;
pub mod id;
pub mod identifier;
pub mod identities;
pub mod identity_event;
pub mod ingest;
pub mod journeys;
mod known_names;
pub mod limits;
pub mod link;
pub mod load;
pub mod mutation;
pub mod mutation_status;
pub mod node;
mod null_on_error;
pub mod order;
pub mod page;
pub mod picture;
pub mod problem;
pub mod product;
pub mod query;
pub mod rights;
pub mod rules;
pub mod scalar;
pub mod segment;
pub mod segment_membership;
pub mod segment_save;
pub mod segment_trial;
pub mod spend;
pub mod status;
pub mod step;
pub mod touchpoint;
pub mod viewer;

use std::sync::Arc;

use async_graphql::{Request, SDLExportOptions, ValidationMode};

use crate::access::Caller;
use crate::changes::feed::Feed;
use crate::domain::access_key::Role;
use crate::domain::claim::TraitPolicies;
use crate::domain::identifier::IdentifierKey;
use crate::domain::time::Timestamp;
use crate::ingest::Ingest;
use crate::ingest::clock::{self, Clock};
use crate::journeys::property::Properties;
use crate::members::everybody::EverybodyByPurpose;
use crate::members::judge::Setting;
use crate::members::live::LiveOptions;
use crate::projection::Journeys;
use crate::settings::Settings;
use crate::store::Store;
use execute::{Api, GraphqlRequest, UnreadableSchema};
pub use viewer::Viewer;

/// The schema, ready to run.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, change::Changes>;

/// Normalises an identifier: from kind and value to the key in the store. `None` when no event can have the value.
pub type Normalise = dyn Fn(&str, &str) -> Option<IdentifierKey> + Send + Sync;

/// The data that resolvers need beside the store.
#[derive(Clone)]
pub struct Setup {
    /// The policies that choose which value of a trait is shown.
    pub traits: TraitPolicies,
    /// Normalises identifiers for a look-up.
    pub normalise: Arc<Normalise>,
    /// The server's clock.
    pub clock: Clock,
    /// The configured dimensions of journeys.
    pub dimensions: Arc<Properties>,
    /// The journeys of all customers. `None` without a projection.
    pub journeys: Option<Journeys>,
    /// The sums over all customers of the store that are shown.
    pub everybody: EverybodyByPurpose,
}

impl Setup {
    /// From the settings, with the system's clock. Identifiers are normalised as `ingest` does, by the rules in force.
    pub fn new(settings: &Settings, ingest: Arc<Ingest>) -> Self {
        Setup {
            traits: settings.traits.clone(),
            normalise: Arc::new(move |kind, value| ingest.reader().identifiers().sought(kind, value)),
            clock: clock::system(),
            dimensions: Arc::new(Properties::new(&settings.journeys.dimensions)),
            journeys: None,
            everybody: EverybodyByPurpose::default(),
        }
    }

    fn normalise(&self, kind: &str, value: &str) -> Option<IdentifierKey> {
        (self.normalise)(kind, value)
    }

    /// Adds the journeys of all customers.
    #[must_use]
    pub fn with_journeys(self, journeys: Journeys) -> Self {
        Setup { journeys: Some(journeys), ..self }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// What the judge of saved segments needs beside a store.
pub fn live_options(setup: &Setup, ingest: &Arc<Ingest>) -> LiveOptions {
    let (of_setting, of_read, ingest) = (setup.clone(), setup.clone(), ingest.clone());
    LiveOptions {
        clock: setup.clock.clone(),
        setting: Arc::new(move || setting(&of_setting, &ingest)),
        read: Arc::new(move |saved, segment| {
            let read = condition::read::saved_condition(of_read.dimensions.names(), saved, segment);
            if let Err(error) = &read {
                tracing::debug!(segment = segment.id.0, error = %error.message, "a saved segment cannot be read");
            }
            read.ok()
        }),
    }
}

/// What is the same for all customers and segments.
fn setting(setup: &Setup, ingest: &Ingest) -> Setting {
    Setting { traits: setup.traits.clone(), session_gap: ingest.session_gap(), dimensions: setup.dimensions.clone() }
}

/// The API on a store. Events go to `ingest`, changes come from `feed`.
///
/// # Errors
/// When the text of the schema cannot be parsed.
pub fn api(
    store: &Arc<dyn Store>,
    setup: Setup,
    ingest: Arc<Ingest>,
    feed: Arc<Feed>,
) -> Result<Api, UnreadableSchema> {
    let build = || builder().data(setup.clone()).data(ingest.clone()).data(feed.clone());
    let (of_viewer, of_status) = (store.clone(), store.clone());
    let (kinds, clock) = (ingest.clone(), setup.clock.clone());
    let attach = move |request, asked: &GraphqlRequest| {
        // A request without a caller is refused before it runs. It gets no viewer and no loader.
        match asked.caller.clone() {
            Some(caller) => {
                let viewer = viewer(caller, &kinds).for_purpose(asked.purpose.as_ref(), &of_viewer, &clock);
                with_viewer(request, of_viewer.clone(), viewer)
            }
            None => request,
        }
    };
    let api = Api::new(build().finish(), attach)?;
    Ok(api
        .with_unvalidated(build().validation_mode(ValidationMode::Fast).finish())
        .with_null_on_error(build().extension(null_on_error::NullOnError).finish())
        .with_rights(build().extension(rights::CheckRights).finish())
        .reading_first("status", move |request| status::read_first(of_status.clone(), request))
        .sharing(store.share()))
}

/// The viewer of a caller, by the identity rules in force and those of the settings: both say what a kind is read from.
fn viewer(caller: Arc<Caller>, ingest: &Ingest) -> Viewer {
    if caller.role() == Role::Admin {
        return Viewer::of(caller, []);
    }
    let (own, stored) = (ingest.settings_rules(), ingest.written_rules());
    Viewer::of(caller, own.kinds.iter().chain(&stored.kinds))
}

/// The schema alone, without the limits and error codes of [`api`].
pub fn schema(setup: Setup, ingest: Arc<Ingest>, feed: Arc<Feed>) -> Schema {
    builder().data(setup).data(ingest).data(feed).finish()
}

/// The text of the schema, as in `schema.graphql`.
pub fn sdl() -> String {
    builder().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// Adds the viewer and a loader to a request. The loader reads what the viewer's purpose shows.
pub fn with_viewer(request: Request, store: Arc<dyn Store>, viewer: Viewer) -> Request {
    let store = viewer.shown().map_or(store, |shown| shown.clone() as Arc<dyn Store>);
    request.data(load::loaders(store)).data(viewer)
}

fn builder() -> async_graphql::SchemaBuilder<query::Query, mutation::Mutation, change::Changes> {
    Schema::build(query::Query, mutation::Mutation, change::Changes).register_output_type::<node::Node>()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_in_the_repository_is_the_one_that_is_served() {
        let printed = super::sdl();
        let kept = include_str!("../../schema.graphql");
        assert!(printed == kept, "schema.graphql is out of date: throughline schema > schema.graphql");
    }
}
