//! From rows to events: rows are grouped, and each group makes an event for each `[[event]]` that applies.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::expression::{Expression, Row, Scope, Unfit, text};
use super::rows::{FileFormat, Rows};
use super::{Bound, Check, EventRule, Holds, Mapping, zones};
use crate::domain::consent::{ConsentFact, ConsentStatus};
use crate::domain::money::{Amount, Currency};
use crate::domain::{Problem, ProblemCode};
use crate::ingest::event::Orders;
use crate::ingest::lines::Input;
use crate::ingest::message_id::Occurrences;
use crate::settings::SettingsError;

/// What comes out of a file, in its order.
#[derive(Debug)]
pub(crate) enum Step {
    /// A row that makes nothing.
    Reject(u64, Problem),
    /// A group.
    Group(Group),
}

/// Rows that belong together, and what they make.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) first_row: u64,
    pub(crate) rows: u64,
    /// The events, and why some could not be made.
    pub(crate) events: Vec<Result<Made, Problem>>,
    /// What a walk-in would have made: label, currency and amount.
    pub(crate) walk_ins: Vec<Option<Money>>,
    /// The checks that fail, and rows that are there twice.
    pub(crate) differences: Vec<Difference>,
    /// The number of checks that hold.
    pub(crate) agreed: u64,
}

/// An event that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// Segment's JSON.
    pub(crate) json: String,
    pub(crate) consents: Vec<ConsentFact>,
    pub(crate) orders: Orders,
    pub(crate) money: Option<Money>,
    /// Whether the mapping made its message id.
    pub(crate) has_id: bool,
}

/// What a group makes by one `[[event]]`.
enum Outcome {
    Event(Made),
    /// It has no identifier. The money that it would have had.
    WalkIn(Option<Money>),
}

/// The money of an event: its name, currency and amount.
pub(crate) type Money = (String, String, Amount);

