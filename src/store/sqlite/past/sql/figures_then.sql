-- What had been stored under an identifier, counted.
SELECT channel, count(*), total(kind = 'message_sent' AND direction = 'OUTBOUND'), total(direction = 'INBOUND'),
       min(at), max(at)
FROM touchpoint
WHERE owner = ?1 AND place < ?2
GROUP BY channel
