// The searched data of customers: the keys of their identifiers, and the claims of these.
UNWIND $ids AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
WHERE c:Customer
  AND ($parts IS NULL OR all(part IN $parts WHERE EXISTS {
    MATCH (c)-[:IDENTIFIED_BY]->(:Identifier)-[:CLAIMS*0..1]->(said)
    WITH part, ' ' + said.search + ' ' AS words
    WHERE any(text IN part WHERE words CONTAINS text)
  }))
RETURN id,
  COLLECT {
    MATCH (c)-[:IDENTIFIED_BY]->(i:Identifier)
    RETURN [i.kind, i.value]
  } AS keys,
  COLLECT {
    MATCH (c)-[:IDENTIFIED_BY]->(:Identifier)-[:CLAIMS]->(t:Trait)
    RETURN [t.arrival, t.owner, t.name, t.value, t.provenance, t.at, t.first_at, t.count, t.source, null, null]
  } AS claims
