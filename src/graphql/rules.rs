//! The rules of who is who: read, tried on the real customers, saved.

use std::sync::Arc;

use async_graphql::{Context, Error, InputObject, Object, SimpleObject};

use super::customer::Customer;
use super::error::{bad_argument, store_error, write_error};
use super::id::ChangeCursor;
use super::identifier::Identifier;
use super::load;
use super::mutation::MutationStatus;
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

/// The most characters of a note.
const LONGEST_NOTE: usize = 1_000;
/// The most kinds, and the most entries of each list.
const MOST_ENTRIES: usize = 100;
/// The most examples that one trial shows.
const MOST_EXAMPLES: i32 = 100;

/// A version of the rules of who is who.
pub struct IdentityRules(SavedRules);

/// A version of the rules of who is who.
#[Object]
impl IdentityRules {
    /// Its number; the settings file is version 1.
    async fn version(&self) -> i32 {
        int(self.0.version)
    }

    /// When it was saved.
    async fn saved_at(&self) -> DateTime {
        DateTime(self.0.saved_at)
    }

    /// Who saved it; `settings` for the first.
    async fn saved_by(&self) -> &str {
        &self.0.saved_by
    }

    /// Why; null when nobody said.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// Kinds of identifiers, the strongest first.
    async fn kinds(&self) -> Vec<IdentifierRule> {
        let rule = |(n, kind): (usize, &WrittenKind)| IdentifierRule { priority: n as i32 + 1, kind: kind.clone() };
        self.0.rules.kinds.iter().enumerate().map(rule).collect()
    }

    /// Values that stand for nobody; patterns of them between slashes.
    async fn blocked(&self) -> Vec<String> {
        self.0.rules.blocked.iter().map(ToString::to_string).collect()
    }

    /// The most identifiers on one customer.
    async fn max_identifiers(&self) -> i32 {
        int(self.0.rules.max_identifiers)
    }

    /// A longer gap between two touchpoints ends a session.
    async fn session_gap(&self) -> Duration {
        Duration(self.0.rules.session_gap)
    }

    /// Where telephone numbers without a country's prefix are from.
    async fn phone_country(&self) -> &str {
        &self.0.rules.phone_country
    }
}

/// What decides about one kind of identifier.
pub struct IdentifierRule {
    priority: i32,
    kind: WrittenKind,
}

/// What decides about one kind of identifier.
#[Object]
impl IdentifierRule {
    /// The kind's name.
    async fn name(&self) -> &str {
        &self.kind.name
    }

    /// Its place among the kinds; 1 is the strongest.
    async fn priority(&self) -> i32 {
        self.priority
    }

    /// Where its values stand in an event, the strongest place first.
    async fn from(&self) -> Vec<String> {
        self.kind.from.iter().map(ToString::to_string).collect()
    }

    /// Of a composite: where its parts stand; all must be there. Empty for others.
    async fn parts(&self) -> Vec<String> {
        self.kind.parts.iter().map(ToString::to_string).collect()
    }

    /// Events whose value is somebody else's.
    async fn except(&self) -> Vec<String> {
        self.kind.except.iter().map(ToString::to_string).collect()
    }

    /// How values are made one and the same: `email` or `phone`; null when they are taken as they are.
    async fn normalise(&self) -> Option<&str> {
        self.kind.normalise.as_deref()
    }

    /// Values of this kind, or of one of its parts, that stand for nobody, beside those that do so everywhere;
    /// patterns of them between slashes.
    async fn blocked(&self) -> Vec<String> {
        self.kind.blocked.iter().map(ToString::to_string).collect()
    }

    /// The most values on one customer; null for no limit.
    async fn limit(&self) -> Option<i32> {
        self.kind.limit.map(int)
    }

    /// Whether it lives on a device, so that it can turn out to be shared.
    async fn device(&self) -> bool {
        self.kind.device
    }

    /// Whether it may join two customers that both exist already.
    async fn merges(&self) -> bool {
        self.kind.merges
    }
}

/// Rules to try or to save. All of them: what is left out is not as it was.
#[derive(InputObject)]
pub struct IdentityRulesInput {
    /// The version that was read; when another has been saved since, nothing is.
    based_on: i32,
    /// Why; it is kept and shown.
    note: Option<String>,
    /// Kinds of identifiers, the strongest first.
    kinds: Vec<IdentifierRuleInput>,
    /// Values that stand for nobody; patterns of them between slashes.
    blocked: Vec<String>,
    /// The most identifiers on one customer.
    max_identifiers: i32,
    /// A longer gap between two touchpoints ends a session.
    session_gap: Duration,
    /// Where telephone numbers without a country's prefix are from.
    phone_country: String,
}

