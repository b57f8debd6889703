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

static DEVICES: Statement = statement!("devices");
static DEVICES_OF: LazyLock<Statement> =
    LazyLock::new(|| Statement::of_parts("devices_of_then", &[part!("of_owners"), part!("devices_of")]));

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

    /// Every device of each, last seen first, with those of the owners that lived on it.
    pub(super) async fn devices_of(&self, owners: &[Vec<IdentifierId>]) -> Result<Vec<Vec<Device>>> {
        let lived = self
            .of_owners(&DEVICES_OF, owners, self.params(), BTreeMap::new(), |row| {
                let mut lived: BTreeMap<Arc<str>, Vec<IdentifierId>> = BTreeMap::new();
                for (identifier, key) in column::<Vec<(i64, &str)>>(row, "items")? {
                    lived.entry(key.into()).or_default().push(Arrival(identifier));
                }
                Ok(lived)
            })
            .await?;
        let keys: Vec<Arc<str>> = lived.iter().flat_map(BTreeMap::keys).cloned().collect();
        let devices = self.devices_then(&keys).await?;
        let known: FxHashMap<Arc<str>, Device> =
            devices.into_iter().flatten().map(|device| (device.fact.key.clone(), device)).collect();
        let list = |lived: BTreeMap<Arc<str>, Vec<IdentifierId>>| {
            let mut devices: Vec<Device> = lived
                .into_iter()
                .filter_map(|(key, mut identifiers)| {
                    identifiers.sort_unstable();
                    Some(Device { identifiers, ..known.get(&key)?.clone() })
                })
                .collect();
            devices.sort_by_key(|device| std::cmp::Reverse(device.rank()));
            devices.truncate(MOST);
            devices
        };
        Ok(lived.into_iter().map(list).collect())
    }
}
