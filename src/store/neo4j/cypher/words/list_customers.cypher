// Customers by one search word: it is the beginning of a word of an identifier or a trait, or similar to such a word.
// Uses the full-text index. Each customer has the sort key of most lists. $most limits the work for a common word;
// `hits` shows whether the limit was reached.
CALL db.index.fulltext.queryNodes('search', $word, {limit: $most}) YIELD node
WITH collect(node) AS nodes
CALL (nodes) {
  UNWIND CASE WHEN size(nodes) < $most THEN nodes ELSE [] END AS node
  MATCH (c:Customer)-[:IDENTIFIED_BY]->(:Identifier)-[:CLAIMS*0..1]->(node)
  WITH DISTINCT c
  RETURN collect([c.id, c.last_seen_at, c.born]) AS customers
}
RETURN size(nodes) AS hits, customers
