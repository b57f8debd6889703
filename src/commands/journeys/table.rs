//! An answer as rows: for people, for spreadsheets, for programs.

use serde_json::{Map, Value, json};

use super::Form;
use crate::journeys::{Answer, Population};

/// How a column is shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// As it is.
    Plain,
    /// A part of a whole, in per cent.
    Share,
    /// How far two of those are apart, in points of a per cent.
    Points,
    /// A number of seconds, in words.
    Time,
    /// What follows one another.
    Path,
}

impl Shown {
    /// By the name of its column, which is the API's.
    fn of(name: &str) -> Self {
        match name {
            "share" | "shareOfFrom" | "ofFirst" | "ofPrevious" | "credit" | "shareA" | "shareB" => Shown::Share,
            "difference" => Shown::Points,
            "values" => Shown::Path,
            name if name.ends_with("Seconds") || name.contains("SecondsFrom") => Shown::Time,
            _ => Shown::Plain,
        }
    }
}

/// Rows under a head, and what they add up to.
pub(super) struct Sheet {
    totals: Vec<(&'static str, Value)>,
    head: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

impl Sheet {
    pub(super) fn of(answer: &Answer) -> Sheet {
        match answer {
            Answer::Population(population) => Sheet::population(population),
            Answer::Transitions(graph) => Sheet {
                totals: vec![("total", json!(graph.total)), ("other", json!(graph.other))],
                head: vec!["from", "to", "count", "journeys", "share", "shareOfFrom", "medianSeconds"],
                rows: rows(&graph.links, |link| {
                    let shares = [json!(link.share), json!(link.share_of_from), json!(link.median_seconds)];
                    [json!(*link.from), json!(*link.to), json!(link.count), json!(link.journeys)]
                        .into_iter()
                        .chain(shares)
                }),
            },
            Answer::Flow(flow) => Sheet {
                totals: vec![("journeys", json!(flow.journeys))],
                head: vec!["step", "from", "fromKind", "to", "toKind", "journeys"],
                rows: rows(&flow.links, |link| {
                    let kinds = (link.from_kind.as_str(), link.to_kind.as_str());
                    [
                        json!(link.step),
                        json!(*link.from),
                        json!(kinds.0),
                        json!(*link.to),
                        json!(kinds.1),
                        json!(link.journeys),
                    ]
                }),
            },
            Answer::Funnel(funnel) => {
                let all = funnel.steps.iter().map(|step| (None, step));
                let groups =
                    funnel.groups.iter().flat_map(|group| group.steps.iter().map(|step| (Some(&*group.value), step)));
                let all: Vec<_> = all.chain(groups).collect();
                Sheet {
                    totals: vec![("entered", json!(funnel.entered))],
                    head: vec![
                        "group",
                        "number",
                        "label",
                        "reached",
                        "dropped",
                        "ofFirst",
                        "ofPrevious",
                        "medianSecondsFromPrevious",
                    ],
                    rows: rows(&all, |(group, step)| {
                        let counts = [
                            json!(group),
                            json!(step.number),
                            json!(*step.label),
                            json!(step.reached),
                            json!(step.dropped),
                        ];
                        let median = json!(step.median_seconds_from_previous);
                        counts.into_iter().chain([json!(step.of_first), json!(step.of_previous), median])
                    }),
                }
            }
            Answer::Customers(people) => Sheet {
                rows: rows(people.all(), |customer| [json!(*customer.0), Value::Null, json!([])]),
                ..Sheet::of_people()
            },
            Answer::Paths(list) => Sheet {
                totals: vec![("total", json!(list.total)), ("other", json!(list.other))],
                head: vec!["journeys", "share", "medianSeconds", "values"],
                rows: rows(&list.paths, |path| {
                    let values: Vec<&str> = path.values.iter().map(|value| &**value).collect();
                    [json!(path.journeys), json!(path.share), json!(path.median_seconds), json!(values)]
                }),
            },
            Answer::TimeBetween(times) => Sheet {
                totals: vec![
                    ("pairs", json!(times.pairs)),
                    ("never", json!(times.never)),
                    ("medianSeconds", json!(times.median_seconds)),
                    ("p90Seconds", json!(times.p90_seconds)),
                ],
                head: vec!["fromSeconds", "toSeconds", "count"],
                rows: rows(&times.histogram, |bucket| {
                    [json!(bucket.from_seconds), json!(bucket.to_seconds), json!(bucket.count)]
                }),
            },
            Answer::Attribution(attribution) => {
                let money = |money: &[crate::domain::Money]| {
                    json!(money.iter().map(|m| format!("{} {}", m.to_text(), m.currency.0)).collect::<Vec<_>>())
                };
                let all =
                    attribution.models.iter().flat_map(|result| result.rows.iter().map(|row| (result.model, row)));
                let all: Vec<_> = all.collect();
                Sheet {
                    totals: vec![("conversions", json!(attribution.conversions)), ("value", money(&attribution.value))],
                    head: vec!["model", "value", "conversions", "credit", "worth"],
                    rows: rows(&all, |(model, row)| {
                        [
                            json!(model.as_str()),
                            json!(*row.value),
                            json!(row.conversions),
                            json!(row.credit),
                            money(&row.worth),
                        ]
                    }),
                }
            }
            Answer::Match(found) => {
                let unknown: Vec<&str> = found.unknown_values.iter().map(|value| &**value).collect();
                Sheet {
                    totals: Vec::new(),
                    head: vec!["journeys", "share", "occurrences", "unknownValues"],
                    rows: vec![vec![
                        json!(found.journeys),
                        json!(found.share),
                        json!(found.occurrences),
                        json!(unknown),
                    ]],
                }
            }
            Answer::Compare(comparison) => Sheet {
                totals: vec![("journeysA", json!(comparison.a.journeys)), ("journeysB", json!(comparison.b.journeys))],
                head: vec!["from", "to", "shareA", "shareB", "difference"],
                rows: rows(&comparison.links, |link| {
                    [
                        json!(*link.from),
                        json!(*link.to),
                        json!(link.share_a),
                        json!(link.share_b),
                        json!(link.difference),
                    ]
                }),
            },
        }
    }

    fn population(population: &Population) -> Sheet {
        let Population { customers, journeys, touchpoints, unowned, hidden_by_consent } = population;
        Sheet {
            totals: Vec::new(),
            head: vec!["customers", "journeys", "touchpoints", "unowned", "hiddenByConsent"],
            rows: vec![vec![
                json!(customers),
                json!(journeys),
                json!(touchpoints),
                json!(unowned),
                json!(hidden_by_consent),
            ]],
        }
    }

    /// Customers, none yet.
    pub(super) fn of_people() -> Sheet {
        Sheet { totals: Vec::new(), head: vec!["customer", "name", "identifiers"], rows: Vec::new() }
    }

    /// One more row.
    pub(super) fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// One more of what they add up to.
    pub(super) fn total(&mut self, name: &'static str, value: Value) {
        self.totals.push((name, value));
    }

    /// As a whole.
    pub(super) fn written(&self, form: Form) -> String {
        match form {
            Form::Table => self.table(),
            Form::Csv => self.csv(),
            Form::Ndjson => self.ndjson(),
            Form::Json => self.json(),
        }
    }

    /// The rows alone, which go out of it: what comes behind a head that is written already.
    pub(super) fn more(&mut self, form: Form) -> String {
        let text = if form == Form::Ndjson { self.ndjson() } else { self.csv_rows() };
        self.rows.clear();
        text
    }

    /// For people: columns in line, numbers to the right; then what they add up to.
    fn table(&self) -> String {
        let shown: Vec<Shown> = self.head.iter().map(|name| Shown::of(name)).collect();
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
                let value = readable(value, Shown::of(name));
                format!("{} {}", title(name), if value.is_empty() { "-" } else { &value })
            };
            let totals = self.totals.iter().map(total);
            text.push_str(&format!("\n{}\n", totals.collect::<Vec<_>>().join(", ")));
        }
        text
    }

