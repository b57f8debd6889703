//! Rows as lines of text.

use std::io::Write;
use std::sync::Arc;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::columns::{Column, What};
use crate::domain::{Amount, Timestamp};

/// The format of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JSON object a line
    Ndjson,
    /// Comma-separated, UTF-8, with a head
    Csv,
    /// Apache Parquet, with typed columns
    Parquet,
    /// Messages for Singer targets, in the one file singer.ndjson
    Singer,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// None.
    Null,
    /// Text.
    Text(Arc<str>),
    /// A time.
    Time(Timestamp),
    /// A whole number.
    Integer(i64),
    /// An amount, and the fraction digits of its currency.
    Decimal(Amount, u32),
    /// True or false.
    Boolean(bool),
    /// A JSON value, as its text.
    Json(Arc<str>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Value::Text(text.into())
    }

    /// The value, if there is one.
    pub fn of<T>(value: Option<T>, make: impl FnOnce(T) -> Value) -> Self {
        value.map_or(Value::Null, make)
    }
}

impl Format {
    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
            Format::Singer => "singer",
        }
    }

    /// The ending of the files to which rows are appended.
    pub(super) fn ending(self) -> &'static str {
        if self == Format::Csv { "csv" } else { "ndjson" }
    }

    /// Whether its files are made from gathered rows when all rows are there: a file of this format cannot be appended
    /// to, or has rows of several kinds.
    pub(super) fn is_made_last(self) -> bool {
        matches!(self, Format::Parquet | Format::Singer)
    }

    /// What a file begins with.
    pub(super) fn head(self, what: What) -> String {
        match self {
            Format::Ndjson | Format::Parquet | Format::Singer => String::new(),
            Format::Csv => {
                let names: Vec<&str> = what.columns().iter().map(|column| column.name).collect();
                names.join(",") + "\n"
            }
        }
    }

    /// Adds a row to the bytes of a file.
    pub(super) fn write(self, what: What, row: &[Value], into: &mut Vec<u8>) {
        debug_assert_eq!(row.len(), what.columns().len());
        match self {
            Format::Ndjson | Format::Parquet | Format::Singer => write_object(what.columns(), row, into),
            Format::Csv => write_cells(row, into),
        }
        into.push(b'\n');
    }
}

fn write_object(columns: &[Column], row: &[Value], into: &mut Vec<u8>) {
    write_fields(columns.iter().map(|column| column.name).zip(row), into);
}

/// The columns of a row that are its key, as a JSON object.
pub(super) fn key_of(what: What, row: &[Value]) -> Value {
    let mut text = Vec::new();
    let named = what.columns().iter().map(|column| column.name).zip(row);
    write_fields(named.filter(|(name, _)| what.key().contains(name)), &mut text);
    Value::Json(String::from_utf8_lossy(&text).into())
}

fn write_fields<'r>(fields: impl Iterator<Item = (&'static str, &'r Value)>, into: &mut Vec<u8>) {
    into.push(b'{');
    for (n, (name, value)) in fields.enumerate() {
        if n > 0 {
            into.push(b',');
        }
        write_text(name, into);
        into.push(b':');
        match value {
            Value::Null => into.extend_from_slice(b"null"),
            Value::Text(text) => write_text(text, into),
            Value::Time(at) => write_text(&at.to_string(), into),
            Value::Integer(number) => put(into, format_args!("{number}")),
            Value::Decimal(amount, digits) => write_text(&amount.to_text(*digits), into),
            Value::Boolean(truth) => put(into, format_args!("{truth}")),
            Value::Json(text) => write_json(text, into),
        }
    }
    into.push(b'}');
}

fn write_text(text: &str, into: &mut Vec<u8>) {
    // Writing to memory does not fail, and a text is always JSON.
    let _ = serde_json::to_writer(into, text);
}

fn put(into: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = into.write_fmt(text);
}

