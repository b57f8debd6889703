// Customers by one word that begins one, or is like one, of an identifier or a trait: from the full-text index.
// With each customer what most lists are sorted by. $most bounds what a common word costs; whether it was met is told by `hits`.
CALL db.index.fulltext.queryNodes('search', $word, {limit: $most}) YIELD node
WITH collect(node) AS nodes
CALL (nodes) {
  UNWIND nodes AS node
  MATCH (c:Customer)-[:IDENTIFIED_BY]->(:Identifier)-[:CLAIMS*0..1]->(node)
  WITH DISTINCT c
  RETURN collect([c.id, c.last_seen_at, c.born]) AS customers
}
RETURN size(nodes) AS hits, customers
