//! Devices, by key and of customers and identifiers.

use std::sync::{Arc, LazyLock};

use super::Inner;
use super::bolt::{Params, ToBolt};
use super::customers::devices;
use super::pages::{Pair, by_key};
use super::rows::{DeviceRow, column};
use super::statement::{Statement, part, statement};
use crate::domain::device::Device;
use crate::domain::{Arrival, Timestamp};
use crate::store::Result;
use crate::store::query::Of;

/// The most devices of one list.
pub(super) const MOST: usize = 1_000;

static DEVICES: Statement = statement!("devices/fetch");
static LIST: LazyLock<Pair> = LazyLock::new(|| {
    Pair::new(
        Statement::of_parts(
            "devices/list_of_customer",
            &[part!("owners/part_of_customer"), part!("devices/part_list")],
        ),
        Statement::of_parts(
            "devices/list_of_identifier",
            &[part!("owners/part_of_identifier"), part!("devices/part_list_own")],
        ),
    )
});

pub(super) async fn fetch(store: &Inner, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
    by_key(
        store,
        &DEVICES,
        keys,
        |key| key.to_bolt(),
        |row| {
            let device: DeviceRow<'_> = column(row, "item")?;
            Ok(Device {
                fact: device.fact(),
                first_seen_at: Timestamp(device.first_seen_at),
                last_seen_at: Timestamp(device.last_seen_at),
                identifiers: column::<Vec<i64>>(row, "identifiers")?.into_iter().map(Arrival).collect(),
            })
        },
    )
    .await
}

/// Every device of each: of a customer with the times of that customer, of an identifier with the device's own.
pub(super) async fn list(store: &Inner, of: &[Of]) -> Result<Vec<Vec<Device>>> {
    LIST.ask(store, of, Params::new(), Vec::new(), |row| {
        let mut devices = devices(column(row, "items")?);
        devices.truncate(MOST);
        Ok(devices)
    })
    .await
}
