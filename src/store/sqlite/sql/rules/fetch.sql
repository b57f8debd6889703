SELECT r.version, r.saved_at, r.saved_by, r.note, r.rules, n.restitched
FROM counter n
JOIN rules r ON r.version = n.rules
WHERE n.id = 1
