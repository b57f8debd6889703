UPDATE consent
SET owner = ?2
WHERE arrival = ?1
