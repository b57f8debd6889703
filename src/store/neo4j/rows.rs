//! Rows as statements return them, and their conversion to types of the domain.

use std::collections::HashMap;
use std::sync::Arc;

use neo4rs::DeError;
use serde_json::value::RawValue;

use super::bolt::list_row;
use crate::domain::claim::{Claim, Provenance};
use crate::domain::consent::{Consent, ConsentFact, ConsentGiven, ConsentStatus};
use crate::domain::customer::CustomerId;
use crate::domain::device::DeviceFact;
use crate::domain::identifier::{Identifier, IdentifierKey};
use crate::domain::order::{Order, OrderEvent, OrderKey};
use crate::domain::product::Product;
use crate::domain::touchpoint::{Direction, Touchpoint, TouchpointFact};
use crate::domain::{Arrival, Moment, Timestamp};
use crate::store::amounts::Kept;
use crate::store::{Result, StoreError};

list_row! {
    /// An identifier, without its holder.
    pub(super) struct IdentifierRow {
        id: i64,
        kind: &'de str,
        value: &'de str,
        first_seen_at: i64,
        last_seen_at: i64,
        rollup: &'de str,
        shared_since: Option<i64>,
    }
}

impl IdentifierRow<'_> {
    pub(super) fn held_by(&self, customer: Option<CustomerId>) -> Result<Identifier> {
        Ok(Identifier {
            id: Arrival(self.id),
            key: IdentifierKey::new(self.kind, self.value),
            first_seen_at: Timestamp(self.first_seen_at),
            last_seen_at: Timestamp(self.last_seen_at),
            customer,
            rollup: json("an identifier's rollup", self.rollup)?,
            shared_since: self.shared_since,
        })
    }
}

list_row! {
    /// A claim.
    pub(super) struct ClaimRow {
        arrival: i64,
        owner: i64,
        name: &'de str,
        value: &'de str,
        provenance: &'de str,
        at: i64,
        first_at: i64,
        count: i64,
        source: &'de str,
        message_id: Option<&'de str>,
        first_message_id: Option<&'de str>,
    }
}

impl TryFrom<ClaimRow<'_>> for Claim {
    type Error = StoreError;
    fn try_from(row: ClaimRow<'_>) -> Result<Self> {
        Ok(Claim {
            arrival: Arrival(row.arrival),
            owner: Arrival(row.owner),
            name: row.name.into(),
            value: raw("a claim's value", row.value)?,
            provenance: Provenance::parse(row.provenance).ok_or_else(|| strange("a claim's provenance"))?,
            at: Timestamp(row.at),
            first_at: Timestamp(row.first_at),
            count: row.count,
            source: row.source.into(),
            message_id: row.message_id.map(Into::into),
            first_message_id: row.first_message_id.map(Into::into),
        })
    }
}

list_row! {
    /// A consent and one of its identifiers.
    pub(super) struct ConsentRow {
        identifier: i64,
        arrival: i64,
        owner: i64,
        purpose: &'de str,
        channel: Option<&'de str>,
        status: &'de str,
        expires_at: Option<i64>,
        at: i64,
        source: &'de str,
    }
}

impl TryFrom<ConsentRow<'_>> for ConsentGiven {
    type Error = StoreError;
    fn try_from(row: ConsentRow<'_>) -> Result<Self> {
        let fact = ConsentFact {
            purpose: row.purpose.into(),
            channel: row.channel.map(Into::into),
            status: ConsentStatus::parse(row.status).ok_or_else(|| strange("a consent's status"))?,
            expires_at: row.expires_at.map(Timestamp),
        };
        let consent = Consent {
            arrival: Arrival(row.arrival),
            owner: Arrival(row.owner),
            fact,
            at: Timestamp(row.at),
            source: row.source.into(),
        };
        Ok(ConsentGiven { identifier: Arrival(row.identifier), consent: Arc::new(consent) })
    }
}

list_row! {
    /// A device and one of its identifiers.
    pub(super) struct DeviceRow {
        identifier: i64,
        key: &'de str,
        kind: &'de str,
        os: Option<&'de str>,
        model: Option<&'de str>,
        first_seen_at: i64,
        last_seen_at: i64,
    }
}

impl DeviceRow<'_> {
    pub(super) fn fact(&self) -> DeviceFact {
        DeviceFact {
            key: self.key.into(),
            kind: self.kind.into(),
            os: self.os.map(Into::into),
            model: self.model.map(Into::into),
        }
    }
}

list_row! {
    /// A touchpoint.
    pub(super) struct TouchpointRow {
        arrival: i64,
        message_id: &'de str,
        at: i64,
        owner: i64,
        source: &'de str,
        device: Option<&'de str>,
        order_source: Option<&'de str>,
        order_number: Option<&'de str>,
        kind: &'de str,
        name: &'de str,
        channel: &'de str,
        direction: &'de str,
        session_id: Option<&'de str>,
        campaign: Option<&'de str>,
        properties: Option<&'de str>,
        carrier: Option<i64>,
    }
}

