//! Devices, as they had been seen.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use super::super::devices::MOST;
use super::super::rows::{DeviceRow, column};
use super::super::statement::{Statement, part, statement};
use super::AsOf;
use super::people::bounds;
use crate::domain::device::Device;
use crate::domain::{Arrival, IdentifierId, Timestamp};
use crate::store::Result;

static DEVICES: Statement = statement!("devices/fetch_as_of");
static DEVICES_OF: LazyLock<Statement> = LazyLock::new(|| {
    Statement::of_parts("devices/list_as_of", &[part!("owners/part_as_of"), part!("devices/part_list_as_of")])
});

impl AsOf {
    /// Devices by key, each with everybody who lived on it, oldest first.
    pub(super) async fn devices_then(&self, keys: &[Arc<str>]) -> Result<Vec<Option<Device>>> {
        let mut found = vec![None; keys.len()];
        if keys.is_empty() {
            return Ok(found);
        }
        for row in &self.rows(&DEVICES, self.params().with("keys", keys)).await? {
            let now: DeviceRow<'_> = column(row, "item")?;
            let mut fact = now.fact();
            if let Some((kind, os, model)) = column::<Option<(&str, Option<&str>, Option<&str>)>>(row, "described")? {
                (fact.kind, fact.os, fact.model) = (kind.into(), os.map(Into::into), model.map(Into::into));
            }
            let now = (Timestamp(now.first_seen_at), Timestamp(now.last_seen_at));
            let (first_seen_at, last_seen_at) = bounds(&column::<Vec<(i64, i64)>>(row, "seen")?).unwrap_or(now);
            let identifiers = column::<Vec<i64>>(row, "identifiers")?.into_iter().map(Arrival).take(MOST).collect();
            found[column::<usize>(row, "n")?] = Some(Device { fact, first_seen_at, last_seen_at, identifiers });
        }
        Ok(found)
    }

    /// Every device of each, last seen first, with those of the owners that lived on it, and when they had been seen
    /// there, or anybody where `own` says so.
    pub(super) async fn devices_of(
        &self,
        owners: &[Vec<IdentifierId>],
        own: impl Fn(usize) -> bool,
    ) -> Result<Vec<Vec<Device>>> {
        let lived = self
            .of_owners(&DEVICES_OF, owners, self.params(), BTreeMap::new(), |row| {
                let mut lived: BTreeMap<Arc<str>, Vec<Lived>> = BTreeMap::new();
                for (identifier, key, first, last) in column::<Vec<(i64, &str, i64, i64)>>(row, "items")? {
                    lived.entry(key.into()).or_default().push((Arrival(identifier), (first, last)));
                }
                Ok(lived)
            })
            .await?;
        let keys: Vec<Arc<str>> = lived.iter().flat_map(BTreeMap::keys).cloned().collect();
        let devices = self.devices_then(&keys).await?;
        let known: FxHashMap<Arc<str>, Device> =
            devices.into_iter().flatten().map(|device| (device.fact.key.clone(), device)).collect();
        let list = |(n, lived): (usize, BTreeMap<Arc<str>, Vec<Lived>>)| {
            let one = |(key, mut lived): (Arc<str>, Vec<Lived>)| {
                lived.sort_unstable();
                let mut device = known.get(&key)?.clone();
                let times: Vec<(i64, i64)> = lived.iter().map(|(_, times)| *times).collect();
                if let Some(times) = bounds(&times).filter(|_| !own(n)) {
                    (device.first_seen_at, device.last_seen_at) = times;
                }
                device.identifiers = lived.into_iter().map(|(identifier, _)| identifier).collect();
                Some(device)
            };
            let mut devices: Vec<Device> = lived.into_iter().filter_map(one).collect();
            devices.sort_by_key(|device| std::cmp::Reverse(device.rank()));
            devices.truncate(MOST);
            devices
        };
        Ok(lived.into_iter().enumerate().map(list).collect())
    }
}

/// Who lived on a device, and when it was seen there.
type Lived = (IdentifierId, (i64, i64));
