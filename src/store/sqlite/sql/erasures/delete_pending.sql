DELETE FROM pending_visits
WHERE device IN (SELECT value FROM json_each(?1))
