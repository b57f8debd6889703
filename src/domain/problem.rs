//! What is wrong with something that was sent, said so that its sender can mend it.

use serde::{Deserialize, Serialize};

/// One thing that is wrong. On an event that was stored all the same, a warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What sort of thing.
    pub code: ProblemCode,
    /// Where, as a JSON path within what was sent, such as `properties.products[1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What was wrong and what would be right; never a value that was sent.
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
        /// What sort of thing is wrong; the closed list of the contract.
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
    /// Not an id of ours.
    BadId = "BAD_ID",
    /// An argument that cannot be.
    BadArgument = "BAD_ARGUMENT",
    /// An id of a view of the past, where the present is asked for.
    IdOfThePast = "ID_OF_THE_PAST",
    /// Nothing has that id.
    NotFound = "NOT_FOUND",
    /// No kind of identifier has that name.
    UnknownKind = "UNKNOWN_KIND",
    /// No customer has that identifier.
    UnknownIdentifier = "UNKNOWN_IDENTIFIER",
    /// Another customer has that identifier.
    NotItsIdentifier = "NOT_ITS_IDENTIFIER",
    /// A split that would leave nothing.
    NothingLeft = "NOTHING_LEFT",
    /// Two ids of one customer.
    SameCustomer = "SAME_CUSTOMER",
    /// The person was erased.
    Erased = "ERASED",
    /// A rule of who is who forbids it.
    RuleForbids = "RULE_FORBIDS",
    /// Newer rules were saved meanwhile.
    RulesChanged = "RULES_CHANGED",
    /// Not an event at all.
    NotAnEvent = "NOT_AN_EVENT",
    /// Something that must be there is not.
    MissingField = "MISSING_FIELD",
    /// Not a time, or one nobody lived in.
    BadTime = "BAD_TIME",
    /// Not an amount, or not a currency.
    BadMoney = "BAD_MONEY",
    /// A value of the wrong sort.
    BadValue = "BAD_VALUE",
    /// Longer than may be.
    TooLarge = "TOO_LARGE",
    /// A value that stands for nobody, such as `null` or `guest`.
    BlockedValue = "BLOCKED_VALUE",
    /// Something about an order that has not arrived; it waits.
    OrderNotYetHere = "ORDER_NOT_YET_HERE",
    /// The store would not take it.
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
        assert_eq!(ProblemCode::ALL.len(), 21);
    }
}
