// What was claimed: what still is, and what a later claim replaced since.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[r:CLAIMS|CLAIMED]->(t:Trait)
  WHERE t.arrival < $end AND coalesce(r.until > $seq, true)
  RETURN collect([t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, null, null]) AS items
}
RETURN n, items
