//! Identities for machines: which customer has an identifier, and which other identifiers this customer has. Without a
//! document, as plain JSON that a machine can cache.

use std::sync::Arc;

use async_graphql::Error;
use async_trait::async_trait;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::{Code, PlainError, coded, store_error};
use super::execute::TIME_LIMIT;
use super::id::NodeId;
use super::identifier::IdentifierInput;
use super::known_names::find_kind_in;
use super::load::names_in_use;
use super::viewer;
use super::viewer::Viewer;
use crate::access::Caller;
use crate::domain::customer::CustomerView;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::purpose::Purpose;
use crate::ingest::Ingest;
use crate::store::query::{CustomerKey, FirstPages, IdentifierRef, Shape};
use crate::store::share::{self, Share};
use crate::store::{Reads, Store, StoreError};

/// The identity that an identifier belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The id of the customer, as in GraphQL. `None` for an identifier without a customer, such as a shared one.
    pub customer_id: Option<String>,
    /// Made of all other fields, so it changes exactly when one of them does.
    pub version: String,
    /// All identifiers of the customer, by kind and value as they are shown. Without a customer, the identifier alone.
    pub identifiers: Vec<IdentityIdentifier>,
    /// The ids of the customers that were merged into this one, the oldest first.
    pub former_ids: Vec<String>,
}

/// An identifier of an [`Identity`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct IdentityIdentifier {
    /// The kind.
    pub kind: Arc<str>,
    /// The normalised value, or `•••` and a token when it is masked, as in GraphQL.
    pub value: Arc<str>,
    /// Whether several people share it.
    pub shared: bool,
    /// Whether the value is masked. Left out when it is not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
}

/// Finds identities.
#[async_trait]
pub trait FindIdentities: Send + Sync {
    /// The identity of each identifier as the caller sees it, in their order; `None` where an identifier was never seen, and
    /// where the purpose hides its customer.
    /// `argument` names the identifier at an index, for errors.
    ///
    /// # Errors
    /// When a kind is unknown, when the store fails, or when it takes longer than 10 s.
    async fn find(
        &self,
        caller: Arc<Caller>,
        purpose: Option<&Purpose>,
        asked: &[IdentifierInput],
        argument: fn(usize) -> String,
    ) -> Result<Vec<Option<Identity>>, PlainError>;
}

/// The identities in a store. Values are normalised by the rules of `ingest`.
#[derive(Clone)]
pub struct Identities {
    store: Arc<dyn Store>,
    ingest: Arc<Ingest>,
}

#[async_trait]
impl FindIdentities for Identities {
    async fn find(
        &self,
        caller: Arc<Caller>,
        purpose: Option<&Purpose>,
        asked: &[IdentifierInput],
        argument: fn(usize) -> String,
    ) -> Result<Vec<Option<Identity>>, PlainError> {
        let viewer = viewer(caller, &self.ingest).for_purpose(purpose, &self.store, self.ingest.clock());
        let store = viewer.shown().map_or(self.store.clone(), |shown| shown.clone() as Arc<dyn Store>);
        let read = async {
            let keys = self.keys(asked, argument).await?;
            read(&*store, &keys, &viewer).await.map_err(store_error)
        };
        let read = share::within(Some(Share::of(self.store.share())), read);
        let late = || {
            let message = format!("it took longer than {} s: ask for less", TIME_LIMIT.as_secs());
            PlainError::from(coded(Code::Timeout, message))
        };
        Ok(tokio::time::timeout(TIME_LIMIT, read).await.map_err(|_| late())??)
    }
}

impl Identities {
    /// Of this store.
    pub fn new(store: Arc<dyn Store>, ingest: Arc<Ingest>) -> Self {
        Identities { store, ingest }
    }

    /// The keys in the store. `None` for a value that no event can have.
    async fn keys(
        &self,
        asked: &[IdentifierInput],
        argument: fn(usize) -> String,
    ) -> Result<Vec<Option<IdentifierKey>>, Error> {
        let reader = self.ingest.reader();
        let listed = reader.identifiers();
        // Most callers ask for the kinds of the rules, which need no read.
        if asked.iter().any(|asked| !listed.is_listed(&asked.kind))
            && let Some(names) = names_in_use(&*self.store).await.map_err(store_error)?
        {
            for (n, asked) in asked.iter().enumerate() {
                find_kind_in(listed, &names, &asked.kind).map_err(|unknown| unknown.at(&argument(n)))?;
            }
        }
        Ok(asked.iter().map(|asked| listed.sought(&asked.kind, &asked.value)).collect())
    }
}

