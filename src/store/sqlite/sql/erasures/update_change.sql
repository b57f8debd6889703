UPDATE change
SET entries = ?2
WHERE seq = ?1
