//! Reads a condition on customers. Each error names the path inside the condition.

use std::sync::Arc;

use async_graphql::{Context, Error, ErrorExtensions, InputType};
use jiff::tz::TimeZone;
use regex::{Regex, RegexBuilder};

use super::*;
use crate::domain::nearest::{hint, nearest};
use crate::domain::segment::Segment;
use crate::domain::{self, Amount, Currency};
use crate::graphql::Setup;
use crate::graphql::customers::{check_range, read_currency};
use crate::graphql::error::{Code, bad_argument, coded, masked};
use crate::graphql::known_names;
use crate::graphql::load;
use crate::graphql::step::{Dimensions, read_dimension, read_step};
use crate::graphql::viewer::Viewer;
use crate::ingest::Ingest;
use crate::journeys::JourneyError;
use crate::journeys::pattern::ValuePattern;
use crate::journeys::question::MAX_STEPS;
use crate::members::Members;
use crate::segments::condition::{self as segments, Condition, MOST_CONDITIONS, MOST_LEVELS, Range};
use crate::segments::hidden::first_hidden;
use crate::segments::number::Number;
use crate::segments::property_path::PropertyPath;
use crate::segments::saved::{MOST_CONDITIONS_INSIDE, MOST_SEGMENT_LEVELS, SavedSegments, fold_name};
use crate::segments::{journey, time, value};

/// The most bytes of a regular expression.
const MOST_REGEX: usize = 256;
/// The most memory of a compiled regular expression.
const REGEX_SIZE: usize = 1 << 20;
/// The most days that an anniversary may be away.
const MOST_DAYS: i32 = 366;
/// The most periods of a calendar range.
const MOST_PERIODS: i32 = 10_000;

type Read<T> = Result<T, Error>;

/// The question for the customers that fit a condition, now or as of a moment. `argument` has the condition, `zone` is
/// the name of a time zone and its argument.
pub async fn members(
    ctx: &Context<'_>,
    argument: &str,
    condition: Option<&CustomerCondition>,
    zone: (&str, Option<&str>),
    as_of: Option<domain::Moment>,
) -> Read<Members> {
    let zone = read_zone(zone.0, zone.1)?;
    let mut named = Vec::new();
    condition.iter().for_each(|condition| condition.segments(argument, &mut named));
    let saved = match named.is_empty() {
        true => SavedSegments::default(),
        false => load::segments(ctx, as_of).await?,
    };
    let condition = match condition {
        Some(condition) => checked(ctx, argument, condition, &saved).await?,
        None => Condition::All(Vec::new()),
    };
    Ok(question(ctx, condition, zone, as_of))
}

/// The condition that a client has written.
///
/// # Errors
/// When it is wrong, and when it tests what the caller may not see.
pub async fn checked(
    ctx: &Context<'_>,
    argument: &str,
    condition: &CustomerCondition,
    saved: &SavedSegments,
) -> Read<Condition> {
    let setup = ctx.data_unchecked::<Setup>();
    let mut reader = Reader::of(ctx, saved);
    let condition = reader.condition(argument, 1, condition)?;
    let masks = &ctx.data_unchecked::<Viewer>().masks;
    if let Some(at) = first_hidden(&condition, argument, masks, setup.dimensions.names()) {
        return Err(masked(&at, "what it tests"));
    }
    for (at, kind) in std::mem::take(&mut reader.kinds) {
        if let Err(unknown) = known_names::find_kind(ctx, &kind).await? {
            return Err(bad_argument(&at, &unknown.message, unknown.hint()));
        }
    }
    Ok(condition)
}

/// The members of at least one of these saved segments.
pub async fn any_segment(
    ctx: &Context<'_>,
    argument: &str,
    names: &[String],
    as_of: Option<domain::Moment>,
) -> Read<Condition> {
    if names.len() > MOST_CONDITIONS {
        return Err(too_much(argument, "segments", names.len(), MOST_CONDITIONS));
    }
    let saved = load::segments(ctx, as_of).await?;
    let each = names.iter().enumerate();
    let each = each.map(|(n, name)| segment_of(ctx, &format!("{argument}.{n}"), name, &saved));
    Ok(Condition::Any(each.collect::<Read<_>>()?))
}

