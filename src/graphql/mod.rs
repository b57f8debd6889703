//! The GraphQL API: the schema, one file per noun, and the way from a request to its answer.
//!
//! * [`execute`] takes a request: measures it ([`limits`]), parses it once, validates it, runs it within a time, and gives
//!   every error a code ([`error`]).
//! * [`query`], [`mutation`] and [`change`] are the roots; each noun has a file with its type.
//! * [`load`] reads from the store: one key type and one batched read per question. [`shape`] looks ahead.
//! * [`id`] and [`page`] make ids and cursors.
//!
//! To add a type: a file with its noun, the struct, its `#[Object]` block and its `fetch` or `page`; a key in [`load`] when
//! it is read below a customer; a letter in [`id`] when it has an id; then `throughline schema > schema.graphql`.
//!
//! Knows neither HTTP nor which store it is.

pub mod activity;
mod alone;
pub mod candidate;
pub mod change;
pub mod claim;
pub mod consent;
pub mod customer;
pub mod customer_journey;
pub mod customers;
pub mod decision;
pub mod device;
pub mod error;
pub mod execute;
pub mod health;
pub mod id;
pub mod identifier;
pub mod identity_event;
pub mod ingest;
pub mod journeys;
mod known;
pub mod limits;
pub mod link;
pub mod load;
pub mod mutation;
pub mod node;
pub mod order;
pub mod page;
pub mod problem;
pub mod product;
pub mod query;
pub mod rules;
pub mod scalar;
pub mod shape;
pub mod spend;
pub mod status;
pub mod step;
pub mod touchpoint;
pub mod viewer;

use std::sync::Arc;

use async_graphql::{Request, SDLExportOptions, ValidationMode};

use crate::changes::feed::Feed;
use crate::domain::claim::TraitPolicies;
use crate::domain::identifier::IdentifierKey;
use crate::domain::time::Timestamp;
use crate::ingest::Ingest;
use crate::ingest::clock::{self, Clock};
use crate::journeys::property::Properties;
use crate::projection::Journeys;
use crate::settings::Settings;
use crate::store::Store;
pub use viewer::Viewer;

/// The schema, ready to run.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, change::Changes>;

/// Reads an identifier as a person would write it: kind and value to the key it is stored under;
/// `None` when no store has it.
pub type Normalise = dyn Fn(&str, &str) -> Option<IdentifierKey> + Send + Sync;

/// What resolvers need beside the store.
#[derive(Clone)]
pub struct Setup {
    /// Which of several values of a trait is shown.
    pub traits: TraitPolicies,
    /// How identifiers are looked up.
    pub normalise: Arc<Normalise>,
    /// The server's clock.
    pub clock: Clock,
    /// The dimensions that journeys have beside the fixed ones.
    pub dimensions: Arc<Properties>,
    /// Journeys of all customers; `None` where nothing keeps them.
    pub journeys: Option<Journeys>,
}

impl Setup {
    /// What the settings say, by the system's clock. Identifiers are looked up as `ingest` reads them,
    /// by the rules in force.
    pub fn new(settings: &Settings, ingest: Arc<Ingest>) -> Self {
        Setup {
            traits: settings.traits.clone(),
            normalise: Arc::new(move |kind, value| ingest.reader().identifiers().sought(kind, value)),
            clock: clock::system(),
            dimensions: Arc::new(Properties::new(&settings.journeys.dimensions)),
            journeys: None,
        }
    }

    fn normalise(&self, kind: &str, value: &str) -> Option<IdentifierKey> {
        (self.normalise)(kind, value)
    }

    /// The same with the journeys of all customers.
    #[must_use]
    pub fn with_journeys(self, journeys: Journeys) -> Self {
        Setup { journeys: Some(journeys), ..self }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

/// Builds the schema on what it needs; events go to `ingest`, changes come from `feed`.
pub fn schema(setup: Setup, ingest: Arc<Ingest>, feed: Arc<Feed>) -> Schema {
    builder().data(setup).data(ingest).data(feed).finish()
}

/// The same for what was found valid before: it does not validate again.
pub fn schema_of_valid(setup: Setup, ingest: Arc<Ingest>, feed: Arc<Feed>) -> Schema {
    builder().data(setup).data(ingest).data(feed).validation_mode(ValidationMode::Fast).finish()
}

/// The same, in which a nullable field is null by itself also when its argument cannot be read.
pub fn schema_of_fields_alone(setup: Setup, ingest: Arc<Ingest>, feed: Arc<Feed>) -> Schema {
    builder().data(setup).data(ingest).data(feed).extension(alone::Alone).finish()
}

/// The schema's text, as `schema.graphql` holds it.
pub fn sdl() -> String {
    builder().finish().sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// A request as one `viewer` sends it, with a loader of its own.
pub fn with_viewer(request: Request, store: Arc<dyn Store>, viewer: Viewer) -> Request {
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
