//! Devices of people: a phone, a browser.

use std::sync::Arc;

use super::{IdentifierId, Timestamp};

/// A device as an event describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceFact {
    /// A hash that we make of the device's identifying fields.
    pub key: Arc<str>,
    /// `phone`, `tablet`, `desktop`, `tv`, `watch`, `other` or the sender's own word.
    pub kind: Arc<str>,
    /// The operating system.
    pub os: Option<Arc<str>>,
    /// The model.
    pub model: Option<Arc<str>>,
}

/// A device as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What it is.
    pub fact: DeviceFact,
    /// The earliest time of an event from it: of the customer of the read, else of all customers.
    pub first_seen_at: Timestamp,
    /// The largest.
    pub last_seen_at: Timestamp,
    /// The identifiers that were seen on it, among those of the read.
    pub identifiers: Vec<IdentifierId>,
}

impl Device {
    /// The sort key of a list: last seen first.
    pub fn rank(&self) -> (Timestamp, Arc<str>) {
        (self.last_seen_at, self.fact.key.clone())
    }
}
