//! Who asks.

use std::sync::Arc;

/// Who asks, and for which purpose. Every request has one, and resolvers ask it before they show
/// anything personal.
///
/// Without `[access]` in the settings every caller sees all: [`Viewer::all`].
#[derive(Clone, Debug)]
pub struct Viewer {
    /// What the answer is for, when the caller said so.
    pub purpose: Option<Arc<str>>,
    sees_personal: bool,
}

impl Viewer {
    /// One who may see all.
    pub fn all() -> Self {
        Viewer { purpose: None, sees_personal: true }
    }

    /// Who it is, as the author of a decision.
    pub fn name(&self) -> Arc<str> {
        "anonymous".into()
    }

    /// Whether identifiers of this kind are shown as they are.
    pub fn sees_identifier(&self, _kind: &str) -> bool {
        self.sees_personal
    }

    /// Whether this trait's values are shown as they are.
    pub fn sees_trait(&self, _name: &str) -> bool {
        self.sees_personal
    }
}