/// The members of a saved segment.
pub async fn segment(ctx: &Context<'_>, argument: &str, name: &str, as_of: Option<domain::Moment>) -> Read<Condition> {
    segment_of(ctx, argument, name, &load::segments(ctx, as_of).await?)
}

fn segment_of(ctx: &Context<'_>, argument: &str, name: &str, saved: &SavedSegments) -> Read<Condition> {
    let found = saved.named(name).ok_or_else(|| unknown_segment(argument, name, saved))?;
    Reader::of(ctx, saved).saved_segment(argument, found, 0).map(Condition::Segment)
}

/// The error for a name that no segment has.
fn unknown_segment(at: &str, name: &str, saved: &SavedSegments) -> Error {
    let known = || saved.0.iter().map(|segment| &*segment.content.name);
    let message = format!("no segment is called {}", known_names::quoted(name, nearest(name, known())));
    bad_argument(at, message, &hint(name, known()))
}

/// The condition of a saved segment, and its zone.
pub fn saved_condition(
    dimensions: &[Arc<str>],
    saved: &SavedSegments,
    segment: &Segment,
) -> Read<segments::SegmentCondition> {
    Reader::new(dimensions, saved).saved_segment("definition", segment, 0)
}

/// The condition of a saved segment for the caller of a request: no error tells a caller who is masked what is in it.
pub fn saved_condition_for(
    ctx: &Context<'_>,
    saved: &SavedSegments,
    segment: &Segment,
) -> Read<segments::SegmentCondition> {
    Reader::of(ctx, saved).saved_segment("definition", segment, 0)
}

/// The question for the customers that fit a condition.
pub fn question(ctx: &Context<'_>, condition: Condition, zone: TimeZone, as_of: Option<domain::Moment>) -> Members {
    let setup = ctx.data_unchecked::<Setup>();
    Members {
        condition,
        zone,
        now: as_of.map_or_else(|| setup.now(), |moment| moment.at),
        as_of,
        traits: setup.traits.clone(),
        session_gap: ctx.data_unchecked::<Arc<Ingest>>().session_gap(),
        dimensions: setup.dimensions.clone(),
    }
}

/// The zone of this name. Without a name, UTC.
pub fn read_zone(argument: &str, name: Option<&str>) -> Read<TimeZone> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    TimeZone::get(name).map_err(|_| {
        let name: String = name.chars().take(100).collect();
        bad_argument(argument, format!("no time zone is called \"{name}\""), "an IANA name, such as \"Europe/London\"")
    })
}

struct Reader<'a> {
    dimensions: &'a [Arc<str>],
    saved: &'a SavedSegments,
    /// The segment whose definition is read. Its names are those of the time when it was saved.
    within: Option<&'a Segment>,
    /// How many segments are around it.
    depth: usize,
    conditions: usize,
    /// All conditions, with those of the named segments.
    inside: usize,
    /// Kinds of identifiers, each with its path.
    kinds: Vec<(String, String)>,
    /// Whether the caller may not see everything: then no error names a place in a saved definition.
    is_masked: bool,
}

impl<'a> Reader<'a> {
    fn new(dimensions: &'a [Arc<str>], saved: &'a SavedSegments) -> Self {
        Reader {
            dimensions,
            saved,
            within: None,
            depth: 0,
            conditions: 0,
            inside: 0,
            kinds: Vec::new(),
            is_masked: false,
        }
    }

    /// For the caller of a request.
    fn of(ctx: &'a Context<'_>, saved: &'a SavedSegments) -> Self {
        let is_masked = !ctx.data_unchecked::<Viewer>().masks.is_empty();
        Reader { is_masked, ..Reader::new(ctx.data_unchecked::<Setup>().dimensions.names(), saved) }
    }