/// What is not as in a good file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first row of the group.
    pub first_row: u64,
    /// Its last row.
    pub last_row: u64,
    /// What differs.
    pub what: String,
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
    ///
    /// # Errors
    /// When the file cannot be read, and when the mapping does not fit it.
    pub(crate) fn next(&mut self) -> Result<Option<Step>, Unread> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Ok(Some(step));
            }
            if self.at_end {
                return Ok(None);
            }
            match self.rows.next().map_err(Unread::Io)? {
                None => {
                    self.at_end = true;
                    self.end_group()?;
                }
                Some((number, Err(problem))) => self.ready.push_back(Step::Reject(number, problem)),
                Some((_, Ok(row))) => self.row(row)?,
            }
        }
    }

    fn row(&mut self, row: Row) -> Result<(), Unread> {
        let reject = |words: String| Step::Reject(row.number, Problem::whole(ProblemCode::NotAnEvent, words));
        let key = match self.settle(row.number, self.key_of(&row))? {
            Ok(key) => key,
            Err(problem) => {
                self.ready.push_back(Step::Reject(row.number, problem));
                return Ok(());
            }
        };
        let goes_on = key.is_some() && key == self.key;
        if goes_on && self.group.len() >= MOST_ROWS {
            self.ready.push_back(reject(format!("a group has at most {MOST_ROWS} rows")));
            return Ok(());
        }
        if !goes_on {
            self.end_group()?;
            if key.is_some_and(|key| self.ended.has(key)) {
                let words = "its group ended before: rows of a group stand together, so sort the file by `group_by`";
                self.ready.push_back(reject(words.into()));
                return Ok(());
            }
            self.key = key;
        }
        self.group.push(row);
        Ok(())
    }

    /// Two formats that fit are an error of the mapping; all else is a problem of the row.
    fn settle<T>(&self, row: u64, outcome: Result<T, Unfit>) -> Result<Result<T, Problem>, Unread> {
        match outcome {
            Ok(value) => Ok(Ok(value)),
            Err(Unfit::Row(problem)) => Ok(Err(problem)),
            Err(Unfit::TwoTimes { text, formats }) => {
                Err(Unread::Mapping(self.mapping.two_times(row, &text, &formats)))
            }
        }
    }

    /// A hash of what the row is grouped by; `None` when it is a group of its own.
    fn key_of(&self, row: &Row) -> Result<Option<u64>, Unfit> {
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

    fn end_group(&mut self) -> Result<(), Unread> {
        let rows = std::mem::take(&mut self.group);
        if let Some(key) = self.key.take() {
            self.ended.add(key);
        }
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let (first_row, last_row) = (first.number, last.number);
        let mut group = Group { first_row, rows: rows.len() as u64, ..Group::default() };
        group.differences = equal_rows(&rows);
        let (mapping, bound) = (self.mapping.clone(), &self.bound);
        let plain = Scope {
            rows: &rows,
            row: None,
            carried: &bound.carried,
            file: &self.file,
            values: &mapping.values,
            zone: &mapping.zone,
            currency: None,
        };
        let zone = match &bound.zone_column {
            None => Ok(None),
            Some(column) => self.settle(first_row, column.value(&plain))?.and_then(|name| {
                let Some(name) = name else { return Ok(None) };
                let name = text(&name);
                // A file with a different text in each row is no file with zones.
                if self.zones.len() > 1_000 {
                    self.zones.clear();
                }
                let zone = self.zones.entry(name.clone()).or_insert_with(|| zones::zone(&name)).clone();
                let unknown = || Problem::at(ProblemCode::BadTime, "zone_column", "a time zone that is not known");
                zone.map(Some).ok_or_else(unknown)
            }),
        };
        let zone = match zone {
            Ok(zone) => zone,
            Err(problem) => {
                group.events.push(Err(problem));
                self.ready.push_back(Step::Group(group));
                return Ok(());
            }
        };
        let scope = Scope { zone: zone.as_ref().unwrap_or(&mapping.zone), ..plain };
        let mut ids: FxHashSet<String> = FxHashSet::default();
        for rule in &bound.events {
            let made = event(rule, &scope, &mapping.name, &mut self.occurrences, &mut ids);
            match self.settle(first_row, made)? {
                Ok(None) => {}
                Ok(Some(Outcome::Event(made))) => group.events.push(Ok(made)),
                Ok(Some(Outcome::WalkIn(money))) => group.walk_ins.push(money),
                Err(problem) => group.events.push(Err(problem)),
            }
        }
        for check in &bound.checks {
            match self.settle(first_row, differs(check, &scope))? {
                Ok(Some(None)) => group.agreed += 1,
                Ok(Some(Some(what))) => group.differences.push(Difference { first_row, last_row, what }),
                Ok(None) => {}
                Err(problem) => {
                    let what = format!("{}: {}", check.name, problem.message);
                    group.differences.push(Difference { first_row, last_row, what });
                }
            }
        }
        self.ready.push_back(Step::Group(group));
        Ok(())
    }
}

/// The rows of a group that are equal to another of its rows.
fn equal_rows(rows: &[Row]) -> Vec<Difference> {
    if rows.len() < 2 {
        return Vec::new();
    }
    let mut known: FxHashMap<String, u64> = FxHashMap::default();
    let mut found = Vec::new();
    for row in rows {
        let first = *known.entry(format!("{:?}", row.cells)).or_insert(row.number);
        if first != row.number {
            let what = format!("the same as row {first}");
            found.push(Difference { first_row: row.number, last_row: row.number, what });
        }
    }
    found
}

