SELECT from_id, to_id, refused, message_id
FROM link
WHERE from_id IN (SELECT value FROM json_each(?1))