    /// For spreadsheets: the head and the rows (RFC 4180), numbers in full.
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

    /// For programs that read a line at a time: a map for each row.
    fn ndjson(&self) -> String {
        self.rows.iter().map(|row| format!("{}\n", self.pairs(row))).collect()
    }

    fn pairs(&self, row: &[Value]) -> Value {
        let names = self.head.iter().map(|name| (*name).to_owned());
        Value::Object(names.zip(row.iter().cloned()).collect())
    }

    /// For programs: what they add up to, and a map for each row.
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

/// A column's name as words: `medianSeconds` is `median time`.
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

/// Lists as their parts, shares in per cent, times in words, other numbers with at most four digits behind the
/// point.
fn readable(value: &Value, shown: Shown) -> String {
    let number = value.as_f64();
    match (shown, number, value) {
        (Shown::Share, Some(share), _) => per_cent(share),
        (Shown::Points, Some(difference), _) => format!("{:+.1} pp", difference * 100.0),
        (Shown::Time, Some(seconds), _) => in_words(seconds),
        (_, Some(number), _) if value.is_f64() => short(number, 4),
        (_, _, Value::Array(parts)) => {
            let between = if shown == Shown::Path { " \u{2192} " } else { ", " };
            parts.iter().map(|part| readable(part, Shown::Plain)).collect::<Vec<_>>().join(between)
        }
        _ => exact(value),
    }
}

/// With at most so many digits behind the point.
fn short(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A share in per cent. What is little is not shown as nothing, and what lacks little is not shown as all.
fn per_cent(share: f64) -> String {
    match share * 100.0 {
        little if little > 0.0 && little < 0.1 => "<0.1%".to_owned(),
        most if most > 99.9 && most < 100.0 => ">99.9%".to_owned(),
        other => format!("{other:.1}%"),
    }
}

/// A length of time by its two largest units: `2 d 7 h`.
fn in_words(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    if seconds < 10.0 {
        return format!("{} s", short(seconds, 1));
    }
    let mut left = seconds.round() as u64;
    let largest = UNITS.iter().position(|(length, _)| left >= *length).unwrap_or(UNITS.len() - 1);
    let two = &UNITS[largest..(largest + 2).min(UNITS.len())];
    // The last is rounded, which may fill the one before.
    let (last, _) = two[two.len() - 1];
    left = (left + last / 2) / last * last;
    if largest > 0 && left >= UNITS[largest - 1].0 {
        return in_words(left as f64);
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

/// As a field of CSV. What a spreadsheet would take for a formula is told from one by a quote.
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
    fn a_sheet_is_written_for_people_spreadsheets_and_programs() {
        let sheet = Sheet {
            totals: vec![("total", json!(3))],
            head: vec!["from", "count", "share"],
            rows: vec![
                vec![json!("a, \"b\""), json!(12), json!(0.66666666)],
                vec![json!("=1+1"), json!(-1), json!(null)],
            ],
        };
        assert_eq!(sheet.table(), "from    count  share\na, \"b\"     12  66.7%\n=1+1       -1\n\ntotal 3\n");
        assert_eq!(sheet.csv(), "from,count,share\r\n\"a, \"\"b\"\"\",12,0.66666666\r\n'=1+1,-1,\r\n");
        let lines: Vec<Value> = sheet.ndjson().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines[0], json!({"from": "a, \"b\"", "count": 12, "share": 0.66666666}));
        let read: Value = serde_json::from_str(&sheet.json()).expect("JSON");
        assert_eq!(read["total"], 3);
        assert_eq!(read["rows"][1], json!({"from": "=1+1", "count": -1, "share": null}));
    }

    #[test]
    fn people_read_shares_in_per_cent_times_in_words_and_lists_without_signs() {
        let cell = |name: &str, value: Value| readable(&value, Shown::of(name));
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
