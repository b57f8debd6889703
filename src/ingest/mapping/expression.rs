//! Expressions of a mapping: columns and the functions on them. They are read again for each file, because a text that
//! is exactly a column's name is that column.

use jiff::tz::TimeZone;
use regex::Regex;
use serde_json::{Map, Number, Value};

use super::time::{NoTime, TimeFormat};
use super::{money, time};
use crate::domain::money::{Amount, Currency, scaled};
use crate::domain::nearest::hint;
use crate::domain::{Problem, ProblemCode};

/// Why a value cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unfit {
    /// The row is wrong.
    Row(Problem),
    /// Two of `times` fit this text and differ, so the mapping is wrong.
    TwoTimes {
        /// The text.
        text: String,
        /// The formats.
        formats: [String; 2],
    },
}

impl From<Problem> for Unfit {
    fn from(problem: Problem) -> Self {
        Unfit::Row(problem)
    }
}

impl Unfit {
    /// The same with a path in the event.
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        match self {
            Unfit::Row(problem) => Unfit::Row(Problem { path: Some(path.into()), ..problem }),
            other => other,
        }
    }
}

/// An expression, bound to the columns of a file.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Column(Column),
    Literal(String),
    First(Vec<Expression>),
    Sum(Vec<Expression>),
    Money(Box<Expression>),
    Currency(Box<Expression>),
    Minus(Box<Expression>),
    Product(Box<Expression>, Box<Expression>),
    Quotient(Box<Expression>, Box<Expression>),
    Time(Vec<Expression>),
    Split(Box<Expression>, String),
    Lower(Box<Expression>),
    Strip(Box<Expression>, String),
    Json(Box<Expression>),
    File(Regex),
    Param(Option<Box<Expression>>, String),
    /// A column that may be missing, and is.
    Nothing,
}

/// A column of a file.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    /// Of CSV, from 0.
    At(usize),
    /// Of JSON: the steps from the line's object.
    Path(Vec<String>),
}

/// The columns of a file.
#[derive(Clone, Debug)]
pub(crate) enum Head {
    /// The names of CSV.
    Names(Vec<String>),
    /// JSON has no head: a column is a path, and may be missing in a line.
    Json,
}

/// A row of a file.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// As a spreadsheet counts: the head is row 1. Of JSON the line.
    pub(crate) number: u64,
    pub(crate) cells: Cells,
}

#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Texts(Vec<String>),
    Json(Map<String, Value>),
}

/// How a mapping reads values.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    pub(crate) times: Vec<TimeFormat>,
    /// Whether `,` is the decimal sign.
    pub(crate) comma: bool,
    /// Whether amounts count the currency's smallest unit.
    pub(crate) minor: bool,
}

/// What an expression is evaluated on.
#[derive(Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) rows: &'a [Row],
    /// The row that counts; `None`: each column is of the first row that has it.
    pub(crate) row: Option<usize>,
    /// Columns that a row without them takes from its group.
    pub(crate) carried: &'a [usize],
    pub(crate) file: &'a str,
    pub(crate) values: &'a Values,
    pub(crate) zone: &'a TimeZone,
    pub(crate) currency: Option<Currency>,
}

pub(crate) const FUNCTIONS: [&str; 16] = [
    "first", "sum", "money", "currency", "minus", "product", "quotient", "time", "split", "lower", "strip", "json",
    "file", "param", "literal", "column",
];

/// A name as columns are compared: without case and spaces.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && *c != '\u{feff}').flat_map(char::to_lowercase).collect()
}

