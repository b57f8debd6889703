//! How many journeys reach each step: bars, with those that dropped out as an open bar.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Content;
use super::drawing::{Drawing, Mark, TOP};
use super::table::Table;
use super::words::{counted, cut, grouped, per_cent, with_units};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Funnel {
    entered: u64,
    unknown_values: Vec<String>,
    steps: Vec<Step>,
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
struct Group {
    value: String,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    number: u64,
    label: String,
    reached: u64,
    dropped: u64,
    of_first: f64,
    of_previous: f64,
    median_seconds_from_previous: Option<f64>,
}

const LEFT: f64 = 210.0;
const BAR: f64 = 400.0;
const LINE: f64 = 34.0;

const HEAD: [&str; 8] =
    ["group", "number", "label", "reached", "dropped", "ofFirst", "ofPrevious", "medianSecondsFromPrevious"];

pub(super) fn draw(funnel: &Funnel) -> Content {
    let mut table = Table::new(&HEAD).total("entered", funnel.entered);
    let last = funnel.steps.last();
    let summary = last.map_or(String::new(), |last| {
        format!(
            "{} reached the first step, {} of them the last one.",
            counted(funnel.entered, "journey"),
            per_cent(last.of_first)
        )
    });
    let mut drawing = match funnel.entered {
        0 => Drawing::empty("Funnel", "No journey reached the first step."),
        _ => Drawing::new("Funnel", summary),
    };
    let mut pen = Pen { drawing: &mut drawing, table: &mut table, y: TOP + 8.0, line: 0, colour: 0 };
    let empty = funnel.entered == 0;
    pen.steps(None, &funnel.steps, empty);
    for (place, group) in funnel.groups.iter().enumerate() {
        if !empty {
            pen.y += 14.0;
            let heading =
                format!("{} ({})", cut(&group.value, 60), grouped(group.steps.first().map_or(0, |s| s.reached)));
            pen.drawing.text("strong", 12.0, pen.y + 12.0, &heading);
            pen.y += 22.0;
        }
        pen.colour = place + 1;
        pen.steps(Some(&group.value), &group.steps, empty);
    }
    let bottom = pen.y;
    drawing.reach(if empty { 0.0 } else { LEFT + BAR + 220.0 }, bottom + 8.0);
    Content { drawing, table, unknown: funnel.unknown_values.clone() }
}

struct Pen<'a> {
    drawing: &'a mut Drawing,
    table: &'a mut Table,
    y: f64,
    line: usize,
    colour: usize,
}

impl Pen<'_> {
    fn steps(&mut self, group: Option<&str>, steps: &[Step], only_table: bool) {
        let first = steps.first().map_or(0, |step| step.reached).max(1) as f64;
        let mut previous = 0;
        for step in steps {
            let row = self.table.push(vec![
                json!(group),
                json!(step.number),
                json!(step.label),
                json!(step.reached),
                json!(step.dropped),
                json!(step.of_first),
                json!(step.of_previous),
                step.median_seconds_from_previous.map_or(Value::Null, |seconds| json!(seconds)),
            ]);
            if !only_table {
                self.step(group, step, row, first, previous);
            }
            previous = step.reached;
        }
    }

    fn step(&mut self, group: Option<&str>, step: &Step, row: usize, first: f64, previous: u64) {
        let (y, width) = (self.y, step.reached as f64 / first * BAR);
        let of = group.map_or(String::new(), |group| format!("{group}, "));
        let mut sentence = format!(
            "{of}step {}, {}: {}, {} of the first step, {} of the step before.",
            step.number,
            step.label,
            counted(step.reached, "journey"),
            per_cent(step.of_first),
            per_cent(step.of_previous)
        );
        if let Some(median) = step.median_seconds_from_previous {
            sentence.push_str(&format!(" Median time {}.", with_units(median)));
        }
        let place = |kind: &str| {
            let group = group.map(|group| ("group", group.to_owned()));
            [("kind", kind.to_owned()), ("step", step.number.to_string())].into_iter().chain(group).collect()
        };
        self.drawing.text("end", LEFT - 8.0, y + 16.0, &format!("{}. {}", step.number, cut(&step.label, 26)));
        let mark = Mark { x: 0, y: self.line, sentence, row: Some(row), more: place("reached") };
        let class = format!("bar {}", super::drawing::colour(self.colour));
        let text = format!("{} · {}", grouped(step.reached), per_cent(step.of_first));
        self.drawing.mark(&mark, |drawing| {
            drawing.rect(&class, LEFT, y, width.max(1.0), LINE - 10.0);
            drawing.text("strong", LEFT + BAR + 8.0, y + 16.0, &text);
        });
        if step.number > 1 && step.dropped > 0 {
            let sentence = format!(
                "{of}{} dropped out before step {}, {}: {} of the step before.",
                counted(step.dropped, "journey"),
                step.number,
                step.label,
                per_cent(1.0 - step.of_previous)
            );
            let mark = Mark { x: 1, y: self.line, sentence, row: Some(row), more: place("dropped") };
            let open = (previous as f64 / first * BAR - width).max(1.0);
            self.drawing.mark(&mark, |drawing| {
                drawing.rect("bar open", LEFT + width, y, open, LINE - 10.0);
                drawing.text("soft", LEFT + BAR + 118.0, y + 16.0, &format!("−{} dropped", grouped(step.dropped)));
            });
        }
        self.y += LINE;
        self.line += 1;
    }
}
