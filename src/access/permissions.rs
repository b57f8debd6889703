//! What a caller may do and see: its role, and what the settings add to it.
//!
//! This is the one place where a request's permissions are put together. Which field needs what is in
//! [`graphql::rights`](crate::graphql::rights); what a mask covers is in [`Masks`].

use std::sync::Arc;

use crate::domain::access_key::Role;
use crate::domain::masks::Masks;
use crate::domain::rules::WrittenKind;
use crate::settings::Settings;

/// What a caller may do and see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Its role.
    pub role: Role,
    /// Whether it may decide: for a reader about customers and segments, for an analyst about segments.
    pub edits: bool,
    /// Whether an analyst sees customers by id and name.
    pub people: bool,
    /// What is masked for its role.
    personal: Arc<[Arc<str>]>,
    /// What it sees of that.
    sees: Arc<[Arc<str>]>,
}

impl Permissions {
    /// May do and see everything.
    pub fn all() -> Self {
        Policy::default().of(Role::Admin)
    }

    /// The masks under these rules. An administrator has none.
    pub fn masks<'k>(&self, kinds: impl IntoIterator<Item = &'k WrittenKind>) -> Masks {
        if self.role == Role::Admin {
            return Masks::default();
        }
        let masks = Masks::of(&self.personal, &self.sees, kinds);
        if self.role == Role::Reader { masks } else { masks.with_only_names() }
    }
}

/// What the settings say about all roles.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    personal: Arc<[Arc<str>]>,
    reader_sees: Arc<[Arc<str>]>,
    reader_edits: bool,
    analyst_people: bool,
    analyst_edits: bool,
}

impl Policy {
    /// From `[privacy] personal`, `[access.reader]` and `[access.analyst]`.
    pub fn new(settings: &Settings) -> Self {
        let access = settings.access.clone().unwrap_or_default();
        Policy {
            personal: settings.privacy.personal.clone().into(),
            reader_sees: access.reader.sees.into(),
            reader_edits: access.reader.edits,
            analyst_people: access.analyst.people,
            analyst_edits: access.analyst.edits,
        }
    }

    /// The permissions of a role.
    pub fn of(&self, role: Role) -> Permissions {
        let sees = if role == Role::Reader { self.reader_sees.clone() } else { Arc::default() };
        Permissions {
            role,
            edits: match role {
                Role::Reader => self.reader_edits,
                Role::Analyst => self.analyst_edits,
                Role::Service => false,
                Role::Admin => true,
            },
            people: match role {
                Role::Analyst => self.analyst_people,
                Role::Reader | Role::Admin => true,
                Role::Service => false,
            },
            personal: self.personal.clone(),
            sees,
        }
    }
}
