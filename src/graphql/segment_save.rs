//! Saves and deletes segments.

use std::sync::Arc;

use async_graphql::{Context, Error, ID, InputObject, InputType, SimpleObject, Value};

use super::Setup;
use super::condition::{CustomerCondition, read};
use super::error::{Code, PlainError, coded, store_error, write_error};
use super::id::NodeId;
use super::load;
use super::mutation_status::MutationStatus;
use super::problem::Problem;
use super::segment::Segment;
use super::viewer::Viewer;
use crate::domain::ProblemCode::{self, *};
use crate::domain::problem;
use crate::domain::segment::{self, SegmentContent, SegmentId};
use crate::domain::unicode::nfc;
use crate::ingest::Ingest;
use crate::segments::saved::{MOST_SEGMENTS, SavedSegments, fold_name};
use crate::store::segments::{NewSegment, read_of};

/// The maximum number of characters of a name.
const LONGEST_NAME: usize = 100;
/// The maximum number of characters of a description.
const LONGEST_DESCRIPTION: usize = 1_000;
/// The maximum number of bytes of a definition.
const LONGEST_DEFINITION: usize = 64 * 1024;
/// How often a save is tried when other segments are saved at the same time.
const ATTEMPTS: usize = 20;

/// A segment to save.
#[derive(InputObject)]
pub struct SegmentInput {
    /// The segment to change. Required to give it another name. Left out: the segment with this name, or a new one.
    id: Option<ID>,
    /// The version that this one is based on. When another version was saved since, the save is refused.
    based_on: Option<i32>,
    /// The name, 1 to 100 characters. No other segment may have it; case does not matter.
    name: String,
    /// What it is for, at most 1,000 characters.
    description: Option<String>,
    /// The condition.
    members: CustomerCondition,
    /// The time zone of the condition, an IANA name such as Europe/London. Left out: UTC.
    time_zone: Option<String>,
}

/// The result of saving a segment.
#[derive(SimpleObject)]
pub struct SegmentSavePayload {
    /// Whether a version was saved. UNCHANGED when the newest version has the same content.
    status: MutationStatus,
    /// The segment. Null when the save was refused.
    segment: Option<Segment>,
    /// Why it was refused; or what is probably a mistake: NOT_FOUND for a trait that no customer has.
    problems: Vec<Problem>,
}

/// The result of deleting a segment.
#[derive(SimpleObject)]
pub struct SegmentDeletePayload {
    /// Whether the segment was deleted.
    status: MutationStatus,
    /// The id of the deleted segment. Null when the deletion was refused.
    deleted_id: Option<ID>,
    /// Why it was refused: NOT_FOUND, or IN_USE with the segments that name it.
    problems: Vec<Problem>,
}

/// Why a save is not done.
enum Stop {
    Refused(problem::Problem),
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error)
    }
}

fn refuse<T>(code: ProblemCode, path: &str, message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(problem::Problem::at(code, path, message)))
}

