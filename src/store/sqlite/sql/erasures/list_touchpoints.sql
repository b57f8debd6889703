SELECT arrival, message_id, order_source, order_number, device
FROM touchpoint
WHERE owner IN (SELECT value FROM json_each(?1))
