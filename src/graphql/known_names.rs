//! What there is: kinds of identifiers, channels, kinds of touchpoints. So a name that nobody uses is told
//! from one that finds nothing.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions};

use super::Setup;
use super::error::{Code, bad_argument, coded};
use super::identifier::IdentifierInput;
use super::load::{self, NamesInUse};
use crate::domain::IdentifierKey;
use crate::domain::health::Names;
use crate::domain::nearest::{hint, nearest};
use crate::ingest::Ingest;
use crate::ingest::channels::KNOWN;
use crate::ingest::kinds::KINDS;

/// More of a name is not said back.
const SAID_BACK: usize = 100;

/// A kind of identifiers that there is not, and what to do about it.
pub(super) struct UnknownKind {
    /// What is wrong, with the nearest that there is.
    pub(super) message: String,
    hint: String,
}

impl UnknownKind {
    /// As an error; `argument` is where the kind stands.
    pub(super) fn at(self, argument: &str) -> Error {
        let error = coded(Code::UnknownKind, format!("{argument}: {}", self.message));
        error.extend_with(|_, extensions| {
            extensions.set("argument", argument);
            extensions.set("hint", self.hint.as_str());
        })
    }
}

/// Whether identifiers can be of this kind: the rules list it, or some are stored.
pub(super) async fn find_kind(ctx: &Context<'_>, kind: &str) -> Result<Result<(), UnknownKind>, Error> {
    let reader = ctx.data_unchecked::<Arc<Ingest>>().reader();
    let listed = reader.identifiers();
    if listed.is_listed(kind) {
        return Ok(Ok(()));
    }
    let Some(names) = names(ctx).await? else { return Ok(Ok(())) };
    if Names::may_have(&names.kinds, kind) {
        return Ok(Ok(()));
    }
    let known = || listed.names().chain(names.kinds.iter().map(|name| &**name));
    Ok(Err(UnknownKind {
        message: format!("no identifier is of the kind {}", asked(kind, nearest(kind, known()))),
        hint: hint(kind, known()),
    }))
}

/// The key of an identifier; `None` when no event could ever have brought it. `argument` is where it was given.
///
/// # Errors
/// That there is no such kind.
pub(super) async fn read_identifier(
    ctx: &Context<'_>,
    argument: &str,
    identifier: &IdentifierInput,
) -> Result<Option<IdentifierKey>, Error> {
    check_kind(ctx, &format!("{argument}.kind"), &identifier.kind).await?;
    Ok(ctx.data_unchecked::<Setup>().normalise(&identifier.kind, &identifier.value))
}

/// # Errors
/// That identifiers are neither listed nor stored under this kind.
pub(super) async fn check_kind(ctx: &Context<'_>, argument: &str, kind: &str) -> Result<(), Error> {
    find_kind(ctx, kind).await?.map_err(|unknown| unknown.at(argument))
}

/// # Errors
/// That one is no channel that is known, and no touchpoint has it.
pub(super) async fn check_channels(ctx: &Context<'_>, argument: &str, channels: &[String]) -> Result<(), Error> {
    let is_known = |channel: &str| KNOWN.contains(&channel);
    if channels.iter().all(|channel| is_known(channel)) {
        return Ok(());
    }
    let Some(names) = names(ctx).await? else { return Ok(()) };
    let is_there = |channel: &str| is_known(channel) || Names::may_have(&names.channels, channel);
    let Some(unknown) = channels.iter().find(|channel| !is_there(channel)) else { return Ok(()) };
    let known = || KNOWN.into_iter().chain(names.channels.iter().map(|name| &**name));
    let words = format!("no touchpoint is on the channel {}", asked(unknown, nearest(unknown, known())));
    Err(bad_argument(argument, words, &hint(unknown, known())))
}

/// # Errors
/// That one is no kind of touchpoints.
pub(super) fn check_touchpoint_kinds(argument: &str, kinds: &[String]) -> Result<(), Error> {
    let Some(unknown) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) else { return Ok(()) };
    let words = format!("no touchpoint is of the kind {}", asked(unknown, nearest(unknown, KINDS)));
    Err(bad_argument(argument, words, &hint(unknown, KINDS)))
}

/// What was asked for, and what was most likely meant.
pub(super) fn asked(name: &str, nearest: Option<&str>) -> String {
    let name: String = name.chars().take(SAID_BACK).collect();
    match nearest {
        Some(nearest) => format!("\"{name}\"; did you mean \"{nearest}\"?"),
        None => format!("\"{name}\""),
    }
}

/// The names that are stored; `None` when that is not known.
async fn names(ctx: &Context<'_>) -> Result<Option<Names>, Error> {
    Ok(load::one(ctx, NamesInUse).await?.flatten())
}
