DELETE FROM past_device
WHERE device = ?1
