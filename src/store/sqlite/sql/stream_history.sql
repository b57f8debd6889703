-- What a device carried before it turned out to be shared: among the touchpoints of those it was seen with, in
-- the time when it was.
UPDATE touchpoint
SET streamed = 1
WHERE arrival IN (
    SELECT t.arrival
    FROM link l
    JOIN touchpoint t ON t.owner = l.to_id AND t.at >= l.first_at AND t.at <= l.last_at
    WHERE l.from_id = ?1 AND t.carrier = ?1
    UNION ALL
    SELECT t.arrival
    FROM link l
    JOIN touchpoint t ON t.owner = l.from_id AND t.at >= l.first_at AND t.at <= l.last_at
    WHERE l.to_id = ?1 AND t.carrier = ?1
)
