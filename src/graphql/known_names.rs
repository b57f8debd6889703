//! Checks of names in arguments: kinds of identifiers, channels, kinds of touchpoints. An unknown name is an error,
//! not an empty result.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions};

use super::Setup;
use super::error::{Code, bad_argument, coded};
use super::identifier::IdentifierInput;
use super::load::{self, NamesInUse};
use crate::domain::IdentifierKey;
use crate::domain::health::Names;
use crate::domain::nearest::{hint, nearest};
use crate::ingest::channels::KNOWN;
use crate::ingest::kinds::KINDS;
use crate::ingest::{Identifiers, Ingest};

/// The maximum number of characters of a name that an error repeats.
const MAX_REPEATED: usize = 100;

/// An unknown kind of identifiers.
pub(super) struct UnknownKind {
    /// What is wrong, with the nearest known kind.
    pub(super) message: String,
    hint: String,
}

impl UnknownKind {
    /// What would be right.
    pub(super) fn hint(&self) -> &str {
        &self.hint
    }

    /// The error. `argument` is the argument with the kind.
    pub(super) fn at(self, argument: &str) -> Error {
        let error = coded(Code::UnknownKind, format!("{argument}: {}", self.message));
        error.extend_with(|_, extensions| {
            extensions.set("argument", argument);
            extensions.set("hint", self.hint.as_str());
        })
    }
}

/// Whether a kind of identifiers is known: the rules list it, or the store has identifiers of it.
pub(super) async fn find_kind(ctx: &Context<'_>, kind: &str) -> Result<Result<(), UnknownKind>, Error> {
    let reader = ctx.data_unchecked::<Arc<Ingest>>().reader();
    let listed = reader.identifiers();
    if listed.is_listed(kind) {
        return Ok(Ok(()));
    }
    let Some(names) = names(ctx).await? else { return Ok(Ok(())) };
    Ok(find_kind_in(listed, &names, kind))
}

/// The same with the names in the store, for a caller that has them.
pub(super) fn find_kind_in(listed: &Identifiers, names: &Names, kind: &str) -> Result<(), UnknownKind> {
    if listed.is_listed(kind) || Names::may_have(&names.kinds, kind) {
        return Ok(());
    }
    let known = || listed.names().chain(names.kinds.iter().map(|name| &**name));
    Err(UnknownKind {
        message: format!("no identifier is of the kind {}", quoted(kind, nearest(kind, known()))),
        hint: hint(kind, known()),
    })
}

/// The key of an identifier. `None` when no event can have this value. `argument` is the argument's name.
///
/// # Errors
/// When the kind is unknown.
pub(super) async fn read_identifier(
    ctx: &Context<'_>,
    argument: &str,
    identifier: &IdentifierInput,
) -> Result<Option<IdentifierKey>, Error> {
    check_kind(ctx, &format!("{argument}.kind"), &identifier.kind).await?;
    Ok(ctx.data_unchecked::<Setup>().normalise(&identifier.kind, &identifier.value))
}

/// # Errors
/// When the kind is neither in the rules nor in the store.
pub(super) async fn check_kind(ctx: &Context<'_>, argument: &str, kind: &str) -> Result<(), Error> {
    find_kind(ctx, kind).await?.map_err(|unknown| unknown.at(argument))
}

/// # Errors
/// When one of them is not a known channel, and no touchpoint has it.
pub(super) async fn check_channels(ctx: &Context<'_>, argument: &str, channels: &[String]) -> Result<(), Error> {
    let is_known = |channel: &str| KNOWN.contains(&channel);
    if channels.iter().all(|channel| is_known(channel)) {
        return Ok(());
    }
    let Some(names) = names(ctx).await? else { return Ok(()) };
    let is_there = |channel: &str| is_known(channel) || Names::may_have(&names.channels, channel);
    let Some(unknown) = channels.iter().find(|channel| !is_there(channel)) else { return Ok(()) };
    let known = || KNOWN.into_iter().chain(names.channels.iter().map(|name| &**name));
    let message = format!("no touchpoint is on the channel {}", quoted(unknown, nearest(unknown, known())));
    Err(bad_argument(argument, message, &hint(unknown, known())))
}

/// # Errors
/// When one of them is not a kind of touchpoints.
pub(super) fn check_touchpoint_kinds(argument: &str, kinds: &[String]) -> Result<(), Error> {
    let Some(unknown) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) else { return Ok(()) };
    let message = format!("no touchpoint is of the kind {}", quoted(unknown, nearest(unknown, KINDS)));
    Err(bad_argument(argument, message, &hint(unknown, KINDS)))
}

/// A quoted name, with the nearest known one.
pub(super) fn quoted(name: &str, nearest: Option<&str>) -> String {
    let name: String = name.chars().take(MAX_REPEATED).collect();
    match nearest {
        Some(nearest) => format!("\"{name}\"; did you mean \"{nearest}\"?"),
        None => format!("\"{name}\""),
    }
}

/// The names in the store. `None` when the store does not know them yet.
async fn names(ctx: &Context<'_>) -> Result<Option<Names>, Error> {
    Ok(load::one(ctx, NamesInUse).await?.flatten())
}
