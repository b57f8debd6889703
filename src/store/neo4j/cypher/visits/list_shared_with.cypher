// The shared identifiers that these were seen with, and when. In this form, since the planner would else look
// through the index of all that are shared.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[l:LINKED|REFUSED]-(d:Identifier)
WHERE coalesce(d.shared_since, 0) > 0
RETURN d.id AS device, l.first_at AS from_at, l.last_at AS to_at
