//! A store with short functions to apply events and to read it.

use std::sync::Arc;

use throughline::domain::customer::{CustomerId, CustomerView};
use throughline::domain::fact::Fact;
use throughline::domain::rules::IdentityRules;
use throughline::domain::{IdentifierId, IdentifierKey, Timestamp};
use throughline::stitching::{Batch, Outcome};
use throughline::store::query::{CustomerKey, FirstPages, IdentifierRef, Of, Shape};
use throughline::store::{Applied, Store};

use super::facts::{minute, rules};

/// A store and the rules for its batches.
pub struct World {
    pub store: Arc<dyn Store>,
    pub rules: IdentityRules,
}

impl World {
    /// With the default rules.
    pub fn new(store: Arc<dyn Store>) -> Self {
        World { store, rules: rules() }
    }

    /// Applies events as one batch, whose commit is in minute 1,000.
    pub async fn apply<E: Into<Fact>>(&self, events: impl IntoIterator<Item = E>) -> Applied {
        self.apply_at(minute(1_000), events).await
    }

    /// Applies events as one batch, with this time of the server's clock.
    pub async fn apply_at<E: Into<Fact>>(&self, at: Timestamp, events: impl IntoIterator<Item = E>) -> Applied {
        let batch = Batch { facts: events.into_iter().map(Into::into).collect() };
        self.store.apply(&self.rules, &batch, at).await.expect("the batch is stored")
    }

    /// Applies events one batch each.
    pub async fn apply_each<E: Into<Fact>>(&self, events: impl IntoIterator<Item = E>) {
        for event in events {
            self.apply([event]).await;
        }
    }

    /// Assigns all visits on shared devices, with this number of touchpoints at a time. The answer is how many touchpoints
    /// changed their owner.
    pub async fn assign_by(&self, piece: usize) -> usize {
        let mut moved = 0;
        while let Some(assigned) =
            self.store.assign_visits(&self.rules, &[], piece, minute(1_000)).await.expect("it is assigned")
        {
            moved += assigned.moved;
        }
        moved
    }

    /// The same with the usual number of touchpoints at a time.
    pub async fn assign_visits(&self) -> usize {
        self.assign_by(2_000).await
    }

    /// The whole view of the customer of an identifier.
    pub async fn find(&self, kind: &str, value: &str) -> Option<Arc<CustomerView>> {
        self.find_by(CustomerKey::Identifier(IdentifierKey::new(kind, value))).await
    }

    /// The whole view of the customer that a key finds.
    pub async fn find_by(&self, key: CustomerKey) -> Option<Arc<CustomerView>> {
        let pages = FirstPages { orders: 100, touchpoints: 100 };
        let answers = self.store.customers(&[key], Shape::All, pages).await.expect("an answer");
        answers.into_iter().next().expect("one answer per key").expect("no fault of the key")
    }

    /// The whole view of the customer of an identifier, which must exist.
    pub async fn customer(&self, kind: &str, value: &str) -> Arc<CustomerView> {
        self.find(kind, value).await.expect("a customer")
    }

    /// The id of the customer of an identifier.
    pub async fn id(&self, kind: &str, value: &str) -> CustomerId {
        self.customer(kind, value).await.customer.id.clone()
    }

    /// The owned rows of the customer of an identifier.
    pub async fn of(&self, kind: &str, value: &str) -> Of {
        Of::Customer(self.id(kind, value).await)
    }

    /// The id of an identifier.
    pub async fn identifier(&self, kind: &str, value: &str) -> IdentifierId {
        let key = IdentifierRef::Key(IdentifierKey::new(kind, value));
        let found = self.store.identifiers(&[key]).await.expect("an answer");
        found.into_iter().flatten().next().expect("an identifier").id
    }
}

/// Whether an outcome is CREATED.
pub fn is_created(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Created { .. })
}

/// Whether an outcome is UNCHANGED.
pub fn is_unchanged(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unchanged { .. })
}

/// The customer of an outcome.
pub fn customer_of(outcome: &Outcome) -> Option<CustomerId> {
    match outcome {
        Outcome::Created { customer, .. } | Outcome::Unchanged { customer } => customer.clone(),
        Outcome::Suppressed | Outcome::Refused { .. } => None,
    }
}

/// `kind:value` of every identifier of a view, sorted.
pub fn names(view: &CustomerView) -> Vec<String> {
    let mut names: Vec<String> = view.identifiers.iter().map(|i| i.key.to_string()).collect();
    names.sort();
    names
}
