// The same by letters inside a word: from the text indexes, which have every three letters.
CALL () {
  MATCH (node:Identifier)
  USING TEXT INDEX node:Identifier(search)
  WHERE node.search CONTAINS $part
  RETURN node
  LIMIT $most
UNION ALL
  MATCH (node:Trait)
  USING TEXT INDEX node:Trait(search)
  WHERE node.search CONTAINS $part
  RETURN node
  LIMIT $most
}
WITH node
LIMIT $most
WITH collect(node) AS nodes
CALL (nodes) {
  UNWIND CASE WHEN size(nodes) < $most THEN nodes ELSE [] END AS node
  MATCH (c:Customer)-[:IDENTIFIED_BY]->(:Identifier)-[:CLAIMS*0..1]->(node)
  WITH DISTINCT c
  RETURN collect([c.id, c.last_seen_at, c.born]) AS customers
}
RETURN size(nodes) AS hits, customers
