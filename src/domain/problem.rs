//! Problems of events and requests, with the information that the sender needs to correct them.

use serde::{Deserialize, Serialize};

/// One problem. For an event that was stored, it is a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The kind of problem.
    pub code: ProblemCode,
    /// The position, as a JSON path in the event or argument, such as `properties.products[1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is wrong and what would be right; never a value from the event.
    pub message: String,
}

impl Problem {
    /// At a place.
    pub fn at(code: ProblemCode, path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem { code, path: Some(path.into()), message: message.into() }
    }

    /// Of the whole.
    pub fn whole(code: ProblemCode, message: impl Into<String>) -> Self {
        Problem { code, path: None, message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{} {path}: {}", self.code.as_str(), self.message),
            None => write!(f, "{}: {}", self.code.as_str(), self.message),
        }
    }
}

macro_rules! problem_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The kinds of problems; the closed list of the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &[ProblemCode] = &[$(ProblemCode::$name,)*];

            /// Its name in the API and in reject files.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(ProblemCode::$name => $text,)*
                }
            }
        }
    };
}

problem_codes! {
    /// Not an id of this store.
    BadId = "BAD_ID",
    /// An invalid argument.
    BadArgument = "BAD_ARGUMENT",
    /// An id with a past moment where the present is required.
    IdOfThePast = "ID_OF_THE_PAST",
    /// No object has this id.
    NotFound = "NOT_FOUND",
    /// No kind of identifiers has this name.
    UnknownKind = "UNKNOWN_KIND",
    /// No customer has that identifier.
    UnknownIdentifier = "UNKNOWN_IDENTIFIER",
    /// Another customer has that identifier.
    NotItsIdentifier = "NOT_ITS_IDENTIFIER",
    /// A split that would leave no identifiers.
    NothingLeft = "NOTHING_LEFT",
    /// Two of the ids are one customer.
    SameCustomer = "SAME_CUSTOMER",
    /// The person was erased.
    Erased = "ERASED",
    /// An identifier is of an erased person, and suppressed.
    Suppressed = "SUPPRESSED",
    /// An identity rule forbids it.
    RuleForbids = "RULE_FORBIDS",
    /// Newer rules, or a newer version of the segment, were saved in the meantime.
    RulesChanged = "RULES_CHANGED",
    /// Others depend on it.
    InUse = "IN_USE",
    /// It would depend on itself.
    Circular = "CIRCULAR",
    /// Not an event at all.
    NotAnEvent = "NOT_AN_EVENT",
    /// A required field is missing.
    MissingField = "MISSING_FIELD",
    /// Not a time, or a time outside of the valid years.
    BadTime = "BAD_TIME",
    /// Not an amount, or not a currency.
    BadMoney = "BAD_MONEY",
    /// A value of the wrong type.
    BadValue = "BAD_VALUE",
    /// Longer than the limit.
    TooLarge = "TOO_LARGE",
    /// A value that identifies no person, such as `null` or `guest`.
    BlockedValue = "BLOCKED_VALUE",
    /// An event of an order that has not arrived; it waits for the order.
    OrderNotYetHere = "ORDER_NOT_YET_HERE",
    /// The store refused it.
    StoreRefused = "STORE_REFUSED",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_written_with_its_contract_name() {
        let problem = Problem::at(ProblemCode::BadMoney, "properties.total", "not an amount");
        let text = serde_json::to_string(&problem).expect("JSON");
        assert_eq!(text, r#"{"code":"BAD_MONEY","path":"properties.total","message":"not an amount"}"#);
        assert_eq!(problem.to_string(), "BAD_MONEY properties.total: not an amount");
        assert_eq!(ProblemCode::ALL.len(), 24);
    }
}
