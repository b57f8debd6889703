//! Checks which changes of the rules can be tried and saved.
//!
//! Stored evidence can be stitched again, but events are not kept and cannot be read again. So a rule about how identifiers
//! are read from events can only be changed by a new import. But the `traits` of identify events are stored, and
//! composites can be [made](super::composites) of them.

use crate::domain::rules::{SavedRules, WrittenKind, WrittenRules};
use crate::domain::{Problem, ProblemCode};
use crate::settings::identity::twice;
use crate::settings::{IdentitySettings, KindSettings, Root};
use crate::store::{Result, Store};

/// The rules `new`, read and checked as successors of `present`; or the problems.
///
/// # Errors
/// Errors of the store, which is asked about kinds that the present rules do not name.
pub async fn check(
    store: &dyn Store,
    present: &SavedRules,
    new: &WrittenRules,
) -> Result<std::result::Result<IdentitySettings, Vec<Problem>>> {
    let mut settings = match IdentitySettings::of_written(new) {
        Ok(settings) => settings,
        Err(problem) => return Ok(Err(vec![problem])),
    };
    let mut problems = Vec::new();
    let written = settings.written();
    for (n, (kind, new)) in settings.kinds.iter_mut().zip(&written.kinds).enumerate() {
        let path = format!("rules.kinds[{n}]");
        let known = present.rules.kinds.iter().find(|known| known.name == new.name);
        // Identifiers of an unlisted kind from `context.externalIds` are stored too.
        if known.is_none() && new.parts.is_empty() && !store.has_kind(&new.name).await? {
            let message = format!("no rule and no stored identifier is of the kind {}", new.name);
            problems.push(Problem::at(ProblemCode::UnknownKind, format!("{path}.name"), message));
            continue;
        }
        let unread = WrittenKind { name: new.name.clone(), ..WrittenKind::default() };
        problems.extend(read_otherwise(known.unwrap_or(&unread), new, &path));
        kind.parts_since = match known {
            Some(known) if known.parts == new.parts => known.parts_since,
            _ if new.parts.is_empty() => 0,
            _ => present.version + 1,
        };
        if known.is_some_and(|known| known.parts.is_empty() != new.parts.is_empty()) {
            problems.push(import_again(&format!("{path}.parts"), "whether it is made of parts"));
        } else if kind.parts_since > present.version {
            problems.extend(made_otherwise(kind, &path));
        }
    }
    if new.phone_country != present.rules.phone_country {
        problems.push(import_again("rules.phoneCountry", "how telephone numbers are read"));
    }
    Ok(if problems.is_empty() { Ok(settings) } else { Err(problems) })
}

fn read_otherwise(known: &WrittenKind, new: &WrittenKind, path: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut compare = |same: bool, field: &str, what: &str| {
        if !same {
            problems.push(import_again(&format!("{path}.{field}"), what));
        }
    };
    compare(known.from == new.from, "from", "where it is read from");
    compare(known.normalise == new.normalise, "normalise", "how it is normalised");
    compare(known.except == new.except, "except", "which events it is read from");
    problems
}

/// Why a composite cannot be made of stored traits.
fn made_otherwise(kind: &KindSettings, path: &str) -> Vec<Problem> {
    let parts = kind.parts.iter().enumerate().filter(|(_, part)| part.root != Root::Traits);
    let mut problems: Vec<Problem> = parts
        .map(|(m, part)| {
            let what = format!("of what events say only `traits` is stored, so a part that is {part}");
            import_again(&format!("{path}.parts[{m}]"), &what)
        })
        .collect();
    if let Some(m) = twice(&kind.parts) {
        let message = format!("{} stands here twice", kind.parts[m]);
        problems.push(Problem::at(ProblemCode::BadArgument, format!("{path}.parts[{m}]"), message));
    }
    problems
}

fn import_again(path: &str, what: &str) -> Problem {
    let message = format!(
        "{what} cannot be changed for what is stored: put it into the settings and import again into an empty store"
    );
    Problem::at(ProblemCode::BadArgument, path, message)
}