    /// A new one for the same caller.
    fn beside(&self) -> Self {
        Reader { is_masked: self.is_masked, ..Reader::new(self.dimensions, self.saved) }
    }

    fn segment(&mut self, at: &str, given: &SegmentCondition) -> Read<segments::SegmentCondition> {
        let found = match self.within {
            None => self.saved.named(&given.name),
            Some(within) => {
                let name = fold_name(&given.name);
                let used = within.content.uses.iter().find(|(used, _)| **used == *name);
                used.and_then(|(_, id)| self.saved.get(*id))
            }
        };
        let found = found.ok_or_else(|| unknown_segment(&format!("{at}.name"), &given.name, self.saved))?;
        let depth = self.depth + 1;
        if depth > MOST_SEGMENT_LEVELS {
            return Err(too_much(at, "levels of segments", depth, MOST_SEGMENT_LEVELS));
        }
        self.saved_segment(at, found, depth)
    }

    fn saved_segment(&mut self, at: &str, segment: &'a Segment, depth: usize) -> Read<segments::SegmentCondition> {
        let definition = serde_json::from_str(&segment.content.definition).ok();
        let definition = definition.and_then(|json| async_graphql::Value::from_json(json).ok());
        let given = CustomerCondition::parse(definition).map_err(|_| {
            let hint = "save the segment again";
            bad_argument(at, format!("this version cannot read the segment \"{}\"", segment.content.name), hint)
        })?;
        let mut reader = Reader { within: Some(segment), depth, inside: self.inside, ..self.beside() };
        let members = reader.condition(at, 1, &given).map_err(|error| match self.is_masked {
            true => without_place(at, &segment.content.name, &error),
            false => error,
        })?;
        self.inside = reader.inside;
        Ok(segments::SegmentCondition {
            name: segment.content.name.clone(),
            zone: read_zone(at, Some(&segment.content.time_zone))?,
            members: Arc::new(members),
        })
    }

    fn condition(&mut self, at: &str, level: usize, given: &CustomerCondition) -> Read<Condition> {
        self.conditions += 1;
        if level > MOST_LEVELS {
            return Err(too_much(at, "levels of conditions", level, MOST_LEVELS));
        }
        if self.conditions > MOST_CONDITIONS {
            return Err(too_much(at, "conditions", self.conditions, MOST_CONDITIONS));
        }
        self.inside += 1;
        if self.inside > MOST_CONDITIONS_INSIDE {
            let what = "conditions with those of the named segments";
            return Err(too_much(at, what, self.inside, MOST_CONDITIONS_INSIDE));
        }
        let below = |name: &str| format!("{at}.{name}");
        Ok(match given {
            CustomerCondition::All(list) => Condition::All(self.list(&below("all"), level, list)?),
            CustomerCondition::Any(list) => Condition::Any(self.list(&below("any"), level, list)?),
            CustomerCondition::Not(one) => Condition::Not(Box::new(self.condition(&below("not"), level + 1, one)?)),
            CustomerCondition::Trait(given) => Condition::Trait(read_trait(&below("trait"), given)?),
            CustomerCondition::Identifier(given) => {
                let at = below("identifier");
                self.kinds.push((format!("{at}.kind"), given.kind.clone()));
                let value = given.value.as_ref().map(|value| read_text(&format!("{at}.value"), value)).transpose()?;
                let count = read_count(&format!("{at}.count"), &given.count)?;
                Condition::Identifier(segments::IdentifierCondition { kind: given.kind.as_str().into(), value, count })
            }
            CustomerCondition::Did(given) => Condition::Did(Box::new(self.did(&below("did"), given)?)),
            CustomerCondition::Journey(given) => Condition::Journey(Box::new(self.journey(&below("journey"), given)?)),
            CustomerCondition::Orders(given) => Condition::Orders(read_orders(&below("orders"), given)?),
            CustomerCondition::Product(given) => {
                let at = below("product");
                Condition::Product(segments::ProductCondition {
                    relation: given.relation.into(),
                    is: given.is.as_ref().map(|is| read_product(&format!("{at}.is"), is)).transpose()?,
                    when: read_when(&format!("{at}.when"), &given.when)?,
                    count: read_count(&format!("{at}.count"), &given.count)?,
                })
            }
            CustomerCondition::Spend(given) => Condition::Spend(read_spend(&below("spend"), given)?),
            CustomerCondition::Consent(given) => Condition::Consent(segments::ConsentCondition {
                purpose: given.purpose.as_str().into(),
                channel: given.channel.as_deref().map(Arc::from),
                status: given.status.iter().map(|status| (*status).into()).collect(),
            }),
            CustomerCondition::Seen(given) => {
                let at = below("seen");
                Condition::Seen(segments::SeenCondition {
                    first: read_when(&format!("{at}.first"), &given.first)?,
                    last: read_when(&format!("{at}.last"), &given.last)?,
                    channels: given.channels.as_deref().map(texts),
                    devices: given.devices.as_deref().map(texts),
                })
            }
            CustomerCondition::Segment(given) => Condition::Segment(self.segment(&below("segment"), given)?),
        })
    }

