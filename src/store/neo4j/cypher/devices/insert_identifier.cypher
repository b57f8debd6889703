// An identifier that gets touchpoints was on their devices then.
UNWIND $rows AS row
MATCH (i:Identifier {id: row.identifier})
USING INDEX SEEK i:Identifier(id)
MATCH (d:Device {key: row.device})
USING INDEX SEEK d:Device(key)
MERGE (i)-[s:STORED_ON]->(d)
ON CREATE SET s.since = $seq, s.first_seen_at = row.first_at, s.last_seen_at = row.last_at
ON MATCH SET s.first_seen_at = CASE WHEN row.first_at < s.first_seen_at THEN row.first_at ELSE s.first_seen_at END,
  s.last_seen_at = CASE WHEN row.last_at > s.last_seen_at THEN row.last_at ELSE s.last_seen_at END