/// Saves a segment.
pub(super) async fn save(ctx: &Context<'_>, input: SegmentInput) -> Result<SegmentSavePayload, Error> {
    match try_save(ctx, &input).await {
        Ok((status, segment, problems)) => {
            Ok(SegmentSavePayload { status, segment: Some(segment), problems: Problem::list(&problems) })
        }
        Err(Stop::Refused(problem)) => {
            let problems = Problem::list(&[problem]);
            Ok(SegmentSavePayload { status: MutationStatus::Refused, segment: None, problems })
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

async fn try_save(
    ctx: &Context<'_>,
    input: &SegmentInput,
) -> Result<(MutationStatus, Segment, Vec<problem::Problem>), Stop> {
    let asked = input.id.as_ref().map(read_id).transpose()?;
    let (name, description, definition) = read_texts(ctx, input)?;
    let time_zone: Arc<str> = input.time_zone.as_deref().unwrap_or("UTC").into();
    as_problem(read::read_zone("input.timeZone", Some(&time_zone)))?;
    let store = load::of(ctx).loader().0.clone();
    for _ in 0..ATTEMPTS {
        let saved = load::segments(ctx, None).await?;
        let present = find(&saved, asked, &name, input.based_on)?;
        let id = present.map(|present| present.id);
        if id.is_none() && saved.0.len() >= MOST_SEGMENTS {
            return refuse(TooLarge, "input", format!("there are {MOST_SEGMENTS} segments, which is the maximum"));
        }
        let uses = read_uses(&saved, &input.members, &name, id)?;
        let condition = as_problem(read::checked(ctx, "input.members", &input.members, &saved).await)?;
        let content = SegmentContent {
            name: name.clone(),
            description: description.clone(),
            time_zone: time_zone.clone(),
            definition: definition.clone(),
            uses,
        };
        check_users(ctx, &saved, id, &content)?;
        let mut problems = Vec::new();
        let mut traits: Vec<&str> = condition.traits().iter().map(|of| &*of.name).collect();
        traits.sort_unstable();
        traits.dedup();
        for name in traits {
            if !store.has_trait(name).await.map_err(store_error)? {
                let shown: String = name.chars().take(100).collect();
                let message = format!("no customer has the trait \"{shown}\"");
                problems.push(problem::Problem::at(NotFound, "input.members", message));
            }
        }
        if let Some(present) = present.filter(|present| is_same(&saved, present, &content)) {
            let segment = Segment::new(present.clone(), saved.clone(), None);
            return Ok((MutationStatus::Unchanged, segment, problems));
        }
        let new = NewSegment { id, by: ctx.data_unchecked::<Viewer>().author(), content };
        let now = (ctx.data_unchecked::<Arc<Ingest>>().clock())();
        let done = store.save_segment(&read_of(&saved.0), &new, now).await.map_err(write_error)?;
        if let Some(segment) = done {
            load::forget(ctx);
            let saved = with(&saved, segment.clone());
            return Ok((MutationStatus::Done, Segment::new(segment, saved, None), problems));
        }
    }
    Err(Stop::Failed(coded(Code::StoreBusy, "other segments were saved at the same time: try again in a moment")))
}

/// Deletes a segment.
pub(super) async fn delete(ctx: &Context<'_>, id: &ID) -> Result<SegmentDeletePayload, Error> {
    let refused = |problem| SegmentDeletePayload {
        status: MutationStatus::Refused,
        deleted_id: None,
        problems: Problem::list(&[problem]),
    };
    let named = match read_id(id) {
        Ok(named) => named,
        Err(Stop::Refused(mut problem)) => {
            problem.path = Some("id".into());
            return Ok(refused(problem));
        }
        Err(Stop::Failed(error)) => return Err(error),
    };
    let store = load::of(ctx).loader().0.clone();
    for _ in 0..ATTEMPTS {
        let saved = load::segments(ctx, None).await?;
        if saved.get(named).is_none() {
            return Ok(refused(problem::Problem::at(NotFound, "id", "no segment has this id")));
        }
        let users: Vec<String> = saved.users(named).map(|user| format!("\"{}\"", user.content.name)).collect();
        if !users.is_empty() {
            let message = format!("these segments name it: {}", users.join(", "));
            return Ok(refused(problem::Problem::at(InUse, "id", message)));
        }
        let now = (ctx.data_unchecked::<Arc<Ingest>>().clock())();
        if store.delete_segment(&read_of(&saved.0), named, now).await.map_err(write_error)? {
            load::forget(ctx);
            let deleted_id = Some(NodeId::Segment(named).encode());
            return Ok(SegmentDeletePayload { status: MutationStatus::Done, deleted_id, problems: Vec::new() });
        }
    }
    Err(coded(Code::StoreBusy, "other segments were saved at the same time: try again in a moment"))
}

fn read_id(id: &ID) -> Result<SegmentId, Stop> {
    match NodeId::decode(id) {
        Some((NodeId::Segment(id), None)) => Ok(id),
        Some((NodeId::Segment(_), Some(_))) => {
            refuse(IdOfThePast, "input.id", "an id with a past moment, and this needs the present")
        }
        _ => refuse(BadId, "input.id", "not the id of a Segment"),
    }
}

/// A name, a description and a definition.
type Texts = (Arc<str>, Option<Arc<str>>, Arc<str>);

fn read_texts(ctx: &Context<'_>, input: &SegmentInput) -> Result<Texts, Stop> {
    let name: Arc<str> = nfc(input.name.trim()).into();
    let length = name.chars().count();
    if length == 0 || name.chars().any(char::is_control) {
        return refuse(BadArgument, "input.name", "a name has at least one character, and no control characters");
    }
    if length > LONGEST_NAME {
        return refuse(TooLarge, "input.name", format!("{length} characters, at most {LONGEST_NAME} are allowed"));
    }
    let description = input.description.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if description.is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return refuse(TooLarge, "input.description", format!("at most {LONGEST_DESCRIPTION} characters are allowed"));
    }
    let definition = written(ctx).and_then(|members| members.into_json().ok()).unwrap_or_default().to_string();
    if definition.len() > LONGEST_DEFINITION {
        let message = format!("{} bytes as JSON, at most {LONGEST_DEFINITION} are allowed", definition.len());
        return refuse(TooLarge, "input.members", message);
    }
    Ok((name, description.map(Arc::from), definition.into()))
}

/// The condition as the client wrote it, without the fields that are null.
fn written(ctx: &Context<'_>) -> Option<Value> {
    let arguments = ctx.field().arguments().ok()?;
    let (_, input) = arguments.into_iter().find(|(name, _)| name == "input")?;
    let Value::Object(mut input) = input else { return None };
    Some(without_nulls(input.swap_remove("members")?))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let given = fields.into_iter().filter(|(_, value)| *value != Value::Null);
            Value::Object(given.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::List(items) => Value::List(items.into_iter().map(without_nulls).collect()),
        value => value,
    }
}

/// The segment that a save changes; `None` for a new one.
fn find<'s>(
    saved: &'s SavedSegments,
    asked: Option<SegmentId>,
    name: &str,
    based_on: Option<i32>,
) -> Result<Option<&'s segment::Segment>, Stop> {
    let named = saved.named(name);
    let present = match asked {
        None => named,
        Some(id) => {
            let Some(present) = saved.get(id) else { return refuse(NotFound, "input.id", "no segment has this id") };
            if named.is_some_and(|named| named.id != id) {
                return refuse(BadArgument, "input.name", "another segment has this name");
            }
            Some(present)
        }
    };
    match (based_on, present) {
        (Some(based_on), Some(present)) if i64::from(based_on) != present.version => {
            let message = format!("version {} was saved since: read it and try again", present.version);
            refuse(RulesChanged, "input.basedOn", message)
        }
        (Some(_), None) => refuse(NotFound, "input.basedOn", "there is no segment with this name now"),
        (_, present) => Ok(present),
    }
}

