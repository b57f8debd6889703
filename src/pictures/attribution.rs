//! The credit of each value: a bar for each model, side by side.

use serde::Deserialize;
use serde_json::{Value, json};

use super::drawing::{Drawing, Mark, TOP, colour};
use super::table::Table;
use super::words::{counted, cut, per_cent, short};
use super::{Amount, Content};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attribution {
    conversions: u64,
    unknown_values: Vec<String>,
    value: Vec<Amount>,
    models: Vec<Model>,
}

#[derive(Debug, Deserialize)]
struct Model {
    model: String,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    value: String,
    conversions: f64,
    credit: f64,
    worth: Vec<Amount>,
}

const LEFT: f64 = 320.0;
const BAR: f64 = 320.0;
const LINE: f64 = 18.0;

pub(super) fn draw(attribution: &Attribution) -> Content {
    let money = |amounts: &[Amount]| -> Value { amounts.iter().map(Amount::text).collect() };
    let mut table = Table::new(&["model", "value", "conversions", "credit", "worth"])
        .total("conversions", attribution.conversions)
        .total("value", money(&attribution.value));
    let mut rows = std::collections::HashMap::new();
    let mut values: Vec<&str> = Vec::new();
    for (place, model) in attribution.models.iter().enumerate() {
        for row in &model.rows {
            let number = table.push(vec![
                json!(model.model),
                json!(row.value),
                json!(row.conversions),
                json!(row.credit),
                money(&row.worth),
            ]);
            rows.insert((place, row.value.as_str()), (number, row));
            if !values.contains(&row.value.as_str()) {
                values.push(&row.value);
            }
        }
    }
    let unknown = attribution.unknown_values.clone();
    if values.is_empty() {
        return Content { drawing: Drawing::empty("Attribution", "No touchpoint matches the goal."), table, unknown };
    }
    let worth: Vec<String> = attribution.value.iter().map(Amount::text).collect();
    let summary = format!(
        "{}{}{}.",
        counted(attribution.conversions, "conversion"),
        if worth.is_empty() { "" } else { ", worth " },
        worth.join(" and ")
    );
    let mut drawing = Drawing::new("Attribution", summary);
    let largest = rows.values().map(|(_, row)| row.credit).fold(f64::MIN_POSITIVE, f64::max);
    let (mut y, mut line) = (TOP + 8.0, 0);
    for value in values {
        drawing.text("strong", 12.0, y + 13.0, &cut(value, 26));
        for (place, model) in attribution.models.iter().enumerate() {
            let Some((number, row)) = rows.get(&(place, value)) else { continue };
            let name = model.model.to_lowercase().replace('_', " ");
            let worth: Vec<String> = row.worth.iter().map(Amount::text).collect();
            let mut text = format!("{} · {}", per_cent(row.credit), short(row.conversions, 2));
            let mut sentence = format!(
                "{value} by {name}: {} of the credit, {} conversions",
                per_cent(row.credit),
                short(row.conversions, 2)
            );
            if !worth.is_empty() {
                text.push_str(&format!(" · {}", worth.join(", ")));
                sentence.push_str(&format!(", worth {}", worth.join(" and ")));
            }
            sentence.push('.');
            let mark = Mark { x: 0, y: line, sentence, row: Some(*number), more: Vec::new() };
            let width = row.credit / largest * BAR;
            drawing.mark(&mark, |drawing| {
                drawing.text("soft end", LEFT - 8.0, y + 13.0, &name);
                drawing.rect(&format!("bar {}", colour(place)), LEFT, y + 3.0, width.max(1.0), LINE - 5.0);
                drawing.text("", LEFT + width + 6.0, y + 13.0, &text);
            });
            y += LINE;
            line += 1;
        }
        y += 10.0;
    }
    drawing.reach(LEFT + BAR + 260.0, y + 8.0);
    Content { drawing, table, unknown }
}
