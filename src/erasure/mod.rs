//! Erases a person from a store and from what the program keeps beside it, and tells what is left to people.

use std::path::{Path, PathBuf};

use crate::domain::Timestamp;
use crate::domain::access_key::MaskingSecret;
use crate::domain::erasure::{ErasedIdentifier, ErasureOutcome, ErasureRequest, ErasureSalt};
use crate::domain::identifier::IdentifierKey;
use crate::store::{Result, Store, StoreError};

/// One line of a manifest: a place that held data about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasedFrom {
    /// The place.
    pub place: &'static str,
    /// How many rows were erased there, where they are counted.
    pub rows: Option<i64>,
    /// Whether nothing is left there.
    pub done: bool,
    /// What is left to do by a person.
    pub hint: Option<String>,
}

impl ErasedFrom {
    fn to_do(place: &'static str, hint: impl Into<String>) -> Self {
        ErasedFrom { place, rows: None, done: false, hint: Some(hint.into()) }
    }
}

/// An outcome with its manifest. Only an outcome of something done has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasing {
    /// The outcome.
    pub outcome: ErasureOutcome,
    /// The places.
    pub manifest: Vec<ErasedFrom>,
}

/// The salt of the hashes that stay, from the secret of the store.
///
/// # Errors
/// Of the store, or when the system has no random bytes.
pub async fn salt(store: &dyn Store) -> Result<ErasureSalt> {
    let mut new = MaskingSecret([0; 32]);
    getrandom::fill(&mut new.0).map_err(|_| StoreError::Refused("the system has no random bytes".into()))?;
    Ok(ErasureSalt::new(store.masking_secret(&new).await?))
}

/// Erases a person. `saved` is the file of saved journeys. With `trial` nothing is changed.
///
/// # Errors
/// Of the store. The person is whole then, or the call can be sent again.
pub async fn erase(
    store: &dyn Store,
    request: &ErasureRequest,
    saved: Option<&Path>,
    now: Timestamp,
    trial: bool,
) -> Result<Erasing> {
    let salt = salt(store).await?;
    let outcome = store.erase(request, &salt, now, trial).await?;
    let ErasureOutcome::Done(erased) = &outcome else {
        if !trial && let Err(error) = finish(store, saved).await {
            tracing::warn!(%error, "what an erasure of before left was not cleaned: the next start or erasure does it");
        }
        return Ok(Erasing { outcome, manifest: Vec::new() });
    };
    let left = match trial {
        true => Ok(None),
        false => store.clean_up().await,
    };
    let mut manifest: Vec<ErasedFrom> = erased
        .places
        .iter()
        .map(|(place, rows)| ErasedFrom { place: place.as_str(), rows: Some(*rows), done: !trial, hint: None })
        .collect();
    let files = "the store's own files";
    manifest.push(match left {
        Ok(None) => ErasedFrom { place: files, rows: None, done: !trial, hint: None },
        Ok(Some(hint)) => ErasedFrom::to_do(files, hint),
        Err(error) => {
            tracing::warn!(%error, "the files of the store were not cleaned");
            ErasedFrom::to_do(files, "they were not cleaned: the next start or erasure does it")
        }
    });
    if let Some(saved) = saved {
        let place = "saved journeys";
        let removed = if trial { Ok(()) } else { remove(saved) };
        manifest.push(match removed {
            Ok(()) => ErasedFrom { place, rows: None, done: !trial, hint: None },
            Err(error) => ErasedFrom::to_do(place, format!("delete {}: {error}", saved.display())),
        });
    }
    manifest.push(ErasedFrom::to_do("backups", "delete those that were made before, or erase again after a restore"));
    manifest.push(ErasedFrom::to_do("exports and reports", "files that were written before are not known here"));
    manifest.push(ErasedFrom::to_do(
        "segments and identity rules",
        "look whether a definition, a blocked value, a note or the reason of this erasure names the person",
    ));
    Ok(Erasing { outcome, manifest })
}

/// Does what an erasure of before may have left when it was stopped.
///
/// # Errors
/// Of the store.
pub async fn finish(store: &dyn Store, saved: Option<&Path>) -> Result<()> {
    store.clean_up().await?;
    if let Some(Err(error)) = saved.map(remove) {
        tracing::warn!(%error, "saved journeys were not deleted");
    }
    Ok(())
}

/// Deletes the file, and what an interrupted save left beside it. The next start reads the store instead.
fn remove(saved: &Path) -> std::io::Result<()> {
    for path in [saved.to_owned(), temporary(saved)] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn temporary(saved: &Path) -> PathBuf {
    crate::projection::temporary(saved)
}

/// What is known about an identifier after an erasure.
///
/// # Errors
/// Of the store.
pub async fn identifier(store: &dyn Store, key: &IdentifierKey) -> Result<ErasedIdentifier> {
    store.erased_identifier(key, &salt(store).await?).await
}

/// Rejects events with this identifier, or takes them again. `None` for an identifier that no erased person had, else
/// whether that is new.
///
/// # Errors
/// Of the store.
pub async fn suppress(store: &dyn Store, key: &IdentifierKey, is: bool) -> Result<Option<bool>> {
    let salt = salt(store).await?;
    match store.erased_identifier(key, &salt).await?.erased {
        false => Ok(None),
        true => store.set_suppression(key, &salt, is).await.map(Some),
    }
}
