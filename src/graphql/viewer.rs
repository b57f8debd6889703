//! The caller of a request.

use std::sync::Arc;

use async_graphql::{Enum, Object};

use crate::access::Caller;
use crate::domain::access_key;

/// The caller of a request, with its permissions. Resolvers check it before they show personal data.
///
/// Without `[access]` in the settings every caller sees everything: [`Viewer::all`].
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The purpose of the request, when the caller gave one.
    pub purpose: Option<Arc<str>>,
    caller: Arc<Caller>,
    /// What is masked: kinds of identifiers, and traits as `traits.<name>` or `traits.*`.
    masks: Arc<[Arc<str>]>,
}

impl Viewer {
    /// A caller that sees everything.
    pub fn all() -> Self {
        Viewer { purpose: None, caller: Arc::new(Caller::everybody()), masks: Arc::new([]) }
    }

    /// The viewer of a caller. `personal` is what only administrators see.
    pub fn of(caller: Arc<Caller>, personal: &Arc<[Arc<str>]>) -> Self {
        let masks = match caller.role {
            access_key::Role::Admin => Arc::new([]) as Arc<[Arc<str>]>,
            _ => personal.clone(),
        };
        Viewer { purpose: None, caller, masks }
    }

    /// The caller's name, as the author of a decision.
    pub fn author(&self) -> Arc<str> {
        self.caller.name.clone()
    }

    /// The caller's role.
    pub fn role_of_caller(&self) -> access_key::Role {
        self.caller.role
    }

    /// The source of the caller's events, which counts more than the source that an event names.
    pub fn source_of_events(&self) -> Option<Arc<str>> {
        self.caller.source.clone()
    }

    /// Whether identifiers of this kind are shown unmasked.
    pub fn sees_identifier(&self, kind: &str) -> bool {
        !self.masks.iter().any(|mask| **mask == *kind)
    }

    /// Whether values of this trait are shown unmasked.
    pub fn sees_trait(&self, name: &str) -> bool {
        let hides = |mask: &str| mask.strip_prefix("traits.").is_some_and(|hidden| hidden == "*" || hidden == name);
        !self.masks.iter().any(|mask| hides(mask))
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
        match self.caller.role {
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

    /// What it does not see: kinds of identifiers, and traits as `traits.<name>`, or `traits.*` for all.
    async fn masks(&self) -> Vec<&str> {
        self.masks.iter().map(|mask| &**mask).collect()
    }
}