    fn list(&mut self, at: &str, level: usize, list: &[CustomerCondition]) -> Read<Vec<Condition>> {
        list.iter().enumerate().map(|(n, one)| self.condition(&format!("{at}.{n}"), level + 1, one)).collect()
    }

    fn did(&self, at: &str, given: &TouchpointCondition) -> Read<segments::TouchpointCondition> {
        let total = given.total.as_ref().map(|total| {
            let at = format!("{at}.total");
            Ok::<_, Error>(segments::PropertyTotal {
                path: read_path(&format!("{at}.path"), &total.path)?,
                currency: read_some_currency(&format!("{at}.currency"), &total.currency)?,
                range: read_range(
                    &at,
                    read_decimal(&format!("{at}.min"), &total.min)?,
                    read_decimal(&format!("{at}.max"), &total.max)?,
                )?,
            })
        });
        let then = given.then.iter().flatten().enumerate().map(|(n, then)| self.then(&format!("{at}.then.{n}"), then));
        Ok(segments::TouchpointCondition {
            what: read_step(&format!("{at}.what"), &given.what, Dimensions::all(self.dimensions))?,
            wheres: read_properties(at, &given.wheres)?,
            when: read_when(&format!("{at}.when"), &given.when)?,
            times: read_count(&format!("{at}.times"), &given.times)?,
            count: given.count.into(),
            total: total.transpose()?,
            only: given.only.map(Into::into),
            then: then.collect::<Read<_>>()?,
        })
    }

