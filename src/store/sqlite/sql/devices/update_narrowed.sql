-- The times of an identifier on a device, by its remaining touchpoints there and by events without a touchpoint.
UPDATE stored_on
SET (first_seen_at, last_seen_at) = (
    SELECT coalesce(min(part.first_at), stored_on.first_seen_at), coalesce(max(part.last_at), stored_on.last_seen_at)
    FROM (
        SELECT at AS first_at, at AS last_at
        FROM touchpoint
        WHERE owner = ?1 AND device = ?3
        UNION ALL
        SELECT first_at, last_at
        FROM device_seen_alone
        WHERE device = ?2 AND identifier = ?1
    ) AS part
)
WHERE identifier = ?1 AND device = ?2 AND first_seen_at IS NOT NULL
