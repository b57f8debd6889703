//! The caller of a request.

use std::sync::Arc;

/// The caller of a request, with its permissions. Resolvers check it before they show personal data.
///
/// Without `[access]` in the settings every caller sees everything: [`Viewer::all`].
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The purpose of the request, when the caller gave one.
    pub purpose: Option<Arc<str>>,
    sees_personal: bool,
}

impl Viewer {
    /// A caller that sees everything.
    pub fn all() -> Self {
        Viewer { purpose: None, sees_personal: true }
    }

    /// The caller's name, as the author of a decision.
    pub fn name(&self) -> Arc<str> {
        "anonymous".into()
    }

    /// Whether identifiers of this kind are shown unmasked.
    pub fn sees_identifier(&self, _kind: &str) -> bool {
        self.sees_personal
    }

    /// Whether values of this trait are shown unmasked.
    pub fn sees_trait(&self, _name: &str) -> bool {
        self.sees_personal
    }
}
