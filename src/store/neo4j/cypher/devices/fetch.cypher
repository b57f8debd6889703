// Devices by key, each with its first thousand identifiers.
UNWIND range(0, size($keys) - 1) AS n
MATCH (d:Device {key: $keys[n]})
USING INDEX SEEK d:Device(key)
CALL (d) {
  MATCH (i:Identifier)-[:STORED_ON]->(d)
  WITH i.id AS id
  ORDER BY id
  LIMIT 1000
  RETURN collect(id) AS identifiers
}
RETURN n, [0, d.key, d.kind, d.os, d.model, d.first_seen_at, d.last_seen_at] AS item, identifiers
