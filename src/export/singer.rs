//! Singer messages, from rows that were gathered as NDJSON: SCHEMA for each stream, RECORD for each row, and STATE with
//! the cursor of the moment. The format: <https://github.com/singer-io/getting-started/blob/master/docs/SPEC.md>.

use std::io::{self, BufRead, Write};

use serde_json::{Map, Value, json};

use super::columns::{Type, What};

/// Writes the schema of a stream.
pub(super) fn write_schema(what: What, into: &mut impl Write) -> io::Result<()> {
    let properties: Map<String, Value> = what
        .columns()
        .iter()
        .map(|column| {
            let (types, format): (&[&str], Option<&str>) = match column.of {
                Type::Text => (&["string"], None),
                Type::Time => (&["string"], Some("date-time")),
                Type::Integer => (&["integer"], None),
                Type::Decimal => (&["string"], Some("singer.decimal")),
                Type::Boolean => (&["boolean"], None),
                Type::Json => (&["object", "array", "string", "number", "boolean"], None),
            };
            // A JSON value may be null in itself.
            let null = (column.nullable || column.of == Type::Json).then_some("null");
            let types: Vec<&str> = null.into_iter().chain(types.iter().copied()).collect();
            let mut schema = json!({"type": types});
            if let Some(format) = format {
                schema["format"] = format.into();
            }
            (column.name.to_owned(), schema)
        })
        .collect();
    let message = json!({
        "type": "SCHEMA",
        "stream": what.as_str(),
        "schema": {"type": "object", "properties": properties},
        "key_properties": key(what),
    });
    writeln!(into, "{message}")
}

/// The key of a stream: none where two rows can have the same one, or a column of it can be empty.
fn key(what: What) -> &'static [&'static str] {
    match what {
        What::Traits | What::Consents | What::Deleted => &[],
        _ => what.key(),
    }
}

/// Writes a record for each line of `from`.
pub(super) fn write_records(what: What, mut from: impl BufRead, into: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if from.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        write!(into, "{{\"type\":\"RECORD\",\"stream\":\"{}\",\"record\":", what.as_str())?;
        into.write_all(line.strip_suffix(b"\n").unwrap_or(&line))?;
        into.write_all(b"}\n")?;
    }
}

/// Writes the state: all before it is of the moment with this cursor.
pub(super) fn write_state(cursor: &str, into: &mut impl Write) -> io::Result<()> {
    writeln!(into, "{}", json!({"type": "STATE", "value": {"cursor": cursor}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_its_schema_and_a_record_for_each_row() {
        let mut bytes = Vec::new();
        write_schema(What::Changes, &mut bytes).expect("memory");
        let rows = b"{\"cursor\":\"a\"}\n{\"cursor\":\"b\"}\n";
        write_records(What::Changes, &rows[..], &mut bytes).expect("memory");
        write_state("b", &mut bytes).expect("memory");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let messages: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(messages.len(), 4);
        assert_eq!(messages[0]["schema"]["properties"]["at"], json!({"type": ["string"], "format": "date-time"}));
        assert_eq!(messages[0]["schema"]["properties"]["customer_id"], json!({"type": ["null", "string"]}));
        assert_eq!(messages[0]["key_properties"], json!(["cursor"]));
        assert_eq!(messages[2], json!({"type": "RECORD", "stream": "changes", "record": {"cursor": "b"}}));
        assert_eq!(messages[3], json!({"type": "STATE", "value": {"cursor": "b"}}));
    }

    #[test]
    fn keys_are_columns_that_always_have_a_value() {
        for what in What::ALL {
            for name in key(what) {
                let column = what.columns().iter().find(|column| column.name == *name).expect("a column");
                assert!(!column.nullable, "{what:?}: {name}");
            }
        }
    }
}
