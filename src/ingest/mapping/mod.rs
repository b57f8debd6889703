//! Mappings: how the rows of a file become events.
//!
//! [`Mapping`] is the file that says so; [`presets`] come with the program. For each file its expressions are bound to
//! the columns that are there ([`expression`]); [`rows`] reads, [`events`] groups rows and makes events, which then go
//! the way of all events.

pub(crate) mod events;
pub(crate) mod expression;
mod money;
pub mod presets;
pub mod reconciliation;
pub mod rows;
mod time;
mod zones;

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use self::expression::{Expression, FUNCTIONS, Head, Values};
use self::time::TimeFormat;
use crate::ingest::event::Orders;
use crate::settings::SettingsError;
use crate::settings::error::Place;
use crate::settings::raw::{RawValue, Section, Tree};

/// A mapping, as its file says it.
#[derive(Debug)]
pub struct Mapping {
    /// Its name, which begins the message ids that it makes.
    pub name: Arc<str>,
    /// The source of its events; `--source` wins over it.
    pub source: Arc<str>,
    encoding: Encoding,
    delimiter: Option<u8>,
    quote: u8,
    zone: TimeZone,
    zone_column: Option<Term>,
    values: Values,
    /// Where it says `times`.
    times_place: Place,
    group_by: Vec<Term>,
    carry_down: Vec<Term>,
    events: Vec<EventRule<Term>>,
    checks: Vec<Check<Term>>,
}

/// The encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Auto,
    Utf8,
    Utf16,
    Windows1252,
}

/// An expression with its place in the mapping.
#[derive(Clone, Debug)]
struct Term {
    raw: RawValue,
    text: String,
    /// Whether it is a text unless it is a call.
    is_text: bool,
}

/// `[[event]]`
#[derive(Debug)]
struct EventRule<E> {
    when: Vec<(E, Vec<String>)>,
    kind: E,
    name: Option<E>,
    time: Vec<E>,
    /// `None` is `#occurrence`.
    message_id: Vec<Option<E>>,
    identifiers: Vec<(String, E)>,
    channel: Option<E>,
    properties: Vec<(String, E)>,
    traits: Vec<(String, E)>,
    context: Vec<(String, E)>,
    lines: Vec<(String, E)>,
    /// Purpose, channel, status.
    consent: Option<(E, Option<E>, E)>,
    /// What becomes of its order.
    orders: Orders,
}

/// `[[check]]`: what is true of every group of a good file.
#[derive(Debug)]
struct Check<E> {
    name: String,
    when: Vec<(E, Vec<String>)>,
    holds: Holds<E>,
}

/// What a check says.
#[derive(Debug)]
enum Holds<E> {
    /// One of these sums is the stated sum.
    Equal { made: Vec<E>, stated: E },
    /// One time is not after the other.
    InOrder { earlier: E, later: E },
}

/// A mapping for the columns of one file.
#[derive(Debug)]
struct Bound {
    zone_column: Option<Expression>,
    group_by: Vec<Expression>,
    carried: Vec<usize>,
    events: Vec<EventRule<Expression>>,
    checks: Vec<Check<Expression>>,
}

impl Mapping {
    /// The mapping of a file, or the preset of this name. A file wins.
    ///
    /// # Errors
    /// When there is none, and the first mistake in it, with file, line and key.
    pub fn load(argument: &Path) -> Result<Self, SettingsError> {
        let name = argument.file_stem().unwrap_or_default().to_string_lossy();
        match std::fs::read_to_string(argument) {
            Ok(text) => Self::parse(&name, argument, &text),
            Err(fault) => match argument.to_str().and_then(presets::text) {
                Some(text) => Self::parse(&argument.to_string_lossy(), argument, text),
                None if fault.kind() == std::io::ErrorKind::NotFound => {
                    let written = argument.to_string_lossy();
                    let hint = crate::domain::nearest::hint(&written, presets::names());
                    let reason = format!("there is no such file and no such preset; {hint}");
                    Err(SettingsError::Unreadable { path: argument.to_path_buf(), reason })
                }
                None => Err(SettingsError::Unreadable { path: argument.to_path_buf(), reason: fault.to_string() }),
            },
        }
    }

