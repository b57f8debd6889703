// The markers of commits and the version are read before anything else. Membership is matched once: every part below
// starts from `ids`, so all parts read the same identifiers.
WITH n, c, c.version AS version, [w IN writing WHERE c IS NULL OR c.id IN w[1] | w[0]] AS writing
OPTIONAL MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
WITH n, c, version, writing, collect(i) AS ids
CALL (ids) {
  UNWIND ids AS i
  RETURN collect([i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, i.rollup, i.shared_since]) AS identifiers
}
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[:CLAIMS]->(t:Trait)
  RETURN collect([t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, null, null]) AS claims
}
