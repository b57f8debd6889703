//! Identifiers: found by key or by id, listed by customer, and whose rows a question is about.

use rusqlite::{Connection, Row};

use super::past;
use super::row::{arrival, json, optional_text, text, time};
use super::statement::{Prepared, statements};
use crate::domain::customer::CustomerId;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::{IdentifierId, Moment};
use crate::store::Result;
use crate::store::query::{IdentifierRef, Of};

statements! {
    IDENTIFIER_BY_KEY = "identifiers/fetch_by_key";
    IDENTIFIER_BY_ID = "identifiers/fetch_by_id";
    IDENTIFIERS_OF_CUSTOMER = "identifiers/list";
    MEMBERS_OF_CUSTOMER = "memberships/list";
}

/// One identifier per key, in their order.
pub(super) fn fetch(db: &Connection, keys: &[IdentifierRef]) -> Result<Vec<Option<Identifier>>> {
    let mut by_key = IDENTIFIER_BY_KEY.on(db)?;
    let mut by_id = IDENTIFIER_BY_ID.on(db)?;
    keys.iter()
        .map(|key| match key {
            IdentifierRef::Key(key) => by_key.first((&*key.kind, &*key.value), decode),
            IdentifierRef::Id(id) => by_id.first([id.0], decode),
        })
        .collect()
}

/// All identifiers of a customer, first seen first, ties by id.
pub(super) fn of_customer(db: &Connection, born: i64, id: &CustomerId) -> Result<Vec<Identifier>> {
    let mut identifiers = Vec::new();
    IDENTIFIERS_OF_CUSTOMER.on(db)?.all([born], &mut identifiers, |row| {
        let mut identifier = decode_without_customer(row)?;
        identifier.customer = Some(id.clone());
        Ok(identifier)
    })?;
    identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
    Ok(identifiers)
}

/// The identifiers each question is about, now or as of a moment.
pub(super) struct Owners<'c> {
    db: &'c Connection,
    members: Prepared<'c>,
    when: Option<Moment>,
}

impl<'c> Owners<'c> {
    pub(super) fn new(db: &'c Connection, when: Option<Moment>) -> Result<Self> {
        Ok(Owners { db, members: MEMBERS_OF_CUSTOMER.on(db)?, when })
    }

    /// Those of the customer, or of the one it became; or the one identifier.
    pub(super) fn of(&mut self, of: &Of) -> Result<Vec<IdentifierId>> {
        let mut ids = Vec::new();
        if let Some(moment) = self.when {
            return past::people::owners(self.db, of, moment);
        }
        match of {
            Of::Identifier(id) => ids.push(*id),
            Of::Customer(id) => self.members.all([&*id.0], &mut ids, |row| arrival(row, 0))?,
        }
        Ok(ids)
    }
}

/// `id, kind, value, first_seen_at, last_seen_at, rollup, shared_since, customer's id`.
pub(super) fn decode(row: &Row<'_>) -> Result<Identifier> {
    let mut identifier = decode_without_customer(row)?;
    identifier.customer = optional_text(row, 7)?.map(CustomerId);
    Ok(identifier)
}

/// `id, kind, value, first_seen_at, last_seen_at, rollup, shared_since`.
pub(super) fn decode_without_customer(row: &Row<'_>) -> Result<Identifier> {
    Ok(Identifier {
        id: arrival(row, 0)?,
        key: IdentifierKey { kind: text(row, 1)?, value: text(row, 2)? },
        first_seen_at: time(row, 3)?,
        last_seen_at: time(row, 4)?,
        customer: None,
        rollup: json(row, 5)?,
        shared_since: row.get(6)?,
    })
}
