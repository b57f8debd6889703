//! The most frequent paths: a bar for each, with its values below.

use serde::Deserialize;
use serde_json::json;

use super::Content;
use super::drawing::{Drawing, Mark, TOP, colour};
use super::table::Table;
use super::words::{counted, cut, grouped, per_cent, with_units};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paths {
    total: u64,
    other: u64,
    unknown_values: Vec<String>,
    paths: Vec<Path>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Path {
    values: Vec<String>,
    journeys: u64,
    share: f64,
    median_seconds: Option<f64>,
}

const BAR: f64 = 640.0;
const LINE: f64 = 42.0;

pub(super) fn draw(list: &Paths) -> Content {
    let mut table = Table::new(&["journeys", "share", "medianSeconds", "values"])
        .total("total", list.total)
        .total("other", list.other);
    let unknown = list.unknown_values.clone();
    if list.paths.is_empty() {
        let reason =
            if list.total == 0 { "No journey has such a path." } else { "No path is shown: ask for more than 0." };
        return Content { drawing: Drawing::empty("Paths", reason), table, unknown };
    }
    let summary = format!(
        "{} with a path, {} of them with a path that is not shown.",
        counted(list.total, "journey"),
        list.other
    );
    let mut drawing = Drawing::new("Paths", summary);
    let largest = list.paths.iter().map(|path| path.share).fold(f64::MIN_POSITIVE, f64::max);
    for (place, path) in list.paths.iter().enumerate() {
        let row =
            table.push(vec![json!(path.journeys), json!(path.share), json!(path.median_seconds), json!(path.values)]);
        let y = TOP + 8.0 + place as f64 * LINE;
        let whole = path.values.join(" → ");
        let mut sentence = format!(
            "{}, {}: {}.",
            counted(path.journeys, "journey"),
            per_cent(path.share),
            path.values.join(", then ")
        );
        if let Some(median) = path.median_seconds {
            sentence.push_str(&format!(" Median time {}.", with_units(median)));
        }
        drawing.mark(&Mark { x: 0, y: place, sentence, row: Some(row), more: Vec::new() }, |drawing| {
            drawing.text("", 12.0, y + 12.0, &cut(&whole, 120));
            drawing.rect(&format!("bar {}", colour(0)), 12.0, y + 18.0, (path.share / largest * BAR).max(1.0), 10.0);
            let text = format!("{} · {}", grouped(path.journeys), per_cent(path.share));
            drawing.text("soft", 12.0 + path.share / largest * BAR + 8.0, y + 28.0, &text);
        });
    }
    drawing.reach(24.0 + BAR + 120.0, TOP + 16.0 + list.paths.len() as f64 * LINE);
    Content { drawing, table, unknown }
}
