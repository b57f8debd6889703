//! Devices, by key and of customers and identifiers.

use std::collections::BTreeMap;
use std::sync::Arc;

use neo4rs::{BoltType, Row};
use rustc_hash::FxHashMap;

use super::bolt::{Params, ToBolt, list as bolt_list, row};
use super::customers::devices;
use super::pages::{Forms, by_key, by_key_in, of_owners};
use super::rows::{DeviceRow, column};
use super::statement::statements;
use super::write::{Outcome, Writer};
use super::{Inner, memberships};
use crate::domain::device::Device;
use crate::domain::{Arrival, IdentifierId, Moment, Timestamp};
use crate::stitching::Plan;
use crate::stitching::rows::{DeviceRow as PlannedDevice, SeenOn};
use crate::store::Result;
use crate::store::as_of::bounds;
use crate::store::query::Of;

/// The most devices of one list.
pub(super) const MOST: usize = 1_000;

statements! {
    INSERT = "devices/insert";
    DEVICES = "devices/fetch";
    DEVICES_AS_OF = "devices/fetch_as_of";
    LIST_OF_CUSTOMER = "devices/list_of_customer" ("owners/part_of_customer" | "devices/part_list");
    LIST_OF_IDENTIFIER = "devices/list_of_identifier" ("owners/part_of_identifier" | "devices/part_list_own");
    LIST_AS_OF = "devices/list_as_of" ("owners/part_as_of" | "devices/part_list_as_of");
}
static LIST: Forms = Forms { customer: &LIST_OF_CUSTOMER, identifier: &LIST_OF_IDENTIFIER, as_of: &LIST_AS_OF };

/// Devices by key, each with its identifiers, oldest first.
pub(super) async fn fetch(store: &Inner, keys: &[Arc<str>], as_of: Option<Moment>) -> Result<Vec<Option<Device>>> {
    if let Some(moment) = as_of {
        let params = Params::new().with_moment(moment);
        return by_key_in(store, &DEVICES_AS_OF, keys, |key| key.to_bolt(), params, device_as_of).await;
    }
    let take = |row: &Row| {
        let device: DeviceRow<'_> = column(row, "item")?;
        Ok(Device {
            fact: device.fact(),
            first_seen_at: Timestamp(device.first_seen_at),
            last_seen_at: Timestamp(device.last_seen_at),
            identifiers: column::<Vec<i64>>(row, "identifiers")?.into_iter().map(Arrival).collect(),
        })
    };
    by_key(store, &DEVICES, keys, |key| key.to_bolt(), take).await
}

fn device_as_of(row: &Row) -> Result<Device> {
    let now: DeviceRow<'_> = column(row, "item")?;
    let mut fact = now.fact();
    if let Some((kind, os, model)) = column::<Option<(&str, Option<&str>, Option<&str>)>>(row, "described")? {
        (fact.kind, fact.os, fact.model) = (kind.into(), os.map(Into::into), model.map(Into::into));
    }
    let now = (now.first_seen_at, now.last_seen_at);
    let (first, last) = bounds(&column::<Vec<(i64, i64)>>(row, "seen")?).unwrap_or(now);
    let identifiers = column::<Vec<i64>>(row, "identifiers")?.into_iter().map(Arrival).take(MOST).collect();
    Ok(Device { fact, first_seen_at: Timestamp(first), last_seen_at: Timestamp(last), identifiers })
}

/// Every device of each owner. A device of a customer has the times of that customer; a device of an identifier has its
/// own times.
pub(super) async fn list(store: &Inner, of: &[Of], as_of: Option<Moment>) -> Result<Vec<Vec<Device>>> {
    if let Some(moment) = as_of {
        let owners = memberships::owners(store, of, moment).await?;
        return list_as_of(store, &owners, |n| matches!(of[n], Of::Identifier(_)), moment).await;
    }
    LIST.ask(store, of, Params::new(), Vec::new(), None, |row| {
        let mut devices = devices(column(row, "items")?);
        devices.truncate(MOST);
        Ok(devices)
    })
    .await
}

/// An identifier of a device, and when it was seen there.
type Lived = (IdentifierId, (i64, i64));

/// Every device of each, last seen first, with its identifiers among the owners. Its times are those of these
/// identifiers, or with `own` the times of the device itself.
pub(super) async fn list_as_of(
    store: &Inner,
    owners: &[Vec<IdentifierId>],
    own: impl Fn(usize) -> bool,
    moment: Moment,
) -> Result<Vec<Vec<Device>>> {
    let take = |row: &Row| {
        let mut lived: BTreeMap<Arc<str>, Vec<Lived>> = BTreeMap::new();
        for (identifier, key, first, last) in column::<Vec<(i64, &str, i64, i64)>>(row, "items")? {
            lived.entry(key.into()).or_default().push((Arrival(identifier), (first, last)));
        }
        Ok(lived)
    };
    let lived = of_owners(store, &LIST_AS_OF, owners, Params::new(), BTreeMap::new(), moment, take).await?;
    let keys: Vec<Arc<str>> = lived.iter().flat_map(BTreeMap::keys).cloned().collect();
    let devices = fetch(store, &keys, Some(moment)).await?;
    let known: FxHashMap<Arc<str>, Device> =
        devices.into_iter().flatten().map(|device| (device.fact.key.clone(), device)).collect();
    let listed = |(n, lived): (usize, BTreeMap<Arc<str>, Vec<Lived>>)| {
        let one = |(key, mut lived): (Arc<str>, Vec<Lived>)| {
            lived.sort_unstable();
            let mut device = known.get(&key)?.clone();
            let times: Vec<(i64, i64)> = lived.iter().map(|(_, times)| *times).collect();
            if let Some((first, last)) = bounds(&times).filter(|_| !own(n)) {
                (device.first_seen_at, device.last_seen_at) = (Timestamp(first), Timestamp(last));
            }
            device.identifiers = lived.into_iter().map(|(identifier, _)| identifier).collect();
            Some(device)
        };
        let mut devices: Vec<Device> = lived.into_iter().filter_map(one).collect();
        devices.sort_by_key(|device| std::cmp::Reverse(device.rank()));
        devices.truncate(MOST);
        devices
    };
    Ok(lived.into_iter().enumerate().map(listed).collect())
}

/// Writes devices, and which identifiers were seen on them.
pub(super) async fn write(writer: &mut Writer<'_, '_>, plan: &Plan) -> Outcome<()> {
    writer.rows(&INSERT, plan.devices.iter().map(device).collect()).await
}

fn device(row: &PlannedDevice) -> BoltType {
    row! {
        "key" => row.fact.key,
        "first_seen_at" => row.first_seen_at,
        "last_seen_at" => row.last_seen_at,
        "set" => row! { "kind" => row.fact.kind, "os" => row.fact.os, "model" => row.fact.model },
        "identifiers" => bolt_list(row.identifiers.iter().map(seen_on)),
    }
}

fn seen_on((identifier, seen): (&IdentifierId, &SeenOn)) -> BoltType {
    row! {
        "id" => identifier,
        "first_at" => seen.times.0,
        "last_at" => seen.times.1,
        "alone" => seen.alone.map(|(first, last)| vec![first, last]),
    }
}
