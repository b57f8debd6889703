//! The identity rules: reading, trying and saving them.

use std::sync::Arc;

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::customer::Customer;
use super::error::{bad_argument, store_error, write_error};
use super::id::ChangeCursor;
use super::identifier::Identifier;
use super::load;
use super::mutation_status::MutationStatus;
use super::problem::Problem;
use super::scalar::{DateTime, Duration, Long, int};
use super::viewer::Viewer;
use crate::domain::problem;
use crate::domain::rules::{SavedRules, WrittenKind, WrittenRules};
use crate::domain::{IdentifierId, ProblemCode};
use crate::ingest::Ingest;
use crate::rules::trial::{Example, Trial};
use crate::rules::{proposal, trial};
use crate::store::Store;
use crate::store::query::IdentifierRef;
use crate::store::rules::NewRules;

/// The maximum number of characters of a note.
const LONGEST_NOTE: usize = 1_000;
/// The maximum number of kinds, and of entries of each list.
const MOST_ENTRIES: usize = 100;
/// The maximum number of examples of a trial.
const MOST_EXAMPLES: i32 = 100;

/// A version of the identity rules.
pub struct IdentityRules(SavedRules);

/// A version of the identity rules.
#[Object]
impl IdentityRules {
    /// The version number. The rules of the settings file are version 1.
    async fn version(&self) -> i32 {
        int(self.0.version)
    }

    /// When the version was saved.
    async fn saved_at(&self) -> DateTime {
        DateTime(self.0.saved_at)
    }

    /// Who saved it. `settings` for version 1.
    async fn saved_by(&self) -> &str {
        &self.0.saved_by
    }

    /// The reason. Null when none was given.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// The kinds of identifiers, the strongest first.
    async fn kinds(&self) -> Vec<IdentifierRule> {
        let rule = |(n, kind): (usize, &WrittenKind)| IdentifierRule { priority: n as i32 + 1, kind: kind.clone() };
        self.0.rules.kinds.iter().enumerate().map(rule).collect()
    }

    /// Values that are ignored as identifiers. A value between slashes is a regular expression.
    async fn blocked(&self) -> Vec<String> {
        self.0.rules.blocked.iter().map(ToString::to_string).collect()
    }

    /// The maximum number of identifiers of one customer.
    async fn max_identifiers(&self) -> i32 {
        int(self.0.rules.max_identifiers)
    }

    /// A longer time between two touchpoints ends a session.
    async fn session_gap(&self) -> Duration {
        Duration(self.0.rules.session_gap)
    }

    /// The country of phone numbers without a country prefix, ISO 3166-1.
    async fn phone_country(&self) -> &str {
        &self.0.rules.phone_country
    }
}

/// The rule of one kind of identifiers.
pub struct IdentifierRule {
    priority: i32,
    kind: WrittenKind,
}

/// The rule of one kind of identifiers.
#[Object]
impl IdentifierRule {
    /// The name of the kind.
    async fn name(&self) -> &str {
        &self.kind.name
    }

    /// The rank among the kinds. 1 is the strongest.
    async fn priority(&self) -> i32 {
        self.priority
    }

    /// The event paths of its values, the strongest first.
    async fn from(&self) -> Vec<String> {
        self.kind.from.iter().map(ToString::to_string).collect()
    }

    /// For a composite: the event paths of its parts. All parts are required. Empty for other kinds.
    async fn parts(&self) -> Vec<String> {
        self.kind.parts.iter().map(ToString::to_string).collect()
    }

    /// Names of events whose value belongs to another person.
    async fn except(&self) -> Vec<String> {
        self.kind.except.iter().map(ToString::to_string).collect()
    }

    /// The normalisation of values: `email` or `phone`. Null for none beyond the general one.
    async fn normalise(&self) -> Option<&str> {
        self.kind.normalise.as_deref()
    }

    /// Values of this kind, or of one of its parts, that are ignored in addition to the general list. A value between
    /// slashes is a regular expression.
    async fn blocked(&self) -> Vec<String> {
        self.kind.blocked.iter().map(ToString::to_string).collect()
    }