    fn journey(&self, at: &str, given: &JourneyCondition) -> Read<journey::JourneyCondition> {
        match given {
            JourneyCondition::Pattern(given) => {
                let at = format!("{at}.pattern");
                let (since, until) = read_between(&at, &given.since, &given.until)?;
                let dimensions = Dimensions::all(self.dimensions);
                let pattern = ValuePattern::new(&given.pattern).map_err(|error| match error {
                    JourneyError::BadArgument { argument, message, hint } => {
                        bad_argument(&format!("{at}.{argument}"), message, &hint)
                    }
                    error => bad_argument(&format!("{at}.pattern"), error, "a shorter pattern"),
                })?;
                let is = journey::JourneyTest::Pattern(journey::PatternTest {
                    text: given.pattern.as_str().into(),
                    dimension: read_dimension(&format!("{at}.dimension"), &given.dimension, dimensions)?,
                    name: given.dimension.as_str().into(),
                    pattern: Arc::new(pattern),
                });
                Ok(journey::JourneyCondition { since, until, is })
            }
            JourneyCondition::Funnel(given) => {
                let at = format!("{at}.funnel");
                let (since, until) = read_between(&at, &given.since, &given.until)?;
                let count = given.steps.len();
                if !(1..=MAX_STEPS).contains(&count) {
                    return Err(bad_argument(&format!("{at}.steps"), format!("{count} steps"), "give 1 to 20 steps"));
                }
                let number = |name: &str, number: i32, least: usize| {
                    let found = usize::try_from(number).ok().filter(|number| (least..=count).contains(number));
                    found.ok_or_else(|| {
                        let hint = format!("the number of a step, from {least} to {count}");
                        bad_argument(&format!("{at}.{name}"), format!("{number} is out of range"), &hint)
                    })
                };
                let progress = match (given.reached, given.lost_at) {
                    (Some(step), None) => journey::Progress::Reached(number("reached", step, 1)?),
                    (None, Some(step)) => journey::Progress::LostAt(number("lostAt", step, 2)?),
                    (given, _) => {
                        let message = if given.is_some() { "both are given" } else { "neither is given" };
                        let hint = "give exactly one of `reached` and `lostAt`";
                        return Err(bad_argument(&format!("{at}.reached"), message, hint));
                    }
                };
                let within = given.within.as_ref().filter(|written| written.0 != Value::Null);
                let within = within.map(|within| read_duration(&format!("{at}.within"), within)).transpose()?;
                let steps = given
                    .steps
                    .iter()
                    .enumerate()
                    .map(|(n, step)| read_step(&format!("{at}.steps.{n}"), step, Dimensions::all(self.dimensions)));
                let is = journey::FunnelTest { steps: steps.collect::<Read<_>>()?, within, progress };
                Ok(journey::JourneyCondition { since, until, is: journey::JourneyTest::Funnel(is) })
            }
        }
    }

    fn then(&self, at: &str, given: &ThenCondition) -> Read<segments::ThenCondition> {
        let within = given.within.as_ref().map(|within| read_duration(&format!("{at}.within"), within)).transpose()?;
        if !given.happened && within.is_none() {
            let hint = "give the time in which it did not happen, such as P7D";
            return Err(bad_argument(&format!("{at}.within"), "`happened: false` requires it", hint));
        }
        let same = given.same.iter().flatten().enumerate();
        Ok(segments::ThenCondition {
            what: read_step(&format!("{at}.what"), &given.what, Dimensions::all(self.dimensions))?,
            wheres: read_properties(at, &given.wheres)?,
            within,
            happened: given.happened,
            same: same.map(|(n, path)| read_path(&format!("{at}.same.{n}"), path)).collect::<Read<_>>()?,
        })
    }
}

fn too_much(at: &str, what: &str, count: usize, most: usize) -> Error {
    let error = coded(Code::TooExpensive, format!("{at}: {count} {what}, at most {most} are allowed"));
    error.extend_with(|_, extensions| {
        extensions.set("argument", at);
        extensions.set("cost", count);
        extensions.set("limit", most);
        extensions.set("hint", "use one condition with a list of values in place of many conditions");
    })
}

/// The error of a definition that was saved, without a place in it.
fn without_place(at: &str, name: &str, error: &Error) -> Error {
    let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
    if code == Some(&Value::from(Code::TooExpensive.as_str())) {
        let message = format!("{at}: too many conditions, with those of the segment \"{name}\" and of those in it");
        return coded(Code::TooExpensive, message).extend_with(|_, extensions| extensions.set("argument", at));
    }
    let message = format!("the segment \"{name}\" cannot be read now");
    bad_argument(at, message, "look at its definition, and save it again")
}

fn texts(list: &[String]) -> Vec<Arc<str>> {
    list.iter().map(|text| text.as_str().into()).collect()
}

fn folded(list: &[String]) -> Vec<String> {
    list.iter().map(|text| value::fold(text)).collect()
}

