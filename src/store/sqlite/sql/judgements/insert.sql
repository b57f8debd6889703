INSERT OR REPLACE INTO judgement (customer, change, touched_at, due_at, touches, judged_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