    /// The maximum number of values of one customer. Null for no limit.
    async fn limit(&self) -> Option<i32> {
        self.kind.limit.map(int)
    }

    /// Whether it is a device identifier, which can be found to be shared.
    async fn device(&self) -> bool {
        self.kind.device
    }

    /// Whether it may merge two existing customers.
    async fn merges(&self) -> bool {
        self.kind.merges
    }
}

/// The complete rules, to try or to save. Fields that are left out do not keep their present value.
#[derive(InputObject)]
pub struct IdentityRulesInput {
    /// The version that these rules are based on. When another version was saved since, they are refused.
    based_on: i32,
    /// The reason. It is stored and shown.
    note: Option<String>,
    /// The kinds of identifiers, the strongest first.
    kinds: Vec<IdentifierRuleInput>,
    /// Values that are ignored as identifiers. A value between slashes is a regular expression.
    blocked: Vec<String>,
    /// The maximum number of identifiers of one customer.
    max_identifiers: i32,
    /// A longer time between two touchpoints ends a session.
    session_gap: Duration,
    /// The country of phone numbers without a country prefix, ISO 3166-1.
    phone_country: String,
}

/// The rule of one kind of identifiers. The position in the list is the priority.
#[derive(InputObject)]
pub struct IdentifierRuleInput {
    /// The name of the kind.
    name: String,
    /// The event paths of its values. They must be the present ones: other paths require a new import.
    from: Option<Vec<String>>,
    /// For a composite: the event paths of its parts. They are the present ones, or two or more traits of identify events,
    /// such as `traits.last_name`. Traits are stored, so a new or changed composite is made from the stored traits.
    parts: Option<Vec<String>>,
    /// Names of events whose value belongs to another person. They must be the present ones: others require a new import.
    except: Option<Vec<String>>,
    /// The normalisation of values. It must be the present one: another one requires a new import.
    normalise: Option<String>,
    /// Values of this kind, or of one of its parts, that are ignored. A value between slashes is a regular expression.
    /// Left out: the present list. An empty list removes all.
    blocked: Option<Vec<String>>,
    /// The maximum number of values of one customer. Left out: no limit.
    limit: Option<i32>,
    /// Whether it is a device identifier, which can be found to be shared.
    #[graphql(default = false)]
    device: bool,
    /// Whether it may merge two existing customers.
    #[graphql(default = true)]
    merges: bool,
}

/// The effect of new rules on the stored customers.
pub struct RulesTrial {
    trial: Trial,
    problems: Vec<problem::Problem>,
}

/// The effect of new rules on the stored customers.
#[Object]
impl RulesTrial {
    /// The number of customers now.
    async fn customers_now(&self) -> Long {
        Long(self.trial.customers_now as i64)
    }

    /// The number of customers with the new rules.
    async fn customers_then(&self) -> Long {
        Long(self.trial.customers_after as i64)
    }

    /// The number of present customers whose identifiers would be divided between several customers.
    async fn splits(&self) -> Long {
        Long(self.trial.splits as i64)
    }

    /// The number of customers with the new rules that would have identifiers of several present customers.
    async fn joins(&self) -> Long {
        Long(self.trial.joins as i64)
    }

    /// Examples of customers that would change.
    async fn examples(
        &self,
        #[graphql(desc = "The maximum number of items, 0 to 100.", default = 10)] first: i32,
    ) -> Result<Vec<TrialExample>, Error> {
        if !(0..=MOST_EXAMPLES).contains(&first) {
            return Err(bad_argument("first", format!("{first} examples"), "0 to 100"));
        }
        Ok(self.trial.examples.iter().take(first as usize).cloned().map(TrialExample).collect())
    }

    /// Why the rules are refused. Then nothing was tried, and all figures are 0. Empty otherwise.
    async fn problems(&self) -> Vec<Problem> {
        Problem::list(&self.problems)
    }
}

/// An example of customers that new rules would split or merge.
pub struct TrialExample(Example);