/// A scalar, with an error that says where it is.
fn read_scalar<T: InputType>(at: &str, written: &Written<T>, hint: &str) -> Read<T> {
    T::parse(Some(written.0.clone())).map_err(|error| {
        let message = error.into_server_error(async_graphql::Pos::default()).message;
        let words = message.split_once("\": ").map_or(message.as_str(), |(_, words)| words);
        bad_argument(at, words, hint)
    })
}

fn read_duration(at: &str, written: &Written<Duration>) -> Read<domain::Duration> {
    Ok(read_scalar(at, written, "a duration such as P30D; for whole months use `calendar`")?.0)
}

fn read_decimal(at: &str, written: &Option<Written<Decimal>>) -> Read<Option<Amount>> {
    let read = |written| read_scalar(at, written, "a text such as \"12.50\", or a whole number");
    Ok(written.as_ref().filter(|written| written.0 != Value::Null).map(read).transpose()?.map(|read| read.amount))
}

fn read_range<T: PartialOrd>(at: &str, min: Option<T>, max: Option<T>) -> Read<Range<T>> {
    check_range(at, min.as_ref(), max.as_ref())?;
    Ok(Range { min, max })
}

fn read_count(at: &str, range: &IntRange) -> Read<Range<i64>> {
    read_range(at, range.min.map(i64::from), range.max.map(i64::from))
}

fn read_amounts(at: &str, range: &Option<DecimalRange>) -> Read<Option<Range<Amount>>> {
    let read = |range: &DecimalRange| {
        read_range(at, range.min.as_ref().map(|min| min.amount), range.max.as_ref().map(|max| max.amount))
    };
    range.as_ref().map(read).transpose()
}

fn read_rate(at: &str, range: &Option<FloatRange>) -> Read<Option<Range<f64>>> {
    range.as_ref().map(|range| read_range(at, range.min, range.max)).transpose()
}

fn read_some_currency(at: &str, text: &Option<String>) -> Read<Option<Currency>> {
    text.as_deref().map(|text| read_currency(at, text)).transpose()
}

fn read_path(at: &str, path: &str) -> Read<PropertyPath> {
    PropertyPath::parse(path).ok_or_else(|| {
        let path: String = path.chars().take(100).collect();
        let hint =
            "a path such as properties.products.0.price, or context.campaign.name, source, medium, term, content";
        bad_argument(at, format!("nothing is kept at \"{path}\""), hint)
    })
}

fn read_properties(at: &str, wheres: &Option<Vec<PropertyCondition>>) -> Read<Vec<segments::PropertyCondition>> {
    let each = wheres.iter().flatten().enumerate().map(|(n, given)| {
        let at = format!("{at}.where.{n}");
        Ok(segments::PropertyCondition {
            path: read_path(&format!("{at}.path"), &given.path)?,
            is: read_value(&format!("{at}.is"), &given.is)?,
        })
    });
    each.collect()
}

fn read_trait(at: &str, given: &TraitCondition) -> Read<segments::TraitCondition> {
    Ok(segments::TraitCondition {
        name: given.name.as_str().into(),
        is: read_value(&format!("{at}.is"), &given.is)?,
        of: given.of.into(),
        provenance: given.provenance.iter().flatten().map(|provenance| (*provenance).into()).collect(),
        said: read_when(&format!("{at}.said"), &given.said)?,
    })
}

fn read_value(at: &str, given: &ValueCondition) -> Read<value::ValueCondition> {
    Ok(match given {
        ValueCondition::Exists(exists) => value::ValueCondition::Exists(*exists),
        ValueCondition::Flag(flag) => value::ValueCondition::Flag(*flag),
        ValueCondition::Text(text) => value::ValueCondition::Text(read_text(&format!("{at}.text"), text)?),
        ValueCondition::Number(number) => value::ValueCondition::Number(read_number(&format!("{at}.number"), number)?),
        ValueCondition::Time(time) => value::ValueCondition::Time(read_time(&format!("{at}.time"), time)?),
        ValueCondition::List(list) => value::ValueCondition::List(match list {
            ListCondition::AnyOf(list) => value::ListCondition::AnyOf(folded(list)),
            ListCondition::AllOf(list) => value::ListCondition::AllOf(folded(list)),
            ListCondition::Only(list) => value::ListCondition::Only(folded(list)),
            ListCondition::Size(size) => value::ListCondition::Size(read_count(&format!("{at}.list.size"), size)?),
        }),
    })
}

