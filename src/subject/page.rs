//! The report as a page that a person reads: plain words, no script, nothing loaded from elsewhere.

use std::fmt::Write;

use serde_json::Value;

/// A column of a table: its head, and the path of its value in a row.
type Column = (&'static str, &'static str);

/// A part of the page: the name in the report, a heading, an explanation, and the columns.
struct Part {
    name: &'static str,
    heading: &'static str,
    means: &'static str,
    columns: &'static [Column],
}

const PARTS: &[Part] = &[
    Part {
        name: "identifiers",
        heading: "What we know you by",
        means: "Addresses, numbers and devices that we take for yours.",
        columns: &[
            ("What", "/kind"),
            ("Value", "/value"),
            ("First seen", "/first_seen_at"),
            ("Last seen", "/last_seen_at"),
        ],
    },
    Part {
        name: "traits",
        heading: "What we know about you",
        means: "Each value with who told us, and when. Of several values we use the one marked as used.",
        columns: &[
            ("What", "/name"),
            ("Value", "/value"),
            ("Used", "/shown"),
            ("How we know", "/provenance"),
            ("First told", "/first_at"),
            ("Last told", "/at"),
            ("Told by", "/source"),
            ("Told about", "/identifier"),
        ],
    },
    Part {
        name: "consents",
        heading: "What you allowed and refused",
        means: "Each decision about the use of your data.",
        columns: &[
            ("For", "/purpose"),
            ("Channel", "/channel"),
            ("Decision", "/status"),
            ("In force", "/in_force"),
            ("When", "/at"),
            ("Until", "/expires_at"),
            ("Told by", "/source"),
        ],
    },
    Part {
        name: "orders",
        heading: "Your orders",
        means: "What you bought, and what came back.",
        columns: &[
            ("Number", "/number"),
            ("Placed", "/placed_at"),
            ("Status", "/status"),
            ("Total", "/total"),
            ("Returned", "/returned"),
            ("Currency", "/currency"),
            ("Products", "/lines"),
            ("Returns", "/returns"),
            ("Told by", "/source"),
        ],
    },
    Part {
        name: "touchpoints",
        heading: "Contacts between you and us",
        means: "Everything you did on our channels, and every message to you.",
        columns: &[
            ("When", "/at"),
            ("What", "/name"),
            ("Channel", "/channel"),
            ("Direction", "/direction"),
            ("Details", "/properties"),
            ("Known by", "/identifier"),
            ("Told by", "/source"),
            ("Message", "/message_id"),
        ],
    },
    Part {
        name: "product_acts",
        heading: "Products that you dealt with",
        means: "Carts, wish lists, likes and dislikes.",
        columns: &[
            ("When", "/at"),
            ("What", "/act"),
            ("Product", "/sku"),
            ("Name", "/name"),
            ("Quantity", "/quantity"),
        ],
    },
    Part {
        name: "devices",
        heading: "Your devices",
        means: "Phones, computers and others on which we saw you.",
        columns: &[
            ("Kind", "/kind"),
            ("System", "/os"),
            ("Model", "/model"),
            ("First seen", "/first_seen_at"),
            ("Last seen", "/last_seen_at"),
        ],
    },
    Part {
        name: "links",
        heading: "Why we think these are you",
        means: "Each pair of identifiers that came in one message, and the rule that joined or refused them.",
        columns: &[
            ("One", "/from"),
            ("Other", "/to"),
            ("Rule", "/rule"),
            ("Refused because", "/refused"),
            ("First", "/first_at"),
            ("Last", "/last_at"),
            ("Times", "/count"),
            ("Told by", "/source"),
            ("Message", "/message_id"),
        ],
    },
    Part {
        name: "identity_history",
        heading: "How your record came to be",
        means: "When identifiers joined your record, and when records were merged or divided.",
        columns: &[
            ("When", "/at"),
            ("What", "/kind"),
            ("Identifiers", "/identifiers"),
            ("Rule", "/rule"),
            ("By", "/by"),
            ("Why", "/reason"),
            ("Message", "/message_id"),
        ],
    },
];

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<title>The data that we hold about you</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { border: 1px solid #8888; padding: .25rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
</style>
</head>
<body>
";

/// The page of a report.
pub fn page(report: &Value) -> String {
    let mut text = HEAD.to_owned();
    let name = report.pointer("/customer/display_name").and_then(Value::as_str).unwrap_or("you");
    // Writing to a text does not fail.
    let _ = write!(text, "<h1>The data that we hold about {}</h1>\n<p>You asked with ", escaped(name));
    let _ = write!(text, "{}. ", escaped(&said(report.get("asked").unwrap_or(&Value::Null))));
    let at = report.get("at").and_then(Value::as_str).unwrap_or_default();
    let _ = writeln!(text, "This page shows everything that we held at {}. All times are UTC.</p>", escaped(at));
    let seen = |path: &str| said(report.pointer(path).unwrap_or(&Value::Null));
    let (first, last) = (seen("/customer/first_seen_at"), seen("/customer/last_seen_at"));
    let _ = writeln!(text, "<p>We saw you first at {} and last at {}.</p>", escaped(&first), escaped(&last));
    for part in PARTS {
        let rows = report.get(part.name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let _ = writeln!(text, "<h2>{}</h2>\n<p>{}</p>", part.heading, part.means);
        if rows.is_empty() {
            text.push_str("<p>We hold nothing of this kind.</p>\n");
            continue;
        }
        text.push_str("<table>\n<thead><tr>");
        for (head, _) in part.columns {
            let _ = write!(text, "<th scope=\"col\">{head}</th>");
        }
        text.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            text.push_str("<tr>");
            for (_, path) in part.columns {
                let _ = write!(text, "<td>{}</td>", escaped(&said(row.pointer(path).unwrap_or(&Value::Null))));
            }
            text.push_str("</tr>\n");
        }
        text.push_str("</tbody>\n</table>\n");
    }
    text + "</body>\n</html>\n"
}

/// A value as a person reads it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(said).collect::<Vec<_>>().join("; "),
        Value::Object(fields) => match (fields.len(), fields.get("kind"), fields.get("value")) {
            (2, Some(kind), Some(value)) => format!("{} {}", said(kind), said(value)),
            _ => {
                let there = fields.iter().filter(|(_, value)| !value.is_null());
                there.map(|(name, value)| format!("{name}: {}", said(value))).collect::<Vec<_>>().join(", ")
            }
        },
    }
}

/// Text that is not markup, whatever it holds.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_people_wrote_is_text_on_the_page() {
        let report = json!({"asked": {"kind": "email", "value": "a@example.org"}, "at": "2026-01-01T00:00:00.000Z",
            "customer": {"display_name": "<script>alert(1)</script>"},
            "traits": [{"name": "bio", "value": {"html": "<img src=x onerror='y'>"}, "shown": true, "source": "a&b"}]});
        let page = page(&report);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("a&amp;b"), "{page}");
        assert!(
            page.contains("html: &lt;img src=x onerror=&#39;y&#39;&gt;") && page.contains("<td>yes</td>"),
            "{page}"
        );
        assert!(page.contains("email a@example.org") && page.contains("We hold nothing of this kind."), "{page}");
    }
}