impl Expression {
    /// Reads an expression for a file with these columns.
    ///
    /// # Errors
    /// What was found, and what would be right.
    pub(crate) fn parse(text: &str, head: &Head) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("empty; write a column, a function or 'text'".into());
        }
        if let Some(column) = named(text, head)? {
            return Ok(column);
        }
        let (text, optional) = match text.strip_suffix('?') {
            Some(name) => (name.trim(), true),
            None => (text, false),
        };
        if let Some(column) = named(text, head)? {
            return Ok(column);
        }
        if let Some(quote) = text.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            let literal = text[1..].strip_suffix(quote).filter(|inner| !inner.contains(quote));
            return literal
                .map(|text| Expression::Literal(text.to_owned()))
                .ok_or("a text without its closing quote".into());
        }
        let call = text.strip_suffix(')').and_then(|text| text.split_once('('));
        if let Some((name, inner)) = call
            && let Some(name) = FUNCTIONS.into_iter().find(|known| *known == name.trim())
        {
            return Self::call(name, inner, head);
        }
        match head {
            Head::Names(_) if optional => Ok(Expression::Nothing),
            Head::Json if call.is_some() => {
                let name = call.map_or("", |(name, _)| name);
                Err(format!("there is no function \"{name}\"; {}", hint(name, FUNCTIONS)))
            }
            Head::Json => {
                let path: Vec<String> = text.split('.').map(|step| step.trim().to_owned()).collect();
                Ok(Expression::Column(Column::Path(path)))
            }
            Head::Names(names) => {
                let function = match call {
                    Some((name, _)) => format!(" and no function \"{}\" ({})", name.trim(), FUNCTIONS.join(", ")),
                    None => String::new(),
                };
                let known = hint(text, names.iter().map(String::as_str));
                Err(format!("there is no column \"{text}\"{function}; {known}"))
            }
        }
    }

    fn call(name: &str, inner: &str, head: &Head) -> Result<Self, String> {
        let arguments = arguments(inner)?;
        let of = |n: usize| Self::parse(arguments[n], head).map(Box::new);
        let all = || arguments.iter().map(|text| Self::parse(text, head)).collect::<Result<Vec<_>, _>>();
        let text = |n: usize| match Self::parse(arguments[n], &Head::Names(Vec::new())) {
            Ok(Expression::Literal(text)) => Ok(text),
            _ => Err(format!("{name}() takes a text in ' here, not {}", arguments[n])),
        };
        let takes = |least: usize, most: usize| match arguments.len() {
            given if (least..=most).contains(&given) => Ok(()),
            given => Err(format!("{name}() takes {least} to {most} values, not {given}")),
        };
        Ok(match name {
            "first" => {
                takes(1, usize::MAX)?;
                Expression::First(all()?)
            }
            "sum" => {
                takes(1, usize::MAX)?;
                Expression::Sum(all()?)
            }
            "time" => {
                takes(1, usize::MAX)?;
                Expression::Time(all()?)
            }
            "product" | "quotient" => {
                takes(2, 2)?;
                if name == "product" {
                    Expression::Product(of(0)?, of(1)?)
                } else {
                    Expression::Quotient(of(0)?, of(1)?)
                }
            }
            "split" | "strip" => {
                takes(2, 2)?;
                if name == "split" { Expression::Split(of(0)?, text(1)?) } else { Expression::Strip(of(0)?, text(1)?) }
            }
            "file" => {
                takes(1, 1)?;
                let pattern = arguments[0].strip_prefix('/').and_then(|text| text.strip_suffix('/'));
                let pattern = pattern.ok_or("file() takes a pattern between slashes, such as file(/opens/)")?;
                let pattern = Regex::new(&pattern.replace("\\/", "/"));
                Expression::File(pattern.map_err(|_| "file() has a pattern that is none".to_owned())?)
            }
            "param" => {
                takes(1, 2)?;
                let key = arguments[arguments.len() - 1].trim_matches(['\'', '"']).to_owned();
                Expression::Param(if arguments.len() == 2 { Some(of(0)?) } else { None }, key)
            }
            "literal" => {
                takes(1, 1)?;
                Expression::Literal(arguments[0].trim_matches(['\'', '"']).to_owned())
            }
            "column" => {
                takes(1, 1)?;
                match (arguments[0].parse::<usize>(), head) {
                    (Ok(number), Head::Names(names)) if (1..=names.len()).contains(&number) => {
                        Expression::Column(Column::At(number - 1))
                    }
                    (Ok(number), Head::Names(names)) => {
                        return Err(format!("there is no column {number}: the file has 1 to {}", names.len()));
                    }
                    (Ok(_), Head::Json) => return Err("JSON has no columns by number".into()),
                    (Err(_), _) => *of(0)?,
                }
            }
            _ => {
                takes(1, 1)?;
                let value = of(0)?;
                match name {
                    "money" => Expression::Money(value),
                    "currency" => Expression::Currency(value),
                    "minus" => Expression::Minus(value),
                    "lower" => Expression::Lower(value),
                    _ => Expression::Json(value),
                }
            }
        })
    }

    /// The value; `None` when there is none. An empty text is none.
    ///
    /// # Errors
    /// When a value cannot be read as what the mapping says it is.
    pub(crate) fn value(&self, scope: &Scope<'_>) -> Result<Option<Value>, Unfit> {
        Ok(match self {
            Expression::Nothing => None,
            Expression::Column(column) => scope.column(column).filter(|value| !is_empty(value)),
            Expression::Literal(text) => Some(Value::String(text.clone())),
            Expression::First(all) => {
                for one in all {
                    if let Some(value) = one.value(scope)? {
                        return Ok(Some(value));
                    }
                }
                None
            }
            Expression::Sum(all) => {
                let (mut sum, mut currency) = (None, None);
                let rows = scope.row.map_or(0..scope.rows.len(), |row| row..row + 1);
                for row in rows {
                    // What is carried down counts once, in its own row.
                    let scope = Scope { row: Some(row), carried: &[], ..scope.clone() };
                    for one in all {
                        if let Some(value) = one.value(&scope)? {
                            one.is_in(&mut currency, &scope)?;
                            let sum = sum.get_or_insert(Amount::ZERO);
                            *sum += exact(&value, &scope)?;
                        }
                    }
                }
                sum.map(number)
            }
            Expression::Money(of) => match of.value(scope)? {
                None => None,
                Some(value) => {
                    let minor = if scope.values.minor {
                        let unknown =
                            || bad(ProblemCode::BadMoney, scope, "an amount in smallest units needs a currency");
                        Some(scope.currency.clone().ok_or_else(unknown)?)
                    } else {
                        None
                    };
                    let comma = scope.values.comma && value.is_string();
                    let amount = money::amount(&text(&value), comma, minor.as_ref());
                    Some(number(amount.ok_or_else(|| {
                        let form = if scope.values.comma { "1.234,50" } else { "1,234.50" };
                        bad(ProblemCode::BadMoney, scope, &format!("not an amount: it is read as {form}, by `decimal`"))
                    })?))
                }
            },
            Expression::Currency(of) => {
                of.value(scope)?.and_then(|value| money::currency(&text(&value)).map(|code| Value::String(code.into())))
            }
            Expression::Minus(of) => match of.value(scope)? {
                None => None,
                Some(value) => Some(number(Amount(-exact(&value, scope)?.0))),
            },
            Expression::Product(a, b) | Expression::Quotient(a, b) => {
                let (Some(a), Some(b)) = (a.value(scope)?, b.value(scope)?) else { return Ok(None) };
                let (a, b) = (exact(&a, scope)?.0, exact(&b, scope)?.0);
                let (over, under) = match self {
                    Expression::Product(..) => (a.checked_mul(b), UNIT),
                    _ => (a.checked_mul(UNIT), b),
                };
                let over = over.ok_or_else(|| bad(ProblemCode::BadMoney, scope, "an amount that is too large"))?;
                if under == 0 { None } else { Some(number(Amount(divide(over, under)))) }
            }
            Expression::Time(all) => {
                let mut parts = Vec::with_capacity(all.len());
                for one in all {
                    parts.extend(one.value(scope)?.map(|value| text(&value)));
                }
                if parts.is_empty() {
                    return Ok(None);
                }
                // A time within `time` was read already.
                if matches!(all.as_slice(), [Expression::Time(_)]) {
                    return Ok(Some(Value::String(parts.remove(0))));
                }
                match time::read(&parts.join(" "), &scope.values.times, scope.zone) {
                    Ok(time) => Some(Value::String(time.to_string())),
                    Err(NoTime::NoneFits) => {
                        return Err(bad(ProblemCode::BadTime, scope, "no format of `times` fits"));
                    }
                    Err(NoTime::TwoFit(formats)) => {
                        return Err(Unfit::TwoTimes { text: parts.join(" "), formats });
                    }
                }
            }
            Expression::Split(of, by) => of.value(scope)?.and_then(|value| {
                let Value::String(text) = value else { return Some(value) };
                let parts = text.split(by.as_str()).map(|part| part.trim().trim_matches('"').trim());
                let parts: Vec<_> = parts.filter(|part| !part.is_empty()).map(Value::from).collect();
                (!parts.is_empty()).then_some(Value::Array(parts))
            }),
            Expression::Lower(of) => of.value(scope)?.map(|value| match value {
                Value::String(text) => Value::String(text.to_lowercase()),
                other => other,
            }),
            Expression::Strip(of, what) => of.value(scope)?.and_then(|value| match value {
                Value::String(text) => {
                    let text = text.trim().trim_start_matches(what.as_str()).trim();
                    (!text.is_empty()).then(|| Value::String(text.to_owned()))
                }
                other => Some(other),
            }),
            Expression::Json(of) => match of.value(scope)? {
                Some(Value::String(text)) => {
                    Some(serde_json::from_str(&text).map_err(|_| bad(ProblemCode::BadValue, scope, "not JSON"))?)
                }
                other => other,
            },
            Expression::File(pattern) => pattern.captures(scope.file).map(|found| {
                let part = found.get(1).or_else(|| found.get(0));
                Value::String(part.map_or("", |part| part.as_str()).to_owned())
            }),
            Expression::Param(list, key) => {
                let list = match list {
                    Some(list) => list.value(scope)?,
                    None => scope.only_list()?,
                };
                list.and_then(|list| param(&list, key)).filter(|value| !is_empty(value))
            }
        })
    }
}