fn read_text(at: &str, given: &TextCondition) -> Read<value::TextCondition> {
    Ok(match given {
        TextCondition::In(list) => value::TextCondition::In(folded(list)),
        TextCondition::StartsWith(list) => value::TextCondition::StartsWith(folded(list)),
        TextCondition::EndsWith(list) => value::TextCondition::EndsWith(folded(list)),
        TextCondition::Contains(list) => value::TextCondition::Contains(folded(list)),
        TextCondition::Matches(regex) => value::TextCondition::Matches(read_regex(&format!("{at}.matches"), regex)?),
    })
}

fn read_regex(at: &str, text: &str) -> Read<Regex> {
    if text.len() > MOST_REGEX {
        return Err(bad_argument(at, format!("{} bytes are too many", text.len()), "at most 256 bytes"));
    }
    RegexBuilder::new(text).size_limit(REGEX_SIZE).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => bad_argument(at, "the regular expression is too large", "fewer repetitions"),
        error => {
            let lines = error.to_string();
            let what = lines.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            bad_argument(at, format!("not a regular expression: {what}"), "the syntax of the Rust crate `regex`")
        }
    })
}

fn read_number(at: &str, given: &NumberCondition) -> Read<value::NumberCondition> {
    let number = |amount: Amount| Number::parse(&amount.to_text(0));
    let bound = |name: &str, written: &Option<Written<Decimal>>| {
        Ok::<_, Error>(read_decimal(&format!("{at}.{name}"), written)?.and_then(number))
    };
    let list = given.is.as_ref().map(|list| {
        let each = list.iter().enumerate();
        let read = each.map(|(n, one)| bound(&format!("in.{n}"), &Some(one.clone())));
        Ok::<_, Error>(read.collect::<Read<Vec<_>>>()?.into_iter().flatten().collect())
    });
    let read = value::NumberCondition {
        min: bound("min", &given.min)?,
        above: bound("above", &given.above)?,
        max: bound("max", &given.max)?,
        below: bound("below", &given.below)?,
        is: list.transpose()?,
    };
    check_range(at, read.min.as_ref().max(read.above.as_ref()), smaller(read.max.as_ref(), read.below.as_ref()))?;
    Ok(read)
}

fn smaller<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn read_when(at: &str, given: &Option<TimeCondition>) -> Read<Option<time::TimeCondition>> {
    given.as_ref().map(|given| read_time(at, given)).transpose()
}

