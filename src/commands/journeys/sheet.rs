//! An answer as rows: for people, for spreadsheets, for programs.

use serde_json::{Map, Value, json};

use crate::journeys::{Answer, Population};

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
            Answer::People(people) => Sheet {
                totals: Vec::new(),
                head: vec!["customer"],
                rows: rows(people.all(), |customer| [json!(*customer.0)]),
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

    /// For people: columns in line, numbers to the right; then what they add up to.
    pub(super) fn table(&self) -> String {
        let head: Vec<(String, bool)> = self.head.iter().map(|name| ((*name).to_owned(), false)).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(|cell| (readable(cell), cell.is_number())).collect());
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
            let totals = self.totals.iter().map(|(name, value)| format!("{name} {}", readable(value)));
            text.push_str(&format!("\n{}\n", totals.collect::<Vec<_>>().join(", ")));
        }
        text
    }

    /// For spreadsheets: the head and the rows (RFC 4180), numbers in full.
    pub(super) fn csv(&self) -> String {
        let mut text = self.head.join(",") + "\r\n";
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|cell| quoted(&exact(cell))).collect();
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// For programs: what they add up to, and a map for each row.
    pub(super) fn json(&self) -> String {
        let pairs = |row: &Vec<Value>| -> Value {
            let names = self.head.iter().map(|name| (*name).to_owned());
            Value::Object(names.zip(row.iter().cloned()).collect())
        };
        let mut whole: Map<String, Value> =
            self.totals.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        whole.insert("rows".to_owned(), self.rows.iter().map(pairs).collect());
        format!("{:#}\n", Value::Object(whole))
    }
}

fn rows<T, R: IntoIterator<Item = Value>>(all: &[T], row: impl Fn(&T) -> R) -> Vec<Vec<Value>> {
    all.iter().map(|item| row(item).into_iter().collect()).collect()
}

/// Lists as their parts, numbers with at most four digits behind the point.
fn readable(value: &Value) -> String {
    match value.as_f64().filter(|_| value.is_f64()) {
        Some(number) => {
            let text = format!("{number:.4}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        None => exact(value),
    }
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
        assert_eq!(sheet.table(), "from    count  share\na, \"b\"     12  0.6667\n=1+1       -1\n\ntotal 3\n");
        assert_eq!(sheet.csv(), "from,count,share\r\n\"a, \"\"b\"\"\",12,0.66666666\r\n'=1+1,-1,\r\n");
        let read: Value = serde_json::from_str(&sheet.json()).expect("JSON");
        assert_eq!(read["total"], 3);
        assert_eq!(read["rows"][1], json!({"from": "=1+1", "count": -1, "share": null}));
    }
}
