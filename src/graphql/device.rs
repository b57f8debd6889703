//! A device.

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

/// A device.
#[derive(Clone)]
pub struct Device {
    row: device::Device,
    view: Option<Arc<CustomerView>>,
    as_of: Option<Moment>,
}

/// A device of a person: a phone, or a browser on a computer.
#[Object]
impl Device {
    /// Opaque.
    pub(super) async fn id(&self) -> ID {
        NodeId::Device(self.row.fact.key.clone()).encode_at(self.as_of)
    }

    /// Its kind: `phone`, `tablet`, `desktop`, `tv`, `watch`, `other`, or another word of the sender.
    async fn kind(&self) -> &str {
        &self.row.fact.kind
    }

    /// The operating system. Null when it is not known.
    async fn os(&self) -> Option<&str> {
        self.row.fact.os.as_deref()
    }

    /// The model. Null when it is not known.
    async fn model(&self) -> Option<&str> {
        self.row.fact.model.as_deref()
    }

    /// The earliest time of an event from this device. Below a customer only that customer's events count.
    async fn first_seen_at(&self) -> DateTime {
        DateTime(self.row.first_seen_at)
    }

    /// The latest time of these events.
    async fn last_seen_at(&self) -> DateTime {
        DateTime(self.row.last_seen_at)
    }

    /// All identifiers that were seen on it, of any customer, the first seen first.
    async fn identifiers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Identifier>, Error> {
        let first = read_size("first", first)?;
        let whole = load::one_as_of(ctx, self.as_of, DeviceKey(self.row.fact.key.clone())).await?;
        let ids = whole.map_or_else(|| self.row.identifiers.clone(), |device| device.identifiers);
        let found = Identifier::of_ids_at(ctx, self.as_of, &ids[..ids.len().min(first)]).await?;
        Ok(found.into_iter().map(|i| i.with_view(self.view.as_ref())).collect())
    }
}

impl Device {
    /// A device from the view of a customer.
    pub(super) fn of_customer(row: device::Device, view: &Arc<CustomerView>) -> Self {
        Device { row, view: Some(view.clone()), as_of: view.as_of }
    }

    /// At most `most` of a customer's devices that match, with the times of that customer: from its view when that has
    /// the devices, else read from the store.
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
        let devices = load::one_as_of(ctx, view.as_of, DevicesOf(of)).await?;
        Ok(devices.map_or_else(Vec::new, |devices| pick(&devices)))
    }

    /// A device that was read without a customer.
    pub(super) fn alone(row: device::Device, as_of: Option<Moment>) -> Self {
        Device { row, view: None, as_of }
    }

    /// The device of this key.
    pub(super) async fn fetch_at(
        ctx: &Context<'_>,
        as_of: Option<Moment>,
        key: Arc<str>,
    ) -> Result<Option<Self>, Error> {
        Ok(load::one_as_of(ctx, as_of, DeviceKey(key)).await?.map(|row| Self::alone(row, as_of)))
    }
}
