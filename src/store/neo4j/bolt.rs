//! Values of the driver: parameters from types of the domain, and types of the domain from rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use neo4rs::{BoltBoolean, BoltInteger, BoltList, BoltMap, BoltNull, BoltString, BoltType};

use crate::domain::customer::CustomerId;
use crate::domain::{Amount, Arrival, Moment, Timestamp};
use crate::store::amounts::Kept;

/// A type that can be a parameter.
pub(super) trait ToBolt {
    fn to_bolt(&self) -> BoltType;
}

impl<T: ToBolt + ?Sized> ToBolt for &T {
    fn to_bolt(&self) -> BoltType {
        (**self).to_bolt()
    }
}

impl<T: ToBolt + ?Sized> ToBolt for Arc<T> {
    fn to_bolt(&self) -> BoltType {
        (**self).to_bolt()
    }
}

impl<T: ToBolt> ToBolt for Option<T> {
    fn to_bolt(&self) -> BoltType {
        self.as_ref().map_or(BoltType::Null(BoltNull), ToBolt::to_bolt)
    }
}

impl<T: ToBolt> ToBolt for [T] {
    fn to_bolt(&self) -> BoltType {
        list(self)
    }
}

impl<T: ToBolt> ToBolt for Vec<T> {
    fn to_bolt(&self) -> BoltType {
        list(self)
    }
}

impl ToBolt for BoltType {
    fn to_bolt(&self) -> BoltType {
        self.clone()
    }
}

impl ToBolt for str {
    fn to_bolt(&self) -> BoltType {
        BoltType::String(BoltString::new(self))
    }
}

impl ToBolt for String {
    fn to_bolt(&self) -> BoltType {
        self.as_str().to_bolt()
    }
}

impl ToBolt for bool {
    fn to_bolt(&self) -> BoltType {
        BoltType::Boolean(BoltBoolean::new(*self))
    }
}

impl ToBolt for i64 {
    fn to_bolt(&self) -> BoltType {
        BoltType::Integer(BoltInteger::new(*self))
    }
}

impl ToBolt for usize {
    fn to_bolt(&self) -> BoltType {
        i64::try_from(*self).unwrap_or(i64::MAX).to_bolt()
    }
}

impl ToBolt for Timestamp {
    fn to_bolt(&self) -> BoltType {
        self.0.to_bolt()
    }
}

impl ToBolt for Arrival {
    fn to_bolt(&self) -> BoltType {
        self.0.to_bolt()
    }
}

impl ToBolt for Amount {
    fn to_bolt(&self) -> BoltType {
        Kept::from(*self).to_bolt()
    }
}

impl ToBolt for Kept {
    fn to_bolt(&self) -> BoltType {
        match self {
            Kept::Whole(whole) => whole.to_bolt(),
            Kept::Vast(text) => text.to_bolt(),
        }
    }
}

impl ToBolt for CustomerId {
    fn to_bolt(&self) -> BoltType {
        self.0.to_bolt()
    }
}

impl ToBolt for serde_json::value::RawValue {
    fn to_bolt(&self) -> BoltType {
        self.get().to_bolt()
    }
}

/// A list parameter.
pub(super) fn list<T: ToBolt>(items: impl IntoIterator<Item = T>) -> BoltType {
    let items: Vec<BoltType> = items.into_iter().map(|item| item.to_bolt()).collect();
    BoltType::List(BoltList { value: items })
}

/// A map parameter: `row! { "id" => id, "at" => at }`. A null is left out when the map becomes a node's properties, so
/// an absent property and a null are the same.
macro_rules! row {
    ($($key:literal => $value:expr),* $(,)?) => {{
        let mut map = neo4rs::BoltMap::with_capacity([$($key),*].len());
        $(map.put($key.into(), $crate::store::neo4j::bolt::ToBolt::to_bolt(&$value));)*
        neo4rs::BoltType::Map(map)
    }};
}

pub(super) use row;

/// The parameters of one statement.
#[derive(Clone, Default)]
pub(super) struct Params(BTreeMap<&'static str, BoltType>);

impl Params {
    pub(super) fn new() -> Self {
        Params::default()
    }

    /// Adds one.
    pub(super) fn with(mut self, name: &'static str, value: impl ToBolt) -> Self {
        self.0.insert(name, value.to_bolt());
        self
    }

    /// Adds the bounds of a moment: its change, and the first arrival after it.
    pub(super) fn with_moment(self, moment: Moment) -> Self {
        self.with("seq", moment.change).with("end", moment.end())
    }

    /// Adds a list.
    pub(super) fn with_list<T: ToBolt>(mut self, name: &'static str, items: impl IntoIterator<Item = T>) -> Self {
        self.0.insert(name, list(items));
        self
    }

    pub(super) fn into_map(self) -> BoltMap {
        self.0.into_iter().map(|(name, value)| (BoltString::from(name), value)).collect()
    }
}

/// A row that the server sends as a list. A list needs a third of the space of a map, and its values need no look-up by
/// name. The fields are in the order of the list. Text is borrowed from the answer.
macro_rules! list_row {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        $vis struct $name<'de> {
            $($vis $field: $type,)*
        }

        impl<'de> serde::Deserialize<'de> for $name<'de> {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name<'de>;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a list of ", stringify!($($field),*)))
                    }
                    fn visit_seq<A: serde::de::SeqAccess<'de>>(
                        self,
                        mut list: A,
                    ) -> std::result::Result<Self::Value, A::Error> {
                        Ok($name {
                            $($field: list
                                .next_element()?
                                .ok_or_else(|| serde::de::Error::missing_field(stringify!($field)))?,)*
                        })
                    }
                }
                from.deserialize_seq(Visitor)
            }
        }
    };
}

pub(super) use list_row;
