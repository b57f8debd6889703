UPDATE gave
SET until = ?3
WHERE identifier = ?1 AND consent = ?2 AND until IS NULL
