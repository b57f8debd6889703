// Devices: times are widened, the description is that of the latest event.
UNWIND $rows AS row
MERGE (d:Device {key: row.key})
ON CREATE SET d.first_seen_at = row.first_seen_at, d.last_seen_at = row.last_seen_at
WITH row, d, row.last_seen_at >= d.last_seen_at AS latest
SET d.first_seen_at = CASE WHEN row.first_seen_at < d.first_seen_at THEN row.first_seen_at ELSE d.first_seen_at END
SET d.last_seen_at = CASE WHEN latest THEN row.last_seen_at ELSE d.last_seen_at END
SET d += CASE WHEN latest THEN row.set ELSE {} END
WITH row, d
UNWIND row.identifiers AS id
MATCH (i:Identifier {id: id})
MERGE (i)-[:STORED_ON]->(d)
