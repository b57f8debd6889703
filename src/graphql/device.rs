//! A thing a person holds.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, Object};

use super::id::NodeId;
use super::identifier::Identifier;
use super::load::{self, DeviceKey, DevicesOf};
use super::page::read_size;
use super::scalar::DateTime;
use crate::domain::Moment;
use crate::domain::customer::CustomerView;
use crate::domain::device;
use crate::store::query::Of;

/// A thing a person holds.
#[derive(Clone)]
pub struct Device {
    row: device::Device,
    view: Option<Arc<CustomerView>>,
    when: Option<Moment>,
}

/// A thing a person holds: a phone, a browser on a computer.
#[Object]
impl Device {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Device(self.row.fact.key.clone()).encode_at(self.when)
    }

    /// What it is: `phone`, `tablet`, `desktop`, `tv`, `watch`, `other`, or the sender's own word.
    async fn kind(&self) -> &str {
        &self.row.fact.kind
    }

    /// The operating system; null when it is not known.
    async fn os(&self) -> Option<&str> {
        self.row.fact.os.as_deref()
    }

    /// The model; null when it is not known.
    async fn model(&self) -> Option<&str> {
        self.row.fact.model.as_deref()
    }

    /// The smallest time of an event from it: below a customer of that customer's, else of anybody's.
    async fn first_seen_at(&self) -> DateTime {
        DateTime(self.row.first_seen_at)
    }

    /// The largest, of the same events.
    async fn last_seen_at(&self) -> DateTime {
        DateTime(self.row.last_seen_at)
    }

    /// The identifiers that were seen on it, whoever holds them; first seen first.
    async fn identifiers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Identifier>, Error> {
        let first = read_size("first", first)?;
        let whole = load::then(ctx, self.when, DeviceKey(self.row.fact.key.clone())).await?;
        let ids = whole.map_or_else(|| self.row.identifiers.clone(), |device| device.identifiers);
        let found = Identifier::of_ids_at(ctx, self.when, &ids[..ids.len().min(first)]).await?;
        Ok(found.into_iter().map(|i| i.with_view(self.view.as_ref())).collect())
    }
}

impl Device {
    /// One that the view of a customer brought.
    pub(super) fn of_customer(row: device::Device, view: &Arc<CustomerView>) -> Self {
        Device { row, view: Some(view.clone()), when: view.as_of }
    }

    /// Those of a customer's that fit, with when that customer was seen on them, at most so many: from its view when
    /// that holds them, else read.
    pub(super) async fn pick(
        ctx: &Context<'_>,
        view: &Arc<CustomerView>,
        fits: impl Fn(&device::Device) -> bool,
        most: usize,
    ) -> Result<Vec<Self>, Error> {
        let pick = |devices: &[device::Device]| {
            let found = devices.iter().filter(|device| fits(device)).take(most);
            found.map(|device| Device::of_customer(device.clone(), view)).collect()
        };
        if let Some(devices) = &view.devices {
            return Ok(pick(devices));
        }
        let of = Of::Customer(view.customer.id.clone());
        let devices = load::then(ctx, view.as_of, DevicesOf(of)).await?;
        Ok(devices.map_or_else(Vec::new, |devices| pick(&devices)))
    }

    /// One that was read by itself.
    pub(super) fn alone(row: device::Device, when: Option<Moment>) -> Self {
        Device { row, view: None, when }
    }

    /// The device of this key.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        when: Option<Moment>,
        key: Arc<str>,
    ) -> Result<Option<Self>, Error> {
        Ok(load::then(ctx, when, DeviceKey(key)).await?.map(|row| Self::alone(row, when)))
    }
}