    /// Reads the text of a mapping.
    ///
    /// # Errors
    /// The first mistake, with file, line and key.
    pub fn parse(name: &str, path: &Path, text: &str) -> Result<Self, SettingsError> {
        let mut root = Tree::parse(path, text)?.into_section();
        let given_name = root.take("name").map(|given| given.text()).transpose()?;
        let name = given_name.as_deref().map_or(name, str::trim);
        let source = root.take("source");
        let source: Arc<str> = match &source {
            None => name.into(),
            Some(given) if crate::ingest::event::is_source_name(&given.text()?) => given.text()?.trim().into(),
            Some(given) => return Err(given.bad("not a name of 1 to 1,024 bytes without control characters")),
        };
        let encoding = one_of(
            root.take("encoding").as_ref(),
            &[
                ("auto", Encoding::Auto),
                ("utf-8", Encoding::Utf8),
                ("utf-16", Encoding::Utf16),
                ("windows-1252", Encoding::Windows1252),
            ],
        )?;
        let delimiter = match root.take("delimiter") {
            None => None,
            Some(given) if given.text()? == "auto" => None,
            Some(given) => Some(sign(&given)?),
        };
        let quote = root.take("quote").map_or(Ok(b'"'), |given| sign(&given))?;
        let zone = match root.take("zone") {
            None => TimeZone::UTC,
            Some(given) => {
                let name = given.text()?;
                let words = "not a zone: write it as Europe/London, GMT Standard Time or Eastern Time (US & Canada)";
                zones::zone(&name).ok_or_else(|| given.bad(format!("\"{name}\" is {words}")))?
            }
        };
        let zone_column = root.take("zone_column").map(|given| Term::of(&given)).transpose()?;
        let times = root.take("times");
        let times_place =
            times.as_ref().map_or(Place::File(path.display().to_string().into(), 1), |given| given.place.clone());
        let times = match &times {
            None => vec![TimeFormat::Iso],
            Some(given) => {
                let read = |entry: &RawValue| {
                    let text = entry.text()?;
                    TimeFormat::parse(&text).map_err(|words| entry.bad(format!("\"{text}\" is {words}")))
                };
                let times = if given.is_list() { given.map(read)? } else { vec![read(given)?] };
                if times.is_empty() {
                    return Err(given.bad("the list is empty"));
                }
                times
            }
        };
        let comma = one_of(root.take("decimal").as_ref(), &[(".", false), (",", true)])?;
        let minor = one_of(root.take("money").as_ref(), &[("major", false), ("minor", true)])?;
        let group_by = Term::list(root.take("group_by"))?;
        let carry_down = Term::list(root.take("carry_down"))?;
        let Some(given) = root.take("event") else {
            let place = Place::File(path.display().to_string().into(), 1);
            let reason = "there is no [[event]]: a mapping makes at least one".to_owned();
            return Err(SettingsError::BadValue { place, key: "event".into(), reason });
        };
        let events = given.map(EventRule::read)?;
        let checks = root.take("check").map(|given| given.map(Check::read)).transpose()?.unwrap_or_default();
        root.done()?;
        let values = Values { times, comma, minor };
        Ok(Mapping {
            name: name.into(),
            source,
            encoding,
            delimiter,
            quote,
            zone,
            zone_column,
            values,
            times_place,
            group_by,
            carry_down,
            events,
            checks,
        })
    }

    /// The error of two formats in `times` that fit one text and differ.
    fn two_times(&self, row: u64, text: &str, [one, other]: &[String; 2]) -> SettingsError {
        let reason =
            format!("in row {row}, \"{text}\" is one time by \"{one}\" and another by \"{other}\": leave one of them");
        SettingsError::BadValue { place: self.times_place.clone(), key: "times".into(), reason }
    }

    /// # Errors
    /// The first expression that names a column or a function that is not there.
    fn bind(&self, head: &Head) -> Result<Bound, SettingsError> {
        let all = |terms: &[Term]| terms.iter().map(|term| term.bind(head)).collect::<Result<Vec<_>, _>>();
        let carried = all(&self.carry_down)?.into_iter().filter_map(|one| match one {
            Expression::Column(expression::Column::At(at)) => Some(at),
            _ => None,
        });
        Ok(Bound {
            zone_column: self.zone_column.as_ref().map(|term| term.bind(head)).transpose()?,
            group_by: all(&self.group_by)?,
            carried: carried.collect(),
            events: self.events.iter().map(|rule| rule.bind(head)).collect::<Result<_, _>>()?,
            checks: self.checks.iter().map(|check| check.bind(head)).collect::<Result<_, _>>()?,
        })
    }
}

