SELECT arrival, at, owner, kind, name, channel, direction, source,
       session_id, campaign, order_source, order_number, properties
FROM touchpoint
WHERE arrival > ?1 AND arrival < ?2
ORDER BY arrival
LIMIT ?3
