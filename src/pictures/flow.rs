//! The flow around an anchor: a Sankey diagram. Columns are steps, the most frequent value first.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::json;

use super::Content;
use super::drawing::{Drawing, Mark, TOP, colour};
use super::table::Table;
use super::words::{counted, cut, grouped, per_cent};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Flow {
    journeys: u64,
    unknown_values: Vec<String>,
    columns: Vec<Column>,
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
struct Column {
    step: i64,
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    value: String,
    kind: String,
    journeys: u64,
    share: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    step: i64,
    from: String,
    from_kind: String,
    to: String,
    to_kind: String,
    journeys: u64,
}

/// The distance between two columns.
const COLUMN: f64 = 210.0;
/// The width of a node.
const NODE: f64 = 12.0;
/// The height of all journeys.
const ALL: f64 = 340.0;
/// A node takes at least this, so that labels do not overlap.
const SLOT: f64 = 17.0;

/// Where the node of a step, a value and its kind is in the list.
type Places<'a> = HashMap<(i64, &'a str, &'a str), usize>;

/// A node with its place.
struct Node<'a> {
    entry: &'a Entry,
    colour: String,
    x: f64,
    y: f64,
    height: f64,
    place: (usize, usize),
    /// What the bands that leave and reach it fill already.
    left: f64,
    reached: f64,
}

pub(super) fn draw(flow: &Flow) -> Content {
    let mut table =
        Table::new(&["step", "from", "fromKind", "to", "toKind", "journeys"]).total("journeys", flow.journeys);
    for link in &flow.links {
        table.push(vec![
            json!(link.step),
            json!(link.from),
            json!(link.from_kind),
            json!(link.to),
            json!(link.to_kind),
            json!(link.journeys),
        ]);
    }
    let unknown = flow.unknown_values.clone();
    if flow.journeys == 0 {
        let drawing = Drawing::empty("Flow", "No journey has this anchor.");
        return Content { drawing, table, unknown };
    }
    let summary = format!("{} in {}.", counted(flow.journeys, "journey"), counted(flow.columns.len() as u64, "step"));
    let mut drawing = Drawing::new("Flow", summary);
    let scale = ALL / flow.journeys as f64;
    let (mut nodes, places) = place(flow, scale);

    for (column, shown) in flow.columns.iter().enumerate() {
        let x = 12.0 + column as f64 * COLUMN;
        drawing.text("soft", x, TOP + 12.0, &step_name(shown.step));
    }
    // In the order of both ends, so that bands do not cross at a node.
    let mut links: Vec<(usize, usize, usize)> = Vec::new();
    for (row, link) in flow.links.iter().enumerate() {
        let from = places.get(&(link.step, link.from.as_str(), link.from_kind.as_str()));
        let to = places.get(&(link.step + 1, link.to.as_str(), link.to_kind.as_str()));
        if let (Some(from), Some(to)) = (from, to) {
            links.push((*from, *to, row));
        }
    }
    links.sort_unstable();
    let mut order = HashMap::new();
    for (from, to, row) in links {
        let link = &flow.links[row];
        let width = link.journeys as f64 * scale;
        let start = (nodes[from].x + NODE, nodes[from].y + nodes[from].left + width / 2.0);
        let end = (nodes[to].x, nodes[to].y + nodes[to].reached + width / 2.0);
        nodes[from].left += width;
        nodes[to].reached += width;
        let place = order.entry(nodes[from].place.0).or_insert(0_usize);
        let mark = Mark {
            x: nodes[from].place.0 + 1,
            y: *place,
            sentence: format!(
                "From {} to {}, {} to {}: {}, {} of all.",
                name(&link.from, &link.from_kind),
                name(&link.to, &link.to_kind),
                step_name(link.step).to_lowercase(),
                link.step + 1,
                counted(link.journeys, "journey"),
                per_cent(link.journeys as f64 / flow.journeys as f64)
            ),
            row: Some(row),
            more: vec![("from", from.to_string()), ("to", to.to_string())],
        };
        *place += 1;
        let class = match link.from_kind.as_str() {
            "VALUE" => format!("band {}", nodes[from].colour),
            _ => "band open".to_owned(),
        };
        drawing.mark(&mark, |drawing| drawing.band(&class, start, end, width.max(0.75)));
    }
    let mut bottom = TOP;
    for (id, node) in nodes.iter().enumerate() {
        let Node { entry, x, y, height, .. } = node;
        let called = name(&entry.value, &entry.kind);
        let step = flow.columns[node.place.0 / 2].step;
        let mark = Mark {
            x: node.place.0,
            y: node.place.1,
            sentence: format!(
                "{}: {called}, {}, {}.",
                step_name(step),
                counted(entry.journeys, "journey"),
                per_cent(entry.share)
            ),
            row: None,
            more: vec![("id", id.to_string())],
        };
        let class = if entry.kind == "VALUE" { format!("bar {}", node.colour) } else { "bar open".to_owned() };
        let label = format!("{} {}", cut(&called, 22), grouped(entry.journeys));
        drawing.mark(&mark, |drawing| {
            drawing.rect(&class, *x, *y, NODE, *height);
            drawing.text("halo", x + NODE + 4.0, y + (height / 2.0).max(SLOT / 4.0) + 4.0, &label);
        });
        bottom = bottom.max(y + height.max(SLOT));
    }
    drawing.reach(24.0 + flow.columns.len() as f64 * COLUMN, bottom + 16.0);
    Content { drawing, table, unknown }
}

/// The nodes, and where each is in the list.
fn place(flow: &Flow, scale: f64) -> (Vec<Node<'_>>, Places<'_>) {
    let mut nodes = Vec::new();
    let mut places = HashMap::new();
    let mut colours: HashMap<&str, usize> = HashMap::new();
    for (column, shown) in flow.columns.iter().enumerate() {
        let mut y = TOP + 22.0;
        for (place, entry) in shown.entries.iter().filter(|entry| entry.journeys > 0).enumerate() {
            let next = colours.len();
            let own = if entry.kind == "VALUE" { *colours.entry(&entry.value).or_insert(next) } else { 7 };
            let height = (entry.journeys as f64 * scale).max(1.5);
            places.insert((shown.step, entry.value.as_str(), entry.kind.as_str()), nodes.len());
            nodes.push(Node {
                entry,
                colour: colour(own),
                x: 12.0 + column as f64 * COLUMN,
                y,
                height,
                place: (2 * column, place),
                left: 0.0,
                reached: 0.0,
            });
            y += height.max(SLOT) + 7.0;
        }
    }
    (nodes, places)
}

fn step_name(step: i64) -> String {
    if step == 0 { "Anchor".to_owned() } else { format!("Step {step:+}") }
}

fn name(value: &str, kind: &str) -> String {
    match kind {
        "OTHER" => "other values".to_owned(),
        "ENDED" => "ended".to_owned(),
        "NOT_BEGUN" => "not begun".to_owned(),
        _ => value.to_owned(),
    }
}
