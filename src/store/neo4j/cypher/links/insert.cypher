// Accepted links. Counts are added (if a count covers all events, the larger count is kept), times are widened, and the
// other properties stay those of the first event. The former state of a pair is kept for views of the past. Both ends
// are locked, so no other writer creates the same edge.
UNWIND $rows AS row
MATCH (a:Identifier {id: row.from})
USING INDEX SEEK a:Identifier(id)
MATCH (b:Identifier {id: row.to})
USING INDEX SEEK b:Identifier(id)
OPTIONAL MATCH (a)-[old:LINKED]->(b)
FOREACH (x IN CASE WHEN old IS NULL THEN [1] ELSE [] END |
  CREATE (a)-[new:LINKED]->(b)
  SET new = row.set, new.since = $seq
)
FOREACH (l IN CASE WHEN old IS NULL THEN [] ELSE [old] END |
  CREATE (:PastLink {from: row.from, to: row.to, refused: false, until: $seq, first_at: l.first_at, last_at: l.last_at, count: l.count})
  SET
    l.count = CASE WHEN NOT row.all THEN l.count + row.set.count WHEN row.set.count > l.count THEN row.set.count ELSE l.count END,
    l.first_at = CASE WHEN row.set.first_at < l.first_at THEN row.set.first_at ELSE l.first_at END,
    l.last_at = CASE WHEN row.set.last_at > l.last_at THEN row.set.last_at ELSE l.last_at END
)
