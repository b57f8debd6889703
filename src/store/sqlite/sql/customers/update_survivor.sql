-- Whoever was merged into the one merged now: so that every chain is one step long to read.
UPDATE customer
SET survivor = ?2
WHERE survivor = ?1
