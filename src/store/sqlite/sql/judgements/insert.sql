INSERT OR REPLACE INTO judgement (customer, change, touched_at, due_at, touches)
VALUES (?1, ?2, ?3, ?4, ?5)
