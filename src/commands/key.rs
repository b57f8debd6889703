//! `throughline key`: the keys of callers.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};

use crate::access::key_text;
use crate::domain::access_key::{AccessKey, KeyHash, Role, is_key_name};
use crate::domain::purpose::Purposes;
use crate::domain::{Duration, Timestamp};
use crate::ingest::clock;
use crate::ingest::event::is_source_name;
use crate::settings::Settings;
use crate::store::{Store, open};

/// Creates, lists, revokes and rotates the keys of callers.
///
/// With `[access]` in the settings every request needs a key: `Authorization: Bearer thr_…`. Senders of Segment's wire
/// may use it as their write key. The store has only the hash of a key, so a key is shown once. Every server of the store
/// accepts a new key, and refuses a revoked one, within five seconds.
///
/// Roles: `reader` sees profiles and figures, and what is personal masked; `analyst` sees figures; `service` sends events of
/// one source; `admin` may do and see everything. `[access.reader]` and `[access.analyst]` in the settings say more.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct KeyArgs {
    #[command(subcommand)]
    action: KeyAction,
}

#[derive(Subcommand, Clone, Debug)]
enum KeyAction {
    /// Creates a key and prints it, alone, on standard output
    Create(CreateArgs),
    /// Lists all keys: name, role, source, purposes, when each was created, expires, was revoked and was last used
    List,
    /// Revokes all keys of a name
    Revoke(NameArgs),
    /// Creates the next key of a name and prints it; the old ones end after `rotation_overlap` of `[access]`
    Rotate(NameArgs),
}

#[derive(Args, Clone, Debug)]
struct CreateArgs {
    /// Who it is, as in decisions and in the log: small letters, digits, `.`, `_`, `@` and `-`
    #[arg(long, value_name = "NAME")]
    name: String,

    /// What it may do: reader, analyst, service or admin
    #[arg(long, value_name = "ROLE")]
    role: String,

    /// The source of its events, for the role service
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,

    /// The purposes that it is bound to, of those in `[privacy] purposes`: its requests show people for one of them only
    #[arg(long, value_name = "PURPOSE,…", value_delimiter = ',')]
    purposes: Vec<String>,

    /// When it expires, such as 2027-01-31T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

#[derive(Args, Clone, Debug)]
struct NameArgs {
    /// The name of the keys
    #[arg(value_name = "NAME")]
    name: String,
}

const EXAMPLES: &str = "\
Exit status:
  0  done
  1  the store cannot be used
  2  the call cannot work: a wrong name, role, source, purpose or time, a name that has a key already, or a name without a key

Examples:
  A key for the shop's events:
    throughline key create --name shop --role service --source shop

  A key for a support desk, with what is personal masked:
    throughline key create --name desk --role reader

  A key for a newsletter tool, which sees those who agreed to marketing:
    throughline key create --name letters --role reader --purposes marketing

  A key for a person, until the end of January:
    throughline key create --name ada --role admin --expires 2027-01-31T00:00:00Z

