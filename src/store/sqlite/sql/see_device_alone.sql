INSERT INTO device_seen_alone (device, since, first_at, last_at)
VALUES (?1, ?2, ?3, ?4)
