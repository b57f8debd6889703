SELECT owner
FROM consent
WHERE arrival = ?1