  All keys, a new key for the shop, and an end for Ada's:
    throughline key list
    throughline key rotate shop
    throughline key revoke ada";

/// Why a call cannot work.
struct Refused(String);

/// Runs the command with the store of the settings.
///
/// # Errors
/// When the store cannot be used.
pub(super) async fn run(args: KeyArgs, settings: Settings) -> anyhow::Result<ExitCode> {
    let now = clock::system()();
    let name = match &args.action {
        KeyAction::List => None,
        KeyAction::Create(create) => Some(&create.name),
        KeyAction::Revoke(args) | KeyAction::Rotate(args) => Some(&args.name),
    };
    if let Some(name) = name.filter(|name| !is_key_name(name)) {
        return Ok(refuse(&Refused(format!(
            "`{name}` is no name of a key: use 1 to 64 small letters, digits, `.`, `_`, `@` and `-`"
        ))));
    }
    let new = match &args.action {
        KeyAction::Create(create) => match planned(create, &settings.privacy.purposes, now)? {
            Ok(planned) => Some(planned),
            Err(refused) => return Ok(refuse(&refused)),
        },
        _ => None,
    };
    let store = open::open(&settings.store)?;
    store.set_up().await.context("the store cannot be used")?;
    let done = match (args.action, new) {
        (KeyAction::List, _) => list(&*store, now).await,
        (KeyAction::Revoke(args), _) => revoke(&*store, &args.name, now).await,
        (KeyAction::Rotate(args), _) => {
            let overlap = settings.access.clone().unwrap_or_default().rotation_overlap;
            rotate(&*store, &args.name, now, overlap).await
        }
        (KeyAction::Create(_), Some((secret, key))) => create(&*store, secret, key).await,
        (KeyAction::Create(_), None) => unreachable!("it was planned above"),
    };
    store.close().await;
    match done? {
        Ok(text) => {
            super::print(&text)?;
            if settings.access.is_none() {
                eprintln!("note: there is no [access] in the settings, so keys are not asked for yet");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(refused) => Ok(refuse(&refused)),
    }
}

fn refuse(Refused(reason): &Refused) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::from(2)
}

/// The key to create, and what is stored of it.
fn planned(
    args: &CreateArgs,
    listed: &Purposes,
    now: Timestamp,
) -> anyhow::Result<Result<(String, AccessKey), Refused>> {
    let refused = |reason: String| Ok(Err(Refused(reason)));
    let Some(role) = Role::parse(&args.role) else {
        let names = Role::ALL.map(Role::name).join(", ");
        return refused(format!("`{}` is no role: the roles are {names}", args.role));
    };
    let mut purposes: Vec<Arc<str>> = Vec::new();
    for name in args.purposes.iter().map(|name| name.trim()) {
        match listed.listed(name) {
            Ok(purpose) if purposes.contains(&purpose.name) => {}
            Ok(purpose) => purposes.push(purpose.name.clone()),
            Err(wrong) => return refused(format!("--purposes {name}: {wrong}")),
        }
    }
    match (&args.source, role) {
        (None, Role::Service) => {
            return refused("a key of the role service needs the source of its events: --source shop".to_owned());
        }
        (Some(_), Role::Reader | Role::Analyst | Role::Admin) => {
            return refused(format!("a key of the role {} has no source: leave --source out", role.name()));
        }
        (Some(source), Role::Service) if !is_source_name(source) => {
            return refused(format!("`{source}` is no name of a source"));
        }
        _ => {}
    }
    let expires_at = match args.expires.as_deref().map(Timestamp::parse) {
        None => None,
        Some(Ok(end)) if end > now => Some(end),
        Some(Ok(end)) => return refused(format!("--expires: {end} has passed")),
        Some(Err(fault)) => return refused(format!("--expires: {fault}")),
    };
    let (secret, hash) = make(role)?;
    let key = AccessKey {
        hash,
        name: args.name.as_str().into(),
        role,
        source: args.source.as_deref().map(Into::into),
        purposes,
        created_at: now,
        expires_at,
        revoked_at: None,
        used_at: None,
    };
    Ok(Ok((secret, key)))
}

/// A new key and its hash.
fn make(role: Role) -> anyhow::Result<(String, KeyHash)> {
    let secret = key_text::make(role).context("the system has no random bytes")?;
    let hash = key_text::read(&secret).context("a new key cannot be read")?;
    Ok((secret, hash))
}

async fn create(store: &dyn Store, secret: String, key: AccessKey) -> anyhow::Result<Result<String, Refused>> {
    if store.insert_access_key(&key).await? {
        return Ok(Ok(format!("{secret}\n")));
    }
    let name = &key.name;
    Ok(Err(Refused(format!("{name} has a key already: use another name, or `throughline key rotate {name}`"))))
}

async fn rotate(
    store: &dyn Store,
    name: &str,
    now: Timestamp,
    overlap: Duration,
) -> anyhow::Result<Result<String, Refused>> {
    let keys = store.list_access_keys().await?;
    // The newest key in force is the pattern of the next one.
    let Some(old) = keys.iter().rev().find(|key| &*key.name == name && key.is_in_force(now)) else {
        return Ok(Err(none(name)));
    };
    // A key that ends at a time is replaced by one that ends then too.
    let (secret, hash) = make(old.role)?;
    let next = AccessKey { hash, created_at: now, revoked_at: None, used_at: None, ..old.clone() };
    let until = Timestamp(now.0.saturating_add(overlap.as_millis()).min(Timestamp::MAX.0));
    match store.replace_access_key(&next, until).await? {
        true => {
            eprintln!("the old key of {name} ends at {until}");
            Ok(Ok(format!("{secret}\n")))
        }
        false => Ok(Err(none(name))),
    }
}

async fn revoke(store: &dyn Store, name: &str, now: Timestamp) -> anyhow::Result<Result<String, Refused>> {
    match store.revoke_access_keys(name, now).await? {
        0 => Ok(Err(none(name))),
        1 => Ok(Ok(format!("{name}: the key is revoked\n"))),
        many => Ok(Ok(format!("{name}: {many} keys are revoked\n"))),
    }
}

fn none(name: &str) -> Refused {
    Refused(format!("{name} has no key in force: `throughline key list` shows all"))
}

async fn list(store: &dyn Store, now: Timestamp) -> anyhow::Result<Result<String, Refused>> {
    let keys = store.list_access_keys().await?;
    let mut rows =
        vec![["name", "role", "source", "purposes", "state", "created", "expires", "last used"].map(str::to_owned)];
    rows.extend(keys.iter().map(|key| {
        let time = |at: Option<Timestamp>| at.map_or("-".to_owned(), |at| at.to_string());
        let state = match (key.revoked_at, key.is_in_force(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "in force",
            (None, false) => "expired",
        };
        [
            key.name.to_string(),
            key.role.name().to_owned(),
            key.source.as_deref().unwrap_or("-").to_owned(),
            if key.purposes.is_empty() { "-".to_owned() } else { key.purposes.join(",") },
            state.to_owned(),
            time(Some(key.created_at)),
            time(key.expires_at),
            time(key.used_at),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    Ok(Ok(rows.iter().map(line).collect()))
}
