// The shared identifiers that were seen with these, and when. It has this form, since otherwise the planner would scan
// the index of all shared identifiers.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[l:LINKED|REFUSED]-(d:Identifier)
WHERE coalesce(d.shared_since, 0) > 0
RETURN d.id AS device, l.first_at AS from_at, l.last_at AS to_at
