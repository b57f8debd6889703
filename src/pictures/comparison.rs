//! The transitions of two scopes: bars to the right are more frequent in A, bars to the left in B.

use serde::Deserialize;
use serde_json::json;

use super::drawing::{Drawing, Mark, TOP, colour};
use super::table::Table;
use super::words::{counted, cut, per_cent};
use super::{Content, end};

#[derive(Debug, Deserialize)]
pub(super) struct Comparison {
    a: Size,
    b: Size,
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Size {
    journeys: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    from: String,
    to: String,
    share_a: f64,
    share_b: f64,
    difference: f64,
}

const LEFT: f64 = 330.0;
const HALF: f64 = 170.0;
const LINE: f64 = 24.0;

pub(super) fn draw(comparison: &Comparison) -> Content {
    let mut table = Table::new(&["from", "to", "shareA", "shareB", "difference"])
        .total("journeysA", comparison.a.journeys)
        .total("journeysB", comparison.b.journeys);
    if comparison.links.is_empty() {
        let drawing = Drawing::empty("Comparison", "Neither scope has a transition.");
        return Content { drawing, table, unknown: Vec::new() };
    }
    let summary = format!(
        "A has {}, B {}. A bar to the right is more frequent in A, to the left in B.",
        counted(comparison.a.journeys, "journey"),
        counted(comparison.b.journeys, "journey")
    );
    let mut drawing = Drawing::new("Comparison", summary);
    let middle = LEFT + HALF;
    let largest = comparison.links.iter().map(|link| link.difference.abs()).fold(f64::MIN_POSITIVE, f64::max);
    drawing.text("soft end", middle - 8.0, TOP + 12.0, "← more in B");
    drawing.text("soft", middle + 8.0, TOP + 12.0, "more in A →");
    for (place, link) in comparison.links.iter().enumerate() {
        let row = table.push(vec![
            json!(link.from),
            json!(link.to),
            json!(link.share_a),
            json!(link.share_b),
            json!(link.difference),
        ]);
        let y = TOP + 24.0 + place as f64 * LINE;
        let points = format!("{:+.1} pp", link.difference * 100.0);
        let (from, to) = (end(&link.from), end(&link.to));
        let sentence =
            format!("From {from} to {to}: {} in A, {} in B, {points}.", per_cent(link.share_a), per_cent(link.share_b));
        let width = link.difference.abs() / largest * HALF;
        let (x, class) = match link.difference < 0.0 {
            true => (middle - width, colour(1)),
            false => (middle, colour(0)),
        };
        drawing.mark(&Mark { x: 0, y: place, sentence, row: Some(row), more: Vec::new() }, |drawing| {
            drawing.text("end", LEFT - 8.0, y + 14.0, &format!("{} → {}", cut(&from, 22), cut(&to, 22)));
            drawing.rect(&format!("bar {class}"), x, y + 3.0, width.max(1.0), LINE - 8.0);
            let text = format!("{points}  ({} / {})", per_cent(link.share_a), per_cent(link.share_b));
            drawing.text("", middle + HALF + 8.0, y + 14.0, &text);
        });
    }
    let bottom = TOP + 24.0 + comparison.links.len() as f64 * LINE;
    drawing.line("axis", (middle, TOP + 20.0), (middle, bottom));
    drawing.reach(middle + HALF + 210.0, bottom + 12.0);
    Content { drawing, table, unknown: Vec::new() }
}
