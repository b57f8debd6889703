SELECT decision, kind, number
FROM side
WHERE identifier = ?1
