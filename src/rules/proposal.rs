//! Which changes of the rules can be tried and saved.
//!
//! What was stored can be judged again, but not read again: events are not kept. So whatever decides how
//! an identifier is read out of an event can only be changed by importing again.

use crate::domain::rules::{WrittenKind, WrittenRules};
use crate::domain::{Problem, ProblemCode};
use crate::settings::IdentitySettings;
use crate::store::{Result, Store};

/// What stands in the way of `new` after `present`; or what it says, ready to be asked.
///
/// # Errors
/// Of the store, which is asked about kinds that the present rules do not name.
pub async fn check(
    store: &dyn Store,
    present: &WrittenRules,
    new: &WrittenRules,
) -> Result<std::result::Result<IdentitySettings, Vec<Problem>>> {
    let settings = match IdentitySettings::of_written(new) {
        Ok(settings) => settings,
        Err(problem) => return Ok(Err(vec![problem])),
    };
    let mut problems = Vec::new();
    for (n, kind) in new.kinds.iter().enumerate() {
        let path = format!("rules.kinds[{n}]");
        match present.kinds.iter().find(|known| known.name == kind.name) {
            Some(known) => problems.extend(read_otherwise(known, kind, &path)),
            // A kind that came in `context.externalIds` without being listed is stored all the same.
            None if store.has_kind(&kind.name).await? => {
                let unread = WrittenKind { name: kind.name.clone(), ..WrittenKind::default() };
                problems.extend(read_otherwise(&unread, kind, &path));
            }
            None => {
                let message = format!("no rule and no stored identifier is of the kind {}", kind.name);
                problems.push(Problem::at(ProblemCode::UnknownKind, format!("{path}.name"), message));
            }
        }
    }
    if new.phone_country != present.phone_country {
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
    compare(known.parts == new.parts, "parts", "what it is made of");
    compare(known.except == new.except, "except", "which events it is read from");
    problems
}

fn import_again(path: &str, what: &str) -> Problem {
    let message = format!(
        "{what} cannot be changed for what is stored: put it into the settings and import again into an empty store"
    );
    Problem::at(ProblemCode::BadArgument, path, message)
}
