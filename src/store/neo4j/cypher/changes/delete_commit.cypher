// Takes that back, and what a writer who died left of numbers before.
MATCH (w:Writing {store: 1})
USING INDEX SEEK w:Writing(store)
WHERE w.seq <= $seq
DELETE w
