DELETE FROM sweep
WHERE segment = ?1
