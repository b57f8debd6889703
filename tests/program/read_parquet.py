"""Reads an export in Parquet with DuckDB and pyarrow, and prints what they find as JSON. Nothing is cast."""

import json
import sys

import duckdb
import pyarrow.parquet

folder = sys.argv[1]
database = duckdb.connect()
database.execute("SET TimeZone = 'UTC'")


def rows(query):
    return database.execute(query).fetchall()


orders = f"'{folder}/orders.parquet'"
touchpoints = f"'{folder}/touchpoints/*.parquet'"
schema = pyarrow.parquet.read_schema(f"{folder}/orders.parquet")
print(json.dumps({
    "types": {row[0]: row[1] for row in rows(f"DESCRIBE SELECT * FROM {orders}")},
    "totals": {row[0]: str(row[1]) for row in rows(f"SELECT currency, sum(total) FROM {orders} GROUP BY currency")},
    "touchpoints": rows(f"SELECT count(*) FROM {touchpoints}")[0][0],
    "from_march_3": rows(f"SELECT count(*) FROM {touchpoints} WHERE \"at\" >= '2026-03-03T00:00:00Z'::TIMESTAMPTZ")[0][0],
    "shared": rows(f"SELECT value FROM '{folder}/identifiers.parquet' WHERE shared AND customer_id IS NULL"),
    "note": rows(f"SELECT json_extract_string(properties, '$.note') FROM {touchpoints} WHERE message_id = 'm3'")[0][0],
    "arrow": {name: str(schema.field(name).type) for name in ["number", "placed_at", "total"]},
    "rows_of_arrow": pyarrow.parquet.read_table(f"{folder}/orders.parquet").num_rows,
}))
