-- The last merge by a person with the two identifiers on different sides.
SELECT d.at, d.by
FROM side one
JOIN side two ON two.decision = one.decision AND two.identifier = ?2
JOIN decision d ON d.arrival = one.decision
WHERE one.identifier = ?1 AND one.kind = 'MERGE' AND two.number <> one.number
ORDER BY one.decision DESC
LIMIT 1