/// One read for all customers, and one more for identifiers without a customer.
async fn read(
    store: &dyn Store,
    keys: &[Option<IdentifierKey>],
    viewer: &Viewer,
) -> Result<Vec<Option<Identity>>, StoreError> {
    let mut found: Vec<Option<Identity>> = vec![None; keys.len()];
    let mut open: Vec<(usize, &IdentifierKey)> =
        keys.iter().enumerate().filter_map(|(n, key)| Some((n, key.as_ref()?))).collect();
    // An identifier can get a customer between the two reads; then the second round finds it.
    for _ in 0..2 {
        open = customers(store, open, &mut found, viewer).await?;
        if open.is_empty() {
            break;
        }
        let refs: Vec<IdentifierRef> = open.iter().map(|(_, key)| IdentifierRef::Key((*key).clone())).collect();
        let rows = store.identifiers(&refs).await?;
        let mut again = Vec::new();
        for ((n, key), row) in open.into_iter().zip(rows) {
            match row {
                Some(row) if row.customer.is_some() && !row.is_shared() => again.push((n, key)),
                row => found[n] = row.as_ref().map(|row| Identity::without_customer(row, viewer)),
            }
        }
        open = again;
    }
    Ok(found)
}

/// Reads the customers of keys, and returns the keys without a customer.
async fn customers<'k>(
    reads: &(impl Reads + ?Sized),
    keys: Vec<(usize, &'k IdentifierKey)>,
    found: &mut [Option<Identity>],
    viewer: &Viewer,
) -> Result<Vec<(usize, &'k IdentifierKey)>, StoreError> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let asked: Vec<CustomerKey> = keys.iter().map(|(_, key)| CustomerKey::Identifier((*key).clone())).collect();
    let views = reads.customers(&asked, Shape::Name, FirstPages { orders: 0, touchpoints: 0 }).await?;
    let mut without = Vec::new();
    for ((n, key), view) in keys.into_iter().zip(views) {
        match view? {
            Some(view) => found[n] = Some(Identity::of(&view, key, viewer)),
            None => without.push((n, key)),
        }
    }
    Ok(without)
}

impl Identity {
    /// The identity of `key`, which the customer has.
    fn of(view: &CustomerView, key: &IdentifierKey, viewer: &Viewer) -> Self {
        // A customer without other identifiers keeps a shared one, so that its id still finds it. It is not a person.
        if let Some(shared) = view.identifiers.iter().find(|own| own.key == *key && own.is_shared()) {
            return Self::without_customer(shared, viewer);
        }
        let former = view.customer.former_ids.iter().map(NodeId::of_customer).collect();
        let identifiers = view.identifiers.iter().map(|row| listed(row, viewer)).collect();
        Self::new(Some(NodeId::of_customer(&view.customer.id)), identifiers, former)
    }

    fn without_customer(row: &Identifier, viewer: &Viewer) -> Self {
        Self::new(None, vec![listed(row, viewer)], Vec::new())
    }

    fn new(customer_id: Option<String>, mut identifiers: Vec<IdentityIdentifier>, former_ids: Vec<String>) -> Self {
        // An older event changes which one was seen first, but not who it is. Order and version are those of the values as
        // they are shown, so they tell nothing about masked ones.
        identifiers.sort_unstable();
        let mut identity = Identity { customer_id, version: String::new(), identifiers, former_ids };
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&identity).unwrap_or_default());
        identity.version = const_hex::encode(&hash.finalize()[..16]);
        identity
    }
}

fn listed(row: &Identifier, viewer: &Viewer) -> IdentityIdentifier {
    let masked = viewer.masks.hides_kind(&row.key.kind);
    let value = if masked { viewer.token(&row.key).into() } else { row.key.value.clone() };
    IdentityIdentifier { kind: row.key.kind.clone(), value, shared: row.is_shared(), masked }
}
