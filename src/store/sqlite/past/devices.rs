//! Devices, as they had been seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::super::devices::MOST;
use super::super::identifiers::Owners;
use super::super::row::{arrival, optional_text, text, time};
use super::super::statement::statements;
use super::people::bounds;
use crate::domain::device::{Device, DeviceFact};
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::store::Result;
use crate::store::query::Of;

/// The first and the last.
type Times = (Timestamp, Timestamp);

statements! {
    DEVICE_ID = "devices/fetch_id";
    DEVICE_THEN = "devices/fetch_as_of";
    DEVICE_DESCRIBED_THEN = "devices/fetch_past";
    DEVICE_SEEN_THEN = "devices/list_seen_as_of";
    DEVICE_SEEN_ALONE_THEN = "devices/list_seen_alone_as_of";
    DEVICE_SEEN_ALONE_BY_THEN = "devices/list_seen_alone_by_as_of";
    DEVICE_OWNED_THEN = "devices/list_owned_as_of";
    DEVICE_CARRIED_THEN = "devices/list_carried_as_of";
    DEVICES_OF_IDENTIFIER_THEN = "devices/list_as_of";
    IDENTIFIERS_ON_DEVICE_THEN = "devices/list_identifiers_as_of";
}

/// One device per key, in their order, with everybody who lived on it, oldest first.
pub(super) fn fetch(db: &Connection, keys: &[Arc<str>], moment: Moment) -> Result<Vec<Option<Device>>> {
    let mut by_key = DEVICE_ID.on(db)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let id = by_key.first([&**key], |row| Ok(row.get(0)?))?;
        let mut device = id.map_or(Ok(None), |id| device(db, id, moment))?;
        if let Some(device) = &mut device {
            device.identifiers.truncate(MOST);
        }
        found.push(device);
    }
    Ok(found)
}

/// Every device of each: of a customer with the times of that customer, of an identifier with the device's own.
pub(super) fn list(db: &Connection, of: &[Of], moment: Moment) -> Result<Vec<Vec<Device>>> {
    let mut owners = Owners::new(db, Some(moment))?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, matches!(of, Of::Identifier(_)), moment)).collect()
}

/// Every device that `owners` lived on, last seen first, with those of them that did, and when they had been seen
/// there, or anybody when `own` says so.
pub(super) fn list_of(db: &Connection, owners: &[IdentifierId], own: bool, moment: Moment) -> Result<Vec<Device>> {
    let mut of_identifier = DEVICES_OF_IDENTIFIER_THEN.on(db)?;
    let mut lived: BTreeMap<i64, Vec<(IdentifierId, Times)>> = BTreeMap::new();
    for owner in owners {
        let mut ids: Vec<(i64, Times)> = Vec::new();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, (time(row, 1)?, time(row, 2)?)));
        of_identifier.all([owner.0, moment.change], &mut ids, read)?;
        ids.into_iter().for_each(|(id, now)| lived.entry(id).or_default().push((*owner, now)));
    }
    drop(of_identifier);
    let mut devices = Vec::with_capacity(lived.len());
    for (id, mut seen) in lived {
        seen.sort_unstable();
        let Some(mut device) = device(db, id, moment)? else { continue };
        if !own {
            let times: Vec<_> = seen
                .iter()
                .map(|(owner, now)| seen_on(db, id, &device.fact.key, *owner, *now, moment))
                .collect::<Result<_>>()?;
            (device.first_seen_at, device.last_seen_at) =
                bounds(&times).unwrap_or((device.first_seen_at, device.last_seen_at));
        }
        device.identifiers = seen.into_iter().map(|(owner, _)| owner).collect();
        devices.push(device);
    }
    devices.sort_by_key(|device| std::cmp::Reverse(device.rank()));
    devices.truncate(MOST);
    Ok(devices)
}

/// When an identifier had been seen on a device. Its touchpoints tell, and rows for events that made none; or else
/// what it carried for others, as the identifier of a browser does; or else what is known `now`.
fn seen_on(
    db: &Connection,
    device: i64,
    key: &str,
    identifier: IdentifierId,
    now: Times,
    moment: Moment,
) -> Result<Times> {
    let mut found: Vec<Option<(i64, i64)>> = Vec::new();
    let some = |row: &rusqlite::Row<'_>| Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?));
    let params = params![identifier.0, key, moment.end().0, moment.change];
    DEVICE_OWNED_THEN.on(db)?.all(params, &mut found, some)?;
    DEVICE_SEEN_ALONE_BY_THEN.on(db)?.all([device, identifier.0, moment.change], &mut found, some)?;
    if found.iter().all(Option::is_none) {
        DEVICE_CARRIED_THEN.on(db)?.all(params![identifier.0, key, moment.end().0], &mut found, some)?;
    }
    let times: Vec<_> = found.into_iter().flatten().map(|(a, b)| (Timestamp(a), Timestamp(b))).collect();
    Ok(bounds(&times).unwrap_or(now))
}

/// A device that was there, with everybody who lived on it. Whoever a touchpoint on it hangs on is among
/// them, so their touchpoints tell when it was seen, and for events that made none there are rows.
fn device(db: &Connection, id: i64, moment: Moment) -> Result<Option<Device>> {
    let read = |row: &rusqlite::Row<'_>| {
        let fact = DeviceFact {
            key: text(row, 0)?,
            kind: text(row, 1)?,
            os: optional_text(row, 2)?,
            model: optional_text(row, 3)?,
        };
        Ok((fact, (time(row, 4)?, time(row, 5)?)))
    };
    let Some((mut fact, now)) = DEVICE_THEN.on(db)?.first([id, moment.change], read)? else { return Ok(None) };
    let described = DEVICE_DESCRIBED_THEN
        .on(db)?
        .first([id, moment.change], |row| Ok((text(row, 0)?, optional_text(row, 1)?, optional_text(row, 2)?)))?;
    if let Some(described) = described {
        (fact.kind, fact.os, fact.model) = described;
    }
    let mut identifiers = Vec::new();
    IDENTIFIERS_ON_DEVICE_THEN.on(db)?.all([id, moment.change], &mut identifiers, |row| arrival(row, 0))?;
    let mut seen = Vec::new();
    let mut by_touchpoints = DEVICE_SEEN_THEN.on(db)?;
    for identifier in &identifiers {
        let mut found: Vec<Option<(i64, i64)>> = Vec::new();
        by_touchpoints.all(params![identifier.0, &*fact.key, moment.end().0], &mut found, |row| {
            Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
        })?;
        seen.extend(found.into_iter().flatten().map(|(first, last)| (Timestamp(first), Timestamp(last))));
    }
    DEVICE_SEEN_ALONE_THEN.on(db)?.all([id, moment.change], &mut seen, |row| Ok((time(row, 0)?, time(row, 1)?)))?;
    // What a file of version 1 did not keep is taken to be as it is now.
    let (first_seen_at, last_seen_at) = bounds(&seen).unwrap_or(now);
    Ok(Some(Device { fact, first_seen_at, last_seen_at, identifiers }))
}
