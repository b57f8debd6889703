//! From rows to events: rows are grouped, and each group makes an event for each `[[event]]` that applies.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::expression::{Expression, Row, Scope, text};
use super::rows::{FileFormat, Rows};
use super::{Bound, EventRule, Mapping, zones};
use crate::domain::consent::{ConsentFact, ConsentStatus};
use crate::domain::money::{Amount, Currency};
use crate::domain::{Problem, ProblemCode};
use crate::ingest::lines::Input;
use crate::ingest::message_id::Occurrences;
use crate::settings::SettingsError;

/// What comes out of a file, in its order.
#[derive(Debug)]
pub(crate) enum Step {
    /// A row, or a group by its first row, that makes nothing.
    Reject(u64, Problem),
    /// A group.
    Group(Group),
}

/// Rows that belong together, and what they make.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    pub(crate) events: Vec<Made>,
    /// What a walk-in would have made: label, currency and amount.
    pub(crate) walk_ins: Vec<Option<Money>>,
    /// The checks that fail.
    pub(crate) differences: Vec<Difference>,
    /// The checks that hold.
    pub(crate) agreed: u64,
}

/// An event that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// Segment's JSON.
    pub(crate) json: String,
    pub(crate) consents: Vec<ConsentFact>,
    pub(crate) makes_order: bool,
    pub(crate) money: Option<Money>,
}

/// The money of an event: its name, currency and amount.
pub(crate) type Money = (String, String, Amount);

/// A sum that the file states and its rows do not make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The check's name.
    pub check: String,
    /// The first row of the group.
    pub first_row: u64,
    /// Its last row.
    pub last_row: u64,
    /// What the rows make.
    pub made: Amount,
    /// What the file states.
    pub stated: Amount,
}

/// A file that is read through a mapping.
pub(crate) struct MappedFile {
    mapping: Arc<Mapping>,
    bound: Bound,
    rows: Rows,
    file: String,
    group: Vec<Row>,
    key: Option<u64>,
    ready: VecDeque<Step>,
    ended: Ended,
    occurrences: Occurrences,
    zones: FxHashMap<String, Option<TimeZone>>,
    at_end: bool,
}

/// Why a file cannot be read through its mapping.
#[derive(Debug)]
pub(crate) enum Unread {
    Io(io::Error),
    Mapping(SettingsError),
}

/// The most rows of a group.
const MOST_ROWS: usize = 10_000;

impl MappedFile {
    pub(crate) fn open(input: Input, format: FileFormat, mapping: Arc<Mapping>, file: String) -> Result<Self, Unread> {
        let rows = Rows::open(input, format, &mapping).map_err(Unread::Io)?;
        let bound = mapping.bind(&rows.head).map_err(Unread::Mapping)?;
        Ok(MappedFile {
            mapping,
            bound,
            rows,
            file,
            group: Vec::new(),
            key: None,
            ready: VecDeque::new(),
            ended: Ended::default(),
            occurrences: Occurrences::default(),
            zones: FxHashMap::default(),
            at_end: false,
        })
    }

