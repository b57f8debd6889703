//! The caller of a request.

use std::sync::Arc;

use async_graphql::{Enum, Error, Object};

use super::error::{Code, coded};
use crate::access::{Caller, Permissions};
use crate::domain::masks::Masks;
use crate::domain::purpose::Purpose;
use crate::domain::rules::WrittenKind;
use crate::domain::{IdentifierKey, access_key};
use crate::ingest::clock::Clock;
use crate::purposes::ForPurpose;
use crate::store::Store;

/// The caller of a request, with its permissions. Resolvers check it before they show or test personal data.
///
/// Without `[access]` in the settings every caller sees everything: [`Viewer::all`].
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The store as the purpose of the request shows it. `None` when everybody is shown.
    shown: Option<Arc<ForPurpose>>,
    caller: Arc<Caller>,
    /// What it does not see.
    pub(super) masks: Arc<Masks>,
}

impl Viewer {
    /// A caller that sees everything.
    pub fn all() -> Self {
        Viewer { shown: None, caller: Arc::new(Caller::everybody()), masks: Arc::default() }
    }

    /// The viewer of a caller. `kinds` are those of the identity rules.
    pub fn of<'k>(caller: Arc<Caller>, kinds: impl IntoIterator<Item = &'k WrittenKind>) -> Self {
        let masks = Arc::new(caller.permissions.masks(kinds));
        Viewer { shown: None, caller, masks }
    }

    /// The viewer of a request with this purpose. When the purpose needs consent, only people with a grant are shown.
    #[must_use]
    pub fn for_purpose(self, purpose: Option<&Purpose>, store: &Arc<dyn Store>, clock: &Clock) -> Self {
        Viewer { shown: ForPurpose::over(store, purpose, clock), ..self }
    }

    /// The store as the request's purpose shows it. `None` when everybody is shown.
    pub(super) fn shown(&self) -> Option<&Arc<ForPurpose>> {
        self.shown.as_ref()
    }

    /// Refuses what is about everybody, for a purpose that does not show everybody.
    pub(super) fn check_shows_everybody(&self) -> Result<(), Error> {
        match &self.shown {
            None => Ok(()),
            Some(shown) => {
                let message = format!("it is about everybody, and not for the purpose \"{}\"", shown.purpose());
                Err(coded(Code::Forbidden, message))
            }
        }
    }

    /// The caller's name, as the author of a decision.
    pub fn author(&self) -> Arc<str> {
        self.caller.name.clone()
    }

    /// What the caller may do and see.
    pub fn permissions(&self) -> &Permissions {
        &self.caller.permissions
    }

    /// The source of the caller's events, which counts more than the source that an event names.
    pub fn source_of_events(&self) -> Option<Arc<str>> {
        self.caller.source.clone()
    }

    /// What to show in place of a masked identifier: `•••` and a token, which is the same for the same value and all
    /// callers of this role.
    pub fn token(&self, key: &IdentifierKey) -> String {
        let token = self.caller.tokens.as_ref().map(|tokens| tokens.identifier(&key.kind, &key.value));
        format!("\u{2022}\u{2022}\u{2022}{}", token.unwrap_or_default())
    }
}

/// What a caller may do and see.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sees profiles and figures; personal values are masked.
    Reader,
    /// Sees figures; personal values are masked.
    Analyst,
    /// Sends events of one source.
    Service,
    /// May do and see everything.
    Admin,
}

/// The caller of this request.
#[Object]
impl Viewer {
    /// The name. `anonymous` on a server that asks for no key.
    async fn name(&self) -> &str {
        &self.caller.name
    }

    /// What it may do and see.
    async fn role(&self) -> Role {
        match self.caller.role() {
            access_key::Role::Reader => Role::Reader,
            access_key::Role::Analyst => Role::Analyst,
            access_key::Role::Service => Role::Service,
            access_key::Role::Admin => Role::Admin,
        }
    }

    /// The source of its events. Null for other roles than SERVICE.
    async fn source(&self) -> Option<&str> {
        self.caller.source.as_deref()
    }

    /// The purposes that it is bound to. Null when it is bound to none.
    async fn purposes(&self) -> Option<Vec<&str>> {
        let purposes = &self.caller.purposes;
        (!purposes.is_empty()).then(|| purposes.iter().map(|purpose| &**purpose).collect())
    }

    /// What it does not see: kinds of identifiers, traits as `traits.<name>`, or `traits.*` for all, and properties of
    /// touchpoints as `properties.<path>`. With a kind also the traits and properties that it is read from are masked.
    async fn masks(&self) -> Vec<&str> {
        self.masks.names().iter().map(|mask| &**mask).collect()
    }
}
