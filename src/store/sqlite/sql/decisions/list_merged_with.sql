-- The other sides of every merge by a person that names this identifier.
SELECT other.identifier
FROM side mine
JOIN side other ON other.decision = mine.decision AND other.number <> mine.number
WHERE mine.identifier = ?1 AND mine.kind = 'MERGE'
LIMIT ?2
