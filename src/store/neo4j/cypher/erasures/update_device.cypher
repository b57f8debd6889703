// A time of which nothing is known stays.
UNWIND $rows AS row
MATCH (d:Device {key: row.key})
USING INDEX SEEK d:Device(key)
SET d.first_seen_at = CASE WHEN row.first_at > d.first_seen_at THEN row.first_at ELSE d.first_seen_at END,
  d.last_seen_at = CASE WHEN row.last_at < d.last_seen_at THEN row.last_at ELSE d.last_seen_at END