/// An example of customers that new rules would split or merge.
#[Object]
impl TrialExample {
    /// The present customers.
    async fn customers(&self, ctx: &Context<'_>) -> Result<Vec<Customer>, Error> {
        let mut ids = Vec::new();
        for identifier in identifiers(ctx, &self.0.members).await? {
            if let Some(id) = identifier.customer.filter(|id| !ids.contains(id)) {
                ids.push(id);
            }
        }
        let mut customers = Vec::with_capacity(ids.len());
        for id in ids {
            customers.extend(Customer::of_id(ctx, id).await?);
        }
        Ok(customers)
    }

    /// The identifiers of each customer with the new rules. An identifier in no group would have no customer.
    async fn groups(&self) -> Vec<IdentifierGroup> {
        self.0.groups.iter().cloned().map(IdentifierGroup).collect()
    }

    /// The reason as text.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// Identifiers that would belong to one customer.
pub struct IdentifierGroup(Vec<IdentifierId>);

/// Identifiers that would belong to one customer.
#[Object]
impl IdentifierGroup {
    /// The identifiers, as they are now.
    async fn identifiers(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        Ok(identifiers(ctx, &self.0).await?.into_iter().map(Identifier::alone).collect())
    }
}

/// The result of saving rules.
#[derive(SimpleObject)]
pub struct IdentityRulesSavePayload {
    /// Whether the rules were saved. UNCHANGED when they equal the present rules.
    status: MutationStatus,
    /// The newest rules. Null when the new rules were refused.
    rules: Option<IdentityRules>,
    /// The change that saved them, as a cursor. The changes that they cause follow it. Null when nothing was saved.
    change: Option<String>,
    /// Why the rules were refused. Empty otherwise.
    problems: Vec<Problem>,
}

/// The newest rules.
pub(super) async fn fetch(ctx: &Context<'_>) -> Result<Option<IdentityRules>, Error> {
    Ok(Some(IdentityRules(newest(ctx).await?)))
}

/// Tries rules.
pub(super) async fn try_out(ctx: &Context<'_>, input: IdentityRulesInput) -> Result<RulesTrial, Error> {
    let refused = |problems| RulesTrial { trial: Trial::default(), problems };
    let present = newest(ctx).await?;
    let new = match read(input, &present) {
        Ok(new) => new,
        Err(problem) => return Ok(refused(vec![problem])),
    };
    let store = store(ctx);
    match proposal::check(&*store, &present, &new.rules).await.map_err(store_error)? {
        Ok(settings) => {
            let trial = trial::trial(&*store, &settings).await.map_err(store_error)?;
            Ok(RulesTrial { trial, problems: Vec::new() })
        }
        Err(problems) => Ok(refused(problems)),
    }
}

/// Saves rules.
pub(super) async fn save(ctx: &Context<'_>, input: IdentityRulesInput) -> Result<IdentityRulesSavePayload, Error> {
    let refused = |problems: Vec<problem::Problem>| IdentityRulesSavePayload {
        status: MutationStatus::Refused,
        rules: None,
        change: None,
        problems: Problem::list(&problems),
    };
    let present = newest(ctx).await?;
    let mut new = match read(input, &present) {
        Ok(new) => new,
        Err(problem) => return Ok(refused(vec![problem])),
    };
    let store = store(ctx);
    let settings = match proposal::check(&*store, &present, &new.rules).await.map_err(store_error)? {
        Ok(settings) => settings,
        Err(problems) => return Ok(refused(problems)),
    };
    // In normal form, so that equal rules compare as equal.
    new.rules = settings.written();
    if new.rules == present.rules {
        let rules = Some(IdentityRules(present));
        let status = MutationStatus::Unchanged;
        return Ok(IdentityRulesSavePayload { status, rules, change: None, problems: Vec::new() });
    }
    new.by = ctx.data_unchecked::<Viewer>().author();
    let ingest = ctx.data_unchecked::<Arc<Ingest>>();
    let saved = store.save_rules(&new, (ingest.clock())()).await.map_err(write_error)?;
    let Some((saved, change)) = saved else { return Ok(refused(vec![changed()])) };
    // This server uses them at once. Other servers read them when they see the change.
    ingest.newest_rules().await.map_err(store_error)?;
    Ok(IdentityRulesSavePayload {
        status: MutationStatus::Done,
        rules: Some(IdentityRules(saved)),
        change: Some(ChangeCursor::behind(change).encode()),
        problems: Vec::new(),
    })
}

async fn newest(ctx: &Context<'_>) -> Result<SavedRules, Error> {
    let ingest = ctx.data_unchecked::<Arc<Ingest>>();
    if let Some(newest) = store(ctx).rules().await.map_err(store_error)? {
        return Ok(newest.saved);
    }
    // A server stores the first version when it starts. This request came earlier.
    let saved_by = crate::domain::rules::BY_SETTINGS.into();
    let rules = ingest.settings_rules();
    Ok(SavedRules { version: 1, saved_at: (ingest.clock())(), saved_by, note: None, rules })
}

fn store(ctx: &Context<'_>) -> Arc<dyn Store> {
    load::of(ctx).loader().0.clone()
}

async fn identifiers(
    ctx: &Context<'_>,
    ids: &[IdentifierId],
) -> Result<Vec<crate::domain::identifier::Identifier>, Error> {
    let refs: Vec<IdentifierRef> = ids.iter().map(|id| IdentifierRef::Id(*id)).collect();
    let mut found = load::of(ctx).load_many(refs.clone()).await.map_err(store_error)?;
    Ok(refs.iter().filter_map(|id| found.remove(id)).collect())
}

/// Reads rules.
///
/// # Errors
/// The problems: the rules are invalid, or not based on the present version.
fn read(input: IdentityRulesInput, present: &SavedRules) -> Result<NewRules, problem::Problem> {
    if i64::from(input.based_on) != present.version {
        return Err(changed());
    }
    let note = input.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > LONGEST_NOTE) {
        return Err(problem::Problem::at(ProblemCode::TooLarge, "rules.note", "at most 1,000 characters"));
    }
    let few = |path: String, count: usize| match count {
        0..=MOST_ENTRIES => Ok(()),
        _ => Err(problem::Problem::at(ProblemCode::TooLarge, path, format!("{count} are too many: at most 100"))),
    };
    few("rules.kinds".into(), input.kinds.len())?;
    few("rules.blocked".into(), input.blocked.len())?;
    let texts = |texts: Option<Vec<String>>| -> Vec<Arc<str>> {
        texts.unwrap_or_default().iter().map(|text| text.trim().into()).collect()
    };
    let kinds = input.kinds.into_iter().enumerate().map(|(n, kind)| {
        let IdentifierRuleInput { name, from, parts, except, normalise, blocked, limit, device, merges } = kind;
        for (field, list) in [("from", &from), ("parts", &parts), ("except", &except), ("blocked", &blocked)] {
            few(format!("rules.kinds[{n}].{field}"), list.as_ref().map_or(0, Vec::len))?;
        }
        let known = present.rules.kinds.iter().find(|known| *known.name == *name.trim());
        Ok(WrittenKind {
            name: name.trim().into(),
            from: texts(from),
            parts: texts(parts),
            except: texts(except),
            normalise: normalise.map(|how| how.trim().into()),
            blocked: match (blocked, known) {
                (None, Some(known)) => known.blocked.clone(),
                (blocked, _) => texts(blocked),
            },
            limit: limit.map(i64::from),
            device,
            merges,
            parts_since: 0,
        })
    });
    let rules = WrittenRules {
        kinds: kinds.collect::<Result<_, problem::Problem>>()?,
        blocked: texts(Some(input.blocked)),
        max_identifiers: input.max_identifiers.into(),
        session_gap: input.session_gap.0,
        phone_country: input.phone_country.trim().to_uppercase().into(),
    };
    Ok(NewRules { based_on: present.version, by: "".into(), note: note.map(Into::into), rules })
}

fn changed() -> problem::Problem {
    let message = "other rules were saved since: read them and try again";
    problem::Problem::at(ProblemCode::RulesChanged, "rules.basedOn", message)
}
