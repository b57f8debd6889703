SELECT rule, identifiers
FROM identity_event
WHERE message_id = ?1 AND kind = 'REFUSED' AND rule IS NOT NULL