/// The value of the text that is given; the first when none is.
fn one_of<T: Copy>(given: Option<&RawValue>, known: &[(&str, T)]) -> Result<T, SettingsError> {
    let Some(given) = given else { return Ok(known[0].1) };
    let text = given.text()?;
    let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text.trim()));
    let names: Vec<_> = known.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let unknown = || given.bad(format!("\"{text}\" where one of {} is expected", names.join(", ")));
    found.map(|(_, value)| *value).ok_or_else(unknown)
}

/// A delimiter or a quote: one ASCII sign.
fn sign(given: &RawValue) -> Result<u8, SettingsError> {
    match given.text()?.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(given.bad("one sign is expected, such as \";\" or \"\\t\"")),
    }
}

impl Term {
    fn of(raw: &RawValue) -> Result<Self, SettingsError> {
        Ok(Term { text: raw.text()?, raw: raw.clone(), is_text: false })
    }

    /// A text; only a call is an expression.
    fn text(raw: &RawValue) -> Result<Self, SettingsError> {
        let text = raw.text()?;
        let is_call =
            FUNCTIONS.iter().any(|name| text.trim().strip_prefix(name).is_some_and(|rest| rest.starts_with('(')));
        Ok(Term { text, raw: raw.clone(), is_text: !is_call })
    }

    /// One expression or a list of them.
    fn list(given: Option<RawValue>) -> Result<Vec<Self>, SettingsError> {
        match given {
            None => Ok(Vec::new()),
            Some(given) if given.is_list() => given.map(Self::of),
            Some(given) => Ok(vec![Self::of(&given)?]),
        }
    }

    fn bind(&self, head: &Head) -> Result<Expression, SettingsError> {
        if self.is_text {
            return Ok(Expression::Literal(self.text.clone()));
        }
        Expression::parse(&self.text, head).map_err(|words| self.raw.bad(words))
    }
}

/// The entries of a table with free keys.
fn table(given: Option<RawValue>) -> Result<Vec<(String, Term)>, SettingsError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let entries = given.section()?.take_all();
    entries.into_iter().map(|(name, value)| Ok((name, Term::of(&value)?))).collect()
}

/// The entries of a table with free keys, each of which has one expression or a list of them.
fn lists(given: Option<RawValue>) -> Result<Vec<(String, Term)>, SettingsError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for (name, value) in given.section()?.take_all() {
        found.extend(Term::list(Some(value))?.into_iter().map(|term| (name.clone(), term)));
    }
    Ok(found)
}

fn conditions(given: Option<RawValue>) -> Result<Vec<(Term, Vec<String>)>, SettingsError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let entries = given.section()?.take_all();
    let read = |(name, value): (String, RawValue)| {
        let texts = value.text_or_texts()?.iter().map(|text| text.to_string()).collect();
        Ok((Term { text: name, raw: value, is_text: false }, texts))
    };
    entries.into_iter().map(read).collect()
}

fn bind_all<K: Clone>(terms: &[(K, Term)], head: &Head) -> Result<Vec<(K, Expression)>, SettingsError> {
    terms.iter().map(|(name, term)| Ok((name.clone(), term.bind(head)?))).collect()
}

fn bind_when(terms: &[(Term, Vec<String>)], head: &Head) -> Result<Vec<(Expression, Vec<String>)>, SettingsError> {
    terms.iter().map(|(term, texts)| Ok((term.bind(head)?, texts.clone()))).collect()
}

const TYPES: [&str; 6] = ["track", "page", "screen", "identify", "group", "alias"];

