//! An answer as a table, and its output formats.

use serde_json::{Map, Value, json};

use super::Form;
use crate::domain::{CustomerId, Money};
use crate::journeys::attribution::{Attribution, AttributionResult, AttributionRow};
use crate::journeys::compare::{JourneyComparison, LinkDifference};
use crate::journeys::flow::{Flow, FlowLink};
use crate::journeys::funnel::{Funnel, FunnelStep};
use crate::journeys::paths::{JourneyPath, PathList};
use crate::journeys::pattern::PatternMatch;
use crate::journeys::time_between::{TimeBetween, TimeBucket};
use crate::journeys::transitions::{JourneyLink, TransitionGraph};
use crate::journeys::{Answer, Population};

/// How a column is shown in the text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Display {
    /// Unchanged.
    Plain,
    /// A share, as a percentage.
    Share,
    /// The difference of two shares, in percentage points.
    Points,
    /// A number of seconds, with units.
    Time,
    /// The values of a path.
    Path,
}

impl Display {
    /// By the name of the column, which is that of the API.
    fn of(name: &str) -> Self {
        match name {
            "share" | "shareOfFrom" | "ofFirst" | "ofPrevious" | "credit" | "shareA" | "shareB" => Display::Share,
            "difference" => Display::Points,
            "values" => Display::Path,
            name if name.ends_with("Seconds") || name.contains("SecondsFrom") => Display::Time,
            _ => Display::Plain,
        }
    }
}

