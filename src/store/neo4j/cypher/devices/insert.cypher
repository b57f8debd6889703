// Devices: times are widened, the description is that of the latest event. A former description is kept for views of
// the past, and also the times of identifiers in events without a touchpoint. The edge has the times of an identifier
// on the device; an older edge has no times, and gets none.
UNWIND $rows AS row
MERGE (d:Device {key: row.key})
ON CREATE SET d.since = $seq, d.first_seen_at = row.first_seen_at, d.last_seen_at = row.last_seen_at
WITH row, d, row.last_seen_at >= d.last_seen_at AS latest
FOREACH (x IN CASE WHEN latest AND coalesce(d.since, 0) < $seq AND (d.kind <> row.set.kind
    OR (d.os IS NULL) <> (row.set.os IS NULL) OR coalesce(d.os <> row.set.os, false)
    OR (d.model IS NULL) <> (row.set.model IS NULL) OR coalesce(d.model <> row.set.model, false)) THEN [1] ELSE [] END |
  CREATE (:PastDevice {device: row.key, until: $seq, kind: d.kind, os: d.os, model: d.model})
)
SET d.first_seen_at = CASE WHEN row.first_seen_at < d.first_seen_at THEN row.first_seen_at ELSE d.first_seen_at END
SET d.last_seen_at = CASE WHEN latest THEN row.last_seen_at ELSE d.last_seen_at END
SET d += CASE WHEN latest THEN row.set ELSE {} END
WITH row, d
UNWIND row.identifiers AS seen
MATCH (i:Identifier {id: seen.id})
USING INDEX SEEK i:Identifier(id)
MERGE (i)-[s:STORED_ON]->(d)
ON CREATE SET s.since = $seq, s.first_seen_at = seen.first_at, s.last_seen_at = seen.last_at
ON MATCH SET s.first_seen_at = CASE WHEN seen.first_at < s.first_seen_at THEN seen.first_at ELSE s.first_seen_at END,
  s.last_seen_at = CASE WHEN seen.last_at > s.last_seen_at THEN seen.last_at ELSE s.last_seen_at END
FOREACH (alone IN CASE WHEN seen.alone IS NULL THEN [] ELSE [seen.alone] END |
  CREATE (:DeviceSeenAlone {device: row.key, identifier: seen.id, since: $seq, first_at: alone[0], last_at: alone[1]})
)
