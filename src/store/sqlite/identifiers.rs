//! Identifiers: found by key or by id, listed by customer; and the owners of a read.

use rusqlite::{Connection, Row};

use super::row::{arrival, json, optional_text, text, time};
use super::statement::{Prepared, statements};
use super::{links, memberships, orders};
use crate::domain::customer::CustomerId;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::rollup::{ChannelRollup, Rollup};
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::as_of::bounds;
use crate::store::query::{IdentifierRef, Of};

statements! {
    IDENTIFIER_BY_KEY = "identifiers/fetch_by_key";
    IDENTIFIER_BY_ID = "identifiers/fetch_by_id";
    WITHOUT_FIGURES = "identifiers/list_without_figures";
    IDENTIFIERS_OF_CUSTOMER = "identifiers/list";
    MEMBERS_OF_CUSTOMER = "memberships/list";
    ID = "identifiers/fetch_id";
    AS_OF = "identifiers/fetch_as_of";
    FIGURES_AS_OF = "identifiers/list_figures_as_of";
    TOUCHED_AS_OF = "identifiers/list_touched_as_of";
    SEEN_ALONE_AS_OF = "identifiers/list_seen_alone_as_of";
}

/// One identifier per key, in their order, with the customer that has it.
pub(super) fn fetch(db: &Connection, keys: &[IdentifierRef], as_of: Option<Moment>) -> Result<Vec<Option<Identifier>>> {
    if let Some(moment) = as_of {
        return keys.iter().map(|key| fetch_as_of(db, key, moment)).collect();
    }
    let mut by_key = IDENTIFIER_BY_KEY.on(db)?;
    let mut by_id = IDENTIFIER_BY_ID.on(db)?;
    keys.iter()
        .map(|key| match key {
            IdentifierRef::Key(key) => by_key.first((&*key.kind, &*key.value), decode),
            IdentifierRef::Id(id) => by_id.first([id.0], decode),
        })
        .collect()
}

fn fetch_as_of(db: &Connection, key: &IdentifierRef, moment: Moment) -> Result<Option<Identifier>> {
    let Some(id) = id_of(db, key)?.filter(|id| moment.has(*id)) else { return Ok(None) };
    let holder = memberships::holder(db, id, moment)?;
    let customer = holder.map(|born| memberships::id_of(db, born)).transpose()?.flatten();
    counted(db, id, customer, moment)
}

/// The id of an identifier.
pub(super) fn id_of(db: &Connection, key: &IdentifierRef) -> Result<Option<IdentifierId>> {
    match key {
        IdentifierRef::Id(id) => Ok(Some(*id)),
        IdentifierRef::Key(key) => ID.on(db)?.first((&*key.kind, &*key.value), |row| arrival(row, 0)),
    }
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

/// The same without figures.
pub(super) fn without_figures(db: &Connection, born: i64, id: &CustomerId) -> Result<Vec<Identifier>> {
    let mut identifiers = Vec::new();
    WITHOUT_FIGURES.on(db)?.all([born], &mut identifiers, |row| {
        Ok(Identifier {
            id: arrival(row, 0)?,
            key: IdentifierKey { kind: text(row, 1)?, value: text(row, 2)? },
            first_seen_at: time(row, 3)?,
            last_seen_at: time(row, 4)?,
            customer: Some(id.clone()),
            rollup: Rollup::default(),
            shared_since: row.get(5)?,
        })
    })?;
    identifiers.sort_by_key(|i| (i.first_seen_at, i.id));
    Ok(identifiers)
}

/// The identifiers of each read, now or as of a moment.
pub(super) struct Owners<'c> {
    db: &'c Connection,
    members: Prepared<'c>,
    as_of: Option<Moment>,
}

impl<'c> Owners<'c> {
    pub(super) fn new(db: &'c Connection, as_of: Option<Moment>) -> Result<Self> {
        Ok(Owners { db, members: MEMBERS_OF_CUSTOMER.on(db)?, as_of })
    }

    /// The identifiers of the customer, or of the customer it was merged into; or the one identifier.
    pub(super) fn of(&mut self, of: &Of) -> Result<Vec<IdentifierId>> {
        let mut ids = Vec::new();
        match (of, self.as_of) {
            (Of::Identifier(id), as_of) => ids.extend(as_of.is_none_or(|moment| moment.has(*id)).then_some(*id)),
            (Of::Customer(id), None) => self.members.all([&*id.0], &mut ids, |row| arrival(row, 0))?,
            (Of::Customer(id), Some(moment)) => {
                if let Some(born) = memberships::customer(self.db, id, moment)? {
                    ids = memberships::list(self.db, born, moment)?;
                }
            }
        }
        Ok(ids)
    }
}

/// An identifier that existed at a moment, with its figures.
pub(super) fn counted(
    db: &Connection,
    id: IdentifierId,
    customer: Option<CustomerId>,
    moment: Moment,
) -> Result<Option<Identifier>> {
    let read = |row: &rusqlite::Row<'_>| {
        let key = IdentifierKey { kind: text(row, 0)?, value: text(row, 1)? };
        Ok((key, (time(row, 2)?, time(row, 3)?), row.get::<_, Option<i64>>(4)?))
    };
    let Some((key, now, shared_since)) = AS_OF.on(db)?.first([id.0], read)? else { return Ok(None) };
    let mut seen = Vec::new();
    let rollup = figures(db, id, moment)?;
    let mut touched: Vec<Option<(i64, i64)>> = Vec::new();
    TOUCHED_AS_OF
        .on(db)?
        .all([id.0, moment.end().0], &mut touched, |row| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get(1)?)))?;
    seen.extend(touched.into_iter().flatten().map(|(first, last)| (Timestamp(first), Timestamp(last))));
    links::seen_as_of(db, id, moment, &mut seen)?;
    SEEN_ALONE_AS_OF.on(db)?.all([id.0, moment.change], &mut seen, |row| Ok((time(row, 0)?, time(row, 1)?)))?;
    // What a file of version 1 did not keep is taken to be as it is now.
    let (first_seen_at, last_seen_at) = bounds(&seen).unwrap_or(now);
    let shared_since = shared_since.filter(|since| *since <= moment.change);
    Ok(Some(Identifier { id, key, first_seen_at, last_seen_at, customer, rollup, shared_since }))
}

/// The figures of an identifier at a moment, counted from its rows.
fn figures(db: &Connection, id: IdentifierId, moment: Moment) -> Result<Rollup> {
    let mut rollup = Rollup::default();
    let mut channels = Vec::new();
    FIGURES_AS_OF.on(db)?.all([id.0, moment.end().0, moment.change], &mut channels, |row| {
        let figures = ChannelRollup {
            touchpoints: row.get(1)?,
            sent: row.get::<_, f64>(2)? as i64,
            answered: row.get::<_, f64>(3)? as i64,
            last_at: time(row, 4)?,
        };
        Ok((text(row, 0)?, figures))
    })?;
    rollup.channels.extend(channels);
    for order in orders::all_of(db, &[id], Some(moment))? {
        if let Some((_, currency, part)) = order.figures() {
            rollup.count_order(currency, &part, 1);
        }
    }
    Ok(rollup)
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