impl TryFrom<TouchpointRow<'_>> for Touchpoint {
    type Error = StoreError;
    fn try_from(row: TouchpointRow<'_>) -> Result<Self> {
        let order = match (row.order_source, row.order_number) {
            (Some(source), Some(number)) => Some(OrderKey { source: source.into(), number: number.into() }),
            _ => None,
        };
        let campaign = row.campaign.map(|text| json("a touchpoint's campaign", text)).transpose()?;
        Ok(Touchpoint {
            arrival: Arrival(row.arrival),
            message_id: row.message_id.into(),
            at: Timestamp(row.at),
            owner: Arrival(row.owner),
            device_identifier: row.carrier.map(Arrival),
            source: row.source.into(),
            device: row.device.map(Into::into),
            order,
            fact: TouchpointFact {
                kind: row.kind.into(),
                name: row.name.into(),
                channel: row.channel.into(),
                direction: Direction::parse(row.direction).ok_or_else(|| strange("a touchpoint's direction"))?,
                session_id: row.session_id.map(Into::into),
                campaign: campaign.map(Arc::new),
                properties: row.properties.map(|text| raw("a touchpoint's properties", text)).transpose()?,
            },
        })
    }
}

/// A product: sku, name, category.
pub(super) type ProductRow<'de> = (&'de str, Option<&'de str>, Option<&'de str>);

/// The product of a row.
pub(super) fn product((sku, name, category): ProductRow<'_>) -> Product {
    Product { sku: sku.into(), name: name.map(Into::into), category: category.map(Into::into) }
}

list_row! {
    /// An order, and its products with their present names.
    pub(super) struct OrderRow {
        source: &'de str,
        number: &'de str,
        events: &'de str,
        products: Vec<ProductRow<'de>>,
    }
}

impl TryFrom<OrderRow<'_>> for Order {
    type Error = StoreError;
    fn try_from(row: OrderRow<'_>) -> Result<Self> {
        row.order(None)
    }
}

impl OrderRow<'_> {
    /// The order now or at a moment. Its products have their present names.
    pub(super) fn order(self, as_of: Option<Moment>) -> Result<Order> {
        let row = self;
        let key = OrderKey { source: row.source.into(), number: row.number.into() };
        let mut order = Order::fold_as_of(key, order_events(row.events)?, as_of);
        let products: HashMap<Arc<str>, Product> =
            row.products.into_iter().map(|p| (Arc::from(p.0), product(p))).collect();
        order.name_products(&products);
        Ok(order)
    }
}

/// All events of an order.
pub(super) fn order_events(text: &str) -> Result<Vec<OrderEvent>> {
    json("an order's events", text)
}

/// A column of a row. A null where a value is required means that the node was removed in the meantime.
pub(super) fn column<'a, T: serde::Deserialize<'a>>(row: &'a neo4rs::Row, name: &str) -> Result<T> {
    row.get(name).map_err(|e| {
        let said = format!("the column {name} of an answer is of another shape: {e}");
        match e {
            DeError::InvalidType { received, .. } if received.to_string() == NOTHING => StoreError::Removed(said),
            _ => StoreError::Data(said),
        }
    })
}

/// An amount, or another sort key of a list, of any size.
pub(super) fn amount(row: &neo4rs::Row, name: &str) -> Result<i128> {
    if let Ok(whole) = row.get::<i64>(name) {
        return Ok(whole.into());
    }
    Kept::read(column(row, name)?).ok_or_else(|| strange("an amount"))
}
/// The driver's type for null.
const NOTHING: &str = "unit value";

/// Reads a JSON text that this store wrote.
pub(super) fn json<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|_| strange(what))
}

fn raw(what: &str, text: &str) -> Result<Arc<RawValue>> {
    RawValue::from_string(text.to_owned()).map(Into::into).map_err(|_| strange(what))
}

/// The error for a stored value that this program does not write. It never contains the value.
pub(super) fn strange(what: &str) -> StoreError {
    StoreError::Data(format!("{what} is not as this version writes it"))
}

#[cfg(test)]
mod tests {
    use neo4rs::{BoltInteger, BoltList, BoltNull, BoltString, BoltType, Row};

    use super::*;

    fn row(value: BoltType) -> Row {
        let list = |item: BoltType| BoltList { value: vec![item] };
        Row::new(list(BoltType::String(BoltString::new("to_at"))), list(value))
    }

    fn list(values: [BoltType; 2]) -> BoltType {
        BoltType::List(BoltList { value: values.into() })
    }

    #[test]
    fn nothing_where_something_is_wanted_is_a_row_whose_node_was_removed() {
        let (null, one) = (|| BoltType::Null(BoltNull), || BoltType::Integer(BoltInteger::new(1)));
        let is_removed = |error: &StoreError| matches!(error, StoreError::Removed(_)) && error.is_transient();
        assert!(is_removed(&column::<i64>(&row(null()), "to_at").expect_err("a number is wanted")));
        assert!(is_removed(&column::<&str>(&row(null()), "to_at").expect_err("a text is wanted")));
        let inside = row(list([one(), null()]));
        assert!(is_removed(&column::<Vec<i64>>(&inside, "to_at").expect_err("numbers are wanted")));
        assert!(is_removed(&column::<(i64, bool)>(&inside, "to_at").expect_err("a truth is wanted")));
        assert_eq!(column::<Option<i64>>(&row(null()), "to_at").expect("it may be nothing"), None);
        // A value of another type stays the same in a second read.
        for told in [column::<bool>(&row(one()), "to_at").map(drop), column::<i64>(&row(one()), "from_at").map(drop)] {
            let error = told.expect_err("another shape");
            assert!(matches!(error, StoreError::Data(_)), "{error:?}");
        }
    }
}
