INSERT INTO device_seen_alone (device, identifier, since, first_at, last_at)
VALUES (?1, ?2, ?3, ?4, ?5)