/// What differs, if something does; no answer when the check is not for this group or the file states nothing.
fn differs(check: &Check<Expression>, scope: &Scope<'_>) -> Result<Option<Option<String>>, Unfit> {
    if !applies(&check.when, scope)? {
        return Ok(None);
    }
    let name = &check.name;
    match &check.holds {
        Holds::Equal { made, stated } => {
            let amount = |value: &Value| Amount::read(&text(value)).map_or(Amount::ZERO, |(amount, _)| amount);
            let Some(stated) = stated.value(scope)?.as_ref().map(amount) else { return Ok(None) };
            let mut sums = Vec::with_capacity(made.len());
            for made in made {
                sums.push(made.value(scope)?.as_ref().map_or(Amount::ZERO, amount));
            }
            let differs = || {
                let sums: Vec<_> = sums.iter().map(|sum| sum.to_text(2)).collect();
                format!("{name}: {}, the file states {}", sums.join(" or "), stated.to_text(2))
            };
            Ok(Some((!sums.contains(&stated)).then(differs)))
        }
        Holds::InOrder { earlier, later } => {
            // All times have one form, whose order as text is that of the times.
            let (Some(earlier), Some(later)) = (earlier.value(scope)?, later.value(scope)?) else { return Ok(None) };
            let (earlier, later) = (text(&earlier), text(&later));
            Ok(Some((earlier > later).then(|| format!("{name}: {later} is before {earlier}"))))
        }
    }
}

fn applies(when: &[(Expression, Vec<String>)], scope: &Scope<'_>) -> Result<bool, Unfit> {
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

/// What a group makes by a rule; nothing when the rule does not apply.
fn event(
    rule: &EventRule<Expression>,
    scope: &Scope<'_>,
    mapping: &str,
    occurrences: &mut Occurrences,
    ids: &mut FxHashSet<String>,
) -> Result<Option<Outcome>, Unfit> {
    if !applies(&rule.when, scope)? {
        return Ok(None);
    }
    let said = |expression: &Expression| Ok::<_, Unfit>(expression.value(scope)?.map(|value| text(&value)));
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
        let found = term.value(scope).map_err(|unfit| unfit.at(format!("identifiers.{kind}")))?;
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
        return Ok(Some(Outcome::WalkIn(money)));
    }
    if let Some(name) = name {
        event.insert(if kind == "track" { "event" } else { "name" }.into(), name.into());
    }
    let time = match rule.time.as_slice() {
        [] => Ok(None),
        parts => Expression::Time(parts.to_vec()).value(scope),
    };
    let Some(time) = time.map_err(|unfit| unfit.at("time"))? else {
        return Err(Problem::at(ProblemCode::MissingField, "time", "the row has no time").into());
    };
    event.insert("timestamp".into(), time);
    let id = message_id(rule, scope, mapping, occurrences)?;
    let has_id = id.is_some();
    if let Some(id) = id {
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
    Ok(Some(Outcome::Event(Made { json, consents, orders: rule.orders.clone(), money, has_id })))
}

fn message_id(
    rule: &EventRule<Expression>,
    scope: &Scope<'_>,
    mapping: &str,
    occurrences: &mut Occurrences,
) -> Result<Option<String>, Unfit> {
    /// A longer part, such as a text that someone wrote, is in the id by its hash.
    const LONGEST_PART: usize = 100;
    let is_text = |part: &str| part.len() > LONGEST_PART || part.contains(char::is_control);
    let hash = |text: &str| -> [u8; 16] { Sha256::digest(text.as_bytes())[..16].try_into().unwrap_or_default() };
    let (mut id, mut any) = (mapping.to_owned(), false);
    for part in &rule.message_id {
        let part = match part {
            Some(part) => part.value(scope).map_err(|unfit| unfit.at("message_id"))?.map(|value| text(&value)),
            None => Some(occurrences.next(hash(&id)).to_string()),
        };
        let part = part.map(|part| if is_text(&part) { const_hex::encode(hash(&part)) } else { part });
        any |= part.is_some();
        id.push(':');
        id.push_str(&part.unwrap_or_default());
    }
    Ok(any.then_some(id))
}

/// The values of a table; a name with points is an object within.
fn object(entries: &[(String, Expression)], what: &str, scope: &Scope<'_>) -> Result<Map<String, Value>, Unfit> {
    let mut object = Map::new();
    for (name, term) in entries {
        let at = |unfit: Unfit| unfit.at(format!("{what}.{name}"));
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
