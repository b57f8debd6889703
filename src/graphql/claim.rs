//! Traits: claims about a person, and the one that the policy shows.

use std::sync::Arc;

use async_graphql::{Context, Enum, Error, ID, Object};

use super::error::{Code, coded};
use super::identifier::Identifier;
use super::page::read_size;
use super::scalar::{DateTime, Json};
use super::viewer::Viewer;
use super::{Setup, id::NodeId};
use crate::domain::claim::{self, Claim, FIRST_NAME, FULL_NAME, LAST_NAME, TraitPolicies};
use crate::domain::customer::CustomerView;
use crate::domain::masks::Masks;

/// One value of one trait.
pub struct Trait {
    claim: Claim,
    others: Vec<Claim>,
    view: Arc<CustomerView>,
}

/// How a value was obtained.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "claim::Provenance")]
pub enum Provenance {
    /// Observed in a transaction or on a device.
    Realised,
    /// Stated by the customer.
    Declared,
    /// Inferred by another system.
    Assumed,
}

/// One value of one trait, with its origin.
#[Object]
impl Trait {
    /// The trait's name, as it was sent.
    async fn name(&self) -> &str {
        &self.claim.name
    }

    /// The value. Null when the sender sent null, or when the value is masked.
    async fn value(&self, ctx: &Context<'_>) -> Option<Json> {
        if self.is_masked(ctx) { None } else { Json::from_raw(&self.claim.value) }
    }

    /// Whether the value is hidden from the caller.
    async fn masked(&self, ctx: &Context<'_>) -> bool {
        self.is_masked(ctx)
    }

    /// How the value was obtained.
    async fn provenance(&self) -> Provenance {
        self.claim.provenance.into()
    }

    /// When the value was last sent.
    async fn at(&self) -> DateTime {
        DateTime(self.claim.at)
    }

    /// The source that sent it.
    async fn source(&self) -> &str {
        &self.claim.source
    }

    /// The identifier that the value is attached to.
    async fn identifier(&self) -> Result<Identifier, Error> {
        owner_in(&self.view, self.claim.owner)
    }

    /// All other values of this trait, the newest first. Empty on such another value.
    async fn others(
        &self,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 100)] first: i32,
    ) -> Result<Vec<Trait>, Error> {
        let first = read_size("first", first)?;
        let losing = |claim: &Claim| Trait { claim: claim.clone(), others: Vec::new(), view: self.view.clone() };
        Ok(self.others.iter().take(first).map(losing).collect())
    }
}

impl Trait {
    fn is_masked(&self, ctx: &Context<'_>) -> bool {
        ctx.data_unchecked::<Viewer>().masks.hides_trait(&self.claim.name)
    }
}

/// The shown traits of a customer; with `names` only these.
pub(super) fn shown(ctx: &Context<'_>, view: &Arc<CustomerView>, names: Option<&[String]>) -> Vec<Trait> {
    let chosen = ctx.data_unchecked::<Setup>().traits.choose(&view.claims);
    let fits = |t: &claim::ShownTrait| {
        names.is_none_or(|names| names.is_empty() || names.iter().any(|n| **n == *t.shown.name))
    };
    let show = |t: claim::ShownTrait| Trait { claim: t.shown, others: t.others, view: view.clone() };
    chosen.into_iter().filter(fits).map(show).collect()
}

/// The customer's display name, from what the viewer may see.
pub(super) fn display_name(ctx: &Context<'_>, view: &CustomerView) -> Option<String> {
    name_of(&ctx.data_unchecked::<Setup>().traits, &ctx.data_unchecked::<Viewer>().masks, view)
}

/// The display name for those who may see everything.
pub fn unmasked_name(policies: &TraitPolicies, view: &CustomerView) -> Option<String> {
    name_of(policies, &Masks::default(), view)
}

/// The trait `name`, else first and last name, else an e-mail address or a phone number, of what is not masked. `None`
/// when there is none.
fn name_of(policies: &TraitPolicies, masks: &Masks, view: &CustomerView) -> Option<String> {
    let chosen = policies.choose(&view.claims);
    let text = |names: &[&str]| {
        let is_there = |t: &&claim::ShownTrait| !t.shown.is_none() && !masks.hides_trait(&t.shown.name);
        let found = names.iter().find_map(|name| chosen.iter().filter(is_there).find(|t| &*t.shown.name == *name))?;
        let text: String = serde_json::from_str(found.shown.value.get()).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let full = || {
        let parts: Vec<String> = [text(&FIRST_NAME), text(&LAST_NAME)].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let address = |kind: &str| {
        let found = view.identifiers.iter().find(|i| &*i.key.kind == kind)?;
        (!masks.hides_kind(kind)).then(|| found.key.value.to_string())
    };
    text(&[FULL_NAME]).or_else(full).or_else(|| address("email")).or_else(|| address("phone"))
}

/// The identifier of a customer's view that a row is attached to.
pub(super) fn owner_in(view: &Arc<CustomerView>, owner: crate::domain::IdentifierId) -> Result<Identifier, Error> {
    let found = view.identifiers.iter().find(|i| i.id == owner).cloned();
    let found = found.ok_or_else(|| {
        let ID(id) = NodeId::Identifier(owner).encode();
        tracing::error!(identifier = %id, "an owner is missing among its customer's identifiers");
        coded(Code::Internal, "internal error")
    })?;
    Ok(Identifier::of_customer(found, view))
}