    /// The next step; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Step>> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Ok(Some(step));
            }
            if self.at_end {
                return Ok(None);
            }
            match self.rows.next()? {
                None => {
                    self.at_end = true;
                    self.end_group();
                }
                Some((number, Err(problem))) => self.ready.push_back(Step::Reject(number, problem)),
                Some((_, Ok(row))) => self.row(row),
            }
        }
    }

    fn row(&mut self, row: Row) {
        let key = match self.key_of(&row) {
            Ok(key) => key,
            Err(problem) => return self.ready.push_back(Step::Reject(row.number, problem)),
        };
        let goes_on = key.is_some() && key == self.key;
        let reject = |words: String| Step::Reject(row.number, Problem::whole(ProblemCode::NotAnEvent, words));
        if goes_on && self.group.len() >= MOST_ROWS {
            return self.ready.push_back(reject(format!("a group has at most {MOST_ROWS} rows")));
        }
        if !goes_on {
            self.end_group();
            if key.is_some_and(|key| self.ended.has(key)) {
                let words = "its group ended before: rows of a group stand together, so sort the file by `group_by`";
                return self.ready.push_back(reject(words.into()));
            }
            self.key = key;
        }
        self.group.push(row);
    }

    /// A hash of what the row is grouped by; `None` when it is a group of its own.
    fn key_of(&mut self, row: &Row) -> Result<Option<u64>, Problem> {
        use std::hash::{Hash, Hasher};
        if self.bound.group_by.is_empty() {
            return Ok(None);
        }
        let scope = Scope {
            rows: std::slice::from_ref(row),
            row: None,
            carried: &[],
            file: &self.file,
            values: &self.mapping.values,
            zone: &self.mapping.zone,
            currency: None,
        };
        let (mut hash, mut any) = (FxHasher::default(), false);
        for part in &self.bound.group_by {
            let part = part.value(&scope)?.map(|value| text(&value));
            any |= part.is_some();
            part.hash(&mut hash);
        }
        Ok(any.then(|| hash.finish()))
    }

    fn end_group(&mut self) {
        let rows = std::mem::take(&mut self.group);
        if let Some(key) = self.key.take() {
            self.ended.add(key);
        }
        let Some(first) = rows.first() else { return };
        let first_row = first.number;
        let step = match self.make(&rows) {
            Ok(group) => Step::Group(group),
            Err(problem) => Step::Reject(first_row, problem),
        };
        self.ready.push_back(step);
    }

    fn make(&mut self, rows: &[Row]) -> Result<Group, Problem> {
        let (mapping, bound) = (self.mapping.clone(), &self.bound);
        let plain = Scope {
            rows,
            row: None,
            carried: &bound.carried,
            file: &self.file,
            values: &mapping.values,
            zone: &mapping.zone,
            currency: None,
        };
        let zone = match &bound.zone_column {
            None => None,
            Some(column) => match column.value(&plain)? {
                None => None,
                Some(name) => {
                    let name = text(&name);
                    let zone = self.zones.entry(name.clone()).or_insert_with(|| zones::zone(&name)).clone();
                    let unknown = || Problem::at(ProblemCode::BadTime, "zone_column", "a time zone that is not known");
                    // A file with a different text in each row is no file with zones.
                    if self.zones.len() > 1_000 {
                        self.zones.clear();
                    }
                    Some(zone.ok_or_else(unknown)?)
                }
            },
        };
        let scope = Scope { zone: zone.as_ref().unwrap_or(&mapping.zone), ..plain };
        let mut group = Group { first_row: rows[0].number, rows: rows.len() as u64, ..Group::default() };
        let mut ids: FxHashSet<String> = FxHashSet::default();
        for rule in &bound.events {
            if !applies(&rule.when, &scope)? {
                continue;
            }
            match event(rule, &scope, &mapping.name, &mut self.occurrences, &mut ids)? {
                Ok(made) => group.events.push(made),
                Err(money) => group.walk_ins.push(money),
            }
        }
        for check in &bound.checks {
            if !applies(&check.when, &scope)? {
                continue;
            }
            let (made, stated) = (check.made.value(&scope)?, check.stated.value(&scope)?);
            let Some(stated) = stated else { continue };
            let amount = |value: &Value| Amount::read(&text(value)).map_or(Amount::ZERO, |(amount, _)| amount);
            let (made, stated) = (made.as_ref().map_or(Amount::ZERO, amount), amount(&stated));
            if made == stated {
                group.agreed += 1;
            } else {
                let last_row = rows[rows.len() - 1].number;
                let check = check.name.clone();
                group.differences.push(Difference { check, first_row: group.first_row, last_row, made, stated });
            }
        }
        Ok(group)
    }
}

