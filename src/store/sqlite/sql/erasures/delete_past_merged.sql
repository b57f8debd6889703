DELETE FROM past_merge
WHERE into_id = ?1
