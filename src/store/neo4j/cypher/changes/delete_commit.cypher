// Deletes the marker, and markers with lower numbers that a dead writer left.
MATCH (w:Writing {store: 1})
USING INDEX SEEK w:Writing(store)
WHERE w.seq <= $seq
DELETE w