/// JSON on one line: outside of its texts a line break is a blank, and inside it is written as `\n`.
fn write_json(text: &str, into: &mut Vec<u8>) {
    into.extend(text.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

fn write_cells(row: &[Value], into: &mut Vec<u8>) {
    for (n, value) in row.iter().enumerate() {
        if n > 0 {
            into.push(b',');
        }
        match value {
            Value::Null => {}
            Value::Text(text) => write_cell(text, into),
            Value::Time(at) => put(into, format_args!("{at}")),
            Value::Integer(number) => put(into, format_args!("{number}")),
            Value::Decimal(amount, digits) => into.extend_from_slice(amount.to_text(*digits).as_bytes()),
            Value::Boolean(truth) => put(into, format_args!("{truth}")),
            // A JSON text is shown as the text that it means, other JSON as it is written.
            Value::Json(json) => match serde_json::from_str::<String>(json) {
                Ok(text) => write_cell(&text, into),
                Err(_) => write_cell(json, into),
            },
        }
    }
}

/// A text as a cell. A spreadsheet would run a cell that begins like a formula; an apostrophe makes it a text.
fn write_cell(text: &str, into: &mut Vec<u8>) {
    let defused = text.starts_with(['=', '+', '-', '@', '\t']);
    let quoted = text.contains(['"', ',', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ');
    if !quoted {
        if defused {
            into.push(b'\'');
        }
        into.extend_from_slice(text.as_bytes());
        return;
    }
    into.push(b'"');
    if defused {
        into.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            into.push(b'"');
        }
        into.push(byte);
    }
    into.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;

    fn written(format: Format, what: What, row: &[Value]) -> String {
        let mut bytes = Vec::new();
        format.write(what, row, &mut bytes);
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn trait_row(value: &str) -> Vec<Value> {
        vec![
            Value::text("c1"),
            Value::text("city"),
            Value::Json(value.into()),
            Value::text("DECLARED"),
            Value::Time(Timestamp(0)),
            Value::text("shop"),
            Value::Boolean(true),
        ]
    }

    #[test]
    fn a_row_is_one_line_of_json_also_when_a_sender_wrote_several() {
        let line = written(Format::Ndjson, What::Traits, &trait_row("{\"a\":\r\n [1,\"x\\ny\"]}"));
        assert_eq!(line.matches('\n').count(), 1, "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read["value"]["a"][1], "x\ny");
        assert_eq!((&read["at"], &read["chosen"]), (&"1970-01-01T00:00:00.000Z".into(), &true.into()));
    }

    #[test]
    fn a_cell_that_begins_like_a_formula_is_defused() {
        for (value, cell) in [
            ("\"=1+1\"", "'=1+1"),
            ("\"+44 1\"", "'+44 1"),
            ("\"-5\"", "'-5"),
            ("\"@a\"", "'@a"),
            ("\"\\tx\"", "'\tx"),
            ("\"a=b\"", "a=b"),
            ("\"=a,\\\"b\\\"\"", "\"'=a,\"\"b\"\"\""),
            ("\"two\\nlines\"", "\"two\nlines\""),
            ("{\"a\":1}", "\"{\"\"a\"\":1}\""),
            ("7", "7"),
            ("null", "null"),
        ] {
            let expected = format!("c1,city,{cell},DECLARED,1970-01-01T00:00:00.000Z,shop,true\n");
            assert_eq!(written(Format::Csv, What::Traits, &trait_row(value)), expected);
        }
    }

    #[test]
    fn money_has_the_digits_of_its_currency_and_a_negative_amount_stays_a_number() {
        let pounds = Currency("GBP".into());
        let mut row = vec![Value::Null; What::Orders.columns().len()];
        row[6] = Value::Decimal(Amount::parse("-5").expect("an amount"), pounds.digits());
        assert_eq!(written(Format::Csv, What::Orders, &row), ",,,,,,-5.00,,,,\n");
        let read: serde_json::Value = serde_json::from_str(&written(Format::Ndjson, What::Orders, &row)).expect("JSON");
        assert_eq!(read["total"], "-5.00");
    }

    #[test]
    fn a_head_names_the_columns() {
        assert_eq!(Format::Csv.head(What::Changes), "cursor,at,kind,customer_id\n");
        assert_eq!(Format::Ndjson.head(What::Changes), "");
    }
}
