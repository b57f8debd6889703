//! The purposes for which people are shown, and which of them a request has.

use std::sync::Arc;

use super::nearest::nearest;

/// A purpose that the settings list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Purpose {
    /// Its name, as consents have it.
    pub name: Arc<str>,
    /// Whether only people with a grant are shown. A contract needs none.
    pub needs_consent: bool,
}

/// All purposes of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purposes(Vec<Purpose>);

/// Why a request cannot have a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongPurpose {
    /// The purpose is not listed, or is missing: what is wrong, and what would be right.
    Unlisted(String, String),
    /// The caller is not bound to it.
    NotBound(String),
}

impl Purposes {
    /// From the settings.
    pub fn new(listed: Vec<Purpose>) -> Self {
        Purposes(listed)
    }

    /// The purpose with this name.
    pub fn find(&self, name: &str) -> Option<&Purpose> {
        self.0.iter().find(|purpose| &*purpose.name == name)
    }

    /// Whether none is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The listed purpose with this name.
    ///
    /// # Errors
    /// [`Unlisted`](WrongPurpose::Unlisted), with those that are listed.
    pub fn listed(&self, name: &str) -> Result<&Purpose, WrongPurpose> {
        self.find(name).ok_or_else(|| {
            let names = || self.0.iter().map(|purpose| &*purpose.name);
            let meant = nearest(name, names()).map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default();
            let hint = match self.is_empty() {
                true => "no purpose is listed: list it in `[privacy] purposes`, or send none".to_owned(),
                false => format!("one of {}", quoted(names())),
            };
            WrongPurpose::Unlisted(format!("the purpose is not listed{meant}"), hint)
        })
    }

    /// The purpose of a request: the given one, else the only one that the caller is bound to. `None` without any: then
    /// everybody is shown.
    ///
    /// # Errors
    /// When the purpose is not listed, when the caller is not bound to it, and when the caller is bound to several and
    /// gives none.
    pub fn of_request(&self, given: Option<&str>, bound: &[Arc<str>]) -> Result<Option<Purpose>, WrongPurpose> {
        let bound_to = || quoted(bound.iter().map(|name| &**name));
        match (given.map(str::trim), bound) {
            (None, []) => Ok(None),
            (None, [only]) => self.listed(only).cloned().map(Some),
            (None, _) => {
                let message = "the caller is bound to several purposes, and the request names none".to_owned();
                Err(WrongPurpose::Unlisted(message, format!("name one of {}", bound_to())))
            }
            (Some(name), _) => {
                let purpose = self.listed(name)?;
                match bound.is_empty() || bound.iter().any(|own| **own == *name) {
                    true => Ok(Some(purpose.clone())),
                    false => Err(WrongPurpose::NotBound(format!("the caller is bound to {}", bound_to()))),
                }
            }
        }
    }
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

impl std::fmt::Display for WrongPurpose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WrongPurpose::Unlisted(message, hint) => write!(f, "{message}: {hint}"),
            WrongPurpose::NotBound(message) => f.write_str(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purposes() -> Purposes {
        let purpose = |name: &str, needs_consent| Purpose { name: name.into(), needs_consent };
        Purposes::new(vec![purpose("marketing", true), purpose("orders", false)])
    }

    fn asked(given: Option<&str>, bound: &[&str]) -> Result<Option<String>, String> {
        let bound: Vec<Arc<str>> = bound.iter().map(|name| Arc::from(*name)).collect();
        let found = purposes().of_request(given, &bound);
        found.map(|found| found.map(|purpose| purpose.name.to_string())).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn a_request_has_the_purpose_that_it_names_or_the_only_one_of_its_caller() {
        let has = |name: &str| Ok(Some(name.to_owned()));
        assert_eq!(asked(None, &[]), Ok(None));
        assert_eq!(asked(None, &["orders"]), has("orders"));
        assert_eq!(asked(Some(" marketing "), &[]), has("marketing"));
        assert_eq!(asked(Some("orders"), &["marketing", "orders"]), has("orders"));
    }

    #[test]
    fn a_wrong_purpose_is_told_with_those_that_are_right() {
        for (given, bound, words) in [
            (Some("marketting"), &[][..], "not listed; did you mean \"marketing\"?: one of \"marketing\", \"orders\""),
            (Some(""), &[], "one of \"marketing\", \"orders\""),
            (Some("Marketing"), &["orders"], "is not listed"),
            (Some("orders"), &["marketing"], "bound to \"marketing\""),
            (None, &["marketing", "orders"], "name one of \"marketing\", \"orders\""),
            (None, &["research"], "is not listed"),
        ] {
            let wrong = asked(given, bound).expect_err(words);
            assert!(wrong.contains(words), "{given:?} {bound:?}: {wrong}");
        }
        let none = Purposes::default().of_request(Some("marketing"), &[]).expect_err("nothing is listed");
        assert!(none.to_string().contains("no purpose is listed"), "{none}");
    }
}
