//! Parquet files, from rows that were gathered as NDJSON.
//!
//! Money is DECIMAL(38, 6), a time is a TIMESTAMP in UTC, JSON is a text. A row group has a limit in rows and in bytes,
//! so a file of any size needs little memory.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::value::RawValue;

use super::columns::{Column, Type, What};
use crate::domain::{Amount, Timestamp};

/// The rows of a row group, and the bytes of their lines.
const MOST_ROWS: usize = 100_000;
const MOST_BYTES: usize = 32 << 20;

/// Writes a file from the lines of `from`.
pub(super) fn write(what: What, from: impl BufRead, into: impl Write + Send) -> io::Result<()> {
    let schema = Arc::new(parse_message_type(&message(what)).map_err(fault)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("throughline ", env!("CARGO_PKG_VERSION")).to_owned());
    let mut file = SerializedFileWriter::new(into, schema, Arc::new(properties.build())).map_err(fault)?;
    let columns = what.columns();
    let mut group = Group::new(columns);
    for line in from.split(b'\n') {
        let line = line?;
        group.add(columns, &line)?;
        if group.rows >= MOST_ROWS || group.bytes >= MOST_BYTES {
            group.write(file.next_row_group().map_err(fault)?).map_err(fault)?;
            group = Group::new(columns);
        }
    }
    if group.rows > 0 {
        group.write(file.next_row_group().map_err(fault)?).map_err(fault)?;
    }
    file.close().map_err(fault)?;
    Ok(())
}