/// Rows with a header, and totals.
pub(in crate::commands) struct Table {
    totals: Vec<(&'static str, Value)>,
    head: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Table {
    /// The table of an answer.
    pub(in crate::commands) fn of(answer: &Answer) -> Table {
        match answer {
            Answer::Population(population) => Table::population(population),
            Answer::Transitions(graph) => Table::transitions(graph),
            Answer::Flow(flow) => Table::flow(flow),
            Answer::Funnel(funnel) => Table::funnel(funnel),
            Answer::Customers(people) => {
                let row = |id: &CustomerId| [json!(*id.0), Value::Null, json!([])];
                Table { rows: rows(people.all(), row), ..Table::of_people() }
            }
            Answer::Paths(list) => Table::paths(list),
            Answer::TimeBetween(times) => Table::time_between(times),
            Answer::Attribution(attribution) => Table::attribution(attribution),
            Answer::Match(found) => Table::pattern_match(found),
            Answer::Compare(comparison) => Table::comparison(comparison),
        }
    }

    fn population(population: &Population) -> Table {
        let Population { customers, journeys, touchpoints, unowned, hidden_by_consent } = population;
        let row = [customers, journeys, touchpoints, unowned, hidden_by_consent].map(|count| json!(count));
        Table {
            totals: Vec::new(),
            head: vec!["customers", "journeys", "touchpoints", "unowned", "hiddenByConsent"],
            rows: vec![row.to_vec()],
        }
    }

    fn transitions(graph: &TransitionGraph) -> Table {
        let row = |link: &JourneyLink| {
            let ends = [json!(*link.from), json!(*link.to), json!(link.count), json!(link.journeys)];
            ends.into_iter().chain([json!(link.share), json!(link.share_of_from), json!(link.median_seconds)])
        };
        Table {
            totals: vec![("total", json!(graph.total)), ("other", json!(graph.other))],
            head: vec!["from", "to", "count", "journeys", "share", "shareOfFrom", "medianSeconds"],
            rows: rows(&graph.links, row),
        }
    }

    fn flow(flow: &Flow) -> Table {
        let row = |link: &FlowLink| {
            let from = [json!(link.step), json!(*link.from), json!(link.from_kind.as_str())];
            from.into_iter().chain([json!(*link.to), json!(link.to_kind.as_str()), json!(link.journeys)])
        };
        Table {
            totals: vec![("journeys", json!(flow.journeys))],
            head: vec!["step", "from", "fromKind", "to", "toKind", "journeys"],
            rows: rows(&flow.links, row),
        }
    }

    fn funnel(funnel: &Funnel) -> Table {
        let all = funnel.steps.iter().map(|step| (None, step));
        let groups = funnel.groups.iter();
        let groups = groups.flat_map(|group| group.steps.iter().map(|step| (Some(&*group.value), step)));
        let steps: Vec<_> = all.chain(groups).collect();
        let row = |(group, step): &(Option<&str>, &FunnelStep)| {
            let counts = [json!(step.number), json!(*step.label), json!(step.reached), json!(step.dropped)];
            let shares = [json!(step.of_first), json!(step.of_previous), json!(step.median_seconds_from_previous)];
            [json!(group)].into_iter().chain(counts).chain(shares)
        };
        let head =
            ["group", "number", "label", "reached", "dropped", "ofFirst", "ofPrevious", "medianSecondsFromPrevious"];
        Table { totals: vec![("entered", json!(funnel.entered))], head: head.to_vec(), rows: rows(&steps, row) }
    }

    fn paths(list: &PathList) -> Table {
        let row = |path: &JourneyPath| {
            let values: Vec<&str> = path.values.iter().map(|value| &**value).collect();
            [json!(path.journeys), json!(path.share), json!(path.median_seconds), json!(values)]
        };
        Table {
            totals: vec![("total", json!(list.total)), ("other", json!(list.other))],
            head: vec!["journeys", "share", "medianSeconds", "values"],
            rows: rows(&list.paths, row),
        }
    }

    fn time_between(times: &TimeBetween) -> Table {
        let row = |bucket: &TimeBucket| [json!(bucket.from_seconds), json!(bucket.to_seconds), json!(bucket.count)];
        Table {
            totals: vec![
                ("pairs", json!(times.pairs)),
                ("never", json!(times.never)),
                ("medianSeconds", json!(times.median_seconds)),
                ("p90Seconds", json!(times.p90_seconds)),
            ],
            head: vec!["fromSeconds", "toSeconds", "count"],
            rows: rows(&times.histogram, row),
        }
    }

    fn attribution(attribution: &Attribution) -> Table {
        let money =
            |money: &[Money]| -> Value { money.iter().map(|m| format!("{} {}", m.to_text(), m.currency.0)).collect() };
        let of_model = |result: &AttributionResult| {
            let model = result.model.as_str();
            let row = |row: &AttributionRow| {
                let credit = [json!(row.conversions), json!(row.credit), money(&row.worth)];
                [json!(model), json!(*row.value)].into_iter().chain(credit)
            };
            rows(&result.rows, row)
        };
        Table {
            totals: vec![("conversions", json!(attribution.conversions)), ("value", money(&attribution.value))],
            head: vec!["model", "value", "conversions", "credit", "worth"],
            rows: attribution.models.iter().flat_map(of_model).collect(),
        }
    }

    fn pattern_match(found: &PatternMatch) -> Table {
        let unknown: Vec<&str> = found.unknown_values.iter().map(|value| &**value).collect();
        Table {
            totals: Vec::new(),
            head: vec!["journeys", "share", "occurrences", "unknownValues"],
            rows: vec![vec![json!(found.journeys), json!(found.share), json!(found.occurrences), json!(unknown)]],
        }
    }

    fn comparison(comparison: &JourneyComparison) -> Table {
        let row = |link: &LinkDifference| {
            let shares = [json!(link.share_a), json!(link.share_b), json!(link.difference)];
            [json!(*link.from), json!(*link.to)].into_iter().chain(shares)
        };
        Table {
            totals: vec![("journeysA", json!(comparison.a.journeys)), ("journeysB", json!(comparison.b.journeys))],
            head: vec!["from", "to", "shareA", "shareB", "difference"],
            rows: rows(&comparison.links, row),
        }
    }

    /// An empty table of customers.
    pub(in crate::commands) fn of_people() -> Table {
        Table { totals: Vec::new(), head: vec!["customer", "name", "identifiers"], rows: Vec::new() }
    }

    /// An empty table with these columns.
    pub(in crate::commands) fn new(head: Vec<&'static str>) -> Table {
        Table { totals: Vec::new(), head, rows: Vec::new() }
    }

    /// Adds a row for each object of a list, with the fields that are columns.
    pub(in crate::commands) fn push_all(&mut self, objects: &Value) {
        let row = |object: &Value| self.head.iter().map(|name| object[*name].clone()).collect();
        let rows: Vec<Vec<Value>> = objects.as_array().into_iter().flatten().map(row).collect();
        self.rows.extend(rows);
    }

    /// Adds a row.
    pub(in crate::commands) fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// Adds a total.
    pub(in crate::commands) fn total(&mut self, name: &'static str, value: Value) {
        self.totals.push((name, value));
    }

    /// The whole table as text.
    pub(in crate::commands) fn written(&self, form: Form) -> String {
        match form {
            Form::Table => self.table(),
            Form::Csv => self.csv(),
            Form::Ndjson => self.ndjson(),
            Form::Json => self.json(),
        }
    }

    /// Removes the rows and returns them as text without a header.
    pub(in crate::commands) fn more(&mut self, form: Form) -> String {
        let text = if form == Form::Ndjson { self.ndjson() } else { self.csv_rows() };
        self.rows.clear();
        text
    }

    /// For people: aligned columns, numbers to the right, then the totals.
    fn table(&self) -> String {
        let shown: Vec<Display> = self.head.iter().map(|name| Display::of(name)).collect();
        let head: Vec<(String, bool)> = self.head.iter().map(|name| (title(name), false)).collect();
        let cells = |row: &Vec<Value>| {
            row.iter().zip(&shown).map(|(cell, shown)| (readable(cell, *shown), cell.is_number())).collect()
        };
        let rows = self.rows.iter().map(cells);
        let lines: Vec<Vec<(String, bool)>> = std::iter::once(head).chain(rows).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].0.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|((cell, right), width)| match right {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        if !self.totals.is_empty() {
            let total = |(name, value): &(&'static str, Value)| {
                let value = readable(value, Display::of(name));
                format!("{} {}", title(name), if value.is_empty() { "-" } else { &value })
            };
            let totals = self.totals.iter().map(total);
            text.push_str(&format!("\n{}\n", totals.collect::<Vec<_>>().join(", ")));
        }
        text
    }

    /// CSV (RFC 4180): the header and the rows, numbers with all digits.
    fn csv(&self) -> String {
        self.head.join(",") + "\r\n" + &self.csv_rows()
    }

    fn csv_rows(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| quoted(&exact(cell))).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// NDJSON: an object for each row.
    fn ndjson(&self) -> String {
        self.rows.iter().map(|row| format!("{}\n", self.pairs(row))).collect()
    }

    fn pairs(&self, row: &[Value]) -> Value {
        let names = self.head.iter().map(|name| (*name).to_owned());
        Value::Object(names.zip(row.iter().cloned()).collect())
    }

    /// JSON: the totals, and an object for each row.
    fn json(&self) -> String {
        let mut whole: Map<String, Value> =
            self.totals.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        whole.insert("rows".to_owned(), self.rows.iter().map(|row| self.pairs(row)).collect());
        format!("{:#}\n", Value::Object(whole))
    }
}

fn rows<T, R: IntoIterator<Item = Value>>(all: &[T], row: impl Fn(&T) -> R) -> Vec<Vec<Value>> {
    all.iter().map(|item| row(item).into_iter().collect()).collect()
}

/// The title of a column: `medianSeconds` is `median time`.
fn title(name: &str) -> String {
    let mut words = String::new();
    for c in name.replace("Seconds", "Time").chars() {
        if c.is_uppercase() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// A cell for people: lists as their parts, shares as percentages, times with units, other numbers with at most four
/// fraction digits.
fn readable(value: &Value, shown: Display) -> String {
    let number = value.as_f64();
    match (shown, number, value) {
        (Display::Share, Some(share), _) => per_cent(share),
        (Display::Points, Some(difference), _) => format!("{:+.1} pp", difference * 100.0),
        (Display::Time, Some(seconds), _) => with_units(seconds),
        (_, Some(number), _) if value.is_f64() => short(number, 4),
        (_, _, Value::Array(parts)) => {
            let between = if shown == Display::Path { " \u{2192} " } else { ", " };
            parts.iter().map(|part| readable(part, Display::Plain)).collect::<Vec<_>>().join(between)
        }
        _ => exact(value),
    }
}

/// A number with at most `digits` fraction digits.
fn short(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share as a percentage. A small share is not rounded to 0 %, and a large one not to 100 %.
fn per_cent(share: f64) -> String {
    match share * 100.0 {
        little if little > 0.0 && little < 0.1 => "<0.1%".to_owned(),
        most if most > 99.9 && most < 100.0 => ">99.9%".to_owned(),
        other => format!("{other:.1}%"),
    }
}

/// A time with its two largest units: `2 d 7 h`.
fn with_units(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    if seconds < 10.0 {
        return format!("{} s", short(seconds, 1));
    }
    let mut left = seconds.round() as u64;
    let largest = UNITS.iter().position(|(length, _)| left >= *length).unwrap_or(UNITS.len() - 1);
    let two = &UNITS[largest..(largest + 2).min(UNITS.len())];
    // The smaller unit is rounded, which may fill the larger one.
    let (last, _) = two[two.len() - 1];
    left = (left + last / 2) / last * last;
    if largest > 0 && left >= UNITS[largest - 1].0 {
        return with_units(left as f64);
    }
    let mut parts = Vec::new();
    for (length, unit) in two {
        if left >= *length {
            parts.push(format!("{} {unit}", left / length));
            left %= length;
        }
    }
    parts.join(" ")
}

fn exact(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(exact).collect::<Vec<_>>().join(" > "),
        other => other.to_string(),
    }
}

/// A field of CSV. A text that a spreadsheet would read as a formula gets a quote before it.
fn quoted(text: &str) -> String {
    let formula =
        text.starts_with(['=', '+', '@', '\t', '\r']) || text.starts_with('-') && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_four_formats() {
        let table = Table {
            totals: vec![("total", json!(3))],
            head: vec!["from", "count", "share"],
            rows: vec![
                vec![json!("a, \"b\""), json!(12), json!(0.66666666)],
                vec![json!("=1+1"), json!(-1), json!(null)],
            ],
        };
        assert_eq!(table.table(), "from    count  share\na, \"b\"     12  66.7%\n=1+1       -1\n\ntotal 3\n");
        assert_eq!(table.csv(), "from,count,share\r\n\"a, \"\"b\"\"\",12,0.66666666\r\n'=1+1,-1,\r\n");
        let lines: Vec<Value> = table.ndjson().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines[0], json!({"from": "a, \"b\"", "count": 12, "share": 0.66666666}));
        let read: Value = serde_json::from_str(&table.json()).expect("JSON");
        assert_eq!(read["total"], 3);
        assert_eq!(read["rows"][1], json!({"from": "=1+1", "count": -1, "share": null}));
    }

    #[test]
    fn cells_for_people_have_percentages_times_with_units_and_plain_lists() {
        let cell = |name: &str, value: Value| readable(&value, Display::of(name));
        for (name, value, text) in [
            ("share", json!(0.5), "50.0%"),
            ("ofPrevious", json!(1.0), "100.0%"),
            ("credit", json!(0.0), "0.0%"),
            ("credit", json!(0.0004), "<0.1%"),
            ("shareOfFrom", json!(0.99999), ">99.9%"),
            ("difference", json!(-0.0312), "-3.1 pp"),
            ("medianSeconds", json!(960.0), "16 min"),
            ("medianSecondsFromPrevious", json!(5_400.0), "1 h 30 min"),
            ("p90Seconds", json!(200_000.0), "2 d 8 h"),
            ("toSeconds", json!(0.31), "0.3 s"),
            ("fromSeconds", json!(0.0), "0 s"),
            ("medianSeconds", json!(59.7), "1 min"),
            ("medianSeconds", json!(86_399.0), "1 d"),
            ("medianSeconds", json!(null), ""),
            ("values", json!(["Home", "a > b"]), "Home \u{2192} a > b"),
            ("worth", json!(["1.00 GBP", "2 JPY"]), "1.00 GBP, 2 JPY"),
            ("conversions", json!(2.5), "2.5"),
            ("count", json!(100), "100"),
        ] {
            assert_eq!(cell(name, value.clone()), text, "{name} {value}");
        }
        assert_eq!(title("medianSecondsFromPrevious"), "median time from previous");
    }
}
