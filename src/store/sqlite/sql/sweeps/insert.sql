INSERT OR REPLACE INTO sweep (segment, change, at, after)
VALUES (?1, ?2, ?3, ?4)
