//! The time from one touchpoint to another: a histogram, with the median and the 90th percentile as lines.

use serde::Deserialize;
use serde_json::json;

use super::Content;
use super::drawing::{Drawing, Mark, TOP, colour};
use super::table::Table;
use super::words::{counted, grouped, with_units};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimeBetween {
    pairs: u64,
    never: u64,
    unknown_values: Vec<String>,
    median_seconds: Option<f64>,
    p90_seconds: Option<f64>,
    histogram: Vec<Bucket>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    from_seconds: f64,
    to_seconds: f64,
    count: u64,
}

const LEFT: f64 = 60.0;
const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 220.0;

pub(super) fn draw(times: &TimeBetween) -> Content {
    let mut table = Table::new(&["fromSeconds", "toSeconds", "count"])
        .total("pairs", times.pairs)
        .total("never", times.never)
        .total("medianSeconds", json!(times.median_seconds))
        .total("p90Seconds", json!(times.p90_seconds));
    let unknown = times.unknown_values.clone();
    let Some(last) = times.histogram.last() else {
        let reason = match times.never {
            0 => "No journey has the first touchpoint.".to_owned(),
            never => format!("None of {} with the first touchpoint came to the second.", counted(never, "journey")),
        };
        return Content { drawing: Drawing::empty("Time between", &reason), table, unknown };
    };
    let time = |seconds: Option<f64>| seconds.map_or("-".to_owned(), with_units);
    let summary = format!(
        "{} with both touchpoints, median {}, 90th percentile {}; {} never came to the second.",
        counted(times.pairs, "journey"),
        time(times.median_seconds),
        time(times.p90_seconds),
        times.never
    );
    let mut drawing = Drawing::new("Time between", summary.clone());
    drawing.text("soft", 12.0, TOP + 4.0, &summary);
    let most = times.histogram.iter().map(|bucket| bucket.count).max().unwrap_or(1).max(1);
    let (top, longest) = (TOP + 60.0, last.to_seconds);
    let bottom = top + HEIGHT;
    let width = WIDTH / times.histogram.len() as f64;
    drawing.line("axis", (LEFT, bottom), (LEFT + WIDTH, bottom));
    drawing.line("axis", (LEFT, top), (LEFT + WIDTH, top));
    drawing.text("soft end", LEFT - 6.0, top + 4.0, &grouped(most));
    drawing.text("soft end", LEFT - 6.0, bottom + 4.0, "0");
    for (place, bucket) in times.histogram.iter().enumerate() {
        let row = table.push(vec![json!(bucket.from_seconds), json!(bucket.to_seconds), json!(bucket.count)]);
        let height = bucket.count as f64 / most as f64 * HEIGHT;
        let sentence = format!(
            "{} to {}: {}.",
            with_units(bucket.from_seconds),
            with_units(bucket.to_seconds),
            counted(bucket.count, "journey")
        );
        let x = LEFT + place as f64 * width;
        drawing.mark(&Mark { x: place, y: 0, sentence, row: Some(row), more: Vec::new() }, |drawing| {
            drawing.rect(&format!("bar {}", colour(0)), x + 0.5, bottom - height, (width - 1.0).max(0.5), height);
            if bucket.count > 0 && width >= 22.0 {
                drawing.text("middle halo", x + width / 2.0, bottom - height - 4.0, &grouped(bucket.count));
            }
        });
    }
    for quarter in 0..=4 {
        let x = LEFT + WIDTH * f64::from(quarter) / 4.0;
        drawing.line("axis", (x, bottom), (x, bottom + 5.0));
        drawing.text("soft middle", x, bottom + 20.0, &with_units(longest * f64::from(quarter) / 4.0));
    }
    if longest > 0.0 {
        for (name, seconds, y) in
            [("median", times.median_seconds, top - 34.0), ("90 %", times.p90_seconds, top - 20.0)]
        {
            if let Some(seconds) = seconds {
                let x = LEFT + seconds / longest * WIDTH;
                drawing.line("dashed", (x, y), (x, bottom));
                drawing.text("halo", x + 4.0, y + 4.0, &format!("{name} {}", with_units(seconds)));
            }
        }
    }
    drawing.reach(LEFT + WIDTH + 100.0, bottom + 36.0);
    Content { drawing, table, unknown }
}