impl EventRule<Term> {
    fn read(given: &RawValue) -> Result<Self, SettingsError> {
        let mut section: Section = given.section()?;
        let kind = section.take("type").ok_or_else(|| section.lacks(&given.place, "type"))?;
        let kind_term = Term::text(&kind)?;
        if kind_term.is_text && !TYPES.contains(&kind_term.text.trim()) {
            return Err(kind.bad(format!("\"{}\" where one of {} is expected", kind_term.text, TYPES.join(", "))));
        }
        let name = section.take("name").map(|given| Term::text(&given)).transpose()?;
        if name.is_none() && kind_term.text == "track" {
            return Err(section.lacks(&given.place, "name"));
        }
        let time = Term::list(section.take("time"))?;
        let message_id = Term::list(section.take("message_id"))?;
        let message_id = message_id.into_iter().map(|term| (term.text.trim() != "#occurrence").then_some(term));
        let message_id = message_id.collect();
        let when = conditions(section.take("when"))?;
        let identifiers = lists(section.take("identifiers"))?;
        let channel = section.take("channel").map(|given| Term::text(&given)).transpose()?;
        let properties = table(section.take("properties"))?;
        let traits = table(section.take("traits"))?;
        let context = table(section.take("context"))?;
        let lines = table(section.take("lines"))?;
        let orders = match section.take("order") {
            None => Orders::Made,
            Some(given) => match given.truth() {
                Ok(true) => Orders::Made,
                Ok(false) => Orders::Ignored,
                Err(_) => {
                    let words = "true, false or the source that tells of the order is expected";
                    let source = given.text().map_err(|_| given.bad(words))?;
                    Orders::ToldBy(source.trim().into())
                }
            },
        };
        let consent = match section.take("consent") {
            None => None,
            Some(given) => {
                let mut parts = given.section()?;
                let purpose = parts.take("purpose").ok_or_else(|| parts.lacks(&given.place, "purpose"))?;
                let status = parts.take("status").ok_or_else(|| parts.lacks(&given.place, "status"))?;
                let channel = parts.take("channel").map(|given| Term::text(&given)).transpose()?;
                parts.done()?;
                let status_term = Term::text(&status)?;
                let known = ["granted", "denied", "revoked"];
                if status_term.is_text && !known.contains(&status_term.text.to_lowercase().trim()) {
                    let words = format!("\"{}\" where one of {} is expected", status_term.text, known.join(", "));
                    return Err(status.bad(words));
                }
                Some((Term::text(&purpose)?, channel, status_term))
            }
        };
        section.done()?;
        let kind = kind_term;
        Ok(EventRule {
            when,
            kind,
            name,
            time,
            message_id,
            identifiers,
            channel,
            properties,
            traits,
            context,
            lines,
            consent,
            orders,
        })
    }

    fn bind(&self, head: &Head) -> Result<EventRule<Expression>, SettingsError> {
        let one = |term: &Option<Term>| term.as_ref().map(|term| term.bind(head)).transpose();
        Ok(EventRule {
            when: bind_when(&self.when, head)?,
            kind: self.kind.bind(head)?,
            name: one(&self.name)?,
            time: self.time.iter().map(|term| term.bind(head)).collect::<Result<_, _>>()?,
            message_id: self.message_id.iter().map(one).collect::<Result<_, _>>()?,
            identifiers: bind_all(&self.identifiers, head)?,
            channel: one(&self.channel)?,
            properties: bind_all(&self.properties, head)?,
            traits: bind_all(&self.traits, head)?,
            context: bind_all(&self.context, head)?,
            lines: bind_all(&self.lines, head)?,
            consent: match &self.consent {
                None => None,
                Some((purpose, channel, status)) => Some((purpose.bind(head)?, one(channel)?, status.bind(head)?)),
            },
            orders: self.orders.clone(),
        })
    }
}

impl Check<Term> {
    fn read(given: &RawValue) -> Result<Self, SettingsError> {
        let mut section = given.section()?;
        let when = conditions(section.take("when"))?;
        let [name, made, stated, earlier, later] =
            ["name", "made", "stated", "earlier", "later"].map(|key| section.take(key));
        let Some(name) = name else { return Err(section.lacks(&given.place, "name")) };
        section.done()?;
        let holds = match (made, stated, earlier, later) {
            (Some(made), Some(stated), None, None) => {
                Holds::Equal { made: Term::list(Some(made))?, stated: Term::of(&stated)? }
            }
            (None, None, Some(earlier), Some(later)) => {
                Holds::InOrder { earlier: Term::of(&earlier)?, later: Term::of(&later)? }
            }
            _ => return Err(given.bad("a check has made and stated, or earlier and later")),
        };
        Ok(Check { name: name.text()?, when, holds })
    }

    fn bind(&self, head: &Head) -> Result<Check<Expression>, SettingsError> {
        Ok(Check {
            name: self.name.clone(),
            when: bind_when(&self.when, head)?,
            holds: match &self.holds {
                Holds::Equal { made, stated } => Holds::Equal {
                    made: made.iter().map(|term| term.bind(head)).collect::<Result<_, _>>()?,
                    stated: stated.bind(head)?,
                },
                Holds::InOrder { earlier, later } => {
                    let time = |term: &Term| Ok::<_, SettingsError>(Expression::Time(vec![term.bind(head)?]));
                    Holds::InOrder { earlier: time(earlier)?, later: time(later)? }
                }
            },
        })
    }
}

#[cfg(test)]
mod tests;
