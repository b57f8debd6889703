//! The problems found while an event is read.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::json::as_text;
use crate::domain::{IdentifierKey, Problem, ProblemCode};

/// Faults, which reject the event, and warnings, with which the event is stored.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) faults: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

/// Whether an invalid text is a fault of the whole event, or is left out with a warning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Fault,
    Warning,
}

impl Notes {
    pub(crate) fn fault(&mut self, code: ProblemCode, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Problem::at(code, path, message));
    }

    pub(crate) fn warn(&mut self, code: ProblemCode, path: impl Into<String>, message: impl Into<String>) {
        self.warnings.push(Problem::at(code, path, message));
    }

    pub(crate) fn note(&mut self, weight: Weight, code: ProblemCode, path: &str, message: impl Into<String>) {
        match weight {
            Weight::Fault => self.fault(code, path, message),
            Weight::Warning => self.warn(code, path, message),
        }
    }

    /// A text or a number as trimmed text: not empty, at most 1,024 bytes, no control characters. `None` when it is not
    /// given or empty; `None` and a note when it is invalid.
    pub(crate) fn text<'a>(&mut self, weight: Weight, path: &str, raw: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
        let Some(text) = as_text(raw?) else {
            self.note(weight, ProblemCode::BadValue, path, "neither text nor a number");
            return None;
        };
        let text = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        match fit(&text) {
            Ok(()) if text.is_empty() => None,
            Ok(()) => Some(text),
            Err((code, message)) => {
                self.note(weight, code, path, message);
                None
            }
        }
    }

    /// A text or a number as the name of an event: control characters become blanks, and a longer text is cut at 1,024
    /// bytes. `None` when it is not given or empty; `None` and a warning when it is not a text.
    pub(crate) fn name(&mut self, path: &str, raw: Option<&RawValue>) -> Option<Arc<str>> {
        let Some(text) = as_text(raw?) else {
            self.warn(ProblemCode::BadValue, path, "neither text nor a number");
            return None;
        };
        let mut name = text.trim().to_owned();
        if name.chars().any(char::is_control) {
            self.warn(ProblemCode::BadValue, path, "control characters in it, so they are blanks");
            name = name.replace(char::is_control, " ").trim().to_owned();
        }
        if name.len() > IdentifierKey::MAX_VALUE_BYTES {
            self.warn(ProblemCode::TooLarge, path, "longer than 1,024 bytes, so it is cut");
            let end = (0..=IdentifierKey::MAX_VALUE_BYTES).rfind(|end| name.is_char_boundary(*end));
            name.truncate(end.unwrap_or_default());
        }
        (!name.is_empty()).then(|| name.into())
    }

    /// As [`text`](Self::text), left out with a warning when it is invalid.
    pub(crate) fn word(&mut self, path: &str, raw: Option<&RawValue>) -> Option<Arc<str>> {
        self.text(Weight::Warning, path, raw).map(Arc::from)
    }
}

/// Whether a text can be a name, an id or an identifier's value.
pub(crate) fn fit(text: &str) -> Result<(), (ProblemCode, &'static str)> {
    const MOST: usize = IdentifierKey::MAX_VALUE_BYTES;
    if text.len() > MOST {
        Err((ProblemCode::TooLarge, "longer than 1,024 bytes"))
    } else if text.chars().any(char::is_control) {
        Err((ProblemCode::BadValue, "a control character in it"))
    } else {
        Ok(())
    }
}
