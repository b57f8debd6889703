DELETE FROM past_owner
WHERE touchpoint = ?1