/// What is to decide about one kind of identifier. Its place in the list is its priority.
#[derive(InputObject)]
pub struct IdentifierRuleInput {
    /// The kind's name.
    name: String,
    /// Where its values stand in an event. As it was; other places take a new import.
    from: Option<Vec<String>>,
    /// Of a composite: where its parts stand. As it was, or two or more traits of identify events, as
    /// `traits.last_name`: those are stored, so a new composite, and one of other parts, is made of what is there.
    parts: Option<Vec<String>>,
    /// Events whose value is somebody else's. As it was; others take a new import.
    except: Option<Vec<String>>,
    /// How values are made one and the same. As it was; another way takes a new import.
    normalise: Option<String>,
    /// Values of this kind, or of one of its parts, that stand for nobody; patterns of them between slashes. As it was
    /// when it is left out, so that nobody lets go of it by not knowing of it; none with an empty list.
    blocked: Option<Vec<String>>,
    /// The most values on one customer; no limit when it is left out.
    limit: Option<i32>,
    /// Whether it lives on a device, so that it can turn out to be shared.
    #[graphql(default = false)]
    device: bool,
    /// Whether it may join two customers that both exist already.
    #[graphql(default = true)]
    merges: bool,
}

/// What a change of rules would do to the real customers.
pub struct RulesTrial {
    trial: Trial,
    problems: Vec<problem::Problem>,
}

/// What a change of rules would do to the real customers.
#[Object]
impl RulesTrial {
    /// Customers today.
    async fn customers_now(&self) -> Long {
        Long(self.trial.customers_now as i64)
    }

    /// Customers then.
    async fn customers_then(&self) -> Long {
        Long(self.trial.customers_after as i64)
    }

    /// Customers of today whose identifiers would be those of several.
    async fn splits(&self) -> Long {
        Long(self.trial.splits as i64)
    }

    /// Customers then who would have identifiers of several of today's.
    async fn joins(&self) -> Long {
        Long(self.trial.joins as i64)
    }

    /// Some whom it would change.
    async fn examples(
        &self,
        #[graphql(desc = "At most so many; 0 to 100.", default = 10)] first: i32,
    ) -> Result<Vec<TrialExample>, Error> {
        if !(0..=MOST_EXAMPLES).contains(&first) {
            return Err(bad_argument("first", format!("{first} examples"), "0 to 100"));
        }
        Ok(self.trial.examples.iter().take(first as usize).cloned().map(TrialExample).collect())
    }

    /// What stands in the way of these rules; then nothing was tried, and the figures are 0.
    async fn problems(&self) -> Vec<Problem> {
        Problem::list(&self.problems)
    }
}

/// Customers whom a change of rules would part or join.
pub struct TrialExample(Example);

/// Customers whom a change of rules would part or join.
#[Object]
impl TrialExample {
    /// The customers of today.
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

    /// Who would be together then. Whoever is in no group would be nobody's.
    async fn groups(&self) -> Vec<IdentifierGroup> {
        self.0.groups.iter().cloned().map(IdentifierGroup).collect()
    }

    /// Why, in words.
    async fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// Identifiers that would be one customer's.
pub struct IdentifierGroup(Vec<IdentifierId>);

/// Identifiers that would be one customer's.
#[Object]
impl IdentifierGroup {
    /// The identifiers, as they are today.
    async fn identifiers(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>, Error> {
        Ok(identifiers(ctx, &self.0).await?.into_iter().map(Identifier::alone).collect())
    }
}

/// What became of rules that were to be saved.
#[derive(SimpleObject)]
pub struct IdentityRulesSavePayload {
    /// Whether they were saved; UNCHANGED when they are as they were.
    status: MutationStatus,
    /// The newest rules; null when the ones sent were refused.
    rules: Option<IdentityRules>,
    /// The change that saved them, as a cursor; what comes of them follows it. Null when nothing was saved.
    change: Option<String>,
    /// What stands in their way.
    problems: Vec<Problem>,
}

/// The newest rules.
pub(super) async fn fetch(ctx: &Context<'_>) -> Result<Option<IdentityRules>, Error> {
    Ok(Some(IdentityRules(newest(ctx).await?)))
}

/// What rules would do.
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
    // As they are understood, so that the same rules are the same text.
    new.rules = settings.written();
    if new.rules == present.rules {
        let rules = Some(IdentityRules(present));
        let status = MutationStatus::Unchanged;
        return Ok(IdentityRulesSavePayload { status, rules, change: None, problems: Vec::new() });
    }
    new.by = ctx.data_unchecked::<Viewer>().name();
    let ingest = ctx.data_unchecked::<Arc<Ingest>>();
    let saved = store.save_rules(&new, (ingest.clock())()).await.map_err(write_error)?;
    let Some((saved, change)) = saved else { return Ok(refused(vec![changed()])) };
    // This server's next batch goes by them; it would be told otherwise, as the others are.
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
    // A server makes the first version when it starts: this is the moment before.
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

/// What was sent, as rules; or what keeps it from being some.
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
    let message = "other rules have been saved since: read them and try again";
    problem::Problem::at(ProblemCode::RulesChanged, "rules.basedOn", message)
}