fn read_time(at: &str, given: &TimeCondition) -> Read<time::TimeCondition> {
    let below = |name: &str| format!("{at}.{name}");
    Ok(match given {
        TimeCondition::Last(length) => time::TimeCondition::Last(read_duration(&below("last"), length)?),
        TimeCondition::OlderThan(length) => time::TimeCondition::OlderThan(read_duration(&below("olderThan"), length)?),
        TimeCondition::Next(length) => time::TimeCondition::Next(read_duration(&below("next"), length)?),
        TimeCondition::Between(range) => {
            let (from, to) =
                (read_duration(&below("between.from"), &range.from)?, read_duration(&below("between.to"), &range.to)?);
            if from <= to {
                let hint = "`from` is the longer time ago: {from: \"P10D\", to: \"P7D\"}";
                return Err(bad_argument(&below("between"), "`from` is not longer than `to`", hint));
            }
            time::TimeCondition::Between { from, to }
        }
        TimeCondition::Fixed(range) => {
            let (since, until) = read_between(&below("fixed"), &range.since, &range.until)?;
            time::TimeCondition::Fixed { since, until }
        }
        TimeCondition::Calendar(range) => {
            for (name, number, least) in [("back", range.back, 0), ("count", range.count, 1)] {
                if !(least..=MOST_PERIODS).contains(&number) {
                    let hint = format!("a whole number from {least} to {MOST_PERIODS}");
                    return Err(bad_argument(
                        &below(&format!("calendar.{name}")),
                        format!("{number} is out of range"),
                        &hint,
                    ));
                }
            }
            time::TimeCondition::Calendar {
                unit: range.unit.into(),
                back: range.back.into(),
                count: range.count.into(),
            }
        }
        TimeCondition::Anniversary(range) => {
            for (name, days) in [("from", range.from), ("to", range.to)] {
                if !(-MOST_DAYS..=MOST_DAYS).contains(&days) {
                    let hint = format!("days from today, from -{MOST_DAYS} to {MOST_DAYS}");
                    return Err(bad_argument(
                        &below(&format!("anniversary.{name}")),
                        format!("{days} is out of range"),
                        &hint,
                    ));
                }
            }
            check_range(&below("anniversary"), Some(range.from), Some(range.to))?;
            time::TimeCondition::Anniversary { from: range.from.into(), to: range.to.into() }
        }
    })
}

/// The two times of a range.
fn read_between(
    at: &str,
    since: &Option<Written<DateTime>>,
    until: &Option<Written<DateTime>>,
) -> Read<(Option<domain::Timestamp>, Option<domain::Timestamp>)> {
    let read = |name: &str, written: &Option<Written<DateTime>>| {
        let written = written.as_ref().filter(|written| written.0 != Value::Null);
        let read = |written| read_scalar(&format!("{at}.{name}"), written, "a time such as 2026-03-31T09:30:00Z");
        Ok::<_, Error>(written.map(read).transpose()?.map(|time| time.0))
    };
    let (since, until) = (read("since", since)?, read("until", until)?);
    check_range(&format!("{at}.until"), since, until)?;
    Ok((since, until))
}

fn read_product(at: &str, given: &ProductMatch) -> Read<segments::ProductMatch> {
    Ok(segments::ProductMatch {
        skus: given.skus.as_deref().map(texts),
        categories: given.categories.as_deref().map(|list| value::TextCondition::In(folded(list))),
        name: given.name.as_ref().map(|name| read_text(&format!("{at}.name"), name)).transpose()?,
    })
}

fn read_orders(at: &str, given: &OrdersCondition) -> Read<segments::OrdersCondition> {
    let below = |name: &str| format!("{at}.{name}");
    if given.currency.is_none() && (given.net.is_some() || given.gross.is_some()) {
        let hint = "give the currency of `net` and `gross`, such as \"GBP\"";
        return Err(bad_argument(&below("currency"), "required for `net` and `gross`", hint));
    }
    Ok(segments::OrdersCondition {
        count: read_count(&below("count"), &given.count)?,
        when: read_when(&below("when"), &given.when)?,
        currency: read_some_currency(&below("currency"), &given.currency)?,
        net: read_amounts(&below("net"), &given.net)?,
        gross: read_amounts(&below("gross"), &given.gross)?,
        return_rate: read_rate(&below("returnRate"), &given.return_rate)?,
        containing: given.containing.as_ref().map(|is| read_product(&below("containing"), is)).transpose()?,
    })
}

fn read_spend(at: &str, given: &SpendCondition) -> Read<segments::SpendCondition> {
    let below = |name: &str| format!("{at}.{name}");
    Ok(segments::SpendCondition {
        currency: read_currency(&below("currency"), &given.currency)?,
        net: read_amounts(&below("net"), &given.net)?,
        gross: read_amounts(&below("gross"), &given.gross)?,
        returned: read_amounts(&below("returned"), &given.returned)?,
        return_rate: read_rate(&below("returnRate"), &given.return_rate)?,
        when: read_when(&below("when"), &given.when)?,
    })
}
