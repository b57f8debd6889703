//! What an export has: its kinds of rows, and the columns of each.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A kind of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Customers
    Customers,
    /// Identifiers, each with its customer
    Identifiers,
    /// Pairs of identifiers that were seen together
    Links,
    /// Touchpoints, in one file for each day (UTC)
    Touchpoints,
    /// Orders, each with its lines and returns
    Orders,
    /// All values of all traits of customers; `chosen` are the shown ones
    Traits,
    /// The consents of customers that are in force
    Consents,
    /// The change log
    Changes,
    /// What was there at the change of `since` and is not there any more
    #[value(skip)]
    Deleted,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// A time in UTC, in milliseconds.
    Time,
    /// A whole number.
    Integer,
    /// An exact amount of money.
    Decimal,
    /// True or false.
    Boolean,
    /// A JSON value.
    Json,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub of: Type,
    /// Whether it can be empty.
    pub nullable: bool,
    /// Whether the manifest has its sum. Sums of money are by currency.
    pub summed: bool,
}

const fn must(name: &'static str, of: Type) -> Column {
    Column { name, of, nullable: false, summed: false }
}

const fn may(name: &'static str, of: Type) -> Column {
    Column { nullable: true, ..must(name, of) }
}

const fn sum(name: &'static str, of: Type) -> Column {
    Column { summed: true, ..must(name, of) }
}

impl What {
    /// All kinds that can be asked for, in the order of the documents. An export of what changed also has
    /// [`What::Deleted`].
    pub const ALL: [What; 8] = [
        What::Customers,
        What::Identifiers,
        What::Links,
        What::Touchpoints,
        What::Orders,
        What::Traits,
        What::Consents,
        What::Changes,
    ];

    /// Its name on the command line and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Customers => "customers",
            What::Identifiers => "identifiers",
            What::Links => "links",
            What::Touchpoints => "touchpoints",
            What::Orders => "orders",
            What::Traits => "traits",
            What::Consents => "consents",
            What::Changes => "changes",
            What::Deleted => "deleted",
        }
    }

    /// Its columns, in their order.
    pub fn columns(self) -> &'static [Column] {
        use Type::*;
        match self {
            What::Customers => {
                const {
                    &[
                        must("id", Text),
                        must("created_at", Time),
                        may("display_name", Text),
                        must("first_seen_at", Time),
                        must("last_seen_at", Time),
                        sum("touchpoint_count", Integer),
                        sum("order_count", Integer),
                    ]
                }
            }
            What::Identifiers => {
                const {
                    &[
                        may("customer_id", Text),
                        must("kind", Text),
                        must("value", Text),
                        must("shared", Boolean),
                        must("first_seen_at", Time),
                        must("last_seen_at", Time),
                    ]
                }
            }
            What::Links => {
                const {
                    &[
                        must("from_kind", Text),
                        must("from_value", Text),
                        must("to_kind", Text),
                        must("to_value", Text),
                        must("rule", Text),
                        must("source", Text),
                        must("message_id", Text),
                        must("first_at", Time),
                        must("last_at", Time),
                        sum("count", Integer),
                        may("refused", Text),
                    ]
                }
            }
            What::Touchpoints => {
                const {
                    &[
                        must("message_id", Text),
                        may("customer_id", Text),
                        must("at", Time),
                        must("kind", Text),
                        must("name", Text),
                        must("channel", Text),
                        must("direction", Text),
                        must("source", Text),
                        must("identifier_kind", Text),
                        must("identifier_value", Text),
                        may("properties", Json),
                    ]
                }
            }
            What::Orders => {
                const {
                    &[
                        must("number", Text),
                        must("source", Text),
                        may("customer_id", Text),
                        must("placed_at", Time),
                        must("status", Text),
                        must("currency", Text),
                        sum("total", Decimal),
                        sum("returned", Decimal),
                        sum("net", Decimal),
                        must("lines", Json),
                        must("returns", Json),
                    ]
                }
            }
            What::Traits => {
                const {
                    &[
                        must("customer_id", Text),
                        must("name", Text),
                        must("value", Json),
                        must("provenance", Text),
                        must("at", Time),
                        must("source", Text),
                        must("chosen", Boolean),
                    ]
                }
            }
            What::Consents => {
                const {
                    &[
                        must("customer_id", Text),
                        must("purpose", Text),
                        may("channel", Text),
                        must("status", Text),
                        must("at", Time),
                        may("expires_at", Time),
                        must("source", Text),
                    ]
                }
            }
            What::Changes => {
                const { &[must("cursor", Text), must("at", Time), must("kind", Text), may("customer_id", Text)] }
            }
            What::Deleted => const { &[must("what", Text), must("key", Json)] },
        }
    }

    /// The columns of which no two rows have the same values, at one moment. Two claims can be equal in all columns.
    pub fn key(self) -> &'static [&'static str] {
        match self {
            What::Customers => &["id"],
            What::Identifiers => &["kind", "value"],
            What::Links => &["from_kind", "from_value", "to_kind", "to_value", "rule"],
            What::Touchpoints => &["message_id"],
            What::Orders => &["source", "number"],
            What::Traits => &["customer_id", "name", "value", "provenance", "at", "source", "chosen"],
            What::Consents => &["customer_id", "purpose", "channel"],
            What::Changes => &["cursor"],
            What::Deleted => &["what", "key"],
        }
    }
}
