-- The other sides of every decision that keeps this identifier apart, without identifiers that it was merged with
-- later.
SELECT other.identifier
FROM side mine
JOIN side other ON other.decision = mine.decision AND other.number <> mine.number
WHERE mine.identifier = ?1 AND mine.kind <> 'MERGE' AND mine.since <= ?2 AND other.since <= ?2 AND NOT EXISTS (
    SELECT 1
    FROM side one
    JOIN side two ON two.decision = one.decision AND two.identifier = other.identifier
    WHERE one.identifier = ?1 AND one.kind = 'MERGE' AND one.decision > mine.decision
        AND one.since <= ?2 AND two.since <= ?2
)