fn fault(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

/// The schema in Parquet's notation.
fn message(what: What) -> String {
    let mut text = format!("message {} {{\n", what.as_str());
    for column in what.columns() {
        let repetition = if column.nullable { "OPTIONAL" } else { "REQUIRED" };
        let (physical, logical) = match column.of {
            Type::Text => ("BYTE_ARRAY", " (STRING)"),
            Type::Json => ("BYTE_ARRAY", " (STRING)"),
            Type::Time => ("INT64", " (TIMESTAMP(MILLIS,true))"),
            Type::Integer => ("INT64", ""),
            Type::Decimal => ("FIXED_LEN_BYTE_ARRAY (16)", " (DECIMAL(38,6))"),
            Type::Boolean => ("BOOLEAN", ""),
        };
        // Writing to a text does not fail.
        let _ = writeln!(text, "  {repetition} {physical} {}{logical};", column.name);
    }
    text + "}"
}

/// The values of one row group, by column.
struct Group {
    columns: Vec<Values>,
    rows: usize,
    bytes: usize,
}

/// The values of a column that are not null, and for a column with nulls whether each row has one.
struct Values {
    of: Cells,
    levels: Option<Vec<i16>>,
}

enum Cells {
    Bytes(Vec<ByteArray>),
    Numbers(Vec<i64>),
    Decimals(Vec<FixedLenByteArray>),
    Truths(Vec<bool>),
}

impl Group {
    fn new(columns: &[Column]) -> Self {
        let values = |column: &Column| Values {
            of: match column.of {
                Type::Text | Type::Json => Cells::Bytes(Vec::new()),
                Type::Time | Type::Integer => Cells::Numbers(Vec::new()),
                Type::Decimal => Cells::Decimals(Vec::new()),
                Type::Boolean => Cells::Truths(Vec::new()),
            },
            levels: column.nullable.then(Vec::new),
        };
        Group { columns: columns.iter().map(values).collect(), rows: 0, bytes: 0 }
    }

    fn add(&mut self, columns: &[Column], line: &[u8]) -> io::Result<()> {
        let row: HashMap<&str, &RawValue> = serde_json::from_slice(line)?;
        let missing = |column: &Column| io::Error::other(format!("a row without `{}`", column.name));
        for (column, values) in columns.iter().zip(&mut self.columns) {
            let cell = row.get(column.name).ok_or_else(|| missing(column))?.get();
            // In a column of JSON that must have a value, null is a value.
            let null = cell == "null" && column.nullable;
            if let Some(levels) = &mut values.levels {
                levels.push(i16::from(!null));
            }
            if null {
                continue;
            }
            match &mut values.of {
                Cells::Bytes(bytes) if column.of == Type::Json => bytes.push(cell.into()),
                Cells::Bytes(bytes) => bytes.push(serde_json::from_str::<String>(cell)?.as_str().into()),
                Cells::Numbers(numbers) if column.of == Type::Time => {
                    let text: String = serde_json::from_str(cell)?;
                    numbers.push(Timestamp::parse(&text).map_err(io::Error::other)?.0);
                }
                Cells::Numbers(numbers) => numbers.push(serde_json::from_str(cell)?),
                Cells::Decimals(decimals) => {
                    let text: String = serde_json::from_str(cell)?;
                    let amount = Amount::parse(&text).map_err(io::Error::other)?;
                    decimals.push(amount.0.to_be_bytes().to_vec().into());
                }
                Cells::Truths(truths) => truths.push(serde_json::from_str(cell)?),
            }
        }
        self.rows += 1;
        self.bytes += line.len();
        Ok(())
    }

    fn write<W: Write + Send>(&self, mut group: SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        for values in &self.columns {
            let Some(mut column) = group.next_column()? else { break };
            let levels = values.levels.as_deref();
            match &values.of {
                Cells::Bytes(bytes) => column.typed::<ByteArrayType>().write_batch(bytes, levels, None)?,
                Cells::Numbers(numbers) => column.typed::<Int64Type>().write_batch(numbers, levels, None)?,
                Cells::Decimals(decimals) => {
                    column.typed::<FixedLenByteArrayType>().write_batch(decimals, levels, None)?
                }
                Cells::Truths(truths) => column.typed::<BoolType>().write_batch(truths, levels, None)?,
            };
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn a_file_has_typed_columns_and_all_rows() {
        let order = |number: usize, customer: &str, total: &str| {
            format!(
                r#"{{"number":"{number}","source":"s","customer_id":{customer},"placed_at":"2026-03-01T00:00:00.123Z","status":"PLACED","currency":"GBP","total":"{total}","returned":"0.00","net":"{total}","lines":[{{"a":1.50}}],"returns":[]}}"#
            ) + "\n"
        };
        let lines = order(1, "\"c1\"", "-0.01") + &order(2, "null", "123456789012345678901234567890.123456");
        let file = tempfile::tempfile().expect("a file");
        write(What::Orders, lines.as_bytes(), &file).expect("written");
        let reader = SerializedFileReader::new(file).expect("a Parquet file");
        let rows: Vec<HashMap<String, Field>> = reader
            .get_row_iter(None)
            .expect("rows")
            .map(|row| {
                row.expect("a row").get_column_iter().map(|(name, field)| (name.clone(), field.clone())).collect()
            })
            .collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0]["placed_at"], Field::TimestampMillis(1_772_323_200_123));
        assert_eq!((&rows[0]["customer_id"], &rows[1]["customer_id"]), (&Field::Str("c1".to_owned()), &Field::Null));
        assert_eq!(rows[0]["lines"], Field::Str("[{\"a\":1.50}]".to_owned()));
        let decimal = |row: &HashMap<String, Field>| match &row["total"] {
            Field::Decimal(decimal) => {
                assert_eq!((decimal.precision(), decimal.scale()), (38, 6));
                i128::from_be_bytes(decimal.data().try_into().expect("16 bytes"))
            }
            other => panic!("{other:?}"),
        };
        assert_eq!((decimal(&rows[0]), decimal(&rows[1])), (-10_000, 123_456_789_012_345_678_901_234_567_890_123_456));
    }

    #[test]
    fn every_kind_of_rows_has_a_schema_and_an_empty_file() {
        for what in What::ALL {
            let mut file = Vec::new();
            write(what, &b""[..], &mut file).expect("a file");
            assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"), "{what:?}");
        }
    }
}
