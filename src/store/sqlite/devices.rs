//! Devices and their identifiers.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::row::{arrival, optional_text, text, time};
use super::statement::statements;
use crate::domain::device::{Device, DeviceFact};
use crate::domain::{IdentifierId, Moment, Timestamp};
use crate::stitching::reassignment::{gained_devices, lost_devices};
use crate::stitching::rows::{DeviceRow, OwnerReassignment, SeenOn};
use crate::store::Result;
use crate::store::as_of::bounds;
use crate::store::query::Of;

statements! {
    KEEP_DEVICE = "devices/insert_past";
    SEE_DEVICE = "devices/insert";
    SEE_DEVICE_ALONE = "devices/insert_seen_alone";
    STORE_ON = "devices/insert_identifier";
    ID = "devices/fetch_id";
    NARROW_DEVICE = "devices/update_narrowed";
    DEVICE_BY_KEY = "devices/fetch";
    IDENTIFIERS_ON_DEVICE = "devices/list_identifiers";
    DEVICES_OF_IDENTIFIER = "devices/list";
    FETCH_AS_OF = "devices/fetch_as_of";
    PAST = "devices/fetch_past";
    SEEN_AS_OF = "devices/list_seen_as_of";
    SEEN_ALONE_AS_OF = "devices/list_seen_alone_as_of";
    SEEN_ALONE_BY_AS_OF = "devices/list_seen_alone_by_as_of";
    OWNED_AS_OF = "devices/list_owned_as_of";
    CARRIED_AS_OF = "devices/list_carried_as_of";
    LIST_AS_OF = "devices/list_as_of";
    IDENTIFIERS_AS_OF = "devices/list_identifiers_as_of";
}

/// The most devices of one read, and the most identifiers of one device.
pub(super) const MOST: usize = 1_000;

/// The first and the last.
type Times = (Timestamp, Timestamp);

/// Widens the times of devices and adds identifiers to them.
pub(super) fn see(db: &Connection, devices: &[DeviceRow], seq: i64) -> Result<()> {
    let mut keep = KEEP_DEVICE.on(db)?;
    let mut alone = SEE_DEVICE_ALONE.on(db)?;
    let mut see = SEE_DEVICE.on(db)?;
    let mut store_on = STORE_ON.on(db)?;
    for row in devices {
        let fact = &row.fact;
        let (os, model) = (fact.os.as_deref(), fact.model.as_deref());
        keep.execute(params![&*fact.key, &*fact.kind, os, model, row.last_seen_at.0, seq])?;
        let id =
            see.count(params![&*fact.key, &*fact.kind, os, model, row.first_seen_at.0, row.last_seen_at.0, seq,])?;
        for (identifier, SeenOn { times: (first, last), alone: unseen }) in &row.identifiers {
            store_on.execute([identifier.0, id, seq, first.0, last.0])?;
            if let Some((first, last)) = unseen {
                alone.execute([id, identifier.0, seq, first.0, last.0])?;
            }
        }
    }
    Ok(())
}

/// Updates devices after touchpoints changed their owners: the new owner was on these devices, and the former owner
/// perhaps for a shorter time. Called after the owners were changed.
pub(super) fn hand_over(db: &Connection, given: &[OwnerReassignment], seq: i64) -> Result<()> {
    let mut row_of = ID.on(db)?;
    let mut store_on = STORE_ON.on(db)?;
    let mut narrow = NARROW_DEVICE.on(db)?;
    for ((identifier, device), (first, last)) in gained_devices(given) {
        if let Some(id) = row_of.first([&*device], |row| Ok(row.get::<_, i64>(0)?))? {
            store_on.execute([identifier.0, id, seq, first.0, last.0])?;
        }
    }
    for (identifier, device) in lost_devices(given) {
        if let Some(id) = row_of.first([&*device], |row| Ok(row.get::<_, i64>(0)?))? {
            narrow.execute(params![identifier.0, id, &*device])?;
        }
    }
    Ok(())
}

/// One device per key, in the order of the keys, with all its identifiers, oldest first.
pub(super) fn fetch(db: &Connection, keys: &[Arc<str>], as_of: Option<Moment>) -> Result<Vec<Option<Device>>> {
    if let Some(moment) = as_of {
        return fetch_as_of(db, keys, moment);
    }
    let mut by_key = DEVICE_BY_KEY.on(db)?;
    let mut on_device = IDENTIFIERS_ON_DEVICE.on(db)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let device = by_key.first([&**key], |row| Ok((row.get::<_, i64>(0)?, decode(row)?)))?;
        found.push(match device {
            Some((id, mut device)) => {
                on_device.all([id, MOST as i64], &mut device.identifiers, |row| arrival(row, 0))?;
                Some(device)
            }
            None => None,
        });
    }
    Ok(found)
}

fn fetch_as_of(db: &Connection, keys: &[Arc<str>], moment: Moment) -> Result<Vec<Option<Device>>> {
    let mut by_key = ID.on(db)?;
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

/// Every device of each owner. A device of a customer has the times of that customer; a device of an identifier has its
/// own times.
pub(super) fn list(db: &Connection, of: &[Of], as_of: Option<Moment>) -> Result<Vec<Vec<Device>>> {
    let mut owners = Owners::new(db, as_of)?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, matches!(of, Of::Identifier(_)), as_of)).collect()
}

