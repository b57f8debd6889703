// Pairs seen together that bound: counted up and widened, the rest is the first's.
UNWIND $rows AS row
MATCH (a:Identifier {id: row.from})
MATCH (b:Identifier {id: row.to})
MERGE (a)-[l:LINKED]->(b)
ON CREATE SET l = row.set
ON MATCH SET
  l.count = l.count + row.set.count,
  l.first_at = CASE WHEN row.set.first_at < l.first_at THEN row.set.first_at ELSE l.first_at END,
  l.last_at = CASE WHEN row.set.last_at > l.last_at THEN row.set.last_at ELSE l.last_at END
