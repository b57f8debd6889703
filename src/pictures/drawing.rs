//! Writes SVG. All texts are escaped, and all numbers have at most two fraction digits, so that bytes do not depend on
//! the machine.

use std::fmt::Write;

use serde_json::Value;

/// Colours for light and dark. The numbers of a colour class are places in this list, so that a colour is never the only
/// difference: each mark also has its name as a text or as a title.
const STYLE: &str = include_str!("style.css");

/// The height of the title above a picture.
pub(super) const TOP: f64 = 40.0;

/// The number of colours.
const COLOURS: usize = 8;

/// A picture that is being drawn.
pub(super) struct Drawing {
    title: String,
    summary: String,
    width: f64,
    height: f64,
    body: String,
}

/// What can be focused in a picture.
#[derive(Default)]
pub(super) struct Mark {
    /// The place in a grid, for the arrow keys.
    pub(super) x: usize,
    pub(super) y: usize,
    /// What it says, as a sentence.
    pub(super) sentence: String,
    /// Its row in the table.
    pub(super) row: Option<usize>,
    /// More attributes, such as the ends of an edge.
    pub(super) more: Vec<(&'static str, String)>,
}

impl Drawing {
    pub(super) fn new(title: impl Into<String>, summary: impl Into<String>) -> Self {
        let mut drawing =
            Drawing { title: title.into(), summary: summary.into(), width: 320.0, height: TOP, body: String::new() };
        let title = drawing.title.clone();
        drawing.text("title", 12.0, 24.0, &title);
        drawing
    }

    /// A picture of nothing, with the reason.
    pub(super) fn empty(title: &str, reason: &str) -> Self {
        let mut drawing = Drawing::new(title, reason);
        drawing.text("soft", 12.0, TOP + 16.0, reason);
        drawing.reach(16.0 + 7.0 * reason.chars().count() as f64, TOP + 32.0);
        drawing
    }

    /// Makes the picture at least this large.
    pub(super) fn reach(&mut self, width: f64, height: f64) {
        self.width = self.width.max(width);
        self.height = self.height.max(height);
    }

    pub(super) fn rect(&mut self, class: &str, x: f64, y: f64, width: f64, height: f64) {
        let (x, y, width, height) = (number(x), number(y), number(width.max(0.0)), number(height.max(0.0)));
        let _ =
            writeln!(self.body, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>");
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ends = [from.0, from.1, to.0, to.1].map(number);
        let [x1, y1, x2, y2] = ends;
        let _ = writeln!(self.body, "<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
    }

    /// A band from left to right, as wide as its share.
    pub(super) fn band(&mut self, class: &str, from: (f64, f64), to: (f64, f64), width: f64) {
        let middle = number((from.0 + to.0) / 2.0);
        let (x0, y0, x1, y1) = (number(from.0), number(from.1), number(to.0), number(to.1));
        let width = number(width);
        let _ = writeln!(
            self.body,
            "<path class=\"{class}\" stroke-width=\"{width}\" d=\"M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}\"/>"
        );
    }

    pub(super) fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
            number(x),
            number(y),
            escaped(text)
        );
    }

    /// A text that rises from its place.
    pub(super) fn slanted(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let (x, y) = (number(x), number(y));
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-50)\">{}</text>",
            escaped(text)
        );
    }

    /// Draws a mark: what `draw` draws, with its sentence.
    pub(super) fn mark(&mut self, mark: &Mark, draw: impl FnOnce(&mut Self)) {
        let _ = write!(self.body, "<g class=\"mark\" data-x=\"{}\" data-y=\"{}\"", mark.x, mark.y);
        if let Some(row) = mark.row {
            let _ = write!(self.body, " data-row=\"{row}\"");
        }
        for (name, value) in &mark.more {
            let _ = write!(self.body, " data-{name}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.body, "><title>{}</title>", escaped(&mark.sentence));
        draw(self);
        self.body.push_str("</g>\n");
    }

    /// The whole picture. `metadata` is written as JSON.
    pub(super) fn svg(self, unknown: &[String], metadata: &Value) -> String {
        let (width, height) = (number(self.width), number(self.height));
        let mut summary = self.summary;
        if !unknown.is_empty() {
            let _ = write!(summary, " No touchpoint has the value {}.", unknown.join(", "));
        }
        let (title, summary) = (escaped(&self.title), escaped(&summary));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tl-picture\" role=\"img\" aria-label=\"{title}. {summary}\" \
             viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n<title>{title}</title>\n\
             <desc>{summary}</desc>\n<metadata>{}</metadata>\n<style>\n{STYLE}</style>\n\
             <rect class=\"ground\" x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            escaped(&metadata.to_string()),
            self.body
        )
    }
}

/// The class of a colour, and of its pattern.
pub(super) fn colour(place: usize) -> String {
    format!("c{}", place % COLOURS)
}

/// A number with at most two fraction digits.
fn number(value: f64) -> String {
    let text = super::words::short(value, 2);
    if text == "-0" { "0".to_owned() } else { text }
}

/// A text for XML 1.0. A character that XML cannot have becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
