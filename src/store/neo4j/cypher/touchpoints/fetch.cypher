// By message id. A message that is not a touchpoint has no row.
UNWIND range(0, size($keys) - 1) AS n
MATCH (t:Message {id: $keys[n]})
USING INDEX SEEK t:Message(id)
WHERE t:Touchpoint
RETURN n, [t.arrival, t.id, t.at, t.owner, t.source, t.device, t.order_source, t.order_number, t.kind, t.name, t.channel, t.direction, t.session_id, t.campaign, t.properties, t.carrier] AS item
