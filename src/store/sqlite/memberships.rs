//! Which identifiers a customer had at a moment, and which customer an identifier had.

use rusqlite::Connection;

use super::row::{arrival, text};
use super::statement::statements;
use crate::domain::customer::CustomerId;
use crate::domain::{IdentifierId, Moment};
use crate::store::Result;

statements! {
    CUSTOMER_ID = "customers/fetch_id";
    CUSTOMER_AS_OF = "customers/fetch_by_id_as_of";
    MERGE_AS_OF = "customers/fetch_merge_as_of";
    FORMER_AS_OF = "customers/list_former_as_of";
    LIST_AS_OF = "memberships/list_as_of";
    HOLDER_AS_OF = "memberships/fetch_holder_as_of";
}

/// The customer that an id stood for. `None` when the id was not issued yet.
pub(super) fn customer(db: &Connection, id: &CustomerId, moment: Moment) -> Result<Option<i64>> {
    let born = CUSTOMER_AS_OF.on(db)?.first((&*id.0, moment.end().0), |row| Ok(row.get(0)?))?;
    let Some(mut born) = born else { return Ok(None) };
    let mut merged = MERGE_AS_OF.on(db)?;
    while let Some(into) = merged.first([born, moment.change], |row| Ok(row.get(0)?))? {
        born = into;
    }
    Ok(Some(born))
}

/// The customers that had been merged into a customer, directly or through others, in order of birth.
pub(super) fn former(db: &Connection, born: i64, moment: Moment) -> Result<Vec<i64>> {
    let mut absorbed = FORMER_AS_OF.on(db)?;
    let mut all = vec![born];
    let mut next = 0;
    while let Some(&customer) = all.get(next) {
        absorbed.all([customer, moment.change], &mut all, |row| Ok(row.get(0)?))?;
        next += 1;
    }
    all.remove(0);
    all.sort_unstable();
    Ok(all)
}

/// The identifiers of a customer.
pub(super) fn list(db: &Connection, born: i64, moment: Moment) -> Result<Vec<IdentifierId>> {
    let mut members = Vec::new();
    LIST_AS_OF.on(db)?.all([born, moment.change], &mut members, |row| arrival(row, 0))?;
    Ok(members)
}

/// The customer that an identifier belonged to.
pub(super) fn holder(db: &Connection, identifier: IdentifierId, moment: Moment) -> Result<Option<i64>> {
    HOLDER_AS_OF.on(db)?.first([identifier.0, moment.change], |row| Ok(row.get(0)?))
}

/// The id of a customer.
pub(super) fn id_of(db: &Connection, born: i64) -> Result<Option<CustomerId>> {
    CUSTOMER_ID.on(db)?.first([born], |row| Ok(CustomerId(text(row, 0)?)))
}