impl Expression {
    /// Checks that money has the currency sign of the money before it, if both have one: sums are of one currency.
    fn is_in(&self, currency: &mut Option<&'static str>, scope: &Scope<'_>) -> Result<(), Unfit> {
        let Expression::Money(of) = self else { return Ok(()) };
        let found = of.value(scope)?.and_then(|value| money::currency(&text(&value)));
        match (&currency, found) {
            (Some(before), Some(found)) if *before != found => {
                let words = format!("an amount in {found} in a sum of {before}");
                Err(bad(ProblemCode::BadMoney, scope, &words))
            }
            (None, Some(_)) => {
                *currency = found;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// One of an amount's unit.
const UNIT: i128 = 1_000_000;

/// Rounded half to even.
fn divide(over: i128, under: i128) -> i128 {
    let (quotient, rest) = (over.div_euclid(under), over.rem_euclid(under));
    let twice = rest * 2;
    if twice > under.abs() || twice == under.abs() && quotient % 2 != 0 { quotient + under.signum() } else { quotient }
}

fn bad(code: ProblemCode, scope: &Scope<'_>, words: &str) -> Unfit {
    Unfit::Row(match scope.row {
        Some(row) if scope.rows.len() > 1 => Problem::whole(code, format!("{words} (row {})", scope.rows[row].number)),
        _ => Problem::whole(code, words),
    })
}

/// A number's exact value.
fn exact(value: &Value, scope: &Scope<'_>) -> Result<Amount, Unfit> {
    match scaled(&text(value), 6) {
        Ok((millionths, true)) => Ok(Amount(millionths)),
        _ => Err(bad(ProblemCode::BadMoney, scope, "not a number of at most 6 digits behind the point")),
    }
}

fn number(amount: Amount) -> Value {
    amount.to_text(0).parse::<Number>().map_or(Value::Null, Value::Number)
}

/// A value as text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The value of a key in a list of `{key, value}`. BigQuery has a value as an object, one of whose fields is not null.
fn param(list: &Value, key: &str) -> Option<Value> {
    let entry = list.as_array()?.iter().find(|entry| entry.get("key").and_then(Value::as_str) == Some(key))?;
    match entry.get("value")? {
        Value::Object(typed) => ["string_value", "int_value", "double_value", "float_value"]
            .into_iter()
            .filter_map(|kind| typed.get(kind))
            .find(|value| !value.is_null())
            .cloned(),
        other => Some(other.clone()),
    }
}

/// The column of this name. A name that is there twice is asked for by number.
fn named(text: &str, head: &Head) -> Result<Option<Expression>, String> {
    let Head::Names(names) = head else { return Ok(None) };
    let wanted = plain(text);
    let mut found = names.iter().enumerate().filter(|(_, name)| plain(name) == wanted).map(|(at, _)| at);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(at), None) => Ok(Some(Expression::Column(Column::At(at)))),
        (Some(one), Some(two)) => {
            let (one, two) = (one + 1, two + 1);
            Err(format!("there are two columns \"{text}\": write column({one}) or column({two})"))
        }
    }
}

/// The arguments of a call, split at commas outside of texts, patterns and calls.
fn arguments(inner: &str) -> Result<Vec<&str>, String> {
    let (mut found, mut begin, mut depth) = (Vec::new(), 0, 0_i32);
    let (mut within, mut escaped) = (None::<char>, false);
    let mut fresh = true;
    for (at, c) in inner.char_indices() {
        match (within, c) {
            _ if escaped => escaped = false,
            (Some('/'), '\\') => escaped = true,
            (Some(end), _) if c == end => within = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => within = Some(c),
            (None, '/') if fresh => within = Some('/'),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(inner[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
        fresh = c == ',' && within.is_none() || fresh && c.is_whitespace();
    }
    if within.is_some() || depth != 0 {
        return Err("a text, a pattern or a bracket that is not closed".into());
    }
    found.push(inner[begin..].trim());
    Ok(found)
}

impl Scope<'_> {
    fn column(&self, column: &Column) -> Option<Value> {
        let at = |row: &Row| row.get(column).filter(|value| !is_empty(value));
        let first = || self.rows.iter().find_map(at);
        match (self.row, column) {
            (None, _) => first(),
            (Some(row), Column::At(index)) if self.carried.contains(index) => at(&self.rows[row]).or_else(first),
            (Some(row), _) => at(&self.rows[row]),
        }
    }

    /// The only list of `{key, value}` in the row.
    fn only_list(&self) -> Result<Option<Value>, Unfit> {
        let Some(Row { cells: Cells::Json(object), .. }) = self.rows.get(self.row.unwrap_or(0)) else {
            return Ok(None);
        };
        let is_params = |value: &&Value| {
            value.as_array().is_some_and(|list| list.first().is_some_and(|entry| entry.get("key").is_some()))
        };
        let mut lists = object.values().filter(is_params);
        match (lists.next(), lists.next()) {
            (list, None) => Ok(list.cloned()),
            _ => Err(bad(ProblemCode::BadValue, self, "several lists of {key, value}: write param(column, key)")),
        }
    }
}

impl Row {
    pub(crate) fn get(&self, column: &Column) -> Option<Value> {
        match (&self.cells, column) {
            (Cells::Texts(cells), Column::At(at)) => cells.get(*at).map(|text| Value::String(text.clone())),
            (Cells::Json(object), Column::Path(path)) => {
                let (first, rest) = path.split_first()?;
                let top = object.get(first)?;
                rest.iter().try_fold(top, |value, step| value.get(step)).cloned()
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(names: &[&str]) -> Head {
        Head::Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn eval(expression: &str, names: &[&str], rows: &[&[&str]]) -> Result<Option<Value>, String> {
        let rows: Vec<Row> = rows
            .iter()
            .enumerate()
            .map(|(i, cells)| Row {
                number: i as u64 + 2,
                cells: Cells::Texts(cells.iter().map(|cell| (*cell).to_owned()).collect()),
            })
            .collect();
        let values = Values { times: vec![TimeFormat::Iso], comma: false, minor: false };
        let scope = Scope {
            rows: &rows,
            row: None,
            carried: &[],
            file: "in/opens/7_Spring sale.csv",
            values: &values,
            zone: &TimeZone::UTC,
            currency: None,
        };
        Expression::parse(expression, &head(names))?.value(&scope).map_err(|unfit| format!("{unfit:?}"))
    }

    #[test]
    fn each_function_does_what_the_contract_says() {
        let names = ["A", "B c", "Created date (UTC)", "Tags", "n"];
        let rows: [&[&str]; 2] = [&["", " x ", "2024-01-01", "\"VIP\",\"Blog\"", "2"], &["'07", "", "", "", "3"]];
        for (expression, value) in [
            ("A", r#""'07""#),
            ("first(a, bC)", r#""'07""#),
            ("Created date (UTC)", r#""2024-01-01""#),
            ("time(Created date (UTC))", r#""2024-01-01T00:00:00.000Z""#),
            ("strip(A, \"'\")", r#""07""#),
            ("split(Tags, ',')", r#"["VIP","Blog"]"#),
            ("sum(money(n))", "5"),
            ("sum(product(n, n))", "13"),
            ("minus(n)", "-2"),
            ("quotient(n, 'x')", ""),
            ("lower('ABC')", r#""abc""#),
            ("json('[1.50]')", "[1.50]"),
            ("file(/opens\\/\\d+_(.*)\\.csv/)", r#""Spring sale""#),
            ("column(5)", r#""2""#),
            ("None?", ""),
            ("first(None?, literal(z))", r#""z""#),
        ] {
            let found = eval(expression, &names, &rows).ok().flatten();
            assert_eq!(found.map(|value| value.to_string()).unwrap_or_default(), value, "{expression}");
        }
    }

    #[test]
    fn a_wrong_expression_says_what_is_wrong() {
        for (expression, words) in [
            ("Emial", "there is no column \"Emial\"; did you mean \"Email\"?"),
            ("frist(Email)", "no function \"frist\""),
            ("first(Email", "no column"),
            ("strip(Email)", "takes 2 to 2 values"),
            ("Twice", "write column(2) or column(3)"),
            ("column(9)", "the file has 1 to 3"),
            ("file(opens)", "between slashes"),
            ("'text", "closing"),
        ] {
            let fault = eval(expression, &["Email", "Twice", "twice"], &[&["a", "b", "c"]]).expect_err(expression);
            assert!(fault.contains(words), "{expression}: {fault}");
        }
    }
}
