INSERT INTO past_owner (touchpoint, until, since, owner, at)
VALUES (?1, ?2, ?3, ?4, ?5)