fn applies(when: &[(Expression, Vec<String>)], scope: &Scope<'_>) -> Result<bool, Problem> {
    for (expression, texts) in when {
        let value = expression.value(scope)?.map(|value| text(&value).to_lowercase()).unwrap_or_default();
        let fits = |text: &String| value == text.trim().to_lowercase();
        let (not, is): (Vec<_>, Vec<_>) = texts.iter().partition(|text| text.starts_with('!'));
        let refused = not.iter().any(|text| fits(&text[1..].to_owned()));
        if refused || !is.is_empty() && !is.iter().any(|text| fits(text)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The event, or the money of a walk-in.
#[expect(clippy::type_complexity, reason = "an event or the money of none, unless a value is wrong")]
fn event(
    rule: &EventRule<Expression>,
    scope: &Scope<'_>,
    mapping: &str,
    occurrences: &mut Occurrences,
    ids: &mut FxHashSet<String>,
) -> Result<Result<Made, Option<Money>>, Problem> {
    let said = |expression: &Expression| Ok::<_, Problem>(expression.value(scope)?.map(|value| text(&value)));
    let at = |path: String| move |problem: Problem| Problem { path: Some(path), ..problem };
    let kind = said(&rule.kind)?.unwrap_or_default().to_lowercase();
    let name = rule.name.as_ref().map(said).transpose()?.flatten();
    let currency = rule.properties.iter().find(|(name, _)| name == "currency");
    let currency = currency.map(|(_, term)| said(term)).transpose()?.flatten();
    let scope = &Scope { currency: currency.and_then(|code| code.parse::<Currency>().ok()), ..scope.clone() };

    let mut properties = object(&rule.properties, "properties", scope)?;
    if !rule.lines.is_empty() {
        let mut lines = Vec::with_capacity(scope.rows.len());
        for row in 0..scope.rows.len() {
            let scope = Scope { row: Some(row), ..scope.clone() };
            let line = object(&rule.lines, "lines", &scope)?;
            if !line.is_empty() {
                lines.push(Value::Object(line));
            }
        }
        properties.insert("products".into(), Value::Array(lines));
    }
    let money = money(&properties, name.as_deref().unwrap_or(&kind));

    let mut event = Map::new();
    event.insert("type".into(), kind.clone().into());
    let (mut external, mut any) = (Vec::new(), false);
    for (kind, term) in &rule.identifiers {
        let found = term.value(scope).map_err(at(format!("identifiers.{kind}")))?;
        let values = match found {
            None => continue,
            Some(Value::Array(list)) => list,
            Some(value) => vec![value],
        };
        for value in values.iter().map(text).filter(|value| !value.is_empty()) {
            any = true;
            let field = match kind.as_str() {
                "user_id" => "userId",
                "anonymous_id" => "anonymousId",
                _ => "",
            };
            if field.is_empty() || event.contains_key(field) {
                external.push(serde_json::json!({"type": kind, "id": value}));
            } else {
                event.insert(field.into(), value.into());
            }
        }
    }
    if !any {
        return Ok(Err(money));
    }
    if let Some(name) = name {
        event.insert(if kind == "track" { "event" } else { "name" }.into(), name.into());
    }
    let time = match rule.time.as_slice() {
        [] => Ok(None),
        parts => Expression::Time(parts.to_vec()).value(scope),
    };
    let time = time.map_err(at("time".into()))?;
    let Some(time) = time else {
        return Err(Problem::at(ProblemCode::MissingField, "time", "the row has no time"));
    };
    event.insert("timestamp".into(), time);
    if let Some(id) = message_id(rule, scope, mapping, occurrences)? {
        let mut unique = id.clone();
        let mut n = 1;
        // Two events of one row that have one id would be one event.
        while !ids.insert(unique.clone()) {
            n += 1;
            unique = format!("{id}:{n}");
        }
        event.insert("messageId".into(), unique.into());
    }
    let mut context = object(&rule.context, "context", scope)?;
    if !external.is_empty() {
        context.insert("externalIds".into(), Value::Array(external));
    }
    event.insert("context".into(), Value::Object(context));
    if let Some(channel) = rule.channel.as_ref().map(said).transpose()?.flatten() {
        properties.entry("channel").or_insert_with(|| channel.into());
    }
    if matches!(kind.as_str(), "track" | "page" | "screen") {
        event.insert("properties".into(), Value::Object(properties));
    }
    let traits = object(&rule.traits, "traits", scope)?;
    if !traits.is_empty() {
        event.insert("traits".into(), Value::Object(traits));
    }
    let mut consents = Vec::new();
    if let Some((purpose, channel, status)) = &rule.consent {
        let status = match said(status)?.unwrap_or_default().to_lowercase().as_str() {
            "granted" => Some(ConsentStatus::Granted),
            "denied" => Some(ConsentStatus::Denied),
            "revoked" => Some(ConsentStatus::Revoked),
            _ => None,
        };
        let channel = channel.as_ref().map(said).transpose()?.flatten();
        if let (Some(status), Some(purpose)) = (status, said(purpose)?) {
            let channel = channel.map(|channel| crate::ingest::channels::named(&channel));
            consents.push(ConsentFact { purpose: purpose.into(), channel, status, expires_at: None });
        }
    }
    let json = Value::Object(event).to_string();
    Ok(Ok(Made { json, consents, makes_order: rule.order, money }))
}

fn message_id(
    rule: &EventRule<Expression>,
    scope: &Scope<'_>,
    mapping: &str,
    occurrences: &mut Occurrences,
) -> Result<Option<String>, Problem> {
    let (mut id, mut any) = (mapping.to_owned(), false);
    for part in &rule.message_id {
        let part = match part {
            Some(part) => part.value(scope)?.map(|value| text(&value)),
            None => {
                let mut content = [0; 16];
                content.copy_from_slice(&Sha256::digest(id.as_bytes())[..16]);
                Some(occurrences.next(content).to_string())
            }
        };
        any |= part.is_some();
        id.push(':');
        id.push_str(&part.unwrap_or_default());
    }
    Ok(any.then_some(id))
}

/// The values of a table; a name with points is an object within.
fn object(entries: &[(String, Expression)], what: &str, scope: &Scope<'_>) -> Result<Map<String, Value>, Problem> {
    let mut object = Map::new();
    for (name, term) in entries {
        let at = |problem: Problem| Problem { path: Some(format!("{what}.{name}")), ..problem };
        let Some(value) = term.value(scope).map_err(at)? else { continue };
        let mut within = &mut object;
        let mut steps = name.split('.').peekable();
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                within.insert(step.to_owned(), value);
                break;
            }
            let next = within.entry(step).or_insert_with(|| Value::Object(Map::new()));
            match next {
                Value::Object(next) => within = next,
                _ => break,
            }
        }
    }
    Ok(object)
}

fn money(properties: &Map<String, Value>, label: &str) -> Option<Money> {
    let amount = ["total", "amount", "value"].into_iter().find_map(|name| properties.get(name))?;
    let (amount, _) = Amount::read(&text(amount)).ok()?;
    let currency = properties.get("currency").map_or_else(|| "XXX".to_owned(), |code| text(code).to_uppercase());
    Some((label.to_owned(), currency, amount))
}

/// Hashes of the groups that ended last, to notice rows that come too late. Limited, so memory is.
#[derive(Default)]
struct Ended {
    known: FxHashSet<u64>,
    order: VecDeque<u64>,
}

impl Ended {
    const MOST: usize = 1 << 18;

    fn add(&mut self, key: u64) {
        if self.known.insert(key) {
            self.order.push_back(key);
        }
        if self.order.len() > Self::MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    fn has(&self, key: u64) -> bool {
        self.known.contains(&key)
    }
}
