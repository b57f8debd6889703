-- Whole rows in order of arrival, as in touchpoints/fetch.
SELECT arrival, message_id, at, owner, kind, name, channel, direction, source,
       session_id, campaign, device, order_source, order_number, properties, carrier
FROM touchpoint
WHERE arrival > ?1 AND arrival < ?2
ORDER BY arrival
LIMIT ?3