/// Every device of `owners`, last seen first, with its identifiers among `owners`. Its times are those of these
/// identifiers, or with `own` those of all identifiers.
pub(super) fn list_of(
    db: &Connection,
    owners: &[IdentifierId],
    own: bool,
    as_of: Option<Moment>,
) -> Result<Vec<Device>> {
    if let Some(moment) = as_of {
        return list_of_as_of(db, owners, own, moment);
    }
    let mut statement = DEVICES_OF_IDENTIFIER.on(db)?;
    let mut rows: Vec<(i64, Device)> = Vec::new();
    for owner in owners {
        statement.all([owner.0], &mut rows, |row| {
            let mut device = decode(row)?;
            if own {
                (device.first_seen_at, device.last_seen_at) = (time(row, 7)?, time(row, 8)?);
            }
            device.identifiers.push(*owner);
            Ok((row.get(0)?, device))
        })?;
    }
    let mut by_id: BTreeMap<i64, Device> = BTreeMap::new();
    for (id, device) in rows {
        match by_id.get_mut(&id) {
            Some(known) => {
                known.identifiers.extend(device.identifiers);
                known.first_seen_at = known.first_seen_at.min(device.first_seen_at);
                known.last_seen_at = known.last_seen_at.max(device.last_seen_at);
            }
            None => drop(by_id.insert(id, device)),
        }
    }
    let mut devices: Vec<Device> = by_id.into_values().collect();
    devices.sort_by_key(|device| std::cmp::Reverse(device.rank()));
    devices.truncate(MOST);
    devices.iter_mut().for_each(|device| device.identifiers.sort());
    Ok(devices)
}

fn list_of_as_of(db: &Connection, owners: &[IdentifierId], own: bool, moment: Moment) -> Result<Vec<Device>> {
    let mut of_identifier = LIST_AS_OF.on(db)?;
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

/// When an identifier had been seen on a device. The times come from its touchpoints and from the rows of events
/// without a touchpoint; else from the touchpoints it carried for others, as a browser's identifier does; else from the
/// present times `now`.
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
    OWNED_AS_OF.on(db)?.all(params, &mut found, some)?;
    SEEN_ALONE_BY_AS_OF.on(db)?.all([device, identifier.0, moment.change], &mut found, some)?;
    if found.iter().all(Option::is_none) {
        CARRIED_AS_OF.on(db)?.all(params![identifier.0, key, moment.end().0], &mut found, some)?;
    }
    let times: Vec<_> = found.into_iter().flatten().map(|(a, b)| (Timestamp(a), Timestamp(b))).collect();
    Ok(bounds(&times).unwrap_or(now))
}

/// A device of the past, with all its identifiers. The owner of each touchpoint on the device is among these, so the
/// times of the device come from their touchpoints, and from the rows of events without a touchpoint.
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
    let Some((mut fact, now)) = FETCH_AS_OF.on(db)?.first([id, moment.change], read)? else { return Ok(None) };
    let described = PAST
        .on(db)?
        .first([id, moment.change], |row| Ok((text(row, 0)?, optional_text(row, 1)?, optional_text(row, 2)?)))?;
    if let Some(described) = described {
        (fact.kind, fact.os, fact.model) = described;
    }
    let mut identifiers = Vec::new();
    IDENTIFIERS_AS_OF.on(db)?.all([id, moment.change], &mut identifiers, |row| arrival(row, 0))?;
    let mut seen = Vec::new();
    let mut by_touchpoints = SEEN_AS_OF.on(db)?;
    for identifier in &identifiers {
        let mut found: Vec<Option<(i64, i64)>> = Vec::new();
        by_touchpoints.all(params![identifier.0, &*fact.key, moment.end().0], &mut found, |row| {
            Ok(row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?))
        })?;
        seen.extend(found.into_iter().flatten().map(|(first, last)| (Timestamp(first), Timestamp(last))));
    }
    SEEN_ALONE_AS_OF.on(db)?.all([id, moment.change], &mut seen, |row| Ok((time(row, 0)?, time(row, 1)?)))?;
    // Data that a file of version 1 did not keep is taken from the present.
    let (first_seen_at, last_seen_at) = bounds(&seen).unwrap_or(now);
    Ok(Some(Device { fact, first_seen_at, last_seen_at, identifiers }))
}

/// `id, key, kind, os, model, first_seen_at, last_seen_at`; without identifiers.
fn decode(row: &Row<'_>) -> Result<Device> {
    Ok(Device {
        fact: DeviceFact {
            key: text(row, 1)?,
            kind: text(row, 2)?,
            os: optional_text(row, 3)?,
            model: optional_text(row, 4)?,
        },
        first_seen_at: time(row, 5)?,
        last_seen_at: time(row, 6)?,
        identifiers: Vec::new(),
    })
}
