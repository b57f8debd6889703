//! How often one value follows another: a matrix. A row is the value before, a column the value after.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use super::drawing::{Drawing, Mark, TOP};
use super::table::Table;
use super::words::{counted, cut, per_cent, short, with_units};
use super::{Content, end};

#[derive(Debug, Deserialize)]
pub(super) struct Transitions {
    total: u64,
    other: u64,
    nodes: Vec<Node>,
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Node {
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    from: String,
    to: String,
    count: u64,
    journeys: u64,
    share: f64,
    share_of_from: f64,
    median_seconds: Option<f64>,
}

const CELL: (f64, f64) = (46.0, 24.0);
const LEFT: f64 = 190.0;
const HEAD: f64 = 130.0;

pub(super) fn draw(graph: &Transitions) -> Content {
    let mut table = Table::new(&["from", "to", "count", "journeys", "share", "shareOfFrom", "medianSeconds"])
        .total("total", graph.total)
        .total("other", graph.other);
    if graph.links.is_empty() {
        let drawing = Drawing::empty("Transitions", "No touchpoint is in the scope.");
        return Content { drawing, table, unknown: Vec::new() };
    }
    let summary = format!(
        "{}; {} are not shown. Rows are values before, columns values after; a cell is the share of what follows its row.",
        counted(graph.total, "transition"),
        graph.other
    );
    let mut drawing = Drawing::new("Transitions", summary);
    let before = order(graph, "START", |link| &link.from, false);
    let after = order(graph, "END", |link| &link.to, true);
    let top = TOP + HEAD;
    let at = |column: usize, row: usize| (LEFT + column as f64 * CELL.0, top + row as f64 * CELL.1);
    let (right, bottom) = at(after.len(), before.len());
    let mut named: Vec<(&str, usize)> = after.iter().map(|(value, column)| (*value, *column)).collect();
    named.sort_by_key(|(_, column)| *column);
    for (value, column) in named {
        drawing.slanted("", at(column, 0).0 + CELL.0 / 2.0, top - 6.0, &cut(&end(value), 22));
        drawing.line("axis", at(column, 0), (at(column, 0).0, bottom));
    }
    let mut named: Vec<(&str, usize)> = before.iter().map(|(value, row)| (*value, *row)).collect();
    named.sort_by_key(|(_, row)| *row);
    for (value, row) in named {
        drawing.text("end", LEFT - 8.0, at(0, row).1 + 16.0, &cut(&end(value), 26));
        drawing.line("axis", at(0, row), (right, at(0, row).1));
    }
    drawing.line("axis", (LEFT, bottom), (right, bottom));
    drawing.line("axis", (right, top), (right, bottom));
    for link in &graph.links {
        let row = table.push(vec![
            json!(link.from),
            json!(link.to),
            json!(link.count),
            json!(link.journeys),
            json!(link.share),
            json!(link.share_of_from),
            json!(link.median_seconds),
        ]);
        let (column, line) = (after[link.to.as_str()], before[link.from.as_str()]);
        let mut sentence = format!(
            "From {} to {}: {} in {}, {} of what follows it.",
            end(&link.from),
            end(&link.to),
            counted(link.count, "time"),
            counted(link.journeys, "journey"),
            per_cent(link.share_of_from)
        );
        if let Some(median) = link.median_seconds {
            sentence.push_str(&format!(" Median time {}.", with_units(median)));
        }
        let (x, y) = at(column, line);
        let shade = ((link.share_of_from * 5.0).ceil() as usize).clamp(1, 5);
        drawing.mark(&Mark { x: column, y: line, sentence, row: Some(row), more: Vec::new() }, |drawing| {
            drawing.rect(&format!("cell s{shade}"), x + 1.0, y + 1.0, CELL.0 - 2.0, CELL.1 - 2.0);
            if link.from == link.to {
                drawing.rect("edge", x + 2.0, y + 2.0, CELL.0 - 4.0, CELL.1 - 4.0);
            }
            let text = match link.share_of_from * 100.0 {
                little if little < 1.0 => "<1%".to_owned(),
                share => format!("{}%", short(share, 0)),
            };
            drawing.text("middle", x + CELL.0 / 2.0, y + 16.0, &text);
        });
    }
    drawing.reach(right + 100.0, bottom + 16.0);
    Content { drawing, table, unknown: Vec::new() }
}

/// The place of each value that is an end of links, in the order of the nodes; the virtual node first or last.
fn order<'a>(
    graph: &'a Transitions,
    ending: &str,
    of: impl Fn(&'a Link) -> &'a String,
    last: bool,
) -> HashMap<&'a str, usize> {
    let occurs: std::collections::HashSet<&str> = graph.links.iter().map(|link| of(link).as_str()).collect();
    let shown = graph.nodes.iter().map(|node| node.value.as_str()).filter(|value| occurs.contains(value));
    let (virtual_ones, mut values): (Vec<&str>, Vec<&str>) = shown.partition(|value| *value == ending);
    match last {
        true => values.extend(virtual_ones),
        false => values.splice(0..0, virtual_ones).for_each(drop),
    }
    values.into_iter().enumerate().map(|(place, value)| (value, place)).collect()
}
