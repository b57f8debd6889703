RETURN n, c.id AS id, c.version AS version, COLLECT {
  MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)-[s:STORED_ON]->(d:Device)
  RETURN [i.id, d.key, d.kind, d.os, d.model, coalesce(s.first_seen_at, CASE WHEN i.first_seen_at > d.first_seen_at THEN i.first_seen_at ELSE d.first_seen_at END), coalesce(s.last_seen_at, CASE WHEN i.last_seen_at < d.last_seen_at THEN i.last_seen_at ELSE d.last_seen_at END)]
} AS devices, products
