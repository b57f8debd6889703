UNWIND $ids AS id
MATCH (s:SeenAlone)
USING INDEX SEEK s:SeenAlone(identifier)
WHERE s.identifier = id
DELETE s
