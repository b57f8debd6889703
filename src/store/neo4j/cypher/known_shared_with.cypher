// The shared identifiers that these were seen with, and when.
UNWIND $ids AS id
MATCH (i:Identifier {id: id})
MATCH (i)-[l:LINKED|REFUSED]-(d:Identifier)
WHERE d.shared_since IS NOT NULL
RETURN d.id AS device, l.first_at AS from_at, l.last_at AS to_at
