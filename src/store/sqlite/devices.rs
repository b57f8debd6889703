//! Devices, and which identifiers live on them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::identifiers::Owners;
use super::row::{arrival, optional_text, text, time};
use super::statement::statements;
use crate::domain::IdentifierId;
use crate::domain::device::{Device, DeviceFact};
use crate::stitching::reassignment::{gained_devices, lost_devices};
use crate::stitching::rows::{DeviceRow, OwnerReassignment, SeenOn};
use crate::store::Result;
use crate::store::query::Of;

statements! {
    KEEP_DEVICE = "devices/insert_past";
    SEE_DEVICE = "devices/insert";
    SEE_DEVICE_ALONE = "devices/insert_seen_alone";
    STORE_ON = "devices/insert_identifier";
    DEVICE_ROW = "devices/fetch_id";
    NARROW_DEVICE = "devices/update_narrowed";
    DEVICE_BY_KEY = "devices/fetch";
    IDENTIFIERS_ON_DEVICE = "devices/list_identifiers";
    DEVICES_OF_IDENTIFIER = "devices/list";
}

/// The most devices of one question, and the most identifiers of one device.
pub(super) const MOST: usize = 1_000;

/// Widens the times of what was seen and adds who lives there.
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

/// Touchpoints went to others: whoever has them now was on their devices, and whoever had them perhaps for a
/// shorter time. Called when they have changed their owners.
pub(super) fn hand_over(db: &Connection, given: &[OwnerReassignment], seq: i64) -> Result<()> {
    let mut row_of = DEVICE_ROW.on(db)?;
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

/// One device per key, in their order, with everybody who lives on it, oldest first.
pub(super) fn fetch(db: &Connection, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
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

/// Every device of each: of a customer with the times of that customer, of an identifier with the device's own.
pub(super) fn list(db: &Connection, of: &[Of]) -> Result<Vec<Vec<Device>>> {
    let mut owners = Owners::new(db, None)?;
    of.iter().map(|of| list_of(db, &owners.of(of)?, matches!(of, Of::Identifier(_)))).collect()
}

/// Every device that `owners` live on, last seen first, with those of them that do, and when they were seen there,
/// or anybody when `own` says so.
pub(super) fn list_of(db: &Connection, owners: &[IdentifierId], own: bool) -> Result<Vec<Device>> {
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