/// The segments that the condition names. Refuses a circle. `id` is the segment to change.
fn read_uses(
    saved: &SavedSegments,
    members: &CustomerCondition,
    name: &str,
    id: Option<SegmentId>,
) -> Result<Vec<(Arc<str>, SegmentId)>, Stop> {
    let mut named = Vec::new();
    members.segments("input.members", &mut named);
    let own = fold_name(name);
    let mut uses: Vec<(Arc<str>, SegmentId)> = Vec::new();
    for (path, used) in named {
        let folded = fold_name(used);
        let found = saved.named(used).map(|found| found.id);
        if folded == own || (id.is_some() && found == id) {
            return refuse(Circular, &path, format!("\"{name}\" would name itself"));
        }
        // An unknown name is an error of the condition.
        let Some(found) = found else { continue };
        if let Some(way) = id.and_then(|id| saved.way(found, id)) {
            let names =
                way.iter().filter_map(|id| saved.get(*id)).map(|segment| format!("\"{}\"", segment.content.name));
            let names: Vec<String> = names.collect();
            return refuse(Circular, &path, format!("{} would name each other in a circle", names.join(", ")));
        }
        if !uses.iter().any(|(known, _)| **known == *folded) {
            uses.push((folded.into(), found));
        }
    }
    Ok(uses)
}

/// Refuses a content with which a segment that names this one, directly or through others, would be too large.
fn check_users(
    ctx: &Context<'_>,
    saved: &SavedSegments,
    id: Option<SegmentId>,
    content: &SegmentContent,
) -> Result<(), Stop> {
    let Some(present) = id.and_then(|id| saved.get(id)) else { return Ok(()) };
    let new = with(saved, segment::Segment { content: content.clone(), ..present.clone() });
    let dimensions = ctx.data_unchecked::<Setup>().dimensions.names();
    for user in new.all_users(present.id) {
        let before = saved.get(user.id).is_some_and(|user| read::saved_condition(dimensions, saved, user).is_ok());
        if before && read::saved_condition(dimensions, &new, user).is_err() {
            let message = format!(
                "with it the segment \"{}\", which names it, would be too large or too deep",
                user.content.name
            );
            return refuse(TooLarge, "input.members", message);
        }
    }
    Ok(())
}

/// The segments with this one in place of its former version.
fn with(saved: &SavedSegments, segment: segment::Segment) -> SavedSegments {
    let mut all: Vec<segment::Segment> = saved.0.iter().filter(|other| other.id != segment.id).cloned().collect();
    let place = all.partition_point(|other| other.id < segment.id);
    all.insert(place, segment);
    SavedSegments(Arc::new(all))
}

/// Whether a segment has this content already.
fn is_same(saved: &SavedSegments, present: &segment::Segment, content: &SegmentContent) -> bool {
    let new: serde_json::Value = serde_json::from_str(&content.definition).unwrap_or_default();
    let same = SegmentContent {
        definition: present.content.definition.clone(),
        uses: present.content.uses.clone(),
        ..content.clone()
    };
    same == present.content && normal(saved.definition(present)).is_some_and(|present| Some(present) == normal(new))
}

/// A condition with all its defaults.
fn normal(definition: serde_json::Value) -> Option<Value> {
    let definition = Value::from_json(definition).ok()?;
    Some(without_nulls(CustomerCondition::parse(Some(definition)).ok()?.to_value()))
}

/// An error of an argument as a problem.
fn as_problem<T>(read: Result<T, Error>) -> Result<T, Stop> {
    let error = match read {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    let PlainError { code, message, more } = PlainError::from(error.clone());
    let code = match code {
        "BAD_ARGUMENT" => BadArgument,
        "UNKNOWN_KIND" => UnknownKind,
        "TOO_EXPENSIVE" => TooLarge,
        _ => return Err(Stop::Failed(error)),
    };
    let text = |name: &str| more.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let (path, hint) = (text("argument"), text("hint"));
    let message = message.strip_prefix(&format!("{path}: ")).unwrap_or(&message).to_owned();
    refuse(code, &path, if hint.is_empty() { message } else { format!("{message}; {hint}") })
}
