UPDATE claim
SET until = ?2
WHERE arrival = ?1
