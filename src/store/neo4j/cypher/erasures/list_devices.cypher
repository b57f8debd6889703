// The devices, with what is known of others on them.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[:STORED_ON]->(d:Device)
WITH DISTINCT d
RETURN d.key AS key, COLLECT {
  MATCH (d)<-[s:STORED_ON]-(o:Identifier)
  WHERE NOT o.id IN $ids
  RETURN [o.id, coalesce(s.first_seen_at, o.first_seen_at), coalesce(s.last_seen_at, o.last_seen_at)]
} AS others
