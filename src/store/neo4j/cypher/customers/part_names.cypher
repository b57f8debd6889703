// The same as `part_members`, with only what a customer's name is made of: identifiers without figures, and the claims of a
// few traits.
WITH n, c, c.version AS version, [w IN writing WHERE c IS NULL OR c.id IN w[1] | w[0]] AS writing
OPTIONAL MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
WITH n, c, version, writing, collect(i) AS ids
CALL (ids) {
  UNWIND ids AS i
  RETURN collect([i.id, i.kind, i.value, i.first_seen_at, i.last_seen_at, '{}', i.shared_since]) AS identifiers
}
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[:CLAIMS]->(t:Trait)
  WHERE t.name IN $traits
  RETURN collect([t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, null, null]) AS claims
}
