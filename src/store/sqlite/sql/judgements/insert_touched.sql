INSERT INTO judgement (customer, change, touched_at, touches)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (customer) DO UPDATE
SET change = ?2, touched_at = coalesce(touched_at, ?3), touches = ?4
